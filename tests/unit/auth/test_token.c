/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/token.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/jwt.h"
#include "auth/scope.h"
#include "auth/seal.h"
#include "auth/signing.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "storage/meta_credentials.h"
#include "storage/meta_principals.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"
#include "tests/lib/tmpdir.h"

#define ACCOUNT "000000000000"
#define LIFE 300000

static struct meta *meta;
static struct seal *seal;
static struct signing *signing;
static struct token_config config;

/* ---- what there is ---- */

static int insert_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_principal *row = context;

	return meta_principal_insert(tx, row, &row->id, err);
}

static int update_work(struct meta_tx *tx, void *context, struct err *err)
{
	return meta_principal_update(tx, context, err);
}

static int delete_work(struct meta_tx *tx, void *context, struct err *err)
{
	const struct meta_principal *row = context;

	return meta_principal_delete(tx, row->id, err);
}

static struct meta_principal add(enum meta_principal_kind kind,
				 const char *name)
{
	struct meta_principal row = {.kind = kind, .account = ACCOUNT};

	snprintf(row.name, sizeof(row.name), "%s", name);
	meta_fixture_write(meta, insert_work, &row);
	return row;
}

static void open_all(void)
{
	struct signing_config keys = {.clock = &meta_fixture_clock,
				      .life_ms = INT64_C(1) << 40,
				      .overlap_ms = LIFE};
	char dir[TMPDIR_SIZE];
	struct err err = ERR_INIT;

	meta_fixture_ms = INT64_C(1700000000000);
	tmpdir_make(dir);
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
	CHECK(seal_open(dir_fd, "server.key", &seal, &err) == 0);
	close(dir_fd);
	meta = meta_fixture_open();
	keys.meta = meta;
	keys.seal = seal;
	CHECK(signing_new(&keys, &signing, &err) == 0);
	config = (struct token_config){.meta = meta,
				       .signing = signing,
				       .clock = &meta_fixture_clock,
				       .service = "berth",
				       .issuer = "https://berth.example",
				       .access_life_ms = LIFE,
				       .refresh_life_ms = 1000000,
				       .leeway_ms = 5000};
}

static void close_all(void)
{
	signing_free(signing);
	meta_close(meta);
	seal_free(seal);
}

static struct principal principal_of(const struct meta_principal *row)
{
	struct principal principal;

	principal_from_row(row, CREDENTIAL_PASSWORD, &principal);
	return principal;
}

static void make(const struct principal *principal, const char *scopes,
		 struct buf *out)
{
	struct err err = ERR_INIT;

	buf_clear(out);
	CHECK(token_access_make(&config, principal, span_of(scopes), out,
				&err) == 0);
}

/* ERR_NONE with the principal, which is to be released. */
static enum err_code verify(struct span token, struct principal *ret_principal)
{
	struct principal principal = {.kind = PRINCIPAL_NONE};
	struct err err = ERR_INIT;
	int64_t ends = -1;
	int rc = token_access_verify(&config, token, &principal, &ends, &err);

	CHECK((rc == 0) == (err.code == ERR_NONE));
	CHECK((rc == 0) == (principal.kind != PRINCIPAL_NONE));
	CHECK((rc == 0) == (ends != -1));
	if (ret_principal)
		*ret_principal = principal;
	else
		principal_release(&principal);
	return err.code;
}

static json_t *part_of(struct span token, int index)
{
	CLEANUP(buf_release) struct buf bytes = BUF_INIT(65536);
	struct span part = {0};
	struct span rest = token;
	struct err err = ERR_INIT;
	json_t *json = NULL;

	for (int i = 0; i <= index; i++)
		CHECK(span_cut(rest, '.', &part, &rest));
	CHECK(enc_unbase64url(part, &bytes, &err) == 0);
	CHECK(jsonx_parse(buf_span(&bytes), 8, &json, &err) == 0);
	return json;
}

/* ---- access tokens ---- */

static void check_member(const json_t *object, const char *name,
			 const char *want)
{
	CHECK_TEXT(json_string_value(json_object_get(object, name)), want);
}

static int64_t number_of(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	CHECK(json_is_integer(value));
	return json_integer_value(value);
}

