/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_blobs.h"

#include "base/err.h"
#include "storage/meta_tx.h"

static int read_blob(struct meta_query *query, struct meta_blob *ret_blob,
		     struct err *err)
{
	struct meta_blob blob = {.id = 0};
	int rc = meta_query_step(query, err);

	if (rc <= 0)
		return rc;
	blob.id = meta_column_i64(query, 0);
	if (meta_column_u64(query, 1, &blob.size, err) < 0)
		return -1;
	blob.state = meta_column_i64(query, 2) == META_BLOB_LIVE
			     ? META_BLOB_LIVE
			     : META_BLOB_CONDEMNED;
	if (meta_column_copy(query, 3, blob.key, sizeof(blob.key), err) < 0)
		return -1;
	*ret_blob = blob;
	return 1;
}

int meta_blob_find(struct meta_tx *tx, const struct digest *digest,
		   struct meta_blob *ret_blob, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT id, size, state, storage_key FROM blobs "
			    "WHERE digest = $1 AND state < 2",
			    err) < 0)
		return -1;
	meta_query_digest(&query, digest);
	return read_blob(&query, ret_blob, err);
}

int meta_blob_find_in(struct meta_tx *tx, int64_t repository_id,
		      const struct digest *digest, struct meta_blob *ret_blob,
		      struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT b.id, b.size, b.state, b.storage_key "
			    "FROM repository_blobs r CROSS JOIN blobs b "
			    "WHERE r.repository_id = $1 AND r.digest = $2 "
			    "AND b.digest = $2 AND b.state < 2",
			    err) < 0)
		return -1;
	meta_query_i64(&query, repository_id);
	meta_query_digest(&query, digest);
	return read_blob(&query, ret_blob, err);
}

int meta_blob_holders(struct meta_tx *tx, struct meta_scope scope,
		      const struct digest *digest, size_t limit,
		      meta_name_fn *each, void *context, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	int rc = 0;

	/* CROSS JOIN keeps SQLite's order: from the digest's few holders to
	 * their repositories, never from all repositories of the scope. */
	if (meta_query_open(&query, tx,
			    "SELECT r.name "
			    "FROM blobs b CROSS JOIN repository_blobs h "
			    "CROSS JOIN repositories r "
			    "WHERE b.digest = $1 AND b.state < 2 "
			    "AND h.digest = $1 AND r.id = h.repository_id "
			    "AND r.account = $2 AND r.region = $3 LIMIT $4",
			    err) < 0)
		return -1;
	meta_query_digest(&query, digest);
	meta_query_text(&query, scope.account);
	meta_query_text(&query, scope.region);
	meta_query_i64(&query, (int64_t)limit);
	while ((rc = meta_query_step(&query, err)) > 0)
		if (each(context, meta_column_text(&query, 0), err) < 0)
			return -1;
	return rc;
}

/* Keep the totals, which would cost a scan to count. */
static int count_stored(struct meta_tx *tx, int64_t blobs, int64_t bytes,
			struct err *err)
{
	int64_t ignored = 0;

	if (meta_counter_add(tx, SPAN_LIT("blobs_stored"), blobs, &ignored,
			     err) < 0)
		return -1;
	return meta_counter_add(tx, SPAN_LIT("bytes_stored"), bytes, &ignored,
				err);
}

/* A new row: 1, or 0 if the digest or the key is taken. */
static int blob_insert(struct meta_tx *tx, int64_t id,
		       const struct digest *digest, uint64_t size,
		       const char *key, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "INSERT INTO blobs (id, digest, size, state, "
			    "storage_key, created_ms, state_ms) "
			    "VALUES ($1, $2, $3, 0, $4, $5, $5) "
			    "ON CONFLICT DO NOTHING",
			    err) < 0)
		return -1;
	meta_query_i64(&query, id);
	meta_query_digest(&query, digest);
	meta_query_i64(&query, (int64_t)size);
	meta_query_text(&query, span_of(key));
	meta_query_i64(&query, meta_tx_now_ms(tx));

	int64_t rows = meta_query_run(&query, err);
	return rows < 0 ? -1 : rows > 0;
}

int meta_blob_insert(struct meta_tx *tx, const struct digest *digest,
		     uint64_t size, const char *key, int64_t *ret_id,
		     struct err *err)
{
	int64_t id = 0;

	if (size > INT64_MAX)
		return err_set(err, ERR_TOO_LARGE,
			       "a blob is too large for the database");
	if (meta_counter_add(tx, SPAN_LIT("blob"), 1, &id, err) < 0)
		return -1;

	int rc = blob_insert(tx, id, digest, size, key, err);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return err_set(err, ERR_CONFLICT,
			       "the content is stored already");
	if (count_stored(tx, 1, (int64_t)size, err) < 0)
		return -1;
	*ret_id = id;
	return 0;
}

/* Run one of the moves below: 1 done, 0 it is in another state. */
static int move(struct meta_tx *tx, const char *sql, int64_t id,
		struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx, sql, err) < 0)
		return -1;
	meta_query_i64(&query, id);
	meta_query_i64(&query, meta_tx_now_ms(tx));

	int64_t rows = meta_query_run(&query, err);
	return rows < 0 ? -1 : rows > 0;
}

