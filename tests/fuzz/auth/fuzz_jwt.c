/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/jwt.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/jsonx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nobody can sign for this key here, so that no token may be right. */
static const struct jwt_key *key(void)
{
	static struct jwt_key *made;
	struct err err = ERR_INIT;

	if (!made && jwt_key_generate(&made, &err) < 0)
		abort();
	return made;
}

static void try_token(struct span token)
{
	struct jwt_head head;
	struct err err = ERR_INIT;
	struct err again = ERR_INIT;
	json_t *claims = NULL;

	if (jwt_read_head(token, &head, &err) < 0 && err.code != ERR_INVALID)
		abort();
	if (jwt_verify(key(), token, &claims, &again) == 0 ||
	    again.code != ERR_UNAUTHENTICATED)
		abort();
}

/* What is taken for a key is published as the same key. */
static void try_jwk(const json_t *jwk)
{
	char thumb[2][JWT_THUMBPRINT_SIZE];
	struct jwt_key *one = NULL;
	struct jwt_key *two = NULL;
	struct err err = ERR_INIT;

	if (jwt_key_from_jwk(jwk, &one, &err) < 0)
		return;
	json_t *published = jwt_key_to_jwk(one);
	if (!published || jwt_key_from_jwk(published, &two, &err) < 0 ||
	    jwt_key_thumbprint(one, thumb[0], &err) < 0 ||
	    jwt_key_thumbprint(two, thumb[1], &err) < 0 ||
	    strcmp(thumb[0], thumb[1]) != 0)
		abort();
	json_decref(published);
	jwt_key_unref(one);
	jwt_key_unref(two);
}

/* Claims that are in time now are so for a server with more patience, too. */
static void try_claims(const json_t *claims)
{
	struct err err = ERR_INIT;

	jwt_has_audience(claims, SPAN_LIT("berth"));
	if (jwt_check_times(claims, 1000000, 5, 300, &err) == 0 &&
	    jwt_check_times(claims, 1000000, 60, 3000, &err) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct span text = span_make((const char *)data, size);
	struct err err = ERR_INIT;

	if (size == 0)
		return 0;
	if (data[0] != '{') {
		try_token(text);
		return 0;
	}
	if (jsonx_parse(text, JSONX_DEPTH_MAX, &json, &err) < 0)
		return 0;
	try_jwk(json);
	try_claims(json);
	return 0;
}
