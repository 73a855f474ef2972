/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/registry_uploads.h"

#include "base/clock.h"
#include "base/log.h"
#include "storage/blob_key.h"
#include "storage/meta_blobs.h"
#include "storage/meta_uploads.h"
#include "storage/registry_internal.h"
#include "storage/space.h"
#include "storage/upload.h"

#define ROW_WITHIN_MS 3600000 /* from publishing a copy to naming it */

/* ---- starting and holding ---- */

struct start_work {
	const struct registry *registry;
	const struct registry_at *at;
	struct meta_upload row;
};

static int check_count(int64_t count, int64_t max, const char *what,
		       struct err *err)
{
	if (count < max)
		return 0;
	err_set(err, ERR_TOO_MANY, "uploads open %s: %lld", what,
		(long long)count);
	return err_tell(err,
			"too many uploads are open %s; finish or cancel some, "
			"or try again later",
			what);
}

static int start_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct start_work *work = context;
	const struct registry_config *config = &work->registry->config;
	const struct registry_at *at = work->at;
	struct meta_upload_counts open = {0};

	if (registry_check_target(work->registry, tx, at, err) < 0)
		return -1;
	if (meta_upload_count(tx, at->scope, at->repository, at->actor, &open,
			      err) < 0)
		return -1;
	if (check_count(open.total, config->uploads_max, "on this server",
			err) < 0 ||
	    check_count(open.of_repository, config->uploads_per_repository,
			"in this repository", err) < 0 ||
	    check_count(open.of_principal, config->uploads_per_principal,
			"by this user", err) < 0)
		return -1;
	return meta_upload_insert(tx, at->scope, at->repository, at->actor,
				  &work->row, err);
}

static int check_push(const struct registry *registry, struct err *err)
{
	if (registry_may_change(registry, err) < 0)
		return -1;
	return space_check(registry->space, err);
}

/* The stage first, then the row: a stage without a row is swept, a row without
 * a stage is an upload of no bytes.  Once the row is there the session is open,
 * whether or not its empty stage can be kept so. */
int registry_upload_start(struct registry *registry,
			  const struct registry_at *at, enum digest_algo algo,
			  char ret_id[RAND_UUID_SIZE], struct err *err)
{
	struct start_work work = {.registry = registry, .at = at};
	struct upload *upload = NULL;

	if (check_push(registry, err) < 0 ||
	    upload_create(registry, at, algo, true, &upload, err) < 0)
		return -1;
	upload_describe(upload, &work.row);
	if (meta_write(registry->parts.meta, start_work, &work, err) < 0) {
		upload_discard(upload);
		return -1;
	}
	memcpy(ret_id, work.row.id, sizeof(work.row.id));
	registry_upload_abandon(upload);
	return 0;
}

/* Before its bytes come, not after them. */
static int look_at_target(const struct registry *registry,
			  const struct registry_at *at, struct err *err)
{
	CLEANUP(registry_read_end) struct meta_tx *tx = NULL;

	if (registry->config.create_on_push && at->may_create)
		return 0;
	if (meta_read_begin(registry->parts.meta, &tx, err) < 0)
		return -1;
	return registry_check_target(registry, tx, at, err);
}

int registry_upload_hold_single(struct registry *registry,
				const struct registry_at *at,
				enum digest_algo algo,
				struct upload **ret_upload, struct err *err)
{
	if (check_push(registry, err) < 0 ||
	    look_at_target(registry, at, err) < 0)
		return -1;
	return upload_create(registry, at, algo, false, ret_upload, err);
}

static int upload_unknown(struct err *err)
{
	return err_set(err, ERR_UPLOAD_UNKNOWN, "no session of that id");
}

/* The row says whether the session is this repository's and principal's. */
static int find_row(struct registry *registry, const struct registry_at *at,
		    struct span id, struct meta_upload *ret_row,
		    struct err *err)
{
	CLEANUP(registry_read_end) struct meta_tx *tx = NULL;

