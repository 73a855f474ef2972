/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_META_BLOBS_H
#define STORAGE_META_BLOBS_H

/*
 * The blobs: one row for each stored copy ("incarnation") of a content, and
 * which repositories hold which content.  A row is live, condemned or deleting,
 * and of one digest at most one row is not deleting; a deleting row exists for
 * nobody but the collection.  docs/model describes the protocol.
 */

#include "base/digest.h"
#include "storage/blob_driver.h"
#include "storage/meta.h"
#include "storage/meta_repositories.h"

enum meta_blob_state {
	META_BLOB_LIVE = 0,
	META_BLOB_CONDEMNED = 1,
	META_BLOB_DELETING = 2,
};

struct meta_blob {
	int64_t id;		    /* of this incarnation */
	uint64_t size;		    /* bytes */
	enum meta_blob_state state; /* live or condemned */
	char key[BLOB_KEY_SIZE];    /* where the driver keeps it */
};

/* The row of that digest that is not deleting: 1 / 0 / -1. */
int meta_blob_find(struct meta_tx *tx, const struct digest *digest,
		   struct meta_blob *ret_blob, struct err *err);

/* The same, only where the repository holds the digest: 1 / 0 / -1. */
int meta_blob_find_in(struct meta_tx *tx, int64_t repository_id,
		      const struct digest *digest, struct meta_blob *ret_blob,
		      struct err *err);

/* Names of repositories of the scope that hold the digest, limit at most, in no
 * order. */
int meta_blob_holders(struct meta_tx *tx, struct meta_scope scope,
		      const struct digest *digest, size_t limit,
		      meta_name_fn *each, void *context, struct err *err);

/* A new live row; ERR_CONFLICT if there is one that is not deleting. */
int meta_blob_insert(struct meta_tx *tx, const struct digest *digest,
		     uint64_t size, const char *key, int64_t *ret_id,
		     struct err *err);

/* condemned -> live; 1 done, 0 the row is not condemned (any more). */
int meta_blob_revive(struct meta_tx *tx, int64_t id, struct err *err);

/* The copy under the key before is damaged: name another instead, and have the
 * row live.  1 done, 0 the row names another copy (by now). */
int meta_blob_replace(struct meta_tx *tx, int64_t id, const char *before,
		      uint64_t size, const char *key, struct err *err);

/* live -> condemned, condemned -> deleting: 1 done, 0 it is in another state.
 * With the latter no repository holds the digest any more. */
int meta_blob_condemn(struct meta_tx *tx, int64_t id, struct err *err);
int meta_blob_begin_delete(struct meta_tx *tx, int64_t id, struct err *err);

/* Remove a deleting row. */
int meta_blob_forget(struct meta_tx *tx, int64_t id, struct err *err);

/* Have the repository hold the digest from now on; holding it already renews
 * the time of the link, which pins it against collection. */
int meta_blob_link(struct meta_tx *tx, int64_t repository_id,
		   const struct digest *digest, struct err *err);

/* Have it hold it no longer: 1 done, 0 it did not. */
int meta_blob_unlink(struct meta_tx *tx, int64_t repository_id,
		     const struct digest *digest, struct err *err);

/* Some manifest of the repository names the digest: 1 / 0 / -1. */
int meta_blob_in_use(struct meta_tx *tx, int64_t repository_id,
		     const struct digest *digest, struct err *err);

/* Rows that are not deleting, and their bytes: for metrics. */
int meta_blob_totals(struct meta_tx *tx, uint64_t *ret_count,
		     uint64_t *ret_bytes, struct err *err);

#endif