/* TOK-08 */
static void test_a_token_says_what_the_protocol_wants(void)
{
	CLEANUP(buf_release) struct buf token = BUF_INIT(65536);
	CLEANUP(buf_release) struct buf access = BUF_INIT(65536);
	struct err err = ERR_INIT;

	open_all();
	struct meta_principal row = add(META_USER, "eve");
	struct principal eve = principal_of(&row);
	make(&eve, "repository:a/b:pull,push registry:catalog:*", &token);
	json_t *head = part_of(buf_span(&token), 0);
	check_member(head, "alg", "ES256");
	check_member(head, "typ", "JWT");
	struct jwt_key *key = signing_find(
		signing,
		span_of(json_string_value(json_object_get(head, "kid"))));
	CHECK(key);
	jwt_key_unref(key);
	json_t *claims = part_of(buf_span(&token), 1);
	check_member(claims, "iss", "https://berth.example");
	check_member(claims, "aud", "berth");
	check_member(claims, "sub", "eve");
	CHECK(number_of(claims, "iat") == 1700000000);
	CHECK(number_of(claims, "nbf") == 1700000000);
	CHECK(number_of(claims, "exp") == 1700000300);
	CHECK(json_string_length(json_object_get(claims, "jti")) == 36);
	CHECK(jsonx_dump(json_object_get(claims, "access"), &access, &err) ==
	      0);
	CHECK_TEXT(buf_text(&access),
		   "[{\"type\":\"repository\",\"name\":\"a/b\","
		   "\"actions\":[\"pull\",\"push\"]},"
		   "{\"type\":\"registry\",\"name\":\"catalog\","
		   "\"actions\":[\"*\"]}]");
	json_decref(head);
	json_decref(claims);
	close_all();
}

static void test_its_owner_comes_back_with_its_ceiling(void)
{
	static const enum meta_principal_kind kinds[] = {META_USER, META_ROBOT};
	CLEANUP(buf_release) struct buf token = BUF_INIT(65536);

	open_all();
	for (size_t i = 0; i < 2; i++) {
		struct meta_principal row = add(kinds[i], i ? "ci" : "eve");
		struct principal owner = principal_of(&row);
		struct principal found;

		make(&owner, "repository:a:pull", &token);
		CHECK(verify(buf_span(&token), &found) == ERR_NONE);
		CHECK(found.kind == (i ? PRINCIPAL_ROBOT : PRINCIPAL_USER));
		CHECK(found.id == row.id);
		CHECK(found.credential == CREDENTIAL_BEARER);
		CHECK_TEXT(found.name, row.name);
		CHECK_TEXT(found.account, ACCOUNT);
		CHECK(ceiling_covers(found.ceiling, ACTION_BATCH_GET_IMAGE,
				     SPAN_LIT("a")));
		CHECK(!ceiling_covers(found.ceiling, ACTION_PUT_IMAGE,
				      SPAN_LIT("a")));
		principal_release(&found);
	}
	close_all();
}

static void test_a_token_without_scopes_covers_nothing(void)
{
	CLEANUP(buf_release) struct buf token = BUF_INIT(65536);
	struct principal found;

	open_all();
	struct meta_principal row = add(META_USER, "eve");
	struct principal eve = principal_of(&row);
	make(&eve, "", &token);
	CHECK(verify(buf_span(&token), &found) == ERR_NONE);
	CHECK(found.ceiling);
	CHECK(!ceiling_covers(found.ceiling, ACTION_BATCH_GET_IMAGE,
			      SPAN_LIT("a")));
	CHECK(ceiling_covers(found.ceiling, ACTION_LOGIN, SPAN_LIT("")));
	principal_release(&found);
	close_all();
}

static void test_anonymous_has_tokens_too(void)
{
	CLEANUP(buf_release) struct buf token = BUF_INIT(65536);
	struct principal anonymous = PRINCIPAL_ANONYMOUS_INIT;
	struct principal found;

	open_all();
	make(&anonymous, "repository:a:pull", &token);
	json_t *claims = part_of(buf_span(&token), 1);
	check_member(claims, "sub", "");
	json_decref(claims);
	CHECK(verify(buf_span(&token), &found) == ERR_NONE);
	CHECK(found.kind == PRINCIPAL_ANONYMOUS && found.id == 0);
	CHECK(found.ceiling);
	principal_release(&found);
	close_all();
}

