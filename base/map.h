/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

/*
 * An intrusive hash map keyed by bytes: nodes are embedded in the caller's
 * structs, so inserting cannot fail once the table stands (it only gets slower
 * if growing it fails).  The hash is keyed with a random secret, so that a
 * client cannot choose colliding keys.  Not locked: the owner does that.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct err;

struct map_node {
	struct map_node *next; /* in its bucket */
	uint64_t hash;	       /* of the key */
	struct span key; /* borrowed; must live as long as the node is in */
};

struct map {
	struct map_node **buckets; /* owned */
	size_t bucket_count;	   /* a power of two */
	size_t count;		   /* nodes in the map */
	size_t first;		   /* no bucket before it holds a node */
	uint64_t secret[2];	   /* of the hash */
};

/* An empty map with a fresh secret; ERR_NO_MEMORY, or no randomness. */
int map_init(struct map *map, struct err *err);

/* Frees the table, not the nodes. */
void map_release(struct map *map);

/* The node of that key, or NULL. */
struct map_node *map_find(const struct map *map, struct span key);

/* Put a node in; there must be none of its key yet. */
void map_insert(struct map *map, struct map_node *node, struct span key);

/* Take a node out that is in. */
void map_remove(struct map *map, struct map_node *node);

/* Any node, or NULL if the map is empty: for tearing down, which takes linear
 * time in all. */
struct map_node *map_any(struct map *map);

/* The keyed hash (SipHash-2-4) for tables of one's own. */
uint64_t map_hash(const uint64_t secret[2], struct span key);

/* The struct that embeds a node (or list entry). */
#define CONTAINER_OF(pointer, type, member)                                    \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
