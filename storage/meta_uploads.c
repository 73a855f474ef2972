/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_uploads.h"

#include "base/err.h"
#include "storage/meta_tx.h"

int meta_upload_insert(struct meta_tx *tx, struct meta_scope scope,
		       struct span repository, struct span principal,
		       const struct meta_upload *upload, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	int64_t open = 0;

	if (meta_query_open(&query, tx,
			    "INSERT INTO uploads (id, account, region, "
			    "repository, principal, algo, started_ms, "
			    "touched_ms) "
			    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
			    err) < 0)
		return -1;
	meta_query_text(&query, span_of(upload->id));
	meta_query_text(&query, scope.account);
	meta_query_text(&query, scope.region);
	meta_query_text(&query, repository);
	meta_query_text(&query, principal);
	meta_query_text(&query, span_of(digest_algo_name(upload->algo)));
	meta_query_i64(&query, upload->started_ms);
	meta_query_i64(&query, meta_tx_now_ms(tx));
	if (meta_query_run(&query, err) < 0)
		return -1;
	return meta_counter_add(tx, SPAN_LIT("uploads_open"), 1, &open, err);
}

static int read_upload(struct meta_query *query, struct meta_upload *ret_upload,
		       struct err *err)
{
	struct meta_upload upload = {.started_ms = 0};
	struct span algo = meta_column_text(query, 1);
	struct err why = ERR_INIT;

	if (meta_column_copy(query, 0, upload.id, sizeof(upload.id), err) < 0)
		return -1;
	if (digest_algo_parse(algo.text, algo.len, &upload.algo, &why) < 0)
		return err_set(err, ERR_CORRUPT,
			       "the database holds an upload of an unknown "
			       "algorithm");
	upload.started_ms = meta_column_i64(query, 2);
	*ret_upload = upload;
	return 0;
}

int meta_upload_find(struct meta_tx *tx, struct meta_scope scope,
		     struct span repository, struct span principal,
		     struct span id, struct meta_upload *ret_upload,
		     struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT id, algo, started_ms FROM uploads "
			    "WHERE id = $1 AND account = $2 AND region = $3 "
			    "AND repository = $4 AND principal = $5",
			    err) < 0)
		return -1;
	meta_query_text(&query, id);
	meta_query_text(&query, scope.account);
	meta_query_text(&query, scope.region);
	meta_query_text(&query, repository);
	meta_query_text(&query, principal);

	int rc = meta_query_step(&query, err);
	if (rc > 0 && read_upload(&query, ret_upload, err) < 0)
		return -1;
	return rc;
}

int meta_upload_touch(struct meta_tx *tx, struct span id, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "UPDATE uploads SET touched_ms = $2 WHERE id = $1",
			    err) < 0)
		return -1;
	meta_query_text(&query, id);
	meta_query_i64(&query, meta_tx_now_ms(tx));

	int64_t rows = meta_query_run(&query, err);
	return rows < 0 ? -1 : rows > 0;
}

int meta_upload_delete(struct meta_tx *tx, struct span id, struct err *err)
{
	return meta_upload_expire(tx, id, INT64_MAX, err);
}

int meta_upload_expire(struct meta_tx *tx, struct span id, int64_t before_ms,
		       struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	int64_t open = 0;

	if (meta_query_open(&query, tx,
			    "DELETE FROM uploads "
			    "WHERE id = $1 AND touched_ms < $2",
			    err) < 0)
		return -1;
	meta_query_text(&query, id);
	meta_query_i64(&query, before_ms);

	int64_t rows = meta_query_run(&query, err);
	if (rows <= 0)
		return rows < 0 ? -1 : 0;
	if (meta_counter_add(tx, SPAN_LIT("uploads_open"), -rows, &open, err) <
	    0)
		return -1;
	return 1;
}

static int count_where(struct meta_tx *tx, const char *sql,
		       struct meta_scope scope, struct span value,
		       int64_t *ret_count, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx, sql, err) < 0)
		return -1;
	meta_query_text(&query, scope.account);
	meta_query_text(&query, scope.region);
	meta_query_text(&query, value);
	if (meta_query_step(&query, err) < 0)
		return -1;
	*ret_count = meta_column_i64(&query, 0);
	return 0;
}

int meta_upload_count(struct meta_tx *tx, struct meta_scope scope,
		      struct span repository, struct span principal,
		      struct meta_upload_counts *ret_counts, struct err *err)
{
	struct meta_upload_counts counts = {.total = 0};

	if (meta_counter_read(tx, SPAN_LIT("uploads_open"), &counts.total,
			      err) < 0)
		return -1;
	if (count_where(tx,
			"SELECT COUNT(*) FROM uploads WHERE account = $1 "
			"AND region = $2 AND repository = $3",
			scope, repository, &counts.of_repository, err) < 0)
		return -1;
	if (count_where(tx,
			"SELECT COUNT(*) FROM uploads WHERE account = $1 "
			"AND region = $2 AND principal = $3",
			scope, principal, &counts.of_principal, err) < 0)
		return -1;
	*ret_counts = counts;
	return 0;
}

int meta_upload_expired(struct meta_tx *tx, int64_t before_ms, size_t limit,
			meta_upload_fn *each, void *context, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	int rc = 0;

	if (meta_query_open(&query, tx,
			    "SELECT id FROM uploads WHERE touched_ms < $1 "
			    "ORDER BY touched_ms, id LIMIT $2",
			    err) < 0)
		return -1;
	meta_query_i64(&query, before_ms);
	meta_query_i64(&query, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);

	while ((rc = meta_query_step(&query, err)) > 0)
		if (each(context, meta_column_text(&query, 0), err) < 0)
			return -1;
	return rc;
}

int meta_upload_exists(struct meta_tx *tx, struct span id, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx, "SELECT 1 FROM uploads WHERE id = $1",
			    err) < 0)
		return -1;
	meta_query_text(&query, id);
	return meta_query_step(&query, err);
}
