/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/registry_manifests.h"

#include <string.h>

#include "base/hasher.h"
#include "storage/manifest.h"
#include "storage/meta_blobs.h"
#include "storage/meta_tags.h"
#include "storage/registry_internal.h"
#include "storage/space.h"

/* ---- put ---- */

/* A push that was checked as far as it can be without the database. */
struct put_work {
	const struct registry *registry;
	const struct registry_at *at;
	const struct registry_push *push;
	struct manifest manifest;
	struct digest digest;
};

static void put_work_release(struct put_work *work)
{
	manifest_release(&work->manifest);
}

static int content_unknown(const struct digest *digest, struct err *err)
{
	char text[DIGEST_TEXT_SIZE];

	digest_format(digest, text);
	err_set(err, ERR_MANIFEST_BLOB_UNKNOWN, "not held: %s", text);
	return err_tell(err, "%s is not in this repository; push it first",
			text);
}

static int size_differs(const struct manifest_item *item, uint64_t size,
			struct err *err)
{
	char text[DIGEST_TEXT_SIZE];

	digest_format(&item->digest, text);
	err_set(err, ERR_MANIFEST_INVALID, "size of %s differs", text);
	return err_tell(err, "%s has %llu bytes, not %llu as the manifest says",
			text, (unsigned long long)size,
			(unsigned long long)item->size);
}

/* A blob that is condemned is wanted again. */
static int find_blob(struct meta_tx *tx, int64_t repository,
		     const struct manifest_item *item, uint64_t *ret_size,
		     struct err *err)
{
	struct meta_blob blob;
	int found =
		meta_blob_find_in(tx, repository, &item->digest, &blob, err);

	if (found <= 0)
		return found;
	if (blob.state == META_BLOB_CONDEMNED &&
	    meta_blob_revive(tx, blob.id, err) < 0)
		return -1;
	*ret_size = blob.size;
	return 1;
}

/* An index may also list plain blobs: build caches do. */
static int find_item(struct meta_tx *tx, int64_t repository,
		     const struct manifest_item *item, uint64_t *ret_size,
		     struct err *err)
{
	int found = 0;

	if (item->role == MANIFEST_CHILD)
		found = meta_manifest_stat(tx, repository, &item->digest,
					   ret_size, err);
	if (found != 0)
		return found;
	return find_blob(tx, repository, item, ret_size, err);
}

/* Content of an algorithm that we do not store cannot be here, and a manifest
 * that names it is valid all the same (image-spec, "descriptor"). */
static int check_item(const struct put_work *work, struct meta_tx *tx,
		      int64_t repository, const struct manifest_item *item,
		      struct err *err)
{
	uint64_t size = 0;

	if (!item->known)
		return 0;
	int found = find_item(tx, repository, item, &size, err);
	if (found < 0)
		return -1;
	if (found == 1)
		return size == item->size ? 0 : size_differs(item, size, err);
	if (item->elsewhere || (item->role == MANIFEST_CHILD &&
				work->registry->config.sparse_indexes))
		return 0;
	return content_unknown(&item->digest, err);
}

static enum meta_reference reference_kind(enum manifest_role role)
{
	switch (role) {
	case MANIFEST_CONFIG:
		return META_REFERENCE_CONFIG;
	case MANIFEST_LAYER:
		return META_REFERENCE_LAYER;
	case MANIFEST_CHILD:
		return META_REFERENCE_CHILD;
	}
	return META_REFERENCE_BLOB;
}

static int check_items(const struct put_work *work, struct meta_tx *tx,
		       int64_t repository, struct err *err)
{
	for (size_t i = 0; i < work->manifest.item_count; i++)
		if (check_item(work, tx, repository, &work->manifest.items[i],
			       err) < 0)
			return -1;
	return 0;
}

static int refer_items(const struct put_work *work, struct meta_tx *tx,
		       int64_t repository, struct err *err)
{
	for (size_t i = 0; i < work->manifest.item_count; i++) {
		const struct manifest_item *item = &work->manifest.items[i];

		if (item->known &&
		    meta_manifest_refer(tx, repository, &work->digest,
					&item->digest,
					reference_kind(item->role), err) < 0)
			return -1;
	}
	return 0;
}

