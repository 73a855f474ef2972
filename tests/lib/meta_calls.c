/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/meta_calls.h"

#include <string.h>

#include "base/err.h"
#include "storage/meta_blobs.h"
#include "storage/meta_events.h"
#include "storage/meta_images.h"
#include "storage/meta_manifests.h"
#include "storage/meta_repositories.h"
#include "storage/meta_tags.h"
#include "storage/meta_uploads.h"
#include "tests/lib/check.h"
#include "tests/lib/meta_call_rows.h"
#include "tests/lib/meta_fixture.h"

#define SCOPE meta_fixture_scope
#define UPLOAD "11111111-1111-4111-8111-111111111111"
#define UPLOAD_NEW "22222222-2222-4222-8222-222222222222"

/* Seeds of digests. */
enum { BLOB = 1, CONDEMNED, DELETING, FRESH, IMAGE, INDEX, REFERRER };

/* Ids that filling an empty database gives. */
enum { REPOSITORY_ID = 1, BLOB_ID = 1, CONDEMNED_ID, DELETING_ID };

int meta_call_found(int rc, struct err *err)
{
	if (rc == 0)
		return err_set(err, ERR_NOT_FOUND, "not found");
	return rc < 0 ? -1 : 0;
}

int meta_call_no_name(void *context, struct span name, struct err *err)
{
	(void)context;
	(void)name;
	(void)err;
	return 0;
}

static int no_referrer(void *context, const struct meta_referrer *referrer,
		       struct err *err)
{
	(void)context;
	(void)referrer;
	(void)err;
	return 0;
}

static int no_event(void *context, const struct meta_event_row *row,
		    struct err *err)
{
	(void)context;
	(void)row;
	(void)err;
	return 0;
}

int call_meta_repository_find(struct meta_tx *tx,
			      struct meta_call_output *output, struct err *err)
{
	RET(int64_t);
	return meta_call_found(
		meta_repository_find(tx, SCOPE, SPAN_LIT("a"), ret, err), err);
}

int call_meta_repository_ensure(struct meta_tx *tx,
				struct meta_call_output *output,
				struct err *err)
{
	struct ids {
		int64_t id;
		bool made;
	};
	RET(struct ids);
	return meta_repository_ensure(tx, SCOPE, SPAN_LIT("new"), &ret->id,
				      &ret->made, err);
}

int call_meta_repository_page(struct meta_tx *tx,
			      struct meta_call_output *output, struct err *err)
{
	RET(bool);
	return meta_repository_page(tx, SCOPE, span_of(""), 10,
				    meta_call_no_name, NULL, ret, err);
}

ROW(meta_repository_about)
{
	RET(struct meta_repository_about);
	return meta_repository_about(tx, REPOSITORY_ID, ret, err);
}

static int no_image(void *context, const struct meta_image *image,
		    struct err *err)
{
	(void)context, (void)image, (void)err;
	return 0;
}

ROW(meta_image_page)
{
	struct meta_image_query wanted = {.repository_id = REPOSITORY_ID,
					  .after = SPAN_LIT(""),
					  .limit = 10};
	RET(bool);
	return meta_image_page(tx, &wanted, no_image, NULL, ret, err);
}

ROW(meta_image_tags)
{
	struct digest image = meta_fixture_digest(IMAGE);
	char digest[DIGEST_TEXT_SIZE];
	RET(bool);

	digest_format(&image, digest);
	return meta_image_tags(tx, REPOSITORY_ID, span_of(digest), 10,
			       meta_call_no_name, NULL, ret, err);
}

int call_meta_blob_find(struct meta_tx *tx, struct meta_call_output *output,
			struct err *err)
{
	struct digest digest = meta_fixture_digest(BLOB);
	RET(struct meta_blob);
	return meta_call_found(meta_blob_find(tx, &digest, ret, err), err);
}

int call_meta_blob_find_in(struct meta_tx *tx, struct meta_call_output *output,
			   struct err *err)
{
	struct digest digest = meta_fixture_digest(BLOB);
	RET(struct meta_blob);
	return meta_call_found(
		meta_blob_find_in(tx, REPOSITORY_ID, &digest, ret, err), err);
}

int call_meta_blob_holders(struct meta_tx *tx, struct meta_call_output *output,
			   struct err *err)
{
	struct digest digest = meta_fixture_digest(BLOB);

	(void)output;
	return meta_blob_holders(tx, SCOPE, &digest, 10, meta_call_no_name,
				 NULL, err);
}

