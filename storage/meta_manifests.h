/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_META_MANIFESTS_H
#define STORAGE_META_MANIFESTS_H

/* The manifests of repositories: their bytes, media type, and what they name.
 */

#include "base/buf.h"
#include "base/digest.h"
#include "storage/meta.h"

enum meta_reference {
	META_REFERENCE_CONFIG = 0,
	META_REFERENCE_LAYER = 1,
	META_REFERENCE_CHILD = 2, /* a manifest of an index */
	META_REFERENCE_BLOB = 3,  /* any other content */
};

/* A manifest about to be written; everything is borrowed for the call. */
struct meta_manifest {
	struct digest digest;	      /* of body */
	struct span media_type;	      /* what it is served as */
	struct span artifact_type;    /* "" if it has none */
	struct span annotations;      /* a JSON object as text, or "" */
	const struct digest *subject; /* or NULL */
	struct span body;	      /* its bytes */
};

/* Write (or write again, with the newest media type): *ret_new tells. */
int meta_manifest_put(struct meta_tx *tx, int64_t repository_id,
		      const struct meta_manifest *manifest, bool *ret_new,
		      struct err *err);

/* Note that the manifest names target; noting it again is fine. */
int meta_manifest_refer(struct meta_tx *tx, int64_t repository_id,
			const struct digest *manifest,
			const struct digest *target, enum meta_reference kind,
			struct err *err);

/* A manifest as read; release with meta_stored_release. */
struct meta_stored {
	struct digest digest;  /* of body */
	struct buf media_type; /* what it is served as */
	struct buf body;       /* its bytes, as they were pushed */
};
void meta_stored_release(struct meta_stored *stored);

/* By digest, or by tag: 1 / 0 / -1. */
int meta_manifest_get(struct meta_tx *tx, int64_t repository_id,
		      const struct digest *digest, struct meta_stored *ret,
		      struct err *err);
int meta_manifest_get_tagged(struct meta_tx *tx, int64_t repository_id,
			     struct span tag, struct meta_stored *ret,
			     struct err *err);

/* It is there: 1 with its size in bytes, 0, -1. */
int meta_manifest_stat(struct meta_tx *tx, int64_t repository_id,
		       const struct digest *digest, uint64_t *ret_size,
		       struct err *err);

/* Remove it, its references and every tag on it: 1 with the number of tags
 * that went, 0 there was none, -1. */
int meta_manifest_delete(struct meta_tx *tx, int64_t repository_id,
			 const struct digest *digest, int64_t *ret_tags,
			 struct err *err);

/* One referrer of a listing, borrowed for the call.  The callback returns 0,
 * -1, or 1 if this one is for the next page: nothing more is read then. */
struct meta_referrer {
	struct span digest;	   /* as text */
	struct span media_type;	   /* of the manifest */
	struct span artifact_type; /* or "" */
	struct span annotations;   /* a JSON object as text, or "" */
	uint64_t size;		   /* bytes of the manifest */
};
typedef int meta_referrer_fn(void *context,
			     const struct meta_referrer *referrer,
			     struct err *err);

/* Which referrers: those of subject, of that artifact type unless "", whose
 * digest text comes after `after` ("" for the start), limit at most. */
struct meta_referrer_query {
	int64_t repository_id;	      /* subject and referrers lie in it */
	const struct digest *subject; /* borrowed */
	struct span artifact_type;    /* borrowed */
	struct span after;	      /* borrowed */
	size_t limit;		      /* rows told at most */
};
int meta_referrer_page(struct meta_tx *tx,
		       const struct meta_referrer_query *wanted,
		       meta_referrer_fn *each, void *context, bool *ret_more,
		       struct err *err);

#endif
