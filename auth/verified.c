/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/verified.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/lock.h"
#include "base/map.h"
#include "base/rand.h"

#define SETS 256
#define WAYS 4

struct entry {
	uint64_t tag[2];	    /* of the header */
	int64_t ends_ms;	    /* 0: free */
	struct principal principal; /* a reference */
};

struct verified {
	struct lock lock;      /* guards the rest but secret */
	uint64_t secret[2][2]; /* immutable */
	uint64_t generation;
	struct entry entries[SETS][WAYS];
};

int verified_new(struct verified **ret_verified, struct err *err)
{
	struct verified *verified = calloc(1, sizeof(*verified));

	if (!verified)
		return err_set(err, ERR_NO_MEMORY, "verified credentials");
	if (rand_bytes(verified->secret, sizeof(verified->secret), err) < 0) {
		free(verified);
		return -1;
	}
	lock_init(&verified->lock);
	*ret_verified = verified;
	return 0;
}

void verified_free(struct verified *verified)
{
	if (!verified)
		return;
	verified_clear(verified);
	lock_release(&verified->lock);
	free(verified);
}

static void make_tag(const struct verified *verified, struct span header,
		     uint64_t ret_tag[2])
{
	ret_tag[0] = map_hash(verified->secret[0], header);
	ret_tag[1] = map_hash(verified->secret[1], header);
}

/* Without a branch on part of the tag. */
static bool tag_equal(const uint64_t a[2], const uint64_t b[2])
{
	return ((a[0] ^ b[0]) | (a[1] ^ b[1])) == 0;
}

bool verified_find(struct verified *verified, struct span header,
		   int64_t now_ms, struct principal *ret_principal)
{
	bool found = false;
	uint64_t tag[2];

	make_tag(verified, header, tag);
	lock_take(&verified->lock);
	for (size_t i = 0; i < WAYS && !found; i++) {
		const struct entry *entry =
			&verified->entries[tag[0] % SETS][i];

		found = entry->ends_ms > now_ms && tag_equal(entry->tag, tag);
		if (found)
			principal_copy(&entry->principal, ret_principal);
	}
	lock_drop(&verified->lock);
	return found;
}

uint64_t verified_generation(struct verified *verified)
{
	lock_take(&verified->lock);
	uint64_t generation = verified->generation;
	lock_drop(&verified->lock);
	return generation;
}

void verified_keep(struct verified *verified, struct span header,
		   uint64_t generation, int64_t ends_ms,
		   const struct principal *principal)
{
	uint64_t tag[2];

	make_tag(verified, header, tag);
	struct entry *set = verified->entries[tag[0] % SETS];
	struct entry *place = &set[0];

	lock_take(&verified->lock);
	for (size_t i = 0; i < WAYS; i++) {
		if (tag_equal(set[i].tag, tag)) {
			place = &set[i];
			break;
		}
		if (set[i].ends_ms < place->ends_ms)
			place = &set[i];
	}
	if (generation == verified->generation) {
		memcpy(place->tag, tag, sizeof(tag));
		place->ends_ms = ends_ms;
		principal_release(&place->principal);
		principal_copy(principal, &place->principal);
	}
	lock_drop(&verified->lock);
}

void verified_clear(struct verified *verified)
{
	lock_take(&verified->lock);
	for (size_t i = 0; i < SETS; i++)
		for (size_t j = 0; j < WAYS; j++)
			principal_release(&verified->entries[i][j].principal);
	memset(verified->entries, 0, sizeof(verified->entries));
	verified->generation++;
	lock_drop(&verified->lock);
}
