/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/registry_uploads.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hasher.h"
#include "storage/registry_blobs.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/registry_fixture.h"

#define TEXT "the content of a layer"

static struct registry_fixture fixture;

static enum err_code hold_code(const struct registry_at *at, const char *id)
{
	struct upload *upload = NULL;
	struct err err = ERR_INIT;

	if (registry_upload_hold(fixture.registry, at, span_of(id), &upload,
				 &err) == 0)
		registry_upload_abandon(upload);
	else
		CHECK(!upload);
	return err.code;
}

static enum err_code status_code(const struct registry_at *at, const char *id,
				 uint64_t want)
{
	struct err err = ERR_INIT;
	uint64_t offset = 4711;

	if (registry_upload_status(fixture.registry, at, span_of(id), &offset,
				   &err) < 0)
		CHECK(offset == 4711);
	else
		CHECK(offset == want);
	return err.code;
}

static struct upload *hold(const char *id)
{
	struct upload *upload = NULL;
	struct err err = ERR_INIT;

	CHECK(registry_upload_hold(fixture.registry, &fixture_at, span_of(id),
				   &upload, &err) == 0);
	return upload;
}

static void check_open_sessions(size_t idle)
{
	struct registry_counts counts;

	registry_read_counts(fixture.registry, &counts);
	CHECK(counts.uploads_active == 0);
	CHECK(counts.uploads_idle == (int64_t)idle);
	CHECK(fixture_stages(&fixture) == idle);
}

static void test_a_push_is_there_and_logged(void)
{
	char log[FIXTURE_LOG_SIZE];

	registry_fixture_open(&fixture);
	fixture_push(&fixture, &fixture_at, TEXT);
	CHECK(fixture_pull(&fixture, &fixture_at, TEXT) == ERR_NONE);
	CHECK(fixture_pull(&fixture, &fixture_other_repository, TEXT) ==
	      ERR_REPOSITORY_UNKNOWN);
	fixture_events(&fixture, log);
	CHECK_TEXT(log, "repository.create team/app ;blob.push team/app ;");
	CHECK(fixture.changes == 1 && fixture.events_seen == 2);
	check_open_sessions(0);
	registry_fixture_reopen(&fixture);
	CHECK(fixture_pull(&fixture, &fixture_at, TEXT) == ERR_NONE);
	registry_fixture_close(&fixture);
}

static void test_one_copy_is_kept_of_equal_content(void)
{
	registry_fixture_open(&fixture);
	fixture_push(&fixture, &fixture_at, TEXT);
	fixture_push(&fixture, &fixture_at, TEXT);
	fixture_push(&fixture, &fixture_other_repository, TEXT);
	CHECK(fixture_published(&fixture) == 1);
	CHECK(fixture_pull(&fixture, &fixture_other_repository, TEXT) ==
	      ERR_NONE);
	check_open_sessions(0);
	registry_fixture_close(&fixture);
}

static void test_a_session_is_one_repositorys_and_one_principals(void)
{
	struct err err = ERR_INIT;
	char id[RAND_UUID_SIZE];

	registry_fixture_open(&fixture);
	fixture_start(&fixture, &fixture_at, "abc", id);
	for (int opened = 0; opened < 2; opened++) {
		const struct registry_at *others[] = {&fixture_other_repository,
						      &fixture_other_actor};

		for (size_t i = 0; i < 2; i++) {
			CHECK(hold_code(others[i], id) == ERR_UPLOAD_UNKNOWN);
			CHECK(status_code(others[i], id, 0) ==
			      ERR_UPLOAD_UNKNOWN);
			err_clear(&err);
			CHECK(registry_upload_cancel(fixture.registry,
						     others[i], span_of(id),
						     &err) == -1);
			CHECK(err.code == ERR_UPLOAD_UNKNOWN);
		}
		registry_fixture_reopen(&fixture);
	}
	CHECK(status_code(&fixture_at, id, 3) == ERR_NONE);
	CHECK(hold_code(&fixture_at, "no-such-id") == ERR_UPLOAD_UNKNOWN);
	CHECK(hold_code(&fixture_at, "") == ERR_UPLOAD_UNKNOWN);
	CHECK(hold_code(&fixture_at, "../../../../../../../../../../../etc/"
				     "passwd") == ERR_UPLOAD_UNKNOWN);
	registry_fixture_close(&fixture);
}

