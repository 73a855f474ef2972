/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_META_USERS_H
#define STORAGE_META_USERS_H

/* The users that may log in with a password. */

#include "storage/meta.h"

#define META_USER_HASH_SIZE 256 /* bytes of a password hash, with its NUL */

struct meta_user {
	int64_t id;				 /* never used again */
	char password_hash[META_USER_HASH_SIZE]; /* as auth/password.h made it
						  */
	bool administrator;			 /* may do everything */
	bool disabled;				 /* may not log in */
};

/* By name within the account: 1 / 0 / -1. */
int meta_user_find(struct meta_tx *tx, struct span account, struct span name,
		   struct meta_user *ret_user, struct err *err);

/* A new user; ERR_EXISTS if the name is taken.  user->id is ignored. */
int meta_user_insert(struct meta_tx *tx, struct span account, struct span name,
		     const struct meta_user *user, struct err *err);

/* Give a user another password; ERR_NOT_FOUND if there is none of that id. */
int meta_user_set_password(struct meta_tx *tx, int64_t id, const char *hash,
			   struct err *err);

#endif