int meta_blob_revive(struct meta_tx *tx, int64_t id, struct err *err)
{
	return move(tx,
		    "UPDATE blobs SET state = 0, state_ms = $2 "
		    "WHERE id = $1 AND state = 1",
		    id, err);
}

int meta_blob_replace(struct meta_tx *tx, int64_t id, const char *before,
		      uint64_t size, const char *key, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "UPDATE blobs SET storage_key = $3, size = $4, "
			    "state = 0, state_ms = $5 "
			    "WHERE id = $1 AND storage_key = $2 AND state < 2",
			    err) < 0)
		return -1;
	meta_query_i64(&query, id);
	meta_query_text(&query, span_of(before));
	meta_query_text(&query, span_of(key));
	meta_query_i64(&query, (int64_t)size);
	meta_query_i64(&query, meta_tx_now_ms(tx));

	int64_t rows = meta_query_run(&query, err);
	return rows < 0 ? -1 : rows > 0;
}

int meta_blob_condemn(struct meta_tx *tx, int64_t id, struct err *err)
{
	return move(tx,
		    "UPDATE blobs SET state = 1, state_ms = $2 "
		    "WHERE id = $1 AND state = 0",
		    id, err);
}

static int begin_delete(struct meta_tx *tx, int64_t id, int64_t *ret_size,
			struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "UPDATE blobs SET state = 2, state_ms = $2 "
			    "WHERE id = $1 AND state = 1 RETURNING size",
			    err) < 0)
		return -1;
	meta_query_i64(&query, id);
	meta_query_i64(&query, meta_tx_now_ms(tx));

	int rc = meta_query_step(&query, err);
	if (rc > 0)
		*ret_size = meta_column_i64(&query, 0);
	return rc;
}

/* Membership goes with the copy: content that comes back later, elsewhere, must
 * not be readable here again. */
static int unlink_everywhere(struct meta_tx *tx, int64_t id, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "DELETE FROM repository_blobs WHERE digest = "
			    "(SELECT digest FROM blobs WHERE id = $1)",
			    err) < 0)
		return -1;
	meta_query_i64(&query, id);
	return meta_query_run(&query, err) < 0 ? -1 : 0;
}

int meta_blob_begin_delete(struct meta_tx *tx, int64_t id, struct err *err)
{
	int64_t size = 0;
	int rc = begin_delete(tx, id, &size, err);

	if (rc > 0 && (unlink_everywhere(tx, id, err) < 0 ||
		       count_stored(tx, -1, -size, err) < 0))
		return -1;
	return rc;
}

int meta_blob_forget(struct meta_tx *tx, int64_t id, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "DELETE FROM blobs WHERE id = $1 AND state = 2",
			    err) < 0)
		return -1;
	meta_query_i64(&query, id);
	return meta_query_run(&query, err) < 0 ? -1 : 0;
}

int meta_blob_link(struct meta_tx *tx, int64_t repository_id,
		   const struct digest *digest, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "INSERT INTO repository_blobs "
			    "(repository_id, digest, linked_ms) "
			    "VALUES ($1, $2, $3) "
			    "ON CONFLICT (repository_id, digest) DO UPDATE "
			    "SET linked_ms = excluded.linked_ms",
			    err) < 0)
		return -1;
	meta_query_i64(&query, repository_id);
	meta_query_digest(&query, digest);
	meta_query_i64(&query, meta_tx_now_ms(tx));
	return meta_query_run(&query, err) < 0 ? -1 : 0;
}

int meta_blob_unlink(struct meta_tx *tx, int64_t repository_id,
		     const struct digest *digest, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "DELETE FROM repository_blobs "
			    "WHERE repository_id = $1 AND digest = $2",
			    err) < 0)
		return -1;
	meta_query_i64(&query, repository_id);
	meta_query_digest(&query, digest);

	int64_t rows = meta_query_run(&query, err);
	return rows < 0 ? -1 : rows > 0;
}

int meta_blob_in_use(struct meta_tx *tx, int64_t repository_id,
		     const struct digest *digest, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT 1 FROM manifest_references "
			    "WHERE target = $2 AND repository_id = $1 LIMIT 1",
			    err) < 0)
		return -1;
	meta_query_i64(&query, repository_id);
	meta_query_digest(&query, digest);
	return meta_query_step(&query, err);
}

int meta_blob_totals(struct meta_tx *tx, uint64_t *ret_count,
		     uint64_t *ret_bytes, struct err *err)
{
	int64_t count = 0;
	int64_t bytes = 0;

	if (meta_counter_read(tx, SPAN_LIT("blobs_stored"), &count, err) < 0)
		return -1;
	if (meta_counter_read(tx, SPAN_LIT("bytes_stored"), &bytes, err) < 0)
		return -1;
	if (count < 0 || bytes < 0)
		return err_set(err, ERR_CORRUPT,
			       "the database holds negative totals");
	*ret_count = (uint64_t)count;
	*ret_bytes = (uint64_t)bytes;
	return 0;
}
