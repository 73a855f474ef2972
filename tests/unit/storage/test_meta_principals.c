/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_principals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "storage/meta_credentials.h"
#include "storage/meta_groups.h"
#include "storage/meta_policies.h"
#include "storage/meta_tx.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

#define ACCOUNT "000000000000"
#define OTHER "111111111111"
#define MANY 100000

static struct meta_principal
make(const char *account, enum meta_principal_kind kind, const char *name)
{
	struct meta_principal row = {.kind = kind};

	snprintf(row.account, sizeof(row.account), "%s", account);
	snprintf(row.name, sizeof(row.name), "%s", name);
	return row;
}

static int64_t insert(struct meta_tx *tx, const char *account,
		      enum meta_principal_kind kind, const char *name)
{
	struct meta_principal row = make(account, kind, name);
	struct err err = ERR_INIT;
	int64_t id = 0;

	CHECK(meta_principal_insert(tx, &row, &id, &err) == 0);
	CHECK(id > 0);
	return id;
}

static int64_t generation(struct meta_tx *tx)
{
	struct err err = ERR_INIT;
	int64_t value = -1;

	CHECK(meta_identity_generation(tx, &value, &err) == 0);
	return value;
}

/* A row with every column at its longest comes back as it went in. */
static int all_columns(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_principal row = {
		.kind = META_ROLE,
		.disabled = true,
		.expires_ms = INT64_MAX,
		.session_max_s = 3600,
	};
	struct meta_principal got = {.id = -1}, same;
	int64_t id = 0;

	(void)context;
	memset(row.account, '1', sizeof(row.account) - 1);
	memset(row.name, 'n', sizeof(row.name) - 1);
	memset(row.password_hash, 'h', sizeof(row.password_hash) - 1);
	memset(row.description, 'd', sizeof(row.description) - 1);
	CHECK(meta_principal_find(tx, span_of(row.account), span_of(row.name),
				  &got, err) == 0);
	CHECK(got.id == -1);
	CHECK(meta_principal_insert(tx, &row, &id, err) == 0);
	CHECK(meta_principal_find(tx, span_of(row.account), span_of(row.name),
				  &got, err) == 1);
	CHECK(meta_principal_get(tx, id, &same, err) == 1);
	CHECK(memcmp(&got, &same, sizeof(got)) == 0);
	CHECK(got.id == id && got.kind == META_ROLE && got.disabled);
	CHECK(got.expires_ms == INT64_MAX && got.session_max_s == 3600);
	CHECK(got.created_ms == meta_fixture_ms);
	CHECK_TEXT(got.account, row.account);
	CHECK_TEXT(got.name, row.name);
	CHECK_TEXT(got.password_hash, row.password_hash);
	CHECK_TEXT(got.description, row.description);
	CHECK(meta_principal_get(tx, id + 1, &same, err) == 0);
	return 0;
}

static int names(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_principal again = make(ACCOUNT, META_ROBOT, "eve");
	struct err taken = ERR_INIT, none = ERR_INIT;
	int64_t first = insert(tx, ACCOUNT, META_USER, "eve");
	int64_t id = -7;

	(void)context;
	/* One name is one principal's, whatever its kind. */
	CHECK(meta_principal_insert(tx, &again, &id, &taken) == -1);
	CHECK(taken.code == ERR_EXISTS && id == -7);
	CHECK(insert(tx, OTHER, META_ROBOT, "eve") != first);
	CHECK(meta_principal_delete(tx, first, err) == 0);
	/* The id is never used again. */
	CHECK(insert(tx, ACCOUNT, META_USER, "eve") > first);
	CHECK(meta_principal_check(tx, first, &none) == -1);
	CHECK(none.code == ERR_NOT_FOUND);
	return 0;
}

static int updates(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_principal row = make(ACCOUNT, META_USER, "ignored");
	struct meta_principal got;
	struct err none = ERR_INIT;

	(void)context;
	row.id = insert(tx, ACCOUNT, META_USER, "eve");
	row.disabled = true;
	row.expires_ms = 7;
	row.session_max_s = 9;
	snprintf(row.description, sizeof(row.description), "left us");
	CHECK(meta_principal_update(tx, &row, err) == 0);
	CHECK(meta_principal_get(tx, row.id, &got, err) == 1);
	CHECK_TEXT(got.name, "eve");
	CHECK_TEXT(got.description, "left us");
	CHECK(got.disabled && got.expires_ms == 7 && got.session_max_s == 9);
	row.id++;
	CHECK(meta_principal_update(tx, &row, &none) == -1);
	CHECK(none.code == ERR_NOT_FOUND);
	return 0;
}

static int no_token(void *context, const struct meta_token *token,
		    struct span scope, struct err *err)
{
	(void)token, (void)scope, (void)err;
	++*(int *)context;
	return 0;
}

