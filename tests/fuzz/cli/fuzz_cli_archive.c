/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fsx.h"
#include "cli/archive.h"
#include "cli/scratch.h"

#define UNPACKED_MAX ((uint64_t)1 << 20) /* bytes */
#define NAMES_OPEN 8			 /* descriptors for the walk */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nothing but folders and plain files may have come out. */
static int check_one(const char *path, const struct stat *info, int kind,
		     struct FTW *place)
{
	(void)path;
	(void)place;
	if (kind == FTW_D)
		return 0;
	if (!S_ISREG(info->st_mode) || info->st_nlink != 1 ||
	    (uint64_t)info->st_size > UNPACKED_MAX)
		abort();
	return 0;
}

static void unpack(const char *archive, const char *folder)
{
	struct err err = ERR_INIT;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		abort();
	if (archive_read_layout(archive, fd, UNPACKED_MAX, &err) < 0 &&
	    err.code == ERR_NONE)
		abort();
	close(fd);
	nftw(folder, check_one, NAMES_OPEN, FTW_PHYS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char folder[] = "/tmp/fuzz-archive-XXXXXX";
	char path[64];
	struct err err = ERR_INIT;
	int fd = memfd_create("archive", MFD_CLOEXEC);

	if (fd < 0 || !mkdtemp(folder))
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fsx_write_all(fd, data, size, &err) == 0)
		unpack(path, folder);
	close(fd);
	if (scratch_remove(folder, &err) < 0)
		abort();
	return 0;
}
