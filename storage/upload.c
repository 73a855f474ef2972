/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/upload.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hasher.h"
#include "storage/meta_uploads.h"
#include "storage/registry_internal.h"
#include "storage/upload_table.h"

#define TOUCH_MS 60000		/* at most, between notes that it is alive */
#define READ_SIZE (1024 * 1024) /* bytes read at once when hashing again */

/* ---- looking ---- */

struct registry *upload_registry(const struct upload *upload)
{
	return upload->registry;
}

struct span upload_id(const struct upload *upload)
{
	return span_of(upload->id);
}

bool upload_is_session(const struct upload *upload)
{
	return upload->session;
}

uint64_t upload_offset(const struct upload *upload)
{
	return atomic_load_explicit(&upload->offset, memory_order_relaxed);
}

void upload_describe(const struct upload *upload, struct meta_upload *ret_row)
{
	struct meta_upload row = {
		.algo = hasher_algo(upload->hasher),
		.started_ms = clock_wall_ms(upload->registry->parts.clock)};

	memcpy(row.id, upload->id, sizeof(row.id));
	*ret_row = row;
}

static bool touch_is_due(const struct upload *upload, int64_t now)
{
	int64_t often = upload->registry->config.upload_expiry_ms / 4;

	return now - atomic_load_explicit(&upload->touched_ms,
					  memory_order_relaxed) >=
	       (often < TOUCH_MS ? often : TOUCH_MS);
}

bool upload_wants_touch(struct upload *upload)
{
	int64_t now = clock_monotonic_ms(upload->registry->parts.clock);

	if (!touch_is_due(upload, now))
		return false;
	atomic_store_explicit(&upload->touched_ms, now, memory_order_relaxed);
	return true;
}

/* ---- making ---- */

static void upload_free(struct upload *upload)
{
	if (!upload)
		return;
	hasher_free(upload->hasher);
	free(upload->account);
	free(upload->region);
	free(upload->repository);
	free(upload->actor);
	free(upload);
}

DEFINE_CLEANUP(upload_free_at, struct upload *, upload_free)

static char *copy_span(struct span span)
{
	return strndup(span.text ? span.text : "", span.len);
}

static int upload_new(struct registry *registry, const struct registry_at *at,
		      enum digest_algo algo, struct upload **ret_upload,
		      struct err *err)
{
	CLEANUP(upload_free_at)
	struct upload *upload = calloc(1, sizeof(*upload));

	if (!upload)
		return err_set(err, ERR_NO_MEMORY, "upload");
	upload->registry = registry;
	upload->account = copy_span(at->scope.account);
	upload->region = copy_span(at->scope.region);
	upload->repository = copy_span(at->repository);
	upload->actor = copy_span(at->actor);
	list_init(&upload->idle);
	if (!upload->account || !upload->region || !upload->repository ||
	    !upload->actor)
		return err_set(err, ERR_NO_MEMORY, "upload");
	if (hasher_new(algo, &upload->hasher, err) < 0)
		return -1;
	atomic_init(&upload->touched_ms,
		    clock_monotonic_ms(registry->parts.clock));
	*ret_upload = STEAL(upload);
	return 0;
}

int upload_create(struct registry *registry, const struct registry_at *at,
		  enum digest_algo algo, bool session,
		  struct upload **ret_upload, struct err *err)
{
	CLEANUP(upload_free_at) struct upload *upload = NULL;
	struct blob_driver *blobs = registry->parts.blobs;

	if (upload_new(registry, at, algo, &upload, err) < 0 ||
	    rand_uuid(upload->id, err) < 0)
		return -1;
	upload->session = session;
	if (blobs->ops->stage_create(blobs, upload->id, &upload->stage, err) <
	    0)
		return -1;
	upload_table_add(registry->uploads, upload);
	*ret_upload = STEAL(upload);
	return 0;
}

/* Feed a hasher with the whole flushed stage. */
static int hash_stage(struct upload *upload, struct hasher *hasher,
		      struct err *err)
{
	const struct blob_driver_ops *ops = upload->registry->parts.blobs->ops;
	CLEANUP(cleanup_free) void *data = malloc(READ_SIZE);
	uint64_t offset = 0;
	size_t got = 1;

	if (!data)
		return err_set(err, ERR_NO_MEMORY, "hashing a stage again");
	while (got > 0) {
		if (ops->stage_read(upload->stage, offset, data, READ_SIZE,
				    &got, err) < 0 ||
		    hasher_update(hasher, data, got, err) < 0)
			return -1;
		offset += got;
	}
	return 0;
}

/* Open what is there; a row whose stage a power cut took is at offset 0. */
static int open_stage(struct upload *upload, struct err *err)
{
	struct blob_driver *blobs = upload->registry->parts.blobs;
	int found =
		blobs->ops->stage_open(blobs, upload->id, &upload->stage, err);

	if (found < 0)
		return -1;
	if (found == 0)
		return blobs->ops->stage_create(blobs, upload->id,
						&upload->stage, err);
	atomic_store(&upload->offset, blobs->ops->stage_size(upload->stage));
	return hash_stage(upload, upload->hasher, err);
}

int upload_reopen(struct registry *registry, const struct registry_at *at,
		  const struct meta_upload *row, struct upload **ret_upload,
		  struct err *err)
{
	CLEANUP(upload_free_at) struct upload *upload = NULL;

