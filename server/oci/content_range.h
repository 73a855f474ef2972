/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_OCI_CONTENT_RANGE_H
#define SERVER_OCI_CONTENT_RANGE_H

/*
 * The Content-Range of a chunk of an upload: "0-1023" as the distribution
 * specification has it, or "bytes 0-1023/2048" (total may be "*") as RFC 9110
 * has it.  Pure; any thread.
 */

#include <stdint.h>

#include "base/span.h"

struct err;

struct content_range {
	uint64_t first; /* offset of the first byte */
	uint64_t last;	/* and of the last; not before first */
};

/* ERR_UPLOAD_INVALID for anything else. */
int content_range_parse(struct span text, struct content_range *ret_range,
			struct err *err);

#endif
