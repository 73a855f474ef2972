/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/tmpdir.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/check.h"

#define MADE_MAX 64

static struct {
	char path[TMPDIR_SIZE];
	pid_t owner;
} made[MADE_MAX];
static size_t made_count;

static int remove_one(const char *path, const struct stat *info, int type,
		      struct FTW *at)
{
	(void)info;
	(void)type;
	(void)at;
	return remove(path);
}

/* A forked child inherits the list, but not the right to empty it. */
static void remove_made(void)
{
	for (size_t i = 0; i < made_count; i++)
		if (made[i].owner == getpid())
			nftw(made[i].path, remove_one, 16,
			     FTW_DEPTH | FTW_PHYS);
}

void tmpdir_make(char ret_path[TMPDIR_SIZE])
{
	const char *base = getenv("TMPDIR");

	CHECK(made_count < MADE_MAX);
	snprintf(ret_path, TMPDIR_SIZE, "%s/berth-test-XXXXXX",
		 base ? base : "/tmp");
	CHECK(mkdtemp(ret_path) != NULL);
	if (made_count == 0)
		atexit(remove_made);
	snprintf(made[made_count].path, TMPDIR_SIZE, "%s", ret_path);
	made[made_count++].owner = getpid();
}
