/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/rotate.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/access_key.h"
#include "auth/jwt.h"
#include "auth/seal.h"
#include "auth/signing.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "storage/meta_audit.h"
#include "storage/meta_credentials.h"
#include "storage/meta_principals.h"
#include "storage/sql_driver.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"
#include "tests/lib/tmpdir.h"

#define ACCOUNT SPAN_LIT("000000000000")
#define SECRET SPAN_LIT("a secret of forty characters, more or so")
#define KEYS 50

static struct meta *meta;
static struct seal *seal;
static int dir_fd;

static void open_seal(void)
{
	struct err err = ERR_INIT;

	CHECK(seal_open(dir_fd, "server.key", &seal, &err) == 0);
}

static int insert_keys(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_principal eve = {
		.kind = META_USER, .account = "000000000000", .name = "eve"};
	struct meta_access_key key = {.id = ""};

	(void)context;
	if (meta_principal_insert(tx, &eve, &key.principal_id, err) < 0)
		return -1;
	for (int i = 0; i < KEYS; i++) {
		CLEANUP(buf_release) struct buf sealed = BUF_INIT(1024);

		snprintf(key.id, sizeof(key.id), "BERTHKEY%d", i);
		if (access_key_seal(seal, key.id, SECRET, &sealed, err) < 0 ||
		    meta_access_key_insert(tx, &key, buf_span(&sealed), err) <
			    0)
			return -1;
	}
	return 0;
}

static struct signing *open_signing(void)
{
	struct signing_config config = {.meta = meta,
					.seal = seal,
					.clock = &meta_fixture_clock,
					.life_ms = INT64_C(1) << 40,
					.overlap_ms = 1000};
	struct signing *signing = NULL;
	struct err err = ERR_INIT;

	CHECK(signing_new(&config, &signing, &err) == 0);
	return signing;
}

/* Which key signs. */
static void kid(struct buf *out)
{
	struct signing *signing = open_signing();
	struct jwt_key *key = signing_current(signing, out);

	CHECK(key);
	jwt_key_unref(key);
	signing_free(signing);
}

static void open_all(void)
{
	char dir[TMPDIR_SIZE];

	tmpdir_make(dir);
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
	CHECK(dir_fd >= 0);
	open_seal();
	meta = meta_fixture_open();
	meta_fixture_write(meta, insert_keys, NULL);
}

static void close_all(void)
{
	meta_close(meta);
	seal_free(seal);
	close(dir_fd);
}

/* Every secret can be opened with what lies in the file now. */
static void check_secrets(void)
{
	struct err err = ERR_INIT;
	char id[META_KEY_ID_SIZE];

	seal_free(seal);
	open_seal();
	for (int i = 0; i < KEYS; i++) {
		CLEANUP(buf_release) struct buf sealed = BUF_INIT(1024);
		CLEANUP(buf_release) struct buf opened = BUF_INIT(1024);
		struct meta_tx *tx = meta_fixture_read(meta);
		struct meta_access_key key;

		snprintf(id, sizeof(id), "BERTHKEY%d", i);
		CHECK(meta_access_key_find(tx, span_of(id), &key, &sealed,
					   &err) == 1);
		meta_read_end(tx);
		CHECK(access_key_open(seal, id, buf_span(&sealed), &opened,
				      &err) == 0);
		CHECK(span_equal(buf_span(&opened), SECRET));
	}
}

static void first_sealed(struct buf *out)
{
	struct meta_tx *tx = meta_fixture_read(meta);
	struct meta_access_key key;
	struct err err = ERR_INIT;

	CHECK(meta_access_key_find(tx, SPAN_LIT("BERTHKEY0"), &key, out,
				   &err) == 1);
	meta_read_end(tx);
}

static void test_all_is_sealed_anew_and_nothing_lost(void)
{
	CLEANUP(buf_release) struct buf before = BUF_INIT(1024);
	CLEANUP(buf_release) struct buf after = BUF_INIT(1024);
	CLEANUP(buf_release) struct buf kid_before = BUF_INIT(1024);
	CLEANUP(buf_release) struct buf kid_after = BUF_INIT(1024);
	CLEANUP(buf_release) struct buf opened = BUF_INIT(1024);
	struct err err = ERR_INIT;

	open_all();
	kid(&kid_before);
	first_sealed(&before);
	CHECK(rotate_server_key(meta, seal, ACCOUNT, &err) == 0);
	CHECK(seal_key_count(seal) == 1);
	check_secrets();
	CHECK(seal_key_count(seal) == 1);
	first_sealed(&after);
	CHECK(!span_equal(buf_span(&before), buf_span(&after)));
	CHECK(access_key_open(seal, "BERTHKEY0", buf_span(&before), &opened,
			      &err) == -1);
	kid(&kid_after);
	CHECK_TEXT(buf_text(&kid_after), buf_text(&kid_before));
	close_all();
}

