/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TREE_H
#define CLI_TREE_H

/*
 * What a manifest names, as one who copies it must take it: blobs, and the
 * manifests of an index.  Pure; any thread.
 */

#include <jansson.h>
#include <stdbool.h>

#include "base/span.h"
#include "cli/layout.h"
#include "storage/manifest.h"

struct err;

#define TREE_DEPTH_MAX 8 /* indexes within indexes */

/* One thing that a manifest names. */
struct tree_item {
	struct content content; /* as the manifest says */
	bool is_manifest;	/* of media_type; else a blob */
	bool elsewhere;		/* a layer that need not be here */
	struct span media_type; /* borrowed from the manifest */
};

/* True if a document of that media type is a manifest. */
bool tree_is_manifest(struct span media_type);

/* The item at that place (below manifest->item_count): ERR_UNSUPPORTED if its
 * digest is of an algorithm that we do not know. */
int tree_item(const struct manifest *manifest, size_t at,
	      struct tree_item *ret_item, struct err *err);

/* A descriptor of index.json or a list of referrers: 1 a manifest, 0 of another
 * type, -1 malformed. */
int tree_entry(const json_t *descriptor, struct tree_item *ret_item,
	       struct err *err);

/* Has this content been there before?  seen is a JSON object that holds what
 * has; 1 / 0 / -1. */
int tree_seen(json_t *seen, const struct digest *digest, struct err *err);

#endif
