/* SPDX-License-Identifier: Apache-2.0 */
#include "server/cache.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/metrics.h"
#include "server/http/entity.h"
#include "tests/lib/check.h"

#define REPOSITORY SPAN_LIT("000000000000/local/a")

static struct metrics *metrics;

static struct cache *make(size_t bytes, size_t files, size_t entry)
{
	struct cache_config config = {.bytes_max = bytes,
				      .files_max = files,
				      .entry_bytes_max = entry};
	struct cache *cache = NULL;
	struct err err = ERR_INIT;

	CHECK(metrics_new(&metrics, &err) == 0);
	CHECK(cache_new(&config, metrics, &cache, &err) == 0);
	return cache;
}

static void drop(struct cache *cache)
{
	cache_free(cache);
	metrics_free(metrics);
}

static struct entity *bytes_of(size_t len)
{
	struct entity_head head = {.digest = SPAN_LIT("sha256:00")};
	struct buf body = BUF_INIT(1u << 20);
	struct entity *entity = NULL;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < len; i++)
		buf_append_char(&body, 'x');
	CHECK(entity_new_bytes(&head, &body, &entity, &err) == 0);
	return entity;
}

static struct entity *open_file(int *ret_fd)
{
	struct entity_head head = {.digest = SPAN_LIT("sha256:00")};
	struct entity *entity = NULL;
	struct err err = ERR_INIT;

	*ret_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CHECK(*ret_fd >= 0);
	CHECK(entity_new_file(&head, *ret_fd, 1, &entity, &err) == 0);
	return entity;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void put(struct cache *cache, const char *key, struct entity *entity)
{
	cache_put(cache, REPOSITORY, span_of(key),
		  cache_generation(cache, REPOSITORY), entity);
	entity_unref(entity);
}

static bool holds(struct cache *cache, const char *key)
{
	struct entity *entity = cache_get(cache, REPOSITORY, span_of(key));

	entity_unref(entity);
	return entity != NULL;
}

static void test_keeps_what_was_put(void)
{
	struct cache *cache = make(1u << 20, 16, 4096);

	CHECK(!holds(cache, "k"));
	put(cache, "k", bytes_of(10));
	struct entity *entity = cache_get(cache, REPOSITORY, SPAN_LIT("k"));
	CHECK(entity && entity_size(entity) == 10);
	put(cache, "k", bytes_of(11));
	CHECK(entity_size(entity) == 10);
	entity_unref(entity);
	entity = cache_get(cache, REPOSITORY, SPAN_LIT("k"));
	CHECK(entity && entity_size(entity) == 11);
	entity_unref(entity);
	CHECK(!holds(cache, "kk"));
	drop(cache);
}

static void test_forgets_what_was_read_before_a_change(void)
{
	struct cache *cache = make(1u << 20, 16, 4096);
	struct span other = SPAN_LIT("000000000000/local/b");
	uint64_t before = cache_generation(cache, REPOSITORY);
	struct entity *entity = bytes_of(10);

	put(cache, "k", bytes_of(10));
	cache_bump(cache, REPOSITORY);
	CHECK(!holds(cache, "k"));
	cache_put(cache, REPOSITORY, SPAN_LIT("k"), before, entity);
	CHECK(!holds(cache, "k"));
	cache_put(cache, REPOSITORY, SPAN_LIT("k"),
		  cache_generation(cache, REPOSITORY), entity);
	cache_bump(cache, other);
	CHECK(holds(cache, "k"));
	entity_unref(entity);
	drop(cache);
}

static void test_stays_within_its_bytes(void)
{
	struct cache *cache = make(16 * 20000, 0, 8192);
	char key[32];
	size_t held = 0;

	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		put(cache, key, bytes_of(4096));
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		held += holds(cache, key);
	}
	CHECK(held > 16 && held * 4096 <= 16 * 20000);
	put(cache, "large", bytes_of(8193));
	CHECK(!holds(cache, "large"));
	put(cache, "fits", bytes_of(8192));
	CHECK(holds(cache, "fits"));
	drop(cache);
}

static void test_drops_what_was_used_longest_ago(void)
{
	struct cache *cache = make(16 * 40000, 0, 4096);
	char key[32];

	put(cache, "dear", bytes_of(4096));
	for (int i = 0; i < 2000; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		put(cache, key, bytes_of(4096));
		CHECK(holds(cache, "dear"));
	}
	CHECK(!holds(cache, "key-0"));
	CHECK(holds(cache, "key-1999"));
	drop(cache);
}

