/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/blob_fd.h"

#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "storage/blob_driver.h"

int blob_fd_read(int fd, uint64_t offset, void *data, size_t len,
		 size_t *ret_got, struct err *err)
{
	if (offset > INT64_MAX)
		return err_set(err, ERR_RANGE, "offset is too large");
	for (;;) {
		ssize_t got = pread(fd, data, len, (off_t)offset);
		int error = errno;

		if (got >= 0) {
			*ret_got = (size_t)got;
			return 0;
		}
		if (error != EINTR)
			return err_sys(err, error, "reading stored bytes");
	}
}

int blob_fd_read_at(struct blob_reader *reader, uint64_t offset, void *data,
		    size_t len, size_t *ret_got, struct err *err)
{
	return blob_fd_read(reader->fd, offset, data, len, ret_got, err);
}

void blob_fd_close(struct blob_reader *reader)
{
	cleanup_close(&reader->fd);
	reader->fd = -1;
}
