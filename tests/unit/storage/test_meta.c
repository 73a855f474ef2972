/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "storage/meta_events.h"
#include "storage/meta_repositories.h"
#include "storage/meta_tx.h"
#include "storage/sql_driver.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

#define THREADS 8
#define WRITES 40

struct naming {
	const char *name;
	int64_t id;
	bool made;
	int fail; /* 0 hold, 1 fail by itself, 2 fail in a statement */
};

static int work_ensure(struct meta_tx *tx, void *context, struct err *err)
{
	struct naming *naming = context;
	int64_t ignored = 0;

	if (meta_repository_ensure(tx, meta_fixture_scope,
				   span_of(naming->name), &naming->id,
				   &naming->made, err) < 0)
		return -1;
	if (naming->fail == 1)
		return err_set(err, ERR_DENIED, "on purpose");
	if (naming->fail == 2) {
		CLEANUP(meta_query_close)
		struct meta_query query = META_QUERY_INIT;

		if (meta_query_open(&query, tx,
				    "INSERT INTO counters (name, value) "
				    "VALUES ('event', 0)",
				    err) < 0)
			return -1;
		return meta_query_run(&query, err) < 0 ? -1 : 0;
	}
	return meta_counter_add(tx, SPAN_LIT("group"), 1, &ignored, err);
}

static int find(struct meta *meta, const char *name, int64_t *ret_id)
{
	struct err err = ERR_INIT;
	struct meta_tx *tx = meta_fixture_read(meta);
	int rc = meta_repository_find(tx, meta_fixture_scope, span_of(name),
				      ret_id, &err);

	CHECK(rc >= 0);
	meta_read_end(tx);
	return rc;
}

static void test_what_was_written_is_read(void)
{
	struct meta *meta = meta_fixture_open();
	struct naming naming = {.name = "a/b"};
	int64_t id = 0;

	CHECK(find(meta, "a/b", &id) == 0);
	meta_fixture_write(meta, work_ensure, &naming);
	CHECK(naming.made && naming.id > 0);
	CHECK(find(meta, "a/b", &id) == 1 && id == naming.id);
	meta_fixture_write(meta, work_ensure, &naming);
	CHECK(!naming.made && naming.id == id);
	meta_close(meta);
}

static void test_a_write_that_fails_leaves_no_trace(void)
{
	struct meta *meta = meta_fixture_open();

	for (int fail = 1; fail <= 2; fail++) {
		struct naming naming = {.name = "gone", .fail = fail};
		struct err err = ERR_INIT;
		int64_t id = -7;

		CHECK(meta_write(meta, work_ensure, &naming, &err) == -1);
		CHECK(err.code == (fail == 1 ? ERR_DENIED : ERR_CONFLICT));
		CHECK(find(meta, "gone", &id) == 0);
		CHECK(id == -7);
	}
	struct naming naming = {.name = "stays"};
	meta_fixture_write(meta, work_ensure, &naming);
	/* The id that the failed ones took was given back with them. */
	CHECK(naming.id == 1);
	meta_close(meta);
}

static int work_ignores_failure(struct meta_tx *tx, void *context,
				struct err *err)
{
	struct naming naming = {.name = "ignored", .fail = 2};
	struct err ignored = ERR_INIT;

	(void)context;
	(void)err;
	CHECK(work_ensure(tx, &naming, &ignored) == -1);
	CHECK(ignored.code == ERR_CONFLICT);
	return 0;
}

static void test_a_failed_statement_cannot_be_ignored(void)
{
	struct meta *meta = meta_fixture_open();
	struct err err = ERR_INIT;
	int64_t id = 0;

	CHECK(meta_write(meta, work_ignores_failure, NULL, &err) == -1);
	CHECK(err.code == ERR_INTERNAL);
	CHECK(find(meta, "ignored", &id) == 0);
	meta_close(meta);
}

struct worker {
	struct meta *meta;
	int number;
	int held;
	int refused;
};

