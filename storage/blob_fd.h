/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_BLOB_FD_H
#define STORAGE_BLOB_FD_H

/* What the drivers whose bytes lie in a descriptor have in common. */

#include <stddef.h>
#include <stdint.h>

struct blob_reader;
struct err;

/* One pread, taken up again when interrupted: up to len bytes, *ret_got is 0 at
 * the end.  ERR_RANGE for an offset no file has.  Blocks; any thread. */
int blob_fd_read(int fd, uint64_t offset, void *data, size_t len,
		 size_t *ret_got, struct err *err);

/* The read_at and close of a reader that is nothing but a descriptor. */
int blob_fd_read_at(struct blob_reader *reader, uint64_t offset, void *data,
		    size_t len, size_t *ret_got, struct err *err);
void blob_fd_close(struct blob_reader *reader);

#endif
