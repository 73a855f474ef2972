/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fsx.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "tests/lib/check.h"
#include "tests/lib/fault.h"
#include "tests/lib/tmpdir.h"

static int dir = -1;

static void open_fresh_dir(void)
{
	char path[TMPDIR_SIZE];

	tmpdir_make(path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(dir >= 0);
}

static size_t count_entries(void)
{
	DIR *entries = fdopendir(openat(dir, ".", O_RDONLY | O_CLOEXEC));
	const struct dirent *entry;
	size_t count = 0;

	CHECK(entries);
	while ((entry = readdir(entries)))
		count += entry->d_name[0] != '.';
	closedir(entries);
	return count;
}

static void content_of(const char *name, char ret_text[100])
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(99);
	struct err err = ERR_INIT;

	CHECK(fsx_read_file(dir, name, &out, &err) == 0);
	memcpy(ret_text, buf_text(&out), out.len + 1);
}

static int replace(const char *text, struct err *err)
{
	return fsx_replace_file(dir, "f", text, strlen(text), 0600, err);
}

/* One round: the old or the new content, and nothing left lying about. */
static void replace_with_fault(struct fault_sweep *sweep)
{
	size_t descriptors = fault_open_descriptors();
	struct err err = ERR_INIT;
	char text[100];

	CHECK(replace("old", &(struct err){0}) == 0);
	fault_on(sweep);
	int rc = replace("brand new", &err);
	fault_off(sweep);
	content_of("f", text);
	if (rc == 0)
		CHECK_TEXT(text, "brand new");
	else
		CHECK(strcmp(text, "old") == 0 ||
		      strcmp(text, "brand new") == 0);
	CHECK((rc == 0) == (err.code == ERR_NONE));
	CHECK(fault_open_descriptors() == descriptors);
	CHECK(count_entries() == 1);
	CHECK(replace("again", &(struct err){0}) == 0);
}

static void test_replacing_is_all_or_nothing(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_ALL & ~FAULT_CLOSE);

	open_fresh_dir();
	while (fault_next(&sweep)) {
		replace_with_fault(&sweep);
	}
	/* getrandom, open, fchmod, write, fsync, rename, fsync of the folder */
	CHECK(sweep.round == 7);
}

/* The descriptor is closed after its fsync: nothing can be lost any more. */
static void test_a_failing_close_after_fsync_is_no_failure(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_CLOSE);
	struct err err = ERR_INIT;

	open_fresh_dir();
	while (fault_next(&sweep)) {
		fault_on(&sweep);
		CHECK(replace("x", &err) == 0);
		fault_off(&sweep);
	}
	CHECK(sweep.round == 1);
}

static void test_replacing_names_the_fault(void)
{
	static const struct {
		unsigned calls;
		enum err_code want;
	} cases[] = {
		{FAULT_OPEN, ERR_UNAVAILABLE}, {FAULT_WRITE, ERR_NO_SPACE},
		{FAULT_SYNC, ERR_IO},	       {FAULT_NAME, ERR_IO},
		{FAULT_RANDOM, ERR_INTERNAL},
	};

	open_fresh_dir();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault_sweep sweep = FAULT_SWEEP(cases[i].calls);
		struct err err = ERR_INIT;

		CHECK(fault_next(&sweep));
		fault_on(&sweep);
		CHECK(replace("x", &err) == -1);
		fault_off(&sweep);
		CHECK(sweep.fired && err.code == cases[i].want);
	}
}

