/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/token.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "auth/jwt.h"
#include "auth/scope.h"
#include "auth/signing.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/hasher.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/rand.h"
#include "storage/meta_credentials.h"
#include "storage/meta_principals.h"

#define PREFIX_LENGTH 4	 /* "brt_" */
#define ID_BYTES 8	 /* of the public half */
#define SECRET_LENGTH 44 /* characters of the secret one: over 256 bits */
#define SWEEP_MAX 1000	 /* in one transaction */

_Static_assert(PREFIX_LENGTH + 2 * ID_BYTES + 1 + SECRET_LENGTH <
		       TOKEN_TEXT_SIZE,
	       "a token's text must fit");

DEFINE_CLEANUP(key_unref, struct jwt_key *, jwt_key_unref)
DEFINE_CLEANUP(read_end, struct meta_tx *, meta_read_end)

static int no_memory(struct err *err)
{
	return err_set(err, ERR_NO_MEMORY, "a token");
}

/* ---- access tokens: making ---- */

static json_t *actions_of(const struct scope *scope)
{
	static const struct {
		unsigned right;
		const char *name;
	} rows[] = {{SCOPE_RIGHT_PULL, "pull"},
		    {SCOPE_RIGHT_PUSH, "push"},
		    {SCOPE_RIGHT_DELETE, "delete"},
		    {SCOPE_RIGHT_CATALOG, "*"}};
	json_t *actions = json_array();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (scope->rights & rows[i].right)
			json_array_append_new(actions,
					      json_string(rows[i].name));
	return actions;
}

static int add_access(void *context, const struct scope *scope, struct err *err)
{
	struct span name = scope->catalog ? SPAN_LIT("catalog") : scope->name;
	json_t *entry =
		json_pack("{s:s, s:s%, s:o}", "type",
			  scope->catalog ? "registry" : "repository", "name",
			  name.text, name.len, "actions", actions_of(scope));

	return json_array_append_new(context, entry) < 0 ? no_memory(err) : 0;
}

/* What the standard has no claim for: who it is beyond a name, which may be
 * given to another, and what limits a role's session. */
static int add_identity(json_t *claims, const struct principal *principal)
{
	struct span policy = SPAN_LIT("");

	if (principal->kind == PRINCIPAL_ANONYMOUS)
		return 0;
	if (principal->ceiling)
		policy = ceiling_policy(principal->ceiling);
	if (json_object_set_new(claims, "principal",
				json_integer(principal->id)) < 0)
		return -1;
	if (policy.len == 0)
		return 0;
	return json_object_set_new(claims, "policy",
				   json_stringn(policy.text, policy.len));
}

int64_t token_access_life_s(const struct token_config *config,
			    const struct principal *principal)
{
	int64_t now_s = clock_wall_ms(config->clock) / 1000;
	int64_t life_s = config->access_life_ms / 1000;
	int64_t left_s = principal->ends_ms / 1000 - now_s;

	return principal->ends_ms != 0 && left_s < life_s ? left_s : life_s;
}

static int make_claims(const struct token_config *config,
		       const struct principal *principal, struct span granted,
		       json_t **ret_claims, struct err *err)
{
	json_int_t now = clock_wall_ms(config->clock) / 1000;
	bool anonymous = principal->kind == PRINCIPAL_ANONYMOUS;
	char id[RAND_UUID_SIZE];

	if (rand_uuid(id, err) < 0)
		return -1;
	json_t *access = json_array();
	CLEANUP(jsonx_unref)
	json_t *claims = json_pack(
		"{s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:o}", "iss",
		config->issuer, "sub", anonymous ? "" : principal->name, "aud",
		config->service, "exp",
		now + (json_int_t)token_access_life_s(config, principal), "nbf",
		now, "iat", now, "jti", id, "access", access);
	if (!claims || add_identity(claims, principal) < 0)
		return no_memory(err);
	if (scope_each(granted, false, add_access, access, err) < 0)
		return -1;
	*ret_claims = STEAL(claims);
	return 0;
}

int token_access_make(const struct token_config *config,
		      const struct principal *principal, struct span granted,
		      struct buf *out, struct err *err)
{
	CLEANUP(jsonx_unref) json_t *claims = NULL;
	CLEANUP(buf_release) struct buf kid = BUF_INIT(JWT_KID_SIZE);

	if (make_claims(config, principal, granted, &claims, err) < 0)
		return -1;

	CLEANUP(key_unref)
	struct jwt_key *key = signing_current(config->signing, &kid);
	if (buf_check(&kid, err) < 0)
		return -1;
	return jwt_sign(key, buf_span(&kid), claims, out, err);
}

/* ---- access tokens: verifying ---- */

static int refuse(struct err *err, const char *why)
{
	err_set(err, ERR_UNAUTHENTICATED, "access token: %s", why);
	return err_tell(err, "the token is not valid, or has ended: get "
			     "another");
}

/* An inner failure: what the client can do something about is refused, all else
 * is passed on. */
