/* SPDX-License-Identifier: Apache-2.0 */
/* What storage/blob_driver.h promises, of every driver there is. */
#include "storage/blob_driver.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/lock.h"
#include "tests/lib/blob_faulty.h"
#include "tests/lib/check.h"
#include "tests/lib/tmpdir.h"

#define MIB ((size_t)1 << 20)
#define KEY "sha256/ab/abcdef.0123456789abcdef"

/* ---- the drivers ---- */

static int data_fd = -1; /* of the last make_disk() */

static struct blob_driver *make_disk_of(bool direct_io, size_t per_stage,
					size_t total)
{
	struct err err = ERR_INIT;
	struct blob_driver *driver;
	char path[TMPDIR_SIZE];

	tmpdir_make(path);
	data_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(data_fd >= 0);
	struct blob_disk_config config = {
		.dir_fd = data_fd,
		.writers = 2,
		.direct_io = direct_io,
		.buffers_per_stage = per_stage,
		.buffers_total = total,
	};
	CHECK(blob_disk_new(&config, &driver, &err) == 0);
	return driver;
}

static struct blob_driver *make_disk(void)
{
	return make_disk_of(false, 4, 64);
}

static struct blob_driver *make_disk_direct(void)
{
	return make_disk_of(true, 4, 64);
}

static struct blob_driver *make_disk_tight(void)
{
	return make_disk_of(true, 1, 1);
}

static struct blob_driver *make_memory(void)
{
	struct err err = ERR_INIT;
	struct blob_driver *driver;

	CHECK(blob_mem_new(&driver, &err) == 0);
	return driver;
}

static struct blob_driver *make_short(void)
{
	struct blob_faulty_plan plan = {.append_max = 70001, .read_max = 777};

	return blob_faulty_new(make_memory(), &plan);
}

static struct blob_driver *make_slow(void)
{
	struct blob_faulty_plan plan = {.append_max = 300000, .slow_us = 300};

	return blob_faulty_new(make_disk_tight(), &plan);
}

static const struct {
	const char *name;
	struct blob_driver *(*make)(void);
} kinds[] = {
	{"disk", make_disk},
	{"disk, direct", make_disk_direct},
	{"disk, tight", make_disk_tight},
	{"memory", make_memory},
	{"memory, short", make_short},
	{"disk, slow", make_slow},
};

/* Run one promise against each driver; the last name printed is the culprit. */
static void over_drivers(void (*run)(struct blob_driver *driver))
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct blob_driver *driver = kinds[i].make();

		fprintf(stderr, "driver: %s\n", kinds[i].name);
		run(driver);
		driver->ops->free(driver);
		if (data_fd >= 0)
			close(data_fd);
		data_fd = -1;
	}
}

/* ---- helpers ---- */

struct gate {
	struct lock lock;
	struct cond opened;
	size_t rooms; /* calls of room() */
};

static void gate_init(struct gate *gate)
{
	lock_init(&gate->lock);
	cond_init(&gate->opened);
	gate->rooms = 0;
}

static void gate_room(void *context)
{
	struct gate *gate = context;

	lock_take(&gate->lock);
	gate->rooms++;
	cond_broadcast(&gate->opened);
	lock_drop(&gate->lock);
}

static void gate_wait(struct gate *gate, size_t rooms)
{
	lock_take(&gate->lock);
	while (gate->rooms < rooms)
		cond_wait(&gate->opened, &gate->lock);
	lock_drop(&gate->lock);
}

/* Append all; each append that took less is answered by exactly one room(). */
static int append_all(struct blob_driver *driver, struct blob_stage *stage,
		      const char *data, size_t len, struct err *err)
{
	struct gate gate;
	size_t done = 0;
	size_t waits = 0;

	gate_init(&gate);
	while (done < len) {
		size_t taken = SIZE_MAX;

		if (driver->ops->stage_append(
			    stage, span_make(data + done, len - done), &taken,
			    gate_room, &gate, err) < 0)
			return -1;
		CHECK(taken <= len - done);
		done += taken;
		if (done < len)
			gate_wait(&gate, ++waits);
	}
	lock_take(&gate.lock);
	CHECK(gate.rooms == waits);
	lock_drop(&gate.lock);
	return 0;
}

