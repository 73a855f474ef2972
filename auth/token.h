/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_TOKEN_H
#define AUTH_TOKEN_H

/*
 * The tokens that Berth gives out.
 *
 * Access tokens are JWTs that live for minutes: who ("sub"), for this service
 * ("aud"), and the scopes that were asked for and granted ("access").  What
 * their owner may do is decided anew for each request; the scopes are a
 * ceiling.
 *
 * API tokens ("brt_ID_SECRET") and refresh tokens ("brr_ID_SECRET") are random
 * and looked up: they end at once when they are deleted.
 */

#include <stdint.h>

#include "auth/principal.h"
#include "base/span.h"

struct buf;
struct ceiling;
struct clock_source;
struct err;
struct meta;
struct signing;

struct token_config {
	struct meta *meta;		  /* borrowed */
	struct signing *signing;	  /* borrowed */
	const struct clock_source *clock; /* borrowed */
	const char *service;		  /* "aud" of access tokens; borrowed */
	const char *issuer;		  /* "iss" of access tokens; borrowed */
	int64_t access_life_ms;		  /* at least 60 s */
	int64_t refresh_life_ms;	  /* since it was last used */
	int64_t leeway_ms;		  /* by which clocks may differ */
};

/* How long one that is made for a principal now counts: not longer than what he
 * came with. */
int64_t token_access_life_s(const struct token_config *config,
			    const struct principal *principal);

/* Make an access token for a principal (anonymous, too) that lives so long;
 * granted is a list of scopes.  Appended to out. */
int token_access_make(const struct token_config *config,
		      const struct principal *principal, struct span granted,
		      struct buf *out, struct err *err);

/* Verify one, and find its owner, who must still be there and enabled:
 * ERR_UNAUTHENTICATED.  *ret_ends_ms is the wall time at which the token or
 * its owner ends. */
int token_access_verify(const struct token_config *config, struct span token,
			struct principal *ret_principal, int64_t *ret_ends_ms,
			struct err *err);

/* ---- tokens that are looked up ---- */

#define TOKEN_API_PREFIX "brt_"
#define TOKEN_REFRESH_PREFIX "brr_"

/* A new token: id and the hash for its row, and the text to be shown once. */
#define TOKEN_TEXT_SIZE 96 /* bytes, with the NUL */
struct token_secret {
	char id[33];		    /* META_KEY_ID_SIZE */
	char hash[65];		    /* META_HASH_TEXT_SIZE */
	char text[TOKEN_TEXT_SIZE]; /* prefix, id, secret; wiped by its owner */
};
int token_secret_make(const char *prefix, struct token_secret *ret_secret,
		      struct err *err);

/* Find the row of a token as it was shown: 1 it is there, its secret right and
 * it has not expired, with what it is for in out (scope or service), 0, -1.
 * The comparison takes constant time. */
struct meta_token;
struct meta_tx;
int token_find(struct meta_tx *tx, const char *prefix, struct span text,
	       struct meta_token *ret_token, struct buf *out, struct err *err);

/* Remove those that have expired.  May wait. */
void token_sweep(const struct token_config *config);

#endif
