/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/identity_credentials.h"

#include <stdio.h>
#include <string.h>

#include "auth/password.h"
#include "auth/throttle.h"
#include "auth/token.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "storage/meta_credentials.h"
#include "tests/lib/identity_fixture.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

#define ID &identity_fixture
#define BY &identity_fixture_by
#define EVE FIXTURE_USER("eve")
#define EVES_KEY SPAN_LIT("BERTHFIXTURE00000001")
#define EVES_TOKEN SPAN_LIT("fixturetoken")

static void must_fail(int rc, struct err *err, enum err_code code)
{
	if (rc != -1 || err->code != code)
		fprintf(stderr, "rc %d, code %s: %s\n", rc,
			err_code_name(err->code), err->text);
	CHECK(rc == -1 && err->code == code);
	err_clear(err);
}

static void must(int rc, struct err *err)
{
	if (rc != 0)
		fprintf(stderr, "%s: %s\n", err_code_name(err->code),
			err->text);
	CHECK(rc == 0);
}

/* ---- passwords ---- */

static bool is_password(const char *text)
{
	struct meta_tx *tx = meta_fixture_read(identity_fixture.meta);
	struct meta_principal row;
	struct err err = ERR_INIT;

	CHECK(identity_find(tx, meta_fixture_scope.account, EVE, &row, &err) ==
	      0);
	meta_read_end(tx);
	int is = password_verify(span_of(text), row.password_hash, &err);
	CHECK(is >= 0);
	return is;
}

static int change(const char *old, const char *password, struct err *err)
{
	return identity_change_password(ID, BY, SPAN_LIT("eve"), span_of(old),
					span_of(password), err);
}

static void test_one_changes_a_password_with_the_old_one(void)
{
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	int64_t entries = identity_fixture_entries();
	must_fail(change("wrong password", "new password", &err), &err,
		  ERR_DENIED);
	must_fail(change("", "new password", &err), &err, ERR_DENIED);
	CHECK(is_password("old password"));
	CHECK(identity_fixture_entries() == entries);
	must(change("old password", "new password", &err), &err);
	CHECK(is_password("new password"));
	must_fail(change("old password", "another one", &err), &err,
		  ERR_DENIED);
	CHECK(!strstr(identity_fixture_entry(), "password\""));
	identity_fixture_close();
}

static void test_without_a_password_there_is_no_old_one(void)
{
	struct identity_wish wish = {.who = FIXTURE_USER("new")};
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	must(identity_create(ID, BY, &wish, NULL, &err), &err);
	must_fail(identity_change_password(ID, BY, SPAN_LIT("new"),
					   SPAN_LIT(""),
					   SPAN_LIT("new password"), &err),
		  &err, ERR_DENIED);
	must_fail(identity_change_password(ID, BY, SPAN_LIT("robot"),
					   SPAN_LIT(""),
					   SPAN_LIT("new password"), &err),
		  &err, ERR_NOT_FOUND);
	must_fail(identity_set_password(ID, BY, SPAN_LIT("robot"),
					SPAN_LIT("new password"), &err),
		  &err, ERR_NOT_FOUND);
	identity_fixture_close();
}

static void test_guessing_the_old_password_is_slowed_down(void)
{
	struct throttle_config config = {.meta = NULL,
					 .clock = &meta_fixture_clock,
					 .free_tries = 3,
					 .wait_max_ms = 60000};
	struct err err = ERR_INIT;
	enum err_code last = ERR_NONE;

	identity_fixture_open(NULL);
	config.meta = identity_fixture.meta;
	must(throttle_new(&config, &identity_fixture.throttle, &err), &err);
	for (int i = 0; i < 10 && last != ERR_TOO_MANY; i++) {
		err_clear(&err);
		CHECK(change("wrong password", "new password", &err) == -1);
		last = err.code;
	}
	CHECK(last == ERR_TOO_MANY && err.after_s > 0);
	err_clear(&err);
	must_fail(change("old password", "new password", &err), &err,
		  ERR_TOO_MANY);
	CHECK(is_password("old password"));
	throttle_free(identity_fixture.throttle);
	identity_fixture_close();
}

