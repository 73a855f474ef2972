/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/registry_blobs.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "storage/blob_driver.h"
#include "storage/registry_manifests.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/registry_fixture.h"

#define TEXT "the content of a layer"

static const struct registry_at other_account = {
	.scope = {.account = {.text = "111111111111", .len = 12},
		  .region = {.text = "local", .len = 5}},
	.repository = {.text = "team/app", .len = 8},
	.actor = {.text = "eve", .len = 3},
	.may_create = true,
};

static struct registry_fixture fixture;

static enum err_code stat_code(const struct registry_at *at,
			       const struct digest *digest)
{
	struct err err = ERR_INIT;
	uint64_t size = 4711;

	if (registry_blob_stat(fixture.registry, at, digest, &size, &err) < 0)
		CHECK(size == 4711);
	else
		CHECK(size == strlen(TEXT));
	return err.code;
}

/* 1, 0, or minus the code. */
static int mount(const struct registry_at *at, const struct digest *digest,
		 const char *from)
{
	struct err err = ERR_INIT;
	int rc = registry_blob_mount(fixture.registry, at, digest,
				     span_of(from), &err);

	CHECK((rc < 0) == (err.code != ERR_NONE));
	return rc < 0 ? -(int)err.code : rc;
}

static enum err_code delete_code(const struct registry_at *at,
				 const struct digest *digest)
{
	struct err err = ERR_INIT;

	registry_blob_delete(fixture.registry, at, digest, &err);
	return err.code;
}

static void test_a_blob_is_seen_where_it_is_held(void)
{
	struct digest digest;

	registry_fixture_open(&fixture);
	digest = fixture_push(&fixture, &fixture_at, TEXT);
	fixture_push(&fixture, &fixture_other_repository, "something else");
	CHECK(stat_code(&fixture_at, &digest) == ERR_NONE);
	CHECK(stat_code(&fixture_other_repository, &digest) ==
	      ERR_BLOB_UNKNOWN);
	CHECK(stat_code(&other_account, &digest) == ERR_REPOSITORY_UNKNOWN);
	CHECK(fixture_pull(&fixture, &fixture_other_repository, TEXT) ==
	      ERR_BLOB_UNKNOWN);
	registry_fixture_close(&fixture);
}

static void test_looking_revives_what_is_condemned(void)
{
	struct digest digest;

	registry_fixture_open(&fixture);
	digest = fixture_push(&fixture, &fixture_at, TEXT);
	fixture_condemn(&fixture, &digest);
	CHECK(stat_code(&fixture_other_repository, &digest) ==
	      ERR_REPOSITORY_UNKNOWN);
	CHECK(fixture_state(&fixture, &digest, NULL) == META_BLOB_CONDEMNED);
	CHECK(stat_code(&fixture_at, &digest) == ERR_NONE);
	CHECK(fixture_state(&fixture, &digest, NULL) == META_BLOB_LIVE);
	fixture_condemn(&fixture, &digest);
	CHECK(fixture_pull(&fixture, &fixture_at, TEXT) == ERR_NONE);
	CHECK(fixture_state(&fixture, &digest, NULL) == META_BLOB_LIVE);
	fixture_condemn(&fixture, &digest);
	CHECK(mount(&fixture_other_repository, &digest, "team/app") == 1);
	CHECK(fixture_state(&fixture, &digest, NULL) == META_BLOB_LIVE);
	registry_fixture_close(&fixture);
}

static void test_what_is_being_deleted_is_not_there(void)
{
	struct digest digest;

	registry_fixture_open(&fixture);
	digest = fixture_push(&fixture, &fixture_at, TEXT);
	fixture_begin_delete(&fixture, &digest);
	CHECK(stat_code(&fixture_at, &digest) == ERR_BLOB_UNKNOWN);
	CHECK(fixture_pull(&fixture, &fixture_at, TEXT) == ERR_BLOB_UNKNOWN);
	CHECK(mount(&fixture_other_repository, &digest, "team/app") == 0);
	CHECK(mount(&fixture_other_repository, &digest, "") == 0);
	CHECK(delete_code(&fixture_at, &digest) == ERR_BLOB_UNKNOWN);
	registry_fixture_close(&fixture);
}

static void test_lost_bytes_are_corruption(void)
{
	struct digest digest;
	struct meta_blob blob;
	struct err err = ERR_INIT;

	registry_fixture_open(&fixture);
	digest = fixture_push(&fixture, &fixture_at, TEXT);
	fixture_state(&fixture, &digest, &blob);
	CHECK(fixture.blobs->ops->remove(fixture.blobs, blob.key, &err) == 0);
	CHECK(fixture_pull(&fixture, &fixture_at, TEXT) == ERR_CORRUPT);
	registry_fixture_close(&fixture);
}

