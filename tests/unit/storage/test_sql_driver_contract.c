/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/sql_driver.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "tests/lib/sql_faulty.h"
#include "tests/lib/sql_fixture.h"

#define BODY_SIZE (5 * 1024 * 1024 + 3)

static struct sql_driver *driver;
static const struct sql_driver_ops *ops;

static struct sql_conn *connect_to(enum sql_access access)
{
	struct err err = ERR_INIT;
	struct sql_conn *conn = NULL;

	if (ops->connect(driver, access, &conn, &err) < 0)
		fprintf(stderr, "%s\n", err.text);
	CHECK(conn && ops->usable(conn));
	return conn;
}

/* A database with one table, and a connection that writes. */
static struct sql_conn *set_up(void)
{
	struct err err = ERR_INIT;

	driver = sql_fixture_new();
	ops = driver->ops;

	struct sql_conn *conn = connect_to(SQL_WRITE);
	CHECK(ops->exec(conn,
			"CREATE TABLE t (k TEXT NOT NULL PRIMARY KEY, "
			"n BIGINT, b BYTEA); CREATE UNIQUE INDEX t_n ON t (n);",
			&err) == 0);
	return conn;
}

static void tear_down(struct sql_conn *conn)
{
	ops->disconnect(conn);
	ops->disconnect(NULL);
	ops->stmt_reset(NULL);
	ops->free(driver);
}

static int try_put(struct sql_conn *conn, const char *key, int64_t number,
		   struct span body, struct err *err)
{
	struct sql_stmt *stmt = NULL;

	CHECK(ops->prepare(conn, "INSERT INTO t (k, n, b) VALUES ($1, $2, $3)",
			   &stmt, err) == 0);
	ops->bind_text(stmt, 1, span_of(key));
	ops->bind_i64(stmt, 2, number);
	ops->bind_blob(stmt, 3, body);
	int rc = ops->step(stmt, err);
	if (rc == 0)
		CHECK(ops->changes(stmt) == 1);
	ops->stmt_reset(stmt);
	return rc;
}

static void put(struct sql_conn *conn, const char *key, int64_t number)
{
	struct err err = ERR_INIT;

	CHECK(try_put(conn, key, number, span_of("x"), &err) == 0);
}

static void begin(struct sql_conn *conn)
{
	struct err err = ERR_INIT;

	if (ops->begin(conn, &err) < 0)
		fprintf(stderr, "%s\n", err.text);
	CHECK(err.code == ERR_NONE);
}

static void commit(struct sql_conn *conn)
{
	struct err err = ERR_INIT;

	CHECK(ops->commit(conn, &err) == 0);
}

static int64_t count(struct sql_conn *conn)
{
	struct err err = ERR_INIT;
	struct sql_stmt *stmt = NULL;

	CHECK(ops->prepare(conn, "SELECT COUNT(*) FROM t", &stmt, &err) == 0);
	CHECK(ops->step(stmt, &err) == 1);
	int64_t rows = ops->column_i64(stmt, 0);
	CHECK(ops->step(stmt, &err) == 0);
	ops->stmt_reset(stmt);
	return rows;
}

static void check_value(struct sql_conn *conn, const char *key, int64_t number,
			struct span body)
{
	struct err err = ERR_INIT;
	struct sql_stmt *stmt = NULL;

	CHECK(ops->prepare(conn, "SELECT n, b, k FROM t WHERE k = $1", &stmt,
			   &err) == 0);
	ops->bind_text(stmt, 1, span_of(key));
	CHECK(ops->step(stmt, &err) == 1);
	CHECK(ops->column_i64(stmt, 0) == number);
	CHECK(span_equal(ops->column_blob(stmt, 1), body));
	CHECK(span_equal(ops->column_text(stmt, 2), span_of(key)));
	CHECK(!ops->column_is_null(stmt, 0));
	CHECK(ops->step(stmt, &err) == 0);
	ops->stmt_reset(stmt);
}

