/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/err.h"
#include "storage/meta_credentials.h"
#include "storage/meta_tx.h"

#define COLUMNS "id, principal_id, disabled, created_ms, used_ms, description"

static int read_key(struct meta_query *query, struct meta_access_key *ret_key,
		    struct err *err)
{
	struct meta_access_key key = {
		.principal_id = meta_column_i64(query, 1),
		.disabled = meta_column_i64(query, 2) != 0,
		.created_ms = meta_column_i64(query, 3),
		.used_ms = meta_column_i64(query, 4),
	};

	if (meta_column_copy(query, 0, key.id, sizeof(key.id), err) < 0 ||
	    meta_column_copy(query, 5, key.description, sizeof(key.description),
			     err) < 0)
		return -1;
	*ret_key = key;
	return 0;
}

int meta_access_key_find(struct meta_tx *tx, struct span id,
			 struct meta_access_key *ret_key, struct buf *out,
			 struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	struct meta_access_key key;

	if (meta_query_open(&query, tx,
			    "SELECT " COLUMNS ", sealed FROM access_keys "
			    "WHERE id = $1",
			    err) < 0)
		return -1;
	meta_query_text(&query, id);

	int rc = meta_query_step(&query, err);
	if (rc <= 0)
		return rc;
	if (read_key(&query, &key, err) < 0)
		return -1;
	if (out) {
		buf_append_span(out, meta_column_text(&query, 6));
		if (buf_check(out, err) < 0)
			return -1;
	}
	*ret_key = key;
	return 1;
}

int meta_access_key_insert(struct meta_tx *tx,
			   const struct meta_access_key *key,
			   struct span sealed, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_principal_check(tx, key->principal_id, err) < 0)
		return -1;
	if (meta_query_open(&query, tx,
			    "INSERT INTO access_keys (" COLUMNS ", sealed) "
			    "VALUES ($1, $2, $3, $4, 0, $5, $6) "
			    "ON CONFLICT DO NOTHING",
			    err) < 0)
		return -1;
	meta_query_text(&query, span_of(key->id));
	meta_query_i64(&query, key->principal_id);
	meta_query_i64(&query, key->disabled);
	meta_query_i64(&query, meta_tx_now_ms(tx));
	meta_query_text(&query, span_of(key->description));
	meta_query_text(&query, sealed);

	int64_t rows = meta_query_run(&query, err);
	if (rows < 0)
		return -1;
	if (rows == 0)
		return err_set(err, ERR_EXISTS, "the access key's id is taken");
	return meta_identity_changed(tx, err);
}

int meta_access_key_disable(struct meta_tx *tx, struct span id, bool disabled,
			    struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "UPDATE access_keys SET disabled = $2 "
			    "WHERE id = $1",
			    err) < 0)
		return -1;
	meta_query_text(&query, id);
	meta_query_i64(&query, disabled);

	int64_t rows = meta_query_run(&query, err);
	if (rows <= 0)
		return (int)rows;
	return meta_identity_changed(tx, err) < 0 ? -1 : 1;
}

int meta_access_key_delete(struct meta_tx *tx, struct span id, struct err *err)
{
	int64_t rows = meta_tx_run_on_text(
		tx, "DELETE FROM access_keys WHERE id = $1", id, err);

	if (rows <= 0)
		return (int)rows;
	return meta_identity_changed(tx, err) < 0 ? -1 : 1;
}

int meta_access_key_used(struct meta_tx *tx, struct span id, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "UPDATE access_keys SET used_ms = $2 - $2 % 60000 "
			    "WHERE id = $1 AND used_ms < $2 - $2 % 60000",
			    err) < 0)
		return -1;
	meta_query_text(&query, id);
	meta_query_i64(&query, meta_tx_now_ms(tx));
	return meta_query_run(&query, err) < 0 ? -1 : 0;
}

int meta_access_key_list(struct meta_tx *tx, int64_t principal_id,
			 meta_access_key_fn *each, void *context,
			 struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	struct meta_access_key key;
	int rc = 0;

	if (meta_query_open(&query, tx,
			    "SELECT " COLUMNS " FROM access_keys "
			    "WHERE principal_id = $1 "
			    "ORDER BY principal_id, created_ms, id",
			    err) < 0)
		return -1;
	meta_query_i64(&query, principal_id);
	while ((rc = meta_query_step(&query, err)) > 0)
		if (read_key(&query, &key, err) < 0 ||
		    each(context, &key, err) < 0)
			return -1;
	return rc;
}
