/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_credentials.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

#define LOG_SIZE 512

static int64_t changes(struct meta_tx *tx)
{
	struct err err = ERR_INIT;
	int64_t value = 0;

	CHECK(meta_identity_generation(tx, &value, &err) == 0);
	return value;
}

static int64_t make_user(struct meta_tx *tx, const char *name)
{
	struct meta_principal row = {.kind = META_USER,
				     .account = "000000000000"};
	struct err err = ERR_INIT;
	int64_t id = 0;

	snprintf(row.name, sizeof(row.name), "%s", name);
	CHECK(meta_principal_insert(tx, &row, &id, &err) == 0);
	return id;
}

static void add(char *log, const char *id)
{
	size_t used = strlen(log);

	snprintf(log + used, LOG_SIZE - used, "%s ", id);
}

/* ---- access keys ---- */

static int insert_key(struct meta_tx *tx, int64_t owner, const char *id,
		      struct err *err)
{
	struct meta_access_key key = {
		.principal_id = owner,
		.created_ms = 77, /* is not taken from here */
		.used_ms = 77,
		.description = "laptop",
	};

	snprintf(key.id, sizeof(key.id), "%s", id);
	return meta_access_key_insert(tx, &key, span_of(id), err);
}

static int note_key(void *context, const struct meta_access_key *key,
		    struct err *err)
{
	(void)err;
	add(context, key->id);
	return 0;
}

static int access_keys(struct meta_tx *tx, void *context, struct err *err)
{
	CLEANUP(buf_release) struct buf sealed = BUF_INIT(64);
	int64_t eve = make_user(tx, "eve");
	struct meta_access_key key = {.principal_id = -1};
	struct err taken = ERR_INIT, none = ERR_INIT;
	struct span id = SPAN_LIT("BERTH1");
	char log[LOG_SIZE] = "";

	(void)context;
	CHECK(meta_access_key_find(tx, id, &key, &sealed, err) == 0);
	CHECK(key.principal_id == -1 && sealed.len == 0);
	CHECK(insert_key(tx, eve, "BERTH1", err) == 0);
	int64_t before = changes(tx);
	CHECK(insert_key(tx, eve, "BERTH1", &taken) == -1);
	CHECK(taken.code == ERR_EXISTS);
	CHECK(insert_key(tx, 99, "BERTH2", &none) == -1);
	CHECK(none.code == ERR_NOT_FOUND);
	CHECK(changes(tx) == before);
	CHECK(insert_key(tx, eve, "BERTH0", err) == 0);
	CHECK(meta_access_key_find(tx, id, &key, &sealed, err) == 1);
	CHECK_TEXT(key.id, "BERTH1");
	CHECK_TEXT(key.description, "laptop");
	CHECK_TEXT(buf_text(&sealed), "BERTH1");
	CHECK(key.principal_id == eve && !key.disabled && key.used_ms == 0);
	CHECK(key.created_ms == meta_fixture_ms);
	CHECK(meta_access_key_list(tx, eve, note_key, log, err) == 0);
	CHECK_TEXT(log, "BERTH0 BERTH1 ");

	before = changes(tx);
	CHECK(meta_access_key_disable(tx, id, true, err) == 1);
	CHECK(changes(tx) == before + 1);
	CHECK(meta_access_key_find(tx, id, &key, NULL, err) == 1);
	CHECK(key.disabled);
	CHECK(meta_access_key_disable(tx, SPAN_LIT("x"), true, err) == 0);
	CHECK(meta_access_key_delete(tx, id, err) == 1);
	CHECK(changes(tx) == before + 2);
	CHECK(meta_access_key_delete(tx, id, err) == 0);
	CHECK(meta_access_key_find(tx, id, &key, NULL, err) == 0);
	return 0;
}

/* ---- when they were used ---- */

static int64_t made_for_use;

static int make_used(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_token token = {
		.id = "token", .kind = META_TOKEN_API, .expires_ms = 5};

	(void)context;
	made_for_use = make_user(tx, "eve");
	token.principal_id = made_for_use;
	CHECK(insert_key(tx, made_for_use, "BERTH1", err) == 0);
	CHECK(meta_token_insert(tx, &token, span_of(""), err) == 0);
	return 0;
}

