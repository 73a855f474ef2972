/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_SQL_CACHE_H
#define STORAGE_SQL_CACHE_H

/*
 * The prepared statements of one connection, found by the address of their
 * literal.  Intrusive and never shrinking: there are as many as there are
 * literals.  For the drivers only; belongs to the connection's thread.
 */

#include <stddef.h>
#include <stdint.h>

#define SQL_CACHE_BUCKETS 64

struct sql_cached {
	const char *sql;	 /* a literal: its address is the key */
	struct sql_cached *next; /* in its bucket */
};

struct sql_cache {
	struct sql_cached *buckets[SQL_CACHE_BUCKETS]; /* the driver's nodes */
};

/* The bucket of that literal; literals lie close together, so that the low bits
 * of their addresses spread well enough once mixed. */
static inline struct sql_cached **sql_cache_bucket(struct sql_cache *cache,
						   const char *sql)
{
	uint64_t mixed = (uint64_t)(uintptr_t)sql * 0x9e3779b97f4a7c15u;

	return &cache->buckets[mixed >> 58];
}

/* The node of that literal, or NULL. */
static inline struct sql_cached *sql_cache_find(struct sql_cache *cache,
						const char *sql)
{
	struct sql_cached *node = *sql_cache_bucket(cache, sql);

	while (node && node->sql != sql)
		node = node->next;
	return node;
}

/* Put a node in whose literal is not in yet. */
static inline void sql_cache_add(struct sql_cache *cache,
				 struct sql_cached *node, const char *sql)
{
	struct sql_cached **bucket = sql_cache_bucket(cache, sql);

	node->sql = sql;
	node->next = *bucket;
	*bucket = node;
}

/* Take any node out, or NULL if there is none left: for tearing down. */
static inline struct sql_cached *sql_cache_pop(struct sql_cache *cache)
{
	for (size_t i = 0; i < SQL_CACHE_BUCKETS; i++) {
		struct sql_cached *node = cache->buckets[i];

		if (!node)
			continue;
		cache->buckets[i] = node->next;
		return node;
	}
	return NULL;
}

#endif
