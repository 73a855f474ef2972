/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/space.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "storage/blob_driver.h"
#include "tests/lib/blob_faulty.h"
#include "tests/lib/check.h"
#include "tests/lib/tmpdir.h"

#define RESERVE ((uint64_t)65536)

static struct blob_driver *blobs;
static struct space *space;
static char dir[TMPDIR_SIZE];
static int dir_fd;

static void have(uint64_t bytes)
{
	blob_faulty_set(blobs, &(struct blob_faulty_plan){.space = bytes});
	if (space)
		space_look(space);
}

static void open_all(uint64_t low_water, uint64_t reserve, uint64_t bytes)
{
	struct space_config config = {.low_water = low_water,
				      .reserve = reserve};
	struct blob_driver *memory = NULL;
	struct err err = ERR_INIT;

	tmpdir_make(dir);
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
	CHECK(dir_fd >= 0);
	config.dir_fd = dir_fd;
	CHECK(blob_mem_new(&memory, &err) == 0);
	blobs = blob_faulty_new(memory, &(struct blob_faulty_plan){0});
	have(bytes);
	CHECK(space_new(&config, blobs, &space, &err) == 0);
}

static void close_all(void)
{
	space_free(space);
	space_free(NULL);
	blobs->ops->free(blobs);
	close(dir_fd);
}

static enum err_code check(void)
{
	struct err err = ERR_INIT;

	CHECK((space_check(space, &err) < 0) == (err.code != ERR_NONE));
	return err.code;
}

static bool reserve_is_there(void)
{
	struct stat info;

	if (fstatat(dir_fd, "reserve", &info, 0) < 0)
		return false;
	CHECK((info.st_mode & 07777) == 0600);
	CHECK((uint64_t)info.st_size == RESERVE);
	CHECK((uint64_t)info.st_blocks * 512 >= RESERVE);
	return true;
}

static void test_pushes_stop_below_the_mark_and_go_on_above(void)
{
	open_all(1000, 0, 1000);
	CHECK(check() == ERR_NONE);
	CHECK(space_free_bytes(space) == 1000);
	have(999);
	CHECK(check() == ERR_NO_SPACE);
	CHECK(space_free_bytes(space) == 999);
	have(1000);
	CHECK(check() == ERR_NONE);
	CHECK(!reserve_is_there());
	close_all();
}

static void test_it_is_full_from_the_start_where_it_is(void)
{
	open_all(1000, RESERVE, 10);
	CHECK(check() == ERR_NO_SPACE);
	CHECK(!reserve_is_there());
	close_all();
}

static void test_no_bound_is_no_limit(void)
{
	open_all(1000, 0, 0);
	CHECK(check() == ERR_NONE);
	CHECK(space_free_bytes(space) == UINT64_MAX);
	close_all();
}

static void test_the_reserve_is_given_up_and_taken_back(void)
{
	open_all(1000, RESERVE, 10 * RESERVE);
	CHECK(reserve_is_there());
	have(RESERVE / 8);
	CHECK(reserve_is_there());
	have(RESERVE / 8 - 1);
	CHECK(!reserve_is_there());
	have(RESERVE);
	CHECK(!reserve_is_there());
	have(10 * RESERVE);
	CHECK(reserve_is_there());
	close_all();
}

static void test_a_reserve_is_found_again(void)
{
	struct space_config config = {.reserve = RESERVE};
	struct err err = ERR_INIT;

	open_all(1000, RESERVE, 10 * RESERVE);
	space_free(space);
	space = NULL;
	config.dir_fd = dir_fd;
	have(1);
	CHECK(space_new(&config, blobs, &space, &err) == 0);
	CHECK(!reserve_is_there());
	close_all();
}

/* Somebody who frees the disk by hand takes the reserve too. */
static void test_a_reserve_removed_by_hand_is_taken_again(void)
{
	open_all(1000, RESERVE, 10 * RESERVE);
	CHECK(unlinkat(dir_fd, "reserve", 0) == 0);
	have(1);
	have(10 * RESERVE);
	CHECK(reserve_is_there());
	close_all();
}

/* Nor is a link that leads elsewhere followed. */
static void test_a_reserve_is_no_link(void)
{
	open_all(1000, RESERVE, 10);
	CHECK(symlinkat("elsewhere", dir_fd, "reserve") == 0);
	have(10 * RESERVE);
	CHECK(faccessat(dir_fd, "elsewhere", F_OK, 0) < 0);
	close_all();
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_pushes_stop_below_the_mark_and_go_on_above),
		CHECK_CASE(test_it_is_full_from_the_start_where_it_is),
		CHECK_CASE(test_no_bound_is_no_limit),
		CHECK_CASE(test_the_reserve_is_given_up_and_taken_back),
		CHECK_CASE(test_a_reserve_is_found_again),
		CHECK_CASE(test_a_reserve_removed_by_hand_is_taken_again),
		CHECK_CASE(test_a_reserve_is_no_link),
	};

	return CHECK_RUN(argc, argv, cases);
}
