/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/failpoint.h"
#include "base/fsx.h"
#include "storage/blob_disk.h"
#include "storage/blob_fd.h"
#include "storage/blob_name.h"

#define STAGE_FLAGS (O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)

struct disk_stage {
	struct disk *disk; /* borrowed */
	char id[BLOB_STAGE_ID_SIZE];
	int fd;		       /* owned; read-only once published */
	int direct_fd;	       /* owned; -1 until the first whole buffer */
	bool published;	       /* other names of the same bytes may exist */
	struct blob_flow flow; /* what is on its way to fd */
};

static struct disk_stage *disk_stage(struct blob_stage *stage)
{
	return (struct disk_stage *)(void *)stage;
}

/* ---- writing: one thread at a time, see storage/blob_writer.h ---- */

static bool may_go_direct(struct disk_stage *stage,
			  const struct blob_buffer *buffer)
{
	struct disk *disk = stage->disk;

	if (!disk->direct_io || disk->direct_fails ||
	    buffer->len != BLOB_BUFFER_LARGE ||
	    buffer->offset % BLOB_BUFFER_ALIGN != 0)
		return false;
	if (stage->direct_fd < 0)
		stage->direct_fd =
			disk_open_at(disk->uploads_fd, stage->id,
				     O_WRONLY | O_DIRECT | STAGE_FLAGS);
	if (stage->direct_fd < 0 && errno == EINVAL)
		disk->direct_fails = true;
	return stage->direct_fd >= 0;
}

/* Write past the page cache as far as that goes: *ret_done bytes are written
 * then, the rest must go through the cache. */
static int write_direct(struct disk_stage *stage,
			const struct blob_buffer *buffer, size_t *ret_done,
			struct err *err)
{
	size_t done = 0;

	while (done < buffer->len && done % BLOB_BUFFER_ALIGN == 0) {
		ssize_t got = pwrite(stage->direct_fd, buffer->data + done,
				     buffer->len - done,
				     (off_t)(buffer->offset + done));
		int error = errno;

		if (got < 0 && error == EINTR)
			continue;
		if (got < 0 && (error == EINVAL || error == EOPNOTSUPP)) {
			stage->disk->direct_fails = true;
			break;
		}
		if (got < 0)
			return err_sys(err, error, "writing an upload");
		if (got == 0)
			break;
		done += (size_t)got;
	}
	*ret_done = done;
	return 0;
}

static int write_buffer(void *target, const struct blob_buffer *buffer,
			struct err *err)
{
	struct disk_stage *stage = target;
	size_t done = 0;

	if (FAILPOINT("append:write"))
		return err_sys(err, errno, "writing an upload");
	if (may_go_direct(stage, buffer) &&
	    write_direct(stage, buffer, &done, err) < 0)
		return -1;
	if (done == buffer->len)
		return 0;
	if (fsx_pwrite_all(stage->fd, buffer->data + done, buffer->len - done,
			   buffer->offset + done, err) < 0)
		return err_wrap(err, "writing an upload");
	return 0;
}

/* ---- opening and closing ---- */

static void stage_new(struct disk_stage *stage, struct disk *disk,
		      const char *id, uint64_t size)
{
	stage->disk = disk;
	stage->direct_fd = -1;
	snprintf(stage->id, sizeof(stage->id), "%s", id);
	blob_flow_init(&stage->flow, disk->writer, write_buffer, stage, size);
}

static int stage_alloc(const char *id, struct disk_stage **ret_stage,
		       struct err *err)
{
	if (blob_name_check_id(id, err) < 0)
		return -1;
	struct disk_stage *stage = calloc(1, sizeof(*stage));
	if (!stage)
		return err_set(err, ERR_NO_MEMORY, "no memory for an upload");
	*ret_stage = stage;
	return 0;
}

int disk_stage_create(struct blob_driver *driver, const char *id,
		      struct blob_stage **ret_stage, struct err *err)
{
	struct disk *disk = CONTAINER_OF(driver, struct disk, driver);
	CLEANUP(cleanup_free) struct disk_stage *stage = NULL;

	if (stage_alloc(id, &stage, err) < 0)
		return -1;
	stage->fd = disk_open_at(disk->uploads_fd, id,
				 O_RDWR | O_CREAT | O_EXCL | STAGE_FLAGS);
	if (stage->fd < 0)
		return err_sys(err, errno, "starting an upload");
	stage_new(stage, disk, id, 0);
	*ret_stage = (struct blob_stage *)(void *)STEAL(stage);
	return 0;
}

/* Make a descriptor that can write out of one that cannot.  A stage that was on
 * its way to being published may have lost its write permission. */
static int reopen_for_writing(struct disk *disk, const char *id, int *fd,
			      struct err *err)
{
	if (fchmod(*fd, 0600) < 0)
		return err_sys(err, errno, "opening an upload");
	int writable = disk_open_at(disk->uploads_fd, id, O_RDWR | STAGE_FLAGS);
	if (writable < 0)
		return err_sys(err, errno, "opening an upload");
	close(*fd);
	*fd = writable;
	return 0;
}

