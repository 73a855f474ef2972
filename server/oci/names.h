/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_OCI_NAMES_H
#define SERVER_OCI_NAMES_H

/* A listing of names in the making: a JSON array, and where the page ends. */

#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"

struct err;
struct request;

#define NAMES_LAST_SIZE 512 /* bytes of the longest name, with its NUL */

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

#endif
