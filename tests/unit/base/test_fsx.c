/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fsx.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "tests/lib/check.h"
#include "tests/lib/tmpdir.h"

static int fresh_dir(void)
{
	char path[TMPDIR_SIZE];

	tmpdir_make(path);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0);
	return fd;
}

static size_t count_entries(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fdopendir(fd);
	const struct dirent *entry;
	size_t count = 0;

	CHECK(dir);
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

static void put(int dir_fd, const char *name, const char *text)
{
	struct err err = ERR_INIT;

	CHECK(fsx_replace_file(dir_fd, name, text, strlen(text), 0644, &err) ==
	      0);
}

static void check_content(int dir_fd, const char *name, const char *want)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(100000);
	struct err err = ERR_INIT;

	CHECK(fsx_read_file(dir_fd, name, &out, &err) == 0);
	CHECK_TEXT(buf_text(&out), want);
}

static mode_t mode_of(int dir_fd, const char *name)
{
	struct stat info;

	CHECK(fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0);
	return info.st_mode & 07777;
}

static void test_replaces_a_file_whole(void)
{
	CLEANUP(cleanup_close) int dir = fresh_dir();
	struct err err = ERR_INIT;

	umask(0077);
	CHECK(fsx_replace_file(dir, "f", "first", 5, 0640, &err) == 0);
	CHECK(mode_of(dir, "f") == 0640);
	CHECK(fsx_replace_file(dir, "f", "2nd", 3, 0444, &err) == 0);
	check_content(dir, "f", "2nd");
	CHECK(mode_of(dir, "f") == 0444);
	CHECK(fsx_replace_file(dir, "f", NULL, 0, 0600, &err) == 0);
	check_content(dir, "f", "");
	CHECK(count_entries(dir) == 1);
}

static void test_an_open_reader_keeps_the_old_content(void)
{
	CLEANUP(cleanup_close) int dir = fresh_dir();
	struct err err = ERR_INIT;
	char got[3];

	put(dir, "f", "old");
	CLEANUP(cleanup_close) int fd = openat(dir, "f", O_RDONLY | O_CLOEXEC);
	put(dir, "f", "new");
	CHECK(fsx_pread_all(fd, got, 3, 0, &err) == 0);
	CHECK(memcmp(got, "old", 3) == 0);
	check_content(dir, "f", "new");
}

static void test_a_failed_replacement_leaves_all_as_it_was(void)
{
	CLEANUP(cleanup_close) int dir = fresh_dir();
	char name[300];
	struct err err = ERR_INIT;

	CHECK(mkdirat(dir, "d", 0700) == 0);
	CHECK(fsx_replace_file(dir, "d", "x", 1, 0600, &err) == -1);
	CHECK(err.code == ERR_IO && err.os == EISDIR);
	err_clear(&err);
	CHECK(fsx_replace_file(dir, "a/b", "x", 1, 0600, &err) == -1);
	CHECK(err.code == ERR_INVALID);
	err_clear(&err);
	memset(name, 'n', sizeof(name));
	name[299] = '\0';
	CHECK(fsx_replace_file(dir, name, "x", 1, 0600, &err) == -1);
	CHECK(err.code == ERR_INVALID);
	err_clear(&err);
	name[255] = '\0';
	CHECK(fsx_replace_file(dir, name, "x", 1, 0600, &err) == -1);
	CHECK(err.os == ENAMETOOLONG);
	CHECK(count_entries(dir) == 1);
}

static void test_reads_up_to_the_ceiling(void)
{
	CLEANUP(cleanup_close) int dir = fresh_dir();
	CLEANUP(buf_release) struct buf out = BUF_INIT(9);
	struct err err = ERR_INIT;

	put(dir, "f", "012345678");
	CHECK(fsx_read_file(dir, "f", &out, &err) == 0 && out.len == 9);
	buf_clear(&out);
	put(dir, "f", "0123456789");
	CHECK(fsx_read_file(dir, "f", &out, &err) == -1);
	CHECK(err.code == ERR_TOO_LARGE);
}

static void test_reads_files_longer_than_one_piece(void)
{
	CLEANUP(cleanup_close) int dir = fresh_dir();
	CLEANUP(buf_release) struct buf out = BUF_INIT(100000);
	static char data[70000];
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 31 % 251);
	CHECK(fsx_replace_file(dir, "f", data, sizeof(data), 0600, &err) == 0);
	buf_append_text(&out, "head");
	CHECK(fsx_read_file(dir, "f", &out, &err) == 0);
	CHECK(out.len == 4 + sizeof(data));
	CHECK(memcmp(out.data, "head", 4) == 0);
	CHECK(memcmp(out.data + 4, data, sizeof(data)) == 0);
}

static void test_absent_files_are_not_found(void)
{
	CLEANUP(cleanup_close) int dir = fresh_dir();
	CLEANUP(buf_release) struct buf out = BUF_INIT(9);
	struct err err = ERR_INIT;
	int fd = -5;

	CHECK(fsx_read_file(dir, "f", &out, &err) == -1);
	CHECK(err.code == ERR_NOT_FOUND);
	err_clear(&err);
	CHECK(fsx_open_dir(dir, "d", &fd, &err) == -1);
	CHECK(err.code == ERR_NOT_FOUND && fd == -5);
	err_clear(&err);
	CHECK(fsx_read_file(dir, ".", &out, &err) == -1);
	CHECK(err.os == EISDIR);
}

