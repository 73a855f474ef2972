/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/oidc.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "auth/oidc_claims.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "storage/meta_issuers.h"

#define LIFE_MAX_S 86400 /* of a token: a longer one is no ID token */
#define CLAIMS_DEPTH_MAX 16
#define ARENA_MAX ((size_t)1 << 20)
#define SUBJECT_MAX 255 /* bytes, as OpenID Connect has it */

struct oidc {
	struct oidc_config config; /* immutable */
	struct oidc_keys *keys;	   /* owned */
};

int oidc_new(const struct oidc_config *config, struct oidc **ret_oidc,
	     struct err *err)
{
	struct oidc *oidc = calloc(1, sizeof(*oidc));

	if (!oidc)
		return err_set(err, ERR_NO_MEMORY, "web identities");
	oidc->config = *config;
	if (oidc_keys_new(config->clock, config->get, &oidc->keys, err) < 0) {
		free(oidc);
		return -1;
	}
	*ret_oidc = oidc;
	return 0;
}

void oidc_free(struct oidc *oidc)
{
	if (!oidc)
		return;
	oidc_keys_free(oidc->keys);
	free(oidc);
}

void oidc_identity_release(struct oidc_identity *identity)
{
	arena_release(&identity->arena);
	*identity = (struct oidc_identity){.key_count = 0};
}

static int refuse(struct err *err, const char *text)
{
	err_set(err, ERR_UNAUTHENTICATED, "%s", text);
	return err_tell(err, "%s", text);
}

/* ---- before anything is verified: whose it says it is ---- */

static int read_issuer(struct span token, char ret_url[META_URL_SIZE],
		       struct err *err)
{
	CLEANUP(buf_release) struct buf bytes = BUF_INIT(JWT_BYTES_MAX);
	CLEANUP(jsonx_unref) json_t *claims = NULL;
	struct err inner = ERR_INIT;
	struct span part = {0};
	struct span rest = {0};
	struct span url = {0};

	if (!span_cut(token, '.', &part, &rest) ||
	    !span_cut(rest, '.', &part, &rest) ||
	    enc_unbase64url(part, &bytes, &inner) < 0 ||
	    jsonx_parse(buf_span(&bytes), CLAIMS_DEPTH_MAX, &claims, &inner) <
		    0 ||
	    jsonx_text(claims, "iss", &url, &inner) != 1 || url.len == 0 ||
	    url.len >= META_URL_SIZE) {
		if (inner.code == ERR_NO_MEMORY)
			return err_set(err, ERR_NO_MEMORY, "a token");
		return refuse(err, "the token has no claims that say who "
				   "issued it");
	}
	memcpy(ret_url, url.text, url.len);
	ret_url[url.len] = '\0';
	return 0;
}

static int find_issuer(struct oidc *oidc, struct span token,
		       struct meta_issuer *ret_issuer, struct err *err)
{
	struct meta_tx *tx = NULL;
	char url[META_URL_SIZE];

	if (read_issuer(token, url, err) < 0 ||
	    meta_read_begin(oidc->config.meta, &tx, err) < 0)
		return -1;
	int found = meta_issuer_find(tx, oidc->config.account, span_of(url),
				     ret_issuer, err);
	meta_read_end(tx);
	if (found < 0)
		return -1;
	if (found == 0)
		return refuse(err, "No OpenIDConnect provider found in your "
				   "account for the token's issuer");
	return 0;
}

static int verify_signature(struct oidc *oidc, struct span token,
			    const struct meta_issuer *issuer,
			    json_t **ret_claims, struct err *err)
{
	struct jwt_key *key = NULL;
	struct jwt_head head;

	if (jwt_read_head(token, &head, err) < 0) {
		if (err->code == ERR_INVALID)
			err->code = ERR_UNAUTHENTICATED;
		return -1;
	}
	if (oidc_keys_find(oidc->keys, issuer, head.kid, &key, err) < 0)
		return -1;
	int verified = jwt_verify(key, token, ret_claims, err);

	jwt_key_unref(key);
	return verified;
}

/* ---- what it claims ---- */

static int check_times(const struct oidc *oidc, const json_t *claims,
		       struct err *err)
{
	int64_t now_s = clock_wall_ms(oidc->config.clock) / 1000;
	int64_t leeway_s = oidc->config.leeway_ms / 1000;
	const json_t *ends = json_object_get(claims, "exp");

