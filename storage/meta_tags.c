/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_tags.h"

#include "base/err.h"
#include "storage/meta_page.h"
#include "storage/meta_tx.h"

/* Run what answers with the digest of a tag, if there is one: 1 / 0 / -1. */
static int digest_by(struct meta_tx *tx, const char *sql, int64_t repository_id,
		     struct span tag, struct digest *ret_digest,
		     struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx, sql, err) < 0)
		return -1;
	meta_query_i64(&query, repository_id);
	meta_query_text(&query, tag);

	int rc = meta_query_step(&query, err);
	if (rc > 0 && meta_column_digest(&query, 0, ret_digest, err) < 0)
		return -1;
	return rc;
}

int meta_tag_find(struct meta_tx *tx, int64_t repository_id, struct span tag,
		  struct digest *ret_digest, struct err *err)
{
	return digest_by(tx,
			 "SELECT digest FROM tags "
			 "WHERE repository_id = $1 AND name = $2",
			 repository_id, tag, ret_digest, err);
}

static int tag_write(struct meta_tx *tx, int64_t repository_id, struct span tag,
		     const struct digest *digest, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "INSERT INTO tags "
			    "(repository_id, name, digest, updated_ms) "
			    "VALUES ($1, $2, $3, $4) "
			    "ON CONFLICT (repository_id, name) DO UPDATE SET "
			    "digest = excluded.digest, "
			    "updated_ms = excluded.updated_ms",
			    err) < 0)
		return -1;
	meta_query_i64(&query, repository_id);
	meta_query_text(&query, tag);
	meta_query_digest(&query, digest);
	meta_query_i64(&query, meta_tx_now_ms(tx));
	return meta_query_run(&query, err) < 0 ? -1 : 0;
}

int meta_tag_put(struct meta_tx *tx, int64_t repository_id, struct span tag,
		 const struct digest *digest, struct digest *ret_before,
		 struct err *err)
{
	struct digest before;
	int rc = meta_tag_find(tx, repository_id, tag, &before, err);

	if (rc < 0)
		return -1;
	if (tag_write(tx, repository_id, tag, digest, err) < 0)
		return -1;
	if (rc == 0)
		return 0;
	if (digest_equal(&before, digest))
		return 2;
	*ret_before = before;
	return 1;
}

int meta_tag_delete(struct meta_tx *tx, int64_t repository_id, struct span tag,
		    struct digest *ret_digest, struct err *err)
{
	return digest_by(tx,
			 "DELETE FROM tags WHERE repository_id = $1 "
			 "AND name = $2 RETURNING digest",
			 repository_id, tag, ret_digest, err);
}

int meta_tag_page(struct meta_tx *tx, int64_t repository_id, struct span after,
		  size_t limit, meta_name_fn *each, void *context,
		  bool *ret_more, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT name FROM tags WHERE repository_id = $1 "
			    "AND name > $2 ORDER BY repository_id, name "
			    "LIMIT $3",
			    err) < 0)
		return -1;
	meta_query_i64(&query, repository_id);
	meta_query_text(&query, after);
	meta_query_limit(&query, limit);
	return meta_page_names(&query, limit, each, context, ret_more, err);
}