/* Bytes that differ at every 8th place of any length we use. */
static char *pattern(size_t len, uint64_t seed)
{
	char *data = malloc(len + 8);

	CHECK(data);
	for (size_t at = 0; at < len; at += 8) {
		uint64_t word = (seed + at) * UINT64_C(0x9e3779b97f4a7c15);

		memcpy(data + at, &word, 8);
	}
	return data;
}

static struct blob_stage *create(struct blob_driver *driver, const char *id)
{
	struct err err = ERR_INIT;
	struct blob_stage *stage;

	CHECK(driver->ops->stage_create(driver, id, &stage, &err) == 0);
	CHECK(driver->ops->stage_size(stage) == 0);
	return stage;
}

/* A published blob of that pattern, its stage gone. */
static void put(struct blob_driver *driver, const char *key, size_t len,
		uint64_t seed)
{
	struct err err = ERR_INIT;
	struct blob_stage *stage = create(driver, "put");
	char *data = pattern(len, seed);

	CHECK(append_all(driver, stage, data, len, &err) == 0);
	CHECK(driver->ops->stage_size(stage) == len);
	CHECK(driver->ops->stage_flush(stage, &err) == 0);
	CHECK(driver->ops->stage_publish(stage, key, &err) == 0);
	driver->ops->stage_close(stage);
	CHECK(driver->ops->stage_remove(driver, "put", &err) == 0);
	free(data);
}

/* The blob is there and holds exactly that pattern. */
static void check_blob(struct blob_driver *driver, const char *key, size_t len,
		       uint64_t seed)
{
	struct err err = ERR_INIT;
	struct blob_reader reader;
	char *want = pattern(len, seed);
	char *got = malloc(len + 1);
	size_t done = 0;
	size_t count = 1;

	CHECK(got);
	CHECK(driver->ops->open(driver, key, &reader, &err) == 1);
	CHECK(reader.size == len);
	while (count > 0) {
		CHECK(driver->ops->read_at(&reader, done, got + done,
					   len + 1 - done, &count, &err) == 0);
		done += count;
	}
	CHECK(done == len);
	CHECK(memcmp(got, want, len) == 0);
	driver->ops->close(&reader);
	free(got);
	free(want);
}

static void check_absent(struct blob_driver *driver, const char *key)
{
	struct err err = ERR_INIT;
	struct blob_reader reader = {.fd = -7};

	CHECK(driver->ops->open(driver, key, &reader, &err) == 0);
	CHECK(err.code == ERR_NONE);
	CHECK(reader.fd == -7);
}

/* ---- promises ---- */

/* Lengths about every boundary of the buffers and blocks. */
static const size_t lengths[] = {
	0,
	1,
	4095,
	4096,
	4097,
	65535,
	65536,
	65537,
	MIB - 1,
	MIB,
	MIB + 1,
	2 * MIB,
	3 * MIB + 4096,
	5 * MIB + 12345,
	9 * MIB + 511,
};

static void every_length(struct blob_driver *driver)
{
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		char key[BLOB_KEY_SIZE];

		snprintf(key, sizeof(key), "sha256/%02zx/k.%zu", i, i);
		put(driver, key, lengths[i], i);
		check_blob(driver, key, lengths[i], i);
	}
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		char key[BLOB_KEY_SIZE];

		snprintf(key, sizeof(key), "sha256/%02zx/k.%zu", i, i);
		check_blob(driver, key, lengths[i], i);
	}
}

static void what_was_appended_is_read_back_at_every_length(void)
{
	over_drivers(every_length);
}

