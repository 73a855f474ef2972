/* SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <endian.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/lock.h"
#include "base/num.h"
#include "storage/sql_cache.h"
#include "storage/sql_driver.h"
#include "storage/sql_state.h"

#define PARAMETERS_MAX 16

/* Types by their numbers in pg_type, which never change. */
#define OID_BYTEA 17
#define OID_INT8 20
#define OID_TEXT 25

/* "berth" as a number: one transaction writes at a time, over all servers. */
#define WRITER_LOCK "422844658024"
/* Locks are the database's, which several registries may share by schemas. */
#define LOCK_OF(number) "hashtextextended(current_schema(), " number ")"

/*
 * libpq is loaded when a PostgreSQL database is opened and not before: it
 * brings Kerberos, LDAP and a second TLS set-up along, several megabytes that a
 * server on SQLite, which is most of them, should neither need installed nor
 * map.  The types are those of the real header.
 */
#define LIBPQ_NAME "libpq.so.5"
#define LIBPQ_FUNCTIONS(X)                                                     \
	X(PQclear)                                                             \
	X(PQcmdStatus)                                                         \
	X(PQcmdTuples)                                                         \
	X(PQconnectdbParams)                                                   \
	X(PQerrorMessage)                                                      \
	X(PQexec)                                                              \
	X(PQexecPrepared)                                                      \
	X(PQfinish)                                                            \
	X(PQgetisnull)                                                         \
	X(PQgetlength)                                                         \
	X(PQgetvalue)                                                          \
	X(PQntuples)                                                           \
	X(PQprepare)                                                           \
	X(PQresultErrorField)                                                  \
	X(PQresultStatus)                                                      \
	X(PQsetNoticeProcessor)                                                \
	X(PQstatus)                                                            \
	X(PQtransactionStatus)

static struct {
	bool loaded;
#define X(name) __typeof__(name) *name;
	LIBPQ_FUNCTIONS(X)
#undef X
} pq;

struct pg_driver {
	struct sql_driver driver;
	char address[]; /* ends in NUL */
};

struct sql_conn {
	PGconn *pg; /* owned */
	enum sql_access access;
	bool broken;		/* a commit failed, or the server went away */
	unsigned long prepared; /* statements named so far */
	struct sql_cache cache; /* of struct sql_stmt */
};

struct sql_stmt {
	struct sql_cached cached;
	struct sql_conn *conn; /* borrowed */
	char name[24];	       /* of the prepared statement; "" until it is */
	PGresult *result; /* owned; of the run, NULL before its first step */
	int row;	  /* the current one */
	bool used;	  /* prepared and not yet reset */
	bool bind_failed; /* a parameter's number or size is impossible */
	int bound;	  /* parameters, from 1 */
	Oid types[PARAMETERS_MAX];
	const char *values[PARAMETERS_MAX]; /* borrowed, or into integers */
	int lengths[PARAMETERS_MAX];
	int64_t integers[PARAMETERS_MAX]; /* in the order of the network */
};

static int load_symbol(void *library, const char *name, void *ret_function,
		       struct err *err)
{
	void *symbol = dlsym(library, name);

	if (!symbol)
		return err_set(err, ERR_UNSUPPORTED, "%s lacks %s", LIBPQ_NAME,
			       name);
	/* C knows no cast from an object's address to a function's. */
	memcpy(ret_function, &symbol, sizeof(symbol));
	return 0;
}

