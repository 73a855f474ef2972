/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/used.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/err.h"
#include "storage/meta_credentials.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

#define START INT64_C(1700000040000) /* a whole minute */

static struct meta *meta;
static struct used *used;

static int insert(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_principal owner = {
		.kind = META_USER, .account = "000000000000", .name = "eve"};
	struct meta_access_key key = {.id = "BERTHONE"};
	struct meta_token token = {
		.id = "one", .kind = META_TOKEN_API, .hash = "00"};

	(void)context;
	if (meta_principal_insert(tx, &owner, &key.principal_id, err) < 0)
		return -1;
	token.principal_id = key.principal_id;
	if (meta_access_key_insert(tx, &key, SPAN_LIT("sealed"), err) < 0)
		return -1;
	return meta_token_insert(tx, &token, SPAN_LIT(""), err);
}

static void open_all(void)
{
	struct err err = ERR_INIT;

	atomic_store(&meta_fixture_ms, START);
	meta = meta_fixture_open();
	meta_fixture_write(meta, insert, NULL);
	CHECK(used_new(meta, &meta_fixture_clock, &used, &err) == 0);
}

static void close_all(void)
{
	used_free(used);
	meta_close(meta);
}

static void read_times(int64_t *ret_key_ms, int64_t *ret_token_ms)
{
	struct meta_tx *tx = meta_fixture_read(meta);
	struct meta_access_key key;
	struct meta_token token;
	struct err err = ERR_INIT;

	CHECK(meta_access_key_find(tx, SPAN_LIT("BERTHONE"), &key, NULL,
				   &err) == 1);
	CHECK(meta_token_find(tx, SPAN_LIT("one"), &token, NULL, &err) == 1);
	meta_read_end(tx);
	*ret_key_ms = key.used_ms;
	*ret_token_ms = token.used_ms;
}

static uint64_t writes(void)
{
	struct meta_counts counts;

	meta_read_counts(meta, &counts);
	return counts.writes;
}

static void test_what_was_noted_is_written(void)
{
	int64_t key_ms = 0;
	int64_t token_ms = 0;

	open_all();
	used_note(used, USED_ACCESS_KEY, SPAN_LIT("BERTHONE"), 0);
	read_times(&key_ms, &token_ms);
	CHECK(key_ms == 0 && token_ms == 0);
	used_tidy(used);
	read_times(&key_ms, &token_ms);
	CHECK(key_ms == START && token_ms == 0);
	atomic_fetch_add(&meta_fixture_ms, 5);
	used_note(used, USED_TOKEN, SPAN_LIT("one"), 0);
	used_tidy(used);
	read_times(&key_ms, &token_ms);
	CHECK(key_ms == START && token_ms == START);
	close_all();
}

static void test_a_minute_costs_one_write(void)
{
	open_all();
	uint64_t before = writes();

	for (int i = 0; i < 3; i++) {
		used_note(used, USED_ACCESS_KEY, SPAN_LIT("BERTHONE"), 0);
		used_note(used, USED_ACCESS_KEY, SPAN_LIT("BERTHONE"), 0);
	}
	used_tidy(used);
	CHECK(writes() == before + 1);
	used_tidy(used);
	used_note(used, USED_ACCESS_KEY, SPAN_LIT("BERTHONE"), START);
	atomic_fetch_add(&meta_fixture_ms, 59999);
	used_note(used, USED_ACCESS_KEY, SPAN_LIT("BERTHONE"), START);
	used_tidy(used);
	CHECK(writes() == before + 1);
	atomic_fetch_add(&meta_fixture_ms, 1);
	used_note(used, USED_ACCESS_KEY, SPAN_LIT("BERTHONE"), START);
	used_tidy(used);
	CHECK(writes() == before + 2);
	close_all();
}

/* A key that was deleted meanwhile, one that no row can have, and more than
 * there is room for. */
static void test_nothing_noted_can_fail(void)
{
	int64_t key_ms = 0;
	int64_t token_ms = 0;
	char id[64];

	open_all();
	used_note(used, USED_ACCESS_KEY, SPAN_LIT("BERTHONE"), 0);
	for (int i = 0; i < 5000; i++) {
		int len = snprintf(id, sizeof(id), "%0*d", i % 60, i);

		used_note(used, i % 2 ? USED_TOKEN : USED_ACCESS_KEY,
			  span_make(id, (size_t)len), 0);
	}
	used_tidy(used);
	read_times(&key_ms, &token_ms);
	CHECK(key_ms == START);
	close_all();
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_what_was_noted_is_written),
		CHECK_CASE(test_a_minute_costs_one_write),
		CHECK_CASE(test_nothing_noted_can_fail),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
