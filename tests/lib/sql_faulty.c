/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/sql_faulty.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "storage/sql_driver.h"
#include "tests/lib/check.h"

struct faulty {
	struct sql_driver driver;
	struct sql_driver *below; /* owned */
	_Atomic unsigned kinds;
	atomic_long skip; /* calls of the kinds that still hold */
	atomic_long left; /* and then those that fail */
	atomic_bool fired;
	_Atomic enum err_code code;
	atomic_bool breaks;
	void (*_Atomic seen)(const char *sql);
};

struct sql_conn {
	struct faulty *faulty;
	struct sql_conn *below; /* owned */
	bool broken;
};

struct sql_stmt {
	struct sql_conn *conn;
	struct sql_stmt *below; /* the connection's */
};

#define BELOW(conn) ((conn)->faulty->below->ops)

static bool fires(struct faulty *faulty, unsigned kind)
{
	if (!(atomic_load(&faulty->kinds) & kind))
		return false;
	if (atomic_fetch_sub(&faulty->skip, 1) > 0)
		return false;
	if (atomic_fetch_sub(&faulty->left, 1) <= 0)
		return false;
	atomic_store(&faulty->fired, true);
	return true;
}

static int fault(struct sql_conn *conn, struct err *err)
{
	if (atomic_load(&conn->faulty->breaks))
		conn->broken = true;
	return err_set(err, atomic_load(&conn->faulty->code), "injected");
}

static int faulty_connect(struct sql_driver *base, enum sql_access access,
			  struct sql_conn **ret_conn, struct err *err)
{
	struct faulty *faulty = (struct faulty *)(void *)base;
	struct sql_conn *conn = calloc(1, sizeof(*conn));

	CHECK(conn);
	conn->faulty = faulty;
	if (fires(faulty, SQL_FAULTY_CONNECT)) {
		free(conn);
		return err_set(err, ERR_UNAVAILABLE, "injected");
	}
	if (BELOW(conn)->connect(faulty->below, access, &conn->below, err) <
	    0) {
		free(conn);
		return -1;
	}
	*ret_conn = conn;
	return 0;
}

static void faulty_disconnect(struct sql_conn *conn)
{
	if (!conn)
		return;
	BELOW(conn)->disconnect(conn->below);
	free(conn);
}

static bool faulty_usable(const struct sql_conn *conn)
{
	return !conn->broken && BELOW(conn)->usable(conn->below);
}

static int faulty_prepare(struct sql_conn *conn, const char *sql,
			  struct sql_stmt **ret_stmt, struct err *err)
{
	void (*seen)(const char *) = atomic_load(&conn->faulty->seen);
	struct sql_stmt *below = NULL;

	if (seen)
		seen(sql);
	if (fires(conn->faulty, SQL_FAULTY_PREPARE))
		return fault(conn, err);
	if (BELOW(conn)->prepare(conn->below, sql, &below, err) < 0)
		return -1;

	struct sql_stmt *stmt = calloc(1, sizeof(*stmt));
	CHECK(stmt);
	stmt->conn = conn;
	stmt->below = below;
	*ret_stmt = stmt;
	return 0;
}

static void faulty_bind_i64(struct sql_stmt *stmt, int number, int64_t value)
{
	BELOW(stmt->conn)->bind_i64(stmt->below, number, value);
}

static void faulty_bind_text(struct sql_stmt *stmt, int number,
			     struct span text)
{
	BELOW(stmt->conn)->bind_text(stmt->below, number, text);
}

static void faulty_bind_blob(struct sql_stmt *stmt, int number,
			     struct span bytes)
{
	BELOW(stmt->conn)->bind_blob(stmt->below, number, bytes);
}

static void faulty_bind_null(struct sql_stmt *stmt, int number)
{
	BELOW(stmt->conn)->bind_null(stmt->below, number);
}

static int faulty_step(struct sql_stmt *stmt, struct err *err)
{
	if (fires(stmt->conn->faulty, SQL_FAULTY_STEP))
		return fault(stmt->conn, err);
	return BELOW(stmt->conn)->step(stmt->below, err);
}

static int64_t faulty_column_i64(struct sql_stmt *stmt, int column)
{
	return BELOW(stmt->conn)->column_i64(stmt->below, column);
}

static struct span faulty_column_text(struct sql_stmt *stmt, int column)
{
	return BELOW(stmt->conn)->column_text(stmt->below, column);
}

static struct span faulty_column_blob(struct sql_stmt *stmt, int column)
{
	return BELOW(stmt->conn)->column_blob(stmt->below, column);
}

static bool faulty_column_is_null(struct sql_stmt *stmt, int column)
{
	return BELOW(stmt->conn)->column_is_null(stmt->below, column);
}

static int64_t faulty_changes(struct sql_stmt *stmt)
{
	return BELOW(stmt->conn)->changes(stmt->below);
}

static void faulty_stmt_reset(struct sql_stmt *stmt)
{
	if (!stmt)
		return;
	BELOW(stmt->conn)->stmt_reset(stmt->below);
	free(stmt);
}

