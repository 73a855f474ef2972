/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_OCI_NAMES_H
#define SERVER_OCI_NAMES_H

/* A listing of names in the making: a JSON array, and where the page ends. */

#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"

struct app;
struct err;
struct request;

#define NAMES_LAST_SIZE 512  /* bytes of the longest name, with its NUL */
#define NAMES_MARK_SIZE 2048 /* bytes that a mark may take */

struct names {
	struct buf *body; /* what the array is appended to; borrowed */
	size_t count;	  /* names so far */
	char last[NAMES_LAST_SIZE]; /* the newest of them */
};

/* A meta_name_fn with a struct names as its context. */
int names_add(void *names, struct span name, struct err *err);

/* The Link to the next page, if there is more and the page is not empty. */
void names_link(struct request *request, const struct names *names,
		size_t limit, bool more);

/*
 * Where a page ends behind a name that the caller may not know: "~", with which
 * no name begins, and the name, sealed.  names_mark appends it to out.
 * names_read_mark takes a mark or a name as a client sent it, and leaves the
 * name in *after, which may borrow from scratch; ERR_INVALID.
 */
int names_mark(const struct app *app, struct span name, struct buf *out,
	       struct err *err);
int names_read_mark(const struct app *app, struct span *after,
		    struct buf *scratch, struct err *err);

#endif
