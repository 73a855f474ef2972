/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/sql_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

int sql_file_make(const char *dir, const char *path, struct err *err)
{
	/* An existing file is never opened here: closing it would drop the
	 * locks that SQLite holds on it in this process. */
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		      0600);
	if (fd < 0 && errno == EEXIST)
		return 0;
	if (fd < 0)
		return err_sys(err, errno, "making %s", path);
	close(fd);

	CLEANUP(cleanup_close)
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return err_sys(err, errno, "opening %s", dir);
	if (fsync(dir_fd) < 0)
		return err_sys(err, errno, "fsync of %s", dir);
	return 0;
}

int sql_file_lock(const char *path, int64_t number, int *fd, struct err *err)
{
	struct flock range = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = (off_t)number,
		.l_len = 1,
	};

	if (*fd < 0) {
		int opened = open(
			path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (opened < 0)
			return err_sys(err, errno, "opening %s", path);
		*fd = opened;
	}
	if (fcntl(*fd, F_OFD_SETLK, &range) == 0)
		return 1;
	if (errno == EAGAIN || errno == EACCES)
		return 0;
	return err_sys(err, errno, "locking %s", path);
}
