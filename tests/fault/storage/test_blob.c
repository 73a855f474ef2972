/* SPDX-License-Identifier: Apache-2.0 */
/* Every system call and allocation of the blob drivers fails in turn. */
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "storage/blob_driver.h"
#include "tests/lib/check.h"
#include "tests/lib/fault.h"
#include "tests/lib/tmpdir.h"

#define LEN (((size_t)5 << 18) + 77) /* a whole buffer and an odd rest */

static char source[LEN];
static char got_bytes[LEN + 1];

/* ---- the work that is repeated ---- */

static void room(void *context)
{
	CHECK(sem_post(context) == 0);
}

static int append_all(struct blob_driver *driver, struct blob_stage *stage,
		      struct err *err)
{
	size_t done = 0;
	sem_t rooms;
	int rc = 0;

	CHECK(sem_init(&rooms, 0, 0) == 0);
	while (done < LEN && rc == 0) {
		size_t taken = 0;

		rc = driver->ops->stage_append(
			stage, span_make(source + done, LEN - done), &taken,
			room, &rooms, err);
		done += taken;
		if (rc == 0 && done < LEN)
			CHECK(sem_wait(&rooms) == 0);
	}
	CHECK(rc == 0 || driver->ops->stage_flush(stage, &(struct err){0}) < 0);
	sem_destroy(&rooms);
	return rc;
}

static int push(struct blob_driver *driver, const char *id, const char *key,
		struct err *err)
{
	struct blob_stage *stage = NULL;

	if (driver->ops->stage_create(driver, id, &stage, err) < 0) {
		CHECK(!stage);
		return -1;
	}
	int rc = append_all(driver, stage, err);
	if (rc == 0)
		rc = driver->ops->stage_flush(stage, err);
	if (rc == 0)
		rc = driver->ops->stage_publish(stage, key, err);
	driver->ops->stage_close(stage);
	return rc;
}

/* Read it whole: 1, 0 absent, -1. */
static int pull(struct blob_driver *driver, const char *key, struct err *err)
{
	struct blob_reader reader = {.fd = -9};
	size_t done = 0;
	size_t count = 1;

	int rc = driver->ops->open(driver, key, &reader, err);
	if (rc <= 0) {
		CHECK(reader.fd == -9);
		return rc;
	}
	CHECK(reader.size == LEN);
	rc = 0;
	while (rc == 0 && count > 0) {
		rc = driver->ops->read_at(&reader, done, got_bytes + done,
					  sizeof(got_bytes) - done, &count,
					  err);
		if (rc == 0)
			done += count;
	}
	driver->ops->close(&reader);
	if (rc < 0)
		return -1;
	CHECK(done == LEN && memcmp(got_bytes, source, LEN) == 0);
	return 1;
}

static int count_one(void *context, const struct blob_listed *listed,
		     struct err *err)
{
	size_t *count = context;

	(void)listed;
	(void)err;
	(*count)++;
	return 0;
}

static int work(struct blob_driver *driver, const char *id, const char *key,
		struct err *err)
{
	struct blob_stage *stage = NULL;
	uint64_t bytes, files;
	size_t count = 0;

	if (push(driver, id, key, err) < 0)
		return -1;
	if (driver->ops->stage_open(driver, id, &stage, err) < 0) {
		CHECK(!stage);
		return -1;
	}
	driver->ops->stage_close(stage);
	if (driver->ops->stage_remove(driver, id, err) < 0)
		return -1;
	if (pull(driver, key, err) < 0 ||
	    driver->ops->each(driver, count_one, &count, err) < 0 ||
	    driver->ops->each_stage(driver, count_one, &count, err) < 0 ||
	    driver->ops->space(driver, &bytes, &files, err) < 0)
		return -1;
	CHECK(count == 1);
	return driver->ops->remove(driver, key, err);
}

/* ---- the sweep ---- */

