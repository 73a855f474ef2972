/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_AUTHZ_PARTS_H
#define AUTH_AUTHZ_PARTS_H

/* What the files of authz share; nobody else includes this. */

#include <stdatomic.h>

#include "auth/authz.h"
#include "auth/policy.h"
#include "base/buf.h"

struct decisions;
struct grant_cache;
struct grants;
struct meta_tx;

struct authz {
	struct authz_config config;  /* immutable */
	_Atomic uint64_t generation; /* of what was read; grows by forgetting */
	_Atomic uint64_t without; /* generation + 1 of which it is known that no
				     repository has a policy of its own */
	struct decisions *decisions; /* owned */
	struct grant_cache *cache;   /* owned */
};

/* ---- rules that need no policy ---- */

enum authz_rule {
	AUTHZ_ALLOWS,	/* whatever policies say */
	AUTHZ_REFUSES,	/* the same */
	AUTHZ_POLICIES, /* they decide */
};

/* *ret_why, unless policies decide: one line for people. */
enum authz_rule authz_rule_of(const struct authz *authz,
			      const struct authz_question *question,
			      const char **ret_why);

/* Set err to what a refusal is answered with; -1. */
int authz_refuse(const struct authz *authz,
		 const struct authz_question *question, struct err *err);

/* ---- the question as policies see it ---- */

#define AUTHZ_KEYS 3 /* that go with a principal */

struct authz_asked {
	struct policy_question question;       /* borrows from the rest */
	const struct authz_question *original; /* borrowed */
	const struct clock_source *clock;      /* borrowed */
	struct buf *missing; /* keys that were looked for and not there, as a
				JSON list without brackets; NULL: not noted */
	struct buf arn;	     /* of the principal */
	struct buf role;     /* ARN of the role whose session it is */
	struct buf unique;   /* the principal's unique id */
	struct buf resource; /* ARN */
	struct policy_key keys[AUTHZ_KEYS]; /* of the principal */
};

/* Fill it in; it must not be moved afterwards.  Release it in any case. */
int authz_ask(const struct authz *authz, const struct authz_question *question,
	      struct authz_asked *ret_asked, struct err *err);
void authz_asked_release(struct authz_asked *asked);

/* The resource name of what the question is about, appended. */
void authz_resource_arn(const struct authz *authz,
			const struct authz_question *question, struct buf *out);

/* ---- the policies that count ---- */

struct authz_facts {
	struct grants *principal;  /* its own and its groups'; NULL: none */
	struct grants *repository; /* NULL: it is about none, or none has any */
	struct grants *registry;   /* the registry's own */
	struct grants *session;	   /* NULL: none */
};

/* Get them as of that generation, from the cache or the database: 1, or -1; or,
 * where it may not wait, 0 if not all are cached.  Release it in any case. */
int authz_get_facts(struct authz *authz, const struct authz_question *question,
		    uint64_t generation, bool may_wait,
		    struct authz_facts *facts, struct err *err);
void authz_facts_release(struct authz_facts *facts);

/* The decision; what is damaged denies. */
enum policy_effect authz_decide(const struct authz_facts *facts,
				const struct authz_asked *asked,
				struct policy_reason *ret_reason);

/* True if a document that counts for the action could not be read. */
bool authz_facts_damaged(const struct authz_facts *facts, enum action action);

#endif
