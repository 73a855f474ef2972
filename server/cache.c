/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shards, each a map and a list in order of use under one short lock.  What is
 * evicted is released behind the lock, since that may close a file.
 */
#include "server/cache.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/list.h"
#include "base/lock.h"
#include "base/map.h"
#include "base/metrics.h"
#include "base/rand.h"
#include "server/http/entity.h"

#define SHARDS 16	   /* a power of two */
#define GENERATIONS 4096   /* a power of two; repositories may share one */
#define ENTRY_OVERHEAD 512 /* bytes that an entry costs beside its body */

struct entry {
	struct map_node node;  /* in the shard's map */
	struct list used;      /* in the shard's list, latest first */
	struct entity *entity; /* a reference */
	uint64_t generation;   /* of its repository, when it was read */
	const atomic_uint_least64_t *now; /* of its repository, at present */
	size_t bytes;			  /* that it counts for */
	bool file;			  /* holds a descriptor */
	char key[];			  /* the key's text */
};

struct shard {
	struct lock lock;
	struct map map;	  /* of struct entry; guarded by lock */
	struct list used; /* latest first; guarded by lock */
	size_t bytes;	  /* guarded by lock */
	size_t files;	  /* guarded by lock */
};

struct cache {
	struct cache_config config;
	uint64_t secret[2]; /* of the generations' hash */
	atomic_uint_least64_t generations[GENERATIONS];
	struct shard shards[SHARDS];
	size_t ready; /* shards that are initialised */
	struct metric *hits;
	struct metric *misses;
};

static atomic_uint_least64_t *generation_of(struct cache *cache,
					    struct span repository)
{
	return &cache->generations[map_hash(cache->secret, repository) %
				   GENERATIONS];
}

/* The maps' own hashes are keyed differently, so the low bits are free. */
static struct shard *shard_of(struct cache *cache, struct span key)
{
	return &cache->shards[map_hash(cache->secret, key) % SHARDS];
}

size_t cache_repository(struct meta_scope scope, struct span name,
			char ret_text[CACHE_REPOSITORY_SIZE])
{
	int len = snprintf(ret_text, CACHE_REPOSITORY_SIZE, "%.*s/%.*s/%.*s",
			   SPAN_ARG(scope.account), SPAN_ARG(scope.region),
			   SPAN_ARG(name));

	assert(len > 0 && len < CACHE_REPOSITORY_SIZE);
	return (size_t)len;
}

uint64_t cache_generation(struct cache *cache, struct span repository)
{
	return atomic_load_explicit(generation_of(cache, repository),
				    memory_order_acquire);
}

void cache_bump(struct cache *cache, struct span repository)
{
	atomic_fetch_add_explicit(generation_of(cache, repository), 1,
				  memory_order_acq_rel);
}

/* Take an entry out of its shard, onto a list of those to release. */
static void unlink_entry(struct shard *shard, struct entry *entry,
			 struct list *dropped) REQUIRES(shard->lock)
{
	map_remove(&shard->map, &entry->node);
	list_remove(&entry->used);
	list_append(dropped, &entry->used);
	shard->bytes -= entry->bytes;
	shard->files -= entry->file;
}

static void release_dropped(struct list *dropped)
{
	while (!list_empty(dropped)) {
		struct entry *entry =
			CONTAINER_OF(dropped->next, struct entry, used);

		list_remove(&entry->used);
		entity_unref(entry->entity);
		free(entry);
	}
}

static struct entry *find(struct shard *shard, struct span key)
	REQUIRES(shard->lock)
{
	struct map_node *node = map_find(&shard->map, key);

	return node ? CONTAINER_OF(node, struct entry, node) : NULL;
}

struct entity *cache_get(struct cache *cache, struct span repository,
			 struct span key)
{
	struct shard *shard = shard_of(cache, key);
	uint64_t generation = cache_generation(cache, repository);
	struct entity *entity = NULL;
	struct list dropped;

	list_init(&dropped);
	lock_take(&shard->lock);
	struct entry *entry = find(shard, key);

	if (entry && entry->generation == generation) {
		entity = entity_ref(entry->entity);
		list_remove(&entry->used);
		list_prepend(&shard->used, &entry->used);
	} else if (entry) {
		unlink_entry(shard, entry, &dropped);
	}
	lock_drop(&shard->lock);
	release_dropped(&dropped);
	metric_add(entity ? cache->hits : cache->misses, 1);
	return entity;
}

/* Take out what was used longest ago until the shard is within its share. */
static void trim(const struct cache *cache, struct shard *shard,
		 struct list *dropped) REQUIRES(shard->lock)
{
	while (!list_empty(&shard->used) &&
	       (shard->bytes > cache->config.bytes_max / SHARDS ||
		shard->files > (cache->config.files_max + SHARDS - 1) / SHARDS))
		unlink_entry(shard,
			     CONTAINER_OF(shard->used.prev, struct entry, used),
			     dropped);
}

static bool is_stale(const struct entry *entry)
{
	return atomic_load_explicit(entry->now, memory_order_acquire) !=
	       entry->generation;
}

static struct entry *entry_new(struct span key, uint64_t generation,
			       struct entity *entity)
{
	struct entry *entry = calloc(1, sizeof(*entry) + key.len);

	if (!entry)
		return NULL;
	memcpy(entry->key, key.text, key.len);
	list_init(&entry->used);
	entry->file = entity_fd(entity) >= 0;
	entry->bytes = ENTRY_OVERHEAD + key.len +
		       (entry->file ? 0 : (size_t)entity_size(entity));
	entry->generation = generation;
	entry->entity = entity_ref(entity);
	return entry;
}