/* As a damaged index or row would have it. */
static int mislead_work(struct meta_tx *tx, void *context, struct err *err)
{
	const struct digest *digests = context;
	struct meta_blob mine;
	struct meta_blob other;

	CHECK(meta_blob_find(tx, &digests[0], &mine, err) == 1);
	CHECK(meta_blob_find(tx, &digests[1], &other, err) == 1);
	other.key[strlen(other.key) - 1] ^= 1;
	CHECK(meta_blob_replace(tx, mine.id, mine.key, mine.size, other.key,
				err) == 1);
	return 0;
}

static void test_a_row_that_leads_elsewhere_is_corruption(void)
{
	struct digest digests[2];

	registry_fixture_open(&fixture);
	digests[0] = fixture_push(&fixture, &fixture_at, TEXT);
	digests[1] = fixture_push(&fixture, &fixture_at, "another");
	meta_fixture_write(fixture.meta, mislead_work, digests);
	CHECK(stat_code(&fixture_at, &digests[0]) == ERR_CORRUPT);
	registry_fixture_close(&fixture);
}

static void test_a_mount_links_the_one_copy(void)
{
	struct digest digest;
	char log[FIXTURE_LOG_SIZE];

	registry_fixture_open(&fixture);
	digest = fixture_push(&fixture, &fixture_at, TEXT);
	size_t changes = fixture.changes;
	CHECK(mount(&fixture_other_repository, &digest, "no/such") == 0);
	CHECK(mount(&fixture_other_repository, &digest, "team/other") == 0);
	CHECK(fixture.changes == changes);
	CHECK(mount(&fixture_other_repository, &digest, "team/app") == 1);
	CHECK(fixture.changes == changes + 1);
	CHECK(fixture.events_seen == 4);
	CHECK(mount(&fixture_other_repository, &digest, "team/app") == 1);
	CHECK(mount(&other_account, &digest, "") == 0);
	CHECK(mount(&other_account, &digest, "team/app") == 0);
	CHECK(fixture_pull(&fixture, &fixture_other_repository, TEXT) ==
	      ERR_NONE);
	CHECK(fixture_published(&fixture) == 1);
	fixture_events(&fixture, log);
	CHECK_TEXT(log, "repository.create team/app ;blob.push team/app ;"
			"repository.create team/other ;"
			"blob.mount team/other ;blob.mount team/other ;");
	registry_fixture_close(&fixture);
}

static int note_name(void *context, struct span name, struct err *err)
{
	struct buf *names = context;

	(void)err;
	buf_appendf(names, "%.*s ", SPAN_ARG(name));
	return 0;
}

static void check_holders(struct meta_scope scope, const struct digest *digest,
			  size_t limit, const char *want)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT(4096);
	struct err err = ERR_INIT;

	CHECK(registry_blob_holders(fixture.registry, scope, digest, limit,
				    note_name, &names, &err) == 0);
	CHECK_TEXT(buf_text(&names), want);
}

static void test_tells_who_holds_a_blob(void)
{
	struct digest digest;

	registry_fixture_open(&fixture);
	digest = fixture_push(&fixture, &fixture_at, TEXT);
	check_holders(fixture_at.scope, &digest, 5, "team/app ");
	check_holders(other_account.scope, &digest, 5, "");
	CHECK(mount(&fixture_other_repository, &digest, "team/app") == 1);
	CHECK(delete_code(&fixture_at, &digest) == ERR_NONE);
	check_holders(fixture_at.scope, &digest, 5, "team/other ");
	CHECK(mount(&fixture_at, &digest, "team/other") == 1);
	check_holders(fixture_at.scope, &digest, 0, "");
	registry_fixture_close(&fixture);
}

static void test_a_mount_makes_no_repository_where_pushes_do_not(void)
{
	struct digest digest;

	registry_fixture_open(&fixture);
	digest = fixture_push(&fixture, &fixture_at, TEXT);
	fixture.config.create_on_push = false;
	registry_fixture_reopen(&fixture);
	CHECK(mount(&fixture_other_repository, &digest, "team/app") ==
	      -ERR_REPOSITORY_UNKNOWN);
	registry_fixture_close(&fixture);
}

static void test_a_delete_takes_it_from_one_repository(void)
{
	struct digest digest;
	char log[FIXTURE_LOG_SIZE];

	registry_fixture_open(&fixture);
	digest = fixture_push(&fixture, &fixture_at, TEXT);
	CHECK(mount(&fixture_other_repository, &digest, "team/app") == 1);
	CHECK(delete_code(&fixture_at, &digest) == ERR_NONE);
	CHECK(delete_code(&fixture_at, &digest) == ERR_BLOB_UNKNOWN);
	CHECK(delete_code(&other_account, &digest) == ERR_REPOSITORY_UNKNOWN);
	CHECK(stat_code(&fixture_at, &digest) == ERR_BLOB_UNKNOWN);
	CHECK(stat_code(&fixture_other_repository, &digest) == ERR_NONE);
	fixture_events(&fixture, log);
	CHECK(strstr(log, "blob.delete team/app ;"));
	registry_fixture_close(&fixture);
}

