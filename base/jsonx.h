/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_JSONX_H
#define BASE_JSONX_H

/*
 * JSON from outside, over jansson: caps on size and depth before a tree is
 * built, no duplicate keys, no NUL in strings, valid UTF-8; and typed getters
 * that name the member in the error.  Also a small writer that appends to a
 * struct buf, for replies and log lines.  It sets jansson's allocator when the
 * program starts; any thread.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct buf;
struct err;

#define JSONX_DEPTH_MAX 64 /* nesting that any of our documents may have */

/*
 * Parse the whole text as one JSON value: ERR_INVALID for anything malformed,
 * nested deeper than depth_max, or made of so many small values that the tree
 * would take tens of times its memory; ERR_NO_MEMORY.  The caller
 * json_decref()s the result (CLEANUP(jsonx_unref)).
 */
int jsonx_parse(struct span text, size_t depth_max, json_t **ret_json,
		struct err *err);

/* For CLEANUP: json_decref() of the variable. */
void jsonx_unref(json_t **json);

/*
 * The member of an object by type.  1 found, 0 absent, -1 ERR_INVALID if it has
 * another type (or is a number out of range).  Strings are borrowed from the
 * tree.
 */
int jsonx_text(const json_t *object, const char *name, struct span *ret_text,
	       struct err *err);
int jsonx_i64(const json_t *object, const char *name, int64_t *ret_value,
	      struct err *err);
int jsonx_bool(const json_t *object, const char *name, bool *ret_value,
	       struct err *err);
int jsonx_array(const json_t *object, const char *name, json_t **ret_array,
		struct err *err);
int jsonx_object(const json_t *object, const char *name, json_t **ret_object,
		 struct err *err);

/* Append the text as a JSON string with its quotes; bytes that are not valid
 * UTF-8 become U+FFFD, control characters are escaped. */
void jsonx_quote(struct span text, struct buf *out);

/* Append a comma, unless what was written last opens an array or object. */
void jsonx_comma(struct buf *out);

/* Append ,"name": and the same with a string behind it; the comma as above. */
void jsonx_key(struct buf *out, const char *name);
void jsonx_member(struct buf *out, const char *name, struct span value);

/* Append the value compactly, keys in their order. */
int jsonx_dump(const json_t *json, struct buf *out, struct err *err);

#endif
