/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/blob_disk.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fsx.h"
#include "storage/blob_fd.h"
#include "storage/blob_name.h"

/* O_NONBLOCK: a FIFO that somebody put there must not hold us up. */
#define OPEN_FLAGS (O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

int disk_open_at(int dir_fd, const char *path, int flags)
{
	int fd;

	do
		fd = openat(dir_fd, path, flags, 0600);
	while (fd < 0 && errno == EINTR);
	return fd;
}

/* Open one name in a directory: 1, 0 absent, -1. */
static int open_blob(int dir_fd, const char *name,
		     struct blob_reader *ret_reader, struct err *err)
{
	CLEANUP(cleanup_close) int fd = disk_open_at(dir_fd, name, OPEN_FLAGS);
	struct stat info;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, errno, "opening a blob");
	if (fstat(fd, &info) < 0)
		return err_sys(err, errno, "looking at a blob");
	if (!S_ISREG(info.st_mode))
		return err_set(err, ERR_CORRUPT, "a blob is no regular file");
	*ret_reader = (struct blob_reader){
		.fd = STEAL_FD(fd),
		.size = (uint64_t)info.st_size,
	};
	return 1;
}

/* The directory of a key that came from elsewhere: 1 / 0 / -1. */
static int find(struct disk *disk, const char *key, int *ret_fd,
		const char **ret_name, struct err *err)
{
	if (blob_name_check_key(key, err) < 0)
		return -1;
	return disk_dirs_open(&disk->dirs, key, ret_fd, ret_name, err);
}

static int disk_open(struct blob_driver *driver, const char *key,
		     struct blob_reader *ret_reader, struct err *err)
{
	struct disk *disk = CONTAINER_OF(driver, struct disk, driver);
	CLEANUP(cleanup_close) int dir_fd = -1;
	const char *name;
	int found = find(disk, key, &dir_fd, &name, err);

	if (found <= 0)
		return found;
	return open_blob(dir_fd, name, ret_reader, err);
}

static int disk_remove(struct blob_driver *driver, const char *key,
		       struct err *err)
{
	struct disk *disk = CONTAINER_OF(driver, struct disk, driver);
	CLEANUP(cleanup_close) int dir_fd = -1;
	const char *name;
	int found = find(disk, key, &dir_fd, &name, err);

	if (found <= 0)
		return found;
	if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "removing a blob");
	/* Absent, too: it may have gone without having become durable. */
	return disk_dirs_sync(&disk->dirs, key, dir_fd, err);
}

static int disk_space(struct blob_driver *driver, uint64_t *ret_bytes,
		      uint64_t *ret_files, struct err *err)
{
	struct disk *disk = CONTAINER_OF(driver, struct disk, driver);

	return fsx_free_space(disk->blobs_fd, ret_bytes, ret_files, err);
}

static void disk_free(struct blob_driver *driver)
{
	struct disk *disk = CONTAINER_OF(driver, struct disk, driver);

	blob_writer_free(disk->writer);
	disk_dirs_release(&disk->dirs);
	cleanup_close(&disk->uploads_fd);
	cleanup_close(&disk->blobs_fd);
	free(disk);
}

static const struct blob_driver_ops disk_ops = {
	.name = "disk",
	.stage_create = disk_stage_create,
	.stage_open = disk_stage_open,
	.stage_size = disk_stage_size,
	.stage_append = disk_stage_append,
	.stage_flush = disk_stage_flush,
	.stage_read = disk_stage_read,
	.stage_publish = disk_stage_publish,
	.stage_close = disk_stage_close,
	.stage_remove = disk_stage_remove,
	.each_stage = disk_each_stage,
	.open = disk_open,
	.read_at = blob_fd_read_at,
	.close = blob_fd_close,
	.remove = disk_remove,
	.each = disk_each,
	.space = disk_space,
	.free = disk_free,
};

static int open_dir(int dir_fd, const char *name, int *ret_fd, struct err *err)
{
	if (fsx_make_dir(dir_fd, name, 0700, err) < 0)
		return -1;
	return fsx_open_dir(dir_fd, name, ret_fd, err);
}

/* A name below the blobs that is made only once all above it is durable: where
 * it is seen, no start needs to see to that again. */
#define MADE "sha256"

static int open_made(int dir_fd, const char *name, int *ret_fd, struct err *err)
{
	int fd = disk_open_at(dir_fd, name, DIR_FLAGS);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, errno, "the directory of %s", name);
	*ret_fd = fd;
	return 1;
}

/* Open both directories if an earlier start has made all: 1 / 0 / -1. */
static int open_all_made(struct disk *disk, int dir_fd, struct err *err)
{
	CLEANUP(cleanup_close) int uploads_fd = -1;
	CLEANUP(cleanup_close) int blobs_fd = -1;
	int found = open_made(dir_fd, "uploads", &uploads_fd, err);

	if (found > 0)
		found = open_made(dir_fd, "blobs", &blobs_fd, err);
	if (found <= 0)
		return found;
	if (faccessat(blobs_fd, MADE, F_OK, 0) < 0)
		return errno == ENOENT
			       ? 0
			       : err_sys(err, errno, "the directory of blobs");
	disk->uploads_fd = STEAL_FD(uploads_fd);
	disk->blobs_fd = STEAL_FD(blobs_fd);
	return 1;
}

static int open_dirs(struct disk *disk, int dir_fd, struct err *err)
{
	int found = open_all_made(disk, dir_fd, err);

	if (found != 0)
		return found < 0 ? -1 : 0;
	if (open_dir(dir_fd, "uploads", &disk->uploads_fd, err) < 0)
		return err_wrap(err, "the directory of uploads");
	if (open_dir(dir_fd, "blobs", &disk->blobs_fd, err) < 0)
		return err_wrap(err, "the directory of blobs");
	if (mkdirat(disk->blobs_fd, MADE, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "the directory of blobs");
	return 0;
}

int blob_disk_new(const struct blob_disk_config *config,
		  struct blob_driver **ret_driver, struct err *err)
{
	assert(config->buffers_total > 0);

	struct blob_writer_config writing = {
		.threads = config->writers,
		.per_flow = config->buffers_per_stage,
		.memory_bytes = config->buffers_total * BLOB_BUFFER_LARGE,
	};
	struct disk *disk = calloc(1, sizeof(*disk));
	if (!disk)
		return err_set(err, ERR_NO_MEMORY, "no memory for a driver");
	disk->driver.ops = &disk_ops;
	disk->direct_io = config->direct_io;
	disk->blobs_fd = -1;
	disk->uploads_fd = -1;
	if (open_dirs(disk, config->dir_fd, err) < 0 ||
	    disk_dirs_init(&disk->dirs, disk->blobs_fd, err) < 0) {
		cleanup_close(&disk->uploads_fd);
		cleanup_close(&disk->blobs_fd);
		free(disk);
		return -1;
	}
	if (blob_writer_new(&writing, &disk->writer, err) < 0) {
		disk_free(&disk->driver);
		return -1;
	}
	*ret_driver = &disk->driver;
	return 0;
}
