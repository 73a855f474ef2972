/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ARCHIVE_H
#define CLI_ARCHIVE_H

/*
 * OCI layouts in tar archives, over libarchive.  Of an archive only regular
 * files that have the name of a part of a layout are taken; whatever tries to
 * be anything else under such a name, or to lie outside, is refused.  One
 * thread.
 */

#include <jansson.h>
#include <stdint.h>

struct err;

/*
 * Unpack the layout in an archive (tar, plain or compressed with gzip or zstd)
 * to an empty folder.  At most max_bytes are written: ERR_TOO_LARGE.
 * ERR_INVALID if it is no archive or a hostile one.
 */
int archive_read_layout(const char *path, int dir_fd, uint64_t max_bytes,
			struct err *err);

/*
 * Pack the layout in a folder: its two documents and the blobs that are named
 * by the keys of an object.  The same content always makes the same bytes.
 * path appears, or is replaced, whole and durable.
 */
int archive_write_layout(int dir_fd, const json_t *digests, const char *path,
			 struct err *err);

#endif