static void test_values_come_back_as_they_went(void)
{
	static const int64_t numbers[] = {0,	     1,		-1,
					  INT32_MIN, INT32_MAX, INT64_MAX,
					  INT64_MIN, 1LL << 40};
	struct sql_conn *conn = set_up();
	struct err err = ERR_INIT;
	char *body = malloc(BODY_SIZE);

	CHECK(body);
	for (size_t i = 0; i < BODY_SIZE; i++)
		body[i] = (char)(i * 31 + i / 251);
	begin(conn);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		char key[16];

		snprintf(key, sizeof(key), "k%zu", i);
		CHECK(try_put(conn, key, numbers[i],
			      span_make(body, i ? i * 100 : BODY_SIZE),
			      &err) == 0);
	}
	CHECK(try_put(conn, "", 77, span_make(NULL, 0), &err) == 0);
	CHECK(try_put(conn, "\xc3\xa4", 78, span_make("\0\0", 2), &err) == 0);
	commit(conn);

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		char key[16];

		snprintf(key, sizeof(key), "k%zu", i);
		check_value(conn, key, numbers[i],
			    span_make(body, i ? i * 100 : BODY_SIZE));
	}
	check_value(conn, "", 77, span_of(""));
	check_value(conn, "\xc3\xa4", 78, span_make("\0\0", 2));
	free(body);
	tear_down(conn);
}

static void test_null_reads_as_zero_and_empty(void)
{
	struct sql_conn *conn = set_up();
	struct err err = ERR_INIT;
	struct sql_stmt *stmt = NULL;

	CHECK(ops->prepare(conn,
			   "INSERT INTO t (k, n, b) VALUES ($1, $2, $3) "
			   "RETURNING n, b",
			   &stmt, &err) == 0);
	ops->bind_text(stmt, 1, span_of("null"));
	ops->bind_null(stmt, 2);
	ops->bind_null(stmt, 3);
	CHECK(ops->step(stmt, &err) == 1);
	CHECK(ops->column_is_null(stmt, 0) && ops->column_is_null(stmt, 1));
	CHECK(ops->column_i64(stmt, 0) == 0);
	CHECK(ops->column_blob(stmt, 1).len == 0);
	ops->stmt_reset(stmt);
	CHECK(count(conn) == 1);
	tear_down(conn);
}

static void test_text_sorts_by_bytes(void)
{
	static const char *const sorted[] = {"",    "-",  ".", "0",	  "A",
					     "B",   "_",  "a", "a-b",	  "a.b",
					     "a/b", "aa", "b", "\xc3\xa4"};
	size_t total = sizeof(sorted) / sizeof(sorted[0]);
	struct sql_conn *conn = set_up();
	struct err err = ERR_INIT;
	struct sql_stmt *stmt = NULL;

	for (size_t i = 0; i < total; i++)
		put(conn, sorted[(i * 5) % total], (int64_t)i);
	CHECK(ops->prepare(conn, "SELECT k FROM t WHERE k > $1 ORDER BY k",
			   &stmt, &err) == 0);
	ops->bind_text(stmt, 1, span_of("-"));
	for (size_t i = 2; i < total; i++) {
		CHECK(ops->step(stmt, &err) == 1);
		CHECK(span_equal(ops->column_text(stmt, 0),
				 span_of(sorted[i])));
	}
	CHECK(ops->step(stmt, &err) == 0);
	ops->stmt_reset(stmt);
	tear_down(conn);
}

static void test_parameters_go_by_their_numbers(void)
{
	struct sql_conn *conn = set_up();
	struct err err = ERR_INIT;
	struct sql_stmt *stmt = NULL;

	put(conn, "k", 5);
	CHECK(ops->prepare(conn,
			   "UPDATE t SET n = n * $3 + $2 WHERE k = $1 "
			   "AND n >= $3 AND n >= $3",
			   &stmt, &err) == 0);
	ops->bind_i64(stmt, 3, 2);
	ops->bind_text(stmt, 1, span_of("k"));
	ops->bind_i64(stmt, 2, 9);
	CHECK(ops->step(stmt, &err) == 0);
	CHECK(ops->changes(stmt) == 1);
	ops->stmt_reset(stmt);
	check_value(conn, "k", 19, span_of("x"));

	CHECK(ops->prepare(conn, "SELECT n FROM t WHERE k = $1", &stmt, &err) ==
	      0);
	ops->bind_text(stmt, 17, span_of("k"));
	CHECK(ops->step(stmt, &err) == -1);
	CHECK(err.code == ERR_INTERNAL);
	ops->stmt_reset(stmt);
	tear_down(conn);
}