/* Odd flushes in between move every later buffer off the block boundaries. */
static void pieces(struct blob_driver *driver)
{
	static const size_t steps[] = {1, 5000, 70000, 3, MIB, 2 * MIB + 7, 0};
	struct err err = ERR_INIT;
	struct blob_stage *stage = create(driver, "pieces");
	size_t len = 8 * MIB;
	char *data = pattern(len, 5);
	size_t done = 0;

	for (size_t i = 0; steps[i] > 0; i++) {
		CHECK(append_all(driver, stage, data + done, steps[i], &err) ==
		      0);
		done += steps[i];
		CHECK(driver->ops->stage_size(stage) == done);
		CHECK(driver->ops->stage_flush(stage, &err) == 0);
		if (i % 2 == 0)
			continue;
		driver->ops->stage_close(stage);
		CHECK(driver->ops->stage_open(driver, "pieces", &stage, &err) ==
		      1);
		CHECK(driver->ops->stage_size(stage) == done);
	}
	CHECK(append_all(driver, stage, data + done, len - done, &err) == 0);
	CHECK(driver->ops->stage_flush(stage, &err) == 0);
	CHECK(driver->ops->stage_publish(stage, KEY, &err) == 0);
	driver->ops->stage_close(stage);
	check_blob(driver, KEY, len, 5);
	free(data);
}

static void a_stage_is_filled_in_odd_pieces_over_reopenings(void)
{
	over_drivers(pieces);
}

static void unflushed_close(struct blob_driver *driver)
{
	struct err err = ERR_INIT;
	struct blob_stage *stage = create(driver, "left");
	size_t len = 2 * MIB + 99;
	char *data = pattern(len, 1);
	char *got = malloc(len);
	size_t done = 0;
	size_t count = 1;

	CHECK(got);
	CHECK(append_all(driver, stage, data, len, &err) == 0);
	driver->ops->stage_close(stage);
	CHECK(driver->ops->stage_open(driver, "left", &stage, &err) == 1);
	CHECK(driver->ops->stage_size(stage) == len);
	while (done < len && count > 0) {
		CHECK(driver->ops->stage_read(stage, done, got + done,
					      len - done, &count, &err) == 0);
		done += count;
	}
	CHECK(done == len && memcmp(got, data, len) == 0);
	CHECK(driver->ops->stage_read(stage, len, got, 1, &count, &err) == 0);
	CHECK(count == 0);
	driver->ops->stage_close(stage);
	free(got);
	free(data);
}

static void closing_keeps_what_was_appended(void)
{
	over_drivers(unflushed_close);
}

static void stage_names(struct blob_driver *driver)
{
	struct err err = ERR_INIT;
	struct blob_stage *stage = create(driver, "one");
	struct blob_stage *other = NULL;

	CHECK(driver->ops->stage_create(driver, "one", &other, &err) == -1);
	CHECK(err.code == ERR_EXISTS);
	CHECK(!other);
	err_clear(&err);
	CHECK(driver->ops->stage_open(driver, "two", &other, &err) == 0);
	CHECK(!other);
	driver->ops->stage_close(stage);
	driver->ops->stage_close(NULL);
	CHECK(driver->ops->stage_remove(driver, "one", &err) == 0);
	CHECK(driver->ops->stage_remove(driver, "one", &err) == 0);
	CHECK(driver->ops->stage_open(driver, "one", &other, &err) == 0);
}

static void a_stage_has_one_name_and_goes_with_it(void)
{
	over_drivers(stage_names);
}