static int put_tag(const struct put_work *work, struct meta_tx *tx,
		   int64_t repository, struct span tag, struct err *err)
{
	struct registry_change change = {
		.kind = "tag.create", .tag = tag, .after = &work->digest};
	struct digest before;
	int found =
		meta_tag_put(tx, repository, tag, &work->digest, &before, err);

	if (found < 0)
		return -1;
	if (found == 2)
		return 0;
	if (found == 1) {
		change.kind = "tag.move";
		change.before = &before;
	}
	return registry_event(tx, work->at, &change, err);
}

static int put_tags(const struct put_work *work, struct meta_tx *tx,
		    int64_t repository, struct err *err)
{
	const struct registry_push *push = work->push;

	if (!push->reference.is_digest)
		return put_tag(work, tx, repository, push->reference.tag, err);
	for (size_t i = 0; i < push->tag_count; i++)
		if (put_tag(work, tx, repository, push->tags[i], err) < 0)
			return -1;
	return 0;
}

static int put_row(const struct put_work *work, struct meta_tx *tx,
		   int64_t repository, struct err *err)
{
	const struct manifest *manifest = &work->manifest;
	struct meta_manifest row = {
		.digest = work->digest,
		.media_type = manifest->media_type,
		.artifact_type = manifest->artifact_type,
		.annotations = buf_span(&manifest->annotations),
		.subject = manifest->subject_known ? &manifest->subject_digest
						   : NULL,
		.body = work->push->body};
	struct registry_change pushed = {.kind = "manifest.push",
					 .after = &work->digest};
	bool fresh = false;

	if (meta_manifest_put(tx, repository, &row, &fresh, err) < 0)
		return -1;
	if (!fresh)
		return 0;
	if (refer_items(work, tx, repository, err) < 0)
		return -1;
	return registry_event(tx, work->at, &pushed, err);
}

static int put_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct put_work *work = context;
	int64_t repository = 0;

	if (registry_ensure_repository(work->registry, tx, work->at,
				       &repository, err) < 0 ||
	    check_items(work, tx, repository, err) < 0 ||
	    put_row(work, tx, repository, err) < 0)
		return -1;
	return put_tags(work, tx, repository, err);
}

static int check_tags(const struct registry *registry,
		      const struct registry_push *push, struct err *err)
{
	if (push->tag_count > registry->config.tags_per_push) {
		err_set(err, ERR_TOO_MANY_TAGS, "%zu tags", push->tag_count);
		return err_tell(err, "at most %zu tags in one push",
				registry->config.tags_per_push);
	}
	for (size_t i = 0; i < push->tag_count; i++)
		if (refname_check_tag(push->tags[i], err) < 0)
			return -1;
	return 0;
}

static int check_digest(struct put_work *work, struct err *err)
{
	const struct reference *reference = &work->push->reference;
	enum digest_algo algo =
		reference->is_digest ? reference->digest.algo : DIGEST_SHA256;

	if (hasher_once(algo, work->push->body.text, work->push->body.len,
			&work->digest, err) < 0)
		return -1;
	if (!reference->is_digest ||
	    digest_equal(&work->digest, &reference->digest))
		return 0;
	err_set(err, ERR_DIGEST_INVALID, "manifest has another digest");
	return err_tell(err, "the manifest received does not have the digest "
			     "it was pushed under");
}

static int check_put(struct put_work *work, struct err *err)
{
	const struct registry_config *config = &work->registry->config;
	const struct registry_push *push = work->push;

	if (registry_may_change(work->registry, err) < 0 ||
	    space_check(work->registry->space, err) < 0 ||
	    check_tags(work->registry, push, err) < 0)
		return -1;
	if (push->body.len > config->manifest_max)
		return err_set(err, ERR_TOO_LARGE, "manifest of %zu bytes",
			       push->body.len);
	if (check_digest(work, err) < 0)
		return -1;
	return manifest_parse(push->body, push->content_type,
			      config->descriptors_max, &work->manifest, err);
}