static void test_a_single_upload_is_nobodys_session(void)
{
	struct upload *upload = NULL;
	struct digest digest = fixture_digest(TEXT);
	struct err err = ERR_INIT;

	registry_fixture_open(&fixture);
	CHECK(registry_upload_hold_single(fixture.registry, &fixture_at,
					  DIGEST_SHA256, &upload, &err) == 0);
	CHECK(fixture_append(upload, "x", &err) == 0);
	registry_upload_abandon(upload);
	check_open_sessions(0);
	CHECK(registry_upload_hold_single(fixture.registry, &fixture_at,
					  DIGEST_SHA256, &upload, &err) == 0);
	CHECK(fixture_append(upload, TEXT, &err) == 0);
	CHECK(registry_upload_finish(upload, &fixture_at, &digest, &err) == 0);
	CHECK(fixture_pull(&fixture, &fixture_at, TEXT) == ERR_NONE);
	CHECK(registry_upload_hold_single(fixture.registry, &fixture_at,
					  DIGEST_SHA256, &upload, &err) == 0);
	CHECK(registry_upload_finish(upload, &fixture_at, &digest, &err) == -1);
	CHECK(err.code == ERR_DIGEST_INVALID);
	check_open_sessions(0);
	registry_fixture_close(&fixture);
}

static void test_a_held_session_is_busy(void)
{
	struct err err = ERR_INIT;
	char id[RAND_UUID_SIZE];

	registry_fixture_open(&fixture);
	fixture_start(&fixture, &fixture_at, "abc", id);
	struct upload *upload = hold(id);
	CHECK(hold_code(&fixture_at, id) == ERR_UPLOAD_BUSY);
	CHECK(hold_code(&fixture_other_actor, id) == ERR_UPLOAD_UNKNOWN);
	CHECK(registry_upload_cancel(fixture.registry, &fixture_at, span_of(id),
				     &err) == -1);
	CHECK(err.code == ERR_UPLOAD_BUSY);
	CHECK(status_code(&fixture_at, id, 3) == ERR_NONE);
	registry_upload_abandon(upload);
	CHECK(hold_code(&fixture_at, id) == ERR_NONE);
	err_clear(&err);
	CHECK(registry_upload_cancel(fixture.registry, &fixture_at, span_of(id),
				     &err) == 0);
	CHECK(hold_code(&fixture_at, id) == ERR_UPLOAD_UNKNOWN);
	check_open_sessions(0);
	registry_fixture_close(&fixture);
}

static void test_sessions_go_on_after_a_restart(void)
{
	struct digest digest = fixture_digest("abcdefghi");
	struct err err = ERR_INIT;
	char id[RAND_UUID_SIZE];

	registry_fixture_open(&fixture);
	fixture_start(&fixture, &fixture_at, "abc", id);
	registry_fixture_reopen(&fixture);
	registry_tidy(fixture.registry);
	CHECK(status_code(&fixture_at, id, 3) == ERR_NONE);
	struct upload *upload = hold(id);
	CHECK(registry_upload_offset(upload) == 3);
	CHECK(fixture_append(upload, "def", &err) == 0);
	CHECK(registry_upload_pause(upload, &err) == 0);
	registry_fixture_reopen(&fixture);
	registry_tidy(fixture.registry);
	upload = hold(id);
	CHECK(registry_upload_offset(upload) == 6);
	CHECK(fixture_append(upload, "ghi", &err) == 0);
	CHECK(registry_upload_finish(upload, &fixture_at, &digest, &err) == 0);
	CHECK(fixture_pull(&fixture, &fixture_at, "abcdefghi") == ERR_NONE);
	CHECK(hold_code(&fixture_at, id) == ERR_UPLOAD_UNKNOWN);
	check_open_sessions(0);
	registry_fixture_close(&fixture);
}

