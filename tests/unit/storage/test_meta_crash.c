/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "storage/meta.h"
#include "storage/meta_events.h"
#include "storage/meta_repositories.h"
#include "storage/meta_tx.h"
#include "storage/sql_driver.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

#define SCOPE meta_fixture_scope
#define THREADS 4
#define WRITES 25

struct naming {
	char name[32];
	struct span detail; /* of its event */
};

static int work_name(struct meta_tx *tx, void *context, struct err *err)
{
	struct naming *naming = context;
	struct meta_event event = {
		.kind = SPAN_LIT("test"),
		.repository = span_of(naming->name),
		.detail = naming->detail,
	};
	int64_t id = 0;
	bool made = false;

	if (meta_repository_ensure(tx, SCOPE, span_of(naming->name), &id, &made,
				   err) < 0)
		return -1;
	return meta_event_append(tx, SCOPE, &event, err);
}

static int write_name(struct meta *meta, int writer, int number,
		      struct span detail, struct err *err)
{
	struct naming naming = {.detail = detail};

	snprintf(naming.name, sizeof(naming.name), "r%d-%d", writer, number);
	return meta_write(meta, work_name, &naming, err);
}

static bool is_there(struct meta *meta, int writer, int number)
{
	struct meta_tx *tx = meta_fixture_read(meta);
	struct err err = ERR_INIT;
	char name[32];
	int64_t id = 0;

	snprintf(name, sizeof(name), "r%d-%d", writer, number);
	int rc = meta_repository_find(tx, SCOPE, span_of(name), &id, &err);
	CHECK(rc >= 0);
	meta_read_end(tx);
	return rc == 1;
}

struct seen {
	int64_t last;
	int64_t count;
};

static int count_event(void *context, const struct meta_event_row *row,
		       struct err *err)
{
	struct seen *seen = context;

	(void)err;
	CHECK(row->number == seen->last + 1);
	seen->last = row->number;
	seen->count++;
	return 0;
}

/* Numbered from 1 without a gap. */
static int64_t count_events(struct meta *meta)
{
	struct meta_tx *tx = meta_fixture_read(meta);
	struct seen seen = {.last = 0};
	struct err err = ERR_INIT;

	CHECK(meta_event_page(tx, SCOPE, 0, 100000, count_event, &seen, &err) ==
	      0);
	meta_read_end(tx);
	return seen.count;
}

static struct meta *reopen(void)
{
	struct err err = ERR_INIT;
	struct meta *meta = NULL;

	if (meta_open(sql_fixture_again(), &meta_fixture_clock, &meta, &err) <
	    0)
		fprintf(stderr, "%s\n", err.text);
	CHECK(meta);
	return meta;
}

/* Write until killed; tell each number once its write has returned. */
static _Noreturn void write_for_ever(int out)
{
	struct meta *meta = reopen();

	for (int i = 0;; i++) {
		struct err err = ERR_INIT;

		if (write_name(meta, 0, i, span_of(""), &err) < 0 ||
		    write(out, &i, sizeof(i)) != (ssize_t)sizeof(i))
			_exit(1);
	}
}

static void test_what_was_acknowledged_survives_a_kill(void)
{
	int pipes[2];
	int acknowledged = -1;
	int status = 0;

	meta_close(meta_fixture_open());
	CHECK(pipe(pipes) == 0);
	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		close(pipes[0]);
		write_for_ever(pipes[1]);
	}
	close(pipes[1]);
	while (acknowledged < 30)
		CHECK(read(pipes[0], &acknowledged, sizeof(acknowledged)) ==
		      (ssize_t)sizeof(acknowledged));
	CHECK(kill(child, SIGKILL) == 0);
	while (read(pipes[0], &acknowledged, sizeof(acknowledged)) ==
	       (ssize_t)sizeof(acknowledged))
		;
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFSIGNALED(status));

	struct meta *meta = reopen();
	for (int i = 0; i <= acknowledged; i++)
		CHECK(is_there(meta, 0, i));
	int64_t events = count_events(meta);
	/* One more may have been committed and not told. */
	CHECK(events >= acknowledged + 1 && events <= acknowledged + 2);
	close(pipes[0]);
	meta_close(meta);
}

struct worker {
	struct meta *meta;
	int number;
};

