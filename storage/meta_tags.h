/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_META_TAGS_H
#define STORAGE_META_TAGS_H

/* The tags of repositories. */

#include "base/digest.h"
#include "storage/meta.h"
#include "storage/meta_repositories.h"

/* The digest a tag points to: 1 / 0 / -1. */
int meta_tag_find(struct meta_tx *tx, int64_t repository_id, struct span tag,
		  struct digest *ret_digest, struct err *err);

/* Point the tag to a manifest that is there: 1 it pointed to another before
 * (*ret_before), 2 it pointed there already, 0 it is new, -1. */
int meta_tag_put(struct meta_tx *tx, int64_t repository_id, struct span tag,
		 const struct digest *digest, struct digest *ret_before,
		 struct err *err);

/* Remove a tag: 1 with the digest it pointed to, 0 there was none, -1. */
int meta_tag_delete(struct meta_tx *tx, int64_t repository_id, struct span tag,
		    struct digest *ret_digest, struct err *err);

/* Tags after `after` in byte order; as meta_repository_page(). */
int meta_tag_page(struct meta_tx *tx, int64_t repository_id, struct span after,
		  size_t limit, meta_name_fn *each, void *context,
		  bool *ret_more, struct err *err);

#endif