static void test_savepoints_undo_only_their_part(void)
{
	struct sql_conn *conn = set_up();
	struct err err = ERR_INIT;

	begin(conn);
	CHECK(ops->savepoint(conn, &err) == 0);
	put(conn, "a", 1);
	CHECK(ops->release(conn, &err) == 0);
	CHECK(ops->savepoint(conn, &err) == 0);
	put(conn, "b", 2);
	CHECK(ops->rollback_to(conn, &err) == 0);
	CHECK(ops->savepoint(conn, &err) == 0);
	CHECK(try_put(conn, "a", 3, span_of(""), &err) == -1);
	CHECK(err.code == ERR_CONFLICT);
	err_clear(&err);
	CHECK(ops->rollback_to(conn, &err) == 0);
	CHECK(ops->savepoint(conn, &err) == 0);
	put(conn, "c", 3);
	CHECK(ops->release(conn, &err) == 0);
	commit(conn);
	CHECK(ops->usable(conn));
	CHECK(count(conn) == 2);
	begin(conn);
	put(conn, "d", 4);
	ops->rollback(conn);
	CHECK(count(conn) == 2);
	ops->rollback(conn);
	CHECK(ops->usable(conn));
	tear_down(conn);
}

static void test_a_closed_connection_leaves_nothing(void)
{
	struct sql_conn *conn = set_up();

	begin(conn);
	put(conn, "a", 1);
	ops->disconnect(conn);
	conn = connect_to(SQL_WRITE);
	CHECK(count(conn) == 0);
	tear_down(conn);
}

static void test_a_reader_sees_one_moment_and_cannot_write(void)
{
	struct sql_conn *conn = set_up();
	struct sql_conn *reader = connect_to(SQL_READ);
	struct err err = ERR_INIT;

	begin(reader);
	CHECK(count(reader) == 0);
	begin(conn);
	put(conn, "a", 1);
	CHECK(count(reader) == 0);
	commit(conn);
	CHECK(count(reader) == 0);
	ops->rollback(reader);
	begin(reader);
	CHECK(count(reader) == 1);
	CHECK(try_put(reader, "b", 2, span_of(""), &err) == -1);
	ops->rollback(reader);
	ops->disconnect(reader);
	CHECK(count(conn) == 1);
	tear_down(conn);
}

static void test_one_writes_at_a_time(void)
{
	struct sql_conn *conn = set_up();
	struct sql_driver *other = sql_fixture_again();
	struct sql_conn *second = NULL;
	struct err err = ERR_INIT;

	CHECK(ops->connect(other, SQL_WRITE, &second, &err) == 0);
	begin(conn);
	CHECK(ops->begin(second, &err) == -1);
	CHECK(err.code == ERR_UNAVAILABLE);
	CHECK(ops->usable(second));
	commit(conn);
	begin(second);
	put(second, "a", 1);
	commit(second);
	ops->disconnect(second);
	other->ops->free(other);
	CHECK(count(conn) == 1);
	tear_down(conn);
}

static void test_what_is_wrong_is_told(void)
{
	struct sql_conn *conn = set_up();
	struct err err = ERR_INIT;
	struct sql_stmt *stmt = NULL;

	/* PostgreSQL finds it at the first step, SQLite before. */
	if (ops->prepare(conn, "SELECT nothing FROM nowhere", &stmt, &err) == 0)
		CHECK(ops->step(stmt, &err) == -1);
	CHECK(err.code == ERR_INTERNAL);
	CHECK(strstr(err.text, "nowhere"));
	ops->stmt_reset(stmt);

	err_clear(&err);
	put(conn, "a", 1);
	CHECK(try_put(conn, "b", 1, span_of(""), &err) == -1);
	CHECK(err.code == ERR_CONFLICT);
	err_clear(&err);
	CHECK(ops->exec(conn, "CREATE TABLE u (k TEXT); SELECT * FROM nowhere",
			&err) == -1);
	CHECK(ops->usable(conn));
	CHECK(count(conn) == 1);

	err_clear(&err);
	CHECK(ops->prepare(conn, "SELECT COUNT(*) FROM t", &stmt, &err) == 0);
	tear_down(conn);
}

static void test_a_statement_cannot_be_used_within_itself(void)
{
	static const char sql[] = "SELECT k FROM t";
	struct sql_conn *conn = set_up();
	struct err err = ERR_INIT;
	struct sql_stmt *stmt = NULL;
	struct sql_stmt *again = NULL;

	CHECK(ops->prepare(conn, sql, &stmt, &err) == 0);
	CHECK(ops->prepare(conn, sql, &again, &err) == -1);
	CHECK(err.code == ERR_INTERNAL && !again);
	ops->stmt_reset(stmt);
	err_clear(&err);
	CHECK(ops->prepare(conn, sql, &again, &err) == 0);
	CHECK(again == stmt);
	ops->stmt_reset(again);
	tear_down(conn);
}