static void test_a_password_has_a_length_and_nothing_else(void)
{
	static char text[600];
	struct span eve = SPAN_LIT("eve");
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	memset(text, 'a', sizeof(text));
	must_fail(identity_set_password(ID, BY, eve, span_make(text, 7), &err),
		  &err, ERR_INVALID);
	must_fail(
		identity_set_password(ID, BY, eve, span_make(text, 513), &err),
		&err, ERR_INVALID);
	must(identity_set_password(ID, BY, eve, span_make(text, 8), &err),
	     &err);
	CHECK(is_password("aaaaaaaa"));
	must(identity_set_password(ID, BY, eve, span_make(text, 512), &err),
	     &err);
	must(identity_set_password(ID, BY, eve,
				   SPAN_LIT("\xf0\x9f\x90\x8b 1234"), &err),
	     &err);
	CHECK(is_password("\xf0\x9f\x90\x8b 1234"));
	identity_fixture_close();
}

/* ---- access keys ---- */

static int find_key(const char *id, struct meta_access_key *ret_key,
		    struct buf *sealed)
{
	struct meta_tx *tx = meta_fixture_read(identity_fixture.meta);
	struct err err = ERR_INIT;
	int found =
		meta_access_key_find(tx, span_of(id), ret_key, sealed, &err);

	meta_read_end(tx);
	CHECK(found >= 0);
	return found;
}

static void test_a_keys_secret_is_sealed(void)
{
	CLEANUP(buf_release) struct buf sealed = BUF_INIT(4096);
	CLEANUP(buf_release) struct buf opened = BUF_INIT(4096);
	struct meta_access_key row;
	struct identity_key key;
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	must(identity_key_create(ID, BY, EVE, SPAN_LIT("ci"), &key, &err),
	     &err);
	CHECK(strncmp(key.id, "BERTH", 5) == 0 && strlen(key.secret) == 40);
	CHECK(find_key(key.id, &row, &sealed) == 1);
	CHECK(!strstr(buf_text(&sealed), key.secret));
	CHECK(!strstr(identity_fixture_entry(), key.secret));
	CHECK_TEXT(row.description, "ci");
	must(access_key_open(identity_fixture.seal, key.id, buf_span(&sealed),
			     &opened, &err),
	     &err);
	CHECK_TEXT(buf_text(&opened), key.secret);
	identity_fixture_close();
}

static void test_keys_are_bounded(void)
{
	struct identity_key key = {.id = "none"};
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	for (int i = 1; i < IDENTITY_KEYS_MAX; i++)
		must(identity_key_create(ID, BY, EVE, SPAN_LIT(""), &key, &err),
		     &err);
	snprintf(key.id, sizeof(key.id), "none");
	must_fail(identity_key_create(ID, BY, EVE, SPAN_LIT(""), &key, &err),
		  &err, ERR_CONFLICT);
	CHECK_TEXT(key.id, "none");
	must(identity_key_delete(ID, BY, EVE, EVES_KEY, &err), &err);
	must(identity_key_create(ID, BY, EVE, SPAN_LIT(""), &key, &err), &err);
	identity_fixture_close();
}

static void test_rotating_disables_the_old_key(void)
{
	struct meta_access_key row;
	struct identity_key key;
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	must(identity_key_rotate(ID, BY, EVE, EVES_KEY, &key, &err), &err);
	CHECK(find_key(key.id, &row, NULL) == 1 && !row.disabled);
	CHECK(find_key(EVES_KEY.text, &row, NULL) == 1 && row.disabled);
	must(identity_key_disable(ID, BY, EVE, EVES_KEY, false, &err), &err);
	CHECK(find_key(EVES_KEY.text, &row, NULL) == 1 && !row.disabled);
	int64_t entries = identity_fixture_entries();
	must(identity_key_disable(ID, BY, EVE, EVES_KEY, false, &err), &err);
	CHECK(identity_fixture_entries() == entries);
	identity_fixture_close();
}

/* A10: the id of somebody else's key is no key here, whoever asks. */
static void test_a_key_is_found_through_its_owner_only(void)
{
	const struct identity_who others[] = {
		FIXTURE_USER("admin"), FIXTURE_ROBOT("robot"),
		FIXTURE_ROBOT("eve"), FIXTURE_USER("nobody")};
	struct meta_access_key row;
	struct identity_key key;
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		must_fail(
			identity_key_delete(ID, BY, others[i], EVES_KEY, &err),
			&err, ERR_NOT_FOUND);
		must_fail(identity_key_disable(ID, BY, others[i], EVES_KEY,
					       true, &err),
			  &err, ERR_NOT_FOUND);
		must_fail(identity_key_rotate(ID, BY, others[i], EVES_KEY, &key,
					      &err),
			  &err, ERR_NOT_FOUND);
	}
	must_fail(identity_key_rotate(ID, BY, EVE, SPAN_LIT(""), &key, &err),
		  &err, ERR_NOT_FOUND);
	CHECK(find_key(EVES_KEY.text, &row, NULL) == 1 && !row.disabled);
	identity_fixture_close();
}

