/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_uploads.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

#define SCOPE meta_fixture_scope

static const struct meta_scope other_scope = {
	.account = {.text = "111111111111", .len = 12},
	.region = {.text = "local", .len = 5},
};

#define ID_A "aaaaaaaa-0000-4000-8000-000000000000"
#define ID_B "bbbbbbbb-0000-4000-8000-000000000000"
#define ID_C "cccccccc-0000-4000-8000-000000000000"

struct opening {
	const char *id;
	const char *repository;
	const char *principal;
};

static int work_open(struct meta_tx *tx, void *context, struct err *err)
{
	const struct opening *opening = context;
	struct meta_upload upload = {.algo = DIGEST_SHA512, .started_ms = 42};

	memcpy(upload.id, opening->id, sizeof(upload.id));
	return meta_upload_insert(tx, SCOPE, span_of(opening->repository),
				  span_of(opening->principal), &upload, err);
}

static void open_one(struct meta *meta, const char *id, const char *repository,
		     const char *principal)
{
	struct opening opening = {id, repository, principal};

	meta_fixture_write(meta, work_open, &opening);
}

static int work_touch(struct meta_tx *tx, void *context, struct err *err)
{
	CHECK(meta_upload_touch(tx, SPAN_LIT("none"), err) == 0);
	CHECK(meta_upload_touch(tx, span_of(context), err) == 1);
	return 0;
}

static int work_delete(struct meta_tx *tx, void *context, struct err *err)
{
	CHECK(meta_upload_delete(tx, span_of(context), err) == 1);
	CHECK(meta_upload_delete(tx, span_of(context), err) == 0);
	return 0;
}

static void check_counts(struct meta *meta, int64_t total,
			 int64_t of_repository, int64_t of_principal)
{
	struct meta_tx *tx = meta_fixture_read(meta);
	struct meta_upload_counts counts;
	struct err err = ERR_INIT;

	CHECK(meta_upload_count(tx, SCOPE, SPAN_LIT("r"), SPAN_LIT("me"),
				&counts, &err) == 0);
	CHECK(counts.total == total);
	CHECK(counts.of_repository == of_repository);
	CHECK(counts.of_principal == of_principal);
	meta_read_end(tx);
}

static void test_sessions_are_counted(void)
{
	struct meta *meta = meta_fixture_open();

	check_counts(meta, 0, 0, 0);
	open_one(meta, ID_A, "r", "me");
	open_one(meta, ID_B, "r", "you");
	open_one(meta, ID_C, "other", "me");
	check_counts(meta, 3, 2, 2);
	meta_fixture_write(meta, work_delete, ID_A);
	check_counts(meta, 2, 1, 1);
	meta_close(meta);
}

static void test_a_session_is_for_its_repository_and_principal(void)
{
	struct meta *meta = meta_fixture_open();
	struct meta_upload upload = {.started_ms = 0};
	struct err err = ERR_INIT;

	open_one(meta, ID_A, "r", "me");
	struct meta_tx *tx = meta_fixture_read(meta);
	CHECK(meta_upload_find(tx, SCOPE, SPAN_LIT("r"), SPAN_LIT("you"),
			       SPAN_LIT(ID_A), &upload, &err) == 0);
	CHECK(meta_upload_find(tx, SCOPE, SPAN_LIT("s"), SPAN_LIT("me"),
			       SPAN_LIT(ID_A), &upload, &err) == 0);
	CHECK(meta_upload_find(tx, other_scope, SPAN_LIT("r"), SPAN_LIT("me"),
			       SPAN_LIT(ID_A), &upload, &err) == 0);
	CHECK(upload.id[0] == 0);
	CHECK(meta_upload_find(tx, SCOPE, SPAN_LIT("r"), SPAN_LIT("me"),
			       SPAN_LIT(ID_A), &upload, &err) == 1);
	CHECK_TEXT(upload.id, ID_A);
	CHECK(upload.algo == DIGEST_SHA512 && upload.started_ms == 42);
	CHECK(meta_upload_exists(tx, SPAN_LIT(ID_A), &err) == 1);
	CHECK(meta_upload_exists(tx, SPAN_LIT(ID_B), &err) == 0);
	meta_read_end(tx);
	meta_close(meta);
}

static int collect(void *context, struct span id, struct err *err)
{
	char *all = context;
	size_t used = strlen(all);

	(void)err;
	snprintf(all + used, 64 - used, "%.1s ", id.text);
	return 0;
}

static void check_expired(struct meta *meta, int64_t before_ms, size_t limit,
			  const char *want)
{
	struct meta_tx *tx = meta_fixture_read(meta);
	char all[64] = "";
	struct err err = ERR_INIT;

	CHECK(meta_upload_expired(tx, before_ms, limit, collect, all, &err) ==
	      0);
	CHECK_TEXT(all, want);
	meta_read_end(tx);
}

static void test_the_longest_untouched_expire_first(void)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_ms = 1000;
	open_one(meta, ID_C, "r", "me");
	meta_fixture_ms = 2000;
	open_one(meta, ID_A, "r", "me");
	meta_fixture_ms = 3000;
	open_one(meta, ID_B, "r", "me");
	check_expired(meta, 1000, 9, "");
	check_expired(meta, 1001, 9, "c ");
	check_expired(meta, 5000, 9, "c a b ");
	check_expired(meta, 5000, 2, "c a ");
	meta_fixture_ms = 4000;
	meta_fixture_write(meta, work_touch, ID_C);
	check_expired(meta, 5000, 9, "a b c ");
	check_expired(meta, 4000, 9, "a b ");
	meta_close(meta);
}

static void test_an_id_is_taken_once(void)
{
	struct meta *meta = meta_fixture_open();
	struct opening opening = {ID_A, "r", "me"};
	struct err err = ERR_INIT;

	open_one(meta, ID_A, "r", "me");
	CHECK(meta_write(meta, work_open, &opening, &err) == -1);
	CHECK(err.code == ERR_CONFLICT);
	check_counts(meta, 1, 1, 1);
	meta_close(meta);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_sessions_are_counted),
		CHECK_CASE(test_a_session_is_for_its_repository_and_principal),
		CHECK_CASE(test_the_longest_untouched_expire_first),
		CHECK_CASE(test_an_id_is_taken_once),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