int disk_stage_open(struct blob_driver *driver, const char *id,
		    struct blob_stage **ret_stage, struct err *err)
{
	struct disk *disk = CONTAINER_OF(driver, struct disk, driver);
	CLEANUP(cleanup_free) struct disk_stage *stage = NULL;
	CLEANUP(cleanup_close) int fd = -1;
	struct stat info;

	if (stage_alloc(id, &stage, err) < 0)
		return -1;
	fd = disk_open_at(disk->uploads_fd, id, O_RDONLY | STAGE_FLAGS);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, errno, "opening an upload");
	if (fstat(fd, &info) < 0)
		return err_sys(err, errno, "looking at an upload");
	if (!S_ISREG(info.st_mode))
		return err_set(err, ERR_CORRUPT,
			       "an upload is no regular file");
	stage->published = info.st_nlink > 1;
	if (!stage->published && reopen_for_writing(disk, id, &fd, err) < 0)
		return -1;
	stage_new(stage, disk, id, (uint64_t)info.st_size);
	stage->fd = STEAL_FD(fd);
	*ret_stage = (struct blob_stage *)(void *)STEAL(stage);
	return 1;
}

void disk_stage_close(struct blob_stage *handle)
{
	struct disk_stage *stage = disk_stage(handle);

	if (!stage)
		return;
	blob_flow_finish(&stage->flow);
	cleanup_close(&stage->direct_fd);
	close(stage->fd);
	free(stage);
}

int disk_stage_remove(struct blob_driver *driver, const char *id,
		      struct err *err)
{
	struct disk *disk = CONTAINER_OF(driver, struct disk, driver);

	if (blob_name_check_id(id, err) < 0)
		return -1;
	if (unlinkat(disk->uploads_fd, id, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "removing an upload");
	return 0;
}

/* ---- bytes ---- */

uint64_t disk_stage_size(const struct blob_stage *stage)
{
	return ((const struct disk_stage *)(const void *)stage)->flow.size;
}

int disk_stage_append(struct blob_stage *handle, struct span bytes,
		      size_t *ret_taken, blob_room_fn *room, void *context,
		      struct err *err)
{
	struct disk_stage *stage = disk_stage(handle);

	if (stage->published)
		return err_set(err, ERR_UPLOAD_INVALID,
			       "the upload was published already");
	return blob_flow_append(&stage->flow, bytes, ret_taken, room, context,
				err);
}

int disk_stage_flush(struct blob_stage *stage, struct err *err)
{
	return blob_flow_flush(&disk_stage(stage)->flow, err);
}

int disk_stage_read(struct blob_stage *stage, uint64_t offset, void *data,
		    size_t len, size_t *ret_got, struct err *err)
{
	return blob_fd_read(disk_stage(stage)->fd, offset, data, len, ret_got,
			    err);
}

/* ---- publishing ---- */

/* After an fsync that failed the kernel may have dropped the bytes and call
 * them clean: nothing of this stage can be trusted any more. */
static int distrust(struct disk_stage *stage, struct err *err)
{
	err_wrap(err, "the upload is lost, its bytes may not be durable");
	blob_flow_fail(&stage->flow, err);
	unlinkat(stage->disk->uploads_fd, stage->id, 0);
	return -1;
}

static int sync_file(int fd, struct err *err)
{
	if (FAILPOINT("publish:fsync"))
		return err_sys(err, errno, "fsync");
	return fsx_sync(fd, err);
}

/* Make bytes, size and mode durable. */
static int sync_content(struct disk_stage *stage, struct err *err)
{
	if (blob_flow_flush(&stage->flow, err) < 0)
		return -1;
	stage->published = true;
	if (fchmod(stage->fd, 0444) < 0)
		return err_sys(err, errno, "publishing an upload");
	if (sync_file(stage->fd, err) < 0)
		return distrust(stage, err);
	if (FAILPOINT("publish:synced"))
		return err_sys(err, errno, "publishing an upload");
	return 0;
}

int disk_stage_publish(struct blob_stage *handle, const char *key,
		       struct err *err)
{
	struct disk_stage *stage = disk_stage(handle);
	struct disk *disk = stage->disk;
	CLEANUP(cleanup_close) int dir_fd = -1;
	const char *name;

	if (blob_name_check_key(key, err) < 0 || sync_content(stage, err) < 0)
		return -1;
	if (disk_dirs_make(&disk->dirs, key, &dir_fd, &name, err) < 0)
		return -1;
	if (linkat(disk->uploads_fd, stage->id, dir_fd, name, 0) < 0)
		return err_sys(err, errno, "publishing an upload");
	if (FAILPOINT("publish:linked"))
		return err_sys(err, errno, "publishing an upload");
	if (disk_dirs_sync(&disk->dirs, key, dir_fd, err) < 0) {
		unlinkat(dir_fd, name, 0);
		return distrust(stage, err);
	}
	if (FAILPOINT("publish:dir_synced"))
		return err_sys(err, errno, "publishing an upload");
	return 0;
}
