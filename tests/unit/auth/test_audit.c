/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/audit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/jsonx.h"
#include "base/metrics.h"
#include "storage/meta_audit.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_faulty.h"
#include "tests/lib/sql_fixture.h"

#define ACCOUNT SPAN_LIT("000000000000")
#define DAY INT64_C(86400000)

static struct meta *meta;
static struct sql_driver *sql;
static struct metrics *metrics;
static struct audit *audit;

static void start(int64_t retention_ms)
{
	struct audit_config config = {.meta = meta,
				      .clock = &meta_fixture_clock,
				      .metrics = metrics,
				      .account = ACCOUNT,
				      .retention_ms = retention_ms};
	struct err err = ERR_INIT;

	CHECK(audit_new(&config, &audit, &err) == 0);
}

static void open_all(void)
{
	struct err err = ERR_INIT;

	sql = sql_faulty_new(sql_fixture_new());
	CHECK(meta_open(sql, &meta_fixture_clock, &meta, &err) == 0);
	CHECK(metrics_new(&metrics, &err) == 0);
	atomic_store(&meta_fixture_ms, 1000 * DAY);
	start(0);
}

static void close_all(void)
{
	audit_free(audit);
	audit_free(NULL);
	metrics_free(metrics);
	meta_close(meta);
}

static void note(const char *actor, const char *source, const char *detail)
{
	struct meta_audit entry = {.kind = SPAN_LIT("auth.failure"),
				   .outcome = SPAN_LIT("denied"),
				   .actor = span_of(actor),
				   .source = span_of(source),
				   .request_id = SPAN_LIT("id"),
				   .detail = span_of(detail)};

	audit_note(audit, &entry);
}

/* What is in the log, once the writer has gone. */
struct seen {
	size_t rows;
	int64_t entries; /* with the counts of rows that stand for several */
	int64_t dropped;
	char actor[300];
	char detail[400];
};

static int see(void *context, const struct meta_audit_row *row, struct err *err)
{
	struct seen *seen = context;
	const struct meta_audit *entry = &row->entry;
	json_t *detail = NULL;
	json_int_t count = 1;

	(void)err;
	if (entry->detail.len > 0) {
		detail = json_loadb(entry->detail.text, entry->detail.len, 0,
				    NULL);
		CHECK(detail);
	}
	if (json_object_get(detail, "count"))
		count = json_integer_value(json_object_get(detail, "count"));
	json_decref(detail);
	if (span_equal(entry->kind, SPAN_LIT("audit.dropped"))) {
		seen->dropped += count;
		return 0;
	}
	seen->rows++;
	seen->entries += count;
	snprintf(seen->actor, sizeof(seen->actor), "%.*s",
		 SPAN_ARG(entry->actor));
	snprintf(seen->detail, sizeof(seen->detail), "%.*s",
		 SPAN_ARG(entry->detail));
	return 0;
}

static struct seen read_log(void)
{
	struct meta_audit_check check = {.number = 0};
	struct meta_audit_filter all = {.after = 0};
	struct meta_tx *tx = meta_fixture_read(meta);
	struct seen seen = {.rows = 0};
	struct err err = ERR_INIT;
	bool more = false;

	CHECK(meta_audit_page(tx, ACCOUNT, &all, 100000, see, &seen, &more,
			      &err) == 0);
	CHECK(meta_audit_verify(tx, ACCOUNT, &check, 1000000, &err) == 0);
	CHECK(check.done && check.broken == 0);
	meta_read_end(tx);
	return seen;
}

static struct seen stop_and_read(void)
{
	audit_free(audit);
	audit = NULL;
	return read_log();
}

