/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_SIGNING_H
#define AUTH_SIGNING_H

/*
 * The keys that sign access tokens: ES256, private halves sealed in the
 * database, so that all servers on it share them.  One signs; those that were
 * retired verify until the last token they signed has ended.  A key signs for
 * auth.signing_key_life, then a new one takes its place.  Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* What the private half of a key is sealed for, with its kid behind it. */
#define SIGNING_PURPOSE "signing-key:"

struct buf;
struct clock_source;
struct err;
struct jwt_key;
struct meta;
struct seal;
struct signing;

struct signing_config {
	struct meta *meta;		  /* borrowed */
	struct seal *seal;		  /* borrowed */
	const struct clock_source *clock; /* borrowed */
	int64_t life_ms;		  /* how long a key signs */
	int64_t overlap_ms;		  /* how long it verifies after that */
};

/* Load the keys, making the first; signing_free accepts NULL. */
int signing_new(const struct signing_config *config,
		struct signing **ret_signing, struct err *err);
void signing_free(struct signing *signing);

/* The key that signs, and its kid; a reference. */
struct jwt_key *signing_current(struct signing *signing, struct buf *kid);

/* The key of that kid, a reference; NULL if there is none, or it has ended.
 * Another server's new key is found once signing_tidy() has run. */
struct jwt_key *signing_find(struct signing *signing, struct span kid);

/* Have a new key sign from now on; drop the old ones at once if they are not
 * trusted any more. */
int signing_rotate(struct signing *signing, bool drop_old, struct err *err);

/* About every second: rotate when it is time, read what others changed.  May
 * wait. */
void signing_tidy(struct signing *signing);

/* The public keys as a JWK set, appended. */
int signing_jwks(struct signing *signing, struct buf *out, struct err *err);

#endif
