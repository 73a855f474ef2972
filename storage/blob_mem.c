/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fsx.h"
#include "base/list.h"
#include "base/lock.h"
#include "base/map.h"
#include "storage/blob_driver.h"
#include "storage/blob_fd.h"
#include "storage/blob_name.h"

/* One name of some bytes.  The bytes lie in a memfd, so that a reader has a
 * descriptor to send from; two names of the same bytes share it by dup(). */
struct mem_entry {
	struct map_node node;
	struct list entry; /* in its set */
	char name[BLOB_KEY_SIZE];
	int fd;			 /* owned */
	uint64_t size;		 /* bytes */
	int64_t written_wall_ms; /* when it was published, or appended to */
	bool published;		 /* a stage: takes no more bytes */
};

/* Names and what they name. */
struct mem_set {
	struct map map;	    /* struct mem_entry by name */
	struct list listed; /* the same ones */
};

struct mem {
	struct blob_driver driver; /* first: what callers see */
	struct lock lock;	   /* guards both sets */
	struct mem_set blobs;	   /* by key */
	struct mem_set stages;	   /* by id */
};

/* The bytes of a stage are in its entry, so that closing it loses nothing; an
 * entry that is open as a stage is touched by that stage's caller only. */
struct mem_stage {
	struct mem *mem;	 /* borrowed */
	struct mem_entry *entry; /* borrowed from mem->stages */
	struct err failure;	 /* of an append; sticks */
};

static struct mem *mem_of(struct blob_driver *driver)
{
	return CONTAINER_OF(driver, struct mem, driver);
}

static struct mem_stage *mem_stage(struct blob_stage *stage)
{
	return (struct mem_stage *)(void *)stage;
}

static void entry_free(struct mem_entry *entry)
{
	if (!entry)
		return;
	cleanup_close(&entry->fd);
	free(entry);
}
DEFINE_CLEANUP(entry_free_at, struct mem_entry *, entry_free)

/* Takes fd, also if it fails. */
static int entry_new(const char *name, int fd, struct mem_entry **ret_entry,
		     struct err *err)
{
	struct mem_entry *entry = calloc(1, sizeof(*entry));

	if (!entry) {
		close(fd);
		return err_set(err, ERR_NO_MEMORY, "no memory for a blob");
	}
	snprintf(entry->name, sizeof(entry->name), "%s", name);
	entry->fd = fd;
	entry->written_wall_ms = clock_wall_ms(&clock_system);
	*ret_entry = entry;
	return 0;
}

static struct mem_entry *entry_find(const struct mem_set *set, const char *name)
{
	struct map_node *node = map_find(&set->map, span_of(name));

	return node ? CONTAINER_OF(node, struct mem_entry, node) : NULL;
}

/* Put *entry in, which is taken then; ERR_EXISTS if its name is there. */
static int entry_insert(struct mem *mem, struct mem_set *set,
			struct mem_entry **entry, struct err *err)
{
	int rc = 0;

	lock_take(&mem->lock);
	if (entry_find(set, (*entry)->name)) {
		rc = err_set(err, ERR_EXISTS, "the name is taken");
	} else {
		map_insert(&set->map, &(*entry)->node, span_of((*entry)->name));
		list_append(&set->listed, &(*entry)->entry);
		*entry = NULL;
	}
	lock_drop(&mem->lock);
	return rc;
}

static void entry_remove(struct mem *mem, struct mem_set *set, const char *name)
{
	lock_take(&mem->lock);
	struct mem_entry *entry = entry_find(set, name);
	if (entry) {
		map_remove(&set->map, &entry->node);
		list_remove(&entry->entry);
	}
	lock_drop(&mem->lock);
	entry_free(entry);
}

/* ---- stages ---- */

static int stage_new(struct mem *mem, struct blob_stage **ret_stage,
		     struct err *err)
{
	struct mem_stage *stage = calloc(1, sizeof(*stage));

	if (!stage)
		return err_set(err, ERR_NO_MEMORY, "no memory for an upload");
	stage->mem = mem;
	*ret_stage = (struct blob_stage *)(void *)stage;
	return 0;
}

static int mem_stage_create(struct blob_driver *driver, const char *id,
			    struct blob_stage **ret_stage, struct err *err)
{
	struct mem *mem = mem_of(driver);
	CLEANUP(entry_free_at) struct mem_entry *entry = NULL;
	struct blob_stage *stage;

