/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/signing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/jwt.h"
#include "auth/seal.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "base/lock.h"
#include "base/log.h"
#include "storage/meta_credentials.h"

#define KEYS_MAX 32	/* the newest count */
#define SEALED_MAX 4096 /* bytes of a sealed private key */
#define JWKS_MAX 65536	/* bytes of all public keys */
#define PURPOSE_SIZE 64 /* bytes of "signing-key:ID", with the NUL */

/*
 * Another server on the database learns of a new key within seconds: until then
 * nothing may be signed with it, or that server would refuse what it says.
 */
#define SETTLE_MS 10000

struct signing_key {
	struct meta_signing_key row;
	struct jwt_key *key; /* a reference */
};

struct keys {
	struct signing_key keys[KEYS_MAX]; /* newest first */
	size_t count;			   /* of keys */
};

struct signing {
	struct signing_config config; /* immutable */
	int64_t settle_ms;	      /* immutable */
	struct lock lock;	      /* guards: */
	struct keys *keys;	      /* owned; never NULL nor empty */
};

static void keys_free(struct keys *keys)
{
	if (!keys)
		return;
	for (size_t i = 0; i < keys->count; i++)
		jwt_key_unref(keys->keys[i].key);
	free(keys);
}

DEFINE_CLEANUP(keys_free_at, struct keys *, keys_free)
DEFINE_CLEANUP(key_unref_at, struct jwt_key *, jwt_key_unref)
DEFINE_CLEANUP(read_end, struct meta_tx *, meta_read_end)

static struct jwt_key *find_key(const struct keys *keys, struct span kid)
{
	for (size_t i = 0; keys && i < keys->count; i++)
		if (span_equal(span_of(keys->keys[i].row.kid), kid))
			return keys->keys[i].key;
	return NULL;
}

/* ---- reading ---- */

struct reading {
	struct signing *signing;
	struct keys *keys; /* in the making */
};

static int open_key(struct signing *signing, const char *kid,
		    struct span sealed, struct jwt_key **ret_key,
		    struct err *err)
{
	CLEANUP(buf_wipe) struct buf der = BUF_INIT(SEALED_MAX);
	char purpose[PURPOSE_SIZE];

	snprintf(purpose, sizeof(purpose), SIGNING_PURPOSE "%s", kid);
	if (seal_read(signing->config.seal, span_of(purpose), sealed, &der,
		      err) < 0 ||
	    jwt_key_import(buf_span(&der), ret_key, err) < 0)
		return err_wrap(err,
				"opening a key of the database: is this the "
				"server's key that it was made with?");
	return 0;
}

/* Keys that are known already are not opened again. */
static int read_key(void *context, const struct meta_signing_key *row,
		    struct span sealed, struct err *err)
{
	struct reading *reading = context;
	struct signing *signing = reading->signing;
	struct keys *keys = reading->keys;

	if (keys->count == KEYS_MAX)
		return 0;
	struct signing_key *entry = &keys->keys[keys->count];

	lock_take(&signing->lock);
	struct jwt_key *known = find_key(signing->keys, span_of(row->kid));
	entry->key = known ? jwt_key_ref(known) : NULL;
	lock_drop(&signing->lock);
	if (!known && open_key(signing, row->kid, sealed, &entry->key, err) < 0)
		return -1;
	entry->row = *row;
	keys->count++;
	return 0;
}

static int read_keys(struct signing *signing, struct err *err)
{
	CLEANUP(read_end) struct meta_tx *tx = NULL;
	CLEANUP(keys_free_at) struct keys *keys = calloc(1, sizeof(*keys));
	struct reading reading = {.signing = signing, .keys = keys};

	if (!keys)
		return err_set(err, ERR_NO_MEMORY, "signing keys");
	if (meta_read_begin(signing->config.meta, &tx, err) < 0 ||
	    meta_signing_key_list(tx, read_key, &reading, err) < 0)
		return -1;
	if (keys->count == 0)
		return 0;
	lock_take(&signing->lock);
	struct keys *old = signing->keys;
	signing->keys = STEAL(keys);
	lock_drop(&signing->lock);
	keys_free(old);
	return 0;
}

/* ---- making ---- */

struct making {
	const char *expected; /* the key that is to be followed, or "" */
	bool always;	      /* even if there is another */
	bool drop_old;	      /* remove all others */
	const char *kid;      /* of the new one */
	struct span sealed;   /* the new one */
};