static int load(struct err *err)
{
	static struct lock loading = LOCK_INIT;
	int rc = 0;

	lock_take(&loading);
	if (!pq.loaded) {
		void *library = dlopen(LIBPQ_NAME, RTLD_NOW | RTLD_LOCAL);

		if (!library)
			rc = err_set(err, ERR_UNSUPPORTED,
				     "PostgreSQL needs its client library "
				     "(the package libpq5): %s",
				     dlerror());
#define X(name)                                                                \
	if (rc == 0)                                                           \
		rc = load_symbol(library, #name, &pq.name, err);
		LIBPQ_FUNCTIONS(X)
#undef X
		pq.loaded = rc == 0;
	}
	lock_drop(&loading);
	return rc;
}

/* Record what just failed; result may be NULL. */
static int fail(struct sql_conn *conn, const PGresult *result, const char *what,
		struct err *err)
{
	const char *state =
		result ? pq.PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	enum err_code code = result ? ERR_INTERNAL : ERR_NO_MEMORY;
	bool breaks = pq.PQstatus(conn->pg) != CONNECTION_OK;

	if (breaks)
		code = ERR_UNAVAILABLE;
	else if (state)
		code = sql_state_code(state, &breaks);
	conn->broken |= breaks;

	const char *text = pq.PQerrorMessage(conn->pg);
	return err_set(err, code, "PostgreSQL: %s: %.*s (%s)", what,
		       (int)strcspn(text, "\n"), text,
		       state ? state : "no state");
}

static bool held(const PGresult *result)
{
	ExecStatusType status = pq.PQresultStatus(result);

	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* Run a script and give its last result, to be cleared by the caller. */
static int query(struct sql_conn *conn, const char *script,
		 PGresult **ret_result, struct err *err)
{
	PGresult *result = pq.PQexec(conn->pg, script);

	if (!result || !held(result)) {
		fail(conn, result, "a command", err);
		pq.PQclear(result);
		return -1;
	}
	*ret_result = result;
	return 0;
}

static int run(struct sql_conn *conn, const char *script, struct err *err)
{
	PGresult *result = NULL;

	if (query(conn, script, &result, err) < 0)
		return -1;
	pq.PQclear(result);
	return 0;
}

/*
 * Text must compare by bytes, as it does in SQLite and in the listings; a wrong
 * database must be refused before anything is stored in it.
 */
static int check_database(struct sql_conn *conn, struct err *err)
{
	PGresult *result = NULL;
	int rc = 0;

	if (query(conn,
		  "SELECT CASE WHEN current_schema() IS NULL "
		  "THEN 'lacks the schema of its search_path' "
		  "WHEN 'B'::text < 'a'::text AND 'a-b'::text < 'a.'::text "
		  "AND 'aa'::text > 'a_'::text "
		  "AND current_setting('server_encoding') = 'UTF8' THEN '' "
		  "ELSE 'must be UTF8 and sort by bytes: CREATE DATABASE berth "
		  "TEMPLATE template0 ENCODING ''UTF8'' LC_COLLATE ''C'' "
		  "LC_CTYPE ''C''' END",
		  &result, err) < 0)
		return -1;

	const char *why = pq.PQgetvalue(result, 0, 0);
	if (why[0] != '\0')
		rc = err_set(err, ERR_UNSUPPORTED, "the PostgreSQL database %s",
			     why);
	pq.PQclear(result);
	return rc;
}

/*
 * A commit must be durable whatever the server's default is; neither a hung
 * statement nor a vanished server that holds the right to write may stop the
 * others for long.
 */
static int set_up(struct sql_conn *conn, struct err *err)
{
	if (run(conn,
		"SET statement_timeout = '30s';"
		"SET lock_timeout = '5s';"
		"SET idle_in_transaction_session_timeout = '60s';"
		"SELECT set_config('synchronous_commit', 'on', false) "
		"WHERE current_setting('synchronous_commit') = 'off';",
		err) < 0)
		return -1;
	return check_database(conn, err);
}

static void ignore_notice(void *context, const char *message)
{
	(void)context, (void)message;
}

static void pg_disconnect(struct sql_conn *conn)
{
	if (!conn)
		return;
	for (struct sql_cached *node = sql_cache_pop(&conn->cache); node;
	     node = sql_cache_pop(&conn->cache)) {
		pq.PQclear(((struct sql_stmt *)(void *)node)->result);
		free(node);
	}
	pq.PQfinish(conn->pg);
	free(conn);
}

DEFINE_CLEANUP(pg_disconnect_at, struct sql_conn *, pg_disconnect)

/* What stands before "dbname" is a default that the address may override. */
static PGconn *open_address(const char *address)
{
	static const char *const names[] = {
		"connect_timeout",
		"keepalives_idle",
		"keepalives_interval",
		"keepalives_count",
		"tcp_user_timeout",
		"fallback_application_name",
		"dbname",
		"client_encoding",
		NULL,
	};
	const char *const values[] = {
		"5", "10", "5", "3", "20000", "berthd", address, "UTF8", NULL,
	};

	return pq.PQconnectdbParams(names, values, 1);
}

static int pg_connect(struct sql_driver *base, enum sql_access access,
		      struct sql_conn **ret_conn, struct err *err)
{
	struct pg_driver *driver = (struct pg_driver *)(void *)base;

	CLEANUP(pg_disconnect_at)
	struct sql_conn *conn = calloc(1, sizeof(*conn));
	if (!conn)
		return err_set(err, ERR_NO_MEMORY, "PostgreSQL: a connection");
	conn->access = access;
	conn->pg = open_address(driver->address);
	if (!conn->pg)
		return err_set(err, ERR_NO_MEMORY, "PostgreSQL: a connection");
	if (pq.PQstatus(conn->pg) != CONNECTION_OK)
		return fail(conn, NULL, "connecting", err);
	pq.PQsetNoticeProcessor(conn->pg, ignore_notice, NULL);
	if (set_up(conn, err) < 0)
		return -1;
	*ret_conn = STEAL(conn);
	return 0;
}

static bool pg_usable(const struct sql_conn *conn)
{
	return !conn->broken && pq.PQstatus(conn->pg) == CONNECTION_OK;
}

static int pg_prepare(struct sql_conn *conn, const char *sql,
		      struct sql_stmt **ret_stmt, struct err *err)
{
	struct sql_stmt *stmt =
		(struct sql_stmt *)(void *)sql_cache_find(&conn->cache, sql);

	if (!stmt) {
		stmt = calloc(1, sizeof(*stmt));
		if (!stmt)
			return err_set(err, ERR_NO_MEMORY,
				       "PostgreSQL: a statement");
		stmt->conn = conn;
		sql_cache_add(&conn->cache, &stmt->cached, sql);
	}
	if (stmt->used)
		return err_set(err, ERR_INTERNAL,
			       "PostgreSQL: a statement is used within "
			       "itself: %s",
			       sql);
	stmt->used = true;
	*ret_stmt = stmt;
	return 0;
}

static bool bind(struct sql_stmt *stmt, int number, Oid type, struct span bytes)
{
	if (number < 1 || number > PARAMETERS_MAX || bytes.len > INT32_MAX) {
		stmt->bind_failed = true;
		return false;
	}
	stmt->types[number - 1] = type;
	stmt->values[number - 1] = bytes.text;
	stmt->lengths[number - 1] = (int)bytes.len;
	if (number > stmt->bound)
		stmt->bound = number;
	return true;
}

static void pg_bind_i64(struct sql_stmt *stmt, int number, int64_t value)
{
	if (!bind(stmt, number, OID_INT8, span_make("", sizeof(value))))
		return;
	stmt->integers[number - 1] = (int64_t)htobe64((uint64_t)value);
	stmt->values[number - 1] = (char *)&stmt->integers[number - 1];
}

/* A null pointer would bind NULL, not the empty text. */
static void pg_bind_text(struct sql_stmt *stmt, int number, struct span text)
{
	bind(stmt, number, OID_TEXT, text.len ? text : span_of(""));
}

static void pg_bind_blob(struct sql_stmt *stmt, int number, struct span bytes)
{
	bind(stmt, number, OID_BYTEA, bytes.len ? bytes : span_of(""));
}

static void pg_bind_null(struct sql_stmt *stmt, int number)
{
	bind(stmt, number, 0, span_make(NULL, 0));
}

/* At the first run, when the types of the parameters are known. */
static int prepare_now(struct sql_stmt *stmt, struct err *err)
{
	struct sql_conn *conn = stmt->conn;

	snprintf(stmt->name, sizeof(stmt->name), "s%lu", ++conn->prepared);

	PGresult *result = pq.PQprepare(conn->pg, stmt->name, stmt->cached.sql,
					stmt->bound, stmt->types);
	bool fine = result && held(result);
	if (!fine) {
		stmt->name[0] = '\0';
		fail(conn, result, stmt->cached.sql, err);
	}
	pq.PQclear(result);
	return fine ? 0 : -1;
}

static int execute(struct sql_stmt *stmt, struct err *err)
{
	struct sql_conn *conn = stmt->conn;
	static const int binary[PARAMETERS_MAX] = {1, 1, 1, 1, 1, 1, 1, 1,
						   1, 1, 1, 1, 1, 1, 1, 1};

	if (stmt->bind_failed)
		return err_set(err, ERR_INTERNAL,
			       "PostgreSQL: a parameter cannot be bound: %s",
			       stmt->cached.sql);
	if (stmt->name[0] == '\0' && prepare_now(stmt, err) < 0)
		return -1;

	PGresult *result =
		pq.PQexecPrepared(conn->pg, stmt->name, stmt->bound,
				  stmt->values, stmt->lengths, binary, 1);
	if (!result || !held(result)) {
		fail(conn, result, stmt->cached.sql, err);
		pq.PQclear(result);
		return -1;
	}
	stmt->result = result;
	stmt->row = -1;
	return 0;
}

static int pg_step(struct sql_stmt *stmt, struct err *err)
{
	if (!stmt->result && execute(stmt, err) < 0)
		return -1;
	if (stmt->row + 1 >= pq.PQntuples(stmt->result))
		return 0;
	stmt->row++;
	return 1;
}

static struct span pg_column_bytes(struct sql_stmt *stmt, int column)
{
	if (pq.PQgetisnull(stmt->result, stmt->row, column))
		return span_make("", 0);
	return span_make(
		pq.PQgetvalue(stmt->result, stmt->row, column),
		(size_t)pq.PQgetlength(stmt->result, stmt->row, column));
}

static int64_t pg_column_i64(struct sql_stmt *stmt, int column)
{
	return sql_state_integer(pg_column_bytes(stmt, column));
}

static bool pg_column_is_null(struct sql_stmt *stmt, int column)
{
	return pq.PQgetisnull(stmt->result, stmt->row, column);
}

static int64_t pg_changes(struct sql_stmt *stmt)
{
	uint64_t changes = 0;
	struct err ignored = ERR_INIT;

	/* Empty where the statement changes nothing by its nature. */
	if (!stmt->result || num_u64(span_of(pq.PQcmdTuples(stmt->result)),
				     &changes, &ignored) < 0)
		return 0;
	return (int64_t)changes;
}

static void pg_stmt_reset(struct sql_stmt *stmt)
{
	if (!stmt)
		return;
	pq.PQclear(stmt->result);
	stmt->result = NULL;
	stmt->used = false;
	stmt->bind_failed = false;
	stmt->bound = 0;
}

static int pg_exec(struct sql_conn *conn, const char *script, struct err *err)
{
	if (pq.PQtransactionStatus(conn->pg) == PQTRANS_INTRANS &&
	    run(conn, "SET LOCAL statement_timeout = 0", err) < 0)
		return -1;
	return run(conn, script, err);
}

/*
 * SQLite has one writer, and what is written above relies on it: on PostgreSQL
 * a lock that lasts as long as the transaction does the same over all servers.
 * Group commit makes that cheap; and the events, which are numbered in the
 * order of their commits, would have to wait for each other anyway.
 */
static int pg_begin(struct sql_conn *conn, struct err *err)
{
	if (conn->access == SQL_READ)
		return run(conn,
			   "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
			   err);
	if (run(conn,
		"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;"
		"SELECT pg_advisory_xact_lock(" LOCK_OF(WRITER_LOCK) ")",
		err) == 0)
		return 0;
	if (pg_usable(conn))
		pq.PQclear(pq.PQexec(conn->pg, "ROLLBACK"));
	return -1;
}

static int pg_savepoint(struct sql_conn *conn, struct err *err)
{
	return run(conn, "SAVEPOINT one", err);
}

static int pg_rollback_to(struct sql_conn *conn, struct err *err)
{
	return run(conn, "ROLLBACK TO SAVEPOINT one; RELEASE SAVEPOINT one",
		   err);
}

static int pg_release(struct sql_conn *conn, struct err *err)
{
	return run(conn, "RELEASE SAVEPOINT one", err);
}

/* The COMMIT of a transaction with a failed statement holds, as a ROLLBACK. */
static int pg_commit(struct sql_conn *conn, struct err *err)
{
	PGresult *result = NULL;

	if (query(conn, "COMMIT", &result, err) < 0) {
		conn->broken = true;
		return -1;
	}
	bool committed = strcmp(pq.PQcmdStatus(result), "COMMIT") == 0;
	pq.PQclear(result);
	if (committed)
		return 0;
	conn->broken = true;
	return err_set(err, ERR_INTERNAL,
		       "PostgreSQL: the transaction was rolled back");
}

static void pg_rollback(struct sql_conn *conn)
{
	struct err ignored = ERR_INIT;

	if (run(conn, "ROLLBACK", &ignored) < 0)
		conn->broken = true;
}

static void pg_tend(struct sql_conn *conn, bool busy)
{
	(void)conn, (void)busy;
}

static int pg_try_lock(struct sql_conn *conn, int64_t number, struct err *err)
{
	static const char sql[] =
		"SELECT pg_try_advisory_lock(" LOCK_OF("$1") ")";
	struct sql_stmt *stmt = NULL;

	if (pg_prepare(conn, sql, &stmt, err) < 0)
		return -1;
	pg_bind_i64(stmt, 1, number);

	int rc = pg_step(stmt, err);
	if (rc > 0)
		rc = pg_column_i64(stmt, 0) != 0;
	pg_stmt_reset(stmt);
	return rc;
}

static void pg_free(struct sql_driver *driver)
{
	free(driver);
}

static const struct sql_driver_ops pg_ops = {
	.name = "postgresql",
	.connect = pg_connect,
	.disconnect = pg_disconnect,
	.usable = pg_usable,
	.prepare = pg_prepare,
	.bind_i64 = pg_bind_i64,
	.bind_text = pg_bind_text,
	.bind_blob = pg_bind_blob,
	.bind_null = pg_bind_null,
	.step = pg_step,
	.column_i64 = pg_column_i64,
	.column_text = pg_column_bytes,
	.column_blob = pg_column_bytes,
	.column_is_null = pg_column_is_null,
	.changes = pg_changes,
	.stmt_reset = pg_stmt_reset,
	.exec = pg_exec,
	.begin = pg_begin,
	.savepoint = pg_savepoint,
	.rollback_to = pg_rollback_to,
	.release = pg_release,
	.commit = pg_commit,
	.rollback = pg_rollback,
	.tend = pg_tend,
	.try_lock = pg_try_lock,
	.free = pg_free,
};

int sql_pg_new(const char *address, struct sql_driver **ret_driver,
	       struct err *err)
{
	if (load(err) < 0)
		return -1;

	size_t size = strlen(address) + 1;
	struct pg_driver *driver = calloc(1, sizeof(*driver) + size);
	if (!driver)
		return err_set(err, ERR_NO_MEMORY, "PostgreSQL: a driver");
	driver->driver.ops = &pg_ops;
	driver->driver.exclusive = false;
	memcpy(driver->address, address, size);
	*ret_driver = &driver->driver;
	return 0;
}
