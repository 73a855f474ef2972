/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_SQL_DRIVER_H
#define STORAGE_SQL_DRIVER_H

/*
 * The thin layer below the metadata: connections, prepared statements and
 * transactions of SQLite and PostgreSQL.  The SQL above it is written once, in
 * what both engines run: parameters $1, $2 ..., BIGINT for every integer,
 * TEXT and the blob type spelled "BYTEA", RETURNING, ON CONFLICT, no collation
 * clause; text is compared by bytes in both.
 *
 * A connection and its statements belong to one thread at a time.  Every call
 * may wait for the database.  Failures: ERR_UNAVAILABLE when the database
 * cannot be reached or is locked (the same call may hold later), ERR_CONFLICT
 * for a unique or foreign key, ERR_NO_SPACE, ERR_IO, ERR_CORRUPT,
 * ERR_NO_MEMORY, ERR_INTERNAL for a statement that is wrong.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct err;
struct sql_conn;
struct sql_driver;
struct sql_stmt;

enum sql_access { SQL_READ, SQL_WRITE };

struct sql_driver_ops {
	/* "sqlite", "postgresql": for logs and metrics. */
	const char *name;

	/* Open a connection.  SQLite has at most one for SQL_WRITE. */
	int (*connect)(struct sql_driver *driver, enum sql_access access,
		       struct sql_conn **ret_conn, struct err *err);

	/* Close it, rolling back what is open; NULL is fine. */
	void (*disconnect)(struct sql_conn *conn);

	/* False once the connection is broken (PostgreSQL went away, a commit
	 * of SQLite failed halfway) and must be replaced. */
	bool (*usable)(const struct sql_conn *conn);

	/*
	 * The statement of that text, ready to be bound: prepared at its first
	 * use and kept by the connection.  sql is a literal and its address
	 * names the statement.  The result is the connection's; call
	 * stmt_reset() before the function that asked for it returns.
	 */
	int (*prepare)(struct sql_conn *conn, const char *sql,
		       struct sql_stmt **ret_stmt, struct err *err);

	/* Bind parameter number (from 1).  Bytes are borrowed until reset. */
	void (*bind_i64)(struct sql_stmt *stmt, int number, int64_t value);
	void (*bind_text)(struct sql_stmt *stmt, int number, struct span text);
	void (*bind_blob)(struct sql_stmt *stmt, int number, struct span bytes);
	void (*bind_null)(struct sql_stmt *stmt, int number);

	/* Run, or fetch the next row: 1 a row, 0 done, -1 failed.  A parameter
	 * that could not be bound shows here.  After a failure within a
	 * transaction nothing but rollback_to() and rollback() is of use. */
	int (*step)(struct sql_stmt *stmt, struct err *err);

	/* The current row's columns, from 0; NULL reads as 0 and as the empty
	 * span.  Bytes are borrowed until the next step or reset. */
	int64_t (*column_i64)(struct sql_stmt *stmt, int column);
	struct span (*column_text)(struct sql_stmt *stmt, int column);
	struct span (*column_blob)(struct sql_stmt *stmt, int column);
	bool (*column_is_null)(struct sql_stmt *stmt, int column);

	/* Rows that the last INSERT, UPDATE or DELETE changed, once done. */
	int64_t (*changes)(struct sql_stmt *stmt);

	/* End the run and forget the bindings.  NULL is fine. */
	void (*stmt_reset)(struct sql_stmt *stmt);

	/* Run a script of several statements: for migrations. */
	int (*exec)(struct sql_conn *conn, const char *script, struct err *err);

	/* begin: on SQL_WRITE a transaction that has the database's one right
	 * to write (waiting up to 5 s for it, else ERR_UNAVAILABLE), so that
	 * what it reads stays so; on SQL_READ a snapshot.
	 * savepoint/rollback_to/release nest one level inside it. */
	int (*begin)(struct sql_conn *conn, struct err *err);
	int (*savepoint)(struct sql_conn *conn, struct err *err);
	int (*rollback_to)(struct sql_conn *conn, struct err *err);
	int (*release)(struct sql_conn *conn, struct err *err);

	/* Durable when it returns 0.  After a failure the connection is not
	 * usable any more: what became of the transaction is unknown. */
	int (*commit)(struct sql_conn *conn, struct err *err);
	void (*rollback)(struct sql_conn *conn);

	/* Housekeeping between transactions that must not delay an answer (a
	 * checkpoint of SQLite); busy: more work is waiting already. */
	void (*tend)(struct sql_conn *conn, bool busy);

	/* Take (1) or find taken (0) the lock of that number for as long as the
	 * connection lives: one schema migration at a time over all servers. */
	int (*try_lock)(struct sql_conn *conn, int64_t number, struct err *err);

	/* Free the driver; every connection is closed by now. */
	void (*free)(struct sql_driver *driver);
};

/* What every driver starts with. */
struct sql_driver {
	const struct sql_driver_ops *ops; /* a constant */
	/* Nobody but this process writes: what is read may be cached until
	 * this process changes it. */
	bool exclusive;
};

/*
 * SQLite in the file dir/name (WAL, synchronous=FULL).  dir is an
 * absolute or relative path, copied.
 */
int sql_sqlite_new(const char *dir, const char *name,
		   struct sql_driver **ret_driver, struct err *err);

/* PostgreSQL at a libpq connection address.  libpq is only needed here. */
int sql_pg_new(const char *address, struct sql_driver **ret_driver,
	       struct err *err);

#endif
