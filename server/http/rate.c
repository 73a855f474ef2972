/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of each bucket only one number is kept: when it will be full again.  What is
 * taken puts that off; a bucket is empty when it is a whole burst ahead.
 */
#include "server/http/rate.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/lock.h"
#include "base/map.h"
#include "base/rand.h"

#define SHARDS 64
#define SETS 64
#define WAYS 4

struct bucket {
	uint64_t tag; /* of the key */
	int64_t full_us;
};

struct shard {
	struct lock lock; /* guards sets */
	struct bucket sets[SETS][WAYS];
};

struct rate {
	uint64_t secret[2]; /* immutable */
	struct shard shards[SHARDS];
};

int rate_new(struct rate **ret_rate, struct err *err)
{
	struct rate *rate = calloc(1, sizeof(*rate));

	if (!rate)
		return err_set(err, ERR_NO_MEMORY, "rates");
	if (rand_bytes(rate->secret, sizeof(rate->secret), err) < 0) {
		free(rate);
		return -1;
	}
	for (size_t i = 0; i < SHARDS; i++)
		lock_init(&rate->shards[i].lock);
	*ret_rate = rate;
	return 0;
}

void rate_free(struct rate *rate)
{
	if (!rate)
		return;
	for (size_t i = 0; i < SHARDS; i++)
		lock_release(&rate->shards[i].lock);
	free(rate);
}

/* The bucket of that tag, else the one that makes place for it. */
static struct bucket *find(struct bucket *set, uint64_t tag)
{
	struct bucket *place = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].tag == tag)
			return &set[i];
		if (set[i].full_us < place->full_us)
			place = &set[i];
	}
	*place = (struct bucket){.tag = tag};
	return place;
}

bool rate_take(struct rate *rate, struct span key,
	       const struct rate_limit *limit, int64_t now_us,
	       int64_t *ret_wait_us)
{
	uint64_t tag = map_hash(rate->secret, key);
	struct shard *shard = &rate->shards[tag % SHARDS];
	int64_t one_us = 1000000 / limit->per_s;
	int64_t burst_us = limit->burst_ms * 1000;

	if (burst_us < one_us)
		burst_us = one_us;
	lock_take(&shard->lock);
	struct bucket *bucket = find(shard->sets[tag / SHARDS % SETS], tag);
	int64_t full_us = bucket->full_us > now_us ? bucket->full_us : now_us;
	int64_t wait_us = full_us + one_us - burst_us - now_us;

	if (wait_us <= 0)
		bucket->full_us = full_us + one_us;
	lock_drop(&shard->lock);
	if (wait_us > 0)
		*ret_wait_us = wait_us;
	return wait_us <= 0;
}
