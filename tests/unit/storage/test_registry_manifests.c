/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/registry_manifests.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hasher.h"
#include "storage/manifest.h"
#include "storage/registry_blobs.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/registry_fixture.h"

#define LAYER "layer bytes"
#define CONFIG "{\"config\":1}"
#define BODY_SIZE 2048

static struct registry_fixture fixture;

/* An image manifest over CONFIG and one layer. */
static void make_image(char body[BODY_SIZE], const char *layer, size_t size)
{
	struct digest config_digest = fixture_digest(CONFIG);
	struct digest layer_digest = fixture_digest(layer);
	char config_text[DIGEST_TEXT_SIZE], layer_text[DIGEST_TEXT_SIZE];

	digest_format(&config_digest, config_text);
	digest_format(&layer_digest, layer_text);
	snprintf(body, BODY_SIZE,
		 "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_OCI_IMAGE
		 "\",\"config\":{\"mediaType\":\"application/"
		 "vnd.oci.image.config.v1+json\",\"digest\":\"%s\",\"size\":"
		 "%zu},\"layers\":[{\"mediaType\":\"application/"
		 "vnd.oci.image.layer.v1.tar\",\"digest\":\"%s\",\"size\":"
		 "%zu}]}",
		 config_text, strlen(CONFIG), layer_text, size);
}

static void make_index(char body[BODY_SIZE], const char *child)
{
	struct digest digest = fixture_digest(child);
	char text[DIGEST_TEXT_SIZE];

	digest_format(&digest, text);
	snprintf(body, BODY_SIZE,
		 "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_OCI_INDEX
		 "\",\"manifests\":[{\"mediaType\":\"" MANIFEST_OCI_IMAGE
		 "\",\"digest\":\"%s\",\"size\":%zu}]}",
		 text, strlen(child));
}

static struct reference by_tag(const char *tag)
{
	return (struct reference){.tag = span_of(tag)};
}

static struct reference by_digest(const char *body)
{
	return (struct reference){.is_digest = true,
				  .digest = fixture_digest(body)};
}

static enum err_code put_push(const struct registry_push *push)
{
	struct registry_pushed pushed;
	struct err err = ERR_INIT;

	memset(&pushed, 0x5a, sizeof(pushed));
	if (registry_manifest_put(fixture.registry, &fixture_at, push, &pushed,
				  &err) < 0)
		CHECK(pushed.subject[0] == 0x5a);
	return err.code;
}

static enum err_code put(const char *tag, const char *body)
{
	struct registry_push push = {.reference = by_tag(tag),
				     .body = span_of(body)};

	return put_push(&push);
}

static enum err_code get(struct reference reference, const char *want)
{
	struct meta_stored stored;
	struct err err = ERR_INIT;

	memset(&stored, 0, sizeof(stored));
	if (registry_manifest_get(fixture.registry, &fixture_at, &reference,
				  &stored, &err) == 0)
		CHECK(span_equal(buf_span(&stored.body), span_of(want)));
	meta_stored_release(&stored);
	return err.code;
}

static enum err_code delete_one(struct reference reference)
{
	struct err err = ERR_INIT;

	registry_manifest_delete(fixture.registry, &fixture_at, &reference,
				 &err);
	return err.code;
}

static void open_with_blobs(void)
{
	registry_fixture_open(&fixture);
	fixture_push(&fixture, &fixture_at, LAYER);
	fixture_push(&fixture, &fixture_at, CONFIG);
}

static void test_a_manifest_reads_back_as_it_came(void)
{
	char body[BODY_SIZE];
	char log[FIXTURE_LOG_SIZE];

	open_with_blobs();
	make_image(body, LAYER, strlen(LAYER));
	fixture.changes = 0;
	CHECK(put("v1", body) == ERR_NONE);
	CHECK(fixture.changes == 1 && fixture.events_seen == 5);
	CHECK(get(by_tag("v1"), body) == ERR_NONE);
	CHECK(get(by_digest(body), body) == ERR_NONE);
	CHECK(get(by_tag("v2"), body) == ERR_MANIFEST_UNKNOWN);
	registry_fixture_reopen(&fixture);
	CHECK(get(by_tag("v1"), body) == ERR_NONE);
	CHECK(put("v1", body) == ERR_NONE);
	CHECK(put("v2", body) == ERR_NONE);
	fixture_events(&fixture, log);
	CHECK_TEXT(log, "repository.create team/app ;blob.push team/app ;"
			"blob.push team/app ;manifest.push team/app ;"
			"tag.create team/app v1;tag.create team/app v2;");
	registry_fixture_close(&fixture);
}