static int64_t audit_rows(void)
{
	struct meta_tx *tx = meta_fixture_read(meta);
	char hash[META_AUDIT_HASH_SIZE];
	struct err err = ERR_INIT;
	int64_t number = 0;

	CHECK(meta_audit_head(tx, ACCOUNT, &number, hash, &err) >= 0);
	meta_read_end(tx);
	return number;
}

#ifdef BERTH_FAILPOINTS
_Noreturn static void rotate_in_child(const char *point, bool first)
{
	struct err err = ERR_INIT;
	char text[64];

	snprintf(text, sizeof(text), "%s=kill", point);
	setenv("BERTH_FAILPOINT", text, 1);
	open_seal();
	CHECK(meta_open(sql_fixture_again(), &meta_fixture_clock, &meta,
			&err) == 0);
	if (first)
		meta_fixture_write(meta, insert_keys, NULL);
	rotate_server_key(meta, seal, ACCOUNT, &err);
	_exit(1);
}

/* Processes of their own, each killed at its step; then one that is not. */
static void killed_at(const char *const points[3])
{
	struct sql_driver *driver = sql_fixture_new();
	struct err err = ERR_INIT;
	char dir[TMPDIR_SIZE];

	driver->ops->free(driver);
	tmpdir_make(dir);
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
	for (size_t i = 0; i < 3; i++) {
		pid_t child = fork();
		int status = 0;

		CHECK(child >= 0);
		if (child == 0)
			rotate_in_child(points[i], i == 0);
		CHECK(waitpid(child, &status, 0) == child);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	CHECK(meta_open(sql_fixture_again(), &meta_fixture_clock, &meta,
			&err) == 0);
	check_secrets();
	CHECK(seal_key_count(seal) == 2);
	CHECK(rotate_server_key(meta, seal, ACCOUNT, &err) == 0);
	check_secrets();
	CHECK(seal_key_count(seal) == 1);
	close_all();
}

static void test_killed_once_it_has_a_key_it_goes_on(void)
{
	static const char *const points[] = {"rotate:added", "rotate:added",
					     "rotate:added"};

	killed_at(points);
}

static void test_killed_once_all_is_sealed_it_goes_on(void)
{
	static const char *const points[] = {"rotate:added", "rotate:resealed",
					     "rotate:resealed"};

	killed_at(points);
}
#endif

static void test_the_audit_log_tells(void)
{
	struct err err = ERR_INIT;

	open_all();
	CHECK(audit_rows() == 0);
	CHECK(rotate_server_key(meta, seal, ACCOUNT, &err) == 0);
	CHECK(audit_rows() == 1);
	close_all();
}

/* What cannot be opened is not thrown away: the old key stays. */
static int damage(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_access_key key = {.id = "BERTHBAD", .principal_id = 1};

	(void)context;
	return meta_access_key_insert(tx, &key, SPAN_LIT("damaged"), err);
}

static void test_what_is_damaged_stops_it(void)
{
	struct err err = ERR_INIT;

	open_all();
	meta_fixture_write(meta, damage, NULL);
	CHECK(rotate_server_key(meta, seal, ACCOUNT, &err) == -1);
	CHECK(err.code == ERR_CORRUPT);
	CHECK(audit_rows() == 0);
	check_secrets();
	CHECK(seal_key_count(seal) == 2);
	close_all();
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_all_is_sealed_anew_and_nothing_lost),
#ifdef BERTH_FAILPOINTS
		CHECK_CASE(test_killed_once_it_has_a_key_it_goes_on),
		CHECK_CASE(test_killed_once_all_is_sealed_it_goes_on),
#endif
		CHECK_CASE(test_the_audit_log_tells),
		CHECK_CASE(test_what_is_damaged_stops_it),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