static int note_live(void *context, const struct meta_signing_key *row,
		     struct span sealed, struct err *err)
{
	char *live = context;

	(void)sealed;
	(void)err;
	if (row->retired_ms == 0)
		memcpy(live, row->kid, META_KEY_ID_SIZE);
	return 0;
}

/* Where several servers find at once that it is time, one makes the key. */
static int make_work(struct meta_tx *tx, void *context, struct err *err)
{
	const struct making *making = context;
	char live[META_KEY_ID_SIZE] = "";

	if (meta_signing_key_list(tx, note_live, live, err) < 0)
		return -1;
	if (!making->always && strcmp(live, making->expected) != 0)
		return 0;
	if (meta_signing_key_insert(tx, span_of(making->kid), making->sealed,
				    err) < 0 ||
	    meta_signing_key_retire_others(tx, span_of(making->kid), err) < 0)
		return -1;
	if (!making->drop_old)
		return 0;
	return meta_signing_key_sweep(tx, meta_tx_now_ms(tx) + 1, err) < 0 ? -1
									   : 0;
}

/* The key's name is the beginning of its thumbprint. */
static int name_key(const struct jwt_key *key, char ret_kid[META_KEY_ID_SIZE],
		    struct err *err)
{
	char thumbprint[JWT_THUMBPRINT_SIZE];

	if (jwt_key_thumbprint(key, thumbprint, err) < 0)
		return -1;
	memcpy(ret_kid, thumbprint, META_KEY_ID_SIZE - 1);
	ret_kid[META_KEY_ID_SIZE - 1] = '\0';
	return 0;
}

/* What to make is in *making but for the key itself. */
static int make_key(struct signing *signing, struct making *making,
		    struct err *err)
{
	CLEANUP(key_unref_at) struct jwt_key *key = NULL;
	CLEANUP(buf_wipe) struct buf der = BUF_INIT(SEALED_MAX);
	CLEANUP(buf_release) struct buf sealed = BUF_INIT(SEALED_MAX);
	char kid[META_KEY_ID_SIZE];
	char purpose[PURPOSE_SIZE];

	if (jwt_key_generate(&key, err) < 0 || name_key(key, kid, err) < 0 ||
	    jwt_key_export(key, &der, err) < 0)
		return -1;
	snprintf(purpose, sizeof(purpose), SIGNING_PURPOSE "%s", kid);
	if (seal_close(signing->config.seal, span_of(purpose), buf_span(&der),
		       &sealed, err) < 0)
		return -1;
	making->kid = kid;
	making->sealed = buf_span(&sealed);
	if (meta_write(signing->config.meta, make_work, making, err) < 0)
		return -1;
	return read_keys(signing, err);
}

int signing_new(const struct signing_config *config,
		struct signing **ret_signing, struct err *err)
{
	struct signing *signing = calloc(1, sizeof(*signing));
	struct making first = {.expected = ""};

	if (!signing)
		return err_set(err, ERR_NO_MEMORY, "signing");
	signing->config = *config;
	signing->settle_ms = meta_exclusive(config->meta) ? 0 : SETTLE_MS;
	lock_init(&signing->lock);
	if (read_keys(signing, err) < 0 ||
	    (!signing->keys && make_key(signing, &first, err) < 0)) {
		signing_free(signing);
		return -1;
	}
	*ret_signing = signing;
	return 0;
}

void signing_free(struct signing *signing)
{
	if (!signing)
		return;
	keys_free(signing->keys);
	lock_release(&signing->lock);
	free(signing);
}

int signing_rotate(struct signing *signing, bool drop_old, struct err *err)
{
	struct making making = {.always = true, .drop_old = drop_old};

	return make_key(signing, &making, err);
}

/* ---- asking ---- */

/* The newest that everybody knows; where none is so old, the oldest. */
static const struct signing_key *current(const struct signing *signing)
	REQUIRES(signing->lock)
{
	const struct keys *keys = signing->keys;
	int64_t now = clock_wall_ms(signing->config.clock);
	const struct signing_key *found = &keys->keys[keys->count - 1];

	for (size_t i = keys->count; i-- > 0;) {
		const struct signing_key *key = &keys->keys[i];

		if (key->row.created_ms + signing->settle_ms > now)
			continue;
		found = key;
		if (key->row.retired_ms == 0)
			break;
	}
	return found;
}