static void test_writes_and_reads_at_offsets(void)
{
	CLEANUP(cleanup_close) int dir = fresh_dir();
	struct err err = ERR_INIT;
	char got[4];

	CLEANUP(cleanup_close)
	int fd = openat(dir, "f", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fsx_write_all(fd, "abcdef", 6, &err) == 0);
	CHECK(fsx_pwrite_all(fd, "XY", 2, 2, &err) == 0);
	CHECK(fsx_pread_all(fd, got, 4, 1, &err) == 0);
	CHECK(memcmp(got, "bXYe", 4) == 0);
	CHECK(fsx_pread_all(fd, got, 4, 3, &err) == -1);
	CHECK(err.code == ERR_CORRUPT);
	CHECK(fsx_sync(fd, &(struct err){0}) == 0);
}

static void test_offsets_past_the_type_are_refused(void)
{
	struct err err = ERR_INIT;
	char byte = 'x';

	CHECK(fsx_pwrite_all(-1, &byte, 1, UINT64_MAX, &err) == -1);
	CHECK(err.code == ERR_INVALID);
	err_clear(&err);
	CHECK(fsx_pread_all(-1, &byte, 1, INT64_MAX, &err) == -1);
	CHECK(err.code == ERR_INVALID);
}

static void test_bad_descriptors_are_io_errors(void)
{
	struct err err = ERR_INIT;
	uint64_t a, b;
	char byte = 'x';

	CHECK(fsx_sync(-1, &err) == -1);
	CHECK(err.code == ERR_IO && err.os == EBADF);
	err_clear(&err);
	CHECK(fsx_write_all(-1, &byte, 1, &err) == -1);
	err_clear(&err);
	CHECK(fsx_pwrite_all(-1, &byte, 1, 0, &err) == -1);
	err_clear(&err);
	CHECK(fsx_pread_all(-1, &byte, 1, 0, &err) == -1);
	err_clear(&err);
	CHECK(fsx_free_space(-1, &a, &b, &err) == -1);
	CHECK(err.os == EBADF);
}

static void test_makes_a_folder_once(void)
{
	CLEANUP(cleanup_close) int dir = fresh_dir();
	struct err err = ERR_INIT;
	int fd;

	umask(0077);
	CHECK(fsx_make_dir(dir, "d", 0755, &err) == 0);
	CHECK(mode_of(dir, "d") == 0755);
	CHECK(fsx_make_dir(dir, "d", 0700, &err) == 0);
	CHECK(mode_of(dir, "d") == 0755);
	CHECK(fsx_open_dir(dir, "d", &fd, &err) == 0);
	CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	close(fd);
}

static void test_takes_no_file_or_link_for_a_folder(void)
{
	CLEANUP(cleanup_close) int dir = fresh_dir();
	struct err err = ERR_INIT;
	int fd = -5;

	put(dir, "f", "");
	CHECK(mkdirat(dir, "real", 0700) == 0);
	CHECK(symlinkat("real", dir, "link") == 0);
	CHECK(fsx_make_dir(dir, "f", 0700, &err) == -1);
	CHECK(err.code == ERR_EXISTS);
	err_clear(&err);
	CHECK(fsx_make_dir(dir, "link", 0700, &err) == -1);
	CHECK(err.code == ERR_EXISTS);
	err_clear(&err);
	CHECK(fsx_make_dir(dir, "no/d", 0700, &err) == -1);
	CHECK(err.code == ERR_NOT_FOUND);
	err_clear(&err);
	CHECK(fsx_open_dir(dir, "link", &fd, &err) == -1 && fd == -5);
	err_clear(&err);
	CHECK(fsx_open_dir(dir, "f", &fd, &err) == -1 && fd == -5);
}

static void test_a_lock_is_held_once(void)
{
	CLEANUP(cleanup_close) int dir = fresh_dir();
	struct err err = ERR_INIT;
	int first = -5, second = -5;

	CHECK(fsx_lock_file(dir, "lock", &first, &err) == 1);
	CHECK(fsx_lock_file(dir, "lock", &second, &err) == 0);
	CHECK(second == -5 && err.code == ERR_NONE);
	close(first);
	CHECK(fsx_lock_file(dir, "lock", &second, &err) == 1);
	close(second);
	CHECK(symlinkat("lock", dir, "link") == 0);
	CHECK(fsx_lock_file(dir, "link", &second, &err) == -1);
	CHECK(err.os == ELOOP);
}

static void test_free_space_is_told(void)
{
	CLEANUP(cleanup_close) int dir = fresh_dir();
	uint64_t bytes = 0, inodes = 0;
	struct err err = ERR_INIT;

	CHECK(fsx_free_space(dir, &bytes, &inodes, &err) == 0);
	CHECK(bytes > 0 && inodes > 0);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_replaces_a_file_whole),
		CHECK_CASE(test_an_open_reader_keeps_the_old_content),
		CHECK_CASE(test_a_failed_replacement_leaves_all_as_it_was),
		CHECK_CASE(test_reads_up_to_the_ceiling),
		CHECK_CASE(test_reads_files_longer_than_one_piece),
		CHECK_CASE(test_absent_files_are_not_found),
		CHECK_CASE(test_writes_and_reads_at_offsets),
		CHECK_CASE(test_offsets_past_the_type_are_refused),
		CHECK_CASE(test_bad_descriptors_are_io_errors),
		CHECK_CASE(test_makes_a_folder_once),
		CHECK_CASE(test_takes_no_file_or_link_for_a_folder),
		CHECK_CASE(test_a_lock_is_held_once),
		CHECK_CASE(test_free_space_is_told),
	};

	return CHECK_RUN(argc, argv, cases);
}
