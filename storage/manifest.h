/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_MANIFEST_H
#define STORAGE_MANIFEST_H

/*
 * Reading a manifest that a client wants to push: OCI image manifests and
 * indexes, Docker schema 2 manifests and lists.  Everything that the registry
 * must know is taken out (what it names, its subject, what a referrers listing
 * tells of it); the bytes themselves are stored as they came.  Pure; any
 * thread.
 *
 * A document that could be read as two kinds at once, or as another kind than
 * its media type says, is refused (CVE-2021-41190).
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/span.h"

struct err;

#define MANIFEST_OCI_IMAGE "application/vnd.oci.image.manifest.v1+json"
#define MANIFEST_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define MANIFEST_DOCKER_IMAGE                                                  \
	"application/vnd.docker.distribution.manifest.v2+json"
#define MANIFEST_DOCKER_LIST                                                   \
	"application/vnd.docker.distribution.manifest.list.v2+json"

enum manifest_role {
	MANIFEST_CONFIG,
	MANIFEST_LAYER,
	MANIFEST_CHILD, /* an entry of an index */
};

/* One piece of content that the manifest names. */
struct manifest_item {
	enum manifest_role role; /* what the manifest uses it for */
	bool known;		 /* its digest is of an algorithm we store */
	struct digest digest;	 /* if known */
	uint64_t size;		 /* bytes, as the manifest says */
	bool elsewhere; /* a non-distributable layer: need not be here */
};

struct manifest {
	struct span media_type;	      /* borrowed from the call or the tree */
	struct span artifact_type;    /* own or the config's; "" if none */
	struct span subject;	      /* digest as text, "" if none */
	bool subject_known;	      /* its algorithm is one we store */
	struct digest subject_digest; /* if subject_known */
	struct buf annotations;	      /* a JSON object as text; "" if none */
	struct manifest_item *items;  /* owned */
	size_t item_count;	      /* of items */
	json_t *tree; /* owned; what the spans above borrow from */
};

/*
 * Read the manifest in body, sent with that Content-Type ("" if none; its
 * parameters are ignored).  At most items_max descriptors (ERR_TOO_LARGE);
 * everything else that is wrong is ERR_MANIFEST_INVALID, and the client is told
 * what.  Release with manifest_release, which accepts a zeroed struct.
 */
int manifest_parse(struct span body, struct span content_type, size_t items_max,
		   struct manifest *ret_manifest, struct err *err);
void manifest_release(struct manifest *manifest);

#endif
