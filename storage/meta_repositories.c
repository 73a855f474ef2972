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
