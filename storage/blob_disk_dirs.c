/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fsx.h"
#include "storage/blob_disk.h"

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* One directory, kept once it was written to: there are a few hundred. */
struct disk_dir {
	struct map_node node;
	char path[BLOB_KEY_SIZE]; /* below the root; "" is the root */
	bool durable;		  /* it and all above it */
	bool syncing;		  /* some thread is in fsync */
	struct list waiting; /* struct sync_wait that the next one covers */
	struct cond synced;  /* an fsync ended */
};

/* A caller whose change is to be covered by an fsync that starts from now on.
 */
struct sync_wait {
	struct list entry;
	bool done;
	struct err failure;
};

int disk_dirs_init(struct disk_dirs *dirs, int root_fd, struct err *err)
{
	if (map_init(&dirs->known, err) < 0)
		return -1;
	dirs->root_fd = root_fd;
	lock_init(&dirs->lock);
	return 0;
}

void disk_dirs_release(struct disk_dirs *dirs)
{
	struct map_node *node;

	while ((node = map_any(&dirs->known)) != NULL) {
		struct disk_dir *dir =
			CONTAINER_OF(node, struct disk_dir, node);

		map_remove(&dirs->known, node);
		cond_release(&dir->synced);
		free(dir);
	}
	map_release(&dirs->known);
	lock_release(&dirs->lock);
}

/* The record of a directory, made if there is none. */
static int dir_get(struct disk_dirs *dirs, struct span path,
		   struct disk_dir **ret_dir, struct err *err)
	REQUIRES(&dirs->lock)
{
	struct map_node *node = map_find(&dirs->known, path);

	if (node) {
		*ret_dir = CONTAINER_OF(node, struct disk_dir, node);
		return 0;
	}
	struct disk_dir *dir = calloc(1, sizeof(*dir));
	if (!dir)
		return err_set(err, ERR_NO_MEMORY, "no memory for a directory");
	memcpy(dir->path, path.text, path.len);
	dir->durable = path.len == 0;
	list_init(&dir->waiting);
	cond_init(&dir->synced);
	map_insert(&dirs->known, &dir->node, span_make(dir->path, path.len));
	*ret_dir = dir;
	return 0;
}

/* One fsync for all that wait when it starts; the lock is dropped meanwhile. */
static void sync_waiting(struct disk_dirs *dirs, struct disk_dir *dir, int fd)
	REQUIRES(&dirs->lock)
{
	struct list covered;
	struct err failure = ERR_INIT;

	list_init(&covered);
	while (!list_empty(&dir->waiting)) {
		struct list *entry = dir->waiting.next;

		list_remove(entry);
		list_append(&covered, entry);
	}
	dir->syncing = true;
	lock_drop(&dirs->lock);
	int rc = fsx_sync(fd, &failure);
	lock_take(&dirs->lock);
	dir->syncing = false;
	while (!list_empty(&covered)) {
		struct sync_wait *wait =
			CONTAINER_OF(covered.next, struct sync_wait, entry);

		list_remove(&wait->entry);
		wait->done = true;
		if (rc < 0)
			wait->failure = failure;
	}
	cond_broadcast(&dir->synced);
}

static int sync_path(struct disk_dirs *dirs, struct span path, int fd,
		     struct err *err)
{
	struct sync_wait wait = {.failure = ERR_INIT};
	struct disk_dir *dir;

	lock_take(&dirs->lock);
	if (dir_get(dirs, path, &dir, err) < 0) {
		lock_drop(&dirs->lock);
		return -1;
	}
	list_append(&dir->waiting, &wait.entry);
	while (!wait.done) {
		if (dir->syncing)
			cond_wait(&dir->synced, &dirs->lock);
		else
			sync_waiting(dirs, dir, fd);
	}
	lock_drop(&dirs->lock);

	if (wait.failure.code == ERR_NONE)
		return 0;
	*err = wait.failure;
	return err_wrap(err, "directory of blobs");
}

/* The directory part of a key, "" if it has none. */
static struct span parent_of(const char *key)
{
	const char *slash = strrchr(key, '/');

	return slash ? span_make(key, (size_t)(slash - key))
		     : span_make(key, 0);
}

int disk_dirs_sync(struct disk_dirs *dirs, const char *key, int fd,
		   struct err *err)
{
	return sync_path(dirs, parent_of(key), fd, err);
}

static int is_durable(struct disk_dirs *dirs, struct span path,
		      bool *ret_durable, struct err *err)
{
	struct disk_dir *dir;

	lock_take(&dirs->lock);
	int rc = dir_get(dirs, path, &dir, err);
	if (rc == 0)
		*ret_durable = dir->durable;
	lock_drop(&dirs->lock);
	return rc;
}

static void set_durable(struct disk_dirs *dirs, struct span path)
{
	lock_take(&dirs->lock);
	struct map_node *node = map_find(&dirs->known, path);
	if (node)
		CONTAINER_OF(node, struct disk_dir, node)->durable = true;
	lock_drop(&dirs->lock);
}

/* Make the last component of path, in the directory fd, if it is absent.  One
 * that is there may be another's whose entry is not durable yet, or that a
 * killed process left so: the first use in each process syncs it. */
static int make_durable(struct disk_dirs *dirs, struct span path, int fd,
			const char *name, struct err *err)
{
	struct span before = span_make(path.text, 0);
	struct span last;
	bool durable = false;

	if (is_durable(dirs, path, &durable, err) < 0)
		return -1;
	if (durable)
		return 0;
	if (mkdirat(fd, name, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "making a directory of blobs");
	span_cut_last(path, '/', &before, &last);
	if (sync_path(dirs, before, fd, err) < 0)
		return -1;
	set_durable(dirs, path);
	return 0;
}

/* Go down from *fd, which is closed, into name: 1, 0 absent, -1. */
static int descend(int *fd, const char *name, struct err *err)
{
	int next = disk_open_at(*fd, name, DIR_FLAGS);
	int error = errno;

	if (next < 0 && error == ENOENT)
		return 0;
	if (next < 0)
		return err_sys(err, error, "opening a directory of blobs");
	close(*fd);
	*fd = next;
	return 1;
}

static int walk(struct disk_dirs *dirs, const char *key, bool make, int *ret_fd,
		const char **ret_name, struct err *err)
{
	CLEANUP(cleanup_close)
	int fd = disk_open_at(dirs->root_fd, ".", DIR_FLAGS);
	char name[BLOB_KEY_SIZE];
	const char *at = key;
	const char *slash;

	if (fd < 0)
		return err_sys(err, errno, "opening the blobs");
	while ((slash = strchr(at, '/')) != NULL) {
		size_t len = (size_t)(slash - at);

		memcpy(name, at, len);
		name[len] = '\0';
		if (make &&
		    make_durable(dirs, span_make(key, (size_t)(slash - key)),
				 fd, name, err) < 0)
			return -1;
		int found = descend(&fd, name, err);
		if (found <= 0)
			return found;
		at = slash + 1;
	}
	*ret_fd = STEAL_FD(fd);
	*ret_name = at;
	return 1;
}

int disk_dirs_open(struct disk_dirs *dirs, const char *key, int *ret_fd,
		   const char **ret_name, struct err *err)
{
	return walk(dirs, key, false, ret_fd, ret_name, err);
}

int disk_dirs_make(struct disk_dirs *dirs, const char *key, int *ret_fd,
		   const char **ret_name, struct err *err)
{
	int found = walk(dirs, key, true, ret_fd, ret_name, err);

	if (found == 0)
		return err_set(err, ERR_IO, "a directory of blobs vanished");
	return found < 0 ? -1 : 0;
}
