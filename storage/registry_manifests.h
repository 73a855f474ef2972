/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_REGISTRY_MANIFESTS_H
#define STORAGE_REGISTRY_MANIFESTS_H

/* Manifests and tags of repositories.  See registry.h. */

#include "base/digest.h"
#include "storage/meta_manifests.h"
#include "storage/refname.h"
#include "storage/registry.h"

/* A push; everything is borrowed for the call. */
struct registry_push {
	struct reference reference; /* the tag, or the digest of the body */
	struct span content_type;   /* "" if none was sent */
	struct span body;	    /* its bytes, as they came */
	const struct span *tags;    /* further tags, only with a digest */
	size_t tag_count;	    /* of tags */
};

/* What came of it. */
struct registry_pushed {
	struct digest digest;		     /* of the body */
	char subject[DIGEST_TEXT_SIZE + 64]; /* as the manifest names it; "" */
};

/*
 * Store the manifest and point its tags to it, all or nothing.  ERR_TOO_LARGE,
 * ERR_DIGEST_INVALID (the body is other content), ERR_TAG_INVALID,
 * ERR_TOO_MANY_TAGS,
 * ERR_MANIFEST_INVALID, ERR_MANIFEST_BLOB_UNKNOWN (content it names is not in
 * the repository), ERR_REPOSITORY_UNKNOWN.
 */
int registry_manifest_put(struct registry *registry,
			  const struct registry_at *at,
			  const struct registry_push *push,
			  struct registry_pushed *ret_pushed, struct err *err);

/* Read one; ERR_REPOSITORY_UNKNOWN or ERR_MANIFEST_UNKNOWN.  Release with
 * meta_stored_release. */
int registry_manifest_get(struct registry *registry,
			  const struct registry_at *at,
			  const struct reference *reference,
			  struct meta_stored *ret_stored, struct err *err);

/* By digest: the manifest and every tag on it; by tag: that tag only. */
int registry_manifest_delete(struct registry *registry,
			     const struct registry_at *at,
			     const struct reference *reference,
			     struct err *err);

#endif