/* After a fault: what is visible is whole, and everything works again. */
static void recover(struct blob_driver *driver, const char *id, const char *key)
{
	struct err err = ERR_INIT;

	CHECK(pull(driver, key, &err) >= 0);
	CHECK(driver->ops->remove(driver, key, &err) == 0);
	CHECK(driver->ops->stage_remove(driver, id, &err) == 0);
	CHECK(pull(driver, key, &err) == 0);
	CHECK(work(driver, id, key, &err) == 0);
	CHECK(err.code == ERR_NONE);
}

static int fresh_directory(void)
{
	static char base[TMPDIR_SIZE];
	static size_t count;
	char path[TMPDIR_SIZE + 32];

	if (count == 0)
		tmpdir_make(base);
	snprintf(path, sizeof(path), "%s/%zu", base, count++);
	CHECK(mkdir(path, 0700) == 0);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0);
	return fd;
}

static struct blob_driver *make_disk(int *ret_fd, struct err *err)
{
	struct blob_driver *driver = NULL;

	if (*ret_fd < 0)
		*ret_fd = fresh_directory();
	struct blob_disk_config config = {
		.dir_fd = *ret_fd,
		.writers = 1,
		.direct_io = true,
		.buffers_per_stage = 2,
		.buffers_total = 2,
	};
	if (blob_disk_new(&config, &driver, err) < 0) {
		CHECK(!driver);
		return NULL;
	}
	return driver;
}

static struct blob_driver *make_memory(int *ret_fd, struct err *err)
{
	struct blob_driver *driver = NULL;

	(void)ret_fd;
	return blob_mem_new(&driver, err) < 0 ? NULL : driver;
}

typedef struct blob_driver *make_fn(int *ret_fd, struct err *err);

#define CALLS                                                                  \
	(FAULT_MEMORY | FAULT_DISK | FAULT_THREAD | FAULT_LOOK | FAULT_MAP)

/* One fault, on a driver of its own. */
static void one_round(make_fn *make, struct fault_sweep *sweep)
{
	struct err err = ERR_INIT;
	char key[BLOB_KEY_SIZE];
	int dir_fd = -1;
	struct blob_driver *driver = make(&dir_fd, &err);

	CHECK(driver);
	size_t before = fault_open_descriptors();
	snprintf(key, sizeof(key), "sha256/%02zx/k", sweep->round % 256);
	fault_on(sweep);
	int rc = work(driver, "stage", key, &err);
	fault_off(sweep);
	fprintf(stderr, "round %zu: %s\n", sweep->round, err.text);
	/* Some can be done without: O_DIRECT, a larger buffer. */
	CHECK(sweep->fired || rc == 0);
	if (sweep->how == FAULT_INTERRUPTED || sweep->how == FAULT_SHORT)
		CHECK(rc == 0);
	CHECK((rc < 0) == (err.code != ERR_NONE));
	CHECK(rc == 0 || err.text[0] != '\0');
	recover(driver, "stage", key);
	CHECK(fault_open_descriptors() == before);
	driver->ops->free(driver);
	if (dir_fd >= 0)
		close(dir_fd);
}

/* How many calls had their turn. */
static size_t sweep(make_fn *make, enum fault_how how)
{
	struct fault_sweep sweep = FAULT_SWEEP_HOW(CALLS, how);

	for (size_t i = 0; i < LEN; i++)
		source[i] = (char)(i * 7 + (i >> 9));
	while (fault_next(&sweep))
		one_round(make, &sweep);
	return sweep.round;
}

static void each_call_of_the_disk_driver_may_fail(void)
{
	CHECK(sweep(make_disk, FAULT_ONCE) > 60);
}

static void from_each_call_on_all_of_the_disk_driver_may_fail(void)
{
	CHECK(sweep(make_disk, FAULT_LASTING) > 60);
}

static void each_call_of_the_disk_driver_may_be_interrupted(void)
{
	CHECK(sweep(make_disk, FAULT_INTERRUPTED) > 15);
}

static void each_read_and_write_of_the_disk_driver_may_be_short(void)
{
	CHECK(sweep(make_disk, FAULT_SHORT) > 3);
}