static int refuse_as(struct err *err, const struct err *inner)
{
	switch (inner->code) {
	case ERR_NO_MEMORY:
	case ERR_IO:
	case ERR_UNAVAILABLE:
	case ERR_INTERNAL:
	case ERR_CORRUPT:
		*err = *inner;
		return -1;
	default:
		return refuse(err, inner->text);
	}
}

static int read_claims(const struct token_config *config, struct span token,
		       json_t **ret_claims, struct err *err)
{
	int64_t now_s = clock_wall_ms(config->clock) / 1000;
	CLEANUP(jsonx_unref) json_t *claims = NULL;
	struct err inner = ERR_INIT;
	struct jwt_head head;
	struct span issuer = {0};

	if (jwt_read_head(token, &head, &inner) < 0)
		return refuse_as(err, &inner);

	CLEANUP(key_unref)
	struct jwt_key *key = signing_find(config->signing, span_of(head.kid));
	if (!key)
		return refuse(err, "no such key");
	if (jwt_verify(key, token, &claims, &inner) < 0 ||
	    jwt_check_times(claims, now_s, config->leeway_ms / 1000,
			    config->access_life_ms / 1000, &inner) < 0)
		return refuse_as(err, &inner);
	if (jsonx_text(claims, "iss", &issuer, &inner) != 1 ||
	    !span_equal(issuer, span_of(config->issuer)))
		return refuse(err, "of another issuer");
	if (!jwt_has_audience(claims, span_of(config->service)))
		return refuse(err, "for another service");
	*ret_claims = STEAL(claims);
	return 0;
}

/* An entry of "access" as a scope's text. */
static int write_entry(const json_t *entry, struct buf *out)
{
	struct err ignored = ERR_INIT;
	json_t *actions = NULL;
	struct span type = {0};
	struct span name = {0};

	if (jsonx_text(entry, "type", &type, &ignored) != 1 ||
	    jsonx_text(entry, "name", &name, &ignored) != 1 ||
	    jsonx_array(entry, "actions", &actions, &ignored) != 1)
		return -1;
	buf_appendf(out, "%.*s:%.*s:", SPAN_ARG(type), SPAN_ARG(name));
	for (size_t i = 0; i < json_array_size(actions); i++) {
		const char *action =
			json_string_value(json_array_get(actions, i));

		if (!action)
			return -1;
		buf_appendf(out, "%s%s", i > 0 ? "," : "", action);
	}
	buf_append_char(out, ' ');
	return 0;
}

static int read_ceiling(const json_t *claims, struct ceiling **ret_ceiling,
			struct err *err)
{
	CLEANUP(buf_release) struct buf scopes = BUF_INIT(SCOPE_TEXT_MAX);
	struct span policy = SPAN_LIT("");
	struct err inner = ERR_INIT;
	json_t *access = NULL;

	if (jsonx_array(claims, "access", &access, &inner) != 1 ||
	    jsonx_text(claims, "policy", &policy, &inner) < 0)
		return refuse(err, "its access is malformed");
	for (size_t i = 0; i < json_array_size(access); i++)
		if (write_entry(json_array_get(access, i), &scopes) < 0)
			return refuse(err, "its access is malformed");
	if (buf_check(&scopes, &inner) < 0 ||
	    ceiling_new(buf_span(&scopes), false, policy, ret_ceiling, &inner) <
		    0)
		return refuse_as(err, &inner);
	return 0;
}

/* A role's session has a name of its own behind the role's. */
static bool is_named(const struct meta_principal *row, struct span subject)
{
	struct span name = span_of(row->name);

	if (row->kind != META_ROLE)
		return span_equal(subject, name);
	return subject.len > name.len && span_starts(subject, name) &&
	       subject.text[name.len] == '/' &&
	       subject.len < PRINCIPAL_NAME_SIZE;
}

/* Whoever ends before his token ends it, too. */
static int find_owner(const struct token_config *config, int64_t id,
		      struct span subject, struct principal *ret_principal,
		      int64_t *ends_ms, struct err *err)
{
	CLEANUP(read_end) struct meta_tx *tx = NULL;
	struct meta_principal row;

	if (meta_read_begin(config->meta, &tx, err) < 0)
		return -1;
	int found = meta_principal_get(tx, id, &row, err);
	if (found < 0)
		return -1;
	if (!found || !is_named(&row, subject) || row.disabled ||
	    (row.expires_ms != 0 &&
	     row.expires_ms <= clock_wall_ms(config->clock)))
		return refuse(err, "its owner is gone or disabled");
	if (row.expires_ms != 0 && row.expires_ms < *ends_ms)
		*ends_ms = row.expires_ms;
	principal_from_row(&row, CREDENTIAL_BEARER, ret_principal);
	memcpy(ret_principal->name, subject.text, subject.len);
	ret_principal->name[subject.len] = '\0';
	return 0;
}