void cache_put(struct cache *cache, struct span repository, struct span key,
	       uint64_t generation, struct entity *entity)
{
	struct shard *shard = shard_of(cache, key);
	bool file = entity_fd(entity) >= 0;
	struct list dropped;

	if (cache_generation(cache, repository) != generation ||
	    (file ? cache->config.files_max == 0
		  : entity_size(entity) > cache->config.entry_bytes_max))
		return;
	struct entry *entry = entry_new(key, generation, entity);

	if (!entry)
		return;
	entry->now = generation_of(cache, repository);
	list_init(&dropped);
	lock_take(&shard->lock);
	struct entry *old = find(shard, key);

	if (old)
		unlink_entry(shard, old, &dropped);
	map_insert(&shard->map, &entry->node, span_make(entry->key, key.len));
	list_prepend(&shard->used, &entry->used);
	shard->bytes += entry->bytes;
	shard->files += entry->file;
	trim(cache, shard, &dropped);
	lock_drop(&shard->lock);
	release_dropped(&dropped);
}

static void clear_shard(struct shard *shard)
{
	struct list dropped;

	list_init(&dropped);
	lock_take(&shard->lock);
	while (!list_empty(&shard->used))
		unlink_entry(shard,
			     CONTAINER_OF(shard->used.prev, struct entry, used),
			     &dropped);
	lock_drop(&shard->lock);
	release_dropped(&dropped);
}

void cache_clear(struct cache *cache)
{
	for (size_t i = 0; i < cache->ready; i++)
		clear_shard(&cache->shards[i]);
}

static void tidy_shard(struct shard *shard)
{
	struct list dropped;

	list_init(&dropped);
	lock_take(&shard->lock);
	for (struct list *at = shard->used.next; at != &shard->used;) {
		struct entry *entry = CONTAINER_OF(at, struct entry, used);

		at = at->next;
		if (is_stale(entry))
			unlink_entry(shard, entry, &dropped);
	}
	lock_drop(&shard->lock);
	release_dropped(&dropped);
}

void cache_tidy(struct cache *cache)
{
	for (size_t i = 0; i < cache->ready; i++)
		tidy_shard(&cache->shards[i]);
}

/* The oldest descriptors of one shard. */
static size_t shed_shard(struct shard *shard, size_t count)
{
	struct list dropped;
	size_t shed = 0;

	list_init(&dropped);
	lock_take(&shard->lock);
	struct list *at = shard->used.prev;

	while (at != &shard->used && shed < count) {
		struct entry *entry = CONTAINER_OF(at, struct entry, used);

		at = at->prev;
		if (!entry->file)
			continue;
		unlink_entry(shard, entry, &dropped);
		shed++;
	}
	lock_drop(&shard->lock);
	release_dropped(&dropped);
	return shed;
}

void cache_shed_files(struct cache *cache, size_t count)
{
	size_t share = count / SHARDS + 1;

	for (size_t i = 0; i < SHARDS && count > 0; i++) {
		size_t shed = shed_shard(&cache->shards[i],
					 share < count ? share : count);

		count -= shed;
	}
	for (size_t i = 0; i < SHARDS && count > 0; i++)
		count -= shed_shard(&cache->shards[i], count);
}

static int64_t files_open(void *context)
{
	struct cache *cache = context;
	size_t files = 0;

	for (size_t i = 0; i < SHARDS; i++) {
		lock_take(&cache->shards[i].lock);
		files += cache->shards[i].files;
		lock_drop(&cache->shards[i].lock);
	}
	return (int64_t)files;
}

static int64_t bytes_held(void *context)
{
	struct cache *cache = context;
	size_t bytes = 0;

	for (size_t i = 0; i < SHARDS; i++) {
		lock_take(&cache->shards[i].lock);
		bytes += cache->shards[i].bytes;
		lock_drop(&cache->shards[i].lock);
	}
	return (int64_t)bytes;
}

static int add_metrics(struct cache *cache, struct metrics *metrics,
		       struct err *err)
{
	if (metrics_add(metrics, METRIC_COUNTER, "berth_cache_hits_total", "",
			"Answers found in the cache", &cache->hits, err) < 0 ||
	    metrics_add(metrics, METRIC_COUNTER, "berth_cache_misses_total", "",
			"Answers not found in the cache", &cache->misses,
			err) < 0 ||
	    metrics_add_callback(metrics, "berth_cache_open_files", "",
				 "Descriptors held by the cache", files_open,
				 cache, err) < 0)
		return -1;
	return metrics_add_callback(metrics, "berth_cache_bytes", "",
				    "Memory held by the cache", bytes_held,
				    cache, err);
}

DEFINE_CLEANUP(cache_free_at, struct cache *, cache_free)

int cache_new(const struct cache_config *config, struct metrics *metrics,
	      struct cache **ret_cache, struct err *err)
{
	CLEANUP(cache_free_at) struct cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return err_set(err, ERR_NO_MEMORY, "no memory for a cache");
	cache->config = *config;
	if (rand_bytes(cache->secret, sizeof(cache->secret), err) < 0)
		return -1;
	while (cache->ready < SHARDS) {
		struct shard *shard = &cache->shards[cache->ready];

		if (map_init(&shard->map, err) < 0)
			return -1;
		lock_init(&shard->lock);
		list_init(&shard->used);
		cache->ready++;
	}
	if (add_metrics(cache, metrics, err) < 0)
		return -1;
	*ret_cache = STEAL(cache);
	return 0;
}

void cache_free(struct cache *cache)
{
	if (!cache)
		return;
	cache_clear(cache);
	for (size_t i = 0; i < cache->ready; i++) {
		map_release(&cache->shards[i].map);
		lock_release(&cache->shards[i].lock);
	}
	free(cache);
}
