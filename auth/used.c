/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/used.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/lock.h"
#include "base/map.h"
#include "base/rand.h"
#include "storage/meta_credentials.h"

#define SLOTS 256
#define FRESH_MS 60000 /* how old a row's time may be */

struct slot {
	enum used_kind kind; /* 0: free */
	char id[META_KEY_ID_SIZE];
};

struct used {
	struct meta *meta;		  /* immutable */
	const struct clock_source *clock; /* immutable */
	uint64_t secret[2];		  /* immutable */
	struct lock lock;		  /* guards: */
	bool any;			  /* a slot is taken */
	struct slot slots[SLOTS];
};

int used_new(struct meta *meta, const struct clock_source *clock,
	     struct used **ret_used, struct err *err)
{
	CLEANUP(cleanup_free) struct used *used = calloc(1, sizeof(*used));

	if (!used)
		return err_set(err, ERR_NO_MEMORY, "times of use");
	if (rand_bytes(used->secret, sizeof(used->secret), err) < 0)
		return -1;
	used->meta = meta;
	used->clock = clock;
	lock_init(&used->lock);
	*ret_used = STEAL(used);
	return 0;
}

void used_free(struct used *used)
{
	if (!used)
		return;
	lock_release(&used->lock);
	free(used);
}

void used_note(struct used *used, enum used_kind kind, struct span id,
	       int64_t used_ms)
{
	struct slot *slot = &used->slots[map_hash(used->secret, id) % SLOTS];

	if (clock_wall_ms(used->clock) - used_ms < FRESH_MS ||
	    id.len >= sizeof(slot->id))
		return;
	lock_take(&used->lock);
	if (!slot->kind) {
		slot->kind = kind;
		memcpy(slot->id, id.text, id.len);
		slot->id[id.len] = '\0';
		used->any = true;
	}
	lock_drop(&used->lock);
}

/* A key that was deleted meanwhile is none that fails. */
static int write_all(struct meta_tx *tx, void *context, struct err *err)
{
	const struct slot *slots = context;
	int done = 0;

	for (size_t i = 0; i < SLOTS && done >= 0; i++) {
		struct span id = span_of(slots[i].id);

		if (slots[i].kind == USED_ACCESS_KEY)
			done = meta_access_key_used(tx, id, err);
		else if (slots[i].kind == USED_TOKEN)
			done = meta_token_used(tx, id, 0, err);
	}
	return done < 0 ? -1 : 0;
}

/* What cannot be written is noted again by the next request. */
void used_tidy(struct used *used)
{
	struct slot slots[SLOTS];
	struct err err = ERR_INIT;

	lock_take(&used->lock);
	bool any = used->any;

	if (any) {
		memcpy(slots, used->slots, sizeof(slots));
		memset(used->slots, 0, sizeof(used->slots));
		used->any = false;
	}
	lock_drop(&used->lock);
	if (any)
		meta_write(used->meta, write_all, slots, &err);
}
