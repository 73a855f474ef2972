/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_META_UPLOADS_H
#define STORAGE_META_UPLOADS_H

/* The upload sessions that are open: who may go on with which stage. */

#include "base/digest.h"
#include "base/rand.h"
#include "storage/meta.h"

struct meta_upload {
	char id[RAND_UUID_SIZE]; /* also the id of its stage */
	enum digest_algo algo;	 /* hashed while it streams */
	int64_t started_ms;	 /* wall time */
};

/* A new session of that repository name (which need not exist yet) by that
 * principal. */
int meta_upload_insert(struct meta_tx *tx, struct meta_scope scope,
		       struct span repository, struct span principal,
		       const struct meta_upload *upload, struct err *err);

/* The session of that id, if it is of that repository and principal:
 * 1 / 0 / -1. */
int meta_upload_find(struct meta_tx *tx, struct meta_scope scope,
		     struct span repository, struct span principal,
		     struct span id, struct meta_upload *ret_upload,
		     struct err *err);

/* Note that it is alive: it expires later.  1 / 0 / -1. */
int meta_upload_touch(struct meta_tx *tx, struct span id, struct err *err);

/* End it: 1 / 0 / -1. */
int meta_upload_delete(struct meta_tx *tx, struct span id, struct err *err);

/* End it if it was not touched since before_ms: 1 / 0 / -1. */
int meta_upload_expire(struct meta_tx *tx, struct span id, int64_t before_ms,
		       struct err *err);

/* How many are open. */
struct meta_upload_counts {
	int64_t total;	       /* over all scopes */
	int64_t of_repository; /* of that name, by anybody */
	int64_t of_principal;  /* by that one, in any repository */
};
int meta_upload_count(struct meta_tx *tx, struct meta_scope scope,
		      struct span repository, struct span principal,
		      struct meta_upload_counts *ret_counts, struct err *err);

/* Up to limit ids of sessions not touched since before_ms; the callback may
 * not write. */
typedef int meta_upload_fn(void *context, struct span id, struct err *err);
int meta_upload_expired(struct meta_tx *tx, int64_t before_ms, size_t limit,
			meta_upload_fn *each, void *context, struct err *err);

/* There is a session of that id, whoever's: 1 / 0 / -1. */
int meta_upload_exists(struct meta_tx *tx, struct span id, struct err *err);

#endif