static int read_owner(const struct token_config *config, const json_t *claims,
		      struct principal *ret_principal, int64_t *ends_ms,
		      struct err *err)
{
	struct err inner = ERR_INIT;
	struct span subject = {0};
	int64_t id = 0;
	int has_id = jsonx_i64(claims, "principal", &id, &inner);

	if (jsonx_text(claims, "sub", &subject, &inner) != 1 || has_id < 0)
		return refuse(err, "its owner is malformed");
	if (subject.len > 0 && has_id)
		return find_owner(config, id, subject, ret_principal, ends_ms,
				  err);
	if (subject.len > 0 || has_id)
		return refuse(err, "its owner is malformed");
	*ret_principal = PRINCIPAL_ANONYMOUS_INIT;
	ret_principal->credential = CREDENTIAL_BEARER;
	return 0;
}

int token_access_verify(const struct token_config *config, struct span token,
			struct principal *ret_principal, int64_t *ret_ends_ms,
			struct err *err)
{
	CLEANUP(jsonx_unref) json_t *claims = NULL;
	struct principal principal;
	struct err inner = ERR_INIT;
	int64_t ends_s = 0;

	if (read_claims(config, token, &claims, err) < 0)
		return -1;
	if (jsonx_i64(claims, "exp", &ends_s, &inner) != 1)
		return refuse(err, "its end is no whole number");
	int64_t ends_ms = ends_s * 1000;
	if (read_owner(config, claims, &principal, &ends_ms, err) < 0 ||
	    read_ceiling(claims, &principal.ceiling, err) < 0)
		return -1;
	*ret_principal = principal;
	*ret_ends_ms = ends_ms;
	return 0;
}

/* ---- tokens that are looked up ---- */

static int hash_secret(struct span secret, char ret_hash[META_HASH_TEXT_SIZE],
		       struct err *err)
{
	struct digest digest;

	if (hasher_once(DIGEST_SHA256, secret.text, secret.len, &digest, err) <
	    0)
		return -1;
	enc_hex(digest.bytes, 32, ret_hash);
	return 0;
}

int token_secret_make(const char *prefix, struct token_secret *ret_secret,
		      struct err *err)
{
	struct token_secret token;
	uint8_t id[ID_BYTES];
	char secret[SECRET_LENGTH + 1];

	if (rand_bytes(id, sizeof(id), err) < 0 ||
	    rand_password(secret, SECRET_LENGTH, err) < 0)
		return -1;
	enc_hex(id, sizeof(id), token.id);
	int rc = hash_secret(span_of(secret), token.hash, err);
	snprintf(token.text, sizeof(token.text), "%s%s_%s", prefix, token.id,
		 secret);
	if (rc == 0)
		*ret_secret = token;
	OPENSSL_cleanse(secret, sizeof(secret));
	OPENSSL_cleanse(&token, sizeof(token));
	return rc;
}

int token_find(struct meta_tx *tx, const char *prefix, struct span text,
	       struct meta_token *ret_token, struct buf *out, struct err *err)
{
	bool refresh = strcmp(prefix, TOKEN_REFRESH_PREFIX) == 0;
	char hash[META_HASH_TEXT_SIZE];
	uint8_t unused[ID_BYTES];
	struct err inner = ERR_INIT;
	struct meta_token token;
	struct span id = {0};
	struct span secret = {0};
	size_t before = out->len;

	if (!span_starts(text, span_of(prefix)) ||
	    !span_cut(span_make(text.text + PREFIX_LENGTH,
				text.len - PREFIX_LENGTH),
		      '_', &id, &secret) ||
	    enc_unhex(id, unused, sizeof(unused), &inner) < 0 ||
	    secret.len != SECRET_LENGTH)
		return 0;
	if (hash_secret(secret, hash, err) < 0)
		return -1;
	int found = meta_token_find(tx, id, &token, out, err);
	if (found <= 0)
		return found;
	if (token.kind == (refresh ? META_TOKEN_REFRESH : META_TOKEN_API) &&
	    CRYPTO_memcmp(hash, token.hash, sizeof(hash)) == 0 &&
	    (token.expires_ms == 0 || token.expires_ms > meta_tx_now_ms(tx))) {
		*ret_token = token;
		return 1;
	}
	out->len = before;
	return 0;
}

static int sweep_work(struct meta_tx *tx, void *context, struct err *err)
{
	int64_t *swept = context;

	*swept = meta_token_sweep(tx, meta_tx_now_ms(tx), SWEEP_MAX, err);
	return *swept < 0 ? -1 : 0;
}

/* What fails is tried again the next time. */
void token_sweep(const struct token_config *config)
{
	int64_t swept = SWEEP_MAX;
	struct err err = ERR_INIT;

	while (swept == SWEEP_MAX &&
	       meta_write(config->meta, sweep_work, &swept, &err) == 0)
		;
	if (err.code != ERR_NONE)
		log_failure(LOG_DEBUG, "tokens_stay", &err, NULL, 0);
}
