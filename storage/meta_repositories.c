/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_repositories.h"

#include "base/err.h"
#include "storage/meta_page.h"
#include "storage/meta_tx.h"

int meta_repository_find(struct meta_tx *tx, struct meta_scope scope,
			 struct span name, int64_t *ret_id, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT id FROM repositories WHERE account = $1 "
			    "AND region = $2 AND name = $3",
			    err) < 0)
		return -1;
	meta_query_text(&query, scope.account);
	meta_query_text(&query, scope.region);
	meta_query_text(&query, name);

	int rc = meta_query_step(&query, err);
	if (rc > 0)
		*ret_id = meta_column_i64(&query, 0);
	return rc;
}

static int repository_insert(struct meta_tx *tx, struct meta_scope scope,
			     struct span name, int64_t id, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "INSERT INTO repositories "
			    "(id, account, region, name, created_ms) "
			    "VALUES ($1, $2, $3, $4, $5)",
			    err) < 0)
		return -1;
	meta_query_i64(&query, id);
	meta_query_text(&query, scope.account);
	meta_query_text(&query, scope.region);
	meta_query_text(&query, name);
	meta_query_i64(&query, meta_tx_now_ms(tx));
	return meta_query_run(&query, err) < 0 ? -1 : 0;
}

int meta_repository_ensure(struct meta_tx *tx, struct meta_scope scope,
			   struct span name, int64_t *ret_id, bool *ret_made,
			   struct err *err)
{
	int64_t id = 0;
	int rc = meta_repository_find(tx, scope, name, &id, err);

	if (rc < 0)
		return -1;
	if (rc == 0) {
		if (meta_counter_add(tx, SPAN_LIT("repository"), 1, &id, err) <
		    0)
			return -1;
		if (repository_insert(tx, scope, name, id, err) < 0)
			return -1;
	}
	*ret_id = id;
	*ret_made = rc == 0;
	return 0;
}

int meta_repository_about(struct meta_tx *tx, int64_t id,
			  struct meta_repository_about *ret_about,
			  struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(
		    &query, tx,
		    "SELECT created_ms, "
		    "(SELECT COUNT(*) FROM tags WHERE repository_id = $1), "
		    "(SELECT COUNT(*) FROM manifests WHERE repository_id = "
		    "$1), "
		    "(SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) "
		    "FROM manifests WHERE repository_id = $1), "
		    "(SELECT CAST(COALESCE(SUM(blobs.size), 0) AS BIGINT) "
		    "FROM repository_blobs JOIN blobs "
		    "ON blobs.digest = repository_blobs.digest "
		    "AND blobs.state < 2 "
		    "WHERE repository_blobs.repository_id = $1) "
		    "FROM repositories WHERE id = $1",
		    err) < 0)
		return -1;
	meta_query_i64(&query, id);

	int rc = meta_query_step(&query, err);
	if (rc == 0)
		return err_set(err, ERR_NOT_FOUND, "no such repository");
	if (rc < 0)
		return -1;
	ret_about->created_ms = meta_column_i64(&query, 0);
	ret_about->tags = meta_column_i64(&query, 1);
	ret_about->images = meta_column_i64(&query, 2);
	ret_about->bytes =
		meta_column_i64(&query, 3) + meta_column_i64(&query, 4);
	return 0;
}

int meta_repository_page(struct meta_tx *tx, struct meta_scope scope,
			 struct span after, size_t limit, meta_name_fn *each,
			 void *context, bool *ret_more, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT name FROM repositories WHERE account = $1 "
			    "AND region = $2 AND name > $3 "
			    "ORDER BY account, region, name LIMIT $4",
			    err) < 0)
		return -1;
	meta_query_text(&query, scope.account);
	meta_query_text(&query, scope.region);
	meta_query_text(&query, after);
	meta_query_limit(&query, limit);
	return meta_page_names(&query, limit, each, context, ret_more, err);
}