int call_meta_blob_insert(struct meta_tx *tx, struct meta_call_output *output,
			  struct err *err)
{
	struct digest digest = meta_fixture_digest(FRESH);
	RET(int64_t);
	return meta_blob_insert(tx, &digest, 9, "key/fresh", ret, err);
}

int call_meta_blob_revive(struct meta_tx *tx, struct meta_call_output *output,
			  struct err *err)
{
	(void)output;
	return meta_call_found(meta_blob_revive(tx, CONDEMNED_ID, err), err);
}

int call_meta_blob_replace(struct meta_tx *tx, struct meta_call_output *output,
			   struct err *err)
{
	(void)output;
	return meta_call_found(
		meta_blob_replace(tx, BLOB_ID, "key/1", 9, "key/again", err),
		err);
}

int call_meta_blob_condemn(struct meta_tx *tx, struct meta_call_output *output,
			   struct err *err)
{
	(void)output;
	return meta_call_found(meta_blob_condemn(tx, BLOB_ID, err), err);
}

int call_meta_blob_begin_delete(struct meta_tx *tx,
				struct meta_call_output *output,
				struct err *err)
{
	(void)output;
	return meta_call_found(meta_blob_begin_delete(tx, CONDEMNED_ID, err),
			       err);
}

int call_meta_blob_forget(struct meta_tx *tx, struct meta_call_output *output,
			  struct err *err)
{
	(void)output;
	return meta_blob_forget(tx, DELETING_ID, err);
}

int call_meta_blob_link(struct meta_tx *tx, struct meta_call_output *output,
			struct err *err)
{
	struct digest digest = meta_fixture_digest(CONDEMNED);
	(void)output;
	return meta_blob_link(tx, REPOSITORY_ID, &digest, err);
}

int call_meta_blob_unlink(struct meta_tx *tx, struct meta_call_output *output,
			  struct err *err)
{
	struct digest digest = meta_fixture_digest(BLOB);
	(void)output;
	return meta_call_found(
		meta_blob_unlink(tx, REPOSITORY_ID, &digest, err), err);
}

int call_meta_blob_in_use(struct meta_tx *tx, struct meta_call_output *output,
			  struct err *err)
{
	struct digest digest = meta_fixture_digest(BLOB);
	(void)output;
	return meta_call_found(
		meta_blob_in_use(tx, REPOSITORY_ID, &digest, err), err);
}

int call_meta_blob_totals(struct meta_tx *tx, struct meta_call_output *output,
			  struct err *err)
{
	struct totals {
		uint64_t count;
		uint64_t bytes;
	};
	RET(struct totals);
	return meta_blob_totals(tx, &ret->count, &ret->bytes, err);
}

static int put_manifest(struct meta_tx *tx, unsigned seed, unsigned subject,
			bool *ret_new, struct err *err)
{
	struct digest of = meta_fixture_digest(subject);
	struct meta_manifest manifest = {
		.digest = meta_fixture_digest(seed),
		.media_type = SPAN_LIT("application/x"),
		.artifact_type =
			subject ? SPAN_LIT("application/sig") : span_of(""),
		.annotations = SPAN_LIT("{}"),
		.subject = subject ? &of : NULL,
		.body = SPAN_LIT("{\"body\":1}"),
	};

	return meta_manifest_put(tx, REPOSITORY_ID, &manifest, ret_new, err);
}

int call_meta_manifest_put(struct meta_tx *tx, struct meta_call_output *output,
			   struct err *err)
{
	RET(bool);
	return put_manifest(tx, INDEX, 0, ret, err);
}

int call_meta_manifest_refer(struct meta_tx *tx,
			     struct meta_call_output *output, struct err *err)
{
	struct digest from = meta_fixture_digest(IMAGE);
	struct digest to = meta_fixture_digest(CONDEMNED);
	(void)output;
	return meta_manifest_refer(tx, REPOSITORY_ID, &from, &to,
				   META_REFERENCE_LAYER, err);
}

/* The buffers are compared and released here: the output keeps no pointer. */
static int keep_stored(int rc, struct meta_stored *stored,
		       struct meta_call_output *output)
{
	if (rc <= 0)
		return rc;
	CHECK(stored->body.len < sizeof(output->bytes));
	memcpy(output->bytes, stored->body.data, stored->body.len);
	meta_stored_release(stored);
	return 1;
}

