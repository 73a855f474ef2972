/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/throttle.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/map.h"
#include "storage/meta_logins.h"

#define SETS 4096
#define WAYS 4
#define ROWS_AT_ONCE 64 /* written in one transaction */
#define GONE_MAX 256	/* entries that made place, to be removed */

#define FIRST_WAIT_MS 1000
#define HALF_LIFE_MS INT64_C(3600000) /* of a count, since its last failure */
#define COUNT_PAST_FREE_MAX 20	      /* a wait of twelve days */
#define KNOWN_MS (INT64_C(30) * 24 * 3600000) /* a login is "lately" */
#define NOTED_AGAIN_MS INT64_C(3600000)	      /* not every login is written */
#define NEVER INT64_MIN

/* Many people may share an address, and everybody may try a name. */
#define ADDRESS_FREE 10 /* times the free tries */
#define NAME_FREE 20

struct tag {
	uint64_t half[2];
};

/* Times are monotonic here, and wall time in the database. */
struct entry {
	struct tag tag;
	int64_t failed_ms;    /* of the last one; NEVER */
	int64_t succeeded_ms; /* the same */
	int64_t failures;     /* at failed_ms */
	struct entry *next_dirty;
	bool used;
	bool dirty; /* in the list of those */
};

/* What is being written. */
struct batch {
	struct tag gone[GONE_MAX];
	size_t gone_count;
	struct entry *entries[ROWS_AT_ONCE];
	struct meta_login rows[ROWS_AT_ONCE]; /* as the entries were */
	size_t count;			      /* of both */
};

struct throttle {
	struct throttle_config config; /* immutable */
	uint64_t secret[2][2];	       /* immutable */
	struct lock lock;	       /* guards what follows */
	struct entry *dirty;	       /* changed since they were written */
	struct tag gone[GONE_MAX];     /* whose rows are to be removed */
	size_t gone_count;	       /* of gone */
	struct entry entries[SETS][WAYS];
	struct batch batch; /* not guarded: throttle_tidy's */
};

/* One of the three that a login counts for. */
struct subject {
	uint64_t kind;
	uint64_t name[2];
	struct ip source;
};

struct subjects {
	struct tag pair;
	struct tag address;
	struct tag name;
};

/* ---- subjects ---- */

static void hash(const struct throttle *throttle, struct span bytes,
		 uint64_t ret_hash[2])
{
	ret_hash[0] = map_hash(throttle->secret[0], bytes);
	ret_hash[1] = map_hash(throttle->secret[1], bytes);
}

static struct tag tag_of(const struct throttle *throttle,
			 const struct subject *subject)
{
	struct tag tag = {.half = {0}};

	hash(throttle, span_make((const char *)subject, sizeof(*subject)),
	     tag.half);
	return tag;
}

/* Names are hashed with a key: people type passwords where names belong, and
 * none shall stand in the database. */
static struct subjects subjects_of(const struct throttle *throttle,
				   struct span name, struct span source)
{
	struct subject pair = {.kind = 1};
	struct err err = ERR_INIT;
	struct ip ip = {.bytes = {0}};

	if (ip_parse(source, &ip, &err) == 0)
		pair.source = ip_client(&ip);
	hash(throttle, name, pair.name);

	struct subject address = {.kind = 2, .source = pair.source};
	struct subject only_name = {.kind = 3,
				    .name = {pair.name[0], pair.name[1]}};

	return (struct subjects){.pair = tag_of(throttle, &pair),
				 .address = tag_of(throttle, &address),
				 .name = tag_of(throttle, &only_name)};
}

/* ---- the table ---- */

static int64_t touched_ms(const struct entry *entry)
{
	return entry->failed_ms > entry->succeeded_ms ? entry->failed_ms
						      : entry->succeeded_ms;
}

static bool is_known(const struct entry *entry, int64_t now_ms)
{
	return entry && entry->succeeded_ms != NEVER &&
	       now_ms - entry->succeeded_ms < KNOWN_MS;
}

static struct entry *find(struct throttle *throttle, struct tag tag)
{
	struct entry *set = throttle->entries[tag.half[0] % SETS];

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].used && memcmp(&set[i].tag, &tag, sizeof(tag)) == 0)
			return &set[i];
	return NULL;
}

/* True if a should make place rather than b: what failed before what worked,
 * or a flood of names could make us forget who is known. */
static bool is_staler(const struct entry *a, const struct entry *b,
		      int64_t now_ms)
{
	if (a->used != b->used)
		return b->used;
	if (is_known(a, now_ms) != is_known(b, now_ms))
		return is_known(b, now_ms);
	return touched_ms(a) < touched_ms(b);
}

/* The one that makes place for a new one. */
static struct entry *stalest(struct throttle *throttle, struct tag tag,
			     int64_t now_ms)
{
	struct entry *set = throttle->entries[tag.half[0] % SETS];
	struct entry *place = &set[0];

	for (size_t i = 1; i < WAYS; i++)
		if (is_staler(&set[i], place, now_ms))
			place = &set[i];
	return place;
}