static void *worker_main(void *argument)
{
	struct worker *worker = argument;

	for (int i = 0; i < WRITES; i++) {
		struct err err = ERR_INIT;

		if (write_name(worker->meta, worker->number, i, span_of(""),
			       &err) < 0)
			fprintf(stderr, "%s\n", err.text);
		CHECK(err.code == ERR_NONE);
	}
	return NULL;
}

/* Several servers on one database number their events as one. */
static void test_two_servers_share_a_database(void)
{
	struct meta *metas[2] = {meta_fixture_open(), reopen()};
	struct worker workers[THREADS];
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.meta = metas[i % 2], .number = i};
		CHECK(pthread_create(&threads[i], NULL, worker_main,
				     &workers[i]) == 0);
	}
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	for (int i = 0; i < 2; i++) {
		CHECK(count_events(metas[i]) == THREADS * WRITES);
		CHECK(is_there(metas[i], 0, WRITES - 1));
		CHECK(is_there(metas[i], 1, WRITES - 1));
	}
	meta_close(metas[0]);
	meta_close(metas[1]);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
	limit.rlim_cur = bytes;
	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

/* The log cannot grow: writes fail and leave nothing, until it can again. */
static void test_a_medium_that_takes_no_more_writes(void)
{
	static char big[600 * 1024];

	if (sql_fixture_postgres())
		return;
	memset(big, 'x', sizeof(big));
	struct meta *meta = meta_fixture_open();
	struct err err = ERR_INIT;
	CHECK(write_name(meta, 1, 0, span_of("small"), &err) == 0);

	signal(SIGXFSZ, SIG_IGN);
	limit_files(512 * 1024);
	for (int i = 1; i < 4; i++) {
		err_clear(&err);
		CHECK(write_name(meta, 1, i, span_make(big, sizeof(big)),
				 &err) == -1);
		CHECK(err.code == ERR_IO || err.code == ERR_NO_SPACE ||
		      err.code == ERR_UNAVAILABLE);
		CHECK(!is_there(meta, 1, i));
		CHECK(is_there(meta, 1, 0));
		meta_fixture_ms += 200;
	}
	/* What fits is still taken. */
	err_clear(&err);
	CHECK(write_name(meta, 2, 0, span_of("small"), &err) == 0);

	limit_files(RLIM_INFINITY);
	CHECK(write_name(meta, 1, 1, span_make(big, sizeof(big)), &err) == 0);
	CHECK(count_events(meta) == 3);
	meta_close(meta);
	meta = reopen();
	CHECK(is_there(meta, 1, 1) && !is_there(meta, 1, 2));
	CHECK(count_events(meta) == 3);
	meta_close(meta);
}

static void end_other_connections(void)
{
	struct sql_driver *driver = sql_fixture_again();
	struct sql_conn *conn = NULL;
	struct err err = ERR_INIT;

	CHECK(driver->ops->connect(driver, SQL_WRITE, &conn, &err) == 0);
	CHECK(driver->ops->exec(conn,
				"SELECT pg_terminate_backend(pid, 5000) "
				"FROM pg_stat_activity "
				"WHERE application_name = 'berthd' "
				"AND pid <> pg_backend_pid()",
				&err) == 0);
	driver->ops->disconnect(conn);
	driver->ops->free(driver);
}

/* The database restarts: what is asked next holds, without a word. */
static void test_connections_that_were_closed_are_replaced(void)
{
	if (!sql_fixture_postgres())
		return;
	struct meta *meta = meta_fixture_open();
	struct err err = ERR_INIT;

	CHECK(write_name(meta, 0, 0, span_of(""), &err) == 0);
	CHECK(is_there(meta, 0, 0));
	for (int i = 1; i < 4; i++) {
		end_other_connections();
		CHECK(write_name(meta, 0, i, span_of(""), &err) == 0);
		CHECK(is_there(meta, 0, i));
		CHECK(meta_ping(meta, &err) == 0);
	}
	struct meta_tx *tx = meta_fixture_read(meta);
	end_other_connections();
	int64_t id = -1;
	CHECK(meta_repository_find(tx, SCOPE, SPAN_LIT("r0-0"), &id, &err) ==
	      -1);
	CHECK(err.code == ERR_UNAVAILABLE && id == -1);
	meta_read_end(tx);
	CHECK(is_there(meta, 0, 3));
	meta_close(meta);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_what_was_acknowledged_survives_a_kill),
		CHECK_CASE(test_two_servers_share_a_database),
		CHECK_CASE(test_a_medium_that_takes_no_more_writes),
		CHECK_CASE(test_connections_that_were_closed_are_replaced),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