static void bad_names(struct blob_driver *driver)
{
	static const char *const bad[] = {
		"",
		".",
		"..",
		"../x",
		"a/../b",
		"/a",
		"a/",
		"a//b",
		"a/./b",
		"A",
		"a b",
		"a\nb",
		".hide",
		"a/.b",
		"a\\b",
		"\xc3\xa4",
		"a%2fb",
		"~",
		"a/b/c/d/e/f/g/h/i",
	};
	char too_long[BLOB_KEY_SIZE + 1];
	struct err err = ERR_INIT;
	struct blob_stage *kept = create(driver, "good");

	memset(too_long, 'a', BLOB_KEY_SIZE);
	too_long[BLOB_KEY_SIZE] = '\0';
	for (size_t i = 0; i <= sizeof(bad) / sizeof(bad[0]); i++) {
		bool last = i == sizeof(bad) / sizeof(bad[0]);
		const char *name = last ? too_long : bad[i];
		struct blob_stage *stage = NULL;
		struct blob_reader reader;

		CHECK(driver->ops->stage_create(driver, name, &stage, &err) <
		      0);
		CHECK(err.code == ERR_INVALID && !stage);
		err_clear(&err);
		CHECK(driver->ops->stage_open(driver, name, &stage, &err) < 0);
		CHECK(err.code == ERR_INVALID);
		err_clear(&err);
		CHECK(driver->ops->stage_remove(driver, name, &err) < 0);
		err_clear(&err);
		CHECK(driver->ops->stage_publish(kept, name, &err) < 0);
		CHECK(err.code == ERR_INVALID);
		err_clear(&err);
		CHECK(driver->ops->open(driver, name, &reader, &err) < 0);
		CHECK(err.code == ERR_INVALID);
		err_clear(&err);
		CHECK(driver->ops->remove(driver, name, &err) < 0);
		CHECK(err.code == ERR_INVALID);
		err_clear(&err);
	}
	driver->ops->stage_close(kept);
}

static void names_that_lead_elsewhere_are_refused(void)
{
	over_drivers(bad_names);
}

static void published_once(struct blob_driver *driver)
{
	struct err err = ERR_INIT;
	struct blob_stage *stage;
	size_t taken;

	put(driver, KEY, 5000, 1);
	stage = create(driver, "again");
	CHECK(append_all(driver, stage, "other", 5, &err) == 0);
	CHECK(driver->ops->stage_flush(stage, &err) == 0);
	CHECK(driver->ops->stage_publish(stage, KEY, &err) == -1);
	CHECK(err.code == ERR_EXISTS);
	check_blob(driver, KEY, 5000, 1);
	err_clear(&err);
	CHECK(driver->ops->stage_publish(stage, KEY "b", &err) == 0);
	CHECK(driver->ops->stage_publish(stage, KEY "c", &err) == 0);
	CHECK(driver->ops->stage_append(stage, SPAN_LIT("x"), &taken, gate_room,
					NULL, &err) == -1);
	CHECK(driver->ops->stage_size(stage) == 5);
	driver->ops->stage_close(stage);
	err_clear(&err);

	/* Nor after a restart that forgot to remove it. */
	CHECK(driver->ops->stage_open(driver, "again", &stage, &err) == 1);
	CHECK(driver->ops->stage_size(stage) == 5);
	CHECK(driver->ops->stage_append(stage, SPAN_LIT("x"), &taken, gate_room,
					NULL, &err) == -1);
	err_clear(&err);
	CHECK(driver->ops->stage_publish(stage, KEY "d", &err) == 0);
	driver->ops->stage_close(stage);
	CHECK(driver->ops->stage_remove(driver, "again", &err) == 0);

	struct blob_reader reader;
	CHECK(driver->ops->open(driver, KEY "d", &reader, &err) == 1);
	CHECK(reader.size == 5);
	driver->ops->close(&reader);
}

static void what_is_published_never_changes(void)
{
	over_drivers(published_once);
}