static int faulty_exec(struct sql_conn *conn, const char *script,
		       struct err *err)
{
	if (fires(conn->faulty, SQL_FAULTY_STEP))
		return fault(conn, err);
	return BELOW(conn)->exec(conn->below, script, err);
}

static int faulty_begin(struct sql_conn *conn, struct err *err)
{
	if (fires(conn->faulty, SQL_FAULTY_BEGIN))
		return fault(conn, err);
	return BELOW(conn)->begin(conn->below, err);
}

static int faulty_savepoint(struct sql_conn *conn, struct err *err)
{
	if (fires(conn->faulty, SQL_FAULTY_SAVEPOINT))
		return fault(conn, err);
	return BELOW(conn)->savepoint(conn->below, err);
}

static int faulty_rollback_to(struct sql_conn *conn, struct err *err)
{
	if (fires(conn->faulty, SQL_FAULTY_SAVEPOINT))
		return fault(conn, err);
	return BELOW(conn)->rollback_to(conn->below, err);
}

static int faulty_release(struct sql_conn *conn, struct err *err)
{
	if (fires(conn->faulty, SQL_FAULTY_SAVEPOINT))
		return fault(conn, err);
	return BELOW(conn)->release(conn->below, err);
}

static int faulty_commit(struct sql_conn *conn, struct err *err)
{
	if (fires(conn->faulty, SQL_FAULTY_COMMIT)) {
		BELOW(conn)->rollback(conn->below);
		conn->broken = true;
		return fault(conn, err);
	}
	if (fires(conn->faulty, SQL_FAULTY_COMMIT_LOST)) {
		CHECK(BELOW(conn)->commit(conn->below, err) == 0);
		conn->broken = true;
		return err_set(err, ERR_UNAVAILABLE, "injected");
	}
	return BELOW(conn)->commit(conn->below, err);
}

static void faulty_rollback(struct sql_conn *conn)
{
	BELOW(conn)->rollback(conn->below);
}

static void faulty_tend(struct sql_conn *conn, bool busy)
{
	BELOW(conn)->tend(conn->below, busy);
}

static int faulty_try_lock(struct sql_conn *conn, int64_t number,
			   struct err *err)
{
	return BELOW(conn)->try_lock(conn->below, number, err);
}

static void faulty_free(struct sql_driver *base)
{
	struct faulty *faulty = (struct faulty *)(void *)base;

	faulty->below->ops->free(faulty->below);
	free(faulty);
}

static const struct sql_driver_ops faulty_ops = {
	.name = "faulty",
	.connect = faulty_connect,
	.disconnect = faulty_disconnect,
	.usable = faulty_usable,
	.prepare = faulty_prepare,
	.bind_i64 = faulty_bind_i64,
	.bind_text = faulty_bind_text,
	.bind_blob = faulty_bind_blob,
	.bind_null = faulty_bind_null,
	.step = faulty_step,
	.column_i64 = faulty_column_i64,
	.column_text = faulty_column_text,
	.column_blob = faulty_column_blob,
	.column_is_null = faulty_column_is_null,
	.changes = faulty_changes,
	.stmt_reset = faulty_stmt_reset,
	.exec = faulty_exec,
	.begin = faulty_begin,
	.savepoint = faulty_savepoint,
	.rollback_to = faulty_rollback_to,
	.release = faulty_release,
	.commit = faulty_commit,
	.rollback = faulty_rollback,
	.tend = faulty_tend,
	.try_lock = faulty_try_lock,
	.free = faulty_free,
};

struct sql_driver *sql_faulty_new(struct sql_driver *below)
{
	struct faulty *faulty = calloc(1, sizeof(*faulty));

	CHECK(faulty);
	faulty->driver.ops = &faulty_ops;
	faulty->driver.exclusive = below->exclusive;
	faulty->below = below;
	atomic_store(&faulty->code, ERR_IO);
	return &faulty->driver;
}

void sql_faulty_arm(struct sql_driver *driver, unsigned kinds, long nth,
		    long times)
{
	struct faulty *faulty = (struct faulty *)(void *)driver;

	atomic_store(&faulty->fired, false);
	atomic_store(&faulty->skip, nth);
	atomic_store(&faulty->left, times);
	atomic_store(&faulty->kinds, kinds);
}

void sql_faulty_code(struct sql_driver *driver, enum err_code code, bool breaks)
{
	struct faulty *faulty = (struct faulty *)(void *)driver;

	atomic_store(&faulty->code, code);
	atomic_store(&faulty->breaks, breaks);
}

bool sql_faulty_disarm(struct sql_driver *driver)
{
	struct faulty *faulty = (struct faulty *)(void *)driver;

	atomic_store(&faulty->kinds, 0);
	return atomic_load(&faulty->fired);
}

void sql_faulty_watch(struct sql_driver *driver, void (*seen)(const char *sql))
{
	struct faulty *faulty = (struct faulty *)(void *)driver;

	atomic_store(&faulty->seen, seen);
}