static void test_another_digest_ends_the_session(void)
{
	struct digest digest = fixture_digest("something else");
	struct err err = ERR_INIT;
	char id[RAND_UUID_SIZE];
	char log[FIXTURE_LOG_SIZE];

	registry_fixture_open(&fixture);
	fixture_start(&fixture, &fixture_at, TEXT, id);
	CHECK(registry_upload_finish(hold(id), &fixture_at, &digest, &err) ==
	      -1);
	CHECK(err.code == ERR_DIGEST_INVALID);
	CHECK(hold_code(&fixture_at, id) == ERR_UPLOAD_UNKNOWN);
	check_open_sessions(0);
	CHECK(fixture_published(&fixture) == 0);
	fixture_events(&fixture, log);
	CHECK_TEXT(log, "");
	registry_fixture_close(&fixture);
}

static void test_a_session_can_end_with_another_algorithm(void)
{
	struct digest digest;
	struct err err = ERR_INIT;
	char id[RAND_UUID_SIZE];
	uint64_t size = 0;

	registry_fixture_open(&fixture);
	CHECK(hasher_once(DIGEST_SHA512, TEXT, strlen(TEXT), &digest, &err) ==
	      0);
	fixture_start(&fixture, &fixture_at, TEXT, id);
	CHECK(registry_upload_finish(hold(id), &fixture_at, &digest, &err) ==
	      0);
	CHECK(registry_blob_stat(fixture.registry, &fixture_at, &digest, &size,
				 &err) == 0);
	CHECK(size == strlen(TEXT));
	registry_fixture_close(&fixture);
}

static void test_a_push_revives_what_is_condemned(void)
{
	struct digest digest;
	struct meta_blob before, after;

	registry_fixture_open(&fixture);
	digest = fixture_push(&fixture, &fixture_at, TEXT);
	fixture_state(&fixture, &digest, &before);
	fixture_condemn(&fixture, &digest);
	fixture_push(&fixture, &fixture_other_repository, TEXT);
	CHECK(fixture_state(&fixture, &digest, &after) == META_BLOB_LIVE);
	CHECK(before.id == after.id);

	/* A row that is being deleted is not there: another copy is made. */
	fixture_begin_delete(&fixture, &digest);
	CHECK(fixture_pull(&fixture, &fixture_at, TEXT) == ERR_BLOB_UNKNOWN);
	fixture_push(&fixture, &fixture_at, TEXT);
	CHECK(fixture_state(&fixture, &digest, &after) == META_BLOB_LIVE);
	CHECK(strcmp(before.key, after.key) != 0);
	CHECK(fixture_published(&fixture) == 2);
	CHECK(fixture_pull(&fixture, &fixture_at, TEXT) == ERR_NONE);
	registry_fixture_close(&fixture);
}

static enum err_code start_code(const struct registry_at *at)
{
	struct err err = ERR_INIT;
	char id[RAND_UUID_SIZE] = "untouched";

	if (registry_upload_start(fixture.registry, at, DIGEST_SHA256, id,
				  &err) < 0)
		CHECK_TEXT(id, "untouched");
	return err.code;
}

static void test_open_sessions_are_bounded(void)
{
	registry_fixture_open(&fixture);
	fixture.config.uploads_per_principal = 2;
	fixture.config.uploads_per_repository = 3;
	fixture.config.uploads_max = 4;
	registry_fixture_reopen(&fixture);
	CHECK(start_code(&fixture_at) == ERR_NONE);
	CHECK(start_code(&fixture_other_repository) == ERR_NONE);
	CHECK(start_code(&fixture_at) == ERR_TOO_MANY);
	CHECK(start_code(&fixture_other_actor) == ERR_NONE);
	CHECK(start_code(&fixture_other_actor) == ERR_NONE);
	CHECK(start_code(&fixture_other_actor) == ERR_TOO_MANY);

	struct registry_at third = fixture_other_repository;
	third.actor = SPAN_LIT("carol");
	CHECK(start_code(&third) == ERR_TOO_MANY);
	check_open_sessions(4);
	registry_fixture_close(&fixture);
}