	if (meta_read_begin(registry->parts.meta, &tx, err) < 0)
		return -1;
	int found = meta_upload_find(tx, at->scope, at->repository, at->actor,
				     id, ret_row, err);
	if (found == 0)
		return upload_unknown(err);
	return found < 0 ? -1 : 0;
}

static int touch_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct upload *upload = context;
	int found = meta_upload_touch(tx, upload_id(upload), err);

	if (found == 0)
		return upload_unknown(err);
	return found < 0 ? -1 : 0;
}

/* Tell the row of a held session that it is alive.  Where the row has gone, so
 * does what is in memory: nothing else would ever remove it.  Consumes the
 * upload when it fails. */
static int touch(struct upload *upload, struct err *err)
{
	struct registry *registry = upload_registry(upload);

	if (registry->config.read_only ||
	    meta_write(registry->parts.meta, touch_work, upload, err) == 0)
		return 0;
	if (err->code == ERR_UPLOAD_UNKNOWN)
		upload_discard(upload);
	else
		registry_upload_abandon(upload);
	return -1;
}

/* Hold a session for whatever purpose.  One that is opened again is touched
 * behind that: between the look at its row and the opening it may have been
 * finished or expired. */
static int hold(struct registry *registry, const struct registry_at *at,
		struct span id, struct upload **ret_upload, struct err *err)
{
	struct meta_upload row = {.id = ""};

	if (id.len >= sizeof(row.id))
		return upload_unknown(err);
	int found = upload_take(registry, at, id, ret_upload, err);
	if (found != 0)
		return found < 0 ? -1 : 0;
	struct upload *upload = NULL;
	if (find_row(registry, at, id, &row, err) < 0 ||
	    upload_reopen(registry, at, &row, &upload, err) < 0 ||
	    touch(upload, err) < 0)
		return -1;
	*ret_upload = upload;
	return 0;
}

int registry_upload_hold(struct registry *registry,
			 const struct registry_at *at, struct span id,
			 struct upload **ret_upload, struct err *err)
{
	struct upload *upload = NULL;

	if (check_push(registry, err) < 0 ||
	    hold(registry, at, id, &upload, err) < 0)
		return -1;
	if (upload_wants_touch(upload) && touch(upload, err) < 0)
		return -1;
	*ret_upload = upload;
	return 0;
}

int registry_upload_hold_now(struct registry *registry,
			     const struct registry_at *at, struct span id,
			     struct upload **ret_upload, struct err *err)
{
	if (check_push(registry, err) < 0)
		return -1;
	return upload_take_fresh(registry, at, id, ret_upload);
}

/* ---- appending and letting go ---- */

uint64_t registry_upload_offset(const struct upload *upload)
{
	return upload_offset(upload);
}

int registry_upload_append(struct upload *upload, struct span bytes,
			   size_t *ret_taken, void (*room)(void *context),
			   void *context, struct err *err)
{
	const struct registry *registry = upload_registry(upload);
	uint64_t max = registry->config.blob_max;

	if (space_check(registry->space, err) < 0)
		return -1;
	if (max > 0 && upload_offset(upload) + bytes.len > max) {
		err_set(err, ERR_TOO_LARGE, "blob is over registry.blob_max");
		return err_tell(err,
				"the blob is larger than this registry takes "
				"(%llu bytes)",
				(unsigned long long)max);
	}
	return upload_append(upload, bytes, ret_taken, room, context, err);
}

int registry_upload_pause(struct upload *upload, struct err *err)
{
	return upload_put_back(upload, err);
}

void registry_upload_abandon(struct upload *upload)
{
	struct err ignored = ERR_INIT;

	if (!upload)
		return;
	if (upload_is_session(upload))
		upload_put_back(upload, &ignored);
	else
		upload_discard(upload);
}

/* ---- finishing ---- */

