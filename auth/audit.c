/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries that are equal share a place in a table, which counts them.  The
 * thread appends what is new, at most once a second, and what goes on being
 * counted once a minute: the log of a flood stays short.  A place that has
 * nothing to write makes room for others.
 *
 * One who asks about ever other targets, or from all addresses of his network,
 * would fill the log and take the places of others.  He gets so many; what goes
 * beyond is told as about "*", from the network.
 */
#include "auth/audit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/list.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/metrics.h"
#include "base/rand.h"
#include "base/thread.h"
#include "base/utf8.h"
#include "storage/meta_audit.h"

#define PLACES_MAX 1024
#define CROWDS 4096	 /* hashes of kind, actor and network */
#define CROWD_MAX 32	 /* places of one of these */
#define FIELD_MAX 256	 /* bytes kept of each text */
#define ROWS_AT_ONCE 128 /* appended in one transaction */
#define PERIOD_MS 1000	 /* between two batches */
#define AGAIN_MS 60000	 /* between two rows of one place */
#define RETAIN_ROWS 1000 /* removed in one transaction */
#define RETAIN_TIMES 10	 /* such transactions in a minute */
#define NEVER INT64_MIN

/* The first five must be equal for entries to share a place. */
enum {
	KIND,
	ACTOR,
	SOURCE,
	TARGET,
	DETAIL,
	OUTCOME,
	REQUEST,
	BEFORE,
	AFTER,
	FIELD_COUNT
};

#define TEXT_MAX (FIELD_COUNT * (FIELD_MAX + 1))

/* The fields of an entry, each with a NUL behind it. */
struct text {
	char bytes[TEXT_MAX];
	size_t len;	/* of them all */
	size_t who_len; /* of the first two */
	size_t key_len; /* of the first five */
};

struct place {
	struct map_node node;
	struct list entry;  /* of one of the lists below */
	size_t crowd;	    /* its place in ->crowds */
	int64_t written_ms; /* when it last was; NEVER */
	uint64_t count;	    /* of entries that are not written */
	uint64_t writing;   /* of those that are being written */
	char text[];	    /* as struct text has it */
};

struct audit {
	struct audit_config config; /* immutable */
	uint64_t secret[2];	    /* the same */
	struct metric *written;
	struct metric *dropped;
	pthread_t thread;
	struct lock lock; /* guards what follows */
	struct cond wake;
	bool stop;
	bool news;	/* something waits that need not wait a minute */
	struct map map; /* every place, by its key */
	uint16_t crowds[CROWDS]; /* places of each */
	struct list waiting;	 /* places with a count */
	struct list resting;	 /* those without, the longest so first */
	uint64_t lost;		 /* entries that found no place */
};

/* What one transaction appends. */
struct batch {
	const struct audit_config *config;
	struct place *places[ROWS_AT_ONCE];
	size_t count;
	uint64_t lost;
};

/* ---- noting ---- */

/* Text that every database takes, and not more of it than is kept. */
static void add_field(struct text *text, struct span field)
{
	char *start = text->bytes + text->len;
	size_t len = 0;

	while (field.len > 0) {
		size_t length = utf8_length(field);
		size_t step = length ? length : 1;
		bool shown = length > 0 && (unsigned char)*field.text >= ' ';

		if (len + step > FIELD_MAX)
			break;
		if (shown)
			memcpy(start + len, field.text, step);
		else
			start[len] = '?';
		len += step;
		field = span_make(field.text + step, field.len - step);
	}
	start[len] = '\0';
	text->len += len + 1;
}

static void make_text(const struct meta_audit *entry, struct text *ret_text)
{
	bool fits = entry->detail.len <= FIELD_MAX;
	const struct span fields[FIELD_COUNT] = {
		[KIND] = entry->kind,
		[ACTOR] = entry->actor,
		[SOURCE] = entry->source,
		[TARGET] = entry->target,
		[OUTCOME] = entry->outcome,
		[REQUEST] = entry->request_id,
		[BEFORE] = entry->before,
		[AFTER] = entry->after,
		[DETAIL] = fits ? entry->detail : SPAN_LIT("")};

	ret_text->len = 0;
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		add_field(ret_text, fields[i]);
		if (i == ACTOR)
			ret_text->who_len = ret_text->len;
		if (i == DETAIL)
			ret_text->key_len = ret_text->len;
	}
}

