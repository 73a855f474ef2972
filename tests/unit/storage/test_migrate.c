/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/migrate.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "storage/meta.h"
#include "storage/meta_policies.h"
#include "storage/sql_driver.h"
#include "tests/lib/meta_calls.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_faulty.h"
#include "tests/lib/sql_fixture.h"

/* A history of its own, so that the steps between can be seen. */
static const struct migration history[] = {
	{.number = 1, .script = "CREATE TABLE one (n BIGINT NOT NULL);"},
	{.number = 2,
	 .script = "INSERT INTO one (n) VALUES (2);"
		   "CREATE TABLE two (n BIGINT NOT NULL);"},
	{.number = 3,
	 .script = "INSERT INTO one (n) SELECT n + 1 FROM one;"
		   "INSERT INTO two (n) VALUES (3);"},
};

static const struct migration broken[] = {
	{.number = 1, .script = "CREATE TABLE one (n BIGINT NOT NULL);"},
	{.number = 2,
	 .script = "INSERT INTO one (n) VALUES (2);"
		   "INSERT INTO nowhere (n) VALUES (2);"},
};

/* Migrate on a connection of its own, as a start of the program does. */
static int migrate(struct sql_driver *driver, const struct migration *list,
		   size_t count, struct err *err)
{
	struct sql_conn *conn = NULL;

	CHECK(driver->ops->connect(driver, SQL_WRITE, &conn, err) == 0);
	int rc = migrate_run(driver, conn, list, count, &meta_fixture_clock,
			     err);
	driver->ops->disconnect(conn);
	return rc;
}

static int64_t version_of(struct sql_driver *driver)
{
	struct err err = ERR_INIT;
	struct sql_conn *conn = NULL;
	int64_t version = -1;

	CHECK(driver->ops->connect(driver, SQL_READ, &conn, &err) == 0);
	CHECK(migrate_version(driver, conn, &version, &err) == 0);
	driver->ops->disconnect(conn);
	return version;
}

static int64_t number_of(struct sql_driver *driver, const char *sql)
{
	struct err err = ERR_INIT;
	struct sql_conn *conn = NULL;
	struct sql_stmt *stmt = NULL;

	CHECK(driver->ops->connect(driver, SQL_READ, &conn, &err) == 0);
	CHECK(driver->ops->prepare(conn, sql, &stmt, &err) == 0);
	CHECK(driver->ops->step(stmt, &err) == 1);
	int64_t number = driver->ops->column_i64(stmt, 0);
	driver->ops->stmt_reset(stmt);
	driver->ops->disconnect(conn);
	return number;
}

static void check_final(struct sql_driver *driver)
{
	CHECK(version_of(driver) == 3);
	CHECK(number_of(driver, "SELECT COUNT(*) FROM one") == 2);
	CHECK(number_of(driver, "SELECT MAX(n) FROM one") == 3);
	CHECK(number_of(driver, "SELECT COUNT(*) FROM two") == 1);
}

static void remove_history(struct sql_driver *driver)
{
	struct err err = ERR_INIT;
	struct sql_conn *conn = NULL;

	CHECK(driver->ops->connect(driver, SQL_WRITE, &conn, &err) == 0);
	CHECK(driver->ops->exec(conn,
				"DROP TABLE IF EXISTS one;"
				"DROP TABLE IF EXISTS two;"
				"DROP TABLE schema_version;",
				&err) == 0);
	driver->ops->disconnect(conn);
}

static void test_each_earlier_version_reaches_the_newest(void)
{
	struct sql_driver *driver = sql_fixture_new();
	struct err err = ERR_INIT;

	for (size_t from = 0; from <= 3; from++) {
		CHECK(migrate(driver, history, from, &err) == 0);
		CHECK(version_of(driver) == (int64_t)from);
		CHECK(migrate(driver, history, 3, &err) == 0);
		check_final(driver);
		/* Once more changes nothing. */
		CHECK(migrate(driver, history, 3, &err) == 0);
		check_final(driver);
		remove_history(driver);
	}
	driver->ops->free(driver);
}

static void test_a_newer_schema_is_refused(void)
{
	struct sql_driver *driver = sql_fixture_new();
	struct err err = ERR_INIT;

	CHECK(migrate(driver, history, 3, &err) == 0);
	CHECK(migrate(driver, history, 2, &err) == -1);
	CHECK(err.code == ERR_UNSUPPORTED);
	check_final(driver);
	driver->ops->free(driver);
}