static void reading(struct blob_driver *driver)
{
	struct err err = ERR_INIT;
	struct blob_reader reader;
	char *want = pattern(100000, 3);
	char got[64];
	size_t count = 9;

	put(driver, KEY, 100000, 3);
	CHECK(driver->ops->open(driver, KEY, &reader, &err) == 1);
	CHECK(driver->ops->read_at(&reader, 70001, got, 64, &count, &err) == 0);
	CHECK(count > 0 && memcmp(got, want + 70001, count) == 0);
	CHECK(driver->ops->read_at(&reader, 99999, got, 64, &count, &err) == 0);
	CHECK(count == 1 && got[0] == want[99999]);
	CHECK(driver->ops->read_at(&reader, 100000, got, 64, &count, &err) ==
	      0);
	CHECK(count == 0);
	CHECK(driver->ops->read_at(&reader, 1 << 30, got, 64, &count, &err) ==
	      0);
	CHECK(count == 0);

	/* A reader outlives the name. */
	CHECK(driver->ops->remove(driver, KEY, &err) == 0);
	check_absent(driver, KEY);
	CHECK(driver->ops->read_at(&reader, 0, got, 64, &count, &err) == 0);
	CHECK(count > 0 && memcmp(got, want, count) == 0);
	driver->ops->close(&reader);
	CHECK(reader.fd == -1);
	driver->ops->close(&reader);
	struct blob_reader zeroed = {.fd = -1};
	driver->ops->close(&zeroed);
	CHECK(driver->ops->remove(driver, KEY, &err) == 0);
	CHECK(driver->ops->remove(driver, "sha512/00/none", &err) == 0);
	free(want);
}

static void ranges_are_read_and_readers_outlive_removal(void)
{
	over_drivers(reading);
}

static void descriptors(struct blob_driver *driver)
{
	struct err err = ERR_INIT;
	struct blob_reader first, second;
	char path[TMPDIR_SIZE];
	char file[TMPDIR_SIZE + 8];
	char *want = pattern(300000, 4);
	char *got = malloc(300000);
	off_t at = 1000;

	CHECK(got);
	tmpdir_make(path);
	snprintf(file, sizeof(file), "%s/out", path);
	int out = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK(out >= 0);
	put(driver, KEY, 300000, 4);
	CHECK(driver->ops->open(driver, KEY, &first, &err) == 1);
	CHECK(driver->ops->open(driver, KEY, &second, &err) == 1);
	CHECK(first.fd >= 0 && second.fd >= 0 && first.fd != second.fd);
	CHECK(fcntl(first.fd, F_GETFD) & FD_CLOEXEC);
	CHECK(sendfile(out, first.fd, &at, 299000) == 299000);
	driver->ops->close(&first);
	at = 0;
	CHECK(sendfile(out, second.fd, &at, 1000) == 1000);
	driver->ops->close(&second);
	CHECK(pread(out, got, 300000, 0) == 300000);
	CHECK(memcmp(got, want + 1000, 299000) == 0);
	CHECK(memcmp(got + 299000, want, 1000) == 0);
	close(out);
	free(got);
	free(want);
}

static void readers_have_descriptors_to_send_from(void)
{
	over_drivers(descriptors);
}

/* ---- listings ---- */

struct seen {
	struct blob_driver *driver;
	size_t count;
	size_t stop_at; /* fail at that one; 0: never */
	uint64_t bytes;
	bool remove;
	int64_t not_before_ms;
};

static int note(void *context, const struct blob_listed *listed,
		struct err *err)
{
	struct seen *seen = context;
	int64_t now_ms = clock_wall_ms(&clock_system);

	seen->count++;
	seen->bytes += listed->size;
	CHECK(strlen(listed->key) > 0);
	/* File systems round down to their clock's tick. */
	CHECK(listed->written_wall_ms >= seen->not_before_ms - 1000);
	CHECK(listed->written_wall_ms <= now_ms + 1000);
	if (seen->count == seen->stop_at)
		return err_set(err, ERR_TOO_MANY, "enough");
	if (seen->remove)
		return seen->driver->ops->remove(seen->driver, listed->key,
						 err);
	return 0;
}

