/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for the disk driver alone; the rest is in
 * test_blob_driver_contract.c. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "storage/blob_driver.h"
#include "tests/lib/check.h"
#include "tests/lib/tmpdir.h"

#define MIB ((size_t)1 << 20)
#define KEY "sha256/ab/abcdef.0123456789abcdef"

/* ---- helpers ---- */

struct place {
	char path[TMPDIR_SIZE];
	int fd; /* of the data directory */
	struct blob_driver *driver;
};

static int try_driver(struct place *place, struct err *err)
{
	struct blob_disk_config config = {
		.dir_fd = place->fd,
		.writers = 2,
		.direct_io = true,
		.buffers_per_stage = 4,
		.buffers_total = 64,
	};

	return blob_disk_new(&config, &place->driver, err);
}

static void open_place(struct place *place)
{
	struct err err = ERR_INIT;

	place->fd = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(place->fd >= 0);
	CHECK(try_driver(place, &err) == 0);
}

static void make_place(struct place *place)
{
	tmpdir_make(place->path);
	open_place(place);
}

static void close_place(struct place *place)
{
	place->driver->ops->free(place->driver);
	close(place->fd);
}

static void room(void *context)
{
	CHECK(sem_post(context) == 0);
}

/* Append len bytes of one value. */
static int append(struct place *place, struct blob_stage *stage, char value,
		  size_t len, struct err *err)
{
	static char data[MIB];
	sem_t rooms;
	int rc = 0;

	memset(data, value, sizeof(data));
	CHECK(sem_init(&rooms, 0, 0) == 0);
	while (len > 0 && rc == 0) {
		size_t count = len < MIB ? len : MIB;
		size_t taken = 0;

		rc = place->driver->ops->stage_append(
			stage, span_make(data, count), &taken, room, &rooms,
			err);
		if (rc == 0 && taken < count)
			CHECK(sem_wait(&rooms) == 0);
		len -= taken;
	}
	sem_destroy(&rooms);
	return rc;
}

static struct blob_stage *create(struct place *place, const char *id)
{
	struct err err = ERR_INIT;
	struct blob_stage *stage;

	CHECK(place->driver->ops->stage_create(place->driver, id, &stage,
					       &err) == 0);
	return stage;
}

static int put(struct place *place, const char *id, const char *key, size_t len,
	       struct err *err)
{
	const struct blob_driver_ops *ops = place->driver->ops;
	struct blob_stage *stage;
	struct err ignored = ERR_INIT;

	int rc = ops->stage_create(place->driver, id, &stage, err);
	if (rc < 0)
		return rc;
	rc = append(place, stage, 'x', len, err);
	if (rc == 0)
		rc = ops->stage_flush(stage, err);
	if (rc == 0)
		rc = ops->stage_publish(stage, key, err);
	ops->stage_close(stage);
	CHECK(ops->stage_remove(place->driver, id, &ignored) == 0);
	return rc;
}

static struct stat look(struct place *place, const char *name)
{
	struct stat info;

