/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_OIDC_H
#define AUTH_OIDC_H

/*
 * Web identities: ID tokens of OpenID Connect issuers that the account trusts,
 * such as a continuous integration's.  What a token claims becomes keys of
 * conditions, as AWS names them: "ISSUER-HOST/PATH:sub" and so on, for trust
 * policies.  May wait for the database and the issuer; any thread.
 */

#include <stddef.h>
#include <stdint.h>

#include "auth/oidc_keys.h"
#include "base/arena.h"
#include "base/span.h"

struct err;
struct meta;
struct oidc;
struct policy_key;

#define OIDC_CLAIM_KEYS_MAX 256 /* keys that one token's claims may make */

struct oidc_config {
	struct meta *meta;		  /* borrowed */
	const struct clock_source *clock; /* borrowed */
	struct span account;		  /* whose issuers count; borrowed */
	int64_t leeway_ms;		  /* by which clocks may differ */
	oidc_get_fn *get;		  /* fetches documents */
};

/* oidc_free accepts NULL. */
int oidc_new(const struct oidc_config *config, struct oidc **ret_oidc,
	     struct err *err);
void oidc_free(struct oidc *oidc);

/* Who a token speaks of; release it. */
struct oidc_identity {
	struct span issuer;	 /* without its scheme: "id.example/a" */
	struct span url;	 /* with it: its "iss" */
	struct span subject;	 /* its "sub" */
	struct span audience;	 /* the accepted one of its "aud" */
	struct policy_key *keys; /* claims, as keys of conditions */
	size_t key_count;	 /* of keys */
	struct arena arena;	 /* what the others borrow from */
};

/* Accepts a zeroed one. */
void oidc_identity_release(struct oidc_identity *identity);

/*
 * Verify a token: its issuer is one of the account's, which signed it for an
 * accepted audience, and it is not over.  ERR_UNAUTHENTICATED, which tells what
 * is wrong with it; ERR_SIGNATURE_EXPIRED; ERR_UNAVAILABLE if its issuer could
 * not be asked.
 */
int oidc_verify(struct oidc *oidc, struct span token,
		struct oidc_identity *ret_identity, struct err *err);

#endif
