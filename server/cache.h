/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CACHE_H
#define SERVER_CACHE_H

/*
 * Finished answers by what was asked for, so that a pull of something popular
 * touches neither the database nor the disk.  Bounded in bytes and in open
 * files; the least recently used go first.  Any thread; never waits long.
 *
 * An entry belongs to a repository's generation.  A reader takes the generation
 * before it reads the database and hands it in with what it found; a writer
 * bumps it after the commit and before the answer.  So what was read before a
 * change can never be served after that change was acknowledged.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "storage/meta.h"

struct cache;
struct entity;
struct err;
struct metrics;

struct cache_config {
	size_t bytes_max;	/* of bodies in memory */
	size_t files_max;	/* open descriptors */
	size_t entry_bytes_max; /* a larger body is not kept */
};

/* config is copied, metrics borrowed. */
int cache_new(const struct cache_config *config, struct metrics *metrics,
	      struct cache **ret_cache, struct err *err);
/* Answers being sent keep their own references.  NULL is fine. */
void cache_free(struct cache *cache);

/*
 * What a repository is called here: account, region and name in one text, with
 * a NUL; keys of its entries begin with it.  Returns its length.  The three
 * have been checked by now, and fit.
 */
#define CACHE_REPOSITORY_SIZE 512
size_t cache_repository(struct meta_scope scope, struct span name,
			char ret_text[CACHE_REPOSITORY_SIZE]);

/* The generation of a repository, by what it is called here. */
uint64_t cache_generation(struct cache *cache, struct span repository);

/* Something in the repository has changed. */
void cache_bump(struct cache *cache, struct span repository);

/* The entry of that key (which holds the repository) if it is of the present
 * generation: a new reference, or NULL. */
struct entity *cache_get(struct cache *cache, struct span repository,
			 struct span key);

/* Keep an answer that was read under that generation.  Takes its own
 * reference; may decide not to. */
void cache_put(struct cache *cache, struct span repository, struct span key,
	       uint64_t generation, struct entity *entity);

/* Drop what is of an earlier generation, and its descriptors: about once a
 * second, so that what was deleted does not keep its place on the disk. */
void cache_tidy(struct cache *cache);

/* Drop everything: all descriptors are closed as soon as nobody sends them. */
void cache_clear(struct cache *cache);

/* Give up to that many descriptors back, least recently used first: when the
 * process has none left. */
void cache_shed_files(struct cache *cache, size_t count);

#endif
