/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "auth/grants.h"
#include "base/err.h"
#include "base/lock.h"
#include "base/map.h"
#include "base/rand.h"

#define SETS 512
#define WAYS 4
#define BYTES_MAX ((size_t)64 << 20) /* over it the cache starts anew */

struct entry {
	uint64_t generation;
	uint64_t hash[2];      /* of the key */
	struct grants *grants; /* a reference; NULL: free */
};

struct grant_cache {
	struct lock lock;      /* guards the rest but secret */
	uint64_t secret[2][2]; /* immutable */
	size_t bytes;
	size_t replaced; /* which entry of a set goes next */
	struct entry entries[SETS][WAYS];
};

int grant_cache_new(struct grant_cache **ret_cache, struct err *err)
{
	struct grant_cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return err_set(err, ERR_NO_MEMORY, "cache of policies");
	if (rand_bytes(cache->secret, sizeof(cache->secret), err) < 0) {
		free(cache);
		return -1;
	}
	lock_init(&cache->lock);
	*ret_cache = cache;
	return 0;
}

static void drop(struct grant_cache *cache, struct entry *entry)
{
	if (entry->grants)
		cache->bytes -= entry->grants->bytes;
	grants_unref(entry->grants);
	memset(entry, 0, sizeof(*entry));
}

static void drop_all(struct grant_cache *cache)
{
	for (size_t i = 0; i < SETS; i++)
		for (size_t k = 0; k < WAYS; k++)
			drop(cache, &cache->entries[i][k]);
}

void grant_cache_free(struct grant_cache *cache)
{
	if (!cache)
		return;
	drop_all(cache);
	lock_release(&cache->lock);
	free(cache);
}

static struct entry *find(struct grant_cache *cache, uint64_t generation,
			  const uint64_t hash[2])
{
	struct entry *set = cache->entries[hash[0] % SETS];

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].grants && set[i].generation == generation &&
		    set[i].hash[0] == hash[0] && set[i].hash[1] == hash[1])
			return &set[i];
	return NULL;
}

struct grants *grant_cache_get(struct grant_cache *cache, uint64_t generation,
			       struct span key)
{
	uint64_t hash[2] = {map_hash(cache->secret[0], key),
			    map_hash(cache->secret[1], key)};
	struct grants *grants = NULL;

	lock_take(&cache->lock);
	struct entry *entry = find(cache, generation, hash);
	if (entry)
		grants = grants_ref(entry->grants);
	lock_drop(&cache->lock);
	return grants;
}

/* A free one, one of an earlier generation, or the one whose turn it is. */
static struct entry *place_in(struct grant_cache *cache, uint64_t generation,
			      struct entry *set)
{
	for (size_t i = 0; i < WAYS; i++)
		if (!set[i].grants || set[i].generation < generation)
			return &set[i];
	return &set[cache->replaced++ % WAYS];
}

void grant_cache_put(struct grant_cache *cache, uint64_t generation,
		     struct span key, struct grants *grants)
{
	uint64_t hash[2] = {map_hash(cache->secret[0], key),
			    map_hash(cache->secret[1], key)};

	lock_take(&cache->lock);
	if (cache->bytes + grants->bytes > BYTES_MAX)
		drop_all(cache);
	struct entry *entry = find(cache, generation, hash);
	if (!entry)
		entry = place_in(cache, generation,
				 cache->entries[hash[0] % SETS]);
	drop(cache, entry);
	*entry = (struct entry){.generation = generation,
				.hash = {hash[0], hash[1]},
				.grants = grants_ref(grants)};
	cache->bytes += grants->bytes;
	lock_drop(&cache->lock);
}

void grant_cache_clear(struct grant_cache *cache)
{
	lock_take(&cache->lock);
	drop_all(cache);
	lock_drop(&cache->lock);
}