int call_meta_manifest_get(struct meta_tx *tx, struct meta_call_output *output,
			   struct err *err)
{
	struct digest digest = meta_fixture_digest(IMAGE);
	struct meta_stored stored;
	int rc = meta_manifest_get(tx, REPOSITORY_ID, &digest, &stored, err);

	return meta_call_found(keep_stored(rc, &stored, output), err);
}

int call_meta_manifest_get_tagged(struct meta_tx *tx,
				  struct meta_call_output *output,
				  struct err *err)
{
	struct meta_stored stored;
	int rc = meta_manifest_get_tagged(tx, REPOSITORY_ID, SPAN_LIT("latest"),
					  &stored, err);

	return meta_call_found(keep_stored(rc, &stored, output), err);
}

int call_meta_manifest_stat(struct meta_tx *tx, struct meta_call_output *output,
			    struct err *err)
{
	struct digest digest = meta_fixture_digest(IMAGE);
	RET(uint64_t);
	return meta_call_found(
		meta_manifest_stat(tx, REPOSITORY_ID, &digest, ret, err), err);
}

int call_meta_manifest_delete(struct meta_tx *tx,
			      struct meta_call_output *output, struct err *err)
{
	struct digest digest = meta_fixture_digest(IMAGE);
	RET(int64_t);
	return meta_call_found(
		meta_manifest_delete(tx, REPOSITORY_ID, &digest, ret, err),
		err);
}

static int page_referrers(struct meta_tx *tx, struct span type, bool *ret_more,
			  struct err *err)
{
	struct digest subject = meta_fixture_digest(IMAGE);
	struct meta_referrer_query query = {
		.repository_id = REPOSITORY_ID,
		.subject = &subject,
		.artifact_type = type,
		.after = span_of(""),
		.limit = 10,
	};

	return meta_referrer_page(tx, &query, no_referrer, NULL, ret_more, err);
}

int call_meta_referrer_page(struct meta_tx *tx, struct meta_call_output *output,
			    struct err *err)
{
	RET(bool);
	return page_referrers(tx, span_of(""), ret, err);
}

int call_meta_referrer_page_typed(struct meta_tx *tx,
				  struct meta_call_output *output,
				  struct err *err)
{
	RET(bool);
	return page_referrers(tx, SPAN_LIT("application/sig"), ret, err);
}

int call_meta_tag_find(struct meta_tx *tx, struct meta_call_output *output,
		       struct err *err)
{
	RET(struct digest);
	return meta_call_found(
		meta_tag_find(tx, REPOSITORY_ID, SPAN_LIT("latest"), ret, err),
		err);
}

int call_meta_tag_put(struct meta_tx *tx, struct meta_call_output *output,
		      struct err *err)
{
	struct digest digest = meta_fixture_digest(REFERRER);
	RET(struct digest);
	return meta_call_found(meta_tag_put(tx, REPOSITORY_ID,
					    SPAN_LIT("latest"), &digest, ret,
					    err),
			       err);
}

int call_meta_tag_delete(struct meta_tx *tx, struct meta_call_output *output,
			 struct err *err)
{
	RET(struct digest);
	return meta_call_found(meta_tag_delete(tx, REPOSITORY_ID,
					       SPAN_LIT("latest"), ret, err),
			       err);
}

int call_meta_tag_page(struct meta_tx *tx, struct meta_call_output *output,
		       struct err *err)
{
	RET(bool);
	return meta_tag_page(tx, REPOSITORY_ID, span_of(""), 10,
			     meta_call_no_name, NULL, ret, err);
}

static int insert_upload(struct meta_tx *tx, const char *id, struct err *err)
{
	struct meta_upload upload = {.algo = DIGEST_SHA256, .started_ms = 5};

	memcpy(upload.id, id, sizeof(upload.id));
	return meta_upload_insert(tx, SCOPE, SPAN_LIT("a"), SPAN_LIT("me"),
				  &upload, err);
}

int call_meta_upload_insert(struct meta_tx *tx, struct meta_call_output *output,
			    struct err *err)
{
	(void)output;
	return insert_upload(tx, UPLOAD_NEW, err);
}

int call_meta_upload_find(struct meta_tx *tx, struct meta_call_output *output,
			  struct err *err)
{
	RET(struct meta_upload);
	return meta_call_found(meta_upload_find(tx, SCOPE, SPAN_LIT("a"),
						SPAN_LIT("me"),
						SPAN_LIT(UPLOAD), ret, err),
			       err);
}

