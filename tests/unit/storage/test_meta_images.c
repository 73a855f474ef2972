/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_images.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "storage/meta_blobs.h"
#include "storage/meta_manifests.h"
#include "storage/meta_tags.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

#define SCOPE meta_fixture_scope

static void put_image(struct meta_tx *tx, int64_t repository, unsigned seed)
{
	struct err err = ERR_INIT;
	struct meta_manifest manifest = {
		.digest = meta_fixture_digest(seed),
		.media_type = SPAN_LIT("application/image"),
		.artifact_type = SPAN_LIT("application/art"),
		.annotations = SPAN_LIT(""),
		.body = SPAN_LIT("0123456789")};
	bool is_new = false;

	CHECK(meta_manifest_put(tx, repository, &manifest, &is_new, &err) == 0);
}

static void put_tag(struct meta_tx *tx, int64_t repository, unsigned seed,
		    const char *tag)
{
	struct digest digest = meta_fixture_digest(seed);
	struct err err = ERR_INIT;
	struct digest before;

	CHECK(meta_tag_put(tx, repository, span_of(tag), &digest, &before,
			   &err) >= 0);
}

static int64_t make_repository(struct meta_tx *tx, const char *name)
{
	struct err err = ERR_INIT;
	int64_t id = 0;
	bool made = false;

	CHECK(meta_repository_ensure(tx, SCOPE, span_of(name), &id, &made,
				     &err) == 0);
	return id;
}

static int add_name(void *context, struct span name, struct err *err)
{
	(void)err;
	buf_appendf(context, " %.*s", SPAN_ARG(name));
	return 0;
}

static int add_image(void *context, const struct meta_image *image,
		     struct err *err)
{
	(void)err;
	CHECK(span_equal(image->media_type, SPAN_LIT("application/image")));
	CHECK(span_equal(image->artifact_type, SPAN_LIT("application/art")));
	CHECK(image->size == 10 && image->pushed_ms == meta_fixture_ms);
	buf_appendf(context, " %.9s", image->digest.text);
	return 0;
}

static void check_page(struct meta_tx *tx, struct meta_image_query wanted,
		       const char *want, bool want_more)
{
	CLEANUP(buf_release) struct buf got = BUF_INIT(4096);
	struct err err = ERR_INIT;
	bool more = !want_more;

	CHECK(meta_image_page(tx, &wanted, add_image, &got, &more, &err) == 0);
	CHECK_TEXT(buf_text(&got), want);
	CHECK(more == want_more);
}

static int images_come_in_pages(struct meta_tx *tx, void *context,
				struct err *err)
{
	int64_t id = make_repository(tx, "a");
	int64_t other = make_repository(tx, "b");
	struct digest second = meta_fixture_digest(2);
	struct meta_image_query wanted = {
		.repository_id = id, .after = SPAN_LIT(""), .limit = 2};
	char digest[DIGEST_TEXT_SIZE];

	(void)context, (void)err;
	for (unsigned seed = 3; seed > 0; seed--)
		put_image(tx, id, seed);
	put_image(tx, other, 4);
	check_page(tx, wanted, " sha256:01 sha256:02", true);
	digest_format(&second, digest);
	wanted.after = span_of(digest);
	check_page(tx, wanted, " sha256:03", false);
	wanted.repository_id = other + 1;
	check_page(tx, wanted, "", false);
	return 0;
}

static int an_image_has_its_tags(struct meta_tx *tx, void *context,
				 struct err *err)
{
	CLEANUP(buf_release) struct buf got = BUF_INIT(4096);
	int64_t id = make_repository(tx, "a");
	struct digest image = meta_fixture_digest(1);
	char digest[DIGEST_TEXT_SIZE];
	bool more = true;

	(void)context;
	put_tag(tx, id, 1, "c");
	put_tag(tx, id, 1, "a");
	put_tag(tx, id, 2, "b");
	put_tag(tx, id + 1, 1, "d");
	digest_format(&image, digest);
	CHECK(meta_image_tags(tx, id, span_of(digest), 2, add_name, &got, &more,
			      err) == 0);
	CHECK_TEXT(buf_text(&got), " a c");
	CHECK(!more);
	CHECK(meta_image_tags(tx, id, span_of(digest), 1, add_name, &got, &more,
			      err) == 0);
	CHECK_TEXT(buf_text(&got), " a c a");
	CHECK(more);
	return 0;
}

static int a_repository_is_counted(struct meta_tx *tx, void *context,
				   struct err *err)
{
	struct digest blob = meta_fixture_digest(7);
	struct meta_repository_about about = {.tags = -1};
	int64_t empty = make_repository(tx, "empty");
	int64_t id = make_repository(tx, "a");
	int64_t blob_id = 0;

	(void)context;
	put_image(tx, id, 1);
	put_image(tx, id, 2);
	put_tag(tx, id, 1, "v1");
	put_tag(tx, id, 1, "v2");
	put_tag(tx, id, 2, "v3");
	CHECK(meta_blob_insert(tx, &blob, 1000, "key", &blob_id, err) == 0);
	CHECK(meta_blob_link(tx, id, &blob, err) == 0);
	CHECK(meta_repository_about(tx, id, &about, err) == 0);
	CHECK(about.created_ms == meta_fixture_ms);
	CHECK(about.tags == 3 && about.images == 2 && about.bytes == 1020);
	CHECK(meta_repository_about(tx, empty, &about, err) == 0);
	CHECK(about.tags == 0 && about.images == 0 && about.bytes == 0);
	CHECK(meta_repository_about(tx, id + 1, &about, err) == -1);
	CHECK(err->code == ERR_NOT_FOUND);
	return -1;
}

static void run(meta_work_fn *work)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_write(meta, work, NULL);
	meta_close(meta);
}

static void test_images_come_in_pages(void)
{
	run(images_come_in_pages);
}

static void test_an_image_has_its_tags(void)
{
	run(an_image_has_its_tags);
}

static void test_a_repository_is_counted(void)
{
	struct meta *meta = meta_fixture_open();
	struct err err = ERR_INIT;

	CHECK(meta_write(meta, a_repository_is_counted, NULL, &err) == -1);
	CHECK(err.code == ERR_NOT_FOUND);
	meta_close(meta);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_images_come_in_pages),
		CHECK_CASE(test_an_image_has_its_tags),
		CHECK_CASE(test_a_repository_is_counted),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
