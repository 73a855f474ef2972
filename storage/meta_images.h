/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_META_IMAGES_H
#define STORAGE_META_IMAGES_H

/* The manifests of a repository as a list of images, with their tags. */

#include "storage/meta_repositories.h"

/* One image, borrowed for the call. */
struct meta_image {
	struct span digest;	   /* as text */
	struct span media_type;	   /* of the manifest */
	struct span artifact_type; /* or "" */
	int64_t size;		   /* bytes of the manifest */
	int64_t pushed_ms;	   /* wall time */
};
typedef int meta_image_fn(void *context, const struct meta_image *image,
			  struct err *err);

/* Which images: those whose digest text comes after `after`, limit at most. */
struct meta_image_query {
	int64_t repository_id; /* of which repository */
	struct span after;     /* borrowed; "" for the start */
	size_t limit;	       /* images told at most */
};

/* In the order of their digests, as meta_repository_page(). */
int meta_image_page(struct meta_tx *tx, const struct meta_image_query *wanted,
		    meta_image_fn *each, void *context, bool *ret_more,
		    struct err *err);

/* The tags of the image of a digest, in byte order, limit at most. */
int meta_image_tags(struct meta_tx *tx, int64_t repository_id,
		    struct span digest, size_t limit, meta_name_fn *each,
		    void *context, bool *ret_more, struct err *err);

#endif