static void test_what_is_forbidden_is_refused(void)
{
	struct err err = ERR_INIT;
	char id[RAND_UUID_SIZE];

	registry_fixture_open(&fixture);
	fixture_start(&fixture, &fixture_at, "abc", id);
	fixture.config.read_only = true;
	registry_fixture_reopen(&fixture);
	CHECK(start_code(&fixture_at) == ERR_READ_ONLY);
	CHECK(hold_code(&fixture_at, id) == ERR_READ_ONLY);
	CHECK(registry_upload_cancel(fixture.registry, &fixture_at, span_of(id),
				     &err) == -1);
	CHECK(err.code == ERR_READ_ONLY);
	CHECK(status_code(&fixture_at, id, 3) == ERR_NONE);
	atomic_fetch_add(&meta_fixture_ms, 10 * 3600000);
	registry_tidy(fixture.registry);
	CHECK(status_code(&fixture_at, id, 3) == ERR_NONE);

	fixture.config.read_only = false;
	fixture.config.create_on_push = false;
	registry_fixture_reopen(&fixture);
	CHECK(start_code(&fixture_at) == ERR_REPOSITORY_UNKNOWN);
	CHECK(fixture_stages(&fixture) == 1);
	registry_fixture_close(&fixture);
}

static void test_a_blob_is_not_larger_than_allowed(void)
{
	struct err err = ERR_INIT;
	char id[RAND_UUID_SIZE];
	size_t taken = 77;

	registry_fixture_open(&fixture);
	fixture.config.blob_max = 10;
	registry_fixture_reopen(&fixture);
	fixture_start(&fixture, &fixture_at, "0123456", id);
	struct upload *upload = hold(id);
	CHECK(registry_upload_append(upload, SPAN_LIT("789a"), &taken, NULL,
				     NULL, &err) == -1);
	CHECK(err.code == ERR_TOO_LARGE && taken == 77);
	err_clear(&err);
	CHECK(fixture_append(upload, "789", &err) == 0);
	struct digest digest = fixture_digest("0123456789");
	CHECK(registry_upload_finish(upload, &fixture_at, &digest, &err) == 0);
	registry_fixture_close(&fixture);
}

static void test_pushes_stop_below_the_low_water_mark(void)
{
	const struct blob_faulty_plan little = {.space = 100};
	const struct blob_faulty_plan plenty = {.space = 1 << 20};
	struct err err = ERR_INIT;
	char id[RAND_UUID_SIZE];
	size_t taken = 0;

	registry_fixture_open(&fixture);
	fixture.config.low_water = 1000;
	registry_fixture_reopen(&fixture);
	fixture_start(&fixture, &fixture_at, "abc", id);
	struct upload *upload = hold(id);
	blob_faulty_set(fixture.blobs, &little);
	registry_tidy(fixture.registry);
	CHECK(registry_upload_append(upload, SPAN_LIT("x"), &taken, NULL, NULL,
				     &err) == -1);
	CHECK(err.code == ERR_NO_SPACE);
	registry_upload_abandon(upload);
	CHECK(start_code(&fixture_at) == ERR_NO_SPACE);
	CHECK(hold_code(&fixture_at, id) == ERR_NO_SPACE);
	CHECK(status_code(&fixture_at, id, 3) == ERR_NONE);
	blob_faulty_set(fixture.blobs, &plenty);
	registry_tidy(fixture.registry);
	CHECK(hold_code(&fixture_at, id) == ERR_NONE);
	err_clear(&err);
	CHECK(registry_upload_cancel(fixture.registry, &fixture_at, span_of(id),
				     &err) == 0);
	registry_fixture_close(&fixture);
}

static void test_sessions_expire_when_nobody_touches_them(void)
{
	char idle[RAND_UUID_SIZE], closed[RAND_UUID_SIZE], held[RAND_UUID_SIZE];

	registry_fixture_open(&fixture);
	fixture_start(&fixture, &fixture_at, "closed", closed);
	registry_fixture_reopen(&fixture);
	fixture_start(&fixture, &fixture_at, "idle", idle);
	fixture_start(&fixture, &fixture_at, "held", held);
	struct upload *upload = hold(held);

	atomic_fetch_add(&meta_fixture_ms, 3600000 - 1);
	registry_tidy(fixture.registry);
	CHECK(fixture_stages(&fixture) == 3);
	atomic_fetch_add(&meta_fixture_ms, 20000);
	registry_tidy(fixture.registry);
	CHECK(fixture_stages(&fixture) == 1);
	CHECK(status_code(&fixture_at, idle, 0) == ERR_UPLOAD_UNKNOWN);
	CHECK(status_code(&fixture_at, closed, 0) == ERR_UPLOAD_UNKNOWN);
	registry_upload_abandon(upload);
	CHECK(hold_code(&fixture_at, held) == ERR_NONE);
	registry_tidy(fixture.registry);
	CHECK(status_code(&fixture_at, held, 4) == ERR_NONE);
	registry_fixture_close(&fixture);
}

