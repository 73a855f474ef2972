/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/upload_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "storage/registry.h"
#include "tests/lib/check.h"

#define IDLE_MAX 256 /* as storage/upload_table.c has it */

static struct upload uploads[IDLE_MAX + 2];
static struct upload_table *table;

static bool is_mine(const struct upload *upload, const struct registry_at *at)
{
	return span_equal(span_of(upload->actor), at->actor);
}

static const struct registry_at eve = {.actor = {.text = "eve", .len = 3}};
static const struct registry_at bob = {.actor = {.text = "bob", .len = 3}};

static void open_table(void)
{
	static char actor[] = "eve";
	struct err err = ERR_INIT;

	CHECK(upload_table_new(&table, &err) == 0);
	for (size_t i = 0; i < IDLE_MAX + 2; i++) {
		snprintf(uploads[i].id, sizeof(uploads[i].id), "upload-%zu", i);
		uploads[i].actor = actor;
		list_init(&uploads[i].idle);
	}
}

/* Nothing of a test's upload is to be closed: take all out first. */
static void close_table(void)
{
	bool known = false;

	for (size_t i = 0; i < IDLE_MAX + 2; i++) {
		struct span id = span_of(uploads[i].id);

		if (!upload_table_knows(table, id))
			continue;
		upload_table_take_idle(table, id, &known);
		upload_table_remove(table, &uploads[i]);
	}
	upload_table_free(table);
	upload_table_free(NULL);
}

static enum upload_found take(const char *id, const struct registry_at *at,
			      struct upload **ret_upload)
{
	return upload_table_take(table, span_of(id), is_mine, at, ret_upload);
}

static void check_counts(int64_t held, int64_t idle)
{
	int64_t got_held = -1, got_idle = -1;

	upload_table_count(table, &got_held, &got_idle);
	CHECK(got_held == held && got_idle == idle);
}

static void test_one_holds_it_at_a_time(void)
{
	struct upload *got = NULL;

	open_table();
	CHECK(take("upload-0", &eve, &got) == UPLOAD_FOUND_NONE);
	upload_table_add(table, &uploads[0]);
	check_counts(1, 0);
	CHECK(take("upload-0", &eve, &got) == UPLOAD_FOUND_BUSY);
	CHECK(take("upload-0", &bob, &got) == UPLOAD_FOUND_FOREIGN);
	CHECK(!got);
	CHECK(!upload_table_put(table, &uploads[0]));
	check_counts(0, 1);
	CHECK(take("upload-0", &bob, &got) == UPLOAD_FOUND_FOREIGN);
	CHECK(take("upload-0", &eve, &got) == UPLOAD_FOUND);
	CHECK(got == &uploads[0]);
	CHECK(take("upload-0", &eve, &got) == UPLOAD_FOUND_BUSY);
	upload_table_remove(table, &uploads[0]);
	CHECK(take("upload-0", &eve, &got) == UPLOAD_FOUND_NONE);
	check_counts(0, 0);
	close_table();
}

static void test_an_id_is_added_once(void)
{
	static struct upload twin;

	open_table();
	memcpy(twin.id, uploads[0].id, sizeof(twin.id));
	CHECK(upload_table_try_add(table, &uploads[0]));
	CHECK(!upload_table_try_add(table, &twin));
	check_counts(1, 0);
	CHECK(!upload_table_put(table, &uploads[0]));
	CHECK(!upload_table_try_add(table, &twin));
	close_table();
}

static void test_its_offset_is_seen_held_or_not(void)
{
	uint64_t offset = 7;

	open_table();
	upload_table_add(table, &uploads[1]);
	uploads[1].offset = 4711;
	CHECK(upload_table_peek(table, SPAN_LIT("upload-1"), is_mine, &bob,
				&offset) == UPLOAD_FOUND_FOREIGN);
	CHECK(upload_table_peek(table, SPAN_LIT("upload-2"), is_mine, &eve,
				&offset) == UPLOAD_FOUND_NONE);
	CHECK(offset == 7);
	CHECK(upload_table_peek(table, SPAN_LIT("upload-1"), is_mine, &eve,
				&offset) == UPLOAD_FOUND);
	CHECK(offset == 4711);
	CHECK(!upload_table_put(table, &uploads[1]));
	CHECK(upload_table_peek(table, SPAN_LIT("upload-1"), is_mine, &eve,
				&offset) == UPLOAD_FOUND);
	close_table();
}

static void test_the_longest_idle_makes_place(void)
{
	struct upload *got = NULL;

	open_table();
	for (size_t i = 0; i < IDLE_MAX; i++) {
		upload_table_add(table, &uploads[i]);
		CHECK(!upload_table_put(table, &uploads[i]));
	}
	/* Used again, it is the newest. */
	CHECK(take("upload-0", &eve, &got) == UPLOAD_FOUND);
	CHECK(!upload_table_put(table, &uploads[0]));
	upload_table_add(table, &uploads[IDLE_MAX]);
	CHECK(upload_table_put(table, &uploads[IDLE_MAX]) == &uploads[1]);
	CHECK(uploads[1].held);
	CHECK(take("upload-1", &eve, &got) == UPLOAD_FOUND_BUSY);
	check_counts(1, IDLE_MAX);
	close_table();
}

static void test_what_expires_is_taken_whosever_it_is(void)
{
	bool known = true;

	open_table();
	CHECK(!upload_table_take_idle(table, SPAN_LIT("upload-0"), &known));
	CHECK(!known);
	upload_table_add(table, &uploads[0]);
	CHECK(!upload_table_take_idle(table, SPAN_LIT("upload-0"), &known));
	CHECK(known);
	CHECK(!upload_table_put(table, &uploads[0]));
	CHECK(upload_table_take_idle(table, SPAN_LIT("upload-0"), &known) ==
	      &uploads[0]);
	CHECK(known && uploads[0].held);
	close_table();
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_one_holds_it_at_a_time),
		CHECK_CASE(test_an_id_is_added_once),
		CHECK_CASE(test_its_offset_is_seen_held_or_not),
		CHECK_CASE(test_the_longest_idle_makes_place),
		CHECK_CASE(test_what_expires_is_taken_whosever_it_is),
	};

	return CHECK_RUN(argc, argv, cases);
}
