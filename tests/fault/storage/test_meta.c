/* SPDX-License-Identifier: Apache-2.0 */
/* The metadata with each allocation and thread of ours failing in turn: what
 * was acknowledged is there, what failed is not. */
#include "storage/meta.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "storage/meta_audit.h"
#include "storage/meta_principals.h"
#include "storage/sql_driver.h"
#include "tests/lib/check.h"
#include "tests/lib/fault.h"
#include "tests/lib/tmpdir.h"

#define ACCOUNT SPAN_LIT("000000000000")

static char dir[TMPDIR_SIZE];

static int open_meta(struct meta **ret_meta, struct err *err)
{
	struct sql_driver *driver;

	if (sql_sqlite_new(dir, "berth.db", &driver, err) < 0)
		return -1;
	return meta_open(driver, &clock_system, ret_meta, err);
}

static int insert_user(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_principal user = {.kind = META_USER, .password_hash = "x"};
	struct meta_audit entry = {.kind = SPAN_LIT("user.create"),
				   .target = span_of(context)};
	int64_t id = 0;

	snprintf(user.account, sizeof(user.account), "%.*s", SPAN_ARG(ACCOUNT));
	snprintf(user.name, sizeof(user.name), "%s", (const char *)context);
	if (meta_principal_insert(tx, &user, &id, err) < 0)
		return -1;
	return meta_audit_append(tx, ACCOUNT, &entry, err);
}

/* 1 there, 0 not, -1 with err set. */
static int has_user(struct meta *meta, const char *name, struct err *err)
{
	struct meta_principal user;
	struct meta_tx *tx;

	if (meta_read_begin(meta, &tx, err) < 0)
		return -1;
	int found = meta_principal_find(tx, ACCOUNT, span_of(name), &user, err);
	meta_read_end(tx);
	return found;
}

static int count_user(void *context, const struct meta_principal *principal,
		      struct err *err)
{
	(void)principal, (void)err;
	++*(int64_t *)context;
	return 0;
}

/* One entry for each user, and the chain is whole. */
static void check_audit(struct meta *meta)
{
	struct meta_audit_check check = {.number = 0};
	struct err err = ERR_INIT;
	struct meta_tx *tx = NULL;
	int64_t users = 0;

	CHECK(meta_read_begin(meta, &tx, &err) == 0);
	CHECK(meta_audit_verify(tx, ACCOUNT, &check, SIZE_MAX, &err) == 0);
	CHECK(check.done && check.broken == 0);
	struct meta_principal_query asked = {
		.account = ACCOUNT, .kind = META_USER, .limit = SIZE_MAX};
	bool more = true;
	CHECK(meta_principal_page(tx, &asked, count_user, &users, &more,
				  &err) == 0);
	CHECK(!more && (uint64_t)users == check.rows);
	meta_read_end(tx);
}

static void check_works(struct meta *meta)
{
	struct err err = ERR_INIT;
	char name[] = "afterwards";

	CHECK(has_user(meta, name, &err) == 0);
	CHECK(meta_write(meta, insert_user, name, &err) == 0);
	CHECK(has_user(meta, name, &err) == 1);
	check_audit(meta);
}

static void test_opening_fails_or_is_done(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY | FAULT_THREAD);

	while (fault_next(&sweep)) {
		size_t descriptors = fault_open_descriptors();
		struct meta *meta = NULL;
		struct err err = ERR_INIT;

		tmpdir_make(dir);
		fault_on(&sweep);
		int rc = open_meta(&meta, &err);
		fault_off(&sweep);
		CHECK((rc == 0) == (err.code == ERR_NONE));
		CHECK(rc == 0 || (sweep.fired && !meta));
		meta_close(meta);
		CHECK(fault_open_descriptors() == descriptors);
		if (sweep.round > 12)
			break;
	}
	CHECK(sweep.round >= 3);
}

static void test_an_interrupted_opening_can_be_done_again(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY | FAULT_THREAD);

	tmpdir_make(dir);
	while (fault_next(&sweep)) {
		struct meta *meta = NULL;
		struct err err = ERR_INIT;

		fault_on(&sweep);
		open_meta(&meta, &err);
		fault_off(&sweep);
		meta_close(meta);
	}
	struct meta *meta = NULL;
	CHECK(open_meta(&meta, &(struct err){0}) == 0);
	check_works(meta);
	meta_close(meta);
}

static void test_a_write_is_there_or_not_as_it_was_told(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY | FAULT_THREAD);
	struct meta *meta = NULL;
	char name[] = "user-a";

	tmpdir_make(dir);
	CHECK(open_meta(&meta, &(struct err){0}) == 0);
	while (fault_next(&sweep)) {
		struct err err = ERR_INIT, read_err = ERR_INIT;

		name[5]++;
		fault_on(&sweep);
		int rc = meta_write(meta, insert_user, name, &err);
		int found = has_user(meta, name, &read_err);
		fault_off(&sweep);
		CHECK((rc == 0) == (err.code == ERR_NONE));
		CHECK((found >= 0) == (read_err.code == ERR_NONE));
		CHECK(found < 0 || found == (rc == 0));
		err_clear(&read_err);
		CHECK(has_user(meta, name, &read_err) == (rc == 0));
	}
	check_works(meta);
	meta_close(meta);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_opening_fails_or_is_done),
		CHECK_CASE(test_an_interrupted_opening_can_be_done_again),
		CHECK_CASE(test_a_write_is_there_or_not_as_it_was_told),
	};

	return CHECK_RUN(argc, argv, cases);
}
