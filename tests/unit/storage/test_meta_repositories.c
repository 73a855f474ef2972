/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_repositories.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

#define SCOPE meta_fixture_scope

static const struct meta_scope other_scope = {
	.account = {.text = "111111111111", .len = 12},
	.region = {.text = "local", .len = 5},
};

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

static int64_t ensure(struct meta_tx *tx, struct meta_scope scope,
		      const char *name, bool want_made)
{
	struct err err = ERR_INIT;
	int64_t id = 0;
	bool made = !want_made;

	CHECK(meta_repository_ensure(tx, scope, span_of(name), &id, &made,
				     &err) == 0);
	CHECK(made == want_made && id > 0);
	return id;
}

static int names_are_of_their_scope(struct meta_tx *tx, void *context,
				    struct err *err)
{
	int64_t a = ensure(tx, SCOPE, "team/app", true);
	int64_t b = ensure(tx, other_scope, "team/app", true);
	int64_t id = -5;

	(void)context;
	CHECK(a != b);
	CHECK(ensure(tx, SCOPE, "team/app", false) == a);
	CHECK(meta_repository_find(tx, other_scope, SPAN_LIT("team/app"), &id,
				   err) == 1);
	CHECK(id == b);
	CHECK(meta_repository_find(tx, SCOPE, SPAN_LIT("team/ap"), &id, err) ==
	      0);
	CHECK(meta_repository_find(tx, SCOPE, SPAN_LIT("team/App"), &id, err) ==
	      0);
	CHECK(id == b);
	return 0;
}

static void check_page(struct meta_tx *tx, const char *after, size_t limit,
		       const char *want, bool want_more)
{
	struct err err = ERR_INIT;
	struct names names = {.count = 0};
	bool more = !want_more;

	CHECK(meta_repository_page(tx, SCOPE, span_of(after), limit, collect,
				   &names, &more, &err) == 0);
	CHECK_TEXT(names.all, want);
	CHECK(more == want_more);
}

static int pages_are_in_byte_order(struct meta_tx *tx, void *context,
				   struct err *err)
{
	static const char *const names[] = {"b",   "a",	  "a/b", "a-b",
					    "a.b", "a_b", "0",	 "a0"};

	(void)context;
	(void)err;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ensure(tx, SCOPE, names[i], true);
	ensure(tx, other_scope, "other", true);
	check_page(tx, "", 100, "0 a a-b a.b a/b a0 a_b b ", false);
	check_page(tx, "", 8, "0 a a-b a.b a/b a0 a_b b ", false);
	check_page(tx, "", 7, "0 a a-b a.b a/b a0 a_b ", true);
	check_page(tx, "a", 2, "a-b a.b ", true);
	check_page(tx, "a.", 2, "a.b a/b ", true);
	check_page(tx, "a_b", 1, "b ", false);
	check_page(tx, "b", 5, "", false);
	check_page(tx, "zzz", 5, "", false);
	check_page(tx, "", 0, "", true);
	check_page(tx, "b", 0, "", false);
	check_page(tx, "a", SIZE_MAX, "a-b a.b a/b a0 a_b b ", false);
	return 0;
}

static int a_callback_can_stop(struct meta_tx *tx, void *context,
			       struct err *err)
{
	struct names names = {.stop_after = 2};
	struct err own = ERR_INIT;
	bool more = true;

	(void)context;
	(void)err;
	ensure(tx, SCOPE, "a", true);
	ensure(tx, SCOPE, "b", true);
	CHECK(meta_repository_page(tx, SCOPE, span_of(""), 10, collect, &names,
				   &more, &own) == -1);
	CHECK(own.code == ERR_DENIED && more);
	CHECK_TEXT(names.all, "a ");
	check_page(tx, "", 10, "a b ", false);
	return 0;
}

static void test_names_are_of_their_scope(void)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_write(meta, names_are_of_their_scope, NULL);
	meta_close(meta);
}

static void test_pages_are_in_byte_order(void)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_write(meta, pages_are_in_byte_order, NULL);
	meta_close(meta);
}

static void test_a_callback_can_stop(void)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_write(meta, a_callback_can_stop, NULL);
	meta_close(meta);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_names_are_of_their_scope),
		CHECK_CASE(test_pages_are_in_byte_order),
		CHECK_CASE(test_a_callback_can_stop),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
