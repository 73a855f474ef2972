/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_OIDC_KEYS_H
#define AUTH_OIDC_KEYS_H

/*
 * The public keys of OpenID Connect issuers: fetched when first needed, kept
 * for an hour, and fetched anew for a key id that is not known, but at most
 * once a minute for each issuer, whatever comes in.  While an issuer cannot be
 * reached its keys go on being good for a day, and no longer.  One request at a
 * time fetches; a few wait for it, and further ones are turned away.  A bounded
 * number of issuers: what was used longest ago makes place.  May wait; any
 * thread.
 */

#include "auth/jwt.h"

struct buf;
struct clock_source;
struct err;
struct httpc_request;
struct meta_issuer;
struct oidc_keys;

/* Fetches a document: httpc_get(), or what stands in its place. */
typedef int oidc_get_fn(const struct httpc_request *request, struct buf *out,
			struct err *err);

/* clock is borrowed.  oidc_keys_free accepts NULL. */
int oidc_keys_new(const struct clock_source *clock, oidc_get_fn *get,
		  struct oidc_keys **ret_keys, struct err *err);
void oidc_keys_free(struct oidc_keys *keys);

/*
 * The issuer's key of that id ("": its only one), a reference.
 * ERR_UNAUTHENTICATED if it has none; ERR_UNAVAILABLE if it could not be asked.
 */
int oidc_keys_find(struct oidc_keys *keys, const struct meta_issuer *issuer,
		   const char *kid, struct jwt_key **ret_key, struct err *err);

#endif
