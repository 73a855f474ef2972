/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_BLOB_DRIVER_H
#define STORAGE_BLOB_DRIVER_H

/*
 * Where the bytes of blobs lie: the interface that a disk, memory and an
 * S3-compatible store implement, and that a test's decorator wraps.
 *
 * Bytes arrive in a stage, which has an id of the caller's choosing, survives a
 * restart and can be reopened; then they are published under a storage key that
 * has never been used before.  What is published never changes.  The driver
 * stores what it is told: digests, dedupe and the order of steps are
 * storage/registry.h's business.
 *
 * A stage belongs to one caller at a time.  "Blocks" below means that the call
 * may wait for the store and must not be made on an event loop.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "storage/blob_reader.h"

struct blob_driver;
struct blob_stage;
struct err;

#define BLOB_KEY_SIZE 192 /* bytes of the longest storage key, with its NUL */
#define BLOB_STAGE_ID_SIZE                                                     \
	64 /* bytes of the longest stage id, with its NUL                      \
	    */

/* Called when a stage that was full has room again, or has failed: once for
 * each append that took less than it was given, perhaps before that append has
 * returned.  On a thread of the driver's; must not block nor call the driver.
 */
typedef void blob_room_fn(void *context);

/* One published blob of a listing. */
struct blob_listed {
	const char *key;	 /* borrowed for the call */
	uint64_t size;		 /* bytes */
	int64_t written_wall_ms; /* when it was published; a stage: written */
};

/* Return 0 to go on, -1 with err set to stop. */
typedef int blob_each_fn(void *context, const struct blob_listed *listed,
			 struct err *err);

struct blob_driver_ops {
	/* "disk", "memory", "s3": for logs and metrics. */
	const char *name;

	/* Start an empty stage of that id, which must be new (ERR_EXISTS).
	 * Its name need not be durable yet.  Blocks. */
	int (*stage_create)(struct blob_driver *driver, const char *id,
			    struct blob_stage **ret_stage, struct err *err);

	/* Open a stage that was closed, perhaps by an earlier process: 1 open,
	 * 0 there is none, -1 failed.  Its size is what the store holds, which
	 * after a crash may be less than was appended.  Blocks. */
	int (*stage_open)(struct blob_driver *driver, const char *id,
			  struct blob_stage **ret_stage, struct err *err);

	/* Bytes appended so far, those still on their way included. */
	uint64_t (*stage_size)(const struct blob_stage *stage);

	/*
	 * Add bytes at the end: copies as many as there is room for and sets
	 * *ret_taken.  Where that is fewer than bytes.len, room(context) will
	 * be called once, unless the stage is closed before; append the rest
	 * then.  A failure of an earlier write shows here, or at the latest in
	 * stage_flush, and sticks.  ERR_UPLOAD_INVALID once the stage was
	 * published.  Does not block.
	 */
	int (*stage_append)(struct blob_stage *stage, struct span bytes,
			    size_t *ret_taken, blob_room_fn *room,
			    void *context, struct err *err);

	/* Wait until everything appended is written, though perhaps not yet
	 * durable; buffers are given back.  Blocks. */
	int (*stage_flush)(struct blob_stage *stage, struct err *err);

	/* Read up to len bytes of a flushed stage at offset; *ret_got is 0 at
	 * its end.  Blocks. */
	int (*stage_read)(struct blob_stage *stage, uint64_t offset, void *data,
			  size_t len, size_t *ret_got, struct err *err);

	/*
	 * Publish the flushed content under key: when this returns 0, both the
	 * bytes and their name survive a power cut.  The stage stays, but takes
	 * no more bytes; it may be published again under another key.
	 * ERR_EXISTS if the key is taken, which the caller must treat as a bug
	 * or damage: keys are never used twice.  If the store cannot tell what
	 * of the stage is durable (an fsync failed), the stage has failed for
	 * good and stage_open finds it no more.  Blocks.
	 */
	int (*stage_publish)(struct blob_stage *stage, const char *key,
			     struct err *err);

	/* Let go of a stage and keep its content for stage_open.  NULL is fine.
	 * Waits for writes on their way and for a room() that is being called;
	 * none is called afterwards.  Not from within room().  Blocks. */
	void (*stage_close)(struct blob_stage *stage);

	/* Remove a stage that is closed; absent is success.  Blocks. */
	int (*stage_remove)(struct blob_driver *driver, const char *id,
			    struct err *err);

	/* Each stage: listed.key is its id.  Blocks. */
	int (*each_stage)(struct blob_driver *driver, blob_each_fn *each,
			  void *context, struct err *err);

	/* Open a published blob: 1 open, 0 absent, -1 failed.  Blocks. */
	int (*open)(struct blob_driver *driver, const char *key,
		    struct blob_reader *ret_reader, struct err *err);

	/* Read up to len bytes at offset, *ret_got is 0 at the end.  Blocks. */
	int (*read_at)(struct blob_reader *reader, uint64_t offset, void *data,
		       size_t len, size_t *ret_got, struct err *err);

	/* Close a reader; accepts one that is zeroed with fd -1. */
	void (*close)(struct blob_reader *reader);

	/* Remove a published blob; absent is success.  Durable when it returns.
	 * Blocks. */
	int (*remove)(struct blob_driver *driver, const char *key,
		      struct err *err);

	/* Each published blob, in no order; those that come or go meanwhile may
	 * be told or not.  Blocks. */
	int (*each)(struct blob_driver *driver, blob_each_fn *each,
		    void *context, struct err *err);

	/* Bytes and files that may still be written (UINT64_MAX: no bound).
	 * Blocks. */
	int (*space)(struct blob_driver *driver, uint64_t *ret_bytes,
		     uint64_t *ret_files, struct err *err);

	/* Wait for writes on their way and free the driver.  All stages and
	 * readers are closed by now. */
	void (*free)(struct blob_driver *driver);
};

/* What every driver starts with. */
struct blob_driver {
	const struct blob_driver_ops *ops; /* a constant */
};

/* ---- the drivers ---- */

struct blob_disk_config {
	int dir_fd;	/* the data directory; borrowed, outlives the driver */
	size_t writers; /* writer threads, at least 1 */
	bool direct_io; /* write whole buffers with O_DIRECT where it works */
	size_t buffers_per_stage; /* 1 MiB buffers on their way; at least 1 */
	size_t buffers_total;	  /* and for all stages together */
};

/* A directory: blobs/<key>, uploads/<id>.  Keys and ids are made of [a-z0-9._-]
 * in components that do not start with a dot; ERR_INVALID else. */
int blob_disk_new(const struct blob_disk_config *config,
		  struct blob_driver **ret_driver, struct err *err);

/* Memory: for tests and for registries whose content may go. */
int blob_mem_new(struct blob_driver **ret_driver, struct err *err);

#endif