static void test_closes_files_that_nobody_sends(void)
{
	struct cache *cache = make(1u << 20, 64, 4096);
	struct entity *entity;
	int sent;
	int idle;

	put(cache, "sent", open_file(&sent));
	put(cache, "idle", open_file(&idle));
	entity = cache_get(cache, REPOSITORY, SPAN_LIT("sent"));
	cache_clear(cache);
	CHECK(is_open(sent) && !is_open(idle));
	CHECK(!holds(cache, "sent"));
	entity_unref(entity);
	CHECK(!is_open(sent));
	drop(cache);
}

static void test_tidying_closes_what_a_change_made_stale(void)
{
	struct cache *cache = make(1u << 20, 64, 4096);
	struct span other = SPAN_LIT("000000000000/local/b");
	int stale = -1;
	int fresh = -1;
	struct entity *kept = open_file(&fresh);

	put(cache, "stale", open_file(&stale));
	cache_put(cache, other, SPAN_LIT("fresh"),
		  cache_generation(cache, other), kept);
	entity_unref(kept);
	cache_tidy(cache);
	CHECK(is_open(stale) && is_open(fresh));
	cache_bump(cache, REPOSITORY);
	cache_tidy(cache);
	CHECK(!is_open(stale));
	CHECK(is_open(fresh));
	drop(cache);
}

static void test_gives_descriptors_back(void)
{
	struct cache *cache = make(1u << 20, 640, 4096);
	int fds[100];
	size_t open_before = 0;
	size_t open_after = 0;
	char key[32];

	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		put(cache, key, open_file(&fds[i]));
	}
	put(cache, "bytes", bytes_of(10));
	for (int i = 0; i < 100; i++)
		open_before += is_open(fds[i]);
	cache_shed_files(cache, 30);
	for (int i = 0; i < 100; i++)
		open_after += is_open(fds[i]);
	CHECK(open_before == 100 && open_after == 70);
	CHECK(holds(cache, "bytes"));
	cache_shed_files(cache, 1000);
	for (int i = 0; i < 100; i++)
		CHECK(!is_open(fds[i]));
	drop(cache);
}

static void test_stays_within_its_files(void)
{
	struct cache *cache = make(1u << 20, 32, 4096);
	int fds[300];
	size_t open = 0;
	char key[32];

	for (int i = 0; i < 300; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		put(cache, key, open_file(&fds[i]));
	}
	for (int i = 0; i < 300; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		open += holds(cache, key);
	}
	CHECK(open > 0 && open <= 32);
	drop(cache);
}

#define THREADS 4
#define ROUNDS 3000

static struct cache *shared;
static atomic_uint version; /* what the latest acknowledged writer wrote */

/* A reader must never see less than what was acknowledged before it asked. */
static void *read_and_write(void *context)
{
	bool writes = context != NULL;

	for (unsigned i = 1; i <= ROUNDS; i++) {
		if (writes) {
			atomic_store(&version, i);
			cache_bump(shared, REPOSITORY);
			continue;
		}
		uint64_t generation = cache_generation(shared, REPOSITORY);
		unsigned known = atomic_load(&version);
		struct entity *entity =
			cache_get(shared, REPOSITORY, SPAN_LIT("k"));

		if (!entity) {
			entity = bytes_of(known % 4096);
			cache_put(shared, REPOSITORY, SPAN_LIT("k"), generation,
				  entity);
		}
		entity_unref(entity);
	}
	return NULL;
}

static void test_serves_many_threads(void)
{
	pthread_t threads[THREADS];

	shared = make(1u << 20, 16, 4096);
	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, read_and_write,
				     i == 0 ? shared : NULL) == 0);
	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	struct entity *entity = cache_get(shared, REPOSITORY, SPAN_LIT("k"));

	CHECK(!entity || entity_size(entity) == ROUNDS % 4096);
	entity_unref(entity);
	drop(shared);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_keeps_what_was_put),
		CHECK_CASE(test_forgets_what_was_read_before_a_change),
		CHECK_CASE(test_stays_within_its_bytes),
		CHECK_CASE(test_drops_what_was_used_longest_ago),
		CHECK_CASE(test_closes_files_that_nobody_sends),
		CHECK_CASE(test_tidying_closes_what_a_change_made_stale),
		CHECK_CASE(test_gives_descriptors_back),
		CHECK_CASE(test_stays_within_its_files),
		CHECK_CASE(test_serves_many_threads),
	};

	return CHECK_RUN(argc, argv, cases);
}