static void listing(struct blob_driver *driver)
{
	struct err err = ERR_INIT;
	struct seen seen = {.driver = driver};

	CHECK(driver->ops->each(driver, note, &seen, &err) == 0);
	CHECK(driver->ops->each_stage(driver, note, &seen, &err) == 0);
	CHECK(seen.count == 0);

	seen.not_before_ms = clock_wall_ms(&clock_system);
	put(driver, "sha256/00/a", 10, 1);
	put(driver, "sha256/00/b", 20, 1);
	put(driver, "sha512/ff/c", 30, 1);
	put(driver, "flat", 40, 1);
	driver->ops->stage_close(create(driver, "s1"));
	driver->ops->stage_close(create(driver, "s2"));
	CHECK(driver->ops->each(driver, note, &seen, &err) == 0);
	CHECK(seen.count == 4 && seen.bytes == 100);
	CHECK(driver->ops->each_stage(driver, note, &seen, &err) == 0);
	CHECK(seen.count == 6 && seen.bytes == 100);

	seen.count = 0;
	seen.stop_at = 2;
	CHECK(driver->ops->each(driver, note, &seen, &err) == -1);
	CHECK(err.code == ERR_TOO_MANY && seen.count == 2);
	err_clear(&err);
	seen = (struct seen){.driver = driver, .remove = true};
	CHECK(driver->ops->each(driver, note, &seen, &err) == 0);
	CHECK(seen.count == 4);
	seen.count = 0;
	CHECK(driver->ops->each(driver, note, &seen, &err) == 0);
	CHECK(seen.count == 0);
	check_absent(driver, "sha256/00/a");
}

static void listings_tell_all_and_stop_when_told(void)
{
	over_drivers(listing);
}

static void space(struct blob_driver *driver)
{
	struct err err = ERR_INIT;
	uint64_t bytes = 0;
	uint64_t files = 0;

	CHECK(driver->ops->space(driver, &bytes, &files, &err) == 0);
	CHECK(bytes > 0 && files > 0);
	CHECK(driver->ops->name && driver->ops->name[0] != '\0');
}

static void space_is_told(void)
{
	over_drivers(space);
}

/* ---- several at a time ---- */

#define THREADS 8
#define EACH 6

struct pusher {
	struct blob_driver *driver;
	size_t number;
	pthread_t thread;
};

static void *push_some(void *argument)
{
	struct pusher *pusher = argument;
	struct blob_driver *driver = pusher->driver;

	for (size_t i = 0; i < EACH; i++) {
		struct err err = ERR_INIT;
		size_t number = pusher->number * EACH + i;
		size_t len = lengths[number % 14];
		char *data = pattern(len, number);
		char id[32], key[64];
		struct blob_stage *stage;

		snprintf(id, sizeof(id), "stage-%zu", number);
		snprintf(key, sizeof(key), "sha256/%02zx/%zu", i, number);
		stage = create(driver, id);
		CHECK(append_all(driver, stage, data, len, &err) == 0);
		CHECK(driver->ops->stage_flush(stage, &err) == 0);
		CHECK(driver->ops->stage_publish(stage, key, &err) == 0);
		driver->ops->stage_close(stage);
		CHECK(driver->ops->stage_remove(driver, id, &err) == 0);
		free(data);
	}
	return NULL;
}

static void many(struct blob_driver *driver)
{
	struct pusher pushers[THREADS];

	for (size_t i = 0; i < THREADS; i++) {
		pushers[i] = (struct pusher){.driver = driver, .number = i};
		CHECK(pthread_create(&pushers[i].thread, NULL, push_some,
				     &pushers[i]) == 0);
	}
	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_join(pushers[i].thread, NULL) == 0);
	for (size_t number = 0; number < (size_t)THREADS * EACH; number++) {
		char key[64];

		snprintf(key, sizeof(key), "sha256/%02zx/%zu", number % EACH,
			 number);
		check_blob(driver, key, lengths[number % 14], number);
	}
}

static void threads_push_side_by_side(void)
{
	over_drivers(many);
}

/* ---- the decorator itself ---- */

