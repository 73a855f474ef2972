/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "storage/sql_cache.h"
#include "storage/sql_driver.h"
#include "storage/sql_file.h"

#define PARAMETERS_MAX 16
#define BUSY_MS 5000
/* Pages that a checkpoint waits for while nobody else waits; past the second
 * number it runs though there is work, or the log would never end. */
#define CHECKPOINT_PAGES 1000
#define CHECKPOINT_PAGES_URGENT 8000

struct sqlite_driver {
	struct sql_driver driver;
	char *dir;	 /* owned, without links */
	char *path;	 /* owned, of the database file */
	char *lock_path; /* owned, of the file that try_lock() locks */
	/* A commit failed on the medium: see sqlite_verify(). */
	atomic_bool suspect;
};

struct sql_conn {
	struct sqlite_driver *driver; /* borrowed */
	sqlite3 *db;		      /* owned */
	enum sql_access access;
	bool broken;		/* a commit failed, or a transaction is gone */
	bool in_transaction;	/* between begin and its end */
	int wal_pages;		/* in the log after the last commit */
	int copied_pages;	/* of them, by the last checkpoint */
	int lock_fd;		/* of try_lock(), or -1 */
	struct sql_cache cache; /* of struct sql_stmt */
};

struct sql_stmt {
	struct sql_cached cached;
	struct sql_conn *conn; /* borrowed */
	sqlite3_stmt *stmt;    /* owned */
	int bind_failed;       /* the first result code that was not OK */
	bool used;	       /* prepared and not yet reset */
	/* From parameter number to SQLite's index, which is in order of
	 * appearance; 0 where the statement has no such parameter. */
	int index[PARAMETERS_MAX + 1];
};

static enum err_code code_of_io(int extended, int os)
{
	if (extended == SQLITE_IOERR_NOMEM)
		return ERR_NO_MEMORY;
	/* What becomes of the commit is open, whatever the reason. */
	if (extended == SQLITE_IOERR_FSYNC)
		return ERR_IO;
	if (os == ENOSPC || os == EDQUOT)
		return ERR_NO_SPACE;
	if (os == EMFILE || os == ENFILE)
		return ERR_UNAVAILABLE;
	return ERR_IO;
}

static enum err_code code_of(int extended, int os)
{
	switch (extended & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_INTERRUPT:
	case SQLITE_READONLY:
		return ERR_UNAVAILABLE;
	case SQLITE_CONSTRAINT:
		return extended == SQLITE_CONSTRAINT_NOTNULL ? ERR_INTERNAL
							     : ERR_CONFLICT;
	case SQLITE_FULL:
		return ERR_NO_SPACE;
	case SQLITE_NOMEM:
		return ERR_NO_MEMORY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_CORRUPT;
	case SQLITE_TOOBIG:
		return ERR_TOO_LARGE;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		return code_of_io(extended, os);
	default:
		return ERR_INTERNAL;
	}
}

/* Record what just failed on the connection. */
static int fail(struct sql_conn *conn, int rc, const char *what,
		struct err *err)
{
	int os = conn->db ? sqlite3_system_errno(conn->db) : 0;
	int primary = rc & 0xff;

	err_set(err, code_of(rc, os), "SQLite: %s: %s (%d, errno %d)", what,
		conn->db ? sqlite3_errmsg(conn->db) : sqlite3_errstr(rc), rc,
		os);
	err->os = os;
	/* Some end the whole transaction: its savepoints are gone. */
	if ((conn->in_transaction && sqlite3_get_autocommit(conn->db)) ||
	    primary == SQLITE_IOERR || primary == SQLITE_CORRUPT ||
	    primary == SQLITE_READONLY)
		conn->broken = true;
	return -1;
}

