/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_FRAMING_H
#define SERVER_HTTP_FRAMING_H

/*
 * Where a request ends.  Whatever two programs on the way could read in two
 * ways (two lengths, a length and chunks, folded lines, odd names) is refused,
 * so that no request can be smuggled inside another.  Pure; any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct err;

#define FIELDS_MAX 64 /* header fields of one request; more is 431 */

/* One header field, as it was sent. */
struct field {
	struct span name;  /* borrowed */
	struct span value; /* borrowed; without blanks at its ends */
};

/* What the fields say about the body. */
struct framing {
	bool chunked;	      /* the body comes in chunks */
	bool has_length;      /* a Content-Length was sent */
	uint64_t length;      /* its value, else 0 */
	bool expect_continue; /* the client waits for a 100 */
};

/*
 * Read the framing.  http_1_1: the request is of that version, so a Host field
 * must be there.  -1 ERR_INVALID for anything doubtful; the connection must
 * then be closed, since nobody knows where the next request starts.
 */
int framing_read(const struct field *fields, size_t count, bool http_1_1,
		 struct framing *ret_framing, struct err *err);

/* The value of the first field of that name (any case), or the empty span;
 * *ret_count, unless NULL, is how many there are. */
struct span framing_find(const struct field *fields, size_t count,
			 const char *name, size_t *ret_count);

#endif