static void test_a_lock_is_held_by_one_connection_while_it_lives(void)
{
	struct sql_conn *conn = set_up();
	struct sql_conn *other = connect_to(SQL_READ);
	struct err err = ERR_INIT;

	CHECK(ops->try_lock(conn, 987654321, &err) == 1);
	CHECK(ops->try_lock(other, 987654321, &err) == 0);
	CHECK(ops->try_lock(other, 987654322, &err) == 1);
	CHECK(ops->try_lock(conn, 987654322, &err) == 0);
	ops->disconnect(conn);
	/* A server hears of the end of a connection when it gets to it. */
	int rc = 0;
	for (int i = 0; rc == 0 && i < 100000; i++)
		rc = ops->try_lock(other, 987654321, &err);
	CHECK(rc == 1);
	tear_down(other);
}

static void test_tending_a_long_log_loses_nothing(void)
{
	struct sql_conn *conn = set_up();

	for (int i = 0; i < 40; i++) {
		char key[16];
		static char big[256 * 1024];
		struct err err = ERR_INIT;

		snprintf(key, sizeof(key), "k%d", i);
		begin(conn);
		CHECK(try_put(conn, key, i, span_make(big, sizeof(big)),
			      &err) == 0);
		commit(conn);
		ops->tend(conn, i % 2);
	}
	CHECK(count(conn) == 40);
	ops->disconnect(conn);
	conn = connect_to(SQL_WRITE);
	CHECK(count(conn) == 40);
	tear_down(conn);
}

static void test_the_file_is_its_owners_alone(void)
{
	struct sql_conn *conn = set_up();
	static const char *const names[] = {"berth.db", "berth.db-wal"};

	for (size_t i = 0; !sql_fixture_postgres() && i < 2; i++) {
		char path[512];
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s", sql_fixture_dir(),
			 names[i]);
		CHECK(stat(path, &st) == 0);
		CHECK((st.st_mode & 0777) == 0600);
	}
	tear_down(conn);
}

static void test_a_database_that_cannot_be_had(void)
{
	struct err err = ERR_INIT;
	struct sql_conn *conn = NULL;

	CHECK(sql_sqlite_new("/nonexistent/dir", "x", &driver, &err) == -1);
	CHECK(err.code == ERR_NOT_FOUND);
	err_clear(&err);
	CHECK(sql_pg_new("postgresql://nobody@127.0.0.1:1/none", &driver,
			 &err) == 0);
	CHECK(driver->ops->connect(driver, SQL_READ, &conn, &err) == -1);
	CHECK(err.code == ERR_UNAVAILABLE && !conn);
	driver->ops->free(driver);
}

static void test_a_file_that_is_no_database_is_refused(void)
{
	char path[512];
	char moved[512];
	struct sql_conn *conn = set_up();
	struct err err = ERR_INIT;

	ops->disconnect(conn);
	conn = NULL;
	snprintf(path, sizeof(path), "%s/berth.db", sql_fixture_dir());
	snprintf(moved, sizeof(moved), "%s/moved.db", sql_fixture_dir());
	if (!sql_fixture_postgres()) {
		/* Nor is a link followed, wherever it leads. */
		CHECK(rename(path, moved) == 0 && symlink(moved, path) == 0);
		CHECK(ops->connect(driver, SQL_WRITE, &conn, &err) == -1);
		CHECK(err.code != ERR_NONE && !conn);
		CHECK(unlink(path) == 0);

		FILE *file = fopen(path, "w");
		CHECK(file);
		for (int i = 0; i < 1000; i++)
			fputs("this is no database\n", file);
		CHECK(fclose(file) == 0);
		err_clear(&err);
		CHECK(ops->connect(driver, SQL_WRITE, &conn, &err) == -1);
		CHECK(err.code == ERR_CORRUPT && !conn);
	}
	tear_down(conn);
}

/* Make a database by that statement, which ends in options, and look at what
 * connecting to it says. */
