/* SPDX-License-Identifier: Apache-2.0 */
/* What was hashed at less cost than is asked for now is hashed anew when its
 * password comes by, after the answer. */
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/method.h"
#include "base/err.h"
#include "base/lock.h"
#include "base/log.h"

#define WAITING_MAX 16

struct waiting {
	int64_t id; /* 0: free */
	char hash[PASSWORD_HASH_SIZE];
	char password[PASSWORD_MAX];
	size_t len;
};

struct rehash {
	struct lock lock; /* guards the rest */
	struct waiting waiting[WAITING_MAX];
};

/* What one transaction stores, unless the password was changed meanwhile. */
struct stored {
	int64_t id;
	const char *before;
	char hash[PASSWORD_HASH_SIZE];
};

int rehash_new(struct rehash **ret_rehash, struct err *err)
{
	struct rehash *rehash = calloc(1, sizeof(*rehash));

	if (!rehash)
		return err_set(err, ERR_NO_MEMORY, "rehash");
	lock_init(&rehash->lock);
	*ret_rehash = rehash;
	return 0;
}

void rehash_free(struct rehash *rehash)
{
	if (!rehash)
		return;
	lock_release(&rehash->lock);
	OPENSSL_cleanse(rehash->waiting, sizeof(rehash->waiting));
	free(rehash);
}

/* The place of that id, else a free one, else NULL. */
static struct waiting *place_for(struct rehash *rehash, int64_t id)
{
	struct waiting *place = NULL;

	for (size_t i = 0; i < WAITING_MAX; i++) {
		if (rehash->waiting[i].id == id)
			return &rehash->waiting[i];
		if (rehash->waiting[i].id == 0)
			place = &rehash->waiting[i];
	}
	return place;
}

void rehash_note(struct rehash *rehash, int64_t id, const char *hash,
		 struct span password)
{
	lock_take(&rehash->lock);
	struct waiting *place = place_for(rehash, id);

	if (place && password.len > 0 && password.len <= PASSWORD_MAX) {
		place->id = id;
		snprintf(place->hash, sizeof(place->hash), "%s", hash);
		memcpy(place->password, password.text, password.len);
		place->len = password.len;
	}
	lock_drop(&rehash->lock);
}

static bool take(struct rehash *rehash, struct waiting *ret_waiting)
{
	bool taken = false;

	lock_take(&rehash->lock);
	for (size_t i = 0; i < WAITING_MAX && !taken; i++) {
		taken = rehash->waiting[i].id != 0;
		if (taken) {
			*ret_waiting = rehash->waiting[i];
			OPENSSL_cleanse(&rehash->waiting[i],
					sizeof(rehash->waiting[i]));
		}
	}
	lock_drop(&rehash->lock);
	return taken;
}

static int store_work(struct meta_tx *tx, void *context, struct err *err)
{
	const struct stored *stored = context;
	struct meta_principal row;
	int found = meta_principal_get(tx, stored->id, &row, err);

	if (found <= 0 || strcmp(row.password_hash, stored->before) != 0)
		return found < 0 ? -1 : 0;
	return meta_principal_rehash(tx, stored->id, stored->hash, err);
}

void rehash_tidy(struct rehash *rehash, struct meta *meta)
{
	struct waiting waiting;
	struct stored stored;
	struct err err = ERR_INIT;

	if (!take(rehash, &waiting))
		return;
	stored.id = waiting.id;
	stored.before = waiting.hash;
	if (password_hash(span_make(waiting.password, waiting.len), stored.hash,
			  &err) < 0 ||
	    meta_write(meta, store_work, &stored, &err) < 0)
		log_failure(LOG_WARN, "password_not_hashed_anew", &err, NULL,
			    0);
	OPENSSL_cleanse(&waiting, sizeof(waiting));
}