static void each_call_of_the_memory_driver_may_fail(void)
{
	CHECK(sweep(make_memory, FAULT_ONCE) > 10);
	CHECK(sweep(make_memory, FAULT_LASTING) > 10);
	CHECK(sweep(make_memory, FAULT_INTERRUPTED) > 1);
	CHECK(sweep(make_memory, FAULT_SHORT) > 1);
}

/* An fsync that fails, of the file (round 0) or of the directory (1), takes the
 * upload with it: the kernel may have dropped its bytes and call them clean. */
static void lose_to_fsync(size_t round)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_SYNC);
	struct err err = ERR_INIT;
	int dir_fd = -1;
	struct blob_driver *driver = make_disk(&dir_fd, &err);
	struct blob_stage *stage = NULL;
	size_t taken;

	CHECK(driver);
	CHECK(push(driver, "warm", "sha256/00/warm", &err) == 0);
	CHECK(driver->ops->stage_create(driver, "lost", &stage, &err) == 0);
	CHECK(append_all(driver, stage, &err) == 0);
	CHECK(driver->ops->stage_flush(stage, &err) == 0);
	sweep.round = round;
	fault_on(&sweep);
	CHECK(driver->ops->stage_publish(stage, "sha256/00/k", &err) == -1);
	fault_off(&sweep);
	CHECK(sweep.fired && err.code == ERR_IO);
	CHECK(strstr(err.text, "may not be durable"));
	for (int again = 0; again < 2; again++) {
		err_clear(&err);
		CHECK(driver->ops->stage_publish(stage, "sha256/00/k", &err) ==
		      -1);
		CHECK(err.code == ERR_IO);
	}
	err_clear(&err);
	CHECK(driver->ops->stage_append(stage, SPAN_LIT("x"), &taken, room,
					NULL, &err) == -1);
	driver->ops->stage_close(stage);
	err_clear(&err);
	CHECK(driver->ops->stage_open(driver, "lost", &stage, &err) == 0);
	CHECK(pull(driver, "sha256/00/k", &err) == 0);
	CHECK(pull(driver, "sha256/00/warm", &err) == 1);
	CHECK(push(driver, "lost", "sha256/00/k", &err) == 0);
	CHECK(pull(driver, "sha256/00/k", &err) == 1);
	driver->ops->free(driver);
	close(dir_fd);
}

static void an_fsync_that_fails_takes_the_upload_with_it(void)
{
	lose_to_fsync(0);
	lose_to_fsync(1);
}

static void start_sweep(make_fn *make)
{
	struct fault_sweep sweep = FAULT_SWEEP(CALLS & ~FAULT_CLOSE);

	while (fault_next(&sweep)) {
		struct err err = ERR_INIT;
		int fd = -1;
		struct blob_driver *driver = make(&fd, &err);

		CHECK(driver);
		driver->ops->free(driver);
		size_t before = fault_open_descriptors();
		fault_on(&sweep);
		driver = make(&fd, &err);
		fault_off(&sweep);
		CHECK((driver == NULL) == sweep.fired);
		CHECK((driver == NULL) == (err.code != ERR_NONE));
		if (driver)
			driver->ops->free(driver);
		CHECK(fault_open_descriptors() == before);
		if (fd >= 0)
			close(fd);
	}
	CHECK(sweep.round >= 3);
}

static void each_call_of_starting_a_driver_may_fail(void)
{
	start_sweep(make_disk);
	start_sweep(make_memory);
}

static const struct check_case cases[] = {
	CHECK_CASE(each_call_of_the_disk_driver_may_fail),
	CHECK_CASE(from_each_call_on_all_of_the_disk_driver_may_fail),
	CHECK_CASE(each_call_of_the_disk_driver_may_be_interrupted),
	CHECK_CASE(each_read_and_write_of_the_disk_driver_may_be_short),
	CHECK_CASE(each_call_of_the_memory_driver_may_fail),
	CHECK_CASE(an_fsync_that_fails_takes_the_upload_with_it),
	CHECK_CASE(each_call_of_starting_a_driver_may_fail),
};

int main(int argc, char **argv)
{
	return CHECK_RUN(argc, argv, cases);
}