static int count_tokens(struct meta_tx *tx, int64_t id,
			enum meta_token_kind kind)
{
	struct err err = ERR_INIT;
	int count = 0;

	CHECK(meta_token_list(tx, id, kind, no_token, &count, &err) == 0);
	return count;
}

static void insert_token(struct meta_tx *tx, int64_t owner, const char *id,
			 enum meta_token_kind kind)
{
	struct meta_token token = {.kind = kind, .principal_id = owner};
	struct err err = ERR_INIT;

	snprintf(token.id, sizeof(token.id), "%s", id);
	CHECK(meta_token_insert(tx, &token, span_of(""), &err) == 0);
}

static int passwords(struct meta_tx *tx, void *context, struct err *err)
{
	int64_t id = insert(tx, ACCOUNT, META_USER, "eve");
	struct meta_principal got;
	struct err none = ERR_INIT;

	(void)context;
	insert_token(tx, id, "api", META_TOKEN_API);
	insert_token(tx, id, "refresh", META_TOKEN_REFRESH);

	int64_t before = generation(tx);
	CHECK(meta_principal_rehash(tx, id, "dearer", err) == 0);
	CHECK(generation(tx) == before);
	CHECK(count_tokens(tx, id, META_TOKEN_REFRESH) == 1);
	CHECK(meta_principal_get(tx, id, &got, err) == 1);
	CHECK_TEXT(got.password_hash, "dearer");

	CHECK(meta_principal_set_password(tx, id, "other", err) == 0);
	CHECK(generation(tx) > before);
	CHECK(count_tokens(tx, id, META_TOKEN_REFRESH) == 0);
	CHECK(count_tokens(tx, id, META_TOKEN_API) == 1);
	CHECK(meta_principal_get(tx, id, &got, err) == 1);
	CHECK_TEXT(got.password_hash, "other");

	CHECK(meta_principal_set_password(tx, id + 1, "x", &none) == -1);
	CHECK(none.code == ERR_NOT_FOUND);
	err_clear(&none);
	CHECK(meta_principal_rehash(tx, id + 1, "x", &none) == -1);
	CHECK(none.code == ERR_NOT_FOUND);
	return 0;
}

static int64_t count_rows(struct meta_tx *tx, const char *sql, int64_t id)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	struct err err = ERR_INIT;

	CHECK(meta_query_open(&query, tx, sql, &err) == 0);
	meta_query_i64(&query, id);
	CHECK(meta_query_step(&query, &err) == 1);
	return meta_column_i64(&query, 0);
}

/* All that hangs on a principal; what is gone must be gone from each. */
static int64_t count_own(struct meta_tx *tx, int64_t id)
{
	static const char *const counts[] = {
		"SELECT COUNT(*) FROM principals WHERE id = $1",
		"SELECT COUNT(*) FROM memberships WHERE principal_id = $1",
		("SELECT COUNT(*) FROM attachments "
		 "WHERE holder_kind = 1 AND holder_id = $1"),
		"SELECT COUNT(*) FROM access_keys WHERE principal_id = $1",
		"SELECT COUNT(*) FROM tokens WHERE principal_id = $1",
		"SELECT COUNT(*) FROM certificates WHERE principal_id = $1",
	};
	int64_t all = 0;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		all += count_rows(tx, counts[i], id);
	return all;
}

static int64_t insert_with_all(struct meta_tx *tx, const char *name,
			       int64_t group)
{
	int64_t id = insert(tx, ACCOUNT, META_ROBOT, name);
	struct meta_holder holder = {META_HOLDER_PRINCIPAL, id};
	struct meta_access_key key = {.principal_id = id};
	struct err err = ERR_INIT;

	snprintf(key.id, sizeof(key.id), "K%s", name);
	CHECK(meta_group_add(tx, group, id, &err) == 1);
	CHECK(meta_policy_attach(tx, holder, SPAN_LIT(ACCOUNT),
				 SPAN_LIT("read-only"), SPAN_LIT("*"),
				 &err) == 1);
	CHECK(meta_access_key_insert(tx, &key, SPAN_LIT("x"), &err) == 0);
	insert_token(tx, id, name, META_TOKEN_API);
	CHECK(meta_certificate_add(tx, SPAN_LIT(ACCOUNT), span_of(name), id,
				   &err) == 0);
	return id;
}

