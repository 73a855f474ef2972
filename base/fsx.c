/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fsx.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/rand.h"

#define READ_SIZE 16384	   /* bytes read at a time */
#define TEMP_RANDOM 8	   /* random bytes in a temporary file's name */
#define TEMP_NAME_SIZE 300 /* a name's 255 bytes and what is put behind it */

int fsx_write_all(int fd, const void *data, size_t len, struct err *err)
{
	const char *at = data;

	while (len > 0) {
		ssize_t done = write(fd, at, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_sys(err, errno, "writing");
		at += done;
		len -= (size_t)done;
	}
	return 0;
}

/* off_t has no room for offsets past INT64_MAX. */
static int check_offset(uint64_t offset, size_t len, struct err *err)
{
	if (offset > INT64_MAX || len > (uint64_t)INT64_MAX - offset)
		return err_set(err, ERR_INVALID, "file offset out of range");
	return 0;
}

int fsx_pwrite_all(int fd, const void *data, size_t len, uint64_t offset,
		   struct err *err)
{
	const char *at = data;

	if (check_offset(offset, len, err) < 0)
		return -1;
	while (len > 0) {
		ssize_t done = pwrite(fd, at, len, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_sys(err, errno, "writing");
		at += done;
		len -= (size_t)done;
		offset += (uint64_t)done;
	}
	return 0;
}

int fsx_pread_all(int fd, void *data, size_t len, uint64_t offset,
		  struct err *err)
{
	char *at = data;

	if (check_offset(offset, len, err) < 0)
		return -1;
	while (len > 0) {
		ssize_t done = pread(fd, at, len, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_sys(err, errno, "reading");
		if (done == 0)
			return err_set(err, ERR_CORRUPT,
				       "the file ends %zu bytes early", len);
		at += done;
		len -= (size_t)done;
		offset += (uint64_t)done;
	}
	return 0;
}

static int open_at(int dir_fd, const char *path, int flags, mode_t mode)
{
	int fd;

	do
		fd = openat(dir_fd, path, flags | O_CLOEXEC, mode);
	while (fd < 0 && errno == EINTR);
	return fd;
}

static int read_to_end(int fd, struct buf *out, struct err *err)
{
	char piece[READ_SIZE];

	for (;;) {
		ssize_t got = read(fd, piece, sizeof(piece));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys(err, errno, "reading");
		if (got == 0)
			return buf_check(out, err);
		buf_append(out, piece, (size_t)got);
		if (buf_check(out, err) < 0)
			return -1;
	}
}

int fsx_read_file(int dir_fd, const char *path, struct buf *out,
		  struct err *err)
{
	CLEANUP(cleanup_close) int fd = open_at(dir_fd, path, O_RDONLY, 0);

	if (fd < 0)
		return err_sys(err, errno, "opening %s", path);
	if (read_to_end(fd, out, err) < 0)
		return err_wrap(err, "%s", path);
	return 0;
}

/* Kept apart from fsx_open_dir() because its caller has to look at errno. */
static int open_dir(int dir_fd, const char *path)
{
	return open_at(dir_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

int fsx_open_dir(int dir_fd, const char *path, int *ret_fd, struct err *err)
{
	int fd = open_dir(dir_fd, path);

	if (fd < 0)
		return err_sys(err, errno, "opening folder %s", path);
	*ret_fd = fd;
	return 0;
}

/* The entry is synced even where it stood before: another thread may have made
 * it just now and not have come to its own fsync() yet. */
int fsx_make_dir(int dir_fd, const char *path, mode_t mode, struct err *err)
{
	bool made = mkdirat(dir_fd, path, mode) == 0;
	if (!made && errno != EEXIST)
		return err_sys(err, errno, "making folder %s", path);

	CLEANUP(cleanup_close) int fd = open_dir(dir_fd, path);
	if (fd < 0 && !made && (errno == ENOTDIR || errno == ELOOP))
		return err_set(err, ERR_EXISTS, "%s is no folder", path);
	if (fd < 0)
		return err_sys(err, errno, "opening folder %s", path);
	if (made && fchmod(fd, mode) < 0)
		return err_sys(err, errno, "setting the mode of %s", path);
	if (fsx_sync(fd, err) < 0 || fsx_sync(dir_fd, err) < 0)
		return err_wrap(err, "making folder %s", path);
	return 0;
}

int fsx_sync(int fd, struct err *err)
{
	if (fsync(fd) < 0)
		return err_sys(err, errno, "fsync");
	return 0;
}

static int temp_name(const char *path, char ret_name[TEMP_NAME_SIZE],
		     struct err *err)
{
	char random_hex[2 * TEMP_RANDOM + 1];
	uint8_t random[TEMP_RANDOM];

	if (rand_bytes(random, sizeof(random), err) < 0)
		return -1;
	enc_hex(random, sizeof(random), random_hex);
	int len = snprintf(ret_name, TEMP_NAME_SIZE, "%s.tmp-%s", path,
			   random_hex);
	if (len < 0 || len >= TEMP_NAME_SIZE)
		return err_set(err, ERR_INVALID, "file name too long");
	return 0;
}

static int fill_file(int fd, const void *data, size_t len, mode_t mode,
		     struct err *err)
{
	if (fchmod(fd, mode) < 0)
		return err_sys(err, errno, "setting the mode");
	if (fsx_write_all(fd, data, len, err) < 0)
		return -1;
	return fsx_sync(fd, err);
}

static int rename_durably(int dir_fd, const char *from, const char *to,
			  struct err *err)
{
	if (renameat(dir_fd, from, dir_fd, to) < 0) {
		err_sys(err, errno, "renaming");
		unlinkat(dir_fd, from, 0);
		return -1;
	}
	return fsx_sync(dir_fd, err);
}

int fsx_replace_file(int dir_fd, const char *path, const void *data, size_t len,
		     mode_t mode, struct err *err)
{
	char temp[TEMP_NAME_SIZE];

	if (strchr(path, '/'))
		return err_set(err, ERR_INVALID, "%s is no plain name", path);
	if (temp_name(path, temp, err) < 0)
		return -1;

	CLEANUP(cleanup_close)
	int fd = open_at(dir_fd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
			 0600);
	if (fd < 0)
		return err_sys(err, errno, "making %s", temp);
	if (fill_file(fd, data, len, mode, err) < 0) {
		unlinkat(dir_fd, temp, 0);
		return err_wrap(err, "%s", temp);
	}
	if (rename_durably(dir_fd, temp, path, err) < 0)
		return err_wrap(err, "replacing %s", path);
	return 0;
}

int fsx_lock_file(int dir_fd, const char *path, int *ret_fd, struct err *err)
{
	CLEANUP(cleanup_close)
	int fd = open_at(dir_fd, path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	int rc;

	if (fd < 0)
		return err_sys(err, errno, "opening %s", path);
	do
		rc = flock(fd, LOCK_EX | LOCK_NB);
	while (rc < 0 && errno == EINTR);
	if (rc < 0 && errno == EWOULDBLOCK)
		return 0;
	if (rc < 0)
		return err_sys(err, errno, "locking %s", path);
	*ret_fd = STEAL_FD(fd);
	return 1;
}

int fsx_free_space(int fd, uint64_t *ret_bytes, uint64_t *ret_inodes,
		   struct err *err)
{
	struct statvfs fs;

	if (fstatvfs(fd, &fs) < 0)
		return err_sys(err, errno, "asking for free space");
	*ret_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	*ret_inodes = fs.f_files ? fs.f_favail : UINT64_MAX;
	return 0;
}