static int run(struct sql_conn *conn, const char *sql, struct err *err)
{
	int rc = sqlite3_exec(conn->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : fail(conn, rc, sql, err);
}

static int note_wal_pages(void *context, sqlite3 *db, const char *name,
			  int pages)
{
	struct sql_conn *conn = context;

	(void)db, (void)name;
	conn->wal_pages = pages;
	return SQLITE_OK;
}

static int require_wal(struct sql_conn *conn, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	const char *sql = "PRAGMA journal_mode = WAL";
	int rc = sqlite3_prepare_v2(conn->db, sql, -1, &stmt, NULL);
	bool wal = false;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		wal = sqlite3_stricmp(
			      (const char *)sqlite3_column_text(stmt, 0),
			      "wal") == 0;
	else
		fail(conn, rc, sql, err);
	sqlite3_finalize(stmt);
	if (rc != SQLITE_ROW || wal)
		return rc == SQLITE_ROW ? 0 : -1;
	return err_set(err, ERR_IO,
		       "SQLite: the file system of %s cannot hold a "
		       "write-ahead log",
		       conn->driver->path);
}

/* No mmap: a page that the medium cannot read would end the process instead of
 * failing the request, and each connection's mapping counts as memory. */
static int set_up(struct sql_conn *conn, struct err *err)
{
	sqlite3_busy_timeout(conn->db, BUSY_MS);
	if (run(conn,
		"PRAGMA foreign_keys = OFF;"
		"PRAGMA temp_store = MEMORY;"
		"PRAGMA trusted_schema = OFF;"
		"PRAGMA mmap_size = 0;",
		err) < 0)
		return -1;
	if (conn->access == SQL_READ)
		return run(conn,
			   "PRAGMA cache_size = -256; PRAGMA query_only = ON",
			   err);
	if (require_wal(conn, err) < 0)
		return -1;
	if (run(conn,
		"PRAGMA cache_size = -2048;"
		"PRAGMA synchronous = FULL;"
		"PRAGMA journal_size_limit = 67108864;"
		"PRAGMA wal_autocheckpoint = 0;",
		err) < 0)
		return -1;
	sqlite3_wal_hook(conn->db, note_wal_pages, conn);
	return 0;
}

/*
 * After a commit failed on the medium the kernel may have dropped pages of the
 * log that it could not write and calls them clean.  So before anything new is
 * written all that was ever acknowledged is copied into the database file and
 * synced anew; where that fails the medium is not to be trusted yet.
 */
static int sqlite_verify(struct sql_conn *conn, struct err *err)
{
	int in_log = 0;
	int copied = 0;

	if (!atomic_load(&conn->driver->suspect))
		return 0;
	int rc = sqlite3_wal_checkpoint_v2(
		conn->db, "main", SQLITE_CHECKPOINT_FULL, &in_log, &copied);
	if (rc != SQLITE_OK)
		return fail(conn, rc, "checkpoint after a failed commit", err);
	if (in_log != copied)
		return err_set(err, ERR_UNAVAILABLE,
			       "SQLite: checkpoint after a failed commit left "
			       "%d pages",
			       in_log - copied);
	atomic_store(&conn->driver->suspect, false);
	return 0;
}

static void stmt_free(struct sql_stmt *stmt)
{
	if (!stmt)
		return;
	sqlite3_finalize(stmt->stmt);
	free(stmt);
}

DEFINE_CLEANUP(stmt_free_at, struct sql_stmt *, stmt_free)

static void sqlite_disconnect(struct sql_conn *conn)
{
	if (!conn)
		return;
	for (struct sql_cached *node = sql_cache_pop(&conn->cache); node;
	     node = sql_cache_pop(&conn->cache))
		stmt_free((struct sql_stmt *)(void *)node);
	sqlite3_close_v2(conn->db);
	if (conn->lock_fd >= 0)
		close(conn->lock_fd);
	free(conn);
}

DEFINE_CLEANUP(sqlite_disconnect_at, struct sql_conn *, sqlite_disconnect)

static int sqlite_connect(struct sql_driver *base, enum sql_access access,
			  struct sql_conn **ret_conn, struct err *err)
{
	struct sqlite_driver *driver = (struct sqlite_driver *)(void *)base;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
		    SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_PRIVATECACHE |
		    SQLITE_OPEN_EXRESCODE;

	if (access == SQL_WRITE &&
	    sql_file_make(driver->dir, driver->path, err) < 0)
		return -1;

	CLEANUP(sqlite_disconnect_at)
	struct sql_conn *conn = calloc(1, sizeof(*conn));
	if (!conn)
		return err_set(err, ERR_NO_MEMORY, "SQLite: a connection");
	conn->driver = driver;
	conn->access = access;
	conn->lock_fd = -1;

	int rc = sqlite3_open_v2(driver->path, &conn->db, flags, NULL);
	if (rc != SQLITE_OK)
		return fail(conn, rc, "opening the database", err);
	if (set_up(conn, err) < 0)
		return -1;
	if (access == SQL_WRITE && sqlite_verify(conn, err) < 0)
		return -1;
	*ret_conn = STEAL(conn);
	return 0;
}

static bool sqlite_usable(const struct sql_conn *conn)
{
	return !conn->broken;
}

/* "$12" is parameter 12: note where SQLite has it. */
static int map_parameters(struct sql_stmt *stmt, struct err *err)
{
	int count = sqlite3_bind_parameter_count(stmt->stmt);

	for (int number = 1; number <= PARAMETERS_MAX; number++) {
		char name[16];

		snprintf(name, sizeof(name), "$%d", number);
		stmt->index[number] =
			sqlite3_bind_parameter_index(stmt->stmt, name);
		if (stmt->index[number] > 0)
			count--;
	}
	if (count != 0)
		return err_set(err, ERR_INTERNAL,
			       "SQLite: a parameter is none of $1 to $%d",
			       PARAMETERS_MAX);
	return 0;
}

static int stmt_new(struct sql_conn *conn, const char *sql,
		    struct sql_stmt **ret_stmt, struct err *err)
{
	CLEANUP(stmt_free_at) struct sql_stmt *stmt = calloc(1, sizeof(*stmt));
	if (!stmt)
		return err_set(err, ERR_NO_MEMORY, "SQLite: a statement");
	stmt->conn = conn;

	int rc =
		sqlite3_prepare_v3(conn->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
				   &stmt->stmt, NULL);
	if (rc != SQLITE_OK) {
		fail(conn, rc, sql, err);
		return -1;
	}
	if (map_parameters(stmt, err) < 0)
		return -1;
	sql_cache_add(&conn->cache, &stmt->cached, sql);
	*ret_stmt = STEAL(stmt);
	return 0;
}

static int sqlite_prepare(struct sql_conn *conn, const char *sql,
			  struct sql_stmt **ret_stmt, struct err *err)
{
	struct sql_stmt *stmt =
		(struct sql_stmt *)(void *)sql_cache_find(&conn->cache, sql);

	if (!stmt && stmt_new(conn, sql, &stmt, err) < 0)
		return -1;
	if (stmt->used)
		return err_set(err, ERR_INTERNAL,
			       "SQLite: a statement is used within itself: %s",
			       sql);
	stmt->used = true;
	*ret_stmt = stmt;
	return 0;
}

static int index_of(const struct sql_stmt *stmt, int number)
{
	/* SQLite answers SQLITE_RANGE to index 0. */
	return number >= 1 && number <= PARAMETERS_MAX ? stmt->index[number]
						       : 0;
}

static void note_bind(struct sql_stmt *stmt, int rc)
{
	if (rc != SQLITE_OK && stmt->bind_failed == SQLITE_OK)
		stmt->bind_failed = rc;
}

static void sqlite_bind_i64(struct sql_stmt *stmt, int number, int64_t value)
{
	note_bind(stmt, sqlite3_bind_int64(stmt->stmt, index_of(stmt, number),
					   value));
}

static void sqlite_bind_text(struct sql_stmt *stmt, int number,
			     struct span text)
{
	/* A null pointer would bind NULL, not the empty text. */
	note_bind(stmt, sqlite3_bind_text64(stmt->stmt, index_of(stmt, number),
					    text.len ? text.text : "", text.len,
					    SQLITE_STATIC, SQLITE_UTF8));
}

static void sqlite_bind_blob(struct sql_stmt *stmt, int number,
			     struct span bytes)
{
	note_bind(stmt, sqlite3_bind_blob64(stmt->stmt, index_of(stmt, number),
					    bytes.len ? bytes.text : "",
					    bytes.len, SQLITE_STATIC));
}

static void sqlite_bind_null(struct sql_stmt *stmt, int number)
{
	note_bind(stmt, sqlite3_bind_null(stmt->stmt, index_of(stmt, number)));
}

static int sqlite_step(struct sql_stmt *stmt, struct err *err)
{
	struct sql_conn *conn = stmt->conn;

	if (stmt->bind_failed != SQLITE_OK)
		return fail(conn, stmt->bind_failed, "binding", err);

	int rc = sqlite3_step(stmt->stmt);
	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE)
		return 0;
	return fail(conn, rc, stmt->cached.sql, err);
}

