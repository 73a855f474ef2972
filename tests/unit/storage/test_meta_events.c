/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_events.h"

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

static int append(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_event event = {
		.kind = SPAN_LIT("tag.move"),
		.repository = SPAN_LIT("team/app"),
		.digest = SPAN_LIT("sha256:ab"),
		.tag = span_of(context),
		.actor = SPAN_LIT("user/eve"),
		.detail = SPAN_LIT("{\"from\":1}"),
	};

	if (meta_event_append(tx, SCOPE, &event, err) < 0)
		return -1;
	if (strcmp(context, "fails") == 0)
		return err_set(err, ERR_DENIED, "on purpose");
	event.tag = SPAN_LIT("elsewhere");
	return strcmp(context, "two") == 0
		       ? meta_event_append(tx, other_scope, &event, err)
		       : 0;
}

struct seen {
	char tags[128];
	int64_t last;
};

static int collect(void *context, const struct meta_event_row *row,
		   struct err *err)
{
	struct seen *seen = context;
	size_t used = strlen(seen->tags);

	if (span_equal(row->event.tag, SPAN_LIT("stop")))
		return err_set(err, ERR_DENIED, "stop");
	CHECK(row->number > seen->last);
	CHECK(row->at_ms == meta_fixture_ms);
	CHECK(span_equal(row->event.kind, SPAN_LIT("tag.move")));
	CHECK(span_equal(row->event.repository, SPAN_LIT("team/app")));
	CHECK(span_equal(row->event.digest, SPAN_LIT("sha256:ab")));
	CHECK(span_equal(row->event.actor, SPAN_LIT("user/eve")));
	CHECK(span_equal(row->event.detail, SPAN_LIT("{\"from\":1}")));
	seen->last = row->number;
	snprintf(seen->tags + used, sizeof(seen->tags) - used, "%.*s ",
		 SPAN_ARG(row->event.tag));
	return 0;
}

static void check_page(struct meta *meta, struct meta_scope scope,
		       int64_t after, size_t limit, const char *want)
{
	struct meta_tx *tx = meta_fixture_read(meta);
	struct seen seen = {.last = after};
	struct err err = ERR_INIT;

	CHECK(meta_event_page(tx, scope, after, limit, collect, &seen, &err) ==
	      0);
	CHECK_TEXT(seen.tags, want);
	meta_read_end(tx);
}

static void test_events_are_read_in_order_from_a_cursor(void)
{
	struct meta *meta = meta_fixture_open();

	check_page(meta, SCOPE, 0, 10, "");
	meta_fixture_write(meta, append, "one");
	meta_fixture_write(meta, append, "two");
	meta_fixture_write(meta, append, "three");
	check_page(meta, SCOPE, 0, 10, "one two three ");
	check_page(meta, SCOPE, 0, 2, "one two ");
	check_page(meta, SCOPE, 1, 10, "two three ");
	check_page(meta, SCOPE, 2, 10, "three ");
	check_page(meta, SCOPE, 4, 10, "");
	check_page(meta, other_scope, 0, 10, "elsewhere ");
	meta_close(meta);
}

/* A number is never skipped over: one that was taken back is given anew. */
static void test_a_failed_write_leaves_no_gap(void)
{
	struct meta *meta = meta_fixture_open();
	struct err err = ERR_INIT;

	meta_fixture_write(meta, append, "one");
	CHECK(meta_write(meta, append, "fails", &err) == -1);
	meta_fixture_write(meta, append, "next");
	check_page(meta, SCOPE, 0, 10, "one next ");
	check_page(meta, SCOPE, 1, 10, "next ");
	check_page(meta, SCOPE, 2, 10, "");
	meta_close(meta);
}

static void test_a_callback_can_stop(void)
{
	struct meta *meta = meta_fixture_open();
	struct err err = ERR_INIT;
	struct seen seen = {.last = 0};

	meta_fixture_write(meta, append, "one");
	meta_fixture_write(meta, append, "stop");
	meta_fixture_write(meta, append, "three");
	struct meta_tx *tx = meta_fixture_read(meta);
	CHECK(meta_event_page(tx, SCOPE, 0, 9, collect, &seen, &err) == -1);
	CHECK(err.code == ERR_DENIED);
	CHECK_TEXT(seen.tags, "one ");
	meta_read_end(tx);
	meta_close(meta);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_events_are_read_in_order_from_a_cursor),
		CHECK_CASE(test_a_failed_write_leaves_no_gap),
		CHECK_CASE(test_a_callback_can_stop),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