int call_meta_upload_touch(struct meta_tx *tx, struct meta_call_output *output,
			   struct err *err)
{
	(void)output;
	return meta_call_found(meta_upload_touch(tx, SPAN_LIT(UPLOAD), err),
			       err);
}

int call_meta_upload_delete(struct meta_tx *tx, struct meta_call_output *output,
			    struct err *err)
{
	(void)output;
	return meta_call_found(meta_upload_delete(tx, SPAN_LIT(UPLOAD), err),
			       err);
}

int call_meta_upload_count(struct meta_tx *tx, struct meta_call_output *output,
			   struct err *err)
{
	RET(struct meta_upload_counts);
	return meta_upload_count(tx, SCOPE, SPAN_LIT("a"), SPAN_LIT("me"), ret,
				 err);
}

int call_meta_upload_expired(struct meta_tx *tx,
			     struct meta_call_output *output, struct err *err)
{
	(void)output;
	return meta_upload_expired(tx, INT64_MAX, 10, meta_call_no_name, NULL,
				   err);
}

int call_meta_upload_exists(struct meta_tx *tx, struct meta_call_output *output,
			    struct err *err)
{
	(void)output;
	return meta_call_found(meta_upload_exists(tx, SPAN_LIT(UPLOAD), err),
			       err);
}

int call_meta_event_append(struct meta_tx *tx, struct meta_call_output *output,
			   struct err *err)
{
	struct meta_event event = {.kind = SPAN_LIT("test"),
				   .actor = SPAN_LIT("me")};
	(void)output;
	return meta_event_append(tx, SCOPE, &event, err);
}

int call_meta_event_page(struct meta_tx *tx, struct meta_call_output *output,
			 struct err *err)
{
	(void)output;
	return meta_event_page(tx, SCOPE, 0, 10, no_event, NULL, err);
}

const struct meta_call meta_calls[] = {
#define CALL(function) {.name = #function, .run = call_##function},
#include "tests/lib/meta_calls.def"
#undef CALL
};

const size_t meta_calls_count = sizeof(meta_calls) / sizeof(meta_calls[0]);

static void fill_blob(struct meta_tx *tx, unsigned seed, const char *key)
{
	struct digest digest = meta_fixture_digest(seed);
	struct err err = ERR_INIT;
	int64_t id = 0;

	CHECK(meta_blob_insert(tx, &digest, 100 * seed, key, &id, &err) == 0);
	CHECK(id == (int64_t)seed);
}

static int fill(struct meta_tx *tx, void *context, struct err *err)
{
	struct digest blob = meta_fixture_digest(BLOB);
	struct digest image = meta_fixture_digest(IMAGE);
	struct digest before;
	struct meta_event event = {.kind = SPAN_LIT("fill")};
	int64_t id = 0;
	bool flag = false;

	(void)context;
	CHECK(meta_repository_ensure(tx, SCOPE, SPAN_LIT("a"), &id, &flag,
				     err) == 0);
	CHECK(id == REPOSITORY_ID);
	fill_blob(tx, BLOB, "key/1");
	fill_blob(tx, CONDEMNED, "key/2");
	fill_blob(tx, DELETING, "key/3");
	CHECK(meta_blob_condemn(tx, CONDEMNED_ID, err) == 1);
	CHECK(meta_blob_condemn(tx, DELETING_ID, err) == 1);
	CHECK(meta_blob_begin_delete(tx, DELETING_ID, err) == 1);
	CHECK(meta_blob_link(tx, REPOSITORY_ID, &blob, err) == 0);
	CHECK(put_manifest(tx, IMAGE, 0, &flag, err) == 0);
	CHECK(put_manifest(tx, REFERRER, IMAGE, &flag, err) == 0);
	CHECK(meta_manifest_refer(tx, REPOSITORY_ID, &image, &blob,
				  META_REFERENCE_CONFIG, err) == 0);
	CHECK(meta_tag_put(tx, REPOSITORY_ID, SPAN_LIT("latest"), &image,
			   &before, err) == 0);
	CHECK(insert_upload(tx, UPLOAD, err) == 0);
	CHECK(meta_event_append(tx, SCOPE, &event, err) == 0);
	meta_calls_fill_identities(tx);
	return 0;
}

void meta_calls_fill(struct meta *meta)
{
	meta_fixture_write(meta, fill, NULL);
}