static int deletes(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_group group = {.account = ACCOUNT, .name = "team"};
	struct err none = ERR_INIT;
	int64_t team = 0;

	(void)context;
	CHECK(meta_group_insert(tx, &group, &team, err) == 0);
	int64_t gone = insert_with_all(tx, "gone", team);
	int64_t stays = insert_with_all(tx, "stays", team);
	/* A group of the same id as the principal holds its own. */
	struct meta_holder holder = {META_HOLDER_GROUP, team};
	CHECK(meta_policy_attach(tx, holder, SPAN_LIT(ACCOUNT), SPAN_LIT("p"),
				 SPAN_LIT("*"), err) == 1);
	CHECK(gone == team);
	CHECK(count_own(tx, gone) == 6);
	CHECK(meta_principal_delete(tx, gone, err) == 0);
	CHECK(count_own(tx, gone) == 0);
	CHECK(count_own(tx, stays) == 6);
	CHECK(meta_policy_detach(tx, holder, SPAN_LIT("p"), SPAN_LIT("*"),
				 err) == 1);
	CHECK(meta_principal_delete(tx, gone, &none) == -1);
	CHECK(none.code == ERR_NOT_FOUND);
	return 0;
}

static int role_trust(struct meta_tx *tx, void *context, struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(64);
	int64_t role = insert(tx, ACCOUNT, META_ROLE, "deploy");
	int64_t user = insert(tx, ACCOUNT, META_USER, "eve");
	struct err none = ERR_INIT;

	(void)context;
	CHECK(meta_role_trust(tx, role, &text, err) == 0);
	CHECK(text.len == 0);
	CHECK(meta_role_set_trust(tx, role, SPAN_LIT("{}"), err) == 0);
	CHECK(meta_role_trust(tx, role, &text, err) == 0);
	CHECK_TEXT(buf_text(&text), "{}");
	CHECK(meta_role_trust(tx, user, &text, &none) == -1);
	CHECK(none.code == ERR_NOT_FOUND);
	err_clear(&none);
	CHECK(meta_role_set_trust(tx, user, SPAN_LIT("{}"), &none) == -1);
	CHECK(none.code == ERR_NOT_FOUND);
	return 0;
}

struct listing {
	char all[512];
	bool stop;
};

static int add_name(void *context, struct span name, struct err *err)
{
	struct listing *listing = context;
	size_t used = strlen(listing->all);

	if (listing->stop)
		return err_set(err, ERR_DENIED, "stop");
	snprintf(listing->all + used, sizeof(listing->all) - used, "%.*s ",
		 SPAN_ARG(name));
	return 0;
}

static int certificates(struct meta_tx *tx, void *context, struct err *err)
{
	int64_t eve = insert(tx, ACCOUNT, META_USER, "eve");
	int64_t bob = insert(tx, ACCOUNT, META_USER, "bob");
	struct span account = SPAN_LIT(ACCOUNT);
	struct span name = SPAN_LIT("DNS:build.example");
	struct listing listing = {.all = ""};
	struct err taken = ERR_INIT, none = ERR_INIT;
	int64_t id = -1;

	(void)context;
	CHECK(meta_certificate_find(tx, account, name, &id, err) == 0);
	CHECK(meta_certificate_add(tx, account, name, eve, err) == 0);
	CHECK(meta_certificate_add(tx, account, name, bob, &taken) == -1);
	CHECK(taken.code == ERR_EXISTS);
	CHECK(meta_certificate_add(tx, account, SPAN_LIT("x"), 99, &none) ==
	      -1);
	CHECK(none.code == ERR_NOT_FOUND);
	CHECK(meta_certificate_find(tx, account, name, &id, err) == 1);
	CHECK(id == eve);
	CHECK(meta_certificate_find(tx, SPAN_LIT(OTHER), name, &id, err) == 0);
	CHECK(meta_certificate_add(tx, account, SPAN_LIT("DNS:a"), eve, err) ==
	      0);
	CHECK(meta_certificate_list(tx, eve, add_name, &listing, err) == 0);
	CHECK_TEXT(listing.all, "DNS:a DNS:build.example ");
	CHECK(meta_certificate_remove(tx, account, name, bob, err) == 0);
	CHECK(meta_certificate_remove(tx, account, name, eve, err) == 1);
	CHECK(meta_certificate_remove(tx, account, name, eve, err) == 0);
	return 0;
}

static int add_principal(void *context, const struct meta_principal *principal,
			 struct err *err)
{
	return add_name(context, span_of(principal->name), err);
}

static void check_page(struct meta_tx *tx, const char *after, size_t limit,
		       const char *want, bool want_more)
{
	struct meta_principal_query asked = {
		.account = SPAN_LIT(ACCOUNT),
		.kind = META_USER,
		.after = span_of(after),
		.limit = limit,
	};
	struct listing listing = {.all = ""};
	struct err err = ERR_INIT;
	bool more = !want_more;

	CHECK(meta_principal_page(tx, &asked, add_principal, &listing, &more,
				  &err) == 0);
	CHECK_TEXT(listing.all, want);
	CHECK(more == want_more);
}