static int64_t sqlite_column_i64(struct sql_stmt *stmt, int column)
{
	return sqlite3_column_int64(stmt->stmt, column);
}

/* Also for text: of a text SQLite's blob is its bytes. */
static struct span sqlite_column_bytes(struct sql_stmt *stmt, int column)
{
	const char *bytes = sqlite3_column_blob(stmt->stmt, column);
	int len = sqlite3_column_bytes(stmt->stmt, column);

	return bytes ? span_make(bytes, (size_t)len) : span_make("", 0);
}

static bool sqlite_column_is_null(struct sql_stmt *stmt, int column)
{
	return sqlite3_column_type(stmt->stmt, column) == SQLITE_NULL;
}

static int64_t sqlite_changes(struct sql_stmt *stmt)
{
	return sqlite3_changes64(stmt->conn->db);
}

static void sqlite_stmt_reset(struct sql_stmt *stmt)
{
	if (!stmt)
		return;
	sqlite3_reset(stmt->stmt);
	sqlite3_clear_bindings(stmt->stmt);
	stmt->bind_failed = SQLITE_OK;
	stmt->used = false;
}

/* Transactions are too frequent to be parsed each time. */
static int command(struct sql_conn *conn, const char *sql, struct err *err)
{
	struct sql_stmt *stmt = NULL;

	if (sqlite_prepare(conn, sql, &stmt, err) < 0)
		return -1;

	int rc = sqlite_step(stmt, err);
	sqlite_stmt_reset(stmt);
	return rc < 0 ? -1 : 0;
}