/* A role's session keeps its name and what its policy limits it to. */
static void test_a_session_stays_limited(void)
{
	CLEANUP(buf_release) struct buf token = BUF_INIT(65536);
	struct err err = ERR_INIT;
	struct principal found;

	open_all();
	struct meta_principal row = add(META_ROLE, "deploy");
	struct principal session = principal_of(&row);
	snprintf(session.name, sizeof(session.name), "deploy/run-1");
	CHECK(ceiling_new_policy(SPAN_LIT("{\"Version\":\"2012-10-17\"}"),
				 &session.ceiling, &err) == 0);
	make(&session, "repository:a:pull", &token);
	CHECK(verify(buf_span(&token), &found) == ERR_NONE);
	CHECK(found.kind == PRINCIPAL_ROLE);
	CHECK_TEXT(found.name, "deploy/run-1");
	CHECK(span_equal(ceiling_policy(found.ceiling),
			 SPAN_LIT("{\"Version\":\"2012-10-17\"}")));
	CHECK(!ceiling_covers(found.ceiling, ACTION_PUT_IMAGE, SPAN_LIT("a")));
	principal_release(&found);
	principal_release(&session);

	session = principal_of(&row);
	make(&session, "", &token);
	CHECK(verify(buf_span(&token), NULL) == ERR_UNAUTHENTICATED);
	close_all();
}

/* A3 */
static void test_a_token_ends_with_its_owner(void)
{
	CLEANUP(buf_release) struct buf token = BUF_INIT(65536);

	open_all();
	struct meta_principal row = add(META_USER, "eve");
	struct principal eve = principal_of(&row);
	make(&eve, "", &token);
	CHECK(verify(buf_span(&token), NULL) == ERR_NONE);
	row.disabled = true;
	meta_fixture_write(meta, update_work, &row);
	CHECK(verify(buf_span(&token), NULL) == ERR_UNAUTHENTICATED);
	row.disabled = false;
	row.expires_ms = meta_fixture_ms + 1000;
	meta_fixture_write(meta, update_work, &row);
	CHECK(verify(buf_span(&token), NULL) == ERR_NONE);
	meta_fixture_ms += 1000;
	CHECK(verify(buf_span(&token), NULL) == ERR_UNAUTHENTICATED);
	row.expires_ms = 0;
	meta_fixture_write(meta, update_work, &row);
	CHECK(verify(buf_span(&token), NULL) == ERR_NONE);
	meta_fixture_write(meta, delete_work, &row);
	add(META_USER, "eve");
	CHECK(verify(buf_span(&token), NULL) == ERR_UNAUTHENTICATED);
	close_all();
}

static void test_a_token_ends_in_time(void)
{
	CLEANUP(buf_release) struct buf token = BUF_INIT(65536);

	open_all();
	struct principal anonymous = PRINCIPAL_ANONYMOUS_INIT;
	make(&anonymous, "", &token);
	meta_fixture_ms += LIFE + 4999;
	CHECK(verify(buf_span(&token), NULL) == ERR_NONE);
	meta_fixture_ms += 1;
	CHECK(verify(buf_span(&token), NULL) == ERR_UNAUTHENTICATED);
	meta_fixture_ms -= LIFE + 10000;
	CHECK(verify(buf_span(&token), NULL) == ERR_NONE);
	meta_fixture_ms -= 1000;
	CHECK(verify(buf_span(&token), NULL) == ERR_UNAUTHENTICATED);
	close_all();
}

static void test_a1_a_token_of_elsewhere_is_none(void)
{
	CLEANUP(buf_release) struct buf token = BUF_INIT(65536);
	struct principal anonymous = PRINCIPAL_ANONYMOUS_INIT;
	struct err err = ERR_INIT;

	open_all();
	make(&anonymous, "", &token);
	config.service = "other";
	CHECK(verify(buf_span(&token), NULL) == ERR_UNAUTHENTICATED);
	config.service = "berth";
	config.issuer = "https://other.example";
	CHECK(verify(buf_span(&token), NULL) == ERR_UNAUTHENTICATED);
	config.issuer = "https://berth.example";
	CHECK(verify(buf_span(&token), NULL) == ERR_NONE);
	CHECK(signing_rotate(signing, true, &err) == 0);
	CHECK(verify(buf_span(&token), NULL) == ERR_UNAUTHENTICATED);
	CHECK(verify(SPAN_LIT(""), NULL) == ERR_UNAUTHENTICATED);
	CHECK(verify(SPAN_LIT(".."), NULL) == ERR_UNAUTHENTICATED);
	close_all();
}

