/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE                                                             \
	4000 /* bytes of a usual block: with malloc's own, a page              \
	      */
#define ALIGNMENT _Alignof(max_align_t)

struct arena_block {
	struct arena_block *next;
	size_t size; /* bytes in data */
	size_t used; /* of them, handed out */
	_Alignas(max_align_t) char data[];
};

void arena_release(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *block = arena->blocks;

		arena->blocks = block->next;
		free(block);
	}
	arena->used = 0;
}

/* Never taken back piece by piece, so what calloc() zeroed is still zero when
 * it is handed out. */
static void *take(struct arena *arena, struct arena_block *block, size_t size)
{
	void *at = block->data + block->used;

	block->used += size;
	arena->used += size;
	return at;
}

static struct arena_block *block_new(size_t size)
{
	struct arena_block *block = calloc(1, sizeof(*block) + size);

	if (block)
		block->size = size;
	return block;
}

/* A large piece gets a block of its own behind the newest, which keeps what
 * room it has for the small ones. */
static struct arena_block *block_add(struct arena *arena, size_t size)
{
	bool own = size > BLOCK_SIZE / 4;
	struct arena_block *block = block_new(own ? size : BLOCK_SIZE);

	if (!block)
		return NULL;
	if (own && arena->blocks) {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	} else {
		block->next = arena->blocks;
		arena->blocks = block;
	}
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	if (size > SIZE_MAX / 2)
		return NULL;
	size = ((size ? size : 1) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (arena->used > arena->max || size > arena->max - arena->used)
		return NULL;

	struct arena_block *block = arena->blocks;
	if (!block || block->size - block->used < size)
		block = block_add(arena, size);
	return block ? take(arena, block, size) : NULL;
}

char *arena_copy(struct arena *arena, const char *text, size_t len)
{
	char *copy = len < SIZE_MAX ? arena_alloc(arena, len + 1) : NULL;

	if (copy && len > 0)
		memcpy(copy, text, len);
	return copy;
}
