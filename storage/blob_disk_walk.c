/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "storage/blob_disk.h"
#include "storage/blob_name.h"

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct walk {
	blob_each_fn *each;
	void *context;		  /* for each */
	char path[BLOB_KEY_SIZE]; /* of the entry looked at */
	size_t depth;		  /* directories that may lie below this one */
	bool by_change; /* tell the time of the last link, not of a write */
};

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int walk_dir(struct walk *walk, int parent_fd, const char *name,
		    size_t path_len, struct err *err);

static int64_t time_ms(const struct timespec *at)
{
	return (int64_t)at->tv_sec * 1000 + at->tv_nsec / 1000000;
}

static int tell(struct walk *walk, const struct stat *info, struct err *err)
{
	struct blob_listed listed = {
		.key = walk->path,
		.size = (uint64_t)info->st_size,
		.written_wall_ms = time_ms(walk->by_change ? &info->st_ctim
							   : &info->st_mtim),
	};

	return walk->each(walk->context, &listed, err);
}

/* What is none of ours (links, odd names, too deep) is passed over. */
static int visit(struct walk *walk, int dir_fd, const char *name, size_t len,
		 struct err *err)
{
	size_t name_len = strlen(name);
	struct stat info;

	if (!blob_name_is_component(name) ||
	    len + name_len + 1 >= sizeof(walk->path))
		return 0;
	if (fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) < 0) {
		int error = errno;

		return error == ENOENT
			       ? 0
			       : err_sys(err, error, "looking at stored files");
	}
	memcpy(walk->path + len, name, name_len + 1);
	if (S_ISREG(info.st_mode))
		return tell(walk, &info, err);
	if (!S_ISDIR(info.st_mode) || walk->depth == 0)
		return 0;
	walk->path[len + name_len] = '/';
	walk->depth--;
	int rc = walk_dir(walk, dir_fd, name, len + name_len + 1, err);
	walk->depth++;
	return rc;
}

static int walk_dir(struct walk *walk, int parent_fd, const char *name,
		    size_t path_len, struct err *err)
{
	CLEANUP(cleanup_close)
	int fd = disk_open_at(parent_fd, name, DIR_FLAGS);
	CLEANUP(close_dir) DIR *dir = NULL;

	if (fd < 0)
		return err_sys(err, errno, "listing stored files");
	dir = fdopendir(fd);
	if (!dir)
		return err_sys(err, errno, "listing stored files");
	int dir_fd = STEAL_FD(fd);
	for (;;) {
		errno = 0;
		/* cppcheck-suppress readdirCalled; the stream is ours alone */
		struct dirent *entry = readdir(dir);
		int error = errno;

		if (!entry && error)
			return err_sys(err, error, "listing stored files");
		if (!entry)
			return 0;
		if (visit(walk, dir_fd, entry->d_name, path_len, err) < 0)
			return -1;
	}
}

int disk_each_stage(struct blob_driver *driver, blob_each_fn *each,
		    void *context, struct err *err)
{
	struct disk *disk = CONTAINER_OF(driver, struct disk, driver);
	struct walk walk = {.each = each, .context = context};

	return walk_dir(&walk, disk->uploads_fd, ".", 0, err);
}

int disk_each(struct blob_driver *driver, blob_each_fn *each, void *context,
	      struct err *err)
{
	struct disk *disk = CONTAINER_OF(driver, struct disk, driver);
	struct walk walk = {
		.each = each,
		.context = context,
		.depth = BLOB_NAME_DEPTH - 1,
		.by_change = true,
	};

	return walk_dir(&walk, disk->blobs_fd, ".", 0, err);
}
