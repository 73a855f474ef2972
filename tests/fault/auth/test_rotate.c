/* SPDX-License-Identifier: Apache-2.0 */
/* A change of the server's key with each call failing in turn: whatever failed,
 * every secret can be opened with what lies in the file, and doing it again
 * brings it to its end. */
#include "auth/rotate.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "auth/access_key.h"
#include "auth/seal.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "storage/meta_credentials.h"
#include "storage/meta_principals.h"
#include "tests/lib/check.h"
#include "tests/lib/fault.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"
#include "tests/lib/tmpdir.h"

#define ACCOUNT SPAN_LIT("000000000000")
#define SECRET SPAN_LIT("a secret of forty characters, more or so")
#define ROUNDS_MAX 2000 /* a sweep that does not end is a failure */

static struct meta *meta;
static struct seal *seal;
static int dir_fd;

static void reopen_seal(void)
{
	struct err err = ERR_INIT;

	seal_free(seal);
	seal = NULL;
	CHECK(seal_open(dir_fd, "server.key", &seal, &err) == 0);
}

static int insert_key(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_principal eve = {
		.kind = META_USER, .account = "000000000000", .name = "eve"};
	struct meta_access_key key = {.id = "BERTHKEY"};
	CLEANUP(buf_release) struct buf sealed = BUF_INIT(1024);

	(void)context;
	if (meta_principal_insert(tx, &eve, &key.principal_id, err) < 0 ||
	    access_key_seal(seal, key.id, SECRET, &sealed, err) < 0)
		return -1;
	return meta_access_key_insert(tx, &key, buf_span(&sealed), err);
}

static void open_all(void)
{
	char dir[TMPDIR_SIZE];

	tmpdir_make(dir);
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
	CHECK(dir_fd >= 0);
	reopen_seal();
	meta = meta_fixture_open();
	meta_fixture_write(meta, insert_key, NULL);
}

static void close_all(void)
{
	meta_close(meta);
	seal_free(seal);
	seal = NULL;
	close(dir_fd);
}

static void check_secret(void)
{
	CLEANUP(buf_release) struct buf sealed = BUF_INIT(1024);
	CLEANUP(buf_release) struct buf opened = BUF_INIT(1024);
	struct meta_tx *tx = meta_fixture_read(meta);
	struct meta_access_key key;
	struct err err = ERR_INIT;

	CHECK(meta_access_key_find(tx, SPAN_LIT("BERTHKEY"), &key, &sealed,
				   &err) == 1);
	meta_read_end(tx);
	reopen_seal();
	CHECK(access_key_open(seal, "BERTHKEY", buf_span(&sealed), &opened,
			      &err) == 0);
	CHECK(span_equal(buf_span(&opened), SECRET));
}

static void sweep(unsigned calls, enum fault_how how)
{
	struct fault_sweep sweep = FAULT_SWEEP_HOW(calls, how);

	open_all();
	while (fault_next(&sweep)) {
		struct err err = ERR_INIT;

		CHECK(sweep.round < ROUNDS_MAX);
		fault_on(&sweep);
		int rc = rotate_server_key(meta, seal, ACCOUNT, &err);
		fault_off(&sweep);
		CHECK((rc == 0) == (err.code == ERR_NONE));
		CHECK(rc == 0 || sweep.fired);
		check_secret();
		CHECK(rc < 0 || seal_key_count(seal) == 1);
		err_clear(&err);
		CHECK(rotate_server_key(meta, seal, ACCOUNT, &err) == 0);
		check_secret();
		CHECK(seal_key_count(seal) == 1);
	}
	CHECK(sweep.round >= 2);
	close_all();
}

static void test_with_calls_that_fail_once(void)
{
	sweep(FAULT_ALL & ~(unsigned)FAULT_TIME, FAULT_ONCE);
}

static void test_with_a_disk_that_stays_broken(void)
{
	sweep(FAULT_DISK, FAULT_LASTING);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_with_calls_that_fail_once),
		CHECK_CASE(test_with_a_disk_that_stays_broken),
	};

	fault_wrap_libraries();
	return SQL_FIXTURE_RUN(argc, argv, cases);
}
