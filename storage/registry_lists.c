/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/registry_lists.h"

#include "storage/meta_tags.h"
#include "storage/registry_internal.h"

static size_t clamp(const struct registry *registry, size_t limit)
{
	return limit < registry->config.page_max ? limit
						 : registry->config.page_max;
}

int registry_tags(struct registry *registry, const struct registry_at *at,
		  const struct registry_page *page, meta_name_fn *each,
		  bool *ret_more, struct err *err)
{
	CLEANUP(registry_read_end) struct meta_tx *tx = NULL;
	int64_t repository = 0;

	if (meta_read_begin(registry->parts.meta, &tx, err) < 0 ||
	    registry_find_repository(tx, at, &repository, err) < 0)
		return -1;
	return meta_tag_page(tx, repository, page->after,
			     clamp(registry, page->limit), each, page->context,
			     ret_more, err);
}

int registry_repositories(struct registry *registry,
			  const struct registry_at *at,
			  const struct registry_page *page, meta_name_fn *each,
			  bool *ret_more, struct err *err)
{
	CLEANUP(registry_read_end) struct meta_tx *tx = NULL;

	if (meta_read_begin(registry->parts.meta, &tx, err) < 0)
		return -1;
	return meta_repository_page(tx, at->scope, page->after,
				    clamp(registry, page->limit), each,
				    page->context, ret_more, err);
}

int registry_referrers(struct registry *registry, const struct registry_at *at,
		       const struct registry_subject *subject,
		       const struct registry_page *page, bool *ret_more,
		       struct err *err)
{
	CLEANUP(registry_read_end) struct meta_tx *tx = NULL;
	struct meta_referrer_query query = {
		.subject = &subject->digest,
		.artifact_type = subject->artifact_type,
		.after = page->after,
		.limit = clamp(registry, page->limit)};

	if (meta_read_begin(registry->parts.meta, &tx, err) < 0)
		return -1;
	int found = meta_repository_find(tx, at->scope, at->repository,
					 &query.repository_id, err);
	if (found < 0)
		return -1;
	if (found == 0) {
		*ret_more = false;
		return 0;
	}
	return meta_referrer_page(tx, &query, subject->each, page->context,
				  ret_more, err);
}
