/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_JWT_H
#define AUTH_JWT_H

/*
 * JSON web tokens, strictly: three parts of base64url without padding, a head
 * that is an object with "alg", "kid", "typ" and nothing critical, claims that
 * are an object without duplicate keys.  Which key and algorithm count is the
 * caller's, never the token's: "jwk", "x5c", "jku" in a head are not looked at,
 * and the algorithm must be the key's.  Pure but for OpenSSL; any thread.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct buf;
struct err;
struct jwt_key;

#define JWT_BYTES_MAX 16384 /* of a token */

/* ES256 is made and read; the others come from OpenID issuers and are only
 * read. */
enum jwt_algorithm { JWT_ES256, JWT_ES384, JWT_RS256, JWT_PS256, JWT_EDDSA };

/* ---- keys: immutable, counted references ---- */

/* A fresh P-256 pair; its private half as DER, appended, for sealing; and
 * back. */
int jwt_key_generate(struct jwt_key **ret_key, struct err *err);
int jwt_key_export(const struct jwt_key *key, struct buf *out, struct err *err);
int jwt_key_import(struct span der, struct jwt_key **ret_key, struct err *err);

/* From a JWK as issuers publish it: ERR_UNSUPPORTED for kinds and curves that
 * we do not take, RSA below 2,048 bits, symmetric keys and private ones. */
int jwt_key_from_jwk(const json_t *jwk, struct jwt_key **ret_key,
		     struct err *err);

/* The public half as a JWK, without kid; a new reference, NULL if there is no
 * memory. */
json_t *jwt_key_to_jwk(const struct jwt_key *key);

/* The RFC 7638 thumbprint in base64url: a kid.  43 characters. */
#define JWT_THUMBPRINT_SIZE 44 /* bytes, with the NUL */
int jwt_key_thumbprint(const struct jwt_key *key,
		       char ret_text[JWT_THUMBPRINT_SIZE], struct err *err);

/* What it signs with. */
enum jwt_algorithm jwt_key_algorithm(const struct jwt_key *key);

/* One more reference. */
struct jwt_key *jwt_key_ref(struct jwt_key *key);

/* Give one back; NULL is fine. */
void jwt_key_unref(struct jwt_key *key); /* NULL is fine */

/* ---- tokens ---- */

/* Sign claims with a P-256 key; the token is appended to out. */
int jwt_sign(const struct jwt_key *key, struct span kid, const json_t *claims,
	     struct buf *out, struct err *err);

/* Which key a token says it was signed with: ERR_INVALID if it is none that
 * could be verified.  kid is copied, "" if absent. */
#define JWT_KID_SIZE 257 /* bytes, with the NUL */
struct jwt_head {
	char kid[JWT_KID_SIZE];	      /* "" if the head has none */
	enum jwt_algorithm algorithm; /* as the head says */
};
int jwt_read_head(struct span token, struct jwt_head *ret_head,
		  struct err *err);

/* Verify the signature with a key: ERR_UNAUTHENTICATED if it is not right.
 * The claims are the caller's to unref. */
int jwt_verify(const struct jwt_key *key, struct span token,
	       json_t **ret_claims, struct err *err);

/* Check the times of claims: exp must be there (a whole number, or one with
 * a fraction as RFC 7519 allows, positive, at most life_max_s from now), nbf
 * and iat if they are; leeway both ways.  ERR_UNAUTHENTICATED. */
int jwt_check_times(const json_t *claims, int64_t now_s, int64_t leeway_s,
		    int64_t life_max_s, struct err *err);

/* True if "aud" is that text, or an array with it. */
bool jwt_has_audience(const json_t *claims, struct span audience);

#endif
