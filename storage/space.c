/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/space.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "storage/blob_driver.h"

#define RESERVE_NAME "reserve"
#define FILES_LOW 64 /* files left below which pushes stop */

struct space {
	struct space_config config;
	struct blob_driver *blobs;
	_Atomic uint64_t free_bytes;
	atomic_bool full;
	bool reserved; /* the reserve file is there; space_look()'s thread */
};

static bool wants_reserve(const struct space *space)
{
	return space->config.dir_fd >= 0 && space->config.reserve > 0;
}

static bool reserve_is_there(const struct space *space)
{
	struct stat info;

	return fstatat(space->config.dir_fd, RESERVE_NAME, &info,
		       AT_SYMLINK_NOFOLLOW) == 0 &&
	       (uint64_t)info.st_size >= space->config.reserve;
}

/* Failing to take the reserve is no failure: there is simply none yet. */
static void take_reserve(struct space *space)
{
	CLEANUP(cleanup_close)
	int fd = openat(space->config.dir_fd, RESERVE_NAME,
			O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return;
	if (posix_fallocate(fd, 0, (off_t)space->config.reserve) != 0) {
		unlinkat(space->config.dir_fd, RESERVE_NAME, 0);
		return;
	}
	space->reserved = true;
}

static void give_up_reserve(struct space *space)
{
	if (unlinkat(space->config.dir_fd, RESERVE_NAME, 0) < 0 &&
	    errno != ENOENT)
		return;
	space->reserved = false;
	log_event(LOG_WARN, "reserve_given_up",
		  LOG_NUMBER("bytes", space->config.reserve));
}

/* Deletes need some room for the database's journal: an eighth of the reserve
 * is taken for "hardly any". */
static void tend_reserve(struct space *space, uint64_t free_bytes)
{
	if (!wants_reserve(space))
		return;
	if (space->reserved && free_bytes < space->config.reserve / 8)
		give_up_reserve(space);
	else if (!space->reserved &&
		 free_bytes / 2 >
			 space->config.low_water / 2 + space->config.reserve)
		take_reserve(space);
}

void space_look(struct space *space)
{
	struct err err = ERR_INIT;
	uint64_t bytes = 0;
	uint64_t files = 0;

	if (space->blobs->ops->space(space->blobs, &bytes, &files, &err) < 0) {
		log_failure(LOG_ERROR, "space_unknown", &err, NULL, 0);
		return;
	}
	bool full = bytes < space->config.low_water || files < FILES_LOW;
	if (full != atomic_exchange(&space->full, full))
		log_event(LOG_WARN, full ? "disk_full" : "disk_has_room",
			  LOG_NUMBER("free_bytes", bytes),
			  LOG_NUMBER("low_water", space->config.low_water));
	atomic_store(&space->free_bytes, bytes);
	tend_reserve(space, bytes);
}

int space_new(const struct space_config *config, struct blob_driver *blobs,
	      struct space **ret_space, struct err *err)
{
	struct space *space = calloc(1, sizeof(*space));

	if (!space)
		return err_set(err, ERR_NO_MEMORY, "space");
	space->config = *config;
	space->blobs = blobs;
	atomic_init(&space->free_bytes, UINT64_MAX);
	space->reserved = wants_reserve(space) && reserve_is_there(space);
	space_look(space);
	*ret_space = space;
	return 0;
}

void space_free(struct space *space)
{
	free(space);
}

int space_check(const struct space *space, struct err *err)
{
	if (!atomic_load_explicit(&space->full, memory_order_relaxed))
		return 0;
	return err_set(err, ERR_NO_SPACE, "below the low-water mark");
}

uint64_t space_free_bytes(const struct space *space)
{
	return atomic_load_explicit(&space->free_bytes, memory_order_relaxed);
}
