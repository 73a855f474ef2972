/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "storage/meta.h"
#include "storage/meta_repositories.h"
#include "storage/meta_tx.h"
#include "storage/sql_driver.h"
#include "tests/lib/meta_calls.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_faulty.h"
#include "tests/lib/sql_fixture.h"

struct attempt {
	const struct meta_call *call;
	struct meta_call_output output;
	bool keep; /* commit it */
	bool held; /* the call itself returned 0 */
};

static struct sql_driver *driver;

static struct meta *open_faulty(void)
{
	struct err err = ERR_INIT;
	struct meta *meta = NULL;

	driver = sql_faulty_new(sql_fixture_new());
	CHECK(meta_open(driver, &meta_fixture_clock, &meta, &err) == 0);
	meta_calls_fill(meta);
	return meta;
}

static int run_call(struct meta_tx *tx, void *context, struct err *err)
{
	struct attempt *attempt = context;

	attempt->held = attempt->call->run(tx, &attempt->output, err) == 0;
	if (!attempt->held)
		return -1;
	if (!attempt->keep)
		return err_set(err, ERR_DENIED, "to be undone");
	return 0;
}

/* A number that any change of any row changes, but for times. */
static int64_t fingerprint(struct meta *meta)
{
	static const char *const sums[] = {
		"SELECT SUM(value * LENGTH(name)) FROM counters",
		"SELECT SUM(id * LENGTH(name)) FROM repositories",
		"SELECT SUM(id * 7 + state * 3 + size) FROM blobs",
		"SELECT COUNT(*) FROM repository_blobs",
		"SELECT SUM(size + LENGTH(subject)) FROM manifests",
		"SELECT COUNT(*) FROM manifest_references",
		"SELECT SUM(LENGTH(name)) FROM tags WHERE digest < 'sha256:06'",
		"SELECT SUM(LENGTH(name)) FROM tags",
		"SELECT COUNT(*) FROM uploads",
		"SELECT SUM(number) FROM events",
		("SELECT SUM(id * LENGTH(password_hash) + disabled * 3 + "
		 "LENGTH(trust)) FROM principals"),
		"SELECT COUNT(*) FROM certificates",
		"SELECT SUM(id * LENGTH(description)) FROM principal_groups",
		"SELECT COUNT(*) FROM memberships",
		"SELECT SUM(LENGTH(document)) FROM policies",
		"SELECT COUNT(*) FROM attachments",
		"SELECT SUM(LENGTH(document)) FROM repository_policies",
		"SELECT SUM(LENGTH(document)) FROM registry_policies",
		("SELECT SUM(used_ms + disabled + LENGTH(sealed)) "
		 "FROM access_keys"),
		"SELECT SUM(used_ms + LENGTH(id)) FROM tokens",
		"SELECT SUM(retired_ms + LENGTH(sealed)) FROM signing_keys",
		"SELECT SUM(LENGTH(audiences)) FROM issuers",
		"SELECT SUM(failures + 1) FROM logins",
		"SELECT SUM(number) FROM audit",
		"SELECT SUM(LENGTH(term)) FROM audit_terms",
		"SELECT SUM(number * 7 + base_number) FROM audit_heads",
	};
	struct meta_tx *tx = meta_fixture_read(meta);
	int64_t all = 0;

	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
		CLEANUP(meta_query_close)
		struct meta_query query = META_QUERY_INIT;
		struct err err = ERR_INIT;

		CHECK(meta_query_open(&query, tx, sums[i], &err) == 0);
		CHECK(meta_query_step(&query, &err) == 1);
		/* PostgreSQL sums to a numeric: its bytes tell as well. */
		struct span sum = meta_column_blob(&query, 0);
		for (size_t at = 0; at < sum.len; at++)
			all = (all * 31 + sum.text[at]) % 1000000007;
		all = (all * 31 + meta_column_i64(&query, 0)) % 1000000007;
	}
	meta_read_end(tx);
	return all;
}