	CHECK(fstatat(place->fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0);
	return info;
}

static bool absent(int fd, const char *name)
{
	struct stat info;

	return fstatat(fd, name, &info, AT_SYMLINK_NOFOLLOW) < 0 &&
	       errno == ENOENT;
}

/* ---- the layout ---- */

static void files_lie_where_the_layout_says(void)
{
	struct err err = ERR_INIT;
	struct place place;

	make_place(&place);
	struct blob_stage *stage = create(&place, "u1");
	CHECK(append(&place, stage, 'x', 5000, &err) == 0);
	CHECK(place.driver->ops->stage_flush(stage, &err) == 0);
	CHECK(look(&place, "uploads/u1").st_mode == (S_IFREG | 0600));
	CHECK(look(&place, "uploads/u1").st_size == 5000);
	CHECK(absent(place.fd, "blobs/sha256/ab"));
	CHECK(place.driver->ops->stage_publish(stage, KEY, &err) == 0);
	CHECK(look(&place, "blobs/" KEY).st_mode == (S_IFREG | 0444));
	CHECK(look(&place, "blobs/" KEY).st_ino ==
	      look(&place, "uploads/u1").st_ino);
	CHECK(look(&place, "blobs").st_mode == (S_IFDIR | 0700));
	CHECK(look(&place, "uploads").st_mode == (S_IFDIR | 0700));
	CHECK(look(&place, "blobs/sha256/ab").st_mode == (S_IFDIR | 0700));
	place.driver->ops->stage_close(stage);
	CHECK(place.driver->ops->stage_remove(place.driver, "u1", &err) == 0);
	CHECK(absent(place.fd, "uploads/u1"));
	CHECK(look(&place, "blobs/" KEY).st_nlink == 1);
	close_place(&place);
}

static void a_restart_finds_blobs_and_stages(void)
{
	struct err err = ERR_INIT;
	struct place place;
	struct blob_stage *stage;
	struct blob_reader reader;

	make_place(&place);
	CHECK(put(&place, "u1", KEY, 3 * MIB, &err) == 0);
	stage = create(&place, "u2");
	CHECK(append(&place, stage, 'a', 3 * MIB + 1, &err) == 0);
	place.driver->ops->stage_close(stage);
	close_place(&place);

	open_place(&place);
	CHECK(place.driver->ops->open(place.driver, KEY, &reader, &err) == 1);
	CHECK(reader.size == 3 * MIB);
	place.driver->ops->close(&reader);
	CHECK(place.driver->ops->stage_open(place.driver, "u2", &stage, &err) ==
	      1);
	CHECK(place.driver->ops->stage_size(stage) == 3 * MIB + 1);
	CHECK(append(&place, stage, 'a', MIB, &err) == 0);
	CHECK(place.driver->ops->stage_flush(stage, &err) == 0);
	CHECK(look(&place, "uploads/u2").st_size == 4 * (off_t)MIB + 1);
	place.driver->ops->stage_close(stage);
	CHECK(put(&place, "u3", KEY "x", 1, &err) == 0);
	close_place(&place);
}

/* Killed between fchmod and link: nothing was published, so it goes on. */
static void a_stage_that_was_about_to_be_published_goes_on(void)
{
	struct err err = ERR_INIT;
	struct place place;
	struct blob_stage *stage = NULL;

	make_place(&place);
	stage = create(&place, "u1");
	CHECK(append(&place, stage, 'a', 10, &err) == 0);
	place.driver->ops->stage_close(stage);
	CHECK(fchmodat(place.fd, "uploads/u1", 0444, 0) == 0);
	CHECK(place.driver->ops->stage_open(place.driver, "u1", &stage, &err) ==
	      1);
	CHECK(look(&place, "uploads/u1").st_mode == (S_IFREG | 0600));
	CHECK(append(&place, stage, 'b', 10, &err) == 0);
	CHECK(place.driver->ops->stage_flush(stage, &err) == 0);
	CHECK(place.driver->ops->stage_publish(stage, KEY, &err) == 0);
	CHECK(look(&place, "blobs/" KEY).st_size == 20);
	place.driver->ops->stage_close(stage);
	close_place(&place);
}

/* Killed between link and the database: the bytes must stay as they are. */
static void a_published_stage_keeps_its_mode_when_reopened(void)
{
	struct err err = ERR_INIT;
	struct place place;
	struct blob_stage *stage = NULL;

	make_place(&place);
	stage = create(&place, "u1");
	CHECK(append(&place, stage, 'a', 10, &err) == 0);
	CHECK(place.driver->ops->stage_publish(stage, KEY, &err) == 0);
	place.driver->ops->stage_close(stage);
	close_place(&place);
	open_place(&place);
	CHECK(place.driver->ops->stage_open(place.driver, "u1", &stage, &err) ==
	      1);
	CHECK(append(&place, stage, 'b', 1, &err) == -1);
	CHECK(err.code == ERR_UPLOAD_INVALID);
	CHECK(look(&place, "blobs/" KEY).st_mode == (S_IFREG | 0444));
	CHECK(look(&place, "blobs/" KEY).st_size == 10);
	place.driver->ops->stage_close(stage);
	close_place(&place);
}

/* ---- what somebody put there ---- */

static void links_are_not_followed(void)
{
	struct err err = ERR_INIT;
	struct place place;
	char outside[TMPDIR_SIZE];
	struct blob_stage *stage = NULL;
	struct blob_reader reader;

	tmpdir_make(outside);
	int outside_fd = open(outside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(outside_fd >= 0);
	int secret = openat(outside_fd, "secret", O_CREAT | O_WRONLY, 0644);
	CHECK(secret >= 0 && write(secret, "s", 1) == 1);
	close(secret);
	CHECK(mkdirat(outside_fd, "ab", 0700) == 0);
	make_place(&place);
	CHECK(unlinkat(place.fd, "blobs/sha256", AT_REMOVEDIR) == 0);
	CHECK(symlinkat(outside, place.fd, "blobs/sha256") == 0);
	CHECK(symlinkat(outside, place.fd, "uploads/dir") == 0);
	char target[TMPDIR_SIZE + 8];
	snprintf(target, sizeof(target), "%s/secret", outside);
	CHECK(symlinkat(target, place.fd, "uploads/u1") == 0);
	CHECK(symlinkat(target, place.fd, "blobs/flat") == 0);

	CHECK(place.driver->ops->open(place.driver, "flat", &reader, &err) ==
	      -1);
	err_clear(&err);
	CHECK(place.driver->ops->open(place.driver, "sha256/secret", &reader,
				      &err) == -1);
	err_clear(&err);
	CHECK(place.driver->ops->remove(place.driver, "sha256/secret", &err) ==
	      -1);
	err_clear(&err);
	CHECK(place.driver->ops->stage_open(place.driver, "u1", &stage, &err) ==
	      -1);
	err_clear(&err);
	CHECK(place.driver->ops->stage_open(place.driver, "dir", &stage,
					    &err) == -1);
	err_clear(&err);
	CHECK(place.driver->ops->stage_create(place.driver, "u1", &stage,
					      &err) == -1);
	CHECK(err.code == ERR_EXISTS);
	err_clear(&err);
	CHECK(put(&place, "u2", KEY, 10, &err) == -1);
	CHECK(absent(outside_fd, "ab/abcdef.0123456789abcdef"));
	CHECK(!absent(outside_fd, "secret"));
	close(outside_fd);
	close_place(&place);
}

static void linked_roots_are_refused(void)
{
	static const char *const names[] = {"blobs", "uploads"};

	for (size_t i = 0; i < 2; i++) {
		struct err err = ERR_INIT;
		struct place place;

		tmpdir_make(place.path);
		place.fd = open(place.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		CHECK(place.fd >= 0);
		CHECK(symlinkat("/tmp", place.fd, names[i]) == 0);
		CHECK(try_driver(&place, &err) == -1);
		CHECK(err.code != ERR_NONE);
		close(place.fd);
	}
}

static int count_one(void *context, const struct blob_listed *listed,
		     struct err *err)
{
	size_t *count = context;

	(void)err;
	CHECK(strcmp(listed->key, "sha256/ab/real") == 0);
	(*count)++;
	return 0;
}

static void what_is_no_file_of_ours_neither_hangs_nor_shows(void)
{
	struct err err = ERR_INIT;
	struct place place;
	struct blob_stage *stage;
	struct blob_reader reader;
	size_t count = 0;

	make_place(&place);
	CHECK(put(&place, "u1", "sha256/ab/real", 10, &err) == 0);
	CHECK(mkfifoat(place.fd, "uploads/fifo", 0600) == 0);
	CHECK(mkfifoat(place.fd, "blobs/fifo", 0600) == 0);
	CHECK(symlinkat("real", place.fd, "blobs/sha256/ab/link") == 0);
	CHECK(symlinkat(".", place.fd, "blobs/sha256/loop") == 0);
	CHECK(mkdirat(place.fd, "blobs/lost+found", 0700) == 0);
	CHECK(mkdirat(place.fd, "blobs/.hidden", 0700) == 0);
	int odd = openat(place.fd, "blobs/Odd Name", O_CREAT | O_WRONLY, 0600);
	CHECK(odd >= 0);
	close(odd);
	CHECK(place.driver->ops->each(place.driver, count_one, &count, &err) ==
	      0);
	CHECK(count == 1);
	CHECK(place.driver->ops->each_stage(place.driver, count_one, &count,
					    &err) == 0);
	CHECK(count == 1);
	CHECK(place.driver->ops->open(place.driver, "fifo", &reader, &err) ==
	      -1);
	CHECK(err.code == ERR_CORRUPT);
	err_clear(&err);
	CHECK(place.driver->ops->open(place.driver, "sha256", &reader, &err) ==
	      -1);
	err_clear(&err);
	CHECK(place.driver->ops->stage_open(place.driver, "fifo", &stage,
					    &err) == -1);
	close_place(&place);
}

/* ---- limits ---- */

static void no_descriptor_left_is_unavailable_and_passes(void)
{
	struct err err = ERR_INIT;
	struct place place;
	struct blob_reader reader;
	struct blob_stage *stage = NULL;
	struct rlimit was, low;

	make_place(&place);
	CHECK(put(&place, "u1", KEY, 10, &err) == 0);
	CHECK(getrlimit(RLIMIT_NOFILE, &was) == 0);
	int next = dup(place.fd);
	CHECK(next >= 0);
	close(next);
	for (int spare = 0; spare < 3; spare++) {
		low = was;
		low.rlim_cur = (rlim_t)(next + spare);
		CHECK(setrlimit(RLIMIT_NOFILE, &low) == 0);
		if (spare < 2) {
			CHECK(place.driver->ops->open(place.driver, KEY,
						      &reader, &err) == -1);
			CHECK(err.code == ERR_UNAVAILABLE);
			err_clear(&err);
			CHECK(put(&place, "u2", KEY "b", 10, &err) == -1);
			CHECK(err.code == ERR_UNAVAILABLE);
			err_clear(&err);
		}
		if (spare == 0) {
			CHECK(place.driver->ops->stage_create(
				      place.driver, "u3", &stage, &err) == -1);
			CHECK(err.code == ERR_UNAVAILABLE && !stage);
			err_clear(&err);
		}
		CHECK(setrlimit(RLIMIT_NOFILE, &was) == 0);
		CHECK(place.driver->ops->open(place.driver, KEY, &reader,
					      &err) == 1);
		place.driver->ops->close(&reader);
	}
	CHECK(absent(place.fd, "blobs/" KEY "b"));
	CHECK(put(&place, "u2", KEY "b", 10, &err) == 0);
	close_place(&place);
}

/* A file system of a few MiB of our own: false where we may not mount one. */
static bool mount_small(struct place *place)
{
	tmpdir_make(place->path);
	if (unshare(geteuid() == 0 ? CLONE_NEWNS
				   : CLONE_NEWNS | CLONE_NEWUSER) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", place->path, "tmpfs", 0, "size=4m,nr_inodes=64") < 0)
		return false;
	open_place(place);
	return true;
}

static void a_full_disk_is_told_and_free_again_at_once(void)
{
	struct err err = ERR_INIT;
	struct place place;
	struct blob_stage *stage;
	uint64_t before, after, files;

	if (!mount_small(&place)) {
		fprintf(stderr, "no right to mount; nothing checked\n");
		return;
	}
	const struct blob_driver_ops *ops = place.driver->ops;
	CHECK(put(&place, "u1", KEY, MIB, &err) == 0);
	CHECK(ops->space(place.driver, &before, &files, &err) == 0);
	CHECK(before > 2 * MIB && before <= 3 * MIB && files < 64);
	stage = create(&place, "u2");
	if (append(&place, stage, 'x', 12 * MIB, &err) == 0)
		CHECK(ops->stage_flush(stage, &err) == -1);
	CHECK(err.code == ERR_NO_SPACE);
	err_clear(&err);
	CHECK(append(&place, stage, 'x', 1, &err) == -1);
	CHECK(err.code == ERR_NO_SPACE);
	err_clear(&err);
	CHECK(ops->stage_publish(stage, KEY "b", &err) == -1);
	CHECK(err.code == ERR_NO_SPACE);
	err_clear(&err);
	CHECK(absent(place.fd, "blobs/" KEY "b"));
	ops->stage_close(stage);
	CHECK(ops->stage_remove(place.driver, "u2", &err) == 0);
	CHECK(ops->space(place.driver, &after, &files, &err) == 0);
	CHECK(after == before);
	CHECK(put(&place, "u3", KEY "b", 2 * MIB, &err) == 0);

	/* Full to the brim: what is there can be read, and removed. */
	stage = create(&place, "u4");
	if (append(&place, stage, 'x', 4 * MIB, &err) == 0)
		CHECK(ops->stage_flush(stage, &err) == -1);
	err_clear(&err);
	struct blob_reader reader;
	CHECK(ops->open(place.driver, KEY, &reader, &err) == 1);
	CHECK(reader.size == MIB);
	ops->close(&reader);
	CHECK(ops->remove(place.driver, KEY, &err) == 0);
	ops->stage_close(stage);
	CHECK(ops->stage_remove(place.driver, "u4", &err) == 0);
	close_place(&place);
}

static void no_inode_left_is_told_and_passes(void)
{
	struct err err = ERR_INIT;
	struct place place;
	size_t made = 0;
	char id[BLOB_STAGE_ID_SIZE];

	if (!mount_small(&place)) {
		fprintf(stderr, "no right to mount; nothing checked\n");
		return;
	}
	const struct blob_driver_ops *ops = place.driver->ops;
	struct blob_stage *stage;
	struct blob_stage *first = create(&place, "first");
	CHECK(append(&place, first, 'x', 10, &err) == 0);
	CHECK(ops->stage_flush(first, &err) == 0);
	for (;; made++) {
		snprintf(id, sizeof(id), "n%zu", made);
		if (ops->stage_create(place.driver, id, &stage, &err) < 0)
			break;
		ops->stage_close(stage);
	}
	CHECK(err.code == ERR_NO_SPACE && made > 10);
	err_clear(&err);
	/* The directories of the key cannot be made; the stage stays good. */
	CHECK(ops->stage_publish(first, KEY, &err) == -1);
	CHECK(err.code == ERR_NO_SPACE);
	err_clear(&err);
	while (made-- > 0) {
		snprintf(id, sizeof(id), "n%zu", made);
		CHECK(ops->stage_remove(place.driver, id, &err) == 0);
	}
	CHECK(ops->stage_publish(first, KEY, &err) == 0);
	ops->stage_close(first);
	close_place(&place);
}

static const struct check_case cases[] = {
	CHECK_CASE(files_lie_where_the_layout_says),
	CHECK_CASE(a_restart_finds_blobs_and_stages),
	CHECK_CASE(a_stage_that_was_about_to_be_published_goes_on),
	CHECK_CASE(a_published_stage_keeps_its_mode_when_reopened),
	CHECK_CASE(links_are_not_followed),
	CHECK_CASE(linked_roots_are_refused),
	CHECK_CASE(what_is_no_file_of_ours_neither_hangs_nor_shows),
	CHECK_CASE(no_descriptor_left_is_unavailable_and_passes),
	CHECK_CASE(a_full_disk_is_told_and_free_again_at_once),
	CHECK_CASE(no_inode_left_is_told_and_passes),
};

int main(int argc, char **argv)
{
	return CHECK_RUN(argc, argv, cases);
}
