/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_VERIFIED_H
#define AUTH_VERIFIED_H

/*
 * Credentials that were found right lately, so that not every request pays for
 * a password hash.  No credential is kept: an entry is a 128-bit keyed hash of
 * the header, with a key that lives and dies with the process.  A fixed number
 * of entries; the oldest of a set makes place.  Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "auth/principal.h"
#include "base/span.h"

struct err;
struct verified;

/* An empty table; ERR_NO_MEMORY, or no randomness.  verified_free accepts
 * NULL. */
int verified_new(struct verified **ret_verified, struct err *err);
void verified_free(struct verified *verified);

/* True, with the principal (to be released), if the header was found right and
 * now is before its end (both monotonic milliseconds). */
bool verified_find(struct verified *verified, struct span header,
		   int64_t now_ms, struct principal *ret_principal);

/* Grows with every verified_clear(). */
uint64_t verified_generation(struct verified *verified);

/* Remember a header until ends_ms, unless the generation has changed since the
 * caller asked for it.  The principal is copied. */
void verified_keep(struct verified *verified, struct span header,
		   uint64_t generation, int64_t ends_ms,
		   const struct principal *principal);

/* Forget all. */
void verified_clear(struct verified *verified);

#endif
