/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/throttle.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "storage/meta_logins.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_faulty.h"
#include "tests/lib/sql_fixture.h"

#define EVE "eve"
#define HOME "192.0.2.1"
#define AWAY "198.51.100.1"
#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

static struct meta *meta;
static struct sql_driver *sql;
static struct throttle *throttle;

static void start(void)
{
	struct throttle_config config = {.meta = meta,
					 .clock = &meta_fixture_clock,
					 .free_tries = 3,
					 .wait_max_ms = 60000,
					 .key = {1, 2, 3}};
	struct err err = ERR_INIT;

	CHECK(throttle_new(&config, &throttle, &err) == 0);
}

static void open_all(void)
{
	struct err err = ERR_INIT;

	sql = sql_faulty_new(sql_fixture_new());
	CHECK(meta_open(sql, &meta_fixture_clock, &meta, &err) == 0);
	atomic_store(&meta_fixture_ms, 1000 * DAY);
	start();
}

static void restart(void)
{
	throttle_free(throttle);
	start();
}

static void close_all(void)
{
	throttle_free(throttle);
	throttle_free(NULL);
	meta_close(meta);
}

/* Seconds to wait, or 0. */
static int ask(const char *name, const char *source)
{
	struct err err = ERR_INIT;

	if (throttle_ask(throttle, span_of(name), span_of(source), &err) == 0)
		return 0;
	CHECK(err.code == ERR_TOO_MANY && err.after_s > 0);
	return err.after_s;
}

static void fail(const char *name, const char *source, int count)
{
	for (int i = 0; i < count; i++)
		throttle_failed(throttle, span_of(name), span_of(source));
}

static void succeed(const char *name, const char *source)
{
	throttle_succeeded(throttle, span_of(name), span_of(source));
}

static void pass(int64_t ms)
{
	atomic_fetch_add(&meta_fixture_ms, ms);
}

static void test_a_few_tries_are_free_then_waits_double(void)
{
	open_all();
	CHECK(ask(EVE, HOME) == 0);
	fail(EVE, HOME, 2);
	CHECK(ask(EVE, HOME) == 0);
	for (int wait = 1; wait < 60; wait *= 2) {
		fail(EVE, HOME, 1);
		CHECK(ask(EVE, HOME) == wait);
		pass(wait * 1000 - 1);
		CHECK(ask(EVE, HOME) == 1);
		pass(1);
		CHECK(ask(EVE, HOME) == 0);
	}
	fail(EVE, HOME, 1);
	CHECK(ask(EVE, HOME) == 60);
	fail(EVE, HOME, 1000000 / 1000);
	CHECK(ask(EVE, HOME) == 60);
	close_all();
}

static void test_counts_halve_with_time(void)
{
	open_all();
	fail(EVE, HOME, 8);
	CHECK(ask(EVE, HOME) == 32);
	pass(HOUR);
	CHECK(ask(EVE, HOME) == 0);
	fail(EVE, HOME, 1);
	CHECK(ask(EVE, HOME) == 4);
	pass(10 * HOUR);
	fail(EVE, HOME, 2);
	CHECK(ask(EVE, HOME) == 0);
	close_all();
}

static void test_a_success_starts_anew(void)
{
	open_all();
	fail(EVE, HOME, 4);
	CHECK(ask(EVE, HOME) > 0);
	succeed(EVE, HOME);
	CHECK(ask(EVE, HOME) == 0);
	fail(EVE, HOME, 2);
	CHECK(ask(EVE, HOME) == 0);
	close_all();
}

/* One who tries many names from one place is slowed down as such. */
static void test_an_address_has_a_count_of_its_own(void)
{
	char name[32];

	open_all();
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "user %d", i);
		CHECK(ask(name, AWAY) == 0);
		fail(name, AWAY, 1);
	}
	CHECK(ask("another", AWAY) > 0);
	CHECK(ask("another", HOME) == 0);
	/* An account of his own does not clear it. */
	succeed("mallory", AWAY);
	CHECK(ask("another", AWAY) > 0);
	CHECK(ask("mallory", AWAY) == 0);
	close_all();
}

static void test_a_network_of_ipv6_is_one_address(void)
{
	char source[64];

	open_all();
	for (int i = 0; i < 3; i++) {
		snprintf(source, sizeof(source), "2001:db8:1:2::%x", i);
		fail(EVE, source, 1);
	}
	CHECK(ask(EVE, "2001:db8:1:2:ffff::1") > 0);
	CHECK(ask(EVE, "2001:db8:1:3::1") == 0);
	fail(EVE, "::ffff:192.0.2.9", 3);
	CHECK(ask(EVE, "192.0.2.9") > 0);
	close_all();
}

static void flood_eve(void)
{
	char source[64];

	for (int i = 0; i < 200; i++) {
		snprintf(source, sizeof(source), "203.0.113.%d", i);
		fail(EVE, source, 1);
	}
}

/* A name that is tried from everywhere is slowed down everywhere, but for whom
 * has logged in from where he is. */
static void test_nobody_is_locked_out_of_where_he_was(void)
{
	open_all();
	succeed(EVE, HOME);
	flood_eve();
	CHECK(ask(EVE, AWAY) > 0);
	CHECK(ask(EVE, HOME) == 0);
	fail("other", HOME, 100);
	CHECK(ask("other", HOME) > 0);
	CHECK(ask(EVE, HOME) == 0);
	/* His own mistakes count, and only they. */
	fail(EVE, HOME, 3);
	CHECK(ask(EVE, HOME) == 1);
	pass(31 * DAY);
	flood_eve();
	CHECK(ask(EVE, HOME) > 0);
	close_all();
}