static void check_refused(const char *options, const char *want)
{
	const char *base = getenv("BERTH_TEST_POSTGRES");
	struct sql_conn *conn = connect_to(SQL_WRITE);
	struct sql_conn *refused = NULL;
	struct sql_driver *other = NULL;
	struct err err = ERR_INIT;
	char name[64];
	char text[512];

	snprintf(name, sizeof(name), "berth_test_%ld", (long)getpid());
	snprintf(text, sizeof(text), "CREATE DATABASE %s TEMPLATE template0 %s",
		 name, options);
	if (ops->exec(conn, text, &err) < 0)
		fprintf(stderr, "%s\n", err.text);
	CHECK(err.code == ERR_NONE);

	snprintf(text, sizeof(text), "%s%cdbname=%s", base,
		 strchr(base, '?') ? '&' : '?', name);
	CHECK(sql_pg_new(text, &other, &err) == 0);
	CHECK(ops->connect(other, SQL_READ, &refused, &err) == -1);
	CHECK(err.code == ERR_UNSUPPORTED && strstr(err.text, want));
	other->ops->free(other);

	err_clear(&err);
	snprintf(text, sizeof(text), "DROP DATABASE %s", name);
	CHECK(ops->exec(conn, text, &err) == 0);
	ops->disconnect(conn);
}

static void test_a_database_without_its_schema_is_refused(void)
{
	const char *base = getenv("BERTH_TEST_POSTGRES");
	struct sql_conn *refused = NULL;
	struct err err = ERR_INIT;
	char text[512];

	if (!sql_fixture_postgres())
		return;
	snprintf(text, sizeof(text), "%s%coptions=-csearch_path%%3Dnowhere",
		 base, strchr(base, '?') ? '&' : '?');
	CHECK(sql_pg_new(text, &driver, &err) == 0);
	CHECK(driver->ops->connect(driver, SQL_READ, &refused, &err) == -1);
	CHECK(err.code == ERR_UNSUPPORTED && strstr(err.text, "search_path"));
	driver->ops->free(driver);
}

static void test_a_database_of_another_order_is_refused(void)
{
	struct sql_conn *conn = set_up();

	if (sql_fixture_postgres()) {
		check_refused("ENCODING 'SQL_ASCII' LC_COLLATE 'C' "
			      "LC_CTYPE 'C'",
			      "CREATE DATABASE");
		check_refused("ENCODING 'UTF8' LOCALE_PROVIDER icu "
			      "ICU_LOCALE 'en-US'",
			      "CREATE DATABASE");
	}
	tear_down(conn);
}

/* The decorator keeps the contract of what it wraps. */
static void test_a_decorated_driver_fails_when_told(void)
{
	struct sql_conn *plain = set_up();
	struct err err = ERR_INIT;

	ops->disconnect(plain);
	driver = sql_faulty_new(driver);
	ops = driver->ops;
	struct sql_conn *conn = connect_to(SQL_WRITE);

	sql_faulty_arm(driver, SQL_FAULTY_STEP, 1, 1);
	put(conn, "a", 1);
	CHECK(try_put(conn, "b", 2, span_of(""), &err) == -1);
	CHECK(err.code == ERR_IO);
	put(conn, "c", 3);
	CHECK(sql_faulty_disarm(driver));
	begin(conn);
	put(conn, "d", 4);
	sql_faulty_arm(driver, SQL_FAULTY_COMMIT, 0, 1);
	err_clear(&err);
	CHECK(ops->commit(conn, &err) == -1);
	CHECK(!ops->usable(conn));
	ops->disconnect(conn);
	conn = connect_to(SQL_WRITE);
	CHECK(count(conn) == 2);
	tear_down(conn);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_values_come_back_as_they_went),
		CHECK_CASE(test_null_reads_as_zero_and_empty),
		CHECK_CASE(test_text_sorts_by_bytes),
		CHECK_CASE(test_parameters_go_by_their_numbers),
		CHECK_CASE(test_savepoints_undo_only_their_part),
		CHECK_CASE(test_a_closed_connection_leaves_nothing),
		CHECK_CASE(test_a_reader_sees_one_moment_and_cannot_write),
		CHECK_CASE(test_one_writes_at_a_time),
		CHECK_CASE(test_what_is_wrong_is_told),
		CHECK_CASE(test_a_statement_cannot_be_used_within_itself),
		CHECK_CASE(
			test_a_lock_is_held_by_one_connection_while_it_lives),
		CHECK_CASE(test_tending_a_long_log_loses_nothing),
		CHECK_CASE(test_the_file_is_its_owners_alone),
		CHECK_CASE(test_a_database_that_cannot_be_had),
		CHECK_CASE(test_a_file_that_is_no_database_is_refused),
		CHECK_CASE(test_a_database_without_its_schema_is_refused),
		CHECK_CASE(test_a_database_of_another_order_is_refused),
		CHECK_CASE(test_a_decorated_driver_fails_when_told),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