/* What only interrupts or shortens a call is no failure at all. */
static void sweep_harmless(enum fault_how how, size_t at_least)
{
	struct fault_sweep sweep = FAULT_SWEEP_HOW(FAULT_ALL, how);

	while (fault_next(&sweep)) {
		CLEANUP(buf_release) struct buf out = BUF_INIT(99);
		struct err err = ERR_INIT;
		char got[4] = "";
		int fd = -1;

		fault_on(&sweep);
		CHECK(replace("0123456789", &err) == 0);
		CHECK(fsx_read_file(dir, "f", &out, &err) == 0);
		CHECK(fsx_lock_file(dir, "g", &fd, &err) == 1);
		CHECK(fsx_write_all(fd, "abcdef", 6, &err) == 0);
		CHECK(fsx_pwrite_all(fd, "XYZ", 3, 2, &err) == 0);
		CHECK(fsx_pread_all(fd, got, 3, 3, &err) == 0);
		fault_off(&sweep);
		CHECK_TEXT(buf_text(&out), "0123456789");
		CHECK_TEXT(got, "YZf");
		close(fd);
	}
	CHECK(sweep.round >= at_least);
}

static void test_interrupted_calls_are_taken_up_again(void)
{
	open_fresh_dir();
	sweep_harmless(FAULT_INTERRUPTED, 11);
}

static void test_short_transfers_go_on(void)
{
	open_fresh_dir();
	sweep_harmless(FAULT_SHORT, 6);
}

static void test_making_a_folder_fails_or_is_done(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_ALL);

	open_fresh_dir();
	while (fault_next(&sweep)) {
		size_t descriptors = fault_open_descriptors();
		struct err err = ERR_INIT;

		unlinkat(dir, "d", AT_REMOVEDIR);
		fault_on(&sweep);
		int rc = fsx_make_dir(dir, "d", 0750, &err);
		fault_off(&sweep);
		CHECK((rc == 0) == (err.code == ERR_NONE));
		CHECK(rc == 0 || sweep.fired);
		CHECK(fault_open_descriptors() == descriptors);
		CHECK(fsx_make_dir(dir, "d", 0750, &(struct err){0}) == 0);
	}
	/* mkdir, open, fchmod, fsync twice, close */
	CHECK(sweep.round == 6);
}

/* One round of the calls that open something; each fails or gives it. */
static void open_with_fault(struct fault_sweep *sweep)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(99);
	size_t descriptors = fault_open_descriptors();
	struct err err = ERR_INIT;
	int lock = -5, opened = -5;

	fault_on(sweep);
	int locked = fsx_lock_file(dir, "lock", &lock, &err);
	err_clear(&err);
	int rc = fsx_open_dir(dir, ".", &opened, &err);
	err_clear(&err);
	int read = fsx_read_file(dir, "f", &out, &err);
	fault_off(sweep);

	CHECK(locked == 1 ? lock >= 0 : locked == -1 && lock == -5);
	CHECK(rc == 0 ? opened >= 0 : opened == -5);
	CHECK((read == 0) == (err.code == ERR_NONE));
	cleanup_close(&lock);
	cleanup_close(&opened);
	CHECK(fault_open_descriptors() == descriptors);
}

static void test_opening_leaks_nothing_and_touches_nothing(void)
{
	struct fault_sweep once = FAULT_SWEEP(FAULT_ALL);
	struct fault_sweep lasting = FAULT_SWEEP_HOW(FAULT_ALL, FAULT_LASTING);

	open_fresh_dir();
	CHECK(replace("content", &(struct err){0}) == 0);
	while (fault_next(&once))
		open_with_fault(&once);
	while (fault_next(&lasting))
		open_with_fault(&lasting);
	CHECK(once.round >= 7 && lasting.round >= 7);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_replacing_is_all_or_nothing),
		CHECK_CASE(test_a_failing_close_after_fsync_is_no_failure),
		CHECK_CASE(test_replacing_names_the_fault),
		CHECK_CASE(test_interrupted_calls_are_taken_up_again),
		CHECK_CASE(test_short_transfers_go_on),
		CHECK_CASE(test_making_a_folder_fails_or_is_done),
		CHECK_CASE(test_opening_leaks_nothing_and_touches_nothing),
	};

	return CHECK_RUN(argc, argv, cases);
}