/* Let the nth statement fail; false once there are no more that many. */
static bool fail_at(struct meta *meta, const struct meta_call *call,
		    unsigned kind, long nth)
{
	struct attempt attempt = {.call = call};
	struct meta_call_output before;
	struct err err = ERR_INIT;

	memset(&attempt.output, 0xa5, sizeof(attempt.output));
	before = attempt.output;
	sql_faulty_arm(driver, kind, nth, 1);
	CHECK(meta_write(meta, run_call, &attempt, &err) == -1);
	if (!sql_faulty_disarm(driver)) {
		CHECK(attempt.held && err.code == ERR_DENIED);
		return false;
	}
	if (attempt.held || err.code != ERR_NO_SPACE)
		fprintf(stderr, "%s, %ld: %s\n", call->name, nth, err.text);
	CHECK(!attempt.held && err.code == ERR_NO_SPACE);
	CHECK(memcmp(&before, &attempt.output, sizeof(before)) == 0);
	return true;
}

static void test_a_failed_statement_leaves_outputs_and_rows_alone(void)
{
	static const unsigned kinds[] = {SQL_FAULTY_PREPARE, SQL_FAULTY_STEP};
	struct meta *meta = open_faulty();
	int64_t before = fingerprint(meta);

	sql_faulty_code(driver, ERR_NO_SPACE, false);
	for (size_t i = 0; i < meta_calls_count; i++)
		for (size_t kind = 0; kind < 2; kind++) {
			long nth = 0;

			while (fail_at(meta, &meta_calls[i], kinds[kind], nth))
				nth++;
			if (nth == 0)
				fprintf(stderr, "%s\n", meta_calls[i].name);
			CHECK(nth > 0);
			CHECK(fingerprint(meta) == before);
		}
	meta_close(meta);
}

static void test_what_failed_once_holds_the_next_time(void)
{
	for (size_t i = 0; i < meta_calls_count; i += 9) {
		if (sql_fixture_postgres() && i > 0)
			break;
		struct meta *meta = open_faulty();
		struct attempt attempt = {.call = &meta_calls[i], .keep = true};
		struct err err = ERR_INIT;

		sql_faulty_arm(driver, SQL_FAULTY_STEP, 0, 1);
		CHECK(meta_write(meta, run_call, &attempt, &err) == -1);
		CHECK(err.code == ERR_IO);
		meta_fixture_write(meta, run_call, &attempt);
		meta_close(meta);
	}
}

/* A commit that fails: nothing is there, the connection is replaced. */
static void test_a_failed_commit_leaves_no_trace(void)
{
	struct meta *meta = open_faulty();
	int64_t before = fingerprint(meta);
	struct meta_counts counts;

	for (int round = 0; round < 3; round++) {
		struct attempt attempt = {.call = &meta_calls[1], .keep = true};
		struct err err = ERR_INIT;

		sql_faulty_arm(driver, SQL_FAULTY_COMMIT, 0, 1);
		CHECK(meta_write(meta, run_call, &attempt, &err) == -1);
		CHECK(err.code == ERR_IO);
		CHECK(sql_faulty_disarm(driver));
		CHECK(fingerprint(meta) == before);
	}
	struct attempt attempt = {.call = &meta_calls[1], .keep = true};
	meta_fixture_write(meta, run_call, &attempt);
	CHECK(fingerprint(meta) != before);
	meta_read_counts(meta, &counts);
	CHECK(counts.failures == 3);
	meta_close(meta);
}

/* One write of a group, and another that is refused for what it finds. */
struct pair {
	struct meta *meta;
	atomic_bool held_up; /* the writer is, so that both queue */
	atomic_int ready;    /* of the two, about to be queued */
	bool shared;	     /* the second saw what the first did */
	struct err refusal;
};

static int hold_up(struct meta_tx *tx, void *context, struct err *err)
{
	struct pair *pair = context;

	(void)tx;
	(void)err;
	atomic_store(&pair->held_up, true);
	while (atomic_load(&pair->ready) < 2)
		sched_yield();
	nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	return 0;
}

static int ensure_pair(struct meta_tx *tx, bool *ret_made, struct err *err)
{
	const struct meta_scope scope = {.account = SPAN_LIT("000000000000"),
					 .region = SPAN_LIT("local")};
	int64_t id = 0;

	return meta_repository_ensure(tx, scope, SPAN_LIT("pair"), &id,
				      ret_made, err);
}

static int make_first(struct meta_tx *tx, void *context, struct err *err)
{
	bool made = false;

	(void)context;
	return ensure_pair(tx, &made, err);
}

static int refuse_second(struct meta_tx *tx, void *context, struct err *err)
{
	struct pair *pair = context;
	bool made = false;

	if (ensure_pair(tx, &made, err) < 0)
		return -1;
	pair->shared = pair->shared || !made;
	return err_set(err, ERR_EXISTS, "the first was there");
}