static struct ip network_of(struct span source)
{
	struct ip ip = {.bytes = {0}};
	struct err err = ERR_INIT;

	if (ip_parse(source, &ip, &err) < 0)
		return ip;
	return ip_client(&ip);
}

static size_t crowd_of(const struct audit *audit, const struct text *text,
		       const struct ip *network)
{
	struct span who = span_make(text->bytes, text->who_len);
	struct span from =
		span_make((const char *)network->bytes, sizeof(network->bytes));

	return (map_hash(audit->secret, who) ^ map_hash(audit->secret, from)) %
	       CROWDS;
}

static void forget(struct audit *audit, struct place *place)
	REQUIRES(audit->lock)
{
	audit->crowds[place->crowd]--;
	list_remove(&place->entry);
	map_remove(&audit->map, &place->node);
	free(place);
}

static struct place *make_place(struct audit *audit, const struct text *text,
				size_t crowd) REQUIRES(audit->lock)
{
	if (audit->map.count >= PLACES_MAX) {
		if (list_empty(&audit->resting))
			return NULL;
		forget(audit,
		       CONTAINER_OF(audit->resting.next, struct place, entry));
	}
	struct place *place = malloc(sizeof(*place) + text->len);

	if (!place)
		return NULL;
	memset(place, 0, sizeof(*place));
	place->written_ms = NEVER;
	place->crowd = crowd;
	audit->crowds[crowd]++;
	memcpy(place->text, text->bytes, text->len);
	list_init(&place->entry);
	map_insert(&audit->map, &place->node,
		   span_make(place->text, text->key_len));
	return place;
}

static int64_t now_ms(void)
{
	return clock_monotonic_ms(&clock_system);
}

static struct place *find(struct audit *audit, const struct text *text)
	REQUIRES(audit->lock)
{
	struct map_node *node =
		map_find(&audit->map, span_make(text->bytes, text->key_len));

	return node ? CONTAINER_OF(node, struct place, node) : NULL;
}

static void add(struct audit *audit, const struct text *text, size_t crowd)
	REQUIRES(audit->lock)
{
	struct place *place = find(audit, text);

	if (!place)
		place = make_place(audit, text, crowd);

	if (!place) {
		audit->lost++;
		metric_add(audit->dropped, 1);
		return;
	}
	if (place->count++ > 0)
		return;
	if (!place->writing) {
		list_remove(&place->entry);
		list_append(&audit->waiting, &place->entry);
	}
	if (place->written_ms == NEVER ||
	    now_ms() - place->written_ms >= AGAIN_MS) {
		audit->news = true;
		cond_signal(&audit->wake);
	}
}

void audit_note(struct audit *audit, const struct meta_audit *entry)
{
	struct ip network = network_of(entry->source);
	struct meta_audit all = *entry;
	char source[IP_TEXT_SIZE];
	struct text text;

	make_text(entry, &text);
	size_t crowd = crowd_of(audit, &text, &network);
	lock_take(&audit->lock);
	if (audit->crowds[crowd] >= CROWD_MAX && !find(audit, &text)) {
		ip_format(&network, source);
		all.source = span_of(source);
		all.target = SPAN_LIT("*");
		make_text(&all, &text);
	}
	add(audit, &text, crowd);
	lock_drop(&audit->lock);
}

/* ---- writing ---- */

/* The detail, an object or nothing, with the count of what was equal. */
static void write_detail(struct span detail, uint64_t count, struct buf *out)
{
	if (count > 1 && detail.len > 2)
		buf_appendf(out, "%.*s,\"count\":%" PRIu64 "}",
			    (int)detail.len - 1, detail.text, count);
	else if (count > 1)
		buf_appendf(out, "{\"count\":%" PRIu64 "}", count);
	else
		buf_append_span(out, detail);
}