static void test_a_broken_script_leaves_no_trace(void)
{
	struct sql_driver *driver = sql_fixture_new();
	struct err err = ERR_INIT;

	CHECK(migrate(driver, broken, 2, &err) == -1);
	CHECK(strstr(err.text, "migration 0002"));
	CHECK(version_of(driver) == 1);
	CHECK(number_of(driver, "SELECT COUNT(*) FROM one") == 0);
	err_clear(&err);
	CHECK(migrate(driver, history, 3, &err) == 0);
	check_final(driver);
	driver->ops->free(driver);
}

static void test_a_failure_at_any_step_can_be_taken_up(void)
{
	struct sql_driver *driver = sql_faulty_new(sql_fixture_new());
	static const unsigned kinds[] = {SQL_FAULTY_STEP, SQL_FAULTY_PREPARE,
					 SQL_FAULTY_COMMIT,
					 SQL_FAULTY_COMMIT_LOST};

	for (size_t kind = 0; kind < 4; kind++)
		for (long nth = 0;; nth++) {
			struct err err = ERR_INIT;

			sql_faulty_arm(driver, kinds[kind], nth, 1);
			int rc = migrate(driver, history, 3, &err);
			bool fired = sql_faulty_disarm(driver);
			CHECK(rc == (fired ? -1 : 0));
			err_clear(&err);
			CHECK(migrate(driver, history, 3, &err) == 0);
			check_final(driver);
			remove_history(driver);
			if (!fired)
				break;
		}
	driver->ops->free(driver);
}

/* The process dies with the transaction open: at the next start nothing of it
 * is there and nothing stands in the way. */
static void test_killed_within_a_migration(void)
{
	struct sql_driver *driver = sql_fixture_new();
	struct err err = ERR_INIT;
	int status = 0;

	CHECK(migrate(driver, history, 1, &err) == 0);
	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		struct sql_driver *own = sql_fixture_again();
		struct sql_conn *conn = NULL;

		if (own->ops->connect(own, SQL_WRITE, &conn, &err) == 0 &&
		    own->ops->try_lock(conn, 1, &err) == 1 &&
		    own->ops->begin(conn, &err) == 0 &&
		    own->ops->exec(conn, history[1].script, &err) == 0)
			raise(SIGKILL);
		_exit(1);
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK(version_of(driver) == 1);
	CHECK(number_of(driver, "SELECT COUNT(*) FROM one") == 0);
	CHECK(migrate(driver, history, 3, &err) == 0);
	check_final(driver);
	driver->ops->free(driver);
}

static void test_this_programs_schema_opens_twice(void)
{
	struct sql_driver *driver = sql_fixture_new();
	struct err err = ERR_INIT;
	struct meta *meta = NULL;

	for (size_t i = 0; i < migrate_count; i++)
		CHECK(migrate_list[i].number == (int64_t)i + 1);
	for (size_t from = 0; from < migrate_count; from++)
		CHECK(migrate(driver, migrate_list, from, &err) == 0);
	driver->ops->free(driver);
	CHECK(meta_open(sql_fixture_again(), &meta_fixture_clock, &meta,
			&err) == 0);
	meta_calls_fill(meta);
	meta_close(meta);
	CHECK(meta_open(sql_fixture_again(), &meta_fixture_clock, &meta,
			&err) == 0);
	CHECK(meta_schema_version() == (int64_t)migrate_count);
	meta_close(meta);
}

/* ---- users of the first schema ---- */

static const char users[] =
	"INSERT INTO users (id, account, name, password_hash, administrator, "
	"disabled, created_ms) VALUES "
	"(1, '000000000000', 'admin', 'hash1', 1, 0, 100), "
	"(2, '000000000000', 'eve', 'hash2', 0, 1, 200), "
	"(4, '111111111111', 'admin', 'hash4', 1, 0, 400);"
	"UPDATE counters SET value = 5 WHERE name = 'user';";

static void make_users(struct sql_driver *driver)
{
	struct err err = ERR_INIT;
	struct sql_conn *conn = NULL;

	CHECK(migrate(driver, migrate_list, 1, &err) == 0);
	CHECK(driver->ops->connect(driver, SQL_WRITE, &conn, &err) == 0);
	CHECK(driver->ops->exec(conn, users, &err) == 0);
	driver->ops->disconnect(conn);
}

static int print_policy(void *context, const struct meta_attachment *attachment,
			struct err *err)
{
	char *text = context;
	size_t used = strlen(text);

	(void)err;
	snprintf(text + used, 64 - used, "%.*s(%.*s)",
		 SPAN_ARG(attachment->policy), SPAN_ARG(attachment->pattern));
	return 0;
}

