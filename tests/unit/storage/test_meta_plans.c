/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "storage/meta.h"
#include "storage/sql_driver.h"
#include "tests/lib/meta_calls.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_faulty.h"
#include "tests/lib/sql_fixture.h"

#define STATEMENTS_MAX 256

static const char *statements[STATEMENTS_MAX];
static size_t statement_count;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void note(const char *sql)
{
	size_t i = 0;

	pthread_mutex_lock(&mutex);
	while (i < statement_count && strcmp(statements[i], sql) != 0)
		i++;
	if (i == statement_count) {
		CHECK(statement_count < STATEMENTS_MAX);
		statements[statement_count++] = sql;
	}
	pthread_mutex_unlock(&mutex);
}

static int run_call(struct meta_tx *tx, void *context, struct err *err)
{
	const struct meta_call *call = context;
	struct meta_call_output output;

	CHECK(call->run(tx, &output, err) == 0);
	return err_set(err, ERR_DENIED, "to be undone");
}

/* Every statement that the metadata runs. */
static void collect(void)
{
	struct sql_driver *driver = sql_faulty_new(sql_fixture_new());
	struct err err = ERR_INIT;
	struct meta *meta = NULL;

	CHECK(meta_open(driver, &meta_fixture_clock, &meta, &err) == 0);
	sql_faulty_watch(driver, note);
	meta_calls_fill(meta);
	for (size_t i = 0; i < meta_calls_count; i++) {
		struct meta_call call = meta_calls[i];

		err_clear(&err);
		CHECK(meta_write(meta, run_call, &call, &err) == -1);
		CHECK(err.code == ERR_DENIED);
	}
	CHECK(meta_ping(meta, &err) == 0 || err.code == ERR_DENIED);
	meta_close(meta);
	/* More than one for each call: the table is not short. */
	CHECK(statement_count > meta_calls_count);
}

/* Searching by an index, already in order, is all that may be; and rows that
 * the statement itself spells out. */
static bool plan_is_fine(struct span detail)
{
	char text[256];

	snprintf(text, sizeof(text), "%.*s", SPAN_ARG(detail));
	return (!strstr(text, "SCAN") || strstr(text, "CONSTANT ROW")) &&
	       !strstr(text, "TEMP B-TREE");
}

static bool explain(struct sql_driver *driver, struct sql_conn *conn,
		    const char *sql)
{
	/* Statements are known by their address, so each gets one. */
	static char texts[STATEMENTS_MAX][1024];
	static size_t used;
	struct err err = ERR_INIT;
	struct sql_stmt *stmt = NULL;
	bool fine = true;

	snprintf(texts[used], sizeof(texts[used]), "EXPLAIN QUERY PLAN %s",
		 sql);
	CHECK(driver->ops->prepare(conn, texts[used++], &stmt, &err) == 0);
	while (driver->ops->step(stmt, &err) == 1) {
		struct span detail = driver->ops->column_text(stmt, 3);

		if (plan_is_fine(detail))
			continue;
		fprintf(stderr, "%s: %.*s\n", sql, SPAN_ARG(detail));
		fine = false;
	}
	driver->ops->stmt_reset(stmt);
	return fine;
}

static void test_every_statement_searches_by_an_index(void)
{
	struct err err = ERR_INIT;
	struct sql_conn *conn = NULL;
	size_t slow = 0;

	collect();
	struct sql_driver *driver = sql_fixture_again();
	CHECK(driver->ops->connect(driver, SQL_READ, &conn, &err) == 0);
	for (size_t i = 0; i < statement_count; i++)
		slow += !explain(driver, conn, statements[i]);
	CHECK(slow == 0);
	/* And the test would see one that does not. */
	fprintf(stderr, "a scan follows on purpose:\n");
	CHECK(!explain(driver, conn, "SELECT digest FROM manifests"));
	driver->ops->disconnect(conn);
	driver->ops->free(driver);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_every_statement_searches_by_an_index),
	};

	return CHECK_RUN(argc, argv, cases);
}
