/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_manifests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "storage/meta_blobs.h"
#include "storage/meta_tags.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

#define SCOPE meta_fixture_scope

#define BODY_SIZE (4 * 1024 * 1024)

static bool put(struct meta_tx *tx, int64_t repository_id, unsigned seed,
		unsigned subject, const char *type)
{
	struct digest of = meta_fixture_digest(subject);
	struct meta_manifest manifest = {
		.digest = meta_fixture_digest(seed),
		.media_type = SPAN_LIT("application/vnd.x+json"),
		.artifact_type = span_of(type),
		.annotations = SPAN_LIT("{\"a\":\"b\"}"),
		.subject = subject ? &of : NULL,
		.body = SPAN_LIT("{ \"body\" : 1 }\n"),
	};
	struct err err = ERR_INIT;
	bool made = false;

	CHECK(meta_manifest_put(tx, repository_id, &manifest, &made, &err) ==
	      0);
	return made;
}

static int bytes_come_back_as_they_went(struct meta_tx *tx, void *context,
					struct err *err)
{
	struct meta_manifest manifest = {
		.digest = meta_fixture_digest(1),
		.media_type = SPAN_LIT("application/one"),
	};
	char *body = malloc(BODY_SIZE);
	struct meta_stored stored;
	uint64_t size = 0;
	bool made = false;

	(void)context;
	CHECK(body);
	for (size_t i = 0; i < BODY_SIZE; i++)
		body[i] = (char)(i * 7 + i / 255);
	manifest.body = span_make(body, BODY_SIZE);
	CHECK(meta_manifest_get(tx, 1, &manifest.digest, &stored, err) == 0);
	CHECK(meta_manifest_put(tx, 1, &manifest, &made, err) == 0 && made);
	CHECK(meta_manifest_stat(tx, 1, &manifest.digest, &size, err) == 1);
	CHECK(size == BODY_SIZE);
	CHECK(meta_manifest_get(tx, 1, &manifest.digest, &stored, err) == 1);
	CHECK(digest_equal(&stored.digest, &manifest.digest));
	CHECK_TEXT(buf_text(&stored.media_type), "application/one");
	CHECK(span_equal(buf_span(&stored.body), manifest.body));
	meta_stored_release(&stored);

	/* The newest media type counts. */
	manifest.media_type = SPAN_LIT("application/two");
	CHECK(meta_manifest_put(tx, 1, &manifest, &made, err) == 0 && !made);
	CHECK(meta_manifest_get(tx, 1, &manifest.digest, &stored, err) == 1);
	CHECK_TEXT(buf_text(&stored.media_type), "application/two");
	CHECK(span_equal(buf_span(&stored.body), manifest.body));
	meta_stored_release(&stored);
	meta_stored_release(&stored);

	CHECK(meta_manifest_get(tx, 2, &manifest.digest, &stored, err) == 0);
	CHECK(meta_manifest_stat(tx, 2, &manifest.digest, &size, err) == 0);
	free(body);
	return 0;
}

static int tags_lead_to_manifests(struct meta_tx *tx, void *context,
				  struct err *err)
{
	struct digest one = meta_fixture_digest(1);
	struct digest ignored;
	struct meta_stored stored;

	(void)context;
	CHECK(put(tx, 1, 1, 0, ""));
	CHECK(meta_manifest_get_tagged(tx, 1, SPAN_LIT("t"), &stored, err) ==
	      0);
	CHECK(meta_tag_put(tx, 1, SPAN_LIT("t"), &one, &ignored, err) == 0);
	CHECK(meta_manifest_get_tagged(tx, 1, SPAN_LIT("t"), &stored, err) ==
	      1);
	CHECK(digest_equal(&stored.digest, &one));
	CHECK_TEXT(buf_text(&stored.body), "{ \"body\" : 1 }\n");
	meta_stored_release(&stored);
	CHECK(meta_manifest_get_tagged(tx, 2, SPAN_LIT("t"), &stored, err) ==
	      0);
	return 0;
}

static int deletion_takes_tags_and_references(struct meta_tx *tx, void *context,
					      struct err *err)
{
	struct digest one = meta_fixture_digest(1);
	struct digest two = meta_fixture_digest(2);
	struct digest layer = meta_fixture_digest(9);
	struct digest got;
	int64_t tags = -1;

