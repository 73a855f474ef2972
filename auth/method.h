/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_METHOD_H
#define AUTH_METHOD_H

/* Between authn.c and the files of its methods; nothing else includes this. */

#include <stdbool.h>
#include <stdint.h>

#include "auth/authn.h"
#include "auth/password.h"
#include "storage/meta.h"
#include "storage/meta_principals.h"

struct rehash;
struct verified;

struct authn {
	struct authn_config config;	/* immutable */
	struct verified *verified;	/* what was checked lately; owned */
	struct rehash *rehash;		/* passwords to hash anew; owned */
	char decoy[PASSWORD_HASH_SIZE]; /* a hash that no password has */
};

/* What a method found out; wiped and released by authn.c. */
struct finding {
	struct principal principal; /* who it is, once that is known */
	int64_t ends_ms; /* wall time until which it may be remembered */
	/* For the audit log: whom a refusal was about ("" if nobody of that
	 * name is known: people type passwords where names belong), and why. */
	char actor[META_PRINCIPAL_NAME_SIZE];
	const char *reason;
};

/* A way to show who one is.  rest is what stands behind the scheme. */
struct method {
	const char *scheme; /* of the Authorization header, any case; "" for
			       requests without one */
	const char *tell;   /* what the client of a refusal is told */

	enum authn_answer takes; /* what it takes to verify this; or, where
				    that differs: */

	/* Without waiting: what it takes, or AUTHN_REFUSED.  May be NULL. */
	enum authn_answer (*weigh)(struct authn *authn,
				   const struct authn_request *request,
				   struct span rest, struct finding *finding,
				   struct err *err);

	/* The check: 0 with finding->principal and ->ends_ms, or -1. */
	int (*verify)(struct authn *authn, const struct authn_request *request,
		      struct span rest, struct finding *finding,
		      struct err *err);
};

extern const struct method method_basic;
extern const struct method method_bearer;
extern const struct method method_certificate;

/* Refuse, for a reason that only the audit log tells: returns -1. */
int method_refuse(struct finding *finding, const char *reason, struct err *err);

/*
 * The principal of a row, if it may come by that credential: refused if it is
 * disabled, has expired, or is a role without a session.  Sets ->principal,
 * ->actor and ->ends_ms (not later than what is remembered has to end).  The
 * second looks the row up, and refuses if it is gone.
 */
int method_take(struct authn *authn, const struct meta_principal *row,
		enum credential credential, struct finding *finding,
		struct err *err);
int method_take_id(struct authn *authn, struct meta_tx *tx, int64_t id,
		   enum credential credential, struct finding *finding,
		   struct err *err);

/* Tokens that several methods take (bearer.c). */
int method_api_token(struct authn *authn, struct span text,
		     struct finding *finding, struct err *err);
int method_session_token(struct authn *authn, struct span text,
			 struct finding *finding, struct err *err);

/* ---- passwords whose hash was made at less cost (rehash.c) ---- */

/* None wait.  rehash_free accepts NULL, and wipes. */
int rehash_new(struct rehash **ret_rehash, struct err *err);
void rehash_free(struct rehash *rehash);

/* The password of that principal, whose hash is this, should be hashed anew.
 * Copied; forgotten if too many wait. */
void rehash_note(struct rehash *rehash, int64_t id, const char *hash,
		 struct span password);

/* Hash one of them and store it; may wait. */
void rehash_tidy(struct rehash *rehash, struct meta *meta);

#endif