static void test_a_tag_moves(void)
{
	char first[BODY_SIZE], second[BODY_SIZE];
	char log[FIXTURE_LOG_SIZE];

	open_with_blobs();
	fixture_push(&fixture, &fixture_at, "another");
	make_image(first, LAYER, strlen(LAYER));
	make_image(second, "another", strlen("another"));
	CHECK(put("v1", first) == ERR_NONE);
	CHECK(put("v1", second) == ERR_NONE);
	CHECK(get(by_tag("v1"), second) == ERR_NONE);
	CHECK(get(by_digest(first), first) == ERR_NONE);
	fixture_events(&fixture, log);
	CHECK(strstr(log, "tag.move team/app v1;"));
	registry_fixture_close(&fixture);
}

static void test_what_it_names_must_be_there(void)
{
	char body[BODY_SIZE], index[BODY_SIZE];
	char log[FIXTURE_LOG_SIZE];

	registry_fixture_open(&fixture);
	make_image(body, LAYER, strlen(LAYER));
	make_index(index, body);
	CHECK(put("v1", body) == ERR_MANIFEST_BLOB_UNKNOWN);
	fixture_push(&fixture, &fixture_other_repository, LAYER);
	fixture_push(&fixture, &fixture_other_repository, CONFIG);
	CHECK(put("v1", body) == ERR_MANIFEST_BLOB_UNKNOWN);
	fixture_events(&fixture, log);
	CHECK(!strstr(log, "team/app"));
	fixture_push(&fixture, &fixture_at, LAYER);
	fixture_push(&fixture, &fixture_at, CONFIG);
	CHECK(put("i1", index) == ERR_MANIFEST_BLOB_UNKNOWN);
	CHECK(put("v1", body) == ERR_NONE);
	CHECK(put("i1", index) == ERR_NONE);
	make_image(body, LAYER, strlen(LAYER) + 1);
	CHECK(put("v2", body) == ERR_MANIFEST_INVALID);
	make_index(index, "not here");
	CHECK(put("i2", index) == ERR_MANIFEST_BLOB_UNKNOWN);
	fixture.config.sparse_indexes = true;
	registry_fixture_reopen(&fixture);
	CHECK(put("i2", index) == ERR_NONE);
	registry_fixture_close(&fixture);
}

static void test_a_push_revives_what_it_names(void)
{
	struct digest layer = fixture_digest(LAYER);
	char body[BODY_SIZE];

	open_with_blobs();
	make_image(body, LAYER, strlen(LAYER));
	fixture_condemn(&fixture, &layer);
	CHECK(put("v1", body) == ERR_NONE);
	CHECK(fixture_state(&fixture, &layer, NULL) == META_BLOB_LIVE);
	fixture_condemn(&fixture, &layer);
	CHECK(put("v1", body) == ERR_NONE);
	CHECK(fixture_state(&fixture, &layer, NULL) == META_BLOB_LIVE);
	fixture_begin_delete(&fixture, &layer);
	CHECK(put("v2", body) == ERR_MANIFEST_BLOB_UNKNOWN);
	CHECK(get(by_tag("v2"), body) == ERR_MANIFEST_UNKNOWN);
	registry_fixture_close(&fixture);
}

static void test_a_named_blob_stays(void)
{
	struct digest layer = fixture_digest(LAYER);
	struct err err = ERR_INIT;
	char body[BODY_SIZE];

	open_with_blobs();
	make_image(body, LAYER, strlen(LAYER));
	CHECK(put("v1", body) == ERR_NONE);
	CHECK(registry_blob_delete(fixture.registry, &fixture_at, &layer,
				   &err) == -1);
	CHECK(err.code == ERR_BLOB_IN_USE);
	CHECK(delete_one(by_tag("v1")) == ERR_NONE);
	CHECK(delete_one(by_digest(body)) == ERR_NONE);
	err_clear(&err);
	CHECK(registry_blob_delete(fixture.registry, &fixture_at, &layer,
				   &err) == 0);
	registry_fixture_close(&fixture);
}