	if (upload_new(registry, at, row->algo, &upload, err) < 0)
		return -1;
	memcpy(upload->id, row->id, sizeof(upload->id));
	upload->session = true;

	/* In the table before the stage is opened: of two requests that come
	 * at once only one may open it. */
	if (!upload_table_try_add(registry->uploads, upload))
		return err_set(err, ERR_UPLOAD_BUSY, "opened by another");
	if (open_stage(upload, err) < 0) {
		registry->parts.blobs->ops->stage_close(upload->stage);
		upload_table_remove(registry->uploads, upload);
		return -1;
	}
	*ret_upload = STEAL(upload);
	return 0;
}

/* ---- holding ---- */

static bool owned_by(const struct upload *upload, const struct registry_at *at)
{
	return upload->session &&
	       span_equal(span_of(upload->actor), at->actor) &&
	       span_equal(span_of(upload->repository), at->repository) &&
	       span_equal(span_of(upload->account), at->scope.account) &&
	       span_equal(span_of(upload->region), at->scope.region);
}

static int refuse_take(enum upload_found found, struct err *err)
{
	if (found == UPLOAD_FOUND_BUSY)
		return err_set(err, ERR_UPLOAD_BUSY,
			       "another request holds the session");
	return err_set(err, ERR_UPLOAD_UNKNOWN, "the session is another's");
}

int upload_take(struct registry *registry, const struct registry_at *at,
		struct span id, struct upload **ret_upload, struct err *err)
{
	enum upload_found found = upload_table_take(registry->uploads, id,
						    owned_by, at, ret_upload);

	if (found == UPLOAD_FOUND_NONE)
		return 0;
	return found == UPLOAD_FOUND ? 1 : refuse_take(found, err);
}

static bool owned_and_fresh(const struct upload *upload,
			    const struct registry_at *at)
{
	int64_t now = clock_monotonic_ms(upload->registry->parts.clock);

	return owned_by(upload, at) && !touch_is_due(upload, now);
}

bool upload_take_fresh(struct registry *registry, const struct registry_at *at,
		       struct span id, struct upload **ret_upload)
{
	return upload_table_take(registry->uploads, id, owned_and_fresh, at,
				 ret_upload) == UPLOAD_FOUND;
}

int upload_peek(struct registry *registry, const struct registry_at *at,
		struct span id, uint64_t *ret_offset, struct err *err)
{
	enum upload_found found = upload_table_peek(registry->uploads, id,
						    owned_by, at, ret_offset);

	if (found == UPLOAD_FOUND_NONE)
		return 0;
	return found == UPLOAD_FOUND ? 1 : refuse_take(found, err);
}

/* ---- working ---- */

/* The hash and the offset count what the stage took, no more. */
int upload_append(struct upload *upload, struct span bytes, size_t *ret_taken,
		  void (*room)(void *context), void *context, struct err *err)
{
	const struct blob_driver_ops *ops = upload->registry->parts.blobs->ops;
	size_t taken = 0;

	if (ops->stage_append(upload->stage, bytes, &taken, room, context,
			      err) < 0)
		return -1;
	if (hasher_update(upload->hasher, bytes.text, taken, err) < 0) {
		upload->torn = true;
		return -1;
	}
	atomic_fetch_add_explicit(&upload->offset, taken, memory_order_relaxed);
	*ret_taken = taken;
	return 0;
}

int upload_flush(struct upload *upload, struct err *err)
{
	return upload->registry->parts.blobs->ops->stage_flush(upload->stage,
							       err);
}

int upload_digest(struct upload *upload, enum digest_algo algo,
		  struct digest *ret_digest, struct err *err)
{
	struct hasher *other = NULL;

	if (algo == hasher_algo(upload->hasher))
		return hasher_digest(upload->hasher, ret_digest, err);
	if (hasher_new(algo, &other, err) < 0)
		return -1;
	int done = hash_stage(upload, other, err);
	if (done == 0)
		done = hasher_digest(other, ret_digest, err);
	hasher_free(other);
	return done;
}

int upload_publish(struct upload *upload, const char *key, struct err *err)
{
	return upload->registry->parts.blobs->ops->stage_publish(upload->stage,
								 key, err);
}

/* ---- letting go ---- */

/* Out of the table last: until its stage is closed nobody else may open it. */
void upload_close(struct upload *upload)
{
	struct registry *registry = upload->registry;

	registry->parts.blobs->ops->stage_close(STEAL(upload->stage));
	upload_table_remove(registry->uploads, upload);
	upload_free(upload);
}

int upload_put_back(struct upload *upload, struct err *err)
{
	struct upload *surplus = NULL;
	int flushed = upload_flush(upload, err);

	if (flushed < 0 || upload->torn) {
		upload_close(upload);
		return flushed;
	}
	surplus = upload_table_put(upload->registry->uploads, upload);
	if (surplus)
		upload_close(surplus);
	return 0;
}

/* A stage that cannot be removed now has no session and is swept later. */
void upload_discard(struct upload *upload)
{
	struct blob_driver *blobs = upload->registry->parts.blobs;
	struct err ignored = ERR_INIT;

	blobs->ops->stage_close(STEAL(upload->stage));
	blobs->ops->stage_remove(blobs, upload->id, &ignored);
	upload_table_remove(upload->registry->uploads, upload);
	upload_free(upload);
}