static int sqlite_begin(struct sql_conn *conn, struct err *err)
{
	const char *sql =
		conn->access == SQL_WRITE ? "BEGIN IMMEDIATE" : "BEGIN";

	if (command(conn, sql, err) < 0)
		return -1;
	conn->in_transaction = true;
	return 0;
}

static int sqlite_savepoint(struct sql_conn *conn, struct err *err)
{
	return command(conn, "SAVEPOINT one", err);
}

static int sqlite_rollback_to(struct sql_conn *conn, struct err *err)
{
	if (command(conn, "ROLLBACK TO one", err) < 0)
		return -1;
	return command(conn, "RELEASE one", err);
}

static int sqlite_release(struct sql_conn *conn, struct err *err)
{
	return command(conn, "RELEASE one", err);
}

static void sqlite_rollback(struct sql_conn *conn)
{
	struct err ignored = ERR_INIT;

	conn->in_transaction = false;
	if (!sqlite3_get_autocommit(conn->db) &&
	    command(conn, "ROLLBACK", &ignored) < 0)
		conn->broken = true;
}

static int sqlite_commit(struct sql_conn *conn, struct err *err)
{
	if (command(conn, "COMMIT", err) == 0) {
		conn->in_transaction = false;
		return 0;
	}
	if (conn->access == SQL_WRITE && err->code == ERR_IO)
		atomic_store(&conn->driver->suspect, true);
	sqlite_rollback(conn);
	conn->broken = true;
	return -1;
}

