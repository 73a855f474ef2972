/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/oidc.h"
#include "auth/oidc_claims.h"
#include "auth/oidc_fetch.h"
#include "auth/policy.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/httpc.h"
#include "base/jsonx.h"
#include "storage/meta_issuers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ISSUER "https://id.example"

static struct span configuration;
static struct span published;

/* The configuration is there, and the keys are wherever it says. */
static int get(const struct httpc_request *request, struct buf *out,
	       struct err *err)
{
	buf_append_span(out, span_ends(span_of(request->url),
				       SPAN_LIT("/openid-configuration"))
				     ? configuration
				     : published);
	return buf_check(out, err);
}

static void check_fetch(const char *jwks_url)
{
	struct meta_issuer issuer = {.url = ISSUER};
	struct oidc_key_set set = {.count = 0};
	struct err err = ERR_INIT;

	memcpy(issuer.jwks_url, jwks_url, strlen(jwks_url));
	if (oidc_fetch(&issuer, get, &set, &err) < 0) {
		if (err.code != ERR_UNAVAILABLE || set.count != 0)
			abort();
		return;
	}
	if (set.count == 0 || set.count > OIDC_KEYS_MAX)
		abort();
	for (size_t i = 0; i < set.count; i++)
		if (!set.keys[i].key ||
		    strlen(set.keys[i].kid) >= sizeof(set.keys[i].kid))
			abort();
	oidc_key_set_release(&set);
}

/* Every key begins with whose it is, and none can speak for another issuer. */
static void check_claims(struct span text)
{
	struct oidc_identity identity = {.issuer = SPAN_LIT("id.example"),
					 .arena = ARENA_INIT(1 << 22)};
	struct span prefix = SPAN_LIT("id.example:");
	struct err err = ERR_INIT;
	json_t *claims = NULL;

	if (jsonx_parse(text, 16, &claims, &err) < 0)
		return;
	if (json_is_object(claims) &&
	    oidc_claims_keys(claims, &identity, &err) == 0)
		for (size_t i = 0; i < identity.key_count; i++)
			if (!span_starts(identity.keys[i].name, prefix) ||
			    identity.keys[i].name.len == prefix.len - 1)
				abort();
	if (identity.key_count > OIDC_CLAIM_KEYS_MAX)
		abort();
	json_decref(claims);
	oidc_identity_release(&identity);
}

/* Three lines: a configuration, keys, claims. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_make((const char *)data, size);

	if (!span_cut(rest, '\n', &configuration, &rest) ||
	    !span_cut(rest, '\n', &published, &rest))
		return 0;
	check_fetch("");
	check_fetch(ISSUER "/keys");
	check_claims(rest);
	return 0;
}