static void *write_first(void *context)
{
	struct pair *pair = context;
	struct err err = ERR_INIT;

	while (!atomic_load(&pair->held_up))
		sched_yield();
	atomic_fetch_add(&pair->ready, 1);
	CHECK(meta_write(pair->meta, make_first, pair, &err) == -1);
	return NULL;
}

static void *write_second(void *context)
{
	struct pair *pair = context;

	while (atomic_load(&pair->ready) < 1)
		sched_yield();
	nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	atomic_fetch_add(&pair->ready, 1);
	CHECK(meta_write(pair->meta, refuse_second, pair, &pair->refusal) ==
	      -1);
	return NULL;
}

/* Nobody is refused for a change that was never committed. */
static void test_a_refusal_for_what_never_was_is_none(void)
{
	struct meta *meta = open_faulty();
	struct pair pair = {.meta = meta};

	for (int tries = 0; tries < 100 && !pair.shared; tries++) {
		pthread_t threads[2];
		struct err err = ERR_INIT;

		pair = (struct pair){.meta = meta, .refusal = ERR_INIT};
		sql_faulty_arm(driver, SQL_FAULTY_COMMIT, 1, 1);
		CHECK(pthread_create(&threads[0], NULL, write_first, &pair) ==
		      0);
		CHECK(pthread_create(&threads[1], NULL, write_second, &pair) ==
		      0);
		CHECK(meta_write(meta, hold_up, &pair, &err) == 0);
		for (int i = 0; i < 2; i++)
			CHECK(pthread_join(threads[i], NULL) == 0);
		CHECK(sql_faulty_disarm(driver));
	}
	CHECK(pair.shared);
	CHECK(pair.refusal.code == ERR_IO);
	meta_close(meta);
}

/* The answer of a commit is lost: the caller hears so, the change is there. */
static void test_a_lost_answer_is_no_success(void)
{
	struct meta *meta = open_faulty();
	int64_t before = fingerprint(meta);
	struct attempt attempt = {.call = &meta_calls[1], .keep = true};
	struct err err = ERR_INIT;

	sql_faulty_arm(driver, SQL_FAULTY_COMMIT_LOST, 0, 1);
	CHECK(meta_write(meta, run_call, &attempt, &err) == -1);
	CHECK(err.code == ERR_UNAVAILABLE);
	CHECK(fingerprint(meta) != before);
	sql_faulty_disarm(driver);
	meta_fixture_write(meta, run_call, &attempt);
	meta_close(meta);
}

/* An idle connection that was closed meanwhile is replaced without a word. */
static void test_a_stale_connection_is_replaced(void)
{
	struct meta *meta = open_faulty();
	struct attempt attempt = {.call = &meta_calls[1], .keep = true};
	struct meta_tx *tx = NULL;
	struct err err = ERR_INIT;

	sql_faulty_code(driver, ERR_UNAVAILABLE, true);
	sql_faulty_arm(driver, SQL_FAULTY_BEGIN, 0, 1);
	meta_fixture_write(meta, run_call, &attempt);
	CHECK(sql_faulty_disarm(driver));

	meta_read_end(meta_fixture_read(meta));
	sql_faulty_arm(driver, SQL_FAULTY_BEGIN, 0, 1);
	meta_read_end(meta_fixture_read(meta));
	CHECK(sql_faulty_disarm(driver));

	sql_faulty_arm(driver, SQL_FAULTY_BEGIN, 0, 100);
	CHECK(meta_write(meta, run_call, &attempt, &err) == -1);
	CHECK(err.code == ERR_UNAVAILABLE);
	err_clear(&err);
	CHECK(meta_read_begin(meta, &tx, &err) == -1);
	CHECK(err.code == ERR_UNAVAILABLE && !tx);
	sql_faulty_disarm(driver);
	err_clear(&err);
	CHECK(meta_ping(meta, &err) == 0);
	meta_fixture_ms += 200;
	meta_fixture_write(meta, run_call, &attempt);
	meta_close(meta);
}

