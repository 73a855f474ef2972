/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_RANGE_H
#define SERVER_HTTP_RANGE_H

/* The Range field of a request (RFC 9110, section 14).  Pure; any thread. */

#include <stdint.h>

#include "base/span.h"

enum range_result {
	RANGE_WHOLE,	     /* send everything: no range, or none we do */
	RANGE_PART,	     /* 206 */
	RANGE_UNSATISFIABLE, /* 416 */
};

/*
 * Read a Range field ("" if absent) for content of that size.  For RANGE_PART
 * the part starts at *ret_first and holds *ret_length bytes, at least one.  A
 * malformed field, another unit and several ranges count as RANGE_WHOLE; a
 * range that ends before it starts is one that cannot be satisfied.
 */
enum range_result range_read(struct span field, uint64_t size,
			     uint64_t *ret_first, uint64_t *ret_length);

#endif