/* Looked at again and again it lives, however short its life, and however often
 * the server is started anew. */
static void test_a_session_in_use_does_not_expire(void)
{
	char id[RAND_UUID_SIZE];

	registry_fixture_open(&fixture);
	fixture.config.upload_expiry_ms = 2000;
	registry_fixture_reopen(&fixture);
	fixture_start(&fixture, &fixture_at, "abc", id);
	for (int i = 0; i < 10; i++) {
		atomic_fetch_add(&meta_fixture_ms, 1500);
		if (i % 2 == 0)
			registry_fixture_reopen(&fixture);
		CHECK(hold_code(&fixture_at, id) == ERR_NONE);
		registry_tidy(fixture.registry);
	}
	CHECK(status_code(&fixture_at, id, 3) == ERR_NONE);
	registry_fixture_close(&fixture);
}

/* Stages have the time of the system. */
static int64_t now_ms(void)
{
	return clock_wall_ms(&clock_system) + 5000;
}

static void test_stages_without_a_session_are_swept(void)
{
	struct blob_stage *stage = NULL;
	struct err err = ERR_INIT;
	char id[RAND_UUID_SIZE];

	meta_fixture_ms = now_ms() - 60000;
	registry_fixture_open(&fixture);
	registry_tidy(fixture.registry);
	fixture_start(&fixture, &fixture_at, "abc", id);
	CHECK(fixture.blobs->ops->stage_create(fixture.blobs, "orphan", &stage,
					       &err) == 0);
	fixture.blobs->ops->stage_close(stage);
	CHECK(fixture_stages(&fixture) == 2);
	registry_tidy(fixture.registry);
	CHECK(fixture_stages(&fixture) == 2);

	/* Nobody else can have made it when it is alone, at the start. */
	registry_fixture_reopen(&fixture);
	meta_fixture_ms = now_ms();
	registry_tidy(fixture.registry);
	CHECK(fixture_stages(&fixture) ==
	      (meta_exclusive(fixture.meta) ? 1 : 2));
	registry_tidy(fixture.registry);
	CHECK(status_code(&fixture_at, id, 3) == ERR_NONE);
	registry_fixture_close(&fixture);
}

/* ---- failures ---- */

/* Whatever step of a finish fails: nothing is half visible, nothing leaks, and
 * the next try succeeds. */
static void check_finish_fails_and_recovers(void (*break_it)(void),
					    void (*mend_it)(void))
{
	struct digest digest = fixture_digest(TEXT);
	struct err err = ERR_INIT;
	char id[RAND_UUID_SIZE];

	fixture_start(&fixture, &fixture_at, TEXT, id);
	struct upload *upload = hold(id);
	break_it();
	int rc = registry_upload_finish(upload, &fixture_at, &digest, &err);
	mend_it();
	CHECK((rc == 0) == (err.code == ERR_NONE));
	enum err_code seen = fixture_pull(&fixture, &fixture_at, TEXT);
	CHECK(rc < 0 || seen == ERR_NONE);
	CHECK(seen == ERR_NONE || seen == ERR_REPOSITORY_UNKNOWN ||
	      seen == ERR_BLOB_UNKNOWN);
	if (rc < 0) {
		err_clear(&err);
		if (hold_code(&fixture_at, id) == ERR_NONE)
			CHECK(registry_upload_finish(hold(id), &fixture_at,
						     &digest, &err) == 0);
		else
			fixture_push(&fixture, &fixture_at, TEXT);
	}
	CHECK(fixture_pull(&fixture, &fixture_at, TEXT) == ERR_NONE);
	check_open_sessions(0);
}

static enum blob_faulty_call broken_call;

static void break_blobs(void)
{
	struct blob_faulty_plan plan = {0};

	plan.fail[broken_call] = 1;
	blob_faulty_set(fixture.blobs, &plan);
}

static void mend_blobs(void)
{
	blob_faulty_set(fixture.blobs, &(struct blob_faulty_plan){0});
}

