/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_manifests.h"

#include "base/err.h"
#include "storage/meta_tx.h"

static int manifest_write(struct meta_tx *tx, int64_t repository_id,
			  const struct meta_manifest *manifest, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	/* Written again, only what the digest does not fix may differ, unless
	 * the bytes that are there are damaged. */
	if (meta_query_open(&query, tx,
			    "INSERT INTO manifests (repository_id, digest, "
			    "media_type, artifact_type, subject, size, "
			    "pushed_ms, annotations, body) "
			    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
			    "ON CONFLICT (repository_id, digest) DO UPDATE SET "
			    "media_type = excluded.media_type, "
			    "artifact_type = excluded.artifact_type, "
			    "subject = excluded.subject, "
			    "size = excluded.size, "
			    "body = excluded.body, "
			    "pushed_ms = excluded.pushed_ms, "
			    "annotations = excluded.annotations",
			    err) < 0)
		return -1;
	meta_query_i64(&query, repository_id);
	meta_query_digest(&query, &manifest->digest);
	meta_query_text(&query, manifest->media_type);
	meta_query_text(&query, manifest->artifact_type);
	if (manifest->subject)
		meta_query_digest(&query, manifest->subject);
	else
		meta_query_text(&query, span_of(""));
	meta_query_i64(&query, (int64_t)manifest->body.len);
	meta_query_i64(&query, meta_tx_now_ms(tx));
	meta_query_text(&query, manifest->annotations);
	meta_query_blob(&query, manifest->body);
	return meta_query_run(&query, err) < 0 ? -1 : 0;
}

int meta_manifest_put(struct meta_tx *tx, int64_t repository_id,
		      const struct meta_manifest *manifest, bool *ret_new,
		      struct err *err)
{
	uint64_t size = 0;
	int rc = meta_manifest_stat(tx, repository_id, &manifest->digest, &size,
				    err);

	if (rc < 0)
		return -1;
	if (manifest_write(tx, repository_id, manifest, err) < 0)
		return -1;
	*ret_new = rc == 0;
	return 0;
}

int meta_manifest_refer(struct meta_tx *tx, int64_t repository_id,
			const struct digest *manifest,
			const struct digest *target, enum meta_reference kind,
			struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "INSERT INTO manifest_references "
			    "(repository_id, manifest, target, kind) "
			    "VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
			    err) < 0)
		return -1;
	meta_query_i64(&query, repository_id);
	meta_query_digest(&query, manifest);
	meta_query_digest(&query, target);
	meta_query_i64(&query, kind);
	return meta_query_run(&query, err) < 0 ? -1 : 0;
}

void meta_stored_release(struct meta_stored *stored)
{
	buf_release(&stored->media_type);
	buf_release(&stored->body);
}

/* The columns digest, media_type, body of the row that the query finds. */
static int read_stored(struct meta_query *query, struct meta_stored *ret,
		       struct err *err)
{
	CLEANUP(meta_stored_release)
	struct meta_stored stored = {
		.media_type = BUF_INIT(SIZE_MAX),
		.body = BUF_INIT(SIZE_MAX),
	};
	int rc = meta_query_step(query, err);

	if (rc <= 0)
		return rc;
	if (meta_column_digest(query, 0, &stored.digest, err) < 0)
		return -1;
	buf_append_span(&stored.media_type, meta_column_text(query, 1));
	buf_append_span(&stored.body, meta_column_blob(query, 2));
	if (buf_check(&stored.media_type, err) < 0 ||
	    buf_check(&stored.body, err) < 0)
		return -1;
	*ret = stored;
	stored.media_type = BUF_INIT(0);
	stored.body = BUF_INIT(0);
	return 1;
}

int meta_manifest_get(struct meta_tx *tx, int64_t repository_id,
		      const struct digest *digest, struct meta_stored *ret,
		      struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT digest, media_type, body FROM manifests "
			    "WHERE repository_id = $1 AND digest = $2",
			    err) < 0)
		return -1;
	meta_query_i64(&query, repository_id);
	meta_query_digest(&query, digest);
	return read_stored(&query, ret, err);
}

