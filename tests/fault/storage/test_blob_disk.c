/* SPDX-License-Identifier: Apache-2.0 */
/* The life of one blob on a disk, with each call to the system failing in
 * turn: what was acknowledged is there and whole, nothing is there in part. */
#include <fcntl.h>
#include <semaphore.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "storage/blob_driver.h"
#include "tests/lib/check.h"
#include "tests/lib/fault.h"
#include "tests/lib/tmpdir.h"

#define KEY "sha256/ab/abcdef.0123456789abcdef"
#define SIZE_MOST ((size_t)3 << 19)

static char data[SIZE_MOST];
static int place = -1;

static int driver_new(struct blob_driver **ret_driver, struct err *err)
{
	struct blob_disk_config config = {
		.dir_fd = place,
		.writers = 1,
		.direct_io = true,
		.buffers_per_stage = 2,
		.buffers_total = 4,
	};

	return blob_disk_new(&config, ret_driver, err);
}

static void room(void *context)
{
	CHECK(sem_post(context) == 0);
}

static int append(const struct blob_driver_ops *ops, struct blob_stage *stage,
		  size_t len, struct err *err)
{
	size_t at = 0;
	sem_t rooms;
	int rc = 0;

	CHECK(sem_init(&rooms, 0, 0) == 0);
	while (at < len && rc == 0) {
		size_t taken = 0;

		rc = ops->stage_append(stage, span_make(data + at, len - at),
				       &taken, room, &rooms, err);
		at += taken;
		if (rc == 0 && at < len)
			CHECK(sem_wait(&rooms) == 0);
	}
	sem_destroy(&rooms);
	return rc;
}

static int put(struct blob_driver *driver, size_t len, struct err *err)
{
	const struct blob_driver_ops *ops = driver->ops;
	struct blob_stage *stage = NULL;

	int rc = ops->stage_create(driver, "stage", &stage, err);
	if (rc < 0)
		return rc;
	rc = append(ops, stage, len, err);
	if (rc == 0)
		rc = ops->stage_flush(stage, err);
	if (rc == 0)
		rc = ops->stage_publish(stage, KEY, err);
	ops->stage_close(stage);
	return rc;
}

/* 1 there and whole, 0 absent, -1 with err set. */
static int check_blob(struct blob_driver *driver, size_t len, struct err *err)
{
	static char got[SIZE_MOST];
	struct blob_reader reader;
	size_t at = 0;
	int rc = driver->ops->open(driver, KEY, &reader, err);

	if (rc <= 0)
		return rc;
	CHECK(reader.size == len);
	for (size_t count = 1; count > 0 && rc > 0; at += count) {
		count = 0;
		if (driver->ops->read_at(&reader, at, got + at, len - at,
					 &count, err) < 0)
			rc = -1;
	}
	driver->ops->close(&reader);
	CHECK(rc < 0 || (at == len && memcmp(got, data, len) == 0));
	return rc;
}

static int count_one(void *context, const struct blob_listed *listed,
		     struct err *err)
{
	(void)listed;
	(void)err;
	++*(int *)context;
	return 0;
}

static int remove_all(struct blob_driver *driver, struct err *err)
{
	if (driver->ops->remove(driver, KEY, err) < 0)
		return -1;
	return driver->ops->stage_remove(driver, "stage", err);
}

/* What a restarted daemon finds, without faults; and it can do all again. */
static void check_after(int put_rc, size_t len)
{
	struct blob_driver *driver = NULL;
	struct err err = ERR_INIT;
	int blobs = 0;

	CHECK(driver_new(&driver, &err) == 0);
	int found = check_blob(driver, len, &err);
	CHECK(found >= 0);
	CHECK(put_rc < 0 || found == 1);
	CHECK(driver->ops->each(driver, count_one, &blobs, &err) == 0);
	CHECK(blobs == found);
	CHECK(remove_all(driver, &err) == 0);
	CHECK(put(driver, len, &err) == 0);
	CHECK(check_blob(driver, len, &err) == 1);
	CHECK(remove_all(driver, &err) == 0);
	driver->ops->free(driver);
}