static struct entry *find_or_make(struct throttle *throttle, struct tag tag,
				  int64_t now_ms)
{
	struct entry *place = find(throttle, tag);

	if (place)
		return place;
	place = stalest(throttle, tag, now_ms);
	if (place->used && throttle->gone_count < GONE_MAX)
		throttle->gone[throttle->gone_count++] = place->tag;
	*place = (struct entry){.tag = tag,
				.used = true,
				.failed_ms = NEVER,
				.succeeded_ms = NEVER,
				.dirty = place->dirty,
				.next_dirty = place->next_dirty};
	return place;
}

static void mark(struct throttle *throttle, struct entry *entry)
{
	if (entry->dirty)
		return;
	entry->dirty = true;
	entry->next_dirty = throttle->dirty;
	throttle->dirty = entry;
}

/* ---- counting ---- */

static int64_t count_now(const struct entry *entry, int64_t now_ms)
{
	int64_t halves = entry->failed_ms == NEVER
				 ? 0
				 : (now_ms - entry->failed_ms) / HALF_LIFE_MS;

	return halves > 30 ? 0 : entry->failures >> halves;
}

static int64_t left_ms(const struct throttle *throttle,
		       const struct entry *entry, int64_t free_tries,
		       int64_t now_ms)
{
	if (!entry || entry->failed_ms == NEVER)
		return 0;
	int64_t past = count_now(entry, now_ms) - free_tries;

	if (past < 0)
		return 0;
	int64_t wait_ms = (int64_t)FIRST_WAIT_MS << past;

	if (wait_ms > throttle->config.wait_max_ms)
		wait_ms = throttle->config.wait_max_ms;
	int64_t left = entry->failed_ms + wait_ms - now_ms;

	return left > 0 ? left : 0;
}

static void count(struct throttle *throttle, struct tag tag, int64_t free_tries,
		  int64_t now_ms)
{
	struct entry *entry = find_or_make(throttle, tag, now_ms);

	entry->failures = count_now(entry, now_ms) + 1;
	if (entry->failures > free_tries + COUNT_PAST_FREE_MAX)
		entry->failures = free_tries + COUNT_PAST_FREE_MAX;
	entry->failed_ms = now_ms;
	mark(throttle, entry);
}

int throttle_ask(struct throttle *throttle, struct span name,
		 struct span source, struct err *err)
{
	struct subjects subjects = subjects_of(throttle, name, source);
	int64_t now_ms = clock_monotonic_ms(throttle->config.clock);
	int64_t tries = throttle->config.free_tries;

	lock_take(&throttle->lock);
	const struct entry *pair = find(throttle, subjects.pair);
	int64_t left = left_ms(throttle, pair, tries, now_ms);

	if (!is_known(pair, now_ms)) {
		int64_t address =
			left_ms(throttle, find(throttle, subjects.address),
				tries * ADDRESS_FREE, now_ms);
		int64_t everywhere =
			left_ms(throttle, find(throttle, subjects.name),
				tries * NAME_FREE, now_ms);

		left = left > address ? left : address;
		left = left > everywhere ? left : everywhere;
	}
	lock_drop(&throttle->lock);
	if (left == 0)
		return 0;
	err_set(err, ERR_TOO_MANY, "too many failed logins");
	err->after_s = (int)((left + 999) / 1000);
	return err_tell(err, "too many failed logins; try again in %d s",
			err->after_s);
}

void throttle_failed(struct throttle *throttle, struct span name,
		     struct span source)
{
	struct subjects subjects = subjects_of(throttle, name, source);
	int64_t now_ms = clock_monotonic_ms(throttle->config.clock);
	int64_t tries = throttle->config.free_tries;

	lock_take(&throttle->lock);
	bool known = is_known(find(throttle, subjects.pair), now_ms);

	count(throttle, subjects.pair, tries, now_ms);
	count(throttle, subjects.address, tries * ADDRESS_FREE, now_ms);
	if (!known)
		count(throttle, subjects.name, tries * NAME_FREE, now_ms);
	lock_drop(&throttle->lock);
}

/* The address and the name keep their counts: whoever has one account of his
 * own must not be able to clear them between guesses at another's. */
void throttle_succeeded(struct throttle *throttle, struct span name,
			struct span source)
{
	struct subjects subjects = subjects_of(throttle, name, source);
	int64_t now_ms = clock_monotonic_ms(throttle->config.clock);

	lock_take(&throttle->lock);
	struct entry *pair = find_or_make(throttle, subjects.pair, now_ms);

	bool news = pair->failures > 0 || pair->succeeded_ms == NEVER ||
		    now_ms - pair->succeeded_ms >= NOTED_AGAIN_MS;

	if (news) {
		pair->failures = 0;
		pair->failed_ms = NEVER;
		pair->succeeded_ms = now_ms;
		mark(throttle, pair);
	}
	lock_drop(&throttle->lock);
}

/* ---- over restarts ---- */

_Static_assert(META_SUBJECT_SIZE > 2 * sizeof(struct tag),
	       "a subject's text must fit its column");

