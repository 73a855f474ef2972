/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_META_TX_H
#define STORAGE_META_TX_H

/*
 * What the meta_*.c files share: the transaction, and one run of a statement in
 * it.  For these files only.
 *
 *   CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
 *
 *   if (meta_query_open(&query, tx, "SELECT ... WHERE id = $1", err) < 0)
 *           return -1;
 *   meta_query_i64(&query, id);
 *   int rc = meta_query_step(&query, err);
 *
 * Parameters are bound in the order of their numbers.  Everything belongs to
 * the thread that has the transaction.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/span.h"
#include "storage/sql_driver.h"

struct err;
struct meta;

struct meta_tx {
	const struct sql_driver_ops *ops; /* of the connection's driver */
	struct sql_conn *conn;		  /* lent */
	int64_t now_ms;			  /* wall time of the transaction */
	int64_t event;	   /* the last event number given out; 0 if none was */
	bool failed;	   /* a statement has failed: nothing more may run */
	struct meta *meta; /* whose, for giving a read back; else NULL */
	struct meta_tx *next; /* in the list of idle read connections */
};

/* Statements name at most that many digests. */
#define META_QUERY_DIGESTS 3

struct meta_query {
	struct meta_tx *tx;    /* borrowed */
	struct sql_stmt *stmt; /* the connection's; NULL before open */
	int bound;	       /* parameters bound so far */
	int digests_used;      /* texts in use of: */
	/* Digests as text, bound as parameters. */
	char digests[META_QUERY_DIGESTS][DIGEST_TEXT_SIZE];
};

#define META_QUERY_INIT ((struct meta_query){.tx = NULL})

/* sql is a literal. */
int meta_query_open(struct meta_query *query, struct meta_tx *tx,
		    const char *sql, struct err *err);

/* End the run; a query that is not open is fine. */
void meta_query_close(struct meta_query *query);

/* Bind the next parameter.  Spans are borrowed until the query is closed. */
void meta_query_i64(struct meta_query *query, int64_t value);
void meta_query_text(struct meta_query *query, struct span text);
void meta_query_blob(struct meta_query *query, struct span bytes);
void meta_query_digest(struct meta_query *query, const struct digest *digest);

/* Bind a LIMIT that fetches one row more than the page shows. */
void meta_query_limit(struct meta_query *query, size_t limit);

/* The next row: 1, 0, -1. */
int meta_query_step(struct meta_query *query, struct err *err);

/* Run to the end: rows changed, or -1. */
int64_t meta_query_run(struct meta_query *query, struct err *err);

/* Run a statement over one number, or one text, to the end: rows changed, or
 * -1. */
int64_t meta_tx_run_on(struct meta_tx *tx, const char *sql, int64_t number,
		       struct err *err);
int64_t meta_tx_run_on_text(struct meta_tx *tx, const char *sql,
			    struct span text, struct err *err);

/* The same over a time and a limit: what removes old rows. */
int64_t meta_tx_sweep(struct meta_tx *tx, const char *sql, int64_t before_ms,
		      size_t limit, struct err *err);

/* The current row's columns, from 0.  Spans are borrowed until the next step.
 */
int64_t meta_column_i64(struct meta_query *query, int column);
struct span meta_column_text(struct meta_query *query, int column);
struct span meta_column_blob(struct meta_query *query, int column);

/* The same where what is stored must be of a form; ERR_CORRUPT if not. */
int meta_column_u64(struct meta_query *query, int column, uint64_t *ret_value,
		    struct err *err);
int meta_column_digest(struct meta_query *query, int column,
		       struct digest *ret_digest, struct err *err);
int meta_column_copy(struct meta_query *query, int column, char *ret_text,
		     size_t size, struct err *err);

/* Add to a row of the counters and tell its new value. */
int meta_counter_add(struct meta_tx *tx, struct span name, int64_t delta,
		     int64_t *ret_value, struct err *err);

/* The value of a row of the counters. */
int meta_counter_read(struct meta_tx *tx, struct span name, int64_t *ret_value,
		      struct err *err);

#endif
