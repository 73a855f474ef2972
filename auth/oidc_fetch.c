/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/oidc_fetch.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/httpc.h"
#include "base/jsonx.h"
#include "storage/meta_issuers.h"

#define FETCH_MS 5000	     /* for each of the two documents */
#define DOCUMENT_MAX 262144  /* bytes of one */
#define DOCUMENT_DEPTH_MAX 8 /* its nesting */
#define WELL_KNOWN "/.well-known/openid-configuration"

void oidc_key_set_release(struct oidc_key_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		jwt_key_unref(set->keys[i].key);
	free(set->keys);
	*set = (struct oidc_key_set){.count = 0};
}

/* Whatever an issuer does wrong, all that counts is that its keys are not
 * there. */
static int unavailable(const struct err *cause, const char *what,
		       struct err *err)
{
	if (cause->code == ERR_NO_MEMORY)
		return err_set(err, ERR_NO_MEMORY, "%s", what);
	err_set(err, ERR_UNAVAILABLE, "%s: %s", what, cause->text);
	return err_tell(err, "the verification keys of the identity provider "
			     "could not be retrieved; try again later");
}

static int get_json(const struct meta_issuer *issuer, const char *url,
		    oidc_get_fn *get, json_t **ret_json, struct err *err)
{
	const struct httpc_request request = {.url = url,
					      .ca_file = issuer->ca_file,
					      .private_addresses =
						      issuer->private_addresses,
					      .deadline_ms = FETCH_MS};
	CLEANUP(buf_release) struct buf body = BUF_INIT(DOCUMENT_MAX);

	if (get(&request, &body, err) < 0)
		return -1;
	if (jsonx_parse(buf_span(&body), DOCUMENT_DEPTH_MAX, ret_json, err) < 0)
		return -1;
	return 0;
}

/* Where its keys are, by the document that every issuer publishes; it must
 * speak of the issuer that was asked, or one could stand in for another. */
static int discover(const struct meta_issuer *issuer, oidc_get_fn *get,
		    struct buf *out, struct err *err)
{
	CLEANUP(buf_release) struct buf url = BUF_INIT(META_URL_SIZE + 64);
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct span base = span_of(issuer->url);
	struct span said = {0};
	struct span keys = {0};

	if (span_ends(base, SPAN_LIT("/")))
		base.len--;
	buf_append_span(&url, base);
	buf_append_text(&url, WELL_KNOWN);
	if (buf_check(&url, err) < 0 ||
	    get_json(issuer, buf_text(&url), get, &json, err) < 0)
		return -1;
	if (jsonx_text(json, "issuer", &said, err) < 0 ||
	    jsonx_text(json, "jwks_uri", &keys, err) < 0)
		return -1;
	if (!span_equal(said, span_of(issuer->url)))
		return err_set(err, ERR_INVALID, "it is another issuer");
	if (keys.len == 0)
		return err_set(err, ERR_INVALID, "it has no jwks_uri");
	buf_append_span(out, keys);
	return buf_check(out, err);
}

/* 1 taken, 0 passed over, -1. */
static int read_key(const json_t *jwk, struct oidc_key *ret_key,
		    struct err *err)
{
	struct oidc_key read = {.kid = ""};
	struct err inner = ERR_INIT;
	struct span kid = {0};

	if (!json_is_object(jwk) || jsonx_text(jwk, "kid", &kid, &inner) < 0 ||
	    kid.len >= sizeof(read.kid))
		return 0;
	if (jwt_key_from_jwk(jwk, &read.key, &inner) < 0)
		return inner.code == ERR_NO_MEMORY
			       ? err_set(err, ERR_NO_MEMORY, "an issuer's key")
			       : 0;
	if (kid.len > 0)
		memcpy(read.kid, kid.text, kid.len);
	*ret_key = read;
	return 1;
}

static int read_keys(const json_t *json, struct oidc_key_set *ret_set,
		     struct err *err)
{
	CLEANUP(oidc_key_set_release)
	struct oidc_key_set set = {
		.keys = calloc(OIDC_KEYS_MAX, sizeof(*set.keys))};
	json_t *array = NULL;
	size_t index;
	json_t *jwk;

	if (!set.keys)
		return err_set(err, ERR_NO_MEMORY, "an issuer's keys");
	int found = jsonx_array(json, "keys", &array, err);
	if (found <= 0)
		return found < 0 ? -1
				 : err_set(err, ERR_INVALID, "it has no keys");
	json_array_foreach(array, index, jwk)
	{
		if (set.count == OIDC_KEYS_MAX)
			break;
		int taken = read_key(jwk, &set.keys[set.count], err);

		if (taken < 0)
			return -1;
		set.count += (size_t)taken;
	}
	if (set.count == 0)
		return err_set(err, ERR_INVALID, "it has no key that we take");
	*ret_set = set;
	memset(&set, 0, sizeof(set));
	return 0;
}

int oidc_fetch(const struct meta_issuer *issuer, oidc_get_fn *get,
	       struct oidc_key_set *ret_set, struct err *err)
{
	CLEANUP(buf_release) struct buf url = BUF_INIT(2048);
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct err cause = ERR_INIT;

	if (issuer->jwks_url[0] != '\0')
		buf_append_text(&url, issuer->jwks_url);
	else if (discover(issuer, get, &url, &cause) < 0)
		return unavailable(&cause, "an issuer's configuration", err);
	if (get_json(issuer, buf_text(&url), get, &json, &cause) < 0 ||
	    read_keys(json, ret_set, &cause) < 0)
		return unavailable(&cause, "an issuer's keys", err);
	return 0;
}