static void *worker_main(void *argument)
{
	struct worker *worker = argument;

	for (int i = 0; i < WRITES; i++) {
		char name[32];
		struct naming naming = {.name = name};
		struct err err = ERR_INIT;
		int64_t id = 0;

		snprintf(name, sizeof(name), "r%d-%d", worker->number, i);
		naming.fail = i % 3;
		int rc = meta_write(worker->meta, work_ensure, &naming, &err);
		CHECK(rc == (naming.fail ? -1 : 0));
		/* What holds is visible as soon as its write returns. */
		CHECK(find(worker->meta, name, &id) == !naming.fail);
		worker->held += rc == 0;
		worker->refused += rc != 0;
	}
	return NULL;
}

static void test_concurrent_writes_share_commits_and_harm_none(void)
{
	struct meta *meta = meta_fixture_open();
	struct worker workers[THREADS];
	pthread_t threads[THREADS];
	struct meta_counts counts;
	uint64_t held = 0;
	int64_t users = 0;

	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.meta = meta, .number = i};
		CHECK(pthread_create(&threads[i], NULL, worker_main,
				     &workers[i]) == 0);
	}
	for (int i = 0; i < THREADS; i++) {
		CHECK(pthread_join(threads[i], NULL) == 0);
		held += (uint64_t)workers[i].held;
	}
	meta_read_counts(meta, &counts);
	CHECK(counts.writes == held);
	CHECK(counts.commits > 0 && counts.commits <= held);
	CHECK(counts.failures == 0);

	struct err err = ERR_INIT;
	struct meta_tx *tx = meta_fixture_read(meta);
	CHECK(meta_counter_read(tx, SPAN_LIT("group"), &users, &err) == 0);
	CHECK((uint64_t)users == held);
	meta_read_end(tx);
	meta_close(meta);
}

static void test_a_read_sees_one_moment(void)
{
	struct meta *meta = meta_fixture_open();
	struct naming naming = {.name = "first"};
	struct err err = ERR_INIT;
	int64_t id = 0;

	struct meta_tx *tx = meta_fixture_read(meta);
	CHECK(meta_repository_find(tx, meta_fixture_scope, SPAN_LIT("first"),
				   &id, &err) == 0);
	meta_fixture_write(meta, work_ensure, &naming);
	CHECK(meta_repository_find(tx, meta_fixture_scope, SPAN_LIT("first"),
				   &id, &err) == 0);
	meta_read_end(tx);
	CHECK(find(meta, "first", &id) == 1);
	meta_close(meta);
}

static void test_everything_is_there_after_reopening(void)
{
	struct meta *meta = meta_fixture_open();
	struct naming naming = {.name = "kept"};
	struct err err = ERR_INIT;
	int64_t id = 0;

	meta_fixture_write(meta, work_ensure, &naming);
	meta_close(meta);
	CHECK(meta_open(sql_fixture_again(), &meta_fixture_clock, &meta,
			&err) == 0);
	CHECK(find(meta, "kept", &id) == 1 && id == naming.id);
	CHECK(meta_ping(meta, &err) == 0);
	CHECK_TEXT(meta_driver_name(meta),
		   sql_fixture_postgres() ? "postgresql" : "sqlite");
	CHECK(meta_exclusive(meta) == !sql_fixture_postgres());
	meta_close(meta);
}

static void test_many_readers_at_once(void)
{
	struct meta *meta = meta_fixture_open();
	struct meta_tx *all[24];

	for (size_t round = 0; round < 2; round++) {
		for (size_t i = 0; i < 24; i++)
			all[i] = meta_fixture_read(meta);
		for (size_t i = 0; i < 24; i++) {
			CHECK(meta_tx_now_ms(all[i]) == meta_fixture_ms);
			meta_read_end(all[i]);
		}
	}
	meta_read_end(NULL);
	meta_close(meta);
	meta_close(NULL);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_what_was_written_is_read),
		CHECK_CASE(test_a_write_that_fails_leaves_no_trace),
		CHECK_CASE(test_a_failed_statement_cannot_be_ignored),
		CHECK_CASE(test_concurrent_writes_share_commits_and_harm_none),
		CHECK_CASE(test_a_read_sees_one_moment),
		CHECK_CASE(test_everything_is_there_after_reopening),
		CHECK_CASE(test_many_readers_at_once),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
