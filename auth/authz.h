/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_AUTHZ_H
#define AUTH_AUTHZ_H

/*
 * May this principal do this?  The policies that count are read from the
 * database and kept compiled; decisions that hold for more than one request are
 * kept by (principal, ceiling, action, repository).  authz_forget() ends both,
 * and so does a change on another server, within a second.
 *
 * In turn: what the credential's ceiling does not cover is refused; what
 * anonymous clients may do by configuration, everybody may; then policies
 * decide.  A listing of repositories, which is about none of them, is for
 * whoever is known: it asks about each, and shows what he may see.  Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "auth/action.h"
#include "auth/principal.h"
#include "base/span.h"
#include "storage/meta.h"

struct authz;
struct buf;
struct clock_source;
struct err;
struct policy_reason;

/* What requests without credentials may do: nothing, read, or write too. */
enum anonymous_access { ANONYMOUS_NONE, ANONYMOUS_PULL, ANONYMOUS_FULL };

struct authz_config {
	struct meta *meta;		  /* borrowed */
	const struct clock_source *clock; /* borrowed */
	struct meta_scope scope; /* account and region of what is here */
	enum anonymous_access anonymous; /* what those without a name may do */
	bool public_metrics;		 /* anybody may read the metrics */
};

/* authz_free accepts NULL. */
int authz_new(const struct authz_config *config, struct authz **ret_authz,
	      struct err *err);
void authz_free(struct authz *authz);

/* One question; all is borrowed. */
struct authz_question {
	const struct principal *principal; /* who */
	enum action action;		   /* does what */
	struct span repository;		   /* to which; "" for none */
	struct span target; /* name of the user, role ... that an iam: action
			       is about, or "" */
	struct span target_kind; /* "user", "role" ...; "": what the action is
				    about by its name */
	struct span source;	 /* the client's address, without a port */
	struct span user_agent;	 /* what it calls itself, or "" */
	bool secure;		 /* it came over TLS */
};

/* Without waiting: 1 allowed, 0 ask authz_check(), -1 as there. */
int authz_quick(struct authz *authz, const struct authz_question *question,
		struct err *err);

/*
 * May wait for the database.  0 allowed; -1 ERR_UNAUTHENTICATED (log in, or
 * come with a token of wider scope: err tells which) or ERR_DENIED, which tells
 * "User: ARN is not authorized to perform: ACTION on resource: ARN".
 */
int authz_check(struct authz *authz, const struct authz_question *question,
		struct err *err);

/* The same decision told in words and as it came about, for
 * `berth policy simulate`: a JSON object appended to out.  0 or -1. */
int authz_explain(struct authz *authz, const struct authz_question *question,
		  struct buf *out, struct err *err);

/* Could it still be done if that document were the policy of the repository
 * that the question is about, or without one of the registry?  0, or -1 as
 * authz_check(), and ERR_INVALID for a document that is none. */
int authz_suppose(struct authz *authz, const struct authz_question *question,
		  struct span document, struct err *err);

/* May a role be assumed: 0 or -1 ERR_DENIED.  federated is the issuer, with
 * its claims as keys "ISSUER-HOST:sub" and so on; "" for sts:AssumeRole. */
struct policy_key;
int authz_assume(struct authz *authz, const struct authz_question *question,
		 int64_t role_id, struct span federated,
		 const struct policy_key *keys, size_t key_count,
		 struct err *err);

/* Forget what was read and decided: after any change of identities or
 * policies. */
void authz_forget(struct authz *authz);

/* The resource name of a repository, appended. */
void authz_repository_arn(struct meta_scope scope, struct span repository,
			  struct buf *out);

#endif