static int append_place(struct meta_tx *tx, struct span account,
			const struct place *place, struct err *err)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT(FIELD_MAX + 64);
	struct span fields[FIELD_COUNT];
	const char *at = place->text;

	for (size_t i = 0; i < FIELD_COUNT; i++) {
		fields[i] = span_of(at);
		at += fields[i].len + 1;
	}
	write_detail(fields[DETAIL], place->writing, &detail);
	if (buf_check(&detail, err) < 0)
		return -1;

	struct meta_audit entry = {.kind = fields[KIND],
				   .outcome = fields[OUTCOME],
				   .actor = fields[ACTOR],
				   .source = fields[SOURCE],
				   .request_id = fields[REQUEST],
				   .target = fields[TARGET],
				   .before = fields[BEFORE],
				   .after = fields[AFTER],
				   .detail = buf_span(&detail)};
	return meta_audit_append(tx, account, &entry, err);
}

static int append_lost(struct meta_tx *tx, struct span account, uint64_t lost,
		       struct err *err)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT(64);
	struct meta_audit entry = {.kind = SPAN_LIT("audit.dropped"),
				   .outcome = SPAN_LIT("failed")};

	buf_appendf(&detail, "{\"count\":%" PRIu64 "}", lost);
	if (buf_check(&detail, err) < 0)
		return -1;
	entry.detail = buf_span(&detail);
	return meta_audit_append(tx, account, &entry, err);
}

static int write_work(struct meta_tx *tx, void *context, struct err *err)
{
	const struct batch *batch = context;
	struct span account = batch->config->account;

	for (size_t i = 0; i < batch->count; i++)
		if (append_place(tx, account, batch->places[i], err) < 0)
			return -1;
	return batch->lost == 0 ? 0
				: append_lost(tx, account, batch->lost, err);
}

/* Take what is due: what is new, or all.  False if that is nothing. */
static bool collect(struct audit *audit, bool all, struct batch *batch)
	REQUIRES(audit->lock)
{
	int64_t before_ms = now_ms() - AGAIN_MS;
	struct list *next = NULL;

	batch->count = 0;
	batch->lost = audit->lost;
	audit->lost = 0;
	for (struct list *at = audit->waiting.next;
	     at != &audit->waiting && batch->count < ROWS_AT_ONCE; at = next) {
		struct place *place = CONTAINER_OF(at, struct place, entry);

		next = at->next;
		if (!all && place->written_ms != NEVER &&
		    place->written_ms > before_ms)
			continue;
		list_remove(&place->entry);
		place->writing = place->count;
		place->count = 0;
		batch->places[batch->count++] = place;
	}
	return batch->count > 0 || batch->lost > 0;
}

/* What was not written waits again, with what came meanwhile. */
static void settle(struct audit *audit, struct batch *batch, bool written)
	REQUIRES(audit->lock)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct place *place = batch->places[i];

		if (written)
			place->written_ms = now_ms();
		else
			place->count += place->writing;
		place->writing = 0;
		list_append(place->count ? &audit->waiting : &audit->resting,
			    &place->entry);
	}
	if (written)
		metric_add(audit->written, (int64_t)batch->count);
	else
		audit->lost += batch->lost;
}

/* One batch, or all there is; the lock is dropped meanwhile. */
static void write_due(struct audit *audit, bool all) REQUIRES(audit->lock)
{
	struct batch batch = {.config = &audit->config};
	struct err err = ERR_INIT;
	int done = 0;

	audit->news = false;
	while (done == 0 && collect(audit, all, &batch)) {
		lock_drop(&audit->lock);
		done = meta_write(audit->config.meta, write_work, &batch, &err);
		if (done < 0)
			log_failure(LOG_ERROR, "audit_not_written", &err, NULL,
				    0);
		lock_take(&audit->lock);
		settle(audit, &batch, done == 0);
		if (!all)
			break;
	}
	if (done < 0 || batch.count == ROWS_AT_ONCE)
		audit->news = true;
}

static void forget_rested(struct audit *audit) REQUIRES(audit->lock)
{
	int64_t before_ms = now_ms() - AGAIN_MS;

	while (!list_empty(&audit->resting)) {
		struct place *place =
			CONTAINER_OF(audit->resting.next, struct place, entry);

		if (place->written_ms > before_ms)
			return;
		forget(audit, place);
	}
}