static int take_row(void *context, const struct meta_login *login,
		    struct err *err)
{
	struct throttle *throttle = context;
	struct err inner = ERR_INIT;
	int64_t now_ms = clock_monotonic_ms(throttle->config.clock);
	int64_t offset_ms = now_ms - clock_wall_ms(throttle->config.clock);
	int64_t failed_ms = login->failed_ms + offset_ms;
	int64_t succeeded_ms = login->succeeded_ms + offset_ms;
	struct tag tag;

	(void)err;
	if (enc_unhex(span_of(login->subject), (uint8_t *)&tag, sizeof(tag),
		      &inner) < 0)
		return 0;
	struct entry *entry = stalest(throttle, tag, now_ms);

	/* Rows come newest first: an older one makes place for none. */
	if (entry->used)
		return 0;
	*entry = (struct entry){.tag = tag,
				.used = true,
				.failures = login->failures,
				.failed_ms = NEVER,
				.succeeded_ms = NEVER};
	/* A clock that was set back must not make anybody wait for it. */
	if (login->failed_ms)
		entry->failed_ms = failed_ms < now_ms ? failed_ms : now_ms;
	if (login->succeeded_ms)
		entry->succeeded_ms =
			succeeded_ms < now_ms ? succeeded_ms : now_ms;
	return 0;
}

static int load(struct throttle *throttle, struct err *err)
{
	struct meta_tx *tx = NULL;
	int64_t since_ms = clock_wall_ms(throttle->config.clock) - KNOWN_MS;

	if (meta_read_begin(throttle->config.meta, &tx, err) < 0)
		return -1;
	int done = meta_login_list(tx, since_ms, (size_t)SETS * WAYS, take_row,
				   throttle, err);

	meta_read_end(tx);
	return done;
}

static void write_row(const struct throttle *throttle,
		      const struct entry *entry, struct meta_login *login)
{
	int64_t offset_ms = clock_wall_ms(throttle->config.clock) -
			    clock_monotonic_ms(throttle->config.clock);

	enc_hex(&entry->tag, sizeof(entry->tag), login->subject);
	login->failures = entry->failures;
	login->failed_ms =
		entry->failed_ms == NEVER ? 0 : entry->failed_ms + offset_ms;
	login->succeeded_ms = entry->succeeded_ms == NEVER
				      ? 0
				      : entry->succeeded_ms + offset_ms;
}

/* Take what is to be written out of the table: false if there is nothing. */
static bool collect(struct throttle *throttle, struct batch *batch)
{
	batch->count = 0;
	lock_take(&throttle->lock);
	memcpy(batch->gone, throttle->gone, sizeof(batch->gone));
	batch->gone_count = throttle->gone_count;
	throttle->gone_count = 0;
	while (throttle->dirty && batch->count < ROWS_AT_ONCE) {
		struct entry *entry = throttle->dirty;

		throttle->dirty = entry->next_dirty;
		entry->dirty = false;
		write_row(throttle, entry, &batch->rows[batch->count]);
		batch->entries[batch->count++] = entry;
	}
	lock_drop(&throttle->lock);
	return batch->count > 0 || batch->gone_count > 0;
}

static int write_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct batch *batch = context;
	char subject[META_SUBJECT_SIZE];

	for (size_t i = 0; i < batch->gone_count; i++) {
		enc_hex(&batch->gone[i], sizeof(batch->gone[i]), subject);
		if (meta_login_delete(tx, span_of(subject), err) < 0)
			return -1;
	}
	for (size_t i = 0; i < batch->count; i++)
		if (meta_login_put(tx, &batch->rows[i], err) < 0)
			return -1;
	return meta_login_sweep(tx, meta_tx_now_ms(tx) - KNOWN_MS,
				2 * (size_t)ROWS_AT_ONCE, err);
}

static void give_back(struct throttle *throttle, const struct batch *batch)
{
	lock_take(&throttle->lock);
	for (size_t i = 0; i < batch->count; i++)
		mark(throttle, batch->entries[i]);
	lock_drop(&throttle->lock);
}

void throttle_tidy(struct throttle *throttle)
{
	struct batch *batch = &throttle->batch;
	struct err err = ERR_INIT;

	while (collect(throttle, batch)) {
		if (meta_write(throttle->config.meta, write_work, batch,
			       &err) == 0)
			continue;
		give_back(throttle, batch);
		log_failure(LOG_WARN, "logins_not_written", &err, NULL, 0);
		return;
	}
}

int throttle_new(const struct throttle_config *config,
		 struct throttle **ret_throttle, struct err *err)
{
	struct throttle *throttle = calloc(1, sizeof(*throttle));

	if (!throttle)
		return err_set(err, ERR_NO_MEMORY, "failed logins");
	throttle->config = *config;
	memcpy(throttle->secret, config->key, sizeof(throttle->secret));
	lock_init(&throttle->lock);
	if (load(throttle, err) < 0) {
		lock_release(&throttle->lock);
		free(throttle);
		return -1;
	}
	*ret_throttle = throttle;
	return 0;
}

void throttle_free(struct throttle *throttle)
{
	if (!throttle)
		return;
	throttle_tidy(throttle);
	lock_release(&throttle->lock);
	OPENSSL_cleanse(throttle->secret, sizeof(throttle->secret));
	free(throttle);
}