struct finish_work {
	const struct registry *registry;
	const struct registry_at *at;
	const struct digest *digest;
	uint64_t size;
	struct span session; /* to end; "" for a single upload */
	const char *key;     /* where our copy is, or NULL: not published */
	/* Of the copy that has the row but is not whole; "": none. */
	char damaged[BLOB_KEY_SIZE];
	bool surplus; /* another copy is kept instead of ours */
	bool missing; /* no copy is there, and ours is not published */
	bool refused; /* the work itself failed: nothing of it is there */
	int64_t published_ms; /* monotonic; when our copy got its name */
};

/* Keep one copy: the one that has a row already, revived if need be, else
 * ours. */
static int keep_copy(struct meta_tx *tx, struct finish_work *work,
		     struct err *err)
{
	struct meta_blob blob;
	int64_t id = 0;
	int found = meta_blob_find(tx, work->digest, &blob, err);

	if (found < 0)
		return -1;
	if (found == 1 && work->key && work->damaged[0] &&
	    strcmp(blob.key, work->damaged) == 0) {
		work->surplus = false;
		return meta_blob_replace(tx, blob.id, blob.key, work->size,
					 work->key, err) < 0
			       ? -1
			       : 0;
	}
	work->missing = found == 0 && !work->key;
	work->surplus = found == 1 && work->key;
	if (work->missing)
		return err_set(err, ERR_CONFLICT, "the copy went meanwhile");
	if (found == 0)
		return meta_blob_insert(tx, work->digest, work->size, work->key,
					&id, err);
	if (blob.state == META_BLOB_CONDEMNED)
		return meta_blob_revive(tx, blob.id, err) < 0 ? -1 : 0;
	return 0;
}

/* The sweep takes a copy that has had no row for a day for garbage: one that
 * waited long for its transaction must not get a row any more. */
static int check_age(const struct finish_work *work, struct err *err)
{
	int64_t now = clock_monotonic_ms(work->registry->parts.clock);

	if (work->key && now - work->published_ms > ROW_WITHIN_MS)
		return err_set(err, ERR_TIMEOUT, "published too long ago");
	return 0;
}

static int keep(struct meta_tx *tx, struct finish_work *work, struct err *err)
{
	struct registry_change pushed = {
		.kind = "blob.push",
		.after = work->digest,
		.minor = true,
	};
	int64_t repository = 0;

	if (check_age(work, err) < 0 || keep_copy(tx, work, err) < 0)
		return -1;
	if (registry_ensure_repository(work->registry, tx, work->at,
				       &repository, err) < 0 ||
	    meta_blob_link(tx, repository, work->digest, err) < 0)
		return -1;
	if (work->session.len > 0 &&
	    meta_upload_delete(tx, work->session, err) < 0)
		return -1;
	return registry_event(tx, work->at, &pushed, err);
}

static int finish_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct finish_work *work = context;
	int done = keep(tx, work, err);

	work->refused = done < 0;
	return done;
}

static int find_copy(const struct finish_work *work, struct meta_blob *ret_blob,
		     struct err *err)
{
	CLEANUP(registry_read_end) struct meta_tx *tx = NULL;

	if (meta_read_begin(work->registry->parts.meta, &tx, err) < 0)
		return -1;
	return meta_blob_find(tx, work->digest, ret_blob, err);
}

/* 1 if a copy is there, so that ours need not be published.  A row alone is no
 * copy: where its file went or was cut, ours takes its place. */
static int copy_exists(struct finish_work *work, struct err *err)
{
	struct blob_driver *blobs = work->registry->parts.blobs;
	struct blob_reader reader = {.fd = -1};
	struct meta_blob blob;
	int found = find_copy(work, &blob, err);

	if (found <= 0)
		return found;
	int there = blobs->ops->open(blobs, blob.key, &reader, err);
	if (there < 0)
		return -1;
	bool whole = there == 1 && reader.size == work->size;
	if (there == 1)
		blobs->ops->close(&reader);
	if (whole)
		return 1;
	log_event(LOG_ERROR, "blob_damaged", LOG_TEXT("key", blob.key));
	memcpy(work->damaged, blob.key, sizeof(work->damaged));
	return 0;
}

