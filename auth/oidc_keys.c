/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/oidc_keys.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "auth/oidc_fetch.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/lock.h"
#include "storage/meta_issuers.h"

#define ISSUERS_MAX 64
#define WAITERS_MAX 8
#define WAIT_MS 12000	     /* longer than a fetch may take */
#define FRESH_MS 3600000     /* then they are fetched anew, if it works */
#define STALE_MS 86400000    /* then they are no good any more */
#define RETRY_MS 60000	     /* at most so often */
#define LONG_AGO (-STALE_MS) /* before the start of any clock */

struct entry {
	struct meta_issuer issuer; /* as it was when the keys were fetched */
	struct oidc_key_set set;   /* zeroed until fetched */
	int64_t fetched_ms;	   /* monotonic; meaningful with keys */
	int64_t tried_ms;	   /* monotonic */
	int64_t used_ms;	   /* the same, for who makes place */
	bool fetching;		   /* some request does; stays in the table */
	struct err failure;	   /* of the last fetch that failed */
};

struct oidc_keys {
	const struct clock_source *clock;   /* immutable */
	oidc_get_fn *get;		    /* immutable */
	struct lock lock;		    /* guards: */
	struct cond fetched;		    /* some fetch has ended */
	size_t waiting;			    /* for that */
	struct entry *entries[ISSUERS_MAX]; /* owned; NULL: free */
};

int oidc_keys_new(const struct clock_source *clock, oidc_get_fn *get,
		  struct oidc_keys **ret_keys, struct err *err)
{
	struct oidc_keys *keys = calloc(1, sizeof(*keys));

	if (!keys)
		return err_set(err, ERR_NO_MEMORY, "keys of issuers");
	keys->clock = clock;
	keys->get = get;
	lock_init(&keys->lock);
	cond_init(&keys->fetched);
	*ret_keys = keys;
	return 0;
}

static void entry_free(struct entry *entry)
{
	if (!entry)
		return;
	oidc_key_set_release(&entry->set);
	free(entry);
}

void oidc_keys_free(struct oidc_keys *keys)
{
	if (!keys)
		return;
	for (size_t i = 0; i < ISSUERS_MAX; i++)
		entry_free(keys->entries[i]);
	cond_release(&keys->fetched);
	lock_release(&keys->lock);
	free(keys);
}

/* ---- the table ---- */

/* What was fetched by other settings must not count under these. */
static bool is_same(const struct meta_issuer *a, const struct meta_issuer *b)
{
	return strcmp(a->jwks_url, b->jwks_url) == 0 &&
	       strcmp(a->ca_file, b->ca_file) == 0 &&
	       a->private_addresses == b->private_addresses;
}

static void reset(struct entry *entry, const struct meta_issuer *issuer)
{
	oidc_key_set_release(&entry->set);
	entry->issuer = *issuer;
	entry->tried_ms = LONG_AGO;
	entry->failure = ERR_INIT;
}

/* The issuer's place, or the one that it is to have; NULL if all are being
 * fetched. */
static struct entry **place_of(struct oidc_keys *keys, const char *url)
	REQUIRES(&keys->lock)
{
	struct entry **free_place = NULL;
	struct entry **oldest = NULL;

	for (size_t i = 0; i < ISSUERS_MAX; i++) {
		struct entry **place = &keys->entries[i];

		if (!*place)
			free_place = place;
		else if (strcmp((*place)->issuer.url, url) == 0)
			return place;
		else if (!(*place)->fetching &&
			 (!oldest || (*place)->used_ms < (*oldest)->used_ms))
			oldest = place;
	}
	return free_place ? free_place : oldest;
}

static int entry_get(struct oidc_keys *keys, const struct meta_issuer *issuer,
		     struct entry **ret_entry, struct err *err)
	REQUIRES(&keys->lock)
{
	struct entry **place = place_of(keys, issuer->url);
	struct entry *entry = place ? *place : NULL;

	if (!place)
		return err_set(err, ERR_UNAVAILABLE,
			       "too many issuers are asked for keys");
	if (!entry || strcmp(entry->issuer.url, issuer->url) != 0) {
		struct entry *fresh = calloc(1, sizeof(*fresh));

		if (!fresh)
			return err_set(err, ERR_NO_MEMORY, "an issuer's keys");
		entry_free(entry);
		*place = entry = fresh;
		reset(entry, issuer);
	} else if (!entry->fetching && !is_same(&entry->issuer, issuer)) {
		reset(entry, issuer);
	}
	entry->used_ms = clock_monotonic_ms(keys->clock);
	*ret_entry = entry;
	return 0;
}

