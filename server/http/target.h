/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_TARGET_H
#define SERVER_HTTP_TARGET_H

/*
 * The target of a request line: its path, decoded once, and its query.  Pure;
 * any thread.
 */

#include <stddef.h>

#include "base/span.h"

struct arena;
struct err;

/*
 * Split a target.  An absolute one ("http://host/path") counts by its path
 * alone.  *ret_path is decoded and lies in arena where that was needed;
 * *ret_query is as it was sent, without the "?".  -1 ERR_INVALID for what is no
 * path, a bad escape, a NUL, or a "." or ".." component; ERR_NO_MEMORY.
 */
int target_parse(struct span target, struct arena *arena, struct span *ret_path,
		 struct span *ret_query, struct err *err);

/*
 * The index'th value (from 0) of a parameter in a query, decoded ("+" stands
 * for itself): 1 found, 0 absent, -1 ERR_INVALID or ERR_NO_MEMORY.
 */
int target_query(struct span query, const char *name, size_t index,
		 struct arena *arena, struct span *ret_value, struct err *err);

#endif