	if (blob_name_check_id(id, err) < 0)
		return -1;
	int fd = memfd_create("upload", MFD_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "starting an upload");
	if (entry_new(id, fd, &entry, err) < 0 ||
	    stage_new(mem, &stage, err) < 0)
		return -1;
	mem_stage(stage)->entry = entry;
	if (entry_insert(mem, &mem->stages, &entry, err) < 0) {
		free(stage);
		return -1;
	}
	*ret_stage = stage;
	return 0;
}

static int mem_stage_open(struct blob_driver *driver, const char *id,
			  struct blob_stage **ret_stage, struct err *err)
{
	struct mem *mem = mem_of(driver);
	struct blob_stage *stage;

	if (blob_name_check_id(id, err) < 0 || stage_new(mem, &stage, err) < 0)
		return -1;
	lock_take(&mem->lock);
	struct mem_entry *entry = entry_find(&mem->stages, id);
	lock_drop(&mem->lock);
	if (!entry) {
		free(stage);
		return 0;
	}
	mem_stage(stage)->entry = entry;
	*ret_stage = stage;
	return 1;
}

static uint64_t mem_stage_size(const struct blob_stage *stage)
{
	return ((const struct mem_stage *)(const void *)stage)->entry->size;
}

static int stage_check(struct blob_stage *stage, struct err *err)
{
	const struct err *failure = &mem_stage(stage)->failure;

	if (failure->code == ERR_NONE)
		return 0;
	*err = *failure;
	return err_wrap(err, "writing an upload");
}

static int mem_stage_append(struct blob_stage *stage, struct span bytes,
			    size_t *ret_taken, blob_room_fn *room,
			    void *context, struct err *err)
{
	struct mem *mem = mem_stage(stage)->mem;
	struct mem_entry *entry = mem_stage(stage)->entry;

	(void)room;
	(void)context;
	if (entry->published)
		return err_set(err, ERR_UPLOAD_INVALID,
			       "the upload was published already");
	if (stage_check(stage, err) < 0)
		return -1;
	if (fsx_pwrite_all(entry->fd, bytes.text, bytes.len, entry->size,
			   &mem_stage(stage)->failure) < 0)
		return stage_check(stage, err);
	/* A listing may look at the entry meanwhile. */
	lock_take(&mem->lock);
	entry->size += bytes.len;
	entry->written_wall_ms = clock_wall_ms(&clock_system);
	lock_drop(&mem->lock);
	*ret_taken = bytes.len;
	return 0;
}

static int mem_stage_flush(struct blob_stage *stage, struct err *err)
{
	return stage_check(stage, err);
}

static int mem_stage_read(struct blob_stage *stage, uint64_t offset, void *data,
			  size_t len, size_t *ret_got, struct err *err)
{
	return blob_fd_read(mem_stage(stage)->entry->fd, offset, data, len,
			    ret_got, err);
}

static int entry_dup(const struct mem_entry *entry, int *ret_fd,
		     struct err *err)
{
	int fd = fcntl(entry->fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(err, errno, "opening a blob");
	*ret_fd = fd;
	return 0;
}

static int mem_stage_publish(struct blob_stage *stage, const char *key,
			     struct err *err)
{
	struct mem *mem = mem_stage(stage)->mem;
	struct mem_entry *from = mem_stage(stage)->entry;
	CLEANUP(entry_free_at) struct mem_entry *entry = NULL;
	int fd;

	if (blob_name_check_key(key, err) < 0 || stage_check(stage, err) < 0 ||
	    entry_dup(from, &fd, err) < 0)
		return -1;
	from->published = true;
	if (entry_new(key, fd, &entry, err) < 0)
		return -1;
	entry->size = from->size;
	return entry_insert(mem, &mem->blobs, &entry, err);
}

static void mem_stage_close(struct blob_stage *stage)
{
	free(stage);
}

static int mem_stage_remove(struct blob_driver *driver, const char *id,
			    struct err *err)
{
	struct mem *mem = mem_of(driver);

	if (blob_name_check_id(id, err) < 0)
		return -1;
	entry_remove(mem, &mem->stages, id);
	return 0;
}

/* ---- blobs ---- */

static int mem_open(struct blob_driver *driver, const char *key,
		    struct blob_reader *ret_reader, struct err *err)
{
	struct mem *mem = mem_of(driver);
	int rc = 0;

	if (blob_name_check_key(key, err) < 0)
		return -1;
	lock_take(&mem->lock);
	struct mem_entry *entry = entry_find(&mem->blobs, key);
	struct blob_reader reader = {.fd = -1};
	if (entry) {
		reader.size = entry->size;
		rc = entry_dup(entry, &reader.fd, err) < 0 ? -1 : 1;
	}
	lock_drop(&mem->lock);
	if (rc > 0)
		*ret_reader = reader;
	return rc;
}

static int mem_remove(struct blob_driver *driver, const char *key,
		      struct err *err)
{
	struct mem *mem = mem_of(driver);