int registry_manifest_put(struct registry *registry,
			  const struct registry_at *at,
			  const struct registry_push *push,
			  struct registry_pushed *ret_pushed, struct err *err)
{
	CLEANUP(put_work_release)
	struct put_work work = {.registry = registry, .at = at, .push = push};
	struct registry_pushed pushed = {.subject = ""};

	if (check_put(&work, err) < 0 ||
	    registry_write(registry, at, put_work, &work, err) < 0)
		return -1;
	pushed.digest = work.digest;
	if (work.manifest.subject.len > 0 &&
	    work.manifest.subject.len < sizeof(pushed.subject))
		memcpy(pushed.subject, work.manifest.subject.text,
		       work.manifest.subject.len);
	*ret_pushed = pushed;
	return 0;
}

/* ---- get ---- */

static int manifest_unknown(struct err *err)
{
	return err_set(err, ERR_MANIFEST_UNKNOWN,
		       "no such manifest in the repository");
}

/* A database keeps no checksum of its rows; the digest is ours. */
static int check_stored(const struct meta_stored *stored, struct err *err)
{
	char text[DIGEST_TEXT_SIZE];
	struct digest have;

	if (hasher_once(stored->digest.algo, stored->body.data,
			stored->body.len, &have, err) < 0)
		return -1;
	if (digest_equal(&have, &stored->digest))
		return 0;
	digest_format(&stored->digest, text);
	return err_set(err, ERR_CORRUPT, "the bytes of %s are damaged", text);
}

int registry_manifest_get(struct registry *registry,
			  const struct registry_at *at,
			  const struct reference *reference,
			  struct meta_stored *ret_stored, struct err *err)
{
	CLEANUP(registry_read_end) struct meta_tx *tx = NULL;
	CLEANUP(meta_stored_release) struct meta_stored stored = {0};
	int64_t repository = 0;
	int found = 0;

	if (meta_read_begin(registry->parts.meta, &tx, err) < 0 ||
	    registry_find_repository(tx, at, &repository, err) < 0)
		return -1;
	if (reference->is_digest)
		found = meta_manifest_get(tx, repository, &reference->digest,
					  &stored, err);
	else
		found = meta_manifest_get_tagged(tx, repository, reference->tag,
						 &stored, err);
	if (found == 0)
		return manifest_unknown(err);
	if (found < 0 || check_stored(&stored, err) < 0)
		return -1;
	*ret_stored = stored;
	stored = (struct meta_stored){0};
	return 0;
}

/* ---- delete ---- */

struct delete_work {
	const struct registry_at *at;
	const struct reference *reference;
};

static int delete_manifest(struct meta_tx *tx, const struct delete_work *work,
			   int64_t repository, struct err *err)
{
	struct registry_change deleted = {.kind = "manifest.delete",
					  .before = &work->reference->digest};
	int64_t tags = 0;
	int found = meta_manifest_delete(tx, repository,
					 &work->reference->digest, &tags, err);

	if (found == 0)
		return manifest_unknown(err);
	if (found < 0)
		return -1;
	return registry_event(tx, work->at, &deleted, err);
}

static int delete_tag(struct meta_tx *tx, const struct delete_work *work,
		      int64_t repository, struct err *err)
{
	struct digest digest;
	struct registry_change deleted = {.kind = "tag.delete",
					  .tag = work->reference->tag,
					  .before = &digest};
	int found = meta_tag_delete(tx, repository, work->reference->tag,
				    &digest, err);

	if (found == 0)
		return manifest_unknown(err);
	if (found < 0)
		return -1;
	return registry_event(tx, work->at, &deleted, err);
}

static int delete_work(struct meta_tx *tx, void *context, struct err *err)
{
	const struct delete_work *work = context;
	int64_t repository = 0;

	if (registry_find_repository(tx, work->at, &repository, err) < 0)
		return -1;
	if (work->reference->is_digest)
		return delete_manifest(tx, work, repository, err);
	return delete_tag(tx, work, repository, err);
}

int registry_manifest_delete(struct registry *registry,
			     const struct registry_at *at,
			     const struct reference *reference, struct err *err)
{
	struct delete_work work = {.at = at, .reference = reference};

	if (registry_may_delete(registry, err) < 0)
		return -1;
	return registry_write(registry, at, delete_work, &work, err);
}