int meta_manifest_get_tagged(struct meta_tx *tx, int64_t repository_id,
			     struct span tag, struct meta_stored *ret,
			     struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT m.digest, m.media_type, m.body "
			    "FROM tags t CROSS JOIN manifests m "
			    "WHERE t.repository_id = $1 AND t.name = $2 "
			    "AND m.repository_id = $1 AND m.digest = t.digest",
			    err) < 0)
		return -1;
	meta_query_i64(&query, repository_id);
	meta_query_text(&query, tag);
	return read_stored(&query, ret, err);
}

int meta_manifest_stat(struct meta_tx *tx, int64_t repository_id,
		       const struct digest *digest, uint64_t *ret_size,
		       struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT size FROM manifests "
			    "WHERE repository_id = $1 AND digest = $2",
			    err) < 0)
		return -1;
	meta_query_i64(&query, repository_id);
	meta_query_digest(&query, digest);

	int rc = meta_query_step(&query, err);
	if (rc > 0 && meta_column_u64(&query, 0, ret_size, err) < 0)
		return -1;
	return rc;
}

/* Run one of the deletions below: rows that went, or -1. */
static int64_t delete_where(struct meta_tx *tx, const char *sql,
			    int64_t repository_id, const struct digest *digest,
			    struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx, sql, err) < 0)
		return -1;
	meta_query_i64(&query, repository_id);
	meta_query_digest(&query, digest);
	return meta_query_run(&query, err);
}

int meta_manifest_delete(struct meta_tx *tx, int64_t repository_id,
			 const struct digest *digest, int64_t *ret_tags,
			 struct err *err)
{
	int64_t manifests =
		delete_where(tx,
			     "DELETE FROM manifests WHERE repository_id = $1 "
			     "AND digest = $2",
			     repository_id, digest, err);
	if (manifests <= 0)
		return manifests < 0 ? -1 : 0;

	int64_t references = delete_where(
		tx,
		"DELETE FROM manifest_references WHERE repository_id = $1 "
		"AND manifest = $2",
		repository_id, digest, err);
	if (references < 0)
		return -1;

	int64_t tags = delete_where(tx,
				    "DELETE FROM tags WHERE repository_id = $1 "
				    "AND digest = $2",
				    repository_id, digest, err);
	if (tags < 0)
		return -1;
	*ret_tags = tags;
	return 1;
}

/* Two statements, so that each walks an index of just the rows it shows. */
static int referrer_open(struct meta_query *query, struct meta_tx *tx,
			 bool typed, struct err *err)
{
	if (typed)
		return meta_query_open(
			query, tx,
			"SELECT digest, media_type, artifact_type, "
			"annotations, size FROM manifests "
			"WHERE repository_id = $1 AND subject = $2 "
			"AND subject <> '' AND digest > $3 "
			"AND artifact_type = $5 ORDER BY digest LIMIT $4",
			err);
	return meta_query_open(
		query, tx,
		"SELECT digest, media_type, artifact_type, annotations, size "
		"FROM manifests WHERE repository_id = $1 AND subject = $2 "
		"AND subject <> '' AND digest > $3 ORDER BY digest LIMIT $4",
		err);
}

static int tell_referrer(struct meta_query *query, meta_referrer_fn *each,
			 void *context, struct err *err)
{
	struct meta_referrer referrer = {
		.digest = meta_column_text(query, 0),
		.media_type = meta_column_text(query, 1),
		.artifact_type = meta_column_text(query, 2),
		.annotations = meta_column_text(query, 3),
	};

	if (meta_column_u64(query, 4, &referrer.size, err) < 0)
		return -1;
	return each(context, &referrer, err);
}

int meta_referrer_page(struct meta_tx *tx,
		       const struct meta_referrer_query *wanted,
		       meta_referrer_fn *each, void *context, bool *ret_more,
		       struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	bool typed = wanted->artifact_type.len > 0;
	size_t told = 0;
	int rc = 0;

	if (referrer_open(&query, tx, typed, err) < 0)
		return -1;
	meta_query_i64(&query, wanted->repository_id);
	meta_query_digest(&query, wanted->subject);
	meta_query_text(&query, wanted->after);
	meta_query_limit(&query, wanted->limit);
	if (typed)
		meta_query_text(&query, wanted->artifact_type);

	while ((rc = meta_query_step(&query, err)) > 0 &&
	       told < wanted->limit) {
		int full = tell_referrer(&query, each, context, err);

		if (full < 0)
			return -1;
		if (full > 0)
			break;
		told++;
	}
	if (rc < 0)
		return -1;
	*ret_more = rc > 0;
	return 0;
}
