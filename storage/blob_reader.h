/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_BLOB_READER_H
#define STORAGE_BLOB_READER_H

/* What a store can offer of a blob that is to be read. */

#include <stdint.h>

/* A published blob, open for reading. */
struct blob_reader {
	int fd;		 /* owned; -1 where the store has no descriptors */
	uint64_t size;	 /* bytes in the blob */
	const char *url; /* owned; a presigned address, or NULL */
	void *data;	 /* the driver's; for read_at */
};

#endif
