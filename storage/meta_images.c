/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_images.h"

#include "base/err.h"
#include "storage/meta_page.h"
#include "storage/meta_tx.h"

int meta_image_page(struct meta_tx *tx, const struct meta_image_query *wanted,
		    meta_image_fn *each, void *context, bool *ret_more,
		    struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	size_t told = 0;
	int rc = 0;

	if (meta_query_open(&query, tx,
			    "SELECT digest, media_type, artifact_type, size, "
			    "pushed_ms FROM manifests WHERE repository_id = $1 "
			    "AND digest > $2 ORDER BY repository_id, digest "
			    "LIMIT $3",
			    err) < 0)
		return -1;
	meta_query_i64(&query, wanted->repository_id);
	meta_query_text(&query, wanted->after);
	meta_query_limit(&query, wanted->limit);
	while ((rc = meta_query_step(&query, err)) > 0 &&
	       told < wanted->limit) {
		struct meta_image image = {
			.digest = meta_column_text(&query, 0),
			.media_type = meta_column_text(&query, 1),
			.artifact_type = meta_column_text(&query, 2),
			.size = meta_column_i64(&query, 3),
			.pushed_ms = meta_column_i64(&query, 4)};

		if (each(context, &image, err) < 0)
			return -1;
		told++;
	}
	if (rc < 0)
		return -1;
	*ret_more = rc > 0;
	return 0;
}

int meta_image_tags(struct meta_tx *tx, int64_t repository_id,
		    struct span digest, size_t limit, meta_name_fn *each,
		    void *context, bool *ret_more, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT name FROM tags WHERE repository_id = $1 "
			    "AND digest = $2 "
			    "ORDER BY repository_id, digest, name LIMIT $3",
			    err) < 0)
		return -1;
	meta_query_i64(&query, repository_id);
	meta_query_text(&query, digest);
	meta_query_limit(&query, limit);
	return meta_page_names(&query, limit, each, context, ret_more, err);
}