static void test_a_failing_store_leaves_nothing_half_done(void)
{
	registry_fixture_open(&fixture);
	for (broken_call = 0; broken_call < BLOB_FAULTY_CALL_COUNT;
	     broken_call++) {
		if (broken_call == BLOB_FAULTY_STAGE_REMOVE)
			continue; /* the sweep's: the next case */
		check_finish_fails_and_recovers(break_blobs, mend_blobs);
		CHECK(fixture_published(&fixture) == 1);
	}
	registry_fixture_close(&fixture);
}

static void test_a_stage_that_cannot_be_removed_is_swept(void)
{
	struct blob_faulty_plan plan = {0};

	registry_fixture_open(&fixture);
	plan.fail[BLOB_FAULTY_STAGE_REMOVE] = 1;
	blob_faulty_set(fixture.blobs, &plan);
	fixture_push(&fixture, &fixture_at, TEXT);
	CHECK(fixture_stages(&fixture) == 1);
	meta_fixture_ms = INT64_C(4102444800000);
	registry_tidy(fixture.registry);
	CHECK(fixture_stages(&fixture) == 0);
	CHECK(fixture_pull(&fixture, &fixture_at, TEXT) == ERR_NONE);
	registry_fixture_close(&fixture);
}

/* Each round on a digest of its own, so that all steps are taken. */
static void sweep_database(unsigned kinds, enum err_code code, long least)
{
	char text[64];
	struct err err = ERR_INIT;
	char id[RAND_UUID_SIZE];
	long nth = 0;
	bool again = true;

	registry_fixture_open(&fixture);
	sql_faulty_code(fixture.sql, code, false);
	for (; again; nth++) {
		snprintf(text, sizeof(text), "round %ld", nth);
		struct digest digest = fixture_digest(text);
		fixture_start(&fixture, &fixture_at, text, id);
		struct upload *upload = hold(id);

		sql_faulty_arm(fixture.sql, kinds, nth, 1);
		int rc = registry_upload_finish(upload, &fixture_at, &digest,
						&err);
		again = sql_faulty_disarm(fixture.sql);
		CHECK((rc == 0) == (err.code == ERR_NONE));
		CHECK(again || rc == 0);
		if (rc < 0) {
			err_clear(&err);
			CHECK(registry_upload_finish(hold(id), &fixture_at,
						     &digest, &err) == 0);
		}
		CHECK(fixture_pull(&fixture, &fixture_at, text) == ERR_NONE);
		check_open_sessions(0);
		/* A copy that a lost commit may name is not taken back. */
		CHECK(fixture_published(&fixture) >= (size_t)nth + 1);
		if (code == ERR_TIMEOUT)
			CHECK(fixture_published(&fixture) == (size_t)nth + 1);
	}
	CHECK(nth > least);
	registry_fixture_close(&fixture);
}

static void test_a_failing_statement_leaves_nothing_half_done(void)
{
	sweep_database(SQL_FAULTY_STEP, ERR_TIMEOUT, 8);
}

static void test_a_failing_commit_leaves_nothing_half_done(void)
{
	sweep_database(SQL_FAULTY_COMMIT, ERR_IO, 1);
}

static void test_a_lost_commit_is_taken_up_again(void)
{
	sweep_database(SQL_FAULTY_COMMIT_LOST, ERR_UNAVAILABLE, 1);
}

/* ---- threads ---- */

static char shared_id[RAND_UUID_SIZE];
static atomic_int won, busy, unknown;

static void *finish_shared(void *context)
{
	struct digest digest = fixture_digest(TEXT);
	struct upload *upload = NULL;
	struct err err = ERR_INIT;
	int rc = registry_upload_hold(fixture.registry, &fixture_at,
				      span_of(shared_id), &upload, &err);

	(void)context;
	if (rc == 0)
		rc = registry_upload_finish(upload, &fixture_at, &digest, &err);
	if (rc == 0)
		won++;
	else if (err.code == ERR_UPLOAD_BUSY)
		busy++;
	else if (err.code == ERR_UPLOAD_UNKNOWN)
		unknown++;
	return NULL;
}

static void *push_text(void *context)
{
	struct err err = ERR_INIT;

	if (fixture_try_push(&fixture, &fixture_at, context, &err) == 0)
		won++;
	return NULL;
}

