/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_REGISTRY_LISTS_H
#define STORAGE_REGISTRY_LISTS_H

/* Listings, page by page; the cost of a page does not depend on its place. */

#include "base/digest.h"
#include "storage/meta_manifests.h"
#include "storage/meta_repositories.h"
#include "storage/registry.h"

/* A page: names after `after`, limit at most (clamped to page_max). */
struct registry_page {
	struct span after;
	size_t limit;
};

/* ERR_REPOSITORY_UNKNOWN. */
int registry_tags(struct registry *registry, const struct registry_at *at,
		  const struct registry_page *page, meta_name_fn *each,
		  void *context, bool *ret_more, struct err *err);

/* at->repository is not looked at. */
int registry_repositories(struct registry *registry,
			  const struct registry_at *at,
			  const struct registry_page *page, meta_name_fn *each,
			  void *context, bool *ret_more, struct err *err);

/* Referrers of subject, of one artifact type unless ""; page->after is the
 * digest of the last one seen.  An unknown repository has none. */
int registry_referrers(struct registry *registry, const struct registry_at *at,
		       const struct digest *subject, struct span artifact_type,
		       const struct registry_page *page,
		       meta_referrer_fn *each, void *context, bool *ret_more,
		       struct err *err);

#endif
