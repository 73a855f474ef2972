/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_IDENTITY_CREDENTIALS_H
#define AUTH_IDENTITY_CREDENTIALS_H

/* What principals show: passwords, access keys, API tokens.  A key or token is
 * found only through its owner.  See identity.h. */

#include "auth/access_key.h"
#include "auth/identity.h"

#define IDENTITY_KEYS_MAX 8	/* access keys of one principal */
#define IDENTITY_TOKENS_MAX 200 /* API tokens of one principal */

/* ---- passwords, of users ---- */

/* By an administrator. */
int identity_set_password(const struct identity *identity,
			  const struct identity_by *by, struct span user,
			  struct span password, struct err *err);

/* By the user himself: ERR_DENIED if old is not right, ERR_TOO_MANY if that
 * was said too often. */
int identity_change_password(const struct identity *identity,
			     const struct identity_by *by, struct span user,
			     struct span old, struct span password,
			     struct err *err);

/* ---- access keys, of users and robots ---- */

struct identity_key {
	char id[ACCESS_KEY_ID_SIZE];	     /* "BERTH..." */
	char secret[ACCESS_KEY_SECRET_SIZE]; /* wiped by its owner */
};

/* ERR_CONFLICT where there are IDENTITY_KEYS_MAX already. */
int identity_key_create(const struct identity *identity,
			const struct identity_by *by, struct identity_who who,
			struct span description, struct identity_key *ret_key,
			struct err *err);

/* Make one in the place of another, which is disabled and keeps until it is
 * deleted; the cap may be passed by it. */
int identity_key_rotate(const struct identity *identity,
			const struct identity_by *by, struct identity_who who,
			struct span id, struct identity_key *ret_key,
			struct err *err);
int identity_key_disable(const struct identity *identity,
			 const struct identity_by *by, struct identity_who who,
			 struct span id, bool disabled, struct err *err);
int identity_key_delete(const struct identity *identity,
			const struct identity_by *by, struct identity_who who,
			struct span id, struct err *err);

/* ---- API tokens, of users and robots ---- */

struct identity_token_wish {
	struct span description; /* for people, or "" */
	struct span scope;	 /* what it is limited to, as auth/scope.h reads
				    patterns; .text NULL: nothing */
	int64_t life_s;		 /* from now; 0: never ends */
};

/* ERR_CONFLICT where there are IDENTITY_TOKENS_MAX already. */
int identity_token_create(const struct identity *identity,
			  const struct identity_by *by, struct identity_who who,
			  const struct identity_token_wish *wish,
			  struct token_secret *ret_token, struct err *err);
int identity_token_delete(const struct identity *identity,
			  const struct identity_by *by, struct identity_who who,
			  struct span id, struct err *err);

#endif