static void check_user(struct meta_tx *tx, const char *account,
		       const char *name, const struct meta_principal *want,
		       const char *policies)
{
	struct meta_principal got;
	struct err err = ERR_INIT;
	char text[64] = "";

	CHECK(meta_principal_find(tx, span_of(account), span_of(name), &got,
				  &err) == 1);
	CHECK(got.id == want->id && got.kind == META_USER);
	CHECK_TEXT(got.account, account);
	CHECK_TEXT(got.password_hash, want->password_hash);
	CHECK(got.disabled == want->disabled);
	CHECK(got.created_ms == want->created_ms && got.expires_ms == 0);
	CHECK(meta_policy_effective(tx, got.id, print_policy, text, &err) == 0);
	CHECK_TEXT(text, policies);
}

static int insert_next(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_principal next = {
		.kind = META_USER, .account = "000000000000", .name = "next"};

	return meta_principal_insert(tx, &next, context, err);
}

static void check_users(void)
{
	static const struct meta_principal admin = {
		.id = 1, .password_hash = "hash1", .created_ms = 100};
	static const struct meta_principal eve = {.id = 2,
						  .password_hash = "hash2",
						  .disabled = true,
						  .created_ms = 200};
	static const struct meta_principal other = {
		.id = 4, .password_hash = "hash4", .created_ms = 400};
	struct err err = ERR_INIT;
	struct meta *meta = NULL;
	int64_t id = 0;

	CHECK(meta_open(sql_fixture_again(), &meta_fixture_clock, &meta,
			&err) == 0);
	struct meta_tx *tx = meta_fixture_read(meta);
	check_user(tx, "000000000000", "admin", &admin, "administrator(*)");
	check_user(tx, "000000000000", "eve", &eve, "");
	check_user(tx, "111111111111", "admin", &other, "administrator(*)");
	meta_read_end(tx);
	/* No id that a user had is given out again. */
	meta_fixture_write(meta, insert_next, &id);
	CHECK(id == 6);
	meta_close(meta);
}

static void test_users_become_principals(void)
{
	struct sql_driver *driver = sql_fixture_new();

	make_users(driver);
	driver->ops->free(driver);
	check_users();
}

/* Killed with the second migration run and not committed, as often as one
 * likes: the users are as they were, and move over the next time. */
static void test_killed_while_users_move(void)
{
	struct sql_driver *driver = sql_fixture_new();

	make_users(driver);
	for (int times = 0; times < 3; times++) {
		int status = 0;
		pid_t child = fork();

		CHECK(child >= 0);
		if (child == 0) {
			struct sql_driver *own = sql_fixture_again();
			struct sql_conn *conn = NULL;
			struct err err = ERR_INIT;

			if (own->ops->connect(own, SQL_WRITE, &conn, &err) ==
				    0 &&
			    own->ops->begin(conn, &err) == 0 &&
			    own->ops->exec(conn, migrate_list[1].script,
					   &err) == 0)
				raise(SIGKILL);
			_exit(1);
		}
		CHECK(waitpid(child, &status, 0) == child);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		CHECK(version_of(driver) == 1);
		CHECK(number_of(driver, "SELECT COUNT(*) FROM users") == 3);
	}
	driver->ops->free(driver);
	check_users();
}

static void fail_to_move(struct sql_driver *driver, unsigned kind, long nth)
{
	struct err err = ERR_INIT;

	sql_faulty_arm(driver, kind, nth, 1);
	CHECK(migrate(driver, migrate_list, migrate_count, &err) == -1);
	CHECK(sql_faulty_disarm(driver));
}

/* The same where statements and commits fail, the move's among them: the one
 * that is made and not told of is the last. */
static void test_a_failure_while_users_move_can_be_taken_up(void)
{
	struct sql_driver *driver = sql_faulty_new(sql_fixture_new());

	make_users(driver);
	for (long nth = 0; nth < 2; nth++) {
		fail_to_move(driver, SQL_FAULTY_PREPARE, nth);
		fail_to_move(driver, SQL_FAULTY_STEP, nth);
		fail_to_move(driver, SQL_FAULTY_COMMIT, nth);
		CHECK(version_of(driver) == 1);
		CHECK(number_of(driver, "SELECT COUNT(*) FROM users") == 3);
	}
	fail_to_move(driver, SQL_FAULTY_COMMIT_LOST, 1);
	CHECK(version_of(driver) == 2);
	driver->ops->free(driver);
	check_users();
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_each_earlier_version_reaches_the_newest),
		CHECK_CASE(test_a_newer_schema_is_refused),
		CHECK_CASE(test_a_broken_script_leaves_no_trace),
		CHECK_CASE(test_a_failure_at_any_step_can_be_taken_up),
		CHECK_CASE(test_killed_within_a_migration),
		CHECK_CASE(test_this_programs_schema_opens_twice),
		CHECK_CASE(test_users_become_principals),
		CHECK_CASE(test_killed_while_users_move),
		CHECK_CASE(test_a_failure_while_users_move_can_be_taken_up),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
