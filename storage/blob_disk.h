/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_BLOB_DISK_H
#define STORAGE_BLOB_DISK_H

/*
 * What the files of the disk driver share; nobody else includes this.
 *
 *   uploads/<id>   stages, mode 0600 until published
 *   blobs/<key>    published blobs, mode 0444: links to what a stage held
 *
 * Every path is walked from a kept directory descriptor, one component at a
 * time and never through a symbolic link.  Directories below blobs/ are made
 * when needed and never removed.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"
#include "base/map.h"
#include "storage/blob_driver.h"
#include "storage/blob_writer.h"

/* The directories below one root: which of them are known to be durable, and
 * the fsyncs of them that are under way.  Any thread. */
struct disk_dirs {
	int root_fd;	  /* borrowed */
	struct lock lock; /* never held across an fsync */
	struct map known; /* struct disk_dir by path; guarded by lock */
};

/* fd is the root. */
int disk_dirs_init(struct disk_dirs *dirs, int root_fd, struct err *err);
void disk_dirs_release(struct disk_dirs *dirs);

/* Open the directory of a key: 1 open, 0 absent, -1 failed.  *ret_fd is the
 * caller's to close; *ret_name points into key, behind its last slash. */
int disk_dirs_open(struct disk_dirs *dirs, const char *key, int *ret_fd,
		   const char **ret_name, struct err *err);

/* The same, making what is absent; each directory is durable on return. */
int disk_dirs_make(struct disk_dirs *dirs, const char *key, int *ret_fd,
		   const char **ret_name, struct err *err);

/* Make durable what was done to entries of the directory of a key, which is
 * open as fd.  Concurrent callers share one fsync. */
int disk_dirs_sync(struct disk_dirs *dirs, const char *key, int fd,
		   struct err *err);

struct disk {
	struct blob_driver driver;  /* first: what callers see */
	bool direct_io;		    /* immutable: it was asked for */
	_Atomic bool direct_fails;  /* ... and turned out not to work */
	int blobs_fd;		    /* owned */
	int uploads_fd;		    /* owned */
	struct blob_writer *writer; /* owned */
	struct disk_dirs dirs;	    /* below blobs/ */
};

/* openat that is taken up again when interrupted; a file made has mode 0600.
 * -1 with errno set. */
int disk_open_at(int dir_fd, const char *path, int flags);

/* The operations on stages and listings; see storage/blob_driver.h. */
int disk_stage_create(struct blob_driver *driver, const char *id,
		      struct blob_stage **ret_stage, struct err *err);
int disk_stage_open(struct blob_driver *driver, const char *id,
		    struct blob_stage **ret_stage, struct err *err);
uint64_t disk_stage_size(const struct blob_stage *stage);
int disk_stage_append(struct blob_stage *stage, struct span bytes,
		      size_t *ret_taken, blob_room_fn *room, void *context,
		      struct err *err);
int disk_stage_flush(struct blob_stage *stage, struct err *err);
int disk_stage_read(struct blob_stage *stage, uint64_t offset, void *data,
		    size_t len, size_t *ret_got, struct err *err);
int disk_stage_publish(struct blob_stage *stage, const char *key,
		       struct err *err);
void disk_stage_close(struct blob_stage *stage);
int disk_stage_remove(struct blob_driver *driver, const char *id,
		      struct err *err);
int disk_each_stage(struct blob_driver *driver, blob_each_fn *each,
		    void *context, struct err *err);
int disk_each(struct blob_driver *driver, blob_each_fn *each, void *context,
	      struct err *err);

#endif
