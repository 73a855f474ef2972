/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REMOTE_H
#define CLI_REMOTE_H

/*
 * One repository of the registry: its manifests, blobs and lists, by the OCI
 * distribution API.  What is fetched is verified.  One thread.
 */

#include <jansson.h>

#include "base/buf.h"
#include "base/span.h"
#include "cli/layout.h"

struct client;
struct err;
struct progress;

struct remote {
	struct client *client;	   /* borrowed */
	const char *repository;	   /* borrowed */
	struct progress *progress; /* told of blobs; borrowed */
};

#define REMOTE_MANIFEST_MAX ((size_t)64 << 20) /* bytes */
#define REMOTE_ITEMS_MAX 1000000	       /* descriptors in a manifest */

/* A manifest as the registry gave it. */
struct remote_manifest {
	struct buf body;	/* owned */
	struct buf media_type;	/* owned */
	struct content content; /* its digest, verified, and its size */
};

/* Accepts a zeroed one. */
void remote_manifest_release(struct remote_manifest *manifest);

/* Fetch one by tag or digest: ERR_NOT_FOUND, ERR_CORRUPT if the bytes are not
 * the digest. */
int remote_get_manifest(const struct remote *remote, const char *reference,
			struct remote_manifest *ret_manifest, struct err *err);

/* What a tag stands for, without its bytes. */
int remote_head_manifest(const struct remote *remote, const char *reference,
			 struct remote_manifest *ret_manifest, struct err *err);

/* Put one under a digest; tag is given to it, too, unless it is "". */
int remote_put_manifest(const struct remote *remote,
			const struct digest *digest, struct span tag,
			struct span media_type, struct span body,
			struct err *err);

/* Delete a tag, or a manifest by its digest: ERR_NOT_FOUND. */
int remote_delete_manifest(const struct remote *remote, const char *reference,
			   struct err *err);

/* The repository has the blob: 1 / 0 / -1. */
int remote_has_blob(const struct remote *remote, const struct digest *digest,
		    struct err *err);

/* Write a blob to fd, no more than its size: ERR_NOT_FOUND.  What arrived is
 * not verified yet. */
int remote_get_blob(const struct remote *remote, const struct content *content,
		    int fd, struct err *err);

/* Have the repository hold a blob of another: 1 done, 0 the registry will not,
 * -1. */
int remote_mount_blob(const struct remote *remote, const struct digest *digest,
		      const char *from, struct err *err);

/* Push a blob from the start of fd. */
int remote_put_blob(const struct remote *remote, const struct content *content,
		    int fd, struct err *err);

/* Follow the pages of a list from a path on: the arrays that the replies have
 * under key, joined; the caller json_decref()s the result. */
int remote_list(struct client *client, const char *path, const char *key,
		json_t **ret_array, struct err *err);

/* What refers to a manifest: descriptors, as from remote_list. */
int remote_referrers(const struct remote *remote, const struct digest *digest,
		     json_t **ret_array, struct err *err);

#endif