static int use(struct meta_tx *tx, void *context, struct err *err)
{
	int64_t before = changes(tx);
	const int64_t *expires_ms = context;

	CHECK(meta_access_key_used(tx, SPAN_LIT("BERTH1"), err) == 0);
	CHECK(meta_access_key_used(tx, SPAN_LIT("none"), err) == 0);
	CHECK(meta_token_used(tx, SPAN_LIT("token"), *expires_ms, err) == 0);
	CHECK(meta_token_used(tx, SPAN_LIT("none"), *expires_ms, err) == 0);
	CHECK(changes(tx) == before);
	return 0;
}

static void check_used(struct meta *meta, int64_t at_ms, int64_t expires_ms,
		       int64_t want_used, int64_t want_expires)
{
	struct meta_access_key key;
	struct meta_token token;
	struct err err = ERR_INIT;

	meta_fixture_ms = at_ms;
	meta_fixture_write(meta, use, &expires_ms);
	struct meta_tx *tx = meta_fixture_read(meta);
	CHECK(meta_access_key_find(tx, SPAN_LIT("BERTH1"), &key, NULL, &err) ==
	      1);
	CHECK(meta_token_find(tx, SPAN_LIT("token"), &token, NULL, &err) == 1);
	CHECK(key.used_ms == want_used && token.used_ms == want_used);
	CHECK(token.expires_ms == want_expires);
	meta_read_end(tx);
}

static void test_use_is_noted_to_the_minute(void)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_write(meta, make_used, NULL);
	check_used(meta, 600001, 0, 600000, 5);
	check_used(meta, 659999, 7, 600000, 7);
	check_used(meta, 660000, 0, 660000, 7);
	meta_close(meta);
}

/* ---- tokens ---- */

static int insert_token(struct meta_tx *tx, int64_t owner, const char *id,
			enum meta_token_kind kind, int64_t expires_ms,
			struct err *err)
{
	struct meta_token token = {
		.kind = kind,
		.principal_id = owner,
		.expires_ms = expires_ms,
		.description = "ci",
	};

	snprintf(token.id, sizeof(token.id), "%s", id);
	memset(token.hash, 'a', sizeof(token.hash) - 1);
	return meta_token_insert(tx, &token, SPAN_LIT("repository:a:pull"),
				 err);
}

static int note_token(void *context, const struct meta_token *token,
		      struct span scope, struct err *err)
{
	(void)err;
	CHECK(span_equal(scope, SPAN_LIT("repository:a:pull")));
	add(context, token->id);
	return 0;
}

static void check_tokens(struct meta_tx *tx, int64_t owner,
			 enum meta_token_kind kind, const char *want)
{
	struct err err = ERR_INIT;
	char log[LOG_SIZE] = "";

	CHECK(meta_token_list(tx, owner, kind, note_token, log, &err) == 0);
	CHECK_TEXT(log, want);
}

static int tokens(struct meta_tx *tx, void *context, struct err *err)
{
	CLEANUP(buf_release) struct buf scope = BUF_INIT(64);
	int64_t eve = make_user(tx, "eve");
	struct meta_token token = {.principal_id = -1};
	struct err taken = ERR_INIT, none = ERR_INIT;

	(void)context;
	CHECK(meta_token_find(tx, SPAN_LIT("a"), &token, &scope, err) == 0);
	CHECK(token.principal_id == -1 && scope.len == 0);
	int64_t before = changes(tx);
	CHECK(insert_token(tx, eve, "r", META_TOKEN_REFRESH, 100, err) == 0);
	CHECK(changes(tx) == before);
	CHECK(insert_token(tx, eve, "a", META_TOKEN_API, 0, err) == 0);
	CHECK(changes(tx) == before + 1);
	CHECK(insert_token(tx, eve, "a", META_TOKEN_REFRESH, 0, &taken) == -1);
	CHECK(taken.code == ERR_EXISTS);
	CHECK(insert_token(tx, 99, "b", META_TOKEN_API, 0, &none) == -1);
	CHECK(none.code == ERR_NOT_FOUND);

	CHECK(meta_token_find(tx, SPAN_LIT("r"), &token, &scope, err) == 1);
	CHECK_TEXT(token.id, "r");
	CHECK_TEXT(token.description, "ci");
	CHECK_TEXT(buf_text(&scope), "repository:a:pull");
	CHECK(strlen(token.hash) == META_HASH_TEXT_SIZE - 1);
	CHECK(token.kind == META_TOKEN_REFRESH && token.principal_id == eve);
	CHECK(token.expires_ms == 100 && token.used_ms == 0);
	CHECK(token.created_ms == meta_fixture_ms);
	check_tokens(tx, eve, META_TOKEN_API, "a ");
	check_tokens(tx, eve, META_TOKEN_REFRESH, "r ");

	CHECK(meta_token_delete(tx, SPAN_LIT("a"), err) == 1);
	CHECK(meta_token_delete(tx, SPAN_LIT("a"), err) == 0);
	check_tokens(tx, eve, META_TOKEN_API, "");
	return 0;
}