	(void)context;
	CHECK(meta_manifest_delete(tx, 1, &one, &tags, err) == 0 && tags == -1);
	CHECK(put(tx, 1, 1, 0, "") && put(tx, 1, 2, 0, "") &&
	      put(tx, 2, 1, 0, ""));
	for (int64_t repository = 1; repository <= 2; repository++) {
		CHECK(meta_manifest_refer(tx, repository, &one, &layer,
					  META_REFERENCE_LAYER, err) == 0);
		CHECK(meta_manifest_refer(tx, repository, &one, &layer,
					  META_REFERENCE_LAYER, err) == 0);
		CHECK(meta_tag_put(tx, repository, SPAN_LIT("a"), &one, &got,
				   err) == 0);
		CHECK(meta_tag_put(tx, repository, SPAN_LIT("b"), &one, &got,
				   err) == 0);
		CHECK(meta_tag_put(tx, repository, SPAN_LIT("c"), &two, &got,
				   err) == 0);
	}
	CHECK(meta_manifest_delete(tx, 1, &one, &tags, err) == 1 && tags == 2);
	CHECK(meta_blob_in_use(tx, 1, &layer, err) == 0);
	CHECK(meta_tag_find(tx, 1, SPAN_LIT("a"), &got, err) == 0);
	CHECK(meta_tag_find(tx, 1, SPAN_LIT("c"), &got, err) == 1);
	/* The other repository's are another's. */
	CHECK(meta_blob_in_use(tx, 2, &layer, err) == 1);
	CHECK(meta_tag_find(tx, 2, SPAN_LIT("a"), &got, err) == 1);
	return 0;
}

struct seen {
	char all[1024];
	size_t room; /* referrers that it takes */
};

/* The first digits of each digest, and its artifact type's last letter. */
static int collect(void *context, const struct meta_referrer *referrer,
		   struct err *err)
{
	struct seen *seen = context;
	size_t used = strlen(seen->all);
	struct span type = referrer->artifact_type;

	(void)err;
	if (seen->room-- == 0)
		return 1;
	CHECK(referrer->size == 15);
	CHECK(span_equal(referrer->media_type,
			 SPAN_LIT("application/vnd.x+json")));
	CHECK(span_equal(referrer->annotations, SPAN_LIT("{\"a\":\"b\"}")));
	snprintf(seen->all + used, sizeof(seen->all) - used, "%.2s%.*s ",
		 referrer->digest.text + 7, type.len ? 1 : 0,
		 type.len ? type.text + type.len - 1 : "");
	return 0;
}

static void check_referrers(struct meta_tx *tx, const char *type,
			    unsigned after, size_t limit, const char *want,
			    bool want_more)
{
	struct digest subject = meta_fixture_digest(1);
	struct digest last = meta_fixture_digest(after);
	char text[DIGEST_TEXT_SIZE];
	struct meta_referrer_query query = {
		.repository_id = 1,
		.subject = &subject,
		.artifact_type = span_of(type),
		.after = span_of(""),
		.limit = limit,
	};
	struct seen seen = {.all = "", .room = 3};
	struct err err = ERR_INIT;
	bool more = !want_more;

	digest_format(&last, text);
	if (after)
		query.after = span_of(text);
	CHECK(meta_referrer_page(tx, &query, collect, &seen, &more, &err) == 0);
	CHECK_TEXT(seen.all, want);
	CHECK(more == want_more);
}

static int referrers_are_paged_and_filtered(struct meta_tx *tx, void *context,
					    struct err *err)
{
	(void)context;
	(void)err;
	check_referrers(tx, "", 0, 10, "", false);
	CHECK(put(tx, 1, 0x30, 1, "type/b") && put(tx, 1, 0x10, 1, "type/a") &&
	      put(tx, 1, 0x20, 1, "") && put(tx, 1, 0x40, 1, "type/a"));
	CHECK(put(tx, 1, 0x50, 2, "type/a") && put(tx, 2, 0x60, 1, "type/a") &&
	      put(tx, 1, 0x70, 0, "type/a"));
	check_referrers(tx, "", 0, 10, "10a 20 30b ", true); /* it is full */
	check_referrers(tx, "", 0x10, 10, "20 30b 40a ", false);
	check_referrers(tx, "", 0x10, 3, "20 30b 40a ", false);
	check_referrers(tx, "", 0, 3, "10a 20 30b ", true);
	check_referrers(tx, "", 0x20, 1, "30b ", true);
	check_referrers(tx, "", 0x40, 1, "", false);
	check_referrers(tx, "type/a", 0, 1, "10a ", true);
	check_referrers(tx, "type/a", 0x10, 1, "40a ", false);
	check_referrers(tx, "type/b", 0, 9, "30b ", false);
	check_referrers(tx, "type/c", 0, 9, "", false);
	check_referrers(tx, "", 0, 0, "", true);
	return 0;
}

static void test_bytes_come_back_as_they_went(void)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_write(meta, bytes_come_back_as_they_went, NULL);
	meta_close(meta);
}

static void test_tags_lead_to_manifests(void)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_write(meta, tags_lead_to_manifests, NULL);
	meta_close(meta);
}

static void test_deletion_takes_tags_and_references(void)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_write(meta, deletion_takes_tags_and_references, NULL);
	meta_close(meta);
}

static void test_referrers_are_paged_and_filtered(void)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_write(meta, referrers_are_paged_and_filtered, NULL);
	meta_close(meta);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_bytes_come_back_as_they_went),
		CHECK_CASE(test_tags_lead_to_manifests),
		CHECK_CASE(test_deletion_takes_tags_and_references),
		CHECK_CASE(test_referrers_are_paged_and_filtered),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