static void test_tags_of_a_push_by_digest_are_all_or_none(void)
{
	struct span tags[] = {SPAN_LIT("a"), SPAN_LIT("b"), SPAN_LIT("c")};
	char body[BODY_SIZE];

	open_with_blobs();
	make_image(body, LAYER, strlen(LAYER));
	struct registry_push push = {.reference = by_digest(body),
				     .body = span_of(body),
				     .tags = tags,
				     .tag_count = 3};
	fixture.config.tags_per_push = 2;
	registry_fixture_reopen(&fixture);
	CHECK(put_push(&push) == ERR_TOO_MANY_TAGS);
	fixture.config.tags_per_push = 3;
	registry_fixture_reopen(&fixture);
	tags[2] = SPAN_LIT("-not a tag");
	CHECK(put_push(&push) == ERR_TAG_INVALID);
	CHECK(get(by_tag("a"), body) == ERR_MANIFEST_UNKNOWN);
	tags[2] = SPAN_LIT("c");
	CHECK(put_push(&push) == ERR_NONE);
	CHECK(get(by_tag("a"), body) == ERR_NONE);
	CHECK(get(by_tag("c"), body) == ERR_NONE);
	registry_fixture_close(&fixture);
}

static void test_what_is_wrong_is_refused(void)
{
	const struct blob_faulty_plan little = {.space = 10};
	char body[BODY_SIZE];

	open_with_blobs();
	make_image(body, LAYER, strlen(LAYER));
	struct registry_push push = {.reference = by_digest("else"),
				     .body = span_of(body)};
	CHECK(put_push(&push) == ERR_DIGEST_INVALID);
	CHECK(put("v1", "{}") == ERR_MANIFEST_INVALID);
	CHECK(put("v1", "") == ERR_MANIFEST_INVALID);
	fixture.config.manifest_max = strlen(body) - 1;
	registry_fixture_reopen(&fixture);
	CHECK(put("v1", body) == ERR_TOO_LARGE);
	fixture.config.manifest_max = strlen(body);
	fixture.config.descriptors_max = 1;
	registry_fixture_reopen(&fixture);
	CHECK(put("v1", body) == ERR_TOO_LARGE);
	fixture.config.descriptors_max = 2;
	fixture.config.low_water = 1000;
	registry_fixture_reopen(&fixture);
	blob_faulty_set(fixture.blobs, &little);
	registry_tidy(fixture.registry);
	CHECK(put("v1", body) == ERR_NO_SPACE);
	blob_faulty_set(fixture.blobs, &(struct blob_faulty_plan){0});
	registry_tidy(fixture.registry);
	CHECK(put("v1", body) == ERR_NONE);
	registry_fixture_close(&fixture);
}

static void test_what_is_forbidden_is_refused(void)
{
	char body[BODY_SIZE];

	open_with_blobs();
	make_image(body, LAYER, strlen(LAYER));
	CHECK(put("v1", body) == ERR_NONE);
	fixture.config.allow_delete = false;
	registry_fixture_reopen(&fixture);
	CHECK(delete_one(by_tag("v1")) == ERR_DISABLED);
	fixture.config.allow_delete = true;
	fixture.config.read_only = true;
	registry_fixture_reopen(&fixture);
	CHECK(delete_one(by_tag("v1")) == ERR_READ_ONLY);
	CHECK(put("v2", body) == ERR_READ_ONLY);
	CHECK(get(by_tag("v1"), body) == ERR_NONE);
	registry_fixture_close(&fixture);
}

