/* SPDX-License-Identifier: Apache-2.0 */
/* Removing uploads that nobody goes on with: sessions that expired, and stages
 * that a crash left without a session. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "storage/meta_uploads.h"
#include "storage/registry_internal.h"
#include "storage/upload.h"
#include "storage/upload_table.h"

#define BATCH 64 /* looked at before the database is asked again */

struct batch {
	char ids[BATCH][BLOB_STAGE_ID_SIZE];
	size_t count;
	int64_t before_ms; /* wall time: only what is older */
};

static void batch_add(struct batch *batch, struct span id)
{
	if (batch->count == BATCH || id.len >= sizeof(batch->ids[0]))
		return;
	memcpy(batch->ids[batch->count], id.text, id.len);
	batch->ids[batch->count++][id.len] = '\0';
}

static int collect_expired(void *context, struct span id, struct err *err)
{
	(void)err;
	batch_add(context, id);
	return 0;
}

static int find_expired(struct registry *registry, struct batch *batch,
			struct err *err)
{
	CLEANUP(registry_read_end) struct meta_tx *tx = NULL;

	if (meta_read_begin(registry->parts.meta, &tx, err) < 0)
		return -1;
	return meta_upload_expired(tx, batch->before_ms, BATCH, collect_expired,
				   batch, err);
}

struct expiry {
	const char *id;
	int64_t before_ms; /* wall time: only if it was not touched since */
	bool gone;	   /* its row was removed */
};

static int expire_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct expiry *expiry = context;
	int gone = meta_upload_expire(tx, span_of(expiry->id),
				      expiry->before_ms, err);

	expiry->gone = gone == 1;
	return gone < 0 ? -1 : 0;
}

static void remove_stage(struct registry *registry, const char *id)
{
	struct blob_driver *blobs = registry->parts.blobs;
	struct err err = ERR_INIT;

	if (blobs->ops->stage_remove(blobs, id, &err) < 0)
		log_failure(LOG_WARN, "stage_remains", &err, NULL, 0);
}

/* Let an idle upload be what it was. */
static void keep_idle(struct upload *idle)
{
	struct err ignored = ERR_INIT;

	if (idle)
		upload_put_back(idle, &ignored);
}

/* A session that a request holds is not expired, whatever its row says; nor is
 * one that was touched, perhaps through another server, since we looked. */
static void expire(struct registry *registry, const char *id, int64_t before_ms)
{
	struct expiry expiry = {.id = id, .before_ms = before_ms};
	struct err err = ERR_INIT;
	bool known = false;
	struct upload *idle =
		upload_table_take_idle(registry->uploads, span_of(id), &known);

	if (known && !idle)
		return;
	if (meta_write(registry->parts.meta, expire_work, &expiry, &err) < 0)
		log_failure(LOG_WARN, "upload_remains", &err, NULL, 0);
	if (err.code != ERR_NONE || !expiry.gone) {
		keep_idle(idle);
		return;
	}
	if (idle)
		upload_discard(idle);
	else
		remove_stage(registry, id);
	log_event(LOG_INFO, "upload_expired", LOG_TEXT("upload", id));
}

void registry_uploads_expire(struct registry *registry)
{
	struct batch batch = {.before_ms =
				      clock_wall_ms(registry->parts.clock) -
				      registry->config.upload_expiry_ms};
	struct err err = ERR_INIT;

	if (registry->config.read_only)
		return;
	if (find_expired(registry, &batch, &err) < 0) {
		log_failure(LOG_WARN, "uploads_not_swept", &err, NULL, 0);
		return;
	}
	for (size_t i = 0; i < batch.count; i++)
		expire(registry, batch.ids[i], batch.before_ms);
}

/* What a look at every stage is about. */
struct stage_sweep {
	struct registry *registry;
	int64_t before_ms; /* wall time: only what is older */
};

/* 1 some session has the stage, 0 none has. */
static int session_exists(struct registry *registry, struct span id,
			  struct err *err)
{
	CLEANUP(registry_read_end) struct meta_tx *tx = NULL;

	if (meta_read_begin(registry->parts.meta, &tx, err) < 0)
		return -1;
	return meta_upload_exists(tx, id, err);
}

static int sweep_stage(void *context, const struct blob_listed *listed,
		       struct err *err)
{
	const struct stage_sweep *sweep = context;
	struct span id = span_of(listed->key);

	if (listed->written_wall_ms > sweep->before_ms ||
	    upload_table_knows(sweep->registry->uploads, id))
		return 0;
	int found = session_exists(sweep->registry, id, err);
	if (found == 0)
		remove_stage(sweep->registry, listed->key);
	return found < 0 ? -1 : 0;
}

void registry_stages_sweep(struct registry *registry, int64_t age_ms)
{
	struct blob_driver *blobs = registry->parts.blobs;
	struct stage_sweep sweep = {
		.registry = registry,
		.before_ms = clock_wall_ms(registry->parts.clock) - age_ms};
	struct err err = ERR_INIT;

	if (registry->config.read_only)
		return;
	if (blobs->ops->each_stage(blobs, sweep_stage, &sweep, &err) < 0)
		log_failure(LOG_WARN, "stages_not_swept", &err, NULL, 0);
}
