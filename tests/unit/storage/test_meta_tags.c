/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_tags.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

#define SCOPE meta_fixture_scope

/* The names of a listing, each followed by a blank. */
struct names {
	char all[1024];
	size_t stop_after; /* the callback fails at that many; 0: never */
	size_t count;
};

static int collect(void *context, struct span name, struct err *err)
{
	struct names *names = context;
	size_t used = strlen(names->all);

	names->count++;
	if (names->stop_after && names->count >= names->stop_after)
		return err_set(err, ERR_DENIED, "stop");
	snprintf(names->all + used, sizeof(names->all) - used, "%.*s ",
		 SPAN_ARG(name));
	return 0;
}

static int a_tag_moves(struct meta_tx *tx, void *context, struct err *err)
{
	struct digest one = meta_fixture_digest(1);
	struct digest two = meta_fixture_digest(2);
	struct digest got = meta_fixture_digest(99);
	struct digest none = got;

	(void)context;
	CHECK(meta_tag_find(tx, 7, SPAN_LIT("v1"), &got, err) == 0);
	CHECK(meta_tag_put(tx, 7, SPAN_LIT("v1"), &one, &got, err) == 0);
	CHECK(digest_equal(&got, &none));
	CHECK(meta_tag_find(tx, 7, SPAN_LIT("v1"), &got, err) == 1);
	CHECK(digest_equal(&got, &one));
	got = none;
	CHECK(meta_tag_put(tx, 7, SPAN_LIT("v1"), &one, &got, err) == 2);
	CHECK(digest_equal(&got, &none));
	CHECK(meta_tag_put(tx, 7, SPAN_LIT("v1"), &two, &got, err) == 1);
	CHECK(digest_equal(&got, &one));
	CHECK(meta_tag_find(tx, 7, SPAN_LIT("v1"), &got, err) == 1);
	CHECK(digest_equal(&got, &two));
	CHECK(meta_tag_find(tx, 8, SPAN_LIT("v1"), &got, err) == 0);
	CHECK(meta_tag_find(tx, 7, SPAN_LIT("V1"), &got, err) == 0);
	return 0;
}

static int a_tag_goes(struct meta_tx *tx, void *context, struct err *err)
{
	struct digest one = meta_fixture_digest(1);
	struct digest got = meta_fixture_digest(99);
	struct digest ignored;

	(void)context;
	CHECK(meta_tag_put(tx, 7, SPAN_LIT("a"), &one, &ignored, err) == 0);
	CHECK(meta_tag_put(tx, 7, SPAN_LIT("b"), &one, &ignored, err) == 0);
	CHECK(meta_tag_delete(tx, 8, SPAN_LIT("a"), &got, err) == 0);
	CHECK(meta_tag_delete(tx, 7, SPAN_LIT("a"), &got, err) == 1);
	CHECK(digest_equal(&got, &one));
	CHECK(meta_tag_delete(tx, 7, SPAN_LIT("a"), &got, err) == 0);
	CHECK(meta_tag_find(tx, 7, SPAN_LIT("b"), &got, err) == 1);
	return 0;
}

static void check_page(struct meta_tx *tx, const char *after, size_t limit,
		       const char *want, bool want_more)
{
	struct err err = ERR_INIT;
	struct names names = {.count = 0};
	bool more = !want_more;

	CHECK(meta_tag_page(tx, 7, span_of(after), limit, collect, &names,
			    &more, &err) == 0);
	CHECK_TEXT(names.all, want);
	CHECK(more == want_more);
}

static int pages_are_in_byte_order(struct meta_tx *tx, void *context,
				   struct err *err)
{
	static const char *const tags[] = {"latest", "1.10",  "1.9",
					   "_x",     "Alpha", "alpha"};
	struct digest one = meta_fixture_digest(1);
	struct digest ignored;

	(void)context;
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		CHECK(meta_tag_put(tx, 7, span_of(tags[i]), &one, &ignored,
				   err) == 0);
	CHECK(meta_tag_put(tx, 6, SPAN_LIT("b"), &one, &ignored, err) == 0);
	CHECK(meta_tag_put(tx, 8, SPAN_LIT("b"), &one, &ignored, err) == 0);
	check_page(tx, "", 9, "1.10 1.9 Alpha _x alpha latest ", false);
	check_page(tx, "", 2, "1.10 1.9 ", true);
	check_page(tx, "1.9", 2, "Alpha _x ", true);
	check_page(tx, "_x", 2, "alpha latest ", false);
	check_page(tx, "b", 2, "latest ", false);
	check_page(tx, "latest", 2, "", false);
	return 0;
}

static void test_a_tag_moves(void)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_write(meta, a_tag_moves, NULL);
	meta_close(meta);
}

static void test_a_tag_goes(void)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_write(meta, a_tag_goes, NULL);
	meta_close(meta);
}

static void test_pages_are_in_byte_order(void)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_write(meta, pages_are_in_byte_order, NULL);
	meta_close(meta);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_tag_moves),
		CHECK_CASE(test_a_tag_goes),
		CHECK_CASE(test_pages_are_in_byte_order),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
