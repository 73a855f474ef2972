/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_META_REPOSITORIES_H
#define STORAGE_META_REPOSITORIES_H

/* The repositories: names within an account and region.  See meta.h. */

#include "storage/meta.h"

/* The repository of that name: 1 with its id, 0 none, -1 failed. */
int meta_repository_find(struct meta_tx *tx, struct meta_scope scope,
			 struct span name, int64_t *ret_id, struct err *err);

/* The same, making it if there is none; *ret_made tells which. */
int meta_repository_ensure(struct meta_tx *tx, struct meta_scope scope,
			   struct span name, int64_t *ret_id, bool *ret_made,
			   struct err *err);

/* What there is to say of one. */
struct meta_repository_about {
	int64_t created_ms; /* wall time */
	int64_t tags;	    /* it has */
	int64_t images;	    /* manifests, with a tag or not */
	int64_t bytes;	    /* of its manifests and of the blobs it holds */
};

/* Reads every row of the repository: ERR_NOT_FOUND if there is none of that
 * id. */
int meta_repository_about(struct meta_tx *tx, int64_t id,
			  struct meta_repository_about *ret_about,
			  struct err *err);

/* One name of a listing, borrowed for the call.  0 goes on, -1 stops. */
typedef int meta_name_fn(void *context, struct span name, struct err *err);

/*
 * The names after `after` (exclusive, need not exist, "" for the start) in byte
 * order, limit at most; the cost does not depend on where the page lies.
 * *ret_more: there are names behind the last.
 */
int meta_repository_page(struct meta_tx *tx, struct meta_scope scope,
			 struct span after, size_t limit, meta_name_fn *each,
			 void *context, bool *ret_more, struct err *err);

#endif