/* One that was retired signs until the next has settled. */
static bool has_ended(const struct signing *signing,
		      const struct signing_key *key)
{
	int64_t now = clock_wall_ms(signing->config.clock);

	return key->row.retired_ms != 0 &&
	       key->row.retired_ms + signing->settle_ms +
			       signing->config.overlap_ms <=
		       now;
}

struct jwt_key *signing_current(struct signing *signing, struct buf *kid)
{
	lock_take(&signing->lock);
	const struct signing_key *entry = current(signing);
	struct jwt_key *key = jwt_key_ref(entry->key);
	buf_append_text(kid, entry->row.kid);
	lock_drop(&signing->lock);
	return key;
}

struct jwt_key *signing_find(struct signing *signing, struct span kid)
{
	struct jwt_key *key = NULL;

	lock_take(&signing->lock);
	for (size_t i = 0; i < signing->keys->count; i++) {
		const struct signing_key *entry = &signing->keys->keys[i];

		if (span_equal(span_of(entry->row.kid), kid) &&
		    !has_ended(signing, entry))
			key = jwt_key_ref(entry->key);
	}
	lock_drop(&signing->lock);
	return key;
}

static int add_jwk(json_t *array, const struct signing_key *key)
{
	json_t *jwk = jwt_key_to_jwk(key->key);

	if (!jwk ||
	    json_object_set_new(jwk, "kid", json_string(key->row.kid)) < 0) {
		json_decref(jwk);
		return -1;
	}
	return json_array_append_new(array, jwk);
}

int signing_jwks(struct signing *signing, struct buf *out, struct err *err)
{
	json_t *array = json_array();
	CLEANUP(jsonx_unref) json_t *set = json_pack("{s:o}", "keys", array);
	int rc = set ? 0 : -1;

	lock_take(&signing->lock);
	for (size_t i = 0; rc == 0 && i < signing->keys->count; i++)
		if (!has_ended(signing, &signing->keys->keys[i]))
			rc = add_jwk(array, &signing->keys->keys[i]);
	lock_drop(&signing->lock);
	if (rc < 0)
		return err_set(err, ERR_NO_MEMORY, "public keys");
	return jsonx_dump(set, out, err);
}

/* ---- as time goes by ---- */

static int sweep_work(struct meta_tx *tx, void *context, struct err *err)
{
	const int64_t *before_ms = context;

	return meta_signing_key_sweep(tx, *before_ms, err) < 0 ? -1 : 0;
}

struct due {
	char old[META_KEY_ID_SIZE]; /* is to be followed by another, or "" */
	bool sweep;		    /* one has ended */
};

static struct due what_is_due(struct signing *signing)
{
	int64_t now = clock_wall_ms(signing->config.clock);
	struct due due = {.sweep = false};

	lock_take(&signing->lock);
	const struct keys *keys = signing->keys;
	for (size_t i = 0; i < keys->count; i++) {
		const struct meta_signing_key *row = &keys->keys[i].row;

		if (row->retired_ms == 0 &&
		    row->created_ms + signing->config.life_ms <= now)
			memcpy(due.old, row->kid, sizeof(due.old));
		due.sweep = due.sweep || has_ended(signing, &keys->keys[i]);
	}
	lock_drop(&signing->lock);
	return due;
}

static int tidy(struct signing *signing, struct err *err)
{
	struct meta *meta = signing->config.meta;

	if (!meta_exclusive(meta) && read_keys(signing, err) < 0)
		return -1;
	struct due due = what_is_due(signing);
	struct making making = {.expected = due.old};
	int64_t before = clock_wall_ms(signing->config.clock) -
			 signing->config.overlap_ms - signing->settle_ms;

	if (due.old[0] != '\0' && make_key(signing, &making, err) < 0)
		return -1;
	if (!due.sweep)
		return 0;
	if (meta_write(meta, sweep_work, &before, err) < 0)
		return -1;
	return read_keys(signing, err);
}

/* What fails is tried again the next time: the keys that are here still sign.
 */
void signing_tidy(struct signing *signing)
{
	struct err err = ERR_INIT;

	if (tidy(signing, &err) < 0)
		log_failure(LOG_DEBUG, "signing_keys_stay", &err, NULL, 0);
}