static void test_what_is_forbidden_is_refused(void)
{
	struct digest digest;

	registry_fixture_open(&fixture);
	digest = fixture_push(&fixture, &fixture_at, TEXT);
	fixture.config.allow_delete = false;
	registry_fixture_reopen(&fixture);
	CHECK(delete_code(&fixture_at, &digest) == ERR_DISABLED);
	fixture_condemn(&fixture, &digest);
	fixture.config.allow_delete = true;
	fixture.config.read_only = true;
	registry_fixture_reopen(&fixture);
	CHECK(delete_code(&fixture_at, &digest) == ERR_READ_ONLY);
	CHECK(mount(&fixture_other_repository, &digest, "team/app") ==
	      -ERR_READ_ONLY);
	CHECK(stat_code(&fixture_at, &digest) == ERR_NONE);
	CHECK(fixture_state(&fixture, &digest, NULL) == META_BLOB_CONDEMNED);
	registry_fixture_close(&fixture);
}

static void test_a_failing_database_fails_the_call_only(void)
{
	struct digest digest;
	bool again = true;

	registry_fixture_open(&fixture);
	digest = fixture_push(&fixture, &fixture_at, TEXT);
	for (long nth = 0; again; nth++) {
		fixture_condemn(&fixture, &digest);
		sql_faulty_arm(fixture.sql, SQL_FAULTY_STEP, nth, 1);
		enum err_code code = stat_code(&fixture_at, &digest);
		int mounted =
			mount(&fixture_other_repository, &digest, "team/app");
		again = sql_faulty_disarm(fixture.sql);
		CHECK(code == ERR_NONE || again);
		CHECK(mounted == 1 || again);
		CHECK(stat_code(&fixture_at, &digest) == ERR_NONE);
		CHECK(mount(&fixture_other_repository, &digest, "team/app") ==
		      1);
		CHECK(delete_code(&fixture_other_repository, &digest) ==
		      ERR_NONE);
		CHECK(fixture_state(&fixture, &digest, NULL) == META_BLOB_LIVE);
	}
	registry_fixture_close(&fixture);
}

/* ---- threads ---- */

static struct digest shared;
static atomic_int mounted;

static void *mount_shared(void *context)
{
	(void)context;
	mounted = mount(&fixture_other_repository, &shared, "team/app");
	return NULL;
}

static void *delete_shared(void *context)
{
	(void)context;
	CHECK(delete_code(&fixture_at, &shared) == ERR_NONE);
	return NULL;
}

/* Whichever comes first: what was told is true afterwards. */
static void test_a_mount_and_a_delete_at_once(void)
{
	registry_fixture_open(&fixture);
	for (int i = 0; i < 20; i++) {
		pthread_t threads[2];
		char text[32];

		snprintf(text, sizeof(text), "content %d", i);
		shared = fixture_push(&fixture, &fixture_at, text);
		CHECK(pthread_create(&threads[0], NULL, mount_shared, NULL) ==
		      0);
		CHECK(pthread_create(&threads[1], NULL, delete_shared, NULL) ==
		      0);
		pthread_join(threads[0], NULL);
		pthread_join(threads[1], NULL);
		CHECK(mounted == 0 || mounted == 1);
		enum err_code seen =
			fixture_pull(&fixture, &fixture_other_repository, text);
		CHECK((seen == ERR_NONE) == (mounted == 1));
	}
	registry_fixture_close(&fixture);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_blob_is_seen_where_it_is_held),
		CHECK_CASE(test_looking_revives_what_is_condemned),
		CHECK_CASE(test_what_is_being_deleted_is_not_there),
		CHECK_CASE(test_lost_bytes_are_corruption),
		CHECK_CASE(test_a_row_that_leads_elsewhere_is_corruption),
		CHECK_CASE(test_a_mount_links_the_one_copy),
		CHECK_CASE(test_tells_who_holds_a_blob),
		CHECK_CASE(
			test_a_mount_makes_no_repository_where_pushes_do_not),
		CHECK_CASE(test_a_delete_takes_it_from_one_repository),
		CHECK_CASE(test_what_is_forbidden_is_refused),
		CHECK_CASE(test_a_failing_database_fails_the_call_only),
		CHECK_CASE(test_a_mount_and_a_delete_at_once),
	};

	return REGISTRY_FIXTURE_RUN(argc, argv, cases);
}
