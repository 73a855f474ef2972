/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/blob_faulty.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/lock.h"
#include "base/map.h"
#include "tests/lib/check.h"

struct faulty {
	struct blob_driver driver;
	struct blob_driver *inner;
	struct lock lock;	      /* guards the rest */
	struct blob_faulty_plan plan; /* its counts run down */
	bool bounded;		      /* plan.space counts */
};

/* Announces room from a thread of its own, as real drivers do. */
struct faulty_stage {
	struct faulty *faulty;
	struct blob_stage *inner;
	struct err failure; /* sticks */
	pthread_t caller;   /* the thread that will call room, or did */
	bool called;	    /* caller is to be joined */
	blob_room_fn *room;
	void *context;
};

static struct faulty *faulty_of(struct blob_driver *driver)
{
	return CONTAINER_OF(driver, struct faulty, driver);
}

static struct faulty_stage *stage_of(struct blob_stage *stage)
{
	return (struct faulty_stage *)(void *)stage;
}

static int64_t slowness(struct faulty *faulty)
{
	lock_take(&faulty->lock);
	int64_t us = faulty->plan.slow_us;
	lock_drop(&faulty->lock);
	return us;
}

static int strike(struct faulty *faulty, enum blob_faulty_call call,
		  struct err *err)
{
	int64_t us = slowness(faulty);
	bool fails;

	if (us > 0)
		usleep((useconds_t)us);
	lock_take(&faulty->lock);
	fails = faulty->plan.fail[call] > 0;
	if (fails)
		faulty->plan.fail[call]--;
	lock_drop(&faulty->lock);
	return fails ? err_set(err, ERR_IO, "a fault was asked for") : 0;
}

static int stage_wrap(struct faulty *faulty, struct blob_stage *inner,
		      struct blob_stage **ret_stage)
{
	struct faulty_stage *stage = calloc(1, sizeof(*stage));

	CHECK(stage);
	stage->faulty = faulty;
	stage->inner = inner;
	*ret_stage = (struct blob_stage *)(void *)stage;
	return 0;
}

static int faulty_stage_create(struct blob_driver *driver, const char *id,
			       struct blob_stage **ret_stage, struct err *err)
{
	struct faulty *faulty = faulty_of(driver);
	struct blob_stage *inner;

	if (strike(faulty, BLOB_FAULTY_CREATE, err) < 0 ||
	    faulty->inner->ops->stage_create(faulty->inner, id, &inner, err) <
		    0)
		return -1;
	return stage_wrap(faulty, inner, ret_stage);
}

static int faulty_stage_open(struct blob_driver *driver, const char *id,
			     struct blob_stage **ret_stage, struct err *err)
{
	struct faulty *faulty = faulty_of(driver);
	struct blob_stage *inner;

	if (strike(faulty, BLOB_FAULTY_STAGE_OPEN, err) < 0)
		return -1;
	int found =
		faulty->inner->ops->stage_open(faulty->inner, id, &inner, err);
	if (found > 0)
		stage_wrap(faulty, inner, ret_stage);
	return found;
}

static uint64_t faulty_stage_size(const struct blob_stage *handle)
{
	const struct faulty_stage *stage =
		(const struct faulty_stage *)(const void *)handle;

	return stage->faulty->inner->ops->stage_size(stage->inner);
}

static void join_caller(struct faulty_stage *stage)
{
	if (stage->called)
		pthread_join(stage->caller, NULL);
	stage->called = false;
}

static void *call_room(void *argument)
{
	struct faulty_stage *stage = argument;

	stage->room(stage->context);
	return NULL;
}

/* What the plan lets through of so many bytes; a full store sticks. */
static int admit(struct faulty_stage *stage, size_t *len)
{
	struct faulty *faulty = stage->faulty;

	lock_take(&faulty->lock);
	if (faulty->plan.append_max > 0 && *len > faulty->plan.append_max)
		*len = faulty->plan.append_max;
	if (faulty->bounded && *len > faulty->plan.space)
		err_set(&stage->failure, ERR_NO_SPACE,
			"the planned space is full");
	else if (faulty->bounded)
		faulty->plan.space -= *len;
	lock_drop(&faulty->lock);
	return stage->failure.code == ERR_NONE ? 0 : -1;
}

