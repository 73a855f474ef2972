/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_FSX_H
#define BASE_FSX_H

/*
 * File system helpers that finish what they start: interrupted calls are taken
 * up again, short writes go on, and what is published is durable before the
 * function returns.  Every path is relative to an open directory.  They block
 * on the disk; any thread.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;
struct err;

/* Write all bytes, at the descriptor's place or at offset. */
int fsx_write_all(int fd, const void *data, size_t len, struct err *err);
int fsx_pwrite_all(int fd, const void *data, size_t len, uint64_t offset,
		   struct err *err);

/* Read exactly len bytes at offset; ERR_CORRUPT if the file ends before. */
int fsx_pread_all(int fd, void *data, size_t len, uint64_t offset,
		  struct err *err);

/* Append the whole file to out, up to out's ceiling. */
int fsx_read_file(int dir_fd, const char *path, struct buf *out,
		  struct err *err);

/* Make path (one component) a directory with that mode if it is none yet, and
 * make its entry durable; never follows a link. */
int fsx_make_dir(int dir_fd, const char *path, mode_t mode, struct err *err);

/* Open a directory, never through a link in its last component. */
int fsx_open_dir(int dir_fd, const char *path, int *ret_fd, struct err *err);

/* fsync() of a descriptor (file or directory); a failure is never retried. */
int fsx_sync(int fd, struct err *err);

/*
 * Replace path by a file of that content and mode: temporary file, fsync,
 * rename, fsync of the directory.  Readers see the old or the new content.
 */
int fsx_replace_file(int dir_fd, const char *path, const void *data, size_t len,
		     mode_t mode, struct err *err);

/* Open (make) path and lock it for this process: 1 locked with *ret_fd to keep
 * open as long as the lock is wanted, 0 held by another, -1 error. */
int fsx_lock_file(int dir_fd, const char *path, int *ret_fd, struct err *err);

/* Bytes that an unprivileged process may still write, and inodes left (or
 * UINT64_MAX where the file system has no such count). */
int fsx_free_space(int fd, uint64_t *ret_bytes, uint64_t *ret_inodes,
		   struct err *err);

#endif