static void wait_a_little(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void test_what_is_noted_is_written(void)
{
	open_all();
	note("eve", "192.0.2.1", "{\"reason\":\"wrong password\"}");
	struct seen seen = stop_and_read();
	CHECK(seen.rows == 1 && seen.entries == 1);
	CHECK_TEXT(seen.actor, "eve");
	CHECK_TEXT(seen.detail, "{\"reason\":\"wrong password\"}");
	close_all();
}

static void test_equal_ones_become_one_with_a_count(void)
{
	open_all();
	for (int i = 0; i < 10000; i++)
		note("eve", "192.0.2.1", "{\"reason\":\"x\"}");
	note("eve", "192.0.2.2", "");
	note("bob", "192.0.2.1", "");
	note("bob", "192.0.2.1", "{}");
	struct seen seen = stop_and_read();
	CHECK(seen.rows >= 4 && seen.rows <= 10);
	CHECK(seen.entries == 10003 && seen.dropped == 0);
	close_all();
}

/* More different ones than there is room for are counted, and none of it takes
 * memory or rows without end. */
static void test_what_does_not_fit_is_counted(void)
{
	char actor[32];

	open_all();
	for (int i = 0; i < 20000; i++) {
		snprintf(actor, sizeof(actor), "eve %d", i);
		note(actor, "192.0.2.1", "");
	}
	struct seen seen = stop_and_read();
	CHECK(seen.rows >= 1024 && seen.rows < 10000);
	CHECK(seen.entries + seen.dropped == 20000);
	close_all();
}

static void test_any_bytes_can_be_noted(void)
{
	static char longer[2000];

	memset(longer, 'x', sizeof(longer) - 1);
	open_all();
	note("a\xff\xc0\n\x1b[0m\xc3\xa9", "192.0.2.1", "");
	struct seen seen = stop_and_read();
	CHECK_TEXT(seen.actor, "a????[0m\xc3\xa9");
	start(0);
	note(longer, "192.0.2.1", longer);
	seen = stop_and_read();
	CHECK(strlen(seen.actor) == 256);
	CHECK_TEXT(seen.detail, "");
	close_all();
}

static void test_a_failing_database_is_tried_again(void)
{
	struct meta_counts counts = {.failures = 0};

	open_all();
	sql_faulty_arm(sql, SQL_FAULTY_COMMIT, 0, 1);
	note("eve", "192.0.2.1", "");
	while (counts.failures == 0) {
		wait_a_little();
		meta_read_counts(meta, &counts);
	}
	note("eve", "192.0.2.1", "");
	struct seen seen = stop_and_read();
	CHECK(seen.entries == 2 && seen.dropped == 0);
	close_all();
}

/* Who has no right but to ask, and asks about ever other things. */
static void test_one_takes_no_place_of_others(void)
{
	char text[64];
	struct meta_audit entry = {.kind = SPAN_LIT("access.denied"),
				   .outcome = SPAN_LIT("denied"),
				   .actor = SPAN_LIT("eve")};

	open_all();
	for (int i = 0; i < 20000; i++) {
		snprintf(text, sizeof(text), "target %d", i);
		entry.source = SPAN_LIT("192.0.2.1");
		entry.target = span_of(text);
		audit_note(audit, &entry);
		snprintf(text, sizeof(text), "2001:db8::%x", i);
		entry.source = span_of(text);
		entry.target = SPAN_LIT("");
		audit_note(audit, &entry);
	}
	note("bob", "192.0.2.1", "");
	struct seen seen = stop_and_read();
	CHECK(seen.rows >= 67 && seen.rows < 100);
	CHECK(seen.entries == 40001 && seen.dropped == 0);
	close_all();
}

static void test_old_entries_go(void)
{
	open_all();
	note("old", "192.0.2.1", "");
	CHECK(stop_and_read().rows == 1);
	atomic_fetch_add(&meta_fixture_ms, 2 * DAY);
	start(3 * DAY);
	note("new", "192.0.2.1", "");
	CHECK(stop_and_read().rows == 2);
	start(DAY);
	while (read_log().rows == 2)
		wait_a_little();
	struct seen seen = stop_and_read();
	CHECK(seen.rows == 1);
	CHECK_TEXT(seen.actor, "new");
	close_all();
}

static void *use(void *context)
{
	for (int i = 0; i < 5000; i++)
		note(context, i % 2 ? "192.0.2.1" : "192.0.2.2", "");
	return NULL;
}

static void test_threads_may_share_it(void)
{
	static char names[4][2] = {"a", "b", "c", "a"};
	pthread_t threads[4];

	open_all();
	for (size_t i = 0; i < 4; i++)
		CHECK(pthread_create(&threads[i], NULL, use, names[i]) == 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	struct seen seen = stop_and_read();
	CHECK(seen.entries == 20000);
	close_all();
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_what_is_noted_is_written),
		CHECK_CASE(test_equal_ones_become_one_with_a_count),
		CHECK_CASE(test_what_does_not_fit_is_counted),
		CHECK_CASE(test_any_bytes_can_be_noted),
		CHECK_CASE(test_a_failing_database_is_tried_again),
		CHECK_CASE(test_one_takes_no_place_of_others),
		CHECK_CASE(test_old_entries_go),
		CHECK_CASE(test_threads_may_share_it),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