static int pages(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_principal_query asked = {
		.account = SPAN_LIT(ACCOUNT),
		.kind = META_USER,
		.limit = 9,
	};
	struct listing stopped = {.stop = true};
	struct err own = ERR_INIT;
	bool more = true;

	(void)context;
	(void)err;
	check_page(tx, "", 10, "", false);
	insert(tx, ACCOUNT, META_USER, "b");
	insert(tx, ACCOUNT, META_USER, "C");
	insert(tx, ACCOUNT, META_USER, "a-b");
	insert(tx, ACCOUNT, META_USER, "a.b");
	insert(tx, ACCOUNT, META_ROBOT, "ab");
	insert(tx, OTHER, META_USER, "aa");
	check_page(tx, "", 10, "C a-b a.b b ", false);
	check_page(tx, "", 4, "C a-b a.b b ", false);
	check_page(tx, "", 3, "C a-b a.b ", true);
	check_page(tx, "a.b", 3, "b ", false);
	check_page(tx, "a.a", 1, "a.b ", true);
	check_page(tx, "b", 1, "", false);
	check_page(tx, "", 0, "", true);
	CHECK(meta_principal_page(tx, &asked, add_principal, &stopped, &more,
				  &own) == -1);
	CHECK(own.code == ERR_DENIED);
	return 0;
}

static int fill_many(struct meta_tx *tx, void *context, struct err *err)
{
	(void)context;
	return meta_tx_run_on(
		       tx,
		       "INSERT INTO principals (id, account, name, kind, "
		       "password_hash, description, disabled, created_ms, "
		       "expires_ms, session_max_s, trust) "
		       "WITH RECURSIVE numbers(n) AS (SELECT 1000000 UNION ALL "
		       "SELECT n + 1 FROM numbers WHERE n < 999999 + $1) "
		       "SELECT n, '" ACCOUNT "', 'user' || n, 1, 'hash', '', "
		       "0, 0, 0, 0, '' FROM numbers",
		       MANY, err) == MANY
		       ? 0
		       : -1;
}

static int64_t read_so_far(void)
{
	FILE *file = fopen("/proc/self/io", "r");
	long long bytes = -1;

	CHECK(file && fscanf(file, "rchar: %lld", &bytes) == 1);
	fclose(file);
	return bytes;
}

/* What SQLite reads of its file does not grow with the page's place. */
static void test_far_pages_cost_what_near_ones_do(void)
{
	static const char *const places[] = {"", "user1050000", "user1099000"};
	struct meta *meta = meta_fixture_open();
	int64_t most = 0;

	meta_fixture_write(meta, fill_many, NULL);
	for (size_t i = 0; i < 3; i++) {
		struct meta_tx *tx = meta_fixture_read(meta);
		struct meta_principal_query asked = {
			.account = SPAN_LIT(ACCOUNT),
			.kind = META_USER,
			.after = span_of(places[i]),
			.limit = 10,
		};
		struct listing listing = {.all = ""};
		struct err err = ERR_INIT;
		bool more = false;
		int64_t before = read_so_far();

		CHECK(meta_principal_page(tx, &asked, add_principal, &listing,
					  &more, &err) == 0);
		int64_t bytes = read_so_far() - before;
		CHECK(more && strlen(listing.all) > 0);
		most = bytes > most ? bytes : most;
		meta_read_end(tx);
	}
	/* Of more than 10 MB: a few leaves and the way down to them. */
	CHECK(sql_fixture_postgres() || (most > 0 && most < 400000));
	meta_close(meta);
}

static int the_generation_grows(struct meta_tx *tx, void *context,
				struct err *err)
{
	int64_t before = generation(tx);

	(void)context;
	CHECK(meta_identity_changed(tx, err) == 0);
	CHECK(generation(tx) == before + 1);
	return 0;
}

#define TEST(work)                                                             \
	static void test_##work(void)                                          \
	{                                                                      \
		struct meta *meta = meta_fixture_open();                       \
                                                                               \
		meta_fixture_write(meta, work, NULL);                          \
		meta_close(meta);                                              \
	}

TEST(all_columns)
TEST(names)
TEST(updates)
TEST(passwords)
TEST(deletes)
TEST(role_trust)
TEST(certificates)
TEST(pages)
TEST(the_generation_grows)

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_all_columns),
		CHECK_CASE(test_names),
		CHECK_CASE(test_updates),
		CHECK_CASE(test_passwords),
		CHECK_CASE(test_deletes),
		CHECK_CASE(test_role_trust),
		CHECK_CASE(test_certificates),
		CHECK_CASE(test_pages),
		CHECK_CASE(test_the_generation_grows),
		CHECK_CASE(test_far_pages_cost_what_near_ones_do),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
