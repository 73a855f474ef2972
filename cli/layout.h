/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LAYOUT_H
#define CLI_LAYOUT_H

/*
 * An OCI image layout on the disk: oci-layout, index.json, blobs/<alg>/<hex>.
 * Nothing in it is believed: a blob is given out only after its bytes were
 * found to be its digest, nothing is followed through a link, and whatever else
 * lies there is not looked at.  One thread.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/span.h"

struct err;
struct layout;

#define LAYOUT_JSON_MAX ((size_t)16 << 20) /* bytes of index.json */

/* Open one that is there: ERR_NOT_FOUND or ERR_INVALID with what is wrong. */
int layout_open(const char *path, struct layout **ret_layout, struct err *err);

/* Open the one at path, making the folder and an empty layout as needed. */
int layout_create(const char *path, struct layout **ret_layout,
		  struct err *err);

/* Closes it; NULL is fine. */
void layout_close(struct layout *layout);

/* The entries of index.json: an array, borrowed from the layout. */
json_t *layout_entries(const struct layout *layout);

/*
 * Open a blob for reading, at its start, its content verified: ERR_NOT_FOUND,
 * ERR_CORRUPT if it is other content.  The caller closes *ret_fd.
 */
int layout_open_blob(struct layout *layout, const struct digest *digest,
		     int *ret_fd, uint64_t *ret_size, struct err *err);

/* The same, the whole content appended to out, up to its ceiling. */
int layout_read_blob(struct layout *layout, const struct digest *digest,
		     struct buf *out, struct err *err);

/* The blob is there and is what it should be: 1 / 0 / -1. */
int layout_has_blob(struct layout *layout, const struct digest *digest,
		    struct err *err);

/*
 * Add a blob: write to the descriptor that begin gives, then end (which
 * verifies and puts it in place; ERR_CORRUPT if it is other content) or cancel.
 */
int layout_begin_blob(struct layout *layout, int *ret_fd, struct err *err);
int layout_end_blob(struct layout *layout, int fd, const struct digest *digest,
		    struct err *err);
void layout_cancel_blob(struct layout *layout, int fd);

/* List a manifest in index.json under a name ("" for none), in place of what
 * had that name, and make everything durable. */
struct layout_entry {
	struct span media_type;
	struct digest digest;
	uint64_t size; /* bytes of the manifest */
	struct span name;
};
int layout_add_entry(struct layout *layout, const struct layout_entry *entry,
		     struct err *err);

#endif