static void faults_show_once_and_pass(void)
{
	struct blob_faulty_plan plan = {.fail = {
						[BLOB_FAULTY_CREATE] = 1,
						[BLOB_FAULTY_OPEN] = 1,
						[BLOB_FAULTY_READ] = 1,
						[BLOB_FAULTY_REMOVE] = 1,
						[BLOB_FAULTY_PUBLISH] = 1,
					}};
	struct blob_driver *driver = blob_faulty_new(make_memory(), &plan);
	struct err err = ERR_INIT;
	struct blob_stage *stage = NULL;
	struct blob_reader reader;
	char byte;
	size_t count;

	CHECK(driver->ops->stage_create(driver, "x", &stage, &err) == -1);
	CHECK(err.code == ERR_IO && !stage);
	err_clear(&err);
	stage = create(driver, "x");
	CHECK(append_all(driver, stage, "a", 1, &err) == 0);
	CHECK(driver->ops->stage_publish(stage, KEY, &err) == -1);
	err_clear(&err);
	CHECK(driver->ops->stage_publish(stage, KEY, &err) == 0);
	driver->ops->stage_close(stage);
	CHECK(driver->ops->open(driver, KEY, &reader, &err) == -1);
	err_clear(&err);
	CHECK(driver->ops->open(driver, KEY, &reader, &err) == 1);
	CHECK(driver->ops->read_at(&reader, 0, &byte, 1, &count, &err) == -1);
	err_clear(&err);
	CHECK(driver->ops->read_at(&reader, 0, &byte, 1, &count, &err) == 0);
	CHECK(count == 1 && byte == 'a');
	driver->ops->close(&reader);
	CHECK(driver->ops->remove(driver, KEY, &err) == -1);
	err_clear(&err);
	CHECK(driver->ops->remove(driver, KEY, &err) == 0);
	check_absent(driver, KEY);
	driver->ops->free(driver);
}

static void failed_appends_stick_and_the_next_stage_works(void)
{
	struct blob_faulty_plan plan = {.space = 10};
	struct blob_driver *driver = blob_faulty_new(make_memory(), &plan);
	struct err err = ERR_INIT;
	struct blob_stage *stage = create(driver, "x");
	uint64_t bytes, files;

	CHECK(append_all(driver, stage, "12345678", 8, &err) == 0);
	CHECK(driver->ops->space(driver, &bytes, &files, &err) == 0);
	CHECK(bytes == 2);
	CHECK(append_all(driver, stage, "12345678", 8, &err) == -1);
	CHECK(err.code == ERR_NO_SPACE);
	err_clear(&err);
	CHECK(driver->ops->stage_flush(stage, &err) == -1);
	CHECK(err.code == ERR_NO_SPACE);
	err_clear(&err);
	CHECK(driver->ops->stage_publish(stage, KEY, &err) == -1);
	CHECK(err.code == ERR_NO_SPACE);
	err_clear(&err);
	driver->ops->stage_close(stage);
	CHECK(driver->ops->stage_remove(driver, "x", &err) == 0);
	plan = (struct blob_faulty_plan){.fail = {[BLOB_FAULTY_APPEND] = 1}};
	blob_faulty_set(driver, &plan);
	stage = create(driver, "y");
	CHECK(append_all(driver, stage, "z", 1, &err) == -1);
	CHECK(err.code == ERR_IO);
	err_clear(&err);
	driver->ops->stage_close(stage);
	put(driver, KEY, 100, 1);
	check_blob(driver, KEY, 100, 1);
	driver->ops->free(driver);
}

static const struct check_case cases[] = {
	CHECK_CASE(what_was_appended_is_read_back_at_every_length),
	CHECK_CASE(a_stage_is_filled_in_odd_pieces_over_reopenings),
	CHECK_CASE(closing_keeps_what_was_appended),
	CHECK_CASE(a_stage_has_one_name_and_goes_with_it),
	CHECK_CASE(names_that_lead_elsewhere_are_refused),
	CHECK_CASE(what_is_published_never_changes),
	CHECK_CASE(ranges_are_read_and_readers_outlive_removal),
	CHECK_CASE(readers_have_descriptors_to_send_from),
	CHECK_CASE(listings_tell_all_and_stop_when_told),
	CHECK_CASE(space_is_told),
	CHECK_CASE(threads_push_side_by_side),
	CHECK_CASE(faults_show_once_and_pass),
	CHECK_CASE(failed_appends_stick_and_the_next_stage_works),
};

int main(int argc, char **argv)
{
	return CHECK_RUN(argc, argv, cases);
}
