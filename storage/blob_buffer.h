/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_BLOB_BUFFER_H
#define STORAGE_BLOB_BUFFER_H

/*
 * The buffers in which uploads wait for the disk: page-aligned, of two sizes,
 * within one ceiling over all of them.  Those that came back are kept for the
 * next taker until the owner trims them.
 *
 * Not locked: the owner's lock guards a struct blob_buffers.  A buffer that was
 * taken belongs to its taker.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

#define BLOB_BUFFER_ALIGN 4096 /* of addresses and of direct writes */
#define BLOB_BUFFER_SMALL                                                      \
	(64 << 10)		    /* bytes: what a new upload starts with    \
				     */
#define BLOB_BUFFER_LARGE (1 << 20) /* bytes: what a busy one goes on with */

struct blob_buffer {
	struct blob_buffer *next; /* in whatever list it is */
	char *data;		  /* capacity bytes, aligned; owned */
	size_t capacity;	  /* BLOB_BUFFER_SMALL or BLOB_BUFFER_LARGE */
	size_t limit;		  /* bytes it is full with; <= capacity */
	size_t len;		  /* bytes in it */
	uint64_t offset;	  /* where in the stage they go */
};

struct blob_buffers {
	size_t ceiling;		   /* bytes that may be taken at one time */
	size_t taken;		   /* bytes that are */
	struct blob_buffer *small; /* kept ones; owned */
	struct blob_buffer *large; /* kept ones; owned */
};

/* None taken, none kept. */
void blob_buffers_init(struct blob_buffers *buffers, size_t ceiling);

/* Free the kept ones; all taken ones are back. */
void blob_buffers_release(struct blob_buffers *buffers);

/* True if one of that capacity would stay under the ceiling. */
bool blob_buffers_fit(const struct blob_buffers *buffers, size_t capacity);

/* An empty buffer for bytes at offset, which ends at an aligned place of the
 * stage; the caller has seen that it fits.  ERR_NO_MEMORY. */
int blob_buffers_take(struct blob_buffers *buffers, size_t capacity,
		      uint64_t offset, struct blob_buffer **ret_buffer,
		      struct err *err);

/* Give one back. */
void blob_buffers_put(struct blob_buffers *buffers, struct blob_buffer *buffer);

/* True if some are kept. */
bool blob_buffers_kept(const struct blob_buffers *buffers);

/* Part with all that are kept; free the list without holding a lock. */
struct blob_buffer *blob_buffers_trim(struct blob_buffers *buffers);
void blob_buffer_free_list(struct blob_buffer *list);

#endif