	if (!json_is_number(json_object_get(claims, "iat")))
		return refuse(err, "the token does not say when it was issued");
	if (json_is_number(ends) && json_number_value(ends) > 0 &&
	    json_number_value(ends) + (double)leeway_s <= (double)now_s) {
		err_set(err, ERR_SIGNATURE_EXPIRED, "a web identity has ended");
		return err_tell(err,
				"Token expired: current date/time %" PRId64
				" must be before the expiration date/time "
				"%.0f",
				now_s, json_number_value(ends));
	}
	return jwt_check_times(claims, now_s, leeway_s, LIFE_MAX_S, err);
}

/* The next of a list that is separated by blanks; false at its end. */
static bool next_word(struct span *list, struct span *ret_word)
{
	while (list->len > 0) {
		struct span word = *list;
		struct span rest = {0};

		span_cut(*list, ' ', &word, &rest);
		*list = rest;
		if (word.len > 0) {
			*ret_word = word;
			return true;
		}
	}
	return false;
}

/* A token for somebody else must not be good here; where it is for several, it
 * says who of them asked for it. */
static int check_audience(const struct meta_issuer *issuer,
			  const json_t *claims, struct span *ret_audience,
			  struct err *err)
{
	const json_t *aud = json_object_get(claims, "aud");
	struct span list = span_of(issuer->audiences);
	struct err inner = ERR_INIT;
	struct span party = {0};
	bool party_known = false;
	struct span found = {0};
	struct span word;

	if (jsonx_text(claims, "azp", &party, &inner) < 0)
		return refuse(err, "the token's azp is no text");
	while (next_word(&list, &word)) {
		if (!found.text && jwt_has_audience(claims, word))
			found = word;
		party_known = party_known || span_equal(word, party);
	}
	if (!found.text)
		return refuse(err, "Incorrect token audience");
	if (json_array_size(aud) > 1 && !party_known)
		return refuse(err, "the token is for several audiences, and "
				   "its azp is none that is accepted");
	*ret_audience = found;
	return 0;
}

static int check_subject(const json_t *claims, struct span *ret_subject,
			 struct err *err)
{
	struct err inner = ERR_INIT;
	struct span subject = {0};

	if (jsonx_text(claims, "sub", &subject, &inner) != 1 ||
	    subject.len == 0 || subject.len > SUBJECT_MAX)
		return refuse(err, "the token has no subject of 1 to 255 "
				   "bytes");
	*ret_subject = subject;
	return 0;
}

/* The issuer as it stands in ARNs and keys. */
static struct span without_scheme(struct span url)
{
	static const char *const schemes[] = {"https://", "http://"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		struct span scheme = span_of(schemes[i]);

		if (span_starts(url, scheme))
			return span_make(url.text + scheme.len,
					 url.len - scheme.len);
	}
	return url;
}

static int keep(struct arena *arena, struct span text, struct span *ret_copy,
		struct err *err)
{
	const char *copy = arena_copy(arena, text.text, text.len);

	if (!copy)
		return err_set(err, ERR_NO_MEMORY, "a web identity");
	*ret_copy = span_make(copy, text.len);
	return 0;
}

static int read_claims(const struct meta_issuer *issuer, const json_t *claims,
		       struct oidc_identity *identity, struct err *err)
{
	struct arena *arena = &identity->arena;
	struct span audience = {0};
	struct span subject = {0};

	if (check_audience(issuer, claims, &audience, err) < 0 ||
	    check_subject(claims, &subject, err) < 0 ||
	    keep(arena, span_of(issuer->url), &identity->url, err) < 0 ||
	    keep(arena, audience, &identity->audience, err) < 0 ||
	    keep(arena, subject, &identity->subject, err) < 0)
		return -1;
	identity->issuer = without_scheme(identity->url);
	return oidc_claims_keys(claims, identity, err);
}

int oidc_verify(struct oidc *oidc, struct span token,
		struct oidc_identity *ret_identity, struct err *err)
{
	CLEANUP(oidc_identity_release)
	struct oidc_identity identity = {.arena = ARENA_INIT(ARENA_MAX)};
	CLEANUP(jsonx_unref) json_t *claims = NULL;
	struct meta_issuer issuer;
	struct err inner = ERR_INIT;
	struct span url = {0};

	if (token.len > JWT_BYTES_MAX)
		return refuse(err, "the token is too long");
	if (find_issuer(oidc, token, &issuer, err) < 0 ||
	    verify_signature(oidc, token, &issuer, &claims, err) < 0)
		return -1;
	if (jsonx_text(claims, "iss", &url, &inner) != 1 ||
	    !span_equal(url, span_of(issuer.url)))
		return refuse(err, "the token is of another issuer");
	if (check_times(oidc, claims, err) < 0 ||
	    read_claims(&issuer, claims, &identity, err) < 0)
		return -1;
	*ret_identity = identity;
	identity = (struct oidc_identity){.key_count = 0};
	return 0;
}
