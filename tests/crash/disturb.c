/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library to be loaded before the others: it lets writes and fsyncs of one
 * class of files fail, wait, or do nothing, and moves the wall clock.  What it
 * does is read at each call from the page of a file that BERTH_DISTURB names,
 * so a test can change it while the program runs (tests/crash/disturb.py).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGE_SIZE 4096

/* Classes of files, bits of a mask. */
enum {
	CLASS_BLOB = 1,
	CLASS_DIRECTORY = 2,
	CLASS_LOG = 4,
	CLASS_DATABASE = 8,
	CLASS_OTHER = 16,
};

struct control {
	_Atomic uint32_t skip_sync;  /* classes whose fsync does nothing */
	_Atomic uint32_t fail_sync;  /* classes whose fsync fails */
	_Atomic uint32_t fail_write; /* classes whose writes fail */
	_Atomic uint32_t error;	     /* errno of what fails */
	_Atomic uint32_t slow_sync;  /* classes whose fsync waits */
	_Atomic uint32_t slow_ms;    /* how long */
	_Atomic int64_t wall_ms;     /* added to the wall clock */
	_Atomic uint32_t skipped;    /* fsyncs that did nothing */
	_Atomic uint32_t failed;     /* calls that were made to fail */
	_Atomic uint32_t slow_write; /* classes whose writes wait */
};

static struct control nothing;
static struct control *control = &nothing;

__attribute__((constructor)) static void map_control(void)
{
	const char *path = getenv("BERTH_DISTURB");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *page = MAP_FAILED;

	if (fd >= 0)
		page = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			    fd, 0);
	if (page == MAP_FAILED)
		abort(); /* a test that disturbs nothing must not pass */
	close(fd);
	control = page;
}

static bool ends_in(const char *text, const char *end)
{
	size_t len = strlen(text);
	size_t end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static uint32_t class_of(int fd)
{
	struct stat info;
	char link[64];
	char path[PAGE_SIZE];

	if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode))
		return CLASS_DIRECTORY;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		return CLASS_OTHER;
	path[len] = '\0';
	if (strstr(path, "/uploads/"))
		return CLASS_BLOB;
	if (ends_in(path, ".db-wal"))
		return CLASS_LOG;
	if (ends_in(path, ".db"))
		return CLASS_DATABASE;
	return CLASS_OTHER;
}

/* Wait if it is slow; -1, with errno set, if it is to fail. */
static int disturb(int fd, uint32_t slow, uint32_t failing)
{
	uint32_t class = (slow | failing) ? class_of(fd) : 0;

	if (class & slow)
		poll(NULL, 0, (int)atomic_load(&control->slow_ms));
	if (!(class & failing))
		return 0;
	atomic_fetch_add(&control->failed, 1);
	errno = (int)atomic_load(&control->error);
	return -1;
}

static int sync_as(const char *name, int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
	uint32_t skip = atomic_load(&control->skip_sync);

	if (disturb(fd, atomic_load(&control->slow_sync),
		    atomic_load(&control->fail_sync)) < 0)
		return -1;
	if (skip && (class_of(fd) & skip)) {
		atomic_fetch_add(&control->skipped, 1);
		return 0;
	}
	return real(fd);
}

int fsync(int fd)
{
	return sync_as("fsync", fd);
}

int fdatasync(int fd)
{
	return sync_as("fdatasync", fd);
}

static ssize_t pwrite_as(const char *name, int fd, const void *data,
			 size_t size, off64_t offset)
{
	ssize_t (*real)(int, const void *, size_t, off64_t) =
		(ssize_t(*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT,
								      name);

	if (disturb(fd, atomic_load(&control->slow_write),
		    atomic_load(&control->fail_write)) < 0)
		return -1;
	return real(fd, data, size, offset);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
	return pwrite_as("pwrite", fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
	return pwrite_as("pwrite64", fd, data, size, offset);
}

int clock_gettime(clockid_t id, struct timespec *now)
{
	static int (*real)(clockid_t, struct timespec *);

	if (!real)
		real = (int (*)(clockid_t, struct timespec *))dlsym(
			RTLD_NEXT, "clock_gettime");

	int rc = real(id, now);
	int64_t moved = atomic_load(&control->wall_ms);
	if (rc == 0 && id == CLOCK_REALTIME && moved != 0)
		now->tv_sec += (time_t)(moved / 1000);
	return rc;
}
