/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_META_LOGINS_H
#define STORAGE_META_LOGINS_H

/* How often logging in failed lately, kept over restarts.  A subject is what
 * auth/throttle.c makes of a name and an address. */

#include "storage/meta.h"

#define META_SUBJECT_SIZE 257 /* bytes, with the NUL */

struct meta_login {
	char subject[META_SUBJECT_SIZE]; /* who or where */
	int64_t failures;		 /* counted now */
	int64_t failed_ms;		 /* wall time of the last */
	int64_t succeeded_ms; /* wall time of the last success; 0: none */
};

typedef int meta_login_fn(void *context, const struct meta_login *login,
			  struct err *err);

/* Those touched after that wall time, newest first, limit at most. */
int meta_login_list(struct meta_tx *tx, int64_t after_ms, size_t limit,
		    meta_login_fn *each, void *context, struct err *err);

/* Store one, whether it is there or not. */
int meta_login_put(struct meta_tx *tx, const struct meta_login *login,
		   struct err *err);

/* Forget one, and those not touched since that wall time (limit at most). */
int meta_login_delete(struct meta_tx *tx, struct span subject, struct err *err);
int meta_login_sweep(struct meta_tx *tx, int64_t before_ms, size_t limit,
		     struct err *err);

#endif
