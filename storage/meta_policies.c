/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_policies.h"

#include "base/buf.h"
#include "base/err.h"
#include "storage/meta_page.h"
#include "storage/meta_tx.h"

/* Two texts that make a key: of a policy, or of a registry. */
struct key {
	struct span first;
	struct span second;
};

static int open_key(struct meta_query *query, struct meta_tx *tx,
		    const char *sql, struct key key, struct err *err)
{
	if (meta_query_open(query, tx, sql, err) < 0)
		return -1;
	meta_query_text(query, key.first);
	meta_query_text(query, key.second);
	return 0;
}

/* Append the document of the one row there may be: 1 / 0 / -1. */
static int take_document(struct meta_query *query, struct buf *out,
			 struct err *err)
{
	int rc = meta_query_step(query, err);

	if (rc <= 0)
		return rc;
	buf_append_span(out, meta_column_text(query, 0));
	return buf_check(out, err) < 0 ? -1 : 1;
}

/* Run what looks for a row: 1 / 0 / -1. */
static int is_there(struct meta_tx *tx, const char *sql, struct key key,
		    struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (open_key(&query, tx, sql, key, err) < 0)
		return -1;
	return meta_query_step(&query, err);
}

/* Delete by key: 1 / 0 / -1. */
static int drop(struct meta_tx *tx, const char *sql, struct key key,
		struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (open_key(&query, tx, sql, key, err) < 0)
		return -1;

	int64_t rows = meta_query_run(&query, err);
	if (rows <= 0)
		return (int)rows;
	return meta_identity_changed(tx, err) < 0 ? -1 : 1;
}

/* Bind time and document behind the key, and run. */
static int store(struct meta_query *query, struct span document,
		 struct err *err)
{
	meta_query_i64(query, meta_tx_now_ms(query->tx));
	meta_query_text(query, document);
	if (meta_query_run(query, err) < 0)
		return -1;
	return meta_identity_changed(query->tx, err);
}

static int store_by_key(struct meta_tx *tx, const char *sql, struct key key,
			struct span document, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (open_key(&query, tx, sql, key, err) < 0)
		return -1;
	return store(&query, document, err);
}

int meta_policy_find(struct meta_tx *tx, struct span account, struct span name,
		     struct buf *out, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (open_key(&query, tx,
		     "SELECT document FROM policies "
		     "WHERE account = $1 AND name = $2",
		     (struct key){account, name}, err) < 0)
		return -1;
	return take_document(&query, out, err);
}

int meta_policy_put(struct meta_tx *tx, struct span account, struct span name,
		    struct span document, struct err *err)
{
	struct key key = {account, name};
	int found = is_there(tx,
			     "SELECT 1 FROM policies "
			     "WHERE account = $1 AND name = $2",
			     key, err);

	if (found < 0)
		return -1;
	if (store_by_key(tx,
			 "INSERT INTO policies "
			 "(account, name, updated_ms, document) "
			 "VALUES ($1, $2, $3, $4) "
			 "ON CONFLICT (account, name) DO UPDATE SET "
			 "updated_ms = excluded.updated_ms, "
			 "document = excluded.document",
			 key, document, err) < 0)
		return -1;
	return found;
}

int meta_policy_delete(struct meta_tx *tx, struct span account,
		       struct span name, struct err *err)
{
	struct key key = {account, name};
	int attached = is_there(tx,
				"SELECT 1 FROM attachments "
				"WHERE account = $1 AND policy = $2 LIMIT 1",
				key, err);

	if (attached < 0)
		return -1;
	if (attached > 0)
		return err_set(err, ERR_CONFLICT, "the policy is attached");
	return drop(tx, "DELETE FROM policies WHERE account = $1 AND name = $2",
		    key, err);
}

int meta_policy_page(struct meta_tx *tx, struct span account, struct span after,
		     size_t limit, meta_name_fn *each, void *context,
		     bool *ret_more, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (open_key(&query, tx,
		     "SELECT name FROM policies WHERE account = $1 "
		     "AND name > $2 ORDER BY account, name LIMIT $3",
		     (struct key){account, after}, err) < 0)
		return -1;
	meta_query_limit(&query, limit);
	return meta_page_names(&query, limit, each, context, ret_more, err);
}

int meta_repository_policy(struct meta_tx *tx, int64_t repository_id,
			   struct buf *out, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT document FROM repository_policies "
			    "WHERE repository_id = $1",
			    err) < 0)
		return -1;
	meta_query_i64(&query, repository_id);
	return take_document(&query, out, err);
}

int meta_repository_policy_any(struct meta_tx *tx, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT 1 FROM repository_policies "
			    "WHERE repository_id > 0 LIMIT 1",
			    err) < 0)
		return -1;
	return meta_query_step(&query, err);
}

static int repository_store(struct meta_tx *tx, int64_t repository_id,
			    struct span document, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "INSERT INTO repository_policies "
			    "(repository_id, updated_ms, document) "
			    "VALUES ($1, $2, $3)",
			    err) < 0)
		return -1;
	meta_query_i64(&query, repository_id);
	return store(&query, document, err);
}

/* The old row goes first: that tells whether there was one. */
int meta_repository_set_policy(struct meta_tx *tx, int64_t repository_id,
			       struct span document, struct err *err)
{
	int64_t rows = meta_tx_run_on(
		tx, "DELETE FROM repository_policies WHERE repository_id = $1",
		repository_id, err);

	if (rows < 0)
		return -1;
	if (document.len > 0 &&
	    repository_store(tx, repository_id, document, err) < 0)
		return -1;
	if (document.len == 0 && rows > 0 && meta_identity_changed(tx, err) < 0)
		return -1;
	return rows > 0;
}

int meta_registry_policy(struct meta_tx *tx, struct meta_scope scope,
			 struct buf *out, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (open_key(&query, tx,
		     "SELECT document FROM registry_policies "
		     "WHERE account = $1 AND region = $2",
		     (struct key){scope.account, scope.region}, err) < 0)
		return -1;
	return take_document(&query, out, err);
}

int meta_registry_set_policy(struct meta_tx *tx, struct meta_scope scope,
			     struct span document, struct err *err)
{
	struct key key = {scope.account, scope.region};
	int was = drop(tx,
		       "DELETE FROM registry_policies "
		       "WHERE account = $1 AND region = $2",
		       key, err);

	if (was < 0)
		return -1;
	if (document.len > 0 && store_by_key(tx,
					     "INSERT INTO registry_policies "
					     "(account, region, updated_ms, "
					     "document) "
					     "VALUES ($1, $2, $3, $4)",
					     key, document, err) < 0)
		return -1;
	return was;
}