/* Claims that we never make, signed by our own key all the same. */
static void test_a1_odd_claims_are_refused(void)
{
	static const char *const odd[] = {
		"{}",
		"{\"exp\":1700000100.5}",
		"{\"access\":{}}",
		"{\"access\":null}",
		"{\"access\":[5]}",
		"{\"access\":[{\"type\":\"repository\",\"name\":\"a\"}]}",
		"{\"access\":[{\"type\":\"repository\",\"name\":\"A\","
		"\"actions\":[]}]}",
		"{\"access\":[{\"type\":\"repository\",\"name\":\"*\","
		"\"actions\":[\"pull\"]}]}",
		"{\"access\":[{\"type\":\"repository\",\"name\":\"a\","
		"\"actions\":[5]}]}",
		"{\"sub\":\"eve\"}",
		"{\"sub\":null}",
		"{\"principal\":1}",
		"{\"principal\":\"1\",\"sub\":\"eve\"}",
		"{\"principal\":999,\"sub\":\"eve\"}",
		"{\"policy\":5}",
		"{\"iss\":null}",
		"{\"aud\":null}",
		"{\"exp\":null}",
		"{\"nbf\":1700000100}",
		"{\"exp\":1700009999}",
	};

	open_all();
	add(META_USER, "eve");
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		CLEANUP(buf_release) struct buf token = BUF_INIT(65536);
		CLEANUP(buf_release) struct buf kid = BUF_INIT(64);
		struct jwt_key *key = signing_current(signing, &kid);
		struct err err = ERR_INIT;
		json_t *claims =
			json_pack("{s:s, s:s, s:s, s:i, s:[]}", "iss",
				  "https://berth.example", "aud", "berth",
				  "sub", "", "exp", 1700000100, "access");
		json_t *change = json_loads(odd[i], 0, NULL);

		CHECK(claims && change);
		json_object_update(claims, change);
		CHECK(jwt_sign(key, buf_span(&kid), claims, &token, &err) == 0);
		enum err_code want = i == 0 ? ERR_NONE : ERR_UNAUTHENTICATED;
		if (verify(buf_span(&token), NULL) != want)
			fprintf(stderr, "%s\n", odd[i]);
		CHECK(verify(buf_span(&token), NULL) == want);
		json_decref(change);
		json_decref(claims);
		jwt_key_unref(key);
	}
	close_all();
}

static void test_more_scopes_than_fit_are_refused(void)
{
	CLEANUP(buf_release) struct buf scopes = BUF_INIT(65536);
	CLEANUP(buf_release) struct buf token = BUF_INIT(65536);
	struct principal anonymous = PRINCIPAL_ANONYMOUS_INIT;
	struct err err = ERR_INIT;

	open_all();
	for (int i = 0; i <= SCOPES_MAX; i++)
		buf_appendf(&scopes, "repository:a%d:pull ", i);
	CHECK(token_access_make(&config, &anonymous, buf_span(&scopes), &token,
				&err) == -1);
	CHECK(err.code == ERR_TOO_LARGE && token.len == 0);
	close_all();
}

/* ---- tokens that are looked up ---- */

static int keep_work(struct meta_tx *tx, void *context, struct err *err)
{
	return meta_token_insert(tx, context,
				 SPAN_LIT("repository:team/*:pull"), err);
}

static void keep(const struct token_secret *secret, enum meta_token_kind kind,
		 int64_t owner, int64_t expires_ms)
{
	struct meta_token row = {
		.kind = kind, .principal_id = owner, .expires_ms = expires_ms};

	memcpy(row.id, secret->id, sizeof(row.id));
	memcpy(row.hash, secret->hash, sizeof(row.hash));
	meta_fixture_write(meta, keep_work, &row);
}

static int find(const char *prefix, struct span text)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(4096);
	struct meta_token row = {.principal_id = -1};
	struct meta_tx *tx = meta_fixture_read(meta);
	struct err err = ERR_INIT;

	buf_append_text(&out, "x");
	int found = token_find(tx, prefix, text, &row, &out, &err);
	meta_read_end(tx);
	CHECK(found >= 0);
	CHECK((row.principal_id != -1) == (found == 1));
	CHECK(span_equal(buf_span(&out),
			 found ? SPAN_LIT("xrepository:team/*:pull")
			       : SPAN_LIT("x")));
	return found;
}