/* ---- one key ---- */

/* NULL if it is not there, or too old to count. */
static struct jwt_key *find_key(const struct entry *entry, const char *kid,
				int64_t now_ms)
{
	const struct oidc_key_set *set = &entry->set;

	if (set->count == 0 || now_ms - entry->fetched_ms >= STALE_MS)
		return NULL;
	if (kid[0] == '\0')
		return set->count == 1 ? set->keys[0].key : NULL;
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->keys[i].kid, kid) == 0)
			return set->keys[i].key;
	return NULL;
}

/* The lock is not held while the issuer is asked. */
static void fetch(struct oidc_keys *keys, struct entry *entry)
	REQUIRES(&keys->lock)
{
	struct meta_issuer issuer = entry->issuer;
	struct oidc_key_set set = {.count = 0};
	struct err failure = ERR_INIT;

	entry->fetching = true;
	entry->tried_ms = clock_monotonic_ms(keys->clock);
	lock_drop(&keys->lock);
	int fetched = oidc_fetch(&issuer, keys->get, &set, &failure);
	lock_take(&keys->lock);
	if (fetched == 0) {
		oidc_key_set_release(&entry->set);
		entry->set = set;
		entry->fetched_ms = clock_monotonic_ms(keys->clock);
	}
	entry->failure = failure;
	entry->fetching = false;
	cond_broadcast(&keys->fetched);
}

/* Wait for another's fetch; false if too many do, or it takes too long. */
static bool wait_for(struct oidc_keys *keys) REQUIRES(&keys->lock)
{
	int64_t until_ms = clock_monotonic_ms(&clock_system) + WAIT_MS;

	if (keys->waiting == WAITERS_MAX)
		return false;
	keys->waiting++;
	bool woken = cond_wait_until(&keys->fetched, &keys->lock, until_ms);
	keys->waiting--;
	return woken;
}

/* An issuer that could not be asked may have the key by now. */
static int no_key(const struct entry *entry, struct err *err)
{
	if (entry->failure.code == ERR_NONE)
		return err_set(err, ERR_UNAUTHENTICATED,
			       "the issuer has no such key");
	*err = entry->failure;
	return -1;
}

/* 1 found, 0 look again, -1. */
static int look(struct oidc_keys *keys, const struct meta_issuer *issuer,
		const char *kid, struct jwt_key **ret_key, struct err *err)
	REQUIRES(&keys->lock)
{
	int64_t now_ms = clock_monotonic_ms(keys->clock);
	struct entry *entry = NULL;

	if (entry_get(keys, issuer, &entry, err) < 0)
		return -1;
	struct jwt_key *key = is_same(&entry->issuer, issuer)
				      ? find_key(entry, kid, now_ms)
				      : NULL;
	bool fresh = key && now_ms - entry->fetched_ms < FRESH_MS;
	bool may_try = now_ms - entry->tried_ms >= RETRY_MS;

	if (fresh || (key && (entry->fetching || !may_try))) {
		*ret_key = jwt_key_ref(key);
		return 1;
	}
	if (entry->fetching)
		return wait_for(keys)
			       ? 0
			       : err_set(err, ERR_UNAVAILABLE,
					 "too many wait for an issuer's keys");
	if (!may_try)
		return no_key(entry, err);
	fetch(keys, entry);
	return 0;
}

int oidc_keys_find(struct oidc_keys *keys, const struct meta_issuer *issuer,
		   const char *kid, struct jwt_key **ret_key, struct err *err)
{
	int found = 0;

	lock_take(&keys->lock);
	while (found == 0)
		found = look(keys, issuer, kid, ret_key, err);
	lock_drop(&keys->lock);
	return found < 0 ? -1 : 0;
}
