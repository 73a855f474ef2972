/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_OIDC_CLAIMS_H
#define AUTH_OIDC_CLAIMS_H

/* Claims of a token as keys of conditions.  Pure; any thread. */

#include <jansson.h>

struct err;
struct oidc_identity;

/*
 * Fill in identity->keys, in its arena, from the claims that are texts, whole
 * numbers, truths, or lists of texts: "ISSUER:NAME".  As with AWS, "aud" stands
 * for azp where there is one, and "oaud" for aud then.
 *
 * ERR_UNAUTHENTICATED where there are too many, and for two claims that differ
 * by case alone: conditions do not tell them apart.
 */
int oidc_claims_keys(const json_t *claims, struct oidc_identity *identity,
		     struct err *err);

#endif
