/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_REGISTRY_BLOBS_H
#define STORAGE_REGISTRY_BLOBS_H

/* Blobs of repositories: look, read, mount, delete.  See registry.h. */

#include "base/digest.h"
#include "storage/meta_repositories.h"
#include "storage/registry.h"

struct blob_reader;

/*
 * 0 with the size in bytes, or -1: ERR_REPOSITORY_UNKNOWN, ERR_BLOB_UNKNOWN
 * (also where only another repository holds it).  Looking at a blob that was
 * condemned to collection makes it live again: the client may count on it.
 */
int registry_blob_stat(struct registry *registry, const struct registry_at *at,
		       const struct digest *digest, uint64_t *ret_size,
		       struct err *err);

/* The same, and open it; close with registry_blob_close.  ERR_CORRUPT if the
 * bytes are gone. */
int registry_blob_open(struct registry *registry, const struct registry_at *at,
		       const struct digest *digest,
		       struct blob_reader *ret_reader, struct err *err);
void registry_blob_close(struct registry *registry, struct blob_reader *reader);

/* Names of repositories that hold the blob, limit at most, in no order: whoever
 * asks has to make sure that the actor may know. */
int registry_blob_holders(struct registry *registry, struct meta_scope scope,
			  const struct digest *digest, size_t limit,
			  meta_name_fn *each, void *context, struct err *err);

/* Have the repository hold a blob that `from` holds: 1 mounted, 0 it is not
 * there to be mounted, -1 failed.  The caller has made sure that the actor may
 * read from there. */
int registry_blob_mount(struct registry *registry, const struct registry_at *at,
			const struct digest *digest, struct span from,
			struct err *err);

/* ERR_BLOB_UNKNOWN, ERR_REPOSITORY_UNKNOWN, or ERR_BLOB_IN_USE while a manifest
 * of the repository names it. */
int registry_blob_delete(struct registry *registry,
			 const struct registry_at *at,
			 const struct digest *digest, struct err *err);

#endif
