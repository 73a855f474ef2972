/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_BLOB_WRITER_H
#define STORAGE_BLOB_WRITER_H

/*
 * Writing behind: event loops append to a flow without waiting, a few threads
 * write what it collected, in order and one write of a flow at a time.
 *
 * The memory of all flows together is bounded, and so are the buffers that one
 * flow has on their way.  A flow over its bound is told when it may go on. When
 * the bound of all is reached, the buffer that has lain idle for longest is
 * written although it is not full: so a thousand slow uploads cannot keep the
 * others waiting.
 *
 * Any number of threads may use one writer; a flow is one caller's at a time.
 * The writer's lock is taken for moments only, never across a write or a call
 * of room(); no other lock is taken under it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "base/lock.h"
#include "base/span.h"
#include "storage/blob_buffer.h"
#include "storage/blob_driver.h"

struct blob_writer;

/* Write the whole buffer at its offset.  On a writer's thread or one in
 * blob_flow_flush() or _finish(); never twice at a time for one flow. */
typedef int blob_write_fn(void *target, const struct blob_buffer *buffer,
			  struct err *err);

struct blob_writer_config {
	size_t threads;	     /* at least 1 */
	size_t per_flow;     /* buffers of one flow; at least 1 */
	size_t memory_bytes; /* of all; at least BLOB_BUFFER_LARGE */
};

/* Start the threads. */
int blob_writer_new(const struct blob_writer_config *config,
		    struct blob_writer **ret_writer, struct err *err);

/* Stop the threads and free; all flows are finished by now.  NULL is fine. */
void blob_writer_free(struct blob_writer *writer);

/* Bytes of buffers that are in use at present. */
size_t blob_writer_memory(struct blob_writer *writer);

/* One stream of bytes to one place.  All fields are this module's. */
struct blob_flow {
	struct blob_writer *writer; /* borrowed */
	blob_write_fn *write;	    /* immutable after init */
	void *target;		    /* handed to write; borrowed */
	uint64_t size;		    /* appended; the caller's thread only */

	/* Guarded by the writer's lock: */
	struct blob_buffer *current; /* being filled, or NULL */
	struct blob_buffer *first;   /* full ones, oldest first */
	struct blob_buffer *last;    /* of these */
	size_t on_way;	     /* full ones, the one being written included */
	bool writing;	     /* some thread writes one */
	bool filling;	     /* an append copies into current, unlocked */
	bool grown;	     /* has earned large buffers */
	size_t calling;	     /* threads that call its room */
	struct err failure;  /* of a write; sticks */
	blob_room_fn *room;  /* wanted; NULL if not */
	void *context;	     /* for room */
	struct list queued;  /* among those with something to write */
	struct list idle;    /* among those whose current nobody fills */
	struct list waiting; /* among those that want room, or have some */
	struct cond changed; /* on_way or calling went down */
};

/* A flow that goes on at offset. */
void blob_flow_init(struct blob_flow *flow, struct blob_writer *writer,
		    blob_write_fn *write, void *target, uint64_t offset);

/* As stage_append of storage/blob_driver.h. */
int blob_flow_append(struct blob_flow *flow, struct span bytes,
		     size_t *ret_taken, blob_room_fn *room, void *context,
		     struct err *err);

/* Wait until all is written; the flow holds no buffer then. */
int blob_flow_flush(struct blob_flow *flow, struct err *err);

/* Let every later call fail with this failure, unless it has failed before. */
void blob_flow_fail(struct blob_flow *flow, const struct err *failure);

/* Write what is left (whether that works or not) and let go of the writer; no
 * room() is called any more. */
void blob_flow_finish(struct blob_flow *flow);

#endif