static int faulty_stage_append(struct blob_stage *handle, struct span bytes,
			       size_t *ret_taken, blob_room_fn *room,
			       void *context, struct err *err)
{
	struct faulty_stage *stage = stage_of(handle);
	struct blob_driver *inner = stage->faulty->inner;
	size_t admitted = bytes.len;
	size_t taken;

	join_caller(stage);
	if (stage->failure.code != ERR_NONE ||
	    strike(stage->faulty, BLOB_FAULTY_APPEND, &stage->failure) < 0 ||
	    admit(stage, &admitted) < 0) {
		*err = stage->failure;
		return -1;
	}
	if (inner->ops->stage_append(stage->inner,
				     span_make(bytes.text, admitted), &taken,
				     room, context, err) < 0)
		return -1;
	*ret_taken = taken;
	if (taken < admitted || admitted == bytes.len)
		return 0;
	stage->room = room;
	stage->context = context;
	CHECK(pthread_create(&stage->caller, NULL, call_room, stage) == 0);
	stage->called = true;
	return 0;
}

static int faulty_stage_flush(struct blob_stage *handle, struct err *err)
{
	struct faulty_stage *stage = stage_of(handle);
	const struct blob_driver_ops *ops = stage->faulty->inner->ops;

	if (stage->failure.code == ERR_NONE &&
	    strike(stage->faulty, BLOB_FAULTY_FLUSH, &stage->failure) == 0 &&
	    ops->stage_flush(stage->inner, &stage->failure) == 0)
		return 0;
	*err = stage->failure;
	return -1;
}

static size_t short_read(struct faulty *faulty, size_t len)
{
	lock_take(&faulty->lock);
	if (faulty->plan.read_max > 0 && len > faulty->plan.read_max)
		len = faulty->plan.read_max;
	lock_drop(&faulty->lock);
	return len;
}

static int faulty_stage_read(struct blob_stage *handle, uint64_t offset,
			     void *data, size_t len, size_t *ret_got,
			     struct err *err)
{
	struct faulty_stage *stage = stage_of(handle);
	const struct blob_driver_ops *ops = stage->faulty->inner->ops;

	if (strike(stage->faulty, BLOB_FAULTY_STAGE_READ, err) < 0)
		return -1;
	return ops->stage_read(stage->inner, offset, data,
			       short_read(stage->faulty, len), ret_got, err);
}

static int faulty_stage_publish(struct blob_stage *handle, const char *key,
				struct err *err)
{
	struct faulty_stage *stage = stage_of(handle);
	const struct blob_driver_ops *ops = stage->faulty->inner->ops;

	if (stage->failure.code != ERR_NONE) {
		*err = stage->failure;
		return -1;
	}
	if (strike(stage->faulty, BLOB_FAULTY_PUBLISH, err) < 0)
		return -1;
	return ops->stage_publish(stage->inner, key, err);
}

static void faulty_stage_close(struct blob_stage *handle)
{
	struct faulty_stage *stage = stage_of(handle);

	if (!stage)
		return;
	join_caller(stage);
	stage->faulty->inner->ops->stage_close(stage->inner);
	free(stage);
}

static int faulty_stage_remove(struct blob_driver *driver, const char *id,
			       struct err *err)
{
	struct faulty *faulty = faulty_of(driver);

	if (strike(faulty, BLOB_FAULTY_STAGE_REMOVE, err) < 0)
		return -1;
	return faulty->inner->ops->stage_remove(faulty->inner, id, err);
}

static int faulty_each_stage(struct blob_driver *driver, blob_each_fn *each,
			     void *context, struct err *err)
{
	struct blob_driver *inner = faulty_of(driver)->inner;

	return inner->ops->each_stage(inner, each, context, err);
}

