/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define FOLDERS_OPEN 8 /* descriptors that removing may use */

int scratch_make(const char *beside, struct buf *ret_path, struct err *err)
{
	const char *set = getenv("TMPDIR");
	const char *slash = strrchr(beside, '/');
	struct span parent = SPAN_LIT(".");

	if (set && set[0])
		parent = span_of(set);
	else if (slash)
		parent = span_make(beside, (size_t)(slash - beside) + 1);
	buf_append_span(ret_path, parent);
	buf_append_text(ret_path, "/.berth-XXXXXX");
	if (buf_check(ret_path, err) < 0)
		return -1;
	if (!mkdtemp(ret_path->data)) {
		err_sys(err, errno, "making a folder");
		return err_tell(err,
				"no folder can be made in %.*s: %s; set TMPDIR "
				"to one where there is room",
				SPAN_ARG(parent), strerror(err->os));
	}
	return 0;
}

int scratch_file(int *ret_fd, struct err *err)
{
	const char *set = getenv("TMPDIR");
	const char *folder = set && set[0] ? set : "/tmp";
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0) {
		err_sys(err, errno, "making a file");
		return err_tell(err,
				"no file can be made in %s: %s; set TMPDIR to "
				"a folder where there is room",
				folder, strerror(err->os));
	}
	*ret_fd = fd;
	return 0;
}

static int remove_one(const char *path, const struct stat *info, int kind,
		      struct FTW *place)
{
	(void)info;
	(void)kind;
	(void)place;
	return remove(path);
}

int scratch_remove(const char *path, struct err *err)
{
	if (nftw(path, remove_one, FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS) != 0)
		return err_sys(err, errno, "removing %s", path);
	return 0;
}
