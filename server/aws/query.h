/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_AWS_QUERY_H
#define SERVER_AWS_QUERY_H

/*
 * AWS's Query protocol: a form in ("Action=GetCallerIdentity&Version=..."), XML
 * out.  Also the form of an OAuth request, which is of the same kind.  Pure;
 * any thread.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

struct arena;
struct buf;
struct err;

#define QUERY_FIELDS_MAX 256   /* of a form */
#define QUERY_BYTES_MAX 131072 /* of a form */

struct query_field {
	struct span name;  /* decoded */
	struct span value; /* the same */
};

struct query {
	const struct query_field *fields; /* in the arena */
	size_t count;			  /* of fields */
};

/* Read a form; all that is read lies in the arena.  ERR_INVALID for broken
 * escapes, a NUL and a name that stands twice; ERR_TOO_LARGE; ERR_NO_MEMORY. */
int query_parse(struct span form, struct arena *arena, struct query *ret_query,
		struct err *err);

/* The value of that name; its text is NULL if there is none. */
struct span query_get(const struct query *query, const char *name);

/* True if a name begins so: "PolicyArns.". */
bool query_has(const struct query *query, const char *prefix);

/* Append text as the content of an XML element; what XML cannot hold becomes
 * U+FFFD. */
void query_escape(struct span text, struct buf *out);

/* Append "<name>text</name>". */
void query_element(const char *name, struct span text, struct buf *out);

#endif
