/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_tx.h"

#include <string.h>

#include "base/err.h"
#include "storage/meta.h"

int64_t meta_tx_now_ms(const struct meta_tx *tx)
{
	return tx->now_ms;
}

int meta_query_open(struct meta_query *query, struct meta_tx *tx,
		    const char *sql, struct err *err)
{
	/* PostgreSQL would refuse it and SQLite would not: they must not
	 * differ in what a caller gets away with. */
	if (tx->failed)
		return err_set(err, ERR_INTERNAL,
			       "a statement follows one that failed");
	if (tx->ops->prepare(tx->conn, sql, &query->stmt, err) < 0) {
		tx->failed = true;
		return -1;
	}
	query->tx = tx;
	return 0;
}

void meta_query_close(struct meta_query *query)
{
	if (query->stmt)
		query->tx->ops->stmt_reset(query->stmt);
	query->stmt = NULL;
}

void meta_query_i64(struct meta_query *query, int64_t value)
{
	query->tx->ops->bind_i64(query->stmt, ++query->bound, value);
}

void meta_query_text(struct meta_query *query, struct span text)
{
	query->tx->ops->bind_text(query->stmt, ++query->bound, text);
}

void meta_query_blob(struct meta_query *query, struct span bytes)
{
	query->tx->ops->bind_blob(query->stmt, ++query->bound, bytes);
}

void meta_query_digest(struct meta_query *query, const struct digest *digest)
{
	char *text = query->digests[query->digests_used++];

	digest_format(digest, text);
	meta_query_text(query, span_of(text));
}

void meta_query_limit(struct meta_query *query, size_t limit)
{
	meta_query_i64(query,
		       limit < INT64_MAX ? (int64_t)limit + 1 : INT64_MAX);
}

int meta_query_step(struct meta_query *query, struct err *err)
{
	int rc = query->tx->ops->step(query->stmt, err);

	if (rc < 0)
		query->tx->failed = true;
	return rc;
}

int64_t meta_query_run(struct meta_query *query, struct err *err)
{
	int rc = meta_query_step(query, err);

	while (rc > 0)
		rc = meta_query_step(query, err);
	return rc < 0 ? -1 : query->tx->ops->changes(query->stmt);
}

int64_t meta_tx_run_on(struct meta_tx *tx, const char *sql, int64_t number,
		       struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx, sql, err) < 0)
		return -1;
	meta_query_i64(&query, number);
	return meta_query_run(&query, err);
}

int64_t meta_tx_run_on_text(struct meta_tx *tx, const char *sql,
			    struct span text, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx, sql, err) < 0)
		return -1;
	meta_query_text(&query, text);
	return meta_query_run(&query, err);
}

int64_t meta_tx_sweep(struct meta_tx *tx, const char *sql, int64_t before_ms,
		      size_t limit, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx, sql, err) < 0)
		return -1;
	meta_query_i64(&query, before_ms);
	meta_query_i64(&query, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
	return meta_query_run(&query, err);
}

int64_t meta_column_i64(struct meta_query *query, int column)
{
	return query->tx->ops->column_i64(query->stmt, column);
}

struct span meta_column_text(struct meta_query *query, int column)
{
	return query->tx->ops->column_text(query->stmt, column);
}

struct span meta_column_blob(struct meta_query *query, int column)
{
	return query->tx->ops->column_blob(query->stmt, column);
}

int meta_column_u64(struct meta_query *query, int column, uint64_t *ret_value,
		    struct err *err)
{
	int64_t value = meta_column_i64(query, column);

	if (value < 0)
		return err_set(err, ERR_CORRUPT,
			       "the database holds a negative size");
	*ret_value = (uint64_t)value;
	return 0;
}

int meta_column_digest(struct meta_query *query, int column,
		       struct digest *ret_digest, struct err *err)
{
	struct span text = meta_column_text(query, column);
	struct err why = ERR_INIT;

	if (digest_parse(text.text, text.len, ret_digest, &why) < 0)
		return err_set(err, ERR_CORRUPT,
			       "the database holds a bad digest: %s", why.text);
	return 0;
}

int meta_column_copy(struct meta_query *query, int column, char *ret_text,
		     size_t size, struct err *err)
{
	struct span text = meta_column_text(query, column);

	if (text.len >= size || memchr(text.text, '\0', text.len))
		return err_set(err, ERR_CORRUPT,
			       "the database holds a text that is too long");
	memcpy(ret_text, text.text, text.len);
	ret_text[text.len] = '\0';
	return 0;
}

static int counter_value(struct meta_query *query, struct span name,
			 int64_t *ret_value, struct err *err)
{
	int rc = meta_query_step(query, err);

	if (rc < 0)
		return -1;
	if (rc == 0)
		return err_set(err, ERR_CORRUPT,
			       "the database lacks the counter %.*s",
			       SPAN_ARG(name));
	*ret_value = meta_column_i64(query, 0);
	return 0;
}

int meta_counter_add(struct meta_tx *tx, struct span name, int64_t delta,
		     int64_t *ret_value, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "UPDATE counters SET value = value + $2 "
			    "WHERE name = $1 RETURNING value",
			    err) < 0)
		return -1;
	meta_query_text(&query, name);
	meta_query_i64(&query, delta);
	return counter_value(&query, name, ret_value, err);
}

int meta_counter_read(struct meta_tx *tx, struct span name, int64_t *ret_value,
		      struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT value FROM counters WHERE name = $1",
			    err) < 0)
		return -1;
	meta_query_text(&query, name);
	return counter_value(&query, name, ret_value, err);
}