static void test_a_delete_takes_the_tags_with_it(void)
{
	char body[BODY_SIZE];
	char log[FIXTURE_LOG_SIZE];

	open_with_blobs();
	make_image(body, LAYER, strlen(LAYER));
	CHECK(put("a", body) == ERR_NONE);
	CHECK(put("b", body) == ERR_NONE);
	CHECK(delete_one(by_tag("a")) == ERR_NONE);
	CHECK(delete_one(by_tag("a")) == ERR_MANIFEST_UNKNOWN);
	CHECK(get(by_digest(body), body) == ERR_NONE);
	CHECK(delete_one(by_digest(body)) == ERR_NONE);
	CHECK(get(by_tag("b"), body) == ERR_MANIFEST_UNKNOWN);
	CHECK(delete_one(by_digest(body)) == ERR_MANIFEST_UNKNOWN);
	fixture_events(&fixture, log);
	CHECK(strstr(log, "tag.delete team/app a;manifest.delete team/app ;"));
	registry_fixture_close(&fixture);
}

static void test_a_failing_database_leaves_all_or_nothing(void)
{
	char body[BODY_SIZE];
	bool again = true;

	open_with_blobs();
	make_image(body, LAYER, strlen(LAYER));
	for (long nth = 0; again; nth++) {
		sql_faulty_arm(fixture.sql, SQL_FAULTY_STEP, nth, 1);
		enum err_code code = put("v1", body);
		again = sql_faulty_disarm(fixture.sql);
		CHECK(again || code == ERR_NONE);
		CHECK((get(by_tag("v1"), body) == ERR_NONE) ==
		      (get(by_digest(body), body) == ERR_NONE));
		if (code != ERR_NONE)
			CHECK(put("v1", body) == ERR_NONE);
		CHECK(get(by_tag("v1"), body) == ERR_NONE);
		CHECK(delete_one(by_digest(body)) == ERR_NONE);
	}
	registry_fixture_close(&fixture);
}

/* ---- threads ---- */

static char shared_body[BODY_SIZE];
static _Atomic enum err_code put_came, delete_came;

static void *put_shared(void *context)
{
	(void)context;
	put_came = put("v1", shared_body);
	return NULL;
}

static void *delete_layer(void *context)
{
	struct digest layer = fixture_digest(LAYER);
	struct err err = ERR_INIT;

	(void)context;
	registry_blob_delete(fixture.registry, &fixture_at, &layer, &err);
	delete_came = err.code;
	return NULL;
}

/* A manifest never stands without a blob it names. */
static void test_a_push_and_a_delete_of_its_blob_at_once(void)
{
	open_with_blobs();
	make_image(shared_body, LAYER, strlen(LAYER));
	for (int i = 0; i < 20; i++) {
		pthread_t threads[2];

		CHECK(pthread_create(&threads[0], NULL, put_shared, NULL) == 0);
		CHECK(pthread_create(&threads[1], NULL, delete_layer, NULL) ==
		      0);
		pthread_join(threads[0], NULL);
		pthread_join(threads[1], NULL);
		if (put_came == ERR_NONE) {
			CHECK(delete_came == ERR_BLOB_IN_USE);
			CHECK(fixture_pull(&fixture, &fixture_at, LAYER) ==
			      ERR_NONE);
			CHECK(delete_one(by_digest(shared_body)) == ERR_NONE);
		} else {
			CHECK(put_came == ERR_MANIFEST_BLOB_UNKNOWN);
			CHECK(delete_came == ERR_NONE);
			fixture_push(&fixture, &fixture_at, LAYER);
		}
	}
	registry_fixture_close(&fixture);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_manifest_reads_back_as_it_came),
		CHECK_CASE(test_a_tag_moves),
		CHECK_CASE(test_what_it_names_must_be_there),
		CHECK_CASE(test_a_push_revives_what_it_names),
		CHECK_CASE(test_a_named_blob_stays),
		CHECK_CASE(test_tags_of_a_push_by_digest_are_all_or_none),
		CHECK_CASE(test_what_is_wrong_is_refused),
		CHECK_CASE(test_what_is_forbidden_is_refused),
		CHECK_CASE(test_a_delete_takes_the_tags_with_it),
		CHECK_CASE(test_a_failing_database_leaves_all_or_nothing),
		CHECK_CASE(test_a_push_and_a_delete_of_its_blob_at_once),
	};

	return REGISTRY_FIXTURE_RUN(argc, argv, cases);
}