static int faulty_open(struct blob_driver *driver, const char *key,
		       struct blob_reader *ret_reader, struct err *err)
{
	struct faulty *faulty = faulty_of(driver);
	struct blob_reader reader;

	if (strike(faulty, BLOB_FAULTY_OPEN, err) < 0)
		return -1;
	int found = faulty->inner->ops->open(faulty->inner, key, &reader, err);
	if (found <= 0)
		return found;
	CHECK(!reader.data);
	reader.data = faulty;
	*ret_reader = reader;
	return 1;
}

static int faulty_read_at(struct blob_reader *reader, uint64_t offset,
			  void *data, size_t len, size_t *ret_got,
			  struct err *err)
{
	struct faulty *faulty = reader->data;

	if (strike(faulty, BLOB_FAULTY_READ, err) < 0)
		return -1;
	return faulty->inner->ops->read_at(
		reader, offset, data, short_read(faulty, len), ret_got, err);
}

static void faulty_close(struct blob_reader *reader)
{
	struct faulty *faulty = reader->data;

	if (!faulty)
		return;
	reader->data = NULL;
	faulty->inner->ops->close(reader);
}

static int faulty_remove(struct blob_driver *driver, const char *key,
			 struct err *err)
{
	struct faulty *faulty = faulty_of(driver);

	if (strike(faulty, BLOB_FAULTY_REMOVE, err) < 0)
		return -1;
	return faulty->inner->ops->remove(faulty->inner, key, err);
}

static int faulty_each(struct blob_driver *driver, blob_each_fn *each,
		       void *context, struct err *err)
{
	struct blob_driver *inner = faulty_of(driver)->inner;

	return inner->ops->each(inner, each, context, err);
}

static int faulty_space(struct blob_driver *driver, uint64_t *ret_bytes,
			uint64_t *ret_files, struct err *err)
{
	struct faulty *faulty = faulty_of(driver);

	if (faulty->inner->ops->space(faulty->inner, ret_bytes, ret_files,
				      err) < 0)
		return -1;
	lock_take(&faulty->lock);
	if (faulty->bounded)
		*ret_bytes = faulty->plan.space;
	lock_drop(&faulty->lock);
	return 0;
}

static void faulty_free(struct blob_driver *driver)
{
	struct faulty *faulty = faulty_of(driver);

	faulty->inner->ops->free(faulty->inner);
	lock_release(&faulty->lock);
	free(faulty);
}

static const struct blob_driver_ops faulty_ops = {
	.name = "faulty",
	.stage_create = faulty_stage_create,
	.stage_open = faulty_stage_open,
	.stage_size = faulty_stage_size,
	.stage_append = faulty_stage_append,
	.stage_flush = faulty_stage_flush,
	.stage_read = faulty_stage_read,
	.stage_publish = faulty_stage_publish,
	.stage_close = faulty_stage_close,
	.stage_remove = faulty_stage_remove,
	.each_stage = faulty_each_stage,
	.open = faulty_open,
	.read_at = faulty_read_at,
	.close = faulty_close,
	.remove = faulty_remove,
	.each = faulty_each,
	.space = faulty_space,
	.free = faulty_free,
};

void blob_faulty_set(struct blob_driver *driver,
		     const struct blob_faulty_plan *plan)
{
	struct faulty *faulty = faulty_of(driver);

	lock_take(&faulty->lock);
	faulty->plan = *plan;
	faulty->bounded = plan->space > 0;
	lock_drop(&faulty->lock);
}

struct blob_driver *blob_faulty_new(struct blob_driver *inner,
				    const struct blob_faulty_plan *plan)
{
	struct faulty *faulty = calloc(1, sizeof(*faulty));

	CHECK(faulty);
	faulty->driver.ops = &faulty_ops;
	faulty->inner = inner;
	lock_init(&faulty->lock);
	blob_faulty_set(&faulty->driver, plan);
	return &faulty->driver;
}