	if (blob_name_check_key(key, err) < 0)
		return -1;
	entry_remove(mem, &mem->blobs, key);
	return 0;
}

/* ---- listings ---- */

struct mem_copy {
	char name[BLOB_KEY_SIZE];
	struct blob_listed listed; /* its key is set when it is told */
};

static size_t copy_set(const struct mem_set *set, struct mem_copy *copies)
{
	size_t count = 0;

	for (struct list *at = set->listed.next; at != &set->listed;
	     at = at->next) {
		struct mem_entry *entry =
			CONTAINER_OF(at, struct mem_entry, entry);
		struct mem_copy *copy = &copies[count++];

		memcpy(copy->name, entry->name, sizeof(copy->name));
		copy->listed.size = entry->size;
		copy->listed.written_wall_ms = entry->written_wall_ms;
	}
	return count;
}

/* Tells a copy, so that each() may remove what it is told. */
static int each_of(struct mem *mem, const struct mem_set *set,
		   blob_each_fn *each, void *context, struct err *err)
{
	CLEANUP(cleanup_free) struct mem_copy *copies = NULL;
	size_t count = 0;

	lock_take(&mem->lock);
	if (set->map.count > 0)
		copies = calloc(set->map.count, sizeof(*copies));
	if (copies)
		count = copy_set(set, copies);
	bool failed = set->map.count > 0 && !copies;
	lock_drop(&mem->lock);

	if (failed)
		return err_set(err, ERR_NO_MEMORY, "no memory for a listing");
	for (size_t i = 0; i < count; i++) {
		copies[i].listed.key = copies[i].name;
		if (each(context, &copies[i].listed, err) < 0)
			return -1;
	}
	return 0;
}

static int mem_each_stage(struct blob_driver *driver, blob_each_fn *each,
			  void *context, struct err *err)
{
	struct mem *mem = mem_of(driver);

	return each_of(mem, &mem->stages, each, context, err);
}

static int mem_each(struct blob_driver *driver, blob_each_fn *each,
		    void *context, struct err *err)
{
	struct mem *mem = mem_of(driver);

	return each_of(mem, &mem->blobs, each, context, err);
}

static int mem_space(struct blob_driver *driver, uint64_t *ret_bytes,
		     uint64_t *ret_files, struct err *err)
{
	(void)driver;
	(void)err;
	*ret_bytes = UINT64_MAX;
	*ret_files = UINT64_MAX;
	return 0;
}

/* ---- the driver ---- */

static void set_release(struct mem_set *set)
{
	while (!list_empty(&set->listed)) {
		struct mem_entry *entry =
			CONTAINER_OF(set->listed.next, struct mem_entry, entry);

		list_remove(&entry->entry);
		entry_free(entry);
	}
	map_release(&set->map);
}

static void mem_free(struct blob_driver *driver)
{
	struct mem *mem = mem_of(driver);

	set_release(&mem->blobs);
	set_release(&mem->stages);
	lock_release(&mem->lock);
	free(mem);
}

static const struct blob_driver_ops mem_ops = {
	.name = "memory",
	.stage_create = mem_stage_create,
	.stage_open = mem_stage_open,
	.stage_size = mem_stage_size,
	.stage_append = mem_stage_append,
	.stage_flush = mem_stage_flush,
	.stage_read = mem_stage_read,
	.stage_publish = mem_stage_publish,
	.stage_close = mem_stage_close,
	.stage_remove = mem_stage_remove,
	.each_stage = mem_each_stage,
	.open = mem_open,
	.read_at = blob_fd_read_at,
	.close = blob_fd_close,
	.remove = mem_remove,
	.each = mem_each,
	.space = mem_space,
	.free = mem_free,
};

int blob_mem_new(struct blob_driver **ret_driver, struct err *err)
{
	struct mem *mem = calloc(1, sizeof(*mem));

	if (!mem)
		return err_set(err, ERR_NO_MEMORY, "no memory for a driver");
	mem->driver.ops = &mem_ops;
	list_init(&mem->blobs.listed);
	list_init(&mem->stages.listed);
	lock_init(&mem->lock);
	if (map_init(&mem->blobs.map, err) < 0 ||
	    map_init(&mem->stages.map, err) < 0) {
		mem_free(&mem->driver);
		return -1;
	}
	*ret_driver = &mem->driver;
	return 0;
}