struct retain {
	const struct audit_config *config;
	int64_t removed;
};

static int retain_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct retain *retain = context;
	const struct audit_config *config = retain->config;

	retain->removed = meta_audit_retain(
		tx, config->account, meta_tx_now_ms(tx) - config->retention_ms,
		RETAIN_ROWS, err);
	return retain->removed < 0 ? -1 : 0;
}

static void retain(struct audit *audit)
{
	struct retain work = {.config = &audit->config};
	struct err err = ERR_INIT;

	if (audit->config.retention_ms == 0)
		return;
	for (int i = 0; i < RETAIN_TIMES; i++) {
		if (meta_write(audit->config.meta, retain_work, &work, &err) <
		    0) {
			log_failure(LOG_WARN, "audit_not_shortened", &err, NULL,
				    0);
			return;
		}
		if (work.removed < RETAIN_ROWS)
			return;
	}
}

/* Until there is news, but not sooner than a second from now, or until a
 * minute is over. */
static void rest(struct audit *audit) REQUIRES(audit->lock)
{
	int64_t from_ms = now_ms();
	bool over = false;

	while (!audit->stop && !over) {
		int64_t until_ms =
			from_ms + (audit->news ? PERIOD_MS : AGAIN_MS);

		cond_wait_until(&audit->wake, &audit->lock, until_ms);
		over = now_ms() >=
		       from_ms + (audit->news ? PERIOD_MS : AGAIN_MS);
	}
}

static void *run(void *context)
{
	struct audit *audit = context;
	int64_t minute_ms = NEVER;

	pthread_setname_np(pthread_self(), "audit");
	lock_take(&audit->lock);
	while (!audit->stop) {
		write_due(audit, false);
		if (minute_ms == NEVER || now_ms() - minute_ms >= AGAIN_MS) {
			minute_ms = now_ms();
			forget_rested(audit);
			lock_drop(&audit->lock);
			retain(audit);
			lock_take(&audit->lock);
		}
		rest(audit);
	}
	write_due(audit, true);
	lock_drop(&audit->lock);
	return NULL;
}

/* ---- beginning and end ---- */

static int add_metrics(struct audit *audit, struct err *err)
{
	struct metrics *metrics = audit->config.metrics;

	if (metrics_add(metrics, METRIC_COUNTER, "berth_audit_entries_total",
			"", "Failures and denials written to the audit log",
			&audit->written, err) < 0)
		return -1;
	return metrics_add(metrics, METRIC_COUNTER, "berth_audit_dropped_total",
			   "", "The same, but more than could be written",
			   &audit->dropped, err);
}

static void release(struct audit *audit)
{
	struct map_node *node;

	while ((node = map_any(&audit->map))) {
		map_remove(&audit->map, node);
		free(CONTAINER_OF(node, struct place, node));
	}
	map_release(&audit->map);
	cond_release(&audit->wake);
	lock_release(&audit->lock);
	free(audit);
}

int audit_new(const struct audit_config *config, struct audit **ret_audit,
	      struct err *err)
{
	struct audit *audit = calloc(1, sizeof(*audit));

	if (!audit)
		return err_set(err, ERR_NO_MEMORY, "audit");
	audit->config = *config;
	if (rand_bytes(audit->secret, sizeof(audit->secret), err) < 0 ||
	    map_init(&audit->map, err) < 0) {
		free(audit);
		return -1;
	}
	list_init(&audit->waiting);
	list_init(&audit->resting);
	lock_init(&audit->lock);
	cond_init(&audit->wake);
	if (add_metrics(audit, err) < 0 ||
	    thread_start(NULL, run, audit, &audit->thread, err) < 0) {
		release(audit);
		return -1;
	}
	*ret_audit = audit;
	return 0;
}

void audit_free(struct audit *audit)
{
	if (!audit)
		return;
	lock_take(&audit->lock);
	audit->stop = true;
	cond_signal(&audit->wake);
	lock_drop(&audit->lock);
	pthread_join(audit->thread, NULL);
	release(audit);
}
