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
#include <stdint.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/span.h"

struct err;
struct layout;

#define LAYOUT_JSON_MAX ((size_t)16 << 20) /* bytes of index.json */

/* A piece of content as a descriptor names it. */
struct content {
	struct digest digest; /* its name */
	uint64_t size;	      /* bytes */
};

/* Open one that is there: ERR_NOT_FOUND or ERR_INVALID with what is wrong. */
int layout_open(const char *path, struct layout **ret_layout, struct err *err);

/* Open the one at path for writing, making the folder and an empty layout as
 * needed: ERR_CONFLICT if another process writes there. */
int layout_create(const char *path, struct layout **ret_layout,
		  struct err *err);

/* Closes it; NULL is fine. */
void layout_close(struct layout *layout);

/* The entries of index.json: an array, borrowed from the layout. */
json_t *layout_entries(const struct layout *layout);

/* The name of an entry of index.json; empty if it has none. */
struct span layout_entry_name(const json_t *entry);

/* The folder, borrowed. */
int layout_dir_fd(const struct layout *layout);

/*
 * Open a blob for reading, at its start, its length and its content verified:
 * ERR_NOT_FOUND, ERR_CORRUPT if it is anything else.  The caller closes
 * *ret_fd.
 */
int layout_open_blob(struct layout *layout, const struct content *content,
		     int *ret_fd, struct err *err);

/* The same for one that was verified before: only its length is looked at. */
int layout_reopen_blob(struct layout *layout, const struct content *content,
		       int *ret_fd, struct err *err);

/* The whole content, verified, appended to out, up to its ceiling. */
int layout_read_blob(struct layout *layout, const struct content *content,
		     struct buf *out, struct err *err);

/* The blob is there and is what it should be: 1 / 0 / -1. */
int layout_has_blob(struct layout *layout, const struct content *content,
		    struct err *err);

/*
 * Add a blob: write to the descriptor that begin gives, then end (which
 * verifies and puts it in place; ERR_CORRUPT if it is other content) or cancel.
 */
int layout_begin_blob(struct layout *layout, int *ret_fd, struct err *err);
int layout_end_blob(struct layout *layout, int fd,
		    const struct content *content, struct err *err);
void layout_cancel_blob(struct layout *layout, int fd);

/* A manifest to be listed in index.json. */
struct layout_entry {
	struct span media_type; /* borrowed */
	struct content content; /* the manifest itself */
	struct span name;	/* a tag, or "" for none; borrowed */
};

/* List a manifest in place of what had its name, or, if it has none, of the
 * same one without a name, and make that durable. */
int layout_add_entry(struct layout *layout, const struct layout_entry *entry,
		     struct err *err);

/* List nothing any more; the blobs stay. */
int layout_clear_entries(struct layout *layout, struct err *err);

#endif