/* While nothing connects writes fail at once and connecting is not hammered. */
static void test_no_connection_fails_fast(void)
{
	struct meta *meta = open_faulty();
	struct attempt attempt = {.call = &meta_calls[1], .keep = true};
	struct err err = ERR_INIT;

	sql_faulty_arm(driver, SQL_FAULTY_COMMIT, 0, 1);
	CHECK(meta_write(meta, run_call, &attempt, &err) == -1);
	sql_faulty_arm(driver, SQL_FAULTY_CONNECT, 0, 2);
	for (int i = 0; i < 5; i++) {
		err_clear(&err);
		CHECK(meta_write(meta, run_call, &attempt, &err) == -1);
		CHECK(err.code == ERR_UNAVAILABLE);
	}
	/* One of the two failures is used up; the next try meets the other. */
	meta_fixture_ms += 200;
	err_clear(&err);
	CHECK(meta_write(meta, run_call, &attempt, &err) == -1);
	meta_fixture_ms += 199;
	err_clear(&err);
	CHECK(meta_write(meta, run_call, &attempt, &err) == -1);
	meta_fixture_ms += 1;
	meta_fixture_write(meta, run_call, &attempt);
	meta_close(meta);
}

static int reset_events(struct meta_tx *tx, void *context, struct err *err)
{
	int64_t value = 0;

	(void)context;
	return meta_counter_add(tx, SPAN_LIT("event"), -1, &value, err);
}

static int append_event(struct meta_tx *tx, void *context, struct err *err)
{
	struct attempt *attempt = context;

	for (size_t i = 0; i < meta_calls_count; i++)
		if (strcmp(meta_calls[i].name, "meta_event_append") == 0)
			return meta_calls[i].run(tx, &attempt->output, err);
	return err_set(err, ERR_INTERNAL, "there is no such call");
}

/* A database that lost acknowledged changes is not written to. */
static void test_a_database_that_went_back_is_refused(void)
{
	struct meta *meta = open_faulty();
	struct attempt attempt = {.keep = true};
	struct err err = ERR_INIT;

	meta_fixture_write(meta, append_event, &attempt);
	meta_fixture_write(meta, reset_events, NULL);
	/* Lose the connection: what is there is looked at again. */
	sql_faulty_arm(driver, SQL_FAULTY_COMMIT, 0, 1);
	CHECK(meta_write(meta, reset_events, NULL, &err) == -1);
	sql_faulty_disarm(driver);
	err_clear(&err);
	CHECK(meta_write(meta, append_event, &attempt, &err) == -1);
	CHECK(err.code == ERR_CORRUPT);
	CHECK(strstr(err.text, "went back"));
	meta_close(meta);
}

/* Open while the nth call fails; false once it opens unharmed. */
static bool open_failing_at(unsigned kind, long nth)
{
	struct meta *meta = NULL;
	struct err err = ERR_INIT;

	driver = sql_faulty_new(sql_fixture_again());
	sql_faulty_arm(driver, kind, nth, 1);
	if (meta_open(driver, &meta_fixture_clock, &meta, &err) < 0) {
		CHECK(err.code != ERR_NONE && !meta);
		return true;
	}
	CHECK(!sql_faulty_disarm(driver));
	meta_close(meta);
	return false;
}

static void test_opening_fails_cleanly_at_every_step(void)
{
	static const unsigned kinds[] = {
		SQL_FAULTY_PREPARE, SQL_FAULTY_STEP,	SQL_FAULTY_BEGIN,
		SQL_FAULTY_COMMIT,  SQL_FAULTY_CONNECT,
	};
	struct sql_driver *first = sql_fixture_new();

	first->ops->free(first);
	for (size_t kind = 0; kind < 5; kind++) {
		long nth = 0;

		while (open_failing_at(kinds[kind], nth))
			nth++;
		CHECK(nth > 0 && nth < 50);
	}
	struct meta *meta = NULL;
	struct err err = ERR_INIT;
	CHECK(meta_open(sql_fixture_again(), &meta_fixture_clock, &meta,
			&err) == 0);
	meta_calls_fill(meta);
	meta_close(meta);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(
			test_a_failed_statement_leaves_outputs_and_rows_alone),
		CHECK_CASE(test_what_failed_once_holds_the_next_time),
		CHECK_CASE(test_a_failed_commit_leaves_no_trace),
		CHECK_CASE(test_a_refusal_for_what_never_was_is_none),
		CHECK_CASE(test_a_lost_answer_is_no_success),
		CHECK_CASE(test_a_stale_connection_is_replaced),
		CHECK_CASE(test_no_connection_fails_fast),
		CHECK_CASE(test_a_database_that_went_back_is_refused),
		CHECK_CASE(test_opening_fails_cleanly_at_every_step),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