static void put_with_fault(struct fault_sweep *sweep, size_t len)
{
	size_t descriptors = fault_open_descriptors();
	struct blob_driver *driver = NULL;
	struct err err = ERR_INIT;

	fault_on(sweep);
	int rc = driver_new(&driver, &err);
	if (rc == 0) {
		rc = put(driver, len, &err);
		driver->ops->free(driver);
	}
	fault_off(sweep);
	CHECK((rc == 0) == (err.code == ERR_NONE));
	CHECK(rc == 0 || sweep->fired);
	CHECK(fault_open_descriptors() == descriptors);
	check_after(rc, len);
}

static void open_place(void)
{
	char path[TMPDIR_SIZE];

	tmpdir_make(path);
	place = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(place >= 0);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 131 % 251);
}

static size_t sweep_put(size_t len, enum fault_how how)
{
	struct fault_sweep sweep =
		FAULT_SWEEP_HOW(FAULT_ALL & ~(unsigned)FAULT_TIME, how);

	while (fault_next(&sweep))
		put_with_fault(&sweep, len);
	return sweep.round;
}

static void test_a_small_push_is_whole_or_not_there(void)
{
	open_place();
	CHECK(sweep_put(5000, FAULT_ONCE) >= 20);
}

static void test_a_large_push_is_whole_or_not_there(void)
{
	open_place();
	CHECK(sweep_put(SIZE_MOST - 77, FAULT_ONCE) >= 20);
}

static void test_a_fault_that_stays_does_no_more_harm(void)
{
	open_place();
	CHECK(sweep_put(5000, FAULT_LASTING) >= 20);
}

static void sweep_harmless(enum fault_how how)
{
	struct fault_sweep sweep = FAULT_SWEEP_HOW(FAULT_ALL, how);

	while (fault_next(&sweep)) {
		struct blob_driver *driver = NULL;
		struct err err = ERR_INIT;

		CHECK(driver_new(&driver, &err) == 0);
		fault_on(&sweep);
		CHECK(put(driver, 70000, &err) == 0);
		CHECK(check_blob(driver, 70000, &err) == 1);
		fault_off(&sweep);
		CHECK(remove_all(driver, &err) == 0);
		driver->ops->free(driver);
	}
	CHECK(sweep.round >= 2);
}

static void test_interrupted_calls_are_taken_up_again(void)
{
	open_place();
	sweep_harmless(FAULT_INTERRUPTED);
}

static void test_short_transfers_go_on(void)
{
	open_place();
	sweep_harmless(FAULT_SHORT);
}

static void test_reading_and_removing_fail_or_are_done(void)
{
	struct fault_sweep sweep =
		FAULT_SWEEP(FAULT_ALL & ~(unsigned)FAULT_TIME);

	open_place();
	while (fault_next(&sweep)) {
		struct blob_driver *driver = NULL;
		struct err read_err = ERR_INIT, remove_err = ERR_INIT;

		CHECK(driver_new(&driver, &read_err) == 0);
		CHECK(put(driver, 5000, &read_err) == 0);
		size_t descriptors = fault_open_descriptors();
		fault_on(&sweep);
		int read = check_blob(driver, 5000, &read_err);
		int removed = remove_all(driver, &remove_err);
		fault_off(&sweep);
		CHECK(read == 1 || (read == -1 && read_err.code));
		CHECK((removed == 0) == (remove_err.code == ERR_NONE));
		CHECK(read == 1 || removed == 0);
		CHECK(fault_open_descriptors() == descriptors);
		err_clear(&read_err);
		CHECK(remove_all(driver, &read_err) == 0);
		CHECK(check_blob(driver, 5000, &read_err) == 0);
		driver->ops->free(driver);
	}
	CHECK(sweep.round >= 6);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_small_push_is_whole_or_not_there),
		CHECK_CASE(test_a_large_push_is_whole_or_not_there),
		CHECK_CASE(test_a_fault_that_stays_does_no_more_harm),
		CHECK_CASE(test_interrupted_calls_are_taken_up_again),
		CHECK_CASE(test_short_transfers_go_on),
		CHECK_CASE(test_reading_and_removing_fail_or_are_done),
	};

	return CHECK_RUN(argc, argv, cases);
}