/* Nor by so many names that the table overflows. */
static void test_a_flood_of_names_forgets_nobody_who_is_known(void)
{
	char name[32];

	open_all();
	succeed(EVE, HOME);
	for (int i = 0; i < 50000; i++) {
		snprintf(name, sizeof(name), "user %d", i);
		fail(name, AWAY, 1);
	}
	flood_eve();
	CHECK(ask(EVE, HOME) == 0);
	CHECK(ask(EVE, AWAY) > 0);
	throttle_tidy(throttle);
	restart();
	CHECK(ask(EVE, HOME) == 0);
	CHECK(ask(EVE, AWAY) > 0);
	close_all();
}

static void test_a_restart_forgives_nothing(void)
{
	open_all();
	succeed(EVE, HOME);
	fail(EVE, HOME, 6);
	fail("other", AWAY, 4);
	flood_eve();
	restart();
	CHECK(ask(EVE, HOME) == 8);
	CHECK(ask("other", AWAY) == 2);
	CHECK(ask(EVE, "192.0.2.77") > 0);
	pass(8000);
	CHECK(ask(EVE, HOME) == 0);
	/* A clock that was set back makes nobody wait for it. */
	throttle_free(throttle);
	pass(-DAY);
	start();
	CHECK(ask(EVE, HOME) <= 8);
	close_all();
}

static int count_row(void *context, const struct meta_login *login,
		     struct err *err)
{
	size_t *rows = context;

	(void)err;
	CHECK(strspn(login->subject, "0123456789abcdef") == 32);
	CHECK(strlen(login->subject) == 32);
	(*rows)++;
	return 0;
}

static size_t count_rows(void)
{
	struct meta_tx *tx = meta_fixture_read(meta);
	struct err err = ERR_INIT;
	size_t rows = 0;

	CHECK(meta_login_list(tx, 0, 1000000, count_row, &rows, &err) == 0);
	meta_read_end(tx);
	return rows;
}

/* What is not in the table any more is not in the database either; and no name
 * is. */
static void test_the_database_holds_what_the_table_does(void)
{
	char name[32];

	open_all();
	for (int i = 0; i < 40000; i++) {
		snprintf(name, sizeof(name), "secret %d", i);
		fail(name, AWAY, 1);
		if (i % 100 == 0)
			throttle_tidy(throttle);
	}
	throttle_tidy(throttle);
	CHECK(count_rows() <= 16384);
	CHECK(count_rows() > 8000);
	close_all();
}

static void test_a_failing_database_is_tried_again(void)
{
	open_all();
	fail(EVE, HOME, 4);
	sql_faulty_arm(sql, SQL_FAULTY_STEP, 0, 1);
	throttle_tidy(throttle);
	CHECK(sql_faulty_disarm(sql));
	CHECK(count_rows() == 0);
	CHECK(ask(EVE, HOME) > 0);
	throttle_tidy(throttle);
	CHECK(count_rows() == 3);
	close_all();
}

static void test_nothing_is_written_for_nothing(void)
{
	struct meta_counts before;
	struct meta_counts after;

	open_all();
	succeed(EVE, HOME);
	throttle_tidy(throttle);
	meta_read_counts(meta, &before);
	throttle_tidy(throttle);
	succeed(EVE, HOME);
	throttle_tidy(throttle);
	meta_read_counts(meta, &after);
	CHECK(after.commits == before.commits);
	pass(HOUR);
	succeed(EVE, HOME);
	throttle_tidy(throttle);
	meta_read_counts(meta, &after);
	CHECK(after.commits == before.commits + 1);
	close_all();
}

static void *use(void *context)
{
	const char *name = context;

	for (int i = 0; i < 500; i++) {
		ask(name, HOME);
		fail(name, HOME, 1);
		if (i % 50 == 0)
			succeed(name, HOME);
	}
	return NULL;
}

static void test_threads_may_share_it(void)
{
	static char names[4][2] = {"a", "b", "c", "a"};
	pthread_t threads[4];

	open_all();
	for (size_t i = 0; i < 4; i++)
		CHECK(pthread_create(&threads[i], NULL, use, names[i]) == 0);
	for (int i = 0; i < 20; i++)
		throttle_tidy(throttle);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CHECK(ask("a", HOME) > 0);
	close_all();
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_few_tries_are_free_then_waits_double),
		CHECK_CASE(test_counts_halve_with_time),
		CHECK_CASE(test_a_success_starts_anew),
		CHECK_CASE(test_an_address_has_a_count_of_its_own),
		CHECK_CASE(test_a_network_of_ipv6_is_one_address),
		CHECK_CASE(test_nobody_is_locked_out_of_where_he_was),
		CHECK_CASE(test_a_flood_of_names_forgets_nobody_who_is_known),
		CHECK_CASE(test_a_restart_forgives_nothing),
		CHECK_CASE(test_the_database_holds_what_the_table_does),
		CHECK_CASE(test_a_failing_database_is_tried_again),
		CHECK_CASE(test_nothing_is_written_for_nothing),
		CHECK_CASE(test_threads_may_share_it),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
