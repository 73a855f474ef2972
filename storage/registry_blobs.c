/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/registry_blobs.h"

#include "storage/blob_key.h"
#include "storage/meta_blobs.h"
#include "storage/meta_repositories.h"
#include "storage/registry_internal.h"

/* What a transaction about one blob is given and gives back. */
struct blob_work {
	const struct registry *registry;
	const struct registry_at *at;
	const struct digest *digest;
	struct span from;      /* of a mount */
	struct meta_blob blob; /* found */
	bool found;
};

static int blob_unknown(struct err *err)
{
	return err_set(err, ERR_BLOB_UNKNOWN,
		       "the repository does not hold that blob");
}

/* A damaged index may lead to another content's row; the key names the content
 * once more. */
static int check_key(const struct blob_work *work, struct err *err)
{
	struct err inner = ERR_INIT;
	struct digest named;

	if (blob_key_digest(work->blob.key, &named, &inner) == 0 &&
	    digest_equal(&named, work->digest))
		return 0;
	return err_set(err, ERR_CORRUPT,
		       "the row of a blob names another content's file");
}

static int find_in_repository(struct meta_tx *tx, struct blob_work *work,
			      struct err *err)
{
	int64_t repository = 0;

	if (registry_find_repository(tx, work->at, &repository, err) < 0)
		return -1;
	int found = meta_blob_find_in(tx, repository, work->digest, &work->blob,
				      err);
	if (found == 0)
		return blob_unknown(err);
	return found < 0 ? -1 : check_key(work, err);
}

static int read_blob(struct blob_work *work, struct err *err)
{
	CLEANUP(registry_read_end) struct meta_tx *tx = NULL;

	if (meta_read_begin(work->registry->parts.meta, &tx, err) < 0)
		return -1;
	return find_in_repository(tx, work, err);
}

static int revive_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct blob_work *work = context;

	if (find_in_repository(tx, work, err) < 0)
		return -1;
	if (work->blob.state != META_BLOB_CONDEMNED)
		return 0;
	return meta_blob_revive(tx, work->blob.id, err) < 0 ? -1 : 0;
}

/* Find a blob that the client will count on: one that is condemned is revived,
 * and if it went meanwhile it is not there. */
static int find_blob(struct blob_work *work, struct err *err)
{
	if (read_blob(work, err) < 0)
		return -1;
	if (work->blob.state != META_BLOB_CONDEMNED ||
	    work->registry->config.read_only)
		return 0;
	return meta_write(work->registry->parts.meta, revive_work, work, err);
}

int registry_blob_stat(struct registry *registry, const struct registry_at *at,
		       const struct digest *digest, uint64_t *ret_size,
		       struct err *err)
{
	struct blob_work work = {
		.registry = registry, .at = at, .digest = digest};

	if (find_blob(&work, err) < 0)
		return -1;
	*ret_size = work.blob.size;
	return 0;
}

/* Two tries: between the look-up and the opening the copy may have been
 * collected and another pushed. */
int registry_blob_open(struct registry *registry, const struct registry_at *at,
		       const struct digest *digest,
		       struct blob_reader *ret_reader, struct err *err)
{
	struct blob_driver *blobs = registry->parts.blobs;
	struct blob_work work = {
		.registry = registry, .at = at, .digest = digest};

	for (int try = 0; try < 2; try++) {
		if (find_blob(&work, err) < 0)
			return -1;
		int found =
			blobs->ops->open(blobs, work.blob.key, ret_reader, err);
		if (found < 0)
			return -1;
		if (found == 0)
			continue;
		if (ret_reader->size == work.blob.size)
			return 0;
		blobs->ops->close(ret_reader);
		return err_set(err, ERR_CORRUPT,
			       "%s has another size than its row",
			       work.blob.key);
	}
	return err_set(err, ERR_CORRUPT, "%s is missing", work.blob.key);
}

void registry_blob_close(struct registry *registry, struct blob_reader *reader)
{
	registry->parts.blobs->ops->close(reader);
}

/* Find the blob in the repository it is to be mounted from: 1 / 0 / -1. */
static int find_source(struct meta_tx *tx, struct blob_work *work,
		       struct err *err)
{
	int64_t from = 0;
	int found = meta_repository_find(tx, work->at->scope, work->from, &from,
					 err);

	if (found <= 0)
		return found;
	return meta_blob_find_in(tx, from, work->digest, &work->blob, err);
}

static int mount_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct blob_work *work = context;
	struct registry_change mounted = {.kind = "blob.mount",
					  .after = work->digest};
	int64_t repository = 0;
	int found = find_source(tx, work, err);

	work->found = found == 1;
	if (found <= 0)
		return found;
	if (work->blob.state == META_BLOB_CONDEMNED &&
	    meta_blob_revive(tx, work->blob.id, err) < 0)
		return -1;
	if (registry_ensure_repository(work->registry, tx, work->at,
				       &repository, err) < 0 ||
	    meta_blob_link(tx, repository, work->digest, err) < 0)
		return -1;
	return registry_event(tx, work->at, &mounted, err);
}

/* Clients try a mount for nearly every layer: a look first spares the write
 * for those that cannot be had. */
static int source_exists(struct blob_work *work, struct err *err)
{
	CLEANUP(registry_read_end) struct meta_tx *tx = NULL;

	if (meta_read_begin(work->registry->parts.meta, &tx, err) < 0)
		return -1;
	return find_source(tx, work, err);
}

int registry_blob_holders(struct registry *registry, struct meta_scope scope,
			  const struct digest *digest, size_t limit,
			  meta_name_fn *each, void *context, struct err *err)
{
	CLEANUP(registry_read_end) struct meta_tx *tx = NULL;

	if (meta_read_begin(registry->parts.meta, &tx, err) < 0)
		return -1;
	return meta_blob_holders(tx, scope, digest, limit, each, context, err);
}

int registry_blob_mount(struct registry *registry, const struct registry_at *at,
			const struct digest *digest, struct span from,
			struct err *err)
{
	struct blob_work work = {
		.registry = registry, .at = at, .digest = digest, .from = from};

	if (registry_may_change(registry, err) < 0)
		return -1;
	int found = source_exists(&work, err);
	if (found <= 0)
		return found;
	if (registry_write(registry, at, mount_work, &work, err) < 0)
		return -1;
	return work.found ? 1 : 0;
}

static int delete_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct blob_work *work = context;
	struct registry_change deleted = {.kind = "blob.delete",
					  .before = work->digest};
	int64_t repository = 0;

	if (registry_find_repository(tx, work->at, &repository, err) < 0)
		return -1;
	int used = meta_blob_in_use(tx, repository, work->digest, err);
	if (used < 0)
		return -1;
	int found = meta_blob_find_in(tx, repository, work->digest, &work->blob,
				      err);
	if (found < 0)
		return -1;
	if (found == 0)
		return blob_unknown(err);
	if (used == 1)
		return err_set(err, ERR_BLOB_IN_USE,
			       "a manifest of the repository names the blob");
	if (meta_blob_unlink(tx, repository, work->digest, err) < 0)
		return -1;
	return registry_event(tx, work->at, &deleted, err);
}

int registry_blob_delete(struct registry *registry,
			 const struct registry_at *at,
			 const struct digest *digest, struct err *err)
{
	struct blob_work work = {
		.registry = registry, .at = at, .digest = digest};

	if (registry_may_delete(registry, err) < 0)
		return -1;
	return registry_write(registry, at, delete_work, &work, err);
}