static void sqlite_tend(struct sql_conn *conn, bool busy)
{
	int enough = busy ? CHECKPOINT_PAGES_URGENT : CHECKPOINT_PAGES;
	int copied = 0;

	/* The log starts anew once all of it is copied and nobody reads it. */
	if (conn->wal_pages < conn->copied_pages)
		conn->copied_pages = 0;
	if (conn->wal_pages - conn->copied_pages < enough)
		return;
	/* A failure is no loss: the log keeps what was not copied, and what
	 * the next commit meets will be told. */
	if (sqlite3_wal_checkpoint_v2(conn->db, "main",
				      SQLITE_CHECKPOINT_PASSIVE, NULL,
				      &copied) == SQLITE_OK)
		conn->copied_pages = copied;
}

static int sqlite_try_lock(struct sql_conn *conn, int64_t number,
			   struct err *err)
{
	return sql_file_lock(conn->driver->lock_path, number, &conn->lock_fd,
			     err);
}

static void sqlite_free(struct sql_driver *base)
{
	struct sqlite_driver *driver = (struct sqlite_driver *)(void *)base;

	if (!driver)
		return;
	free(driver->dir);
	free(driver->path);
	free(driver->lock_path);
	free(driver);
}

static const struct sql_driver_ops sqlite_ops = {
	.name = "sqlite",
	.connect = sqlite_connect,
	.disconnect = sqlite_disconnect,
	.usable = sqlite_usable,
	.prepare = sqlite_prepare,
	.bind_i64 = sqlite_bind_i64,
	.bind_text = sqlite_bind_text,
	.bind_blob = sqlite_bind_blob,
	.bind_null = sqlite_bind_null,
	.step = sqlite_step,
	.column_i64 = sqlite_column_i64,
	.column_text = sqlite_column_bytes,
	.column_blob = sqlite_column_bytes,
	.column_is_null = sqlite_column_is_null,
	.changes = sqlite_changes,
	.stmt_reset = sqlite_stmt_reset,
	.exec = run,
	.begin = sqlite_begin,
	.savepoint = sqlite_savepoint,
	.rollback_to = sqlite_rollback_to,
	.release = sqlite_release,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.tend = sqlite_tend,
	.try_lock = sqlite_try_lock,
	.free = sqlite_free,
};

static void configure_once(void)
{
	/* Statistics would take a lock on every allocation.  A failure means
	 * that another user of the library came first: then they stay. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
}

static void sqlite_free_at(struct sqlite_driver **driver)
{
	if (*driver)
		sqlite_free(&(*driver)->driver);
}

static char *join(const char *a, const char *b, const char *c)
{
	char *text = NULL;

	return asprintf(&text, "%s%s%s", a, b, c) < 0 ? NULL : text;
}

int sql_sqlite_new(const char *dir, const char *name,
		   struct sql_driver **ret_driver, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, configure_once);

	CLEANUP(sqlite_free_at)
	struct sqlite_driver *driver = calloc(1, sizeof(*driver));
	if (!driver)
		return err_set(err, ERR_NO_MEMORY, "SQLite: a driver");
	driver->driver.ops = &sqlite_ops;
	driver->driver.exclusive = true;

	/* SQLITE_OPEN_NOFOLLOW refuses links anywhere in the path; those above
	 * the file are the operator's business. */
	driver->dir = realpath(dir, NULL);
	if (!driver->dir)
		return err_sys(err, errno, "finding the directory %s", dir);
	driver->path = join(driver->dir, "/", name);
	driver->lock_path =
		driver->path ? join(driver->path, ".lock", "") : NULL;
	if (!driver->lock_path)
		return err_set(err, ERR_NO_MEMORY, "SQLite: a path");
	*ret_driver = &STEAL(driver)->driver;
	return 0;
}