static int all_tokens(struct meta_tx *tx, void *context, struct err *err)
{
	int64_t eve = make_user(tx, "eve");
	int64_t bob = make_user(tx, "bob");

	(void)context;
	CHECK(insert_token(tx, eve, "r2", META_TOKEN_REFRESH, 0, err) == 0);
	CHECK(insert_token(tx, eve, "r1", META_TOKEN_REFRESH, 0, err) == 0);
	CHECK(insert_token(tx, eve, "a1", META_TOKEN_API, 0, err) == 0);
	CHECK(insert_token(tx, bob, "r3", META_TOKEN_REFRESH, 0, err) == 0);
	check_tokens(tx, eve, META_TOKEN_REFRESH, "r1 r2 ");
	int64_t before = changes(tx);
	CHECK(meta_token_delete_all(tx, eve, META_TOKEN_REFRESH, err) == 2);
	CHECK(changes(tx) == before + 1);
	CHECK(meta_token_delete_all(tx, eve, META_TOKEN_REFRESH, err) == 0);
	CHECK(changes(tx) == before + 1);
	check_tokens(tx, eve, META_TOKEN_API, "a1 ");
	check_tokens(tx, bob, META_TOKEN_REFRESH, "r3 ");
	return 0;
}

static int sweeping(struct meta_tx *tx, void *context, struct err *err)
{
	int64_t eve = make_user(tx, "eve");

	(void)context;
	CHECK(insert_token(tx, eve, "never", META_TOKEN_API, 0, err) == 0);
	CHECK(insert_token(tx, eve, "at10", META_TOKEN_API, 10, err) == 0);
	CHECK(insert_token(tx, eve, "at20", META_TOKEN_API, 20, err) == 0);
	CHECK(insert_token(tx, eve, "at30", META_TOKEN_REFRESH, 30, err) == 0);
	CHECK(meta_token_sweep(tx, 10, 9, err) == 0);
	CHECK(meta_token_sweep(tx, 31, 1, err) == 1);
	check_tokens(tx, eve, META_TOKEN_API, "at20 never ");
	CHECK(meta_token_sweep(tx, 31, 9, err) == 2);
	check_tokens(tx, eve, META_TOKEN_API, "never ");
	check_tokens(tx, eve, META_TOKEN_REFRESH, "");
	return 0;
}

/* ---- keys that sign ---- */

static int insert_signing(struct meta_tx *tx, void *context, struct err *err)
{
	return meta_signing_key_insert(tx, span_of(context), span_of(context),
				       err);
}

static int retire(struct meta_tx *tx, void *context, struct err *err)
{
	return meta_signing_key_retire_others(tx, span_of(context), err);
}

static int sweep_signing(struct meta_tx *tx, void *context, struct err *err)
{
	return meta_signing_key_sweep(tx, *(int64_t *)context, err);
}

static int note_signing(void *context, const struct meta_signing_key *key,
			struct span sealed, struct err *err)
{
	char *log = context;
	size_t used = strlen(log);

	(void)err;
	CHECK(span_equal(sealed, span_of(key->kid)));
	snprintf(log + used, LOG_SIZE - used, "%s %lld-%lld;", key->kid,
		 (long long)key->created_ms, (long long)key->retired_ms);
	return 0;
}

static void check_signing(struct meta *meta, const char *want)
{
	struct meta_tx *tx = meta_fixture_read(meta);
	struct err err = ERR_INIT;
	char log[LOG_SIZE] = "";

	CHECK(meta_signing_key_list(tx, note_signing, log, &err) == 0);
	CHECK_TEXT(log, want);
	meta_read_end(tx);
}

