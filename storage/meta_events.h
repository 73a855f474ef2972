/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_META_EVENTS_H
#define STORAGE_META_EVENTS_H

/*
 * The event log: every change appends a row in the transaction that makes it.
 * Numbers are in commit order (taken from a one-row counter inside the
 * transaction), so that a reader's cursor never skips one.
 */

#include "storage/meta.h"

/* One change; spans are borrowed for the call, "" where it has none. */
struct meta_event {
	struct span kind; /* "manifest.push", "tag.move", "blob.delete" ... */
	struct span repository; /* its name */
	struct span digest;	/* of the manifest or blob, as text */
	struct span tag;	/* the one that was set or removed */
	struct span actor;	/* the principal */
	struct span detail;	/* a JSON object, or "" */
};

/* Append it, with the next number and the time of the transaction. */
int meta_event_append(struct meta_tx *tx, struct meta_scope scope,
		      const struct meta_event *event, struct err *err);

/* A row as read: as above with its number and time. */
struct meta_event_row {
	int64_t number;		 /* greater than that of every earlier commit */
	int64_t at_ms;		 /* wall time */
	struct meta_event event; /* borrowed for the call */
};
typedef int meta_event_fn(void *context, const struct meta_event_row *row,
			  struct err *err);

/* Events with numbers above `after`, limit at most, in order. */
int meta_event_page(struct meta_tx *tx, struct meta_scope scope, int64_t after,
		    size_t limit, meta_event_fn *each, void *context,
		    struct err *err);

#endif