static void remove_copy(const struct registry *registry, const char *key)
{
	struct err ignored = ERR_INIT;
	struct blob_driver *blobs = registry->parts.blobs;

	blobs->ops->remove(blobs, key, &ignored);
}

/* Publish our copy, then commit.  After a failed commit whose fate is unknown
 * the copy stays: a row may name it, and if none does the sweep removes it. */
static int publish_and_commit(struct upload *upload, struct finish_work *work,
			      struct err *err)
{
	char key[BLOB_KEY_SIZE];

	if (blob_key_make(work->digest, key, err) < 0 ||
	    upload_publish(upload, key, err) < 0)
		return -1;
	work->key = key;
	work->published_ms = clock_monotonic_ms(work->registry->parts.clock);
	int done = registry_write(work->registry, work->at, finish_work, work,
				  err);
	work->key = NULL;
	if (work->refused || (done == 0 && work->surplus))
		remove_copy(work->registry, key);
	return done;
}

static int keep_content(struct upload *upload, const struct registry_at *at,
			const struct digest *digest, struct err *err)
{
	struct registry *registry = upload_registry(upload);
	struct finish_work work = {.registry = registry,
				   .at = at,
				   .digest = digest,
				   .size = upload_offset(upload)};

	if (upload_is_session(upload))
		work.session = upload_id(upload);
	int found = copy_exists(&work, err);
	if (found < 0)
		return -1;
	if (found == 1) {
		if (registry_write(registry, at, finish_work, &work, err) == 0)
			return 0;
		if (!work.missing)
			return -1;
		err_clear(err);
	}
	return publish_and_commit(upload, &work, err);
}

static int check_content(struct upload *upload, const struct digest *digest,
			 struct err *err)
{
	struct digest have;

	if (upload_digest(upload, digest->algo, &have, err) < 0)
		return -1;
	if (digest_equal(&have, digest))
		return 0;
	err_set(err, ERR_DIGEST_INVALID, "content has another digest");
	return err_tell(err, "the content received does not have the digest "
			     "that was said; send it again");
}

static int end_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct upload *upload = context;

	return meta_upload_delete(tx, upload_id(upload), err) < 0 ? -1 : 0;
}

/* End a session for good.  If its row cannot be removed now it expires. */
static int end_session(struct upload *upload, struct err *err)
{
	struct registry *registry = upload_registry(upload);
	int done = 0;

	if (upload_is_session(upload))
		done = meta_write(registry->parts.meta, end_work, upload, err);
	if (done < 0)
		registry_upload_abandon(upload);
	else
		upload_discard(upload);
	return done;
}

int registry_upload_finish(struct upload *upload, const struct registry_at *at,
			   const struct digest *digest, struct err *err)
{
	if (upload_flush(upload, err) < 0 ||
	    check_content(upload, digest, err) < 0) {
		struct err ignored = ERR_INIT;

		if (err->code == ERR_DIGEST_INVALID)
			end_session(upload, &ignored);
		else
			registry_upload_abandon(upload);
		return -1;
	}
	if (keep_content(upload, at, digest, err) < 0) {
		registry_upload_abandon(upload);
		return -1;
	}
	upload_discard(upload);
	return 0;
}

int registry_upload_status(struct registry *registry,
			   const struct registry_at *at, struct span id,
			   uint64_t *ret_offset, struct err *err)
{
	struct upload *upload = NULL;
	int found = upload_peek(registry, at, id, ret_offset, err);

	if (found != 0)
		return found < 0 ? -1 : 0;
	if (hold(registry, at, id, &upload, err) < 0)
		return -1;
	*ret_offset = upload_offset(upload);
	registry_upload_abandon(upload);
	return 0;
}

int registry_upload_cancel(struct registry *registry,
			   const struct registry_at *at, struct span id,
			   struct err *err)
{
	struct upload *upload = NULL;

	if (registry_may_change(registry, err) < 0 ||
	    hold(registry, at, id, &upload, err) < 0)
		return -1;
	return end_session(upload, err);
}
