/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_OIDC_FETCH_H
#define AUTH_OIDC_FETCH_H

/* What an issuer publishes, fetched and read.  No state; waits; any thread. */

#include <stddef.h>

#include "auth/oidc_keys.h"

#define OIDC_KEYS_MAX 64 /* of one issuer; further ones are passed over */

struct oidc_key {
	char kid[JWT_KID_SIZE]; /* "" if it has none */
	struct jwt_key *key;	/* a reference */
};

struct oidc_key_set {
	struct oidc_key *keys; /* owned */
	size_t count;	       /* of keys, at least 1 once fetched */
};

/* Accepts a zeroed one. */
void oidc_key_set_release(struct oidc_key_set *set);

/*
 * Fetch an issuer's keys, from where it publishes them or its row says.  What
 * is no key that we take is passed over.  ERR_UNAVAILABLE for all that an
 * issuer can do wrong, with what it was in the text; ERR_NO_MEMORY.
 */
int oidc_fetch(const struct meta_issuer *issuer, oidc_get_fn *get,
	       struct oidc_key_set *ret_set, struct err *err);

#endif