static void test_signing_keys_follow_each_other(void)
{
	struct meta *meta = meta_fixture_open();
	char one[] = "one", two[] = "two", three[] = "three";
	struct err err = ERR_INIT;
	int64_t before = 301;

	check_signing(meta, "");
	meta_fixture_ms = 100;
	meta_fixture_write(meta, insert_signing, one);
	CHECK(meta_write(meta, insert_signing, one, &err) == -1);
	CHECK(err.code == ERR_EXISTS);
	meta_fixture_ms = 300;
	meta_fixture_write(meta, insert_signing, two);
	check_signing(meta, "two 300-0;one 100-0;");
	meta_fixture_write(meta, retire, two);
	check_signing(meta, "two 300-0;one 100-300;");
	meta_fixture_ms = 500;
	meta_fixture_write(meta, insert_signing, three);
	/* When it was retired is told once. */
	meta_fixture_write(meta, retire, three);
	check_signing(meta, "three 500-0;two 300-500;one 100-300;");
	meta_fixture_write(meta, sweep_signing, &before);
	check_signing(meta, "three 500-0;two 300-500;");
	before = INT64_MAX;
	meta_fixture_write(meta, sweep_signing, &before);
	check_signing(meta, "three 500-0;");
	meta_close(meta);
}

/* ---- sealing anew ---- */

static int reseal(void *context, enum meta_sealed what, struct span id,
		  struct span sealed, struct buf *out, struct err *err)
{
	int *left = context;

	CHECK(span_equal(id, sealed));
	if (--*left < 0)
		return err_set(err, ERR_CORRUPT, "cannot be opened");
	buf_appendf(out, "%s %.*s",
		    what == META_SEALED_ACCESS_KEY ? "access" : "signing",
		    SPAN_ARG(sealed));
	return 0;
}

static int make_sealed(struct meta_tx *tx, void *context, struct err *err)
{
	int64_t eve = make_user(tx, "eve");

	(void)context;
	CHECK(insert_key(tx, eve, "K1", err) == 0);
	CHECK(insert_key(tx, eve, "K2", err) == 0);
	CHECK(meta_signing_key_insert(tx, SPAN_LIT("kid"), SPAN_LIT("kid"),
				      err) == 0);
	return 0;
}

static int reseal_all(struct meta_tx *tx, void *context, struct err *err)
{
	return meta_reseal(tx, reseal, context, err);
}

static int note_sealed(void *context, const struct meta_signing_key *key,
		       struct span sealed, struct err *err)
{
	(void)key, (void)err;
	snprintf(context, LOG_SIZE, "%.*s", SPAN_ARG(sealed));
	return 0;
}

static void check_sealed(struct meta *meta, const char *key1, const char *key2,
			 const char *signing)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(64);
	struct meta_tx *tx = meta_fixture_read(meta);
	struct meta_access_key key;
	struct err err = ERR_INIT;
	char log[LOG_SIZE] = "";

	CHECK(meta_access_key_find(tx, SPAN_LIT("K1"), &key, &text, &err) == 1);
	CHECK_TEXT(buf_text(&text), key1);
	buf_clear(&text);
	CHECK(meta_access_key_find(tx, SPAN_LIT("K2"), &key, &text, &err) == 1);
	CHECK_TEXT(buf_text(&text), key2);
	CHECK(meta_signing_key_list(tx, note_sealed, log, &err) == 0);
	CHECK_TEXT(log, signing);
	meta_read_end(tx);
}

static void test_all_or_nothing_is_sealed_anew(void)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_write(meta, make_sealed, NULL);
	for (int holds = 0; holds < 3; holds++) {
		struct err err = ERR_INIT;
		int left = holds;

		CHECK(meta_write(meta, reseal_all, &left, &err) == -1);
		CHECK(err.code == ERR_CORRUPT);
		check_sealed(meta, "K1", "K2", "kid");
	}
	int left = 3;
	meta_fixture_write(meta, reseal_all, &left);
	CHECK(left == 0);
	check_sealed(meta, "access K1", "access K2", "signing kid");
	meta_close(meta);
}

#define TEST(work)                                                             \
	static void test_##work(void)                                          \
	{                                                                      \
		struct meta *meta = meta_fixture_open();                       \
                                                                               \
		meta_fixture_write(meta, work, NULL);                          \
		meta_close(meta);                                              \
	}

TEST(access_keys)
TEST(tokens)
TEST(all_tokens)
TEST(sweeping)

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_access_keys),
		CHECK_CASE(test_use_is_noted_to_the_minute),
		CHECK_CASE(test_tokens),
		CHECK_CASE(test_all_tokens),
		CHECK_CASE(test_sweeping),
		CHECK_CASE(test_signing_keys_follow_each_other),
		CHECK_CASE(test_all_or_nothing_is_sealed_anew),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
