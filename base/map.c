/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/rand.h"

#define BUCKETS_FIRST 16

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t value, unsigned bits)
{
	return value << bits | value >> (64 - bits);
}

static inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 = rotate(s->v2, 32);
}

static inline void sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	sip_round(s);
	s->v0 ^= word;
}

/* Bytes become a word with the first lowest, whatever the machine's order. */
static inline uint64_t load_word(const char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

static inline uint64_t load_rest(const char *bytes, size_t count)
{
	uint64_t word = 0;

	for (size_t i = 0; i < count; i++)
		word |= (uint64_t)(unsigned char)bytes[i] << (8 * i);
	return word;
}

uint64_t map_hash(const uint64_t secret[2], struct span key)
{
	struct sip s = {
		.v0 = secret[0] ^ UINT64_C(0x736f6d6570736575),
		.v1 = secret[1] ^ UINT64_C(0x646f72616e646f6d),
		.v2 = secret[0] ^ UINT64_C(0x6c7967656e657261),
		.v3 = secret[1] ^ UINT64_C(0x7465646279746573),
	};
	size_t at = 0;

	for (; key.len - at >= 8; at += 8)
		sip_word(&s, load_word(key.text + at));
	uint64_t rest =
		key.len > at ? load_rest(key.text + at, key.len - at) : 0;
	sip_word(&s, rest | (uint64_t)key.len << 56);
	s.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

int map_init(struct map *map, struct err *err)
{
	struct map fresh = {.bucket_count = BUCKETS_FIRST};

	if (rand_bytes(fresh.secret, sizeof(fresh.secret), err) < 0)
		return -1;
	fresh.buckets = calloc(BUCKETS_FIRST, sizeof(struct map_node *));
	if (!fresh.buckets)
		return err_set(err, ERR_NO_MEMORY, "no memory for a table");
	*map = fresh;
	return 0;
}

void map_release(struct map *map)
{
	free(map->buckets);
	*map = (struct map){0};
}

static size_t index_of(const struct map *map, uint64_t hash)
{
	return (size_t)hash & (map->bucket_count - 1);
}

struct map_node *map_find(const struct map *map, struct span key)
{
	uint64_t hash = map_hash(map->secret, key);
	struct map_node *node = map->buckets[index_of(map, hash)];

	while (node && (node->hash != hash || !span_equal(node->key, key)))
		node = node->next;
	return node;
}

static void hang(struct map *map, struct map_node *node)
{
	size_t at = index_of(map, node->hash);

	node->next = map->buckets[at];
	map->buckets[at] = node;
	if (at < map->first)
		map->first = at;
}

/* Without memory the chains just get longer. */
static void grow(struct map *map)
{
	struct map_node **old = map->buckets;
	size_t old_count = map->bucket_count;

	if (old_count > SIZE_MAX / 2 / sizeof(struct map_node *))
		return;
	struct map_node **fresh =
		calloc(old_count * 2, sizeof(struct map_node *));
	if (!fresh)
		return;
	map->buckets = fresh;
	map->bucket_count = old_count * 2;
	map->first = map->bucket_count;
	for (size_t i = 0; i < old_count; i++) {
		while (old[i]) {
			struct map_node *node = old[i];

			old[i] = node->next;
			hang(map, node);
		}
	}
	free(old);
}

void map_insert(struct map *map, struct map_node *node, struct span key)
{
	if (map->count >= map->bucket_count)
		grow(map);
	node->key = key;
	node->hash = map_hash(map->secret, key);
	hang(map, node);
	map->count++;
}

void map_remove(struct map *map, struct map_node *node)
{
	struct map_node **at = &map->buckets[index_of(map, node->hash)];

	while (*at != node) {
		assert(*at);
		at = &(*at)->next;
	}
	*at = node->next;
	node->next = NULL;
	map->count--;
}

struct map_node *map_any(struct map *map)
{
	if (map->count == 0)
		return NULL;
	while (!map->buckets[map->first])
		map->first++;
	return map->buckets[map->first];
}