static void test_a_secret_is_found_whole_or_not_at_all(void)
{
	struct token_secret secret;
	struct token_secret other;
	struct err err = ERR_INIT;

	open_all();
	struct meta_principal row = add(META_ROBOT, "ci");
	CHECK(token_secret_make(TOKEN_API_PREFIX, &secret, &err) == 0);
	CHECK(token_secret_make(TOKEN_API_PREFIX, &other, &err) == 0);
	CHECK(strcmp(secret.text, other.text) != 0);
	CHECK(strncmp(secret.text, TOKEN_API_PREFIX, 4) == 0);
	CHECK(!strstr(secret.hash, strrchr(secret.text, '_') + 1));
	keep(&secret, META_TOKEN_API, row.id, 0);
	struct span text = span_of(secret.text);
	CHECK(find(TOKEN_API_PREFIX, text) == 1);
	CHECK(find(TOKEN_REFRESH_PREFIX, text) == 0);
	CHECK(find(TOKEN_API_PREFIX, span_of(other.text)) == 0);
	for (size_t at = 0; at < text.len; at++) {
		char kept = secret.text[at];

		secret.text[at] = kept == '2' ? '3' : '2';
		CHECK(find(TOKEN_API_PREFIX, text) == 0);
		secret.text[at] = '\0';
		CHECK(find(TOKEN_API_PREFIX, text) == 0);
		secret.text[at] = kept;
		CHECK(find(TOKEN_API_PREFIX, span_make(secret.text, at)) == 0);
	}
	close_all();
}

/* What is good at one place is not at another, though it begins like it. */
static void test_a_refresh_token_is_no_api_token(void)
{
	struct token_secret secret;
	struct err err = ERR_INIT;

	open_all();
	struct meta_principal row = add(META_USER, "eve");
	CHECK(token_secret_make(TOKEN_API_PREFIX, &secret, &err) == 0);
	keep(&secret, META_TOKEN_REFRESH, row.id, 0);
	CHECK(find(TOKEN_API_PREFIX, span_of(secret.text)) == 0);
	close_all();
}

static void test_a_secret_ends_in_time(void)
{
	struct token_secret secret;
	struct err err = ERR_INIT;

	open_all();
	struct meta_principal row = add(META_USER, "eve");
	CHECK(token_secret_make(TOKEN_REFRESH_PREFIX, &secret, &err) == 0);
	keep(&secret, META_TOKEN_REFRESH, row.id, meta_fixture_ms + 100);
	CHECK(find(TOKEN_REFRESH_PREFIX, span_of(secret.text)) == 1);
	meta_fixture_ms += 99;
	CHECK(find(TOKEN_REFRESH_PREFIX, span_of(secret.text)) == 1);
	meta_fixture_ms += 1;
	CHECK(find(TOKEN_REFRESH_PREFIX, span_of(secret.text)) == 0);
	close_all();
}

static int64_t row_count(const struct token_secret *secret)
{
	struct meta_tx *tx = meta_fixture_read(meta);
	struct meta_token row;
	struct err err = ERR_INIT;
	int found = meta_token_find(tx, span_of(secret->id), &row, NULL, &err);

	meta_read_end(tx);
	CHECK(found >= 0);
	return found;
}

static void test_what_has_ended_is_swept(void)
{
	struct token_secret secrets[3];
	struct err err = ERR_INIT;

	open_all();
	struct meta_principal row = add(META_USER, "eve");
	for (int i = 0; i < 3; i++) {
		CHECK(token_secret_make(TOKEN_REFRESH_PREFIX, &secrets[i],
					&err) == 0);
		keep(&secrets[i], META_TOKEN_REFRESH, row.id,
		     i == 2 ? 0 : meta_fixture_ms + 100 * (i + 1));
	}
	meta_fixture_ms += 150;
	token_sweep(&config);
	CHECK(row_count(&secrets[0]) == 0);
	CHECK(row_count(&secrets[1]) == 1 && row_count(&secrets[2]) == 1);
	close_all();
}

static const struct check_case cases[] = {
	CHECK_CASE(test_a_token_says_what_the_protocol_wants),
	CHECK_CASE(test_its_owner_comes_back_with_its_ceiling),
	CHECK_CASE(test_a_token_without_scopes_covers_nothing),
	CHECK_CASE(test_anonymous_has_tokens_too),
	CHECK_CASE(test_a_session_stays_limited),
	CHECK_CASE(test_a_token_ends_with_its_owner),
	CHECK_CASE(test_a_token_ends_in_time),
	CHECK_CASE(test_a1_a_token_of_elsewhere_is_none),
	CHECK_CASE(test_a1_odd_claims_are_refused),
	CHECK_CASE(test_more_scopes_than_fit_are_refused),
	CHECK_CASE(test_a_secret_is_found_whole_or_not_at_all),
	CHECK_CASE(test_a_refresh_token_is_no_api_token),
	CHECK_CASE(test_a_secret_ends_in_time),
	CHECK_CASE(test_what_has_ended_is_swept),
};

int main(int argc, char **argv)
{
	return SQL_FIXTURE_RUN(argc, argv, cases);
}
