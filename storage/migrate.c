/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/migrate.h"

#include <inttypes.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/failpoint.h"
#include "storage/sql_driver.h"

/* "berth" as a number: other programs may lock in the same database. */
#define MIGRATE_LOCK 0x6265727468
#define LOCK_WAIT_MS 60000
#define LOCK_RETRY_MS 50

static int wait_for_lock(struct sql_driver *driver, struct sql_conn *conn,
			 const struct clock_source *clock, struct err *err)
{
	int64_t deadline = clock_monotonic_ms(clock) + LOCK_WAIT_MS;

	for (;;) {
		int rc = driver->ops->try_lock(conn, MIGRATE_LOCK, err);
		if (rc != 0)
			return rc;
		if (clock_monotonic_ms(clock) >= deadline)
			return err_set(err, ERR_UNAVAILABLE,
				       "another server has been changing the "
				       "schema for %d seconds",
				       LOCK_WAIT_MS / 1000);
		nanosleep(
			&(struct timespec){.tv_nsec = LOCK_RETRY_MS * 1000000},
			NULL);
	}
}

int migrate_version(struct sql_driver *driver, struct sql_conn *conn,
		    int64_t *ret_version, struct err *err)
{
	const struct sql_driver_ops *ops = driver->ops;
	struct sql_stmt *stmt = NULL;

	if (ops->prepare(conn,
			 "SELECT version FROM schema_version "
			 "WHERE only_row = 0",
			 &stmt, err) < 0)
		return -1;

	int rc = ops->step(stmt, err);
	if (rc > 0)
		*ret_version = ops->column_i64(stmt, 0);
	ops->stmt_reset(stmt);
	if (rc == 0)
		return err_set(err, ERR_CORRUPT,
			       "the schema's number is missing");
	return rc < 0 ? -1 : 0;
}

static int note_version(struct sql_driver *driver, struct sql_conn *conn,
			int64_t version, struct err *err)
{
	const struct sql_driver_ops *ops = driver->ops;
	struct sql_stmt *stmt = NULL;

	if (ops->prepare(conn,
			 "UPDATE schema_version SET version = $1 "
			 "WHERE only_row = 0",
			 &stmt, err) < 0)
		return -1;
	ops->bind_i64(stmt, 1, version);

	int rc = ops->step(stmt, err);
	ops->stmt_reset(stmt);
	return rc < 0 ? -1 : 0;
}

static int migrate_steps(struct sql_driver *driver, struct sql_conn *conn,
			 const struct migration *migration, struct err *err)
{
	if (driver->ops->exec(conn, migration->script, err) < 0)
		return -1;
	if (FAILPOINT("migrate:ran"))
		return err_set(err, ERR_IO, "failpoint migrate:ran");
	return note_version(driver, conn, migration->number, err);
}

static int migrate_one(struct sql_driver *driver, struct sql_conn *conn,
		       const struct migration *migration, struct err *err)
{
	if (driver->ops->begin(conn, err) < 0)
		return -1;
	if (migrate_steps(driver, conn, migration, err) < 0) {
		driver->ops->rollback(conn);
		return err_wrap(err, "migration %04" PRId64, migration->number);
	}
	return driver->ops->commit(conn, err);
}

/* The statements are cached by a connection, so the table must be there before
 * the first of them. */
static int ensure_table(struct sql_driver *driver, struct sql_conn *conn,
			struct err *err)
{
	if (driver->ops->begin(conn, err) < 0)
		return -1;
	if (driver->ops->exec(conn,
			      "CREATE TABLE IF NOT EXISTS schema_version ("
			      "only_row BIGINT NOT NULL PRIMARY KEY, "
			      "version BIGINT NOT NULL);"
			      "INSERT INTO schema_version (only_row, version) "
			      "VALUES (0, 0) ON CONFLICT DO NOTHING;",
			      err) < 0) {
		driver->ops->rollback(conn);
		return -1;
	}
	return driver->ops->commit(conn, err);
}

int migrate_run(struct sql_driver *driver, struct sql_conn *conn,
		const struct migration *list, size_t count,
		const struct clock_source *clock, struct err *err)
{
	int64_t version = 0;

	if (wait_for_lock(driver, conn, clock, err) < 0)
		return -1;
	if (ensure_table(driver, conn, err) < 0)
		return -1;
	if (migrate_version(driver, conn, &version, err) < 0)
		return -1;
	if (version < 0 || (uint64_t)version > count)
		return err_set(
			err, ERR_UNSUPPORTED,
			"the database has schema %" PRId64
			", this program knows up to %zu: run a newer one",
			version, count);
	for (size_t i = (size_t)version; i < count; i++)
		if (migrate_one(driver, conn, &list[i], err) < 0)
			return -1;
	return 0;
}
