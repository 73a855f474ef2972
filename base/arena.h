/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

/*
 * Memory for everything that is parsed out of one request and dies with it:
 * blocks are taken from the heap as needed, and one release frees them all.
 * What lies in an arena must never be stored in an object that lives longer.
 * One thread at a time.
 */

#include <stddef.h>

#include "base/span.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first; owned */
	size_t used;		    /* bytes handed out so far */
	size_t max;		    /* ceiling of used */
};

#define ARENA_INIT(ceiling) ((struct arena){.max = (ceiling)})

/* Free every block; the arena is empty and usable afterwards. */
void arena_release(struct arena *arena);

/* size bytes, zeroed, aligned for any type; NULL if there is no memory or the
 * ceiling is reached. */
void *arena_alloc(struct arena *arena, size_t size);

/* A copy of the bytes, ended with a NUL; NULL as above. */
char *arena_copy(struct arena *arena, const char *text, size_t len);

#endif