/* ---- API tokens ---- */

static int make_token(struct identity_who who, const char *scope,
		      struct token_secret *ret_token, struct err *err)
{
	struct identity_token_wish wish = {.description = SPAN_LIT(""),
					   .scope = span_of(scope)};

	return identity_token_create(ID, BY, who, &wish, ret_token, err);
}

static void test_a_scope_is_a_ceiling_or_absent(void)
{
	static const char *const bad[] = {"",
					  " ",
					  "\t",
					  "repository",
					  "repository:UPPER:pull",
					  "repository:a/../b:pull"};
	struct token_secret token;
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		must_fail(make_token(EVE, bad[i], &token, &err), &err,
			  ERR_INVALID);
	must(make_token(EVE, NULL, &token, &err), &err);
	must(make_token(EVE, "repository:team/*:pull registry:catalog:*",
			&token, &err),
	     &err);
	identity_fixture_close();
}

static void test_a_token_opens_with_its_secret(void)
{
	CLEANUP(buf_release) struct buf scope = BUF_INIT(4096);
	struct token_secret token;
	struct meta_token row;
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	must(make_token(EVE, "repository:a/b:pull", &token, &err), &err);
	CHECK(!strstr(identity_fixture_entry(), token.text));
	struct meta_tx *tx = meta_fixture_read(identity_fixture.meta);
	CHECK(token_find(tx, TOKEN_API_PREFIX, span_of(token.text), &row,
			 &scope, &err) == 1);
	meta_read_end(tx);
	CHECK_TEXT(buf_text(&scope), "repository:a/b:pull");
	identity_fixture_close();
}

static void test_tokens_are_bounded(void)
{
	struct token_secret token;
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	for (int i = 0; i < IDENTITY_TOKENS_MAX; i++)
		must(make_token(FIXTURE_ROBOT("robot"), NULL, &token, &err),
		     &err);
	must_fail(make_token(FIXTURE_ROBOT("robot"), NULL, &token, &err), &err,
		  ERR_CONFLICT);
	identity_fixture_close();
}

static int put_refresh(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_token token = {.id = "refresh",
				   .kind = META_TOKEN_REFRESH,
				   .principal_id = *(int64_t *)context};

	memset(token.hash, '0', sizeof(token.hash) - 1);
	return meta_token_insert(tx, &token, SPAN_LIT("berth"), err);
}

static void test_a_token_is_found_through_its_owner_only(void)
{
	struct meta_principal eve;
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	struct meta_tx *tx = meta_fixture_read(identity_fixture.meta);
	must(identity_find(tx, meta_fixture_scope.account, EVE, &eve, &err),
	     &err);
	meta_read_end(tx);
	meta_fixture_write(identity_fixture.meta, put_refresh, &eve.id);
	must_fail(identity_token_delete(ID, BY, FIXTURE_USER("admin"),
					EVES_TOKEN, &err),
		  &err, ERR_NOT_FOUND);
	must_fail(identity_token_delete(ID, BY, FIXTURE_ROBOT("robot"),
					EVES_TOKEN, &err),
		  &err, ERR_NOT_FOUND);
	must_fail(identity_token_delete(ID, BY, EVE, SPAN_LIT("refresh"), &err),
		  &err, ERR_NOT_FOUND);
	must(identity_token_delete(ID, BY, EVE, EVES_TOKEN, &err), &err);
	must_fail(identity_token_delete(ID, BY, EVE, EVES_TOKEN, &err), &err,
		  ERR_NOT_FOUND);
	identity_fixture_close();
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_one_changes_a_password_with_the_old_one),
		CHECK_CASE(test_without_a_password_there_is_no_old_one),
		CHECK_CASE(test_guessing_the_old_password_is_slowed_down),
		CHECK_CASE(test_a_password_has_a_length_and_nothing_else),
		CHECK_CASE(test_a_keys_secret_is_sealed),
		CHECK_CASE(test_keys_are_bounded),
		CHECK_CASE(test_rotating_disables_the_old_key),
		CHECK_CASE(test_a_key_is_found_through_its_owner_only),
		CHECK_CASE(test_a_scope_is_a_ceiling_or_absent),
		CHECK_CASE(test_a_token_opens_with_its_secret),
		CHECK_CASE(test_tokens_are_bounded),
		CHECK_CASE(test_a_token_is_found_through_its_owner_only),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