static void run_threads(size_t count, void *(*run)(void *), void *context)
{
	pthread_t threads[8];

	won = busy = unknown = 0;
	for (size_t i = 0; i < count; i++)
		CHECK(pthread_create(&threads[i], NULL, run, context) == 0);
	for (size_t i = 0; i < count; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
}

static void test_one_of_many_finishes_a_session(void)
{
	registry_fixture_open(&fixture);
	for (int i = 0; i < 10; i++) {
		fixture_start(&fixture, &fixture_at, TEXT, shared_id);
		if (i % 2)
			registry_fixture_reopen(&fixture);
		run_threads(4, finish_shared, NULL);
		CHECK(won == 1 && won + busy + unknown == 4);
		check_open_sessions(0);
	}
	CHECK(fixture_published(&fixture) == 1);
	registry_fixture_close(&fixture);
}

static void test_equal_content_pushed_at_once_is_kept_once(void)
{
	char text[32];

	registry_fixture_open(&fixture);
	for (size_t i = 0; i < 10; i++) {
		snprintf(text, sizeof(text), "content %zu", i);
		run_threads(4, push_text, text);
		CHECK(won == 4);
		CHECK(fixture_published(&fixture) == i + 1);
		CHECK(fixture_pull(&fixture, &fixture_at, text) == ERR_NONE);
		check_open_sessions(0);
	}
	registry_fixture_close(&fixture);
}

/* Making a repository takes a permission of its own; pushing to one that is
 * there does not. */
static void test_a_push_makes_no_repository_that_it_may_not(void)
{
	struct registry_at at = fixture_at;
	struct upload *upload = NULL;

	registry_fixture_open(&fixture);
	at.may_create = false;
	CHECK(start_code(&at) == ERR_DENIED);
	struct err err = ERR_INIT;
	CHECK(registry_upload_hold_single(fixture.registry, &at, DIGEST_SHA256,
					  &upload, &err) == -1);
	CHECK(err.code == ERR_DENIED && !upload);
	struct digest digest =
		fixture_push(&fixture, &fixture_other_repository, "content");
	err_clear(&err);
	CHECK(registry_blob_mount(fixture.registry, &at, &digest,
				  fixture_other_repository.repository,
				  &err) == -1);
	CHECK(err.code == ERR_DENIED);
	fixture_push(&fixture, &fixture_at, "content");
	CHECK(start_code(&at) == ERR_NONE);
	registry_fixture_close(&fixture);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_push_is_there_and_logged),
		CHECK_CASE(test_one_copy_is_kept_of_equal_content),
		CHECK_CASE(
			test_a_session_is_one_repositorys_and_one_principals),
		CHECK_CASE(test_a_single_upload_is_nobodys_session),
		CHECK_CASE(test_a_held_session_is_busy),
		CHECK_CASE(test_sessions_go_on_after_a_restart),
		CHECK_CASE(test_another_digest_ends_the_session),
		CHECK_CASE(test_a_session_can_end_with_another_algorithm),
		CHECK_CASE(test_a_push_revives_what_is_condemned),
		CHECK_CASE(test_open_sessions_are_bounded),
		CHECK_CASE(test_a_push_makes_no_repository_that_it_may_not),
		CHECK_CASE(test_what_is_forbidden_is_refused),
		CHECK_CASE(test_a_blob_is_not_larger_than_allowed),
		CHECK_CASE(test_pushes_stop_below_the_low_water_mark),
		CHECK_CASE(test_sessions_expire_when_nobody_touches_them),
		CHECK_CASE(test_a_session_in_use_does_not_expire),
		CHECK_CASE(test_stages_without_a_session_are_swept),
		CHECK_CASE(test_a_failing_store_leaves_nothing_half_done),
		CHECK_CASE(test_a_stage_that_cannot_be_removed_is_swept),
		CHECK_CASE(test_a_failing_statement_leaves_nothing_half_done),
		CHECK_CASE(test_a_failing_commit_leaves_nothing_half_done),
		CHECK_CASE(test_a_lost_commit_is_taken_up_again),
		CHECK_CASE(test_one_of_many_finishes_a_session),
		CHECK_CASE(test_equal_content_pushed_at_once_is_kept_once),
	};

	return REGISTRY_FIXTURE_RUN(argc, argv, cases);
}
