/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_logins.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

static void put(struct meta_tx *tx, const char *subject, int64_t failures,
		int64_t failed_ms, int64_t succeeded_ms)
{
	struct meta_login login = {
		.failures = failures,
		.failed_ms = failed_ms,
		.succeeded_ms = succeeded_ms,
	};
	struct err err = ERR_INIT;

	snprintf(login.subject, sizeof(login.subject), "%s", subject);
	CHECK(meta_login_put(tx, &login, &err) == 0);
}

static int note(void *context, const struct meta_login *login, struct err *err)
{
	char *log = context;
	size_t used = strlen(log);

	(void)err;
	snprintf(log + used, 512 - used, "%s %lld %lld %lld;", login->subject,
		 (long long)login->failures, (long long)login->failed_ms,
		 (long long)login->succeeded_ms);
	return 0;
}

static void check_list(struct meta_tx *tx, int64_t after_ms, size_t limit,
		       const char *want)
{
	struct err err = ERR_INIT;
	char log[512] = "";

	CHECK(meta_login_list(tx, after_ms, limit, note, log, &err) == 0);
	CHECK_TEXT(log, want);
}

static int rows(struct meta_tx *tx, void *context, struct err *err)
{
	(void)context;
	check_list(tx, 0, 9, "");
	put(tx, "eve", 3, 100, 0);
	put(tx, "bob", 1, 50, 200);
	put(tx, "192.0.2.1", 7, 300, 10);
	check_list(tx, 0, 9, "192.0.2.1 7 300 10;bob 1 50 200;eve 3 100 0;");
	check_list(tx, 0, 2, "192.0.2.1 7 300 10;bob 1 50 200;");
	check_list(tx, 100, 9, "192.0.2.1 7 300 10;bob 1 50 200;");
	check_list(tx, 99, 9, "192.0.2.1 7 300 10;bob 1 50 200;eve 3 100 0;");
	put(tx, "eve", 4, 400, 0);
	check_list(tx, 200, 9, "eve 4 400 0;192.0.2.1 7 300 10;");
	CHECK(meta_login_delete(tx, SPAN_LIT("eve"), err) == 0);
	CHECK(meta_login_delete(tx, SPAN_LIT("eve"), err) == 0);
	check_list(tx, 0, 9, "192.0.2.1 7 300 10;bob 1 50 200;");
	return 0;
}

static int sweeping(struct meta_tx *tx, void *context, struct err *err)
{
	(void)context;
	put(tx, "a", 1, 100, 0);
	put(tx, "b", 1, 0, 200);
	put(tx, "c", 1, 300, 0);
	CHECK(meta_login_sweep(tx, 100, 9, err) == 0);
	check_list(tx, 0, 9, "c 1 300 0;b 1 0 200;a 1 100 0;");
	CHECK(meta_login_sweep(tx, 300, 1, err) == 0);
	check_list(tx, 0, 9, "c 1 300 0;b 1 0 200;");
	CHECK(meta_login_sweep(tx, 300, 9, err) == 0);
	check_list(tx, 0, 9, "c 1 300 0;");
	return 0;
}

static void run(meta_work_fn *work)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_write(meta, work, NULL);
	meta_close(meta);
}

static void test_rows(void)
{
	run(rows);
}

static void test_sweeping(void)
{
	run(sweeping);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_rows),
		CHECK_CASE(test_sweeping),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
