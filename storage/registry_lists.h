/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_REGISTRY_LISTS_H
#define STORAGE_REGISTRY_LISTS_H

/* Listings, page by page; the cost of a page does not depend on its place. */

#include "base/digest.h"
#include "storage/meta_manifests.h"
#include "storage/meta_repositories.h"
#include "storage/registry.h"

/* Which part of a listing, and who is told of each entry. */
struct registry_page {
	struct span after; /* names behind this one; "" for the start */
	size_t limit;	   /* at most; clamped to page_max */
	void *context;	   /* handed to the function called for each */
};

/* The tags of a repository; *ret_more: there are more behind the last.
 * ERR_REPOSITORY_UNKNOWN. */
int registry_tags(struct registry *registry, const struct registry_at *at,
		  const struct registry_page *page, meta_name_fn *each,
		  bool *ret_more, struct err *err);

/* The repositories; at->repository is not looked at. */
int registry_repositories(struct registry *registry,
			  const struct registry_at *at,
			  const struct registry_page *page, meta_name_fn *each,
			  bool *ret_more, struct err *err);

/* Whose referrers, and of which artifact type unless "". */
struct registry_subject {
	struct digest digest;	   /* of the subject, which need not be here */
	struct span artifact_type; /* borrowed */
	meta_referrer_fn *each;	   /* called with page->context */
};

/* Referrers in the order of their digests; page->after is the digest of the
 * last one seen.  An unknown repository has none. */
int registry_referrers(struct registry *registry, const struct registry_at *at,
		       const struct registry_subject *subject,
		       const struct registry_page *page, bool *ret_more,
		       struct err *err);

#endif
