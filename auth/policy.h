/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_POLICY_H
#define AUTH_POLICY_H

/*
 * Policy documents with the semantics of IAM, and the one decision.  Pure: no
 * clock, no database, no configuration; what is not in the arguments does not
 * count.  Any thread.
 *
 * Version is 2008-10-17 or 2012-10-17.  Statement is one or a list; Effect,
 * Action or NotAction ("*" and "?" match, case does not count), Resource or
 * NotResource (identity policies), Principal or NotPrincipal (policies of
 * resources and trust), Condition.  Sid need not be unique.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct buf;
struct err;
struct policy;

/* What kind of document it is decides which elements it must and may have. */
enum policy_kind {
	POLICY_IDENTITY,   /* Resource, no Principal */
	POLICY_REPOSITORY, /* Principal, no Resource: it is the repository */
	POLICY_REGISTRY,   /* Principal and Resource */
	POLICY_TRUST,	   /* of a role: Principal, sts: actions, no Resource */
};

#define POLICY_BYTES_MAX 20480 /* of a document; ECR allows 10,240 */
#define POLICY_STATEMENTS_MAX 256

/*
 * Read and check a document: ERR_INVALID, which tells what is wrong and where
 * ("Statement 2: Effect must be Allow or Deny").  Immutable once made.
 */
int policy_parse(enum policy_kind kind, struct span document,
		 struct policy **ret_policy, struct err *err);
struct policy *policy_ref(struct policy *policy); /* NULL is fine */
void policy_unref(struct policy *policy);	  /* NULL is fine */

/* A key of the request's context with its value, "aws:SourceIp" and so on;
 * keys compare without case.  A key with several values has several rows. */
struct policy_key {
	struct span name;  /* "aws:SourceIp" */
	struct span value; /* "10.0.0.1" */
};

/* One question. */
struct policy_question {
	struct span principal_arn;     /* "anonymous" if there is none */
	struct span principal_account; /* "" of anonymous */
	struct span role_arn;  /* of the role whose session asks, or "" */
	struct span federated; /* issuer of a web identity, or "" */
	struct span action;    /* "ecr:BatchGetImage" */
	struct span resource;  /* "arn:aws:ecr:local:0000:repository/a/b"; "*"
				  for actions on none */
	struct span resource_account; /* whose the resource is */
	/* What goes with principal and resource: the same whenever they are.
	 * aws:PrincipalArn and aws:PrincipalAccount need no row.  Borrowed. */
	const struct policy_key *keys;
	size_t key_count; /* of keys */
	/* What goes with the request, and is only worked out when a condition
	 * asks, so that what does not ask may be remembered: the time and the
	 * like.  NULL: none.  1 appended the value, 0 there is no such key. */
	int (*look_up)(void *context, struct span name, struct buf *out);
	void *context; /* handed to look_up */
};

/* A document that counts, and what to call it when it decides. */
struct policy_source {
	const struct policy *policy; /* borrowed */
	struct span name;	     /* "push-pull", "repository policy" */
	struct span group;	     /* that brought it, or "" */
};

/* All that counts for a question. */
struct policy_set {
	const struct policy_source *identity; /* of principal and groups */
	size_t identity_count;		      /* of identity */
	const struct policy *repository;      /* or NULL */
	const struct policy *registry;	      /* or NULL */
	const struct policy *session; /* limits a role's session, or NULL */
};

enum policy_effect {
	POLICY_IMPLICIT_DENY, /* nothing allows it */
	POLICY_ALLOW,
	POLICY_EXPLICIT_DENY, /* a statement denies it */
};

/* Why: for people, and for whether it may be remembered. */
struct policy_reason {
	struct span source;   /* name of the document that decided, or "" */
	struct span group;    /* that brought it, or "" */
	struct span sid;      /* of the statement, or "" */
	size_t statement;     /* from 1; 0: none decided */
	bool cross_account;   /* both sides had to allow */
	bool identity_allows; /* what the principal's policies say alone */
	bool resource_allows; /* what the resource's say alone */
	bool contextual;      /* look_up was asked: the decision holds for this
				 request alone */
};

/*
 * The decision: an explicit deny anywhere wins; in the same account one side's
 * allow is enough, across accounts both must; a session policy must allow, too.
 * A resource's policy that names the principal's own account, as a whole,
 * leaves it to the identity policies.  ecr:GetAuthorizationToken is granted by
 * these alone.  Without memory nothing is allowed.  ret_reason may be NULL; its
 * spans borrow from set.
 */
enum policy_effect policy_decide(const struct policy_set *set,
				 const struct policy_question *question,
				 struct policy_reason *ret_reason);

/* A trust policy: may this principal assume the role by this action?  Where
 * ret_reason->resource_allows is false it only trusts his account: his own
 * policies must allow it, too. */
enum policy_effect policy_trusts(const struct policy *trust,
				 const struct policy_question *question,
				 struct policy_reason *ret_reason);

/* "*" and "?" within a text; case counts. */
bool policy_matches(struct span pattern, struct span text);

#endif
