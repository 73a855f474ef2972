/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/fault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <unistd.h>

#include "tests/lib/check.h"

/* The sweep that is on; calls is 0 while none is. */
static atomic_uint on_calls;
static atomic_int on_how;
static atomic_size_t on_round;
static atomic_size_t seen; /* calls that counted since fault_on() */

bool fault_next(struct fault_sweep *sweep)
{
	if (sweep->started && !sweep->fired)
		return false;
	if (sweep->started)
		sweep->round++;
	sweep->started = true;
	sweep->fired = false;
	return true;
}

void fault_on(const struct fault_sweep *sweep)
{
	on_how = (int)sweep->how;
	on_round = sweep->round;
	seen = 0;
	on_calls = sweep->calls;
}

void fault_off(struct fault_sweep *sweep)
{
	on_calls = 0;
	sweep->fired = seen > sweep->round;
}

enum verdict { GOES_ON, FAILS, IS_INTERRUPTED, IS_SHORT };

/* group's next call, which may be interrupted or short only if able says so. */
static enum verdict judge(unsigned group, unsigned able)
{
	if (!(on_calls & group))
		return GOES_ON;

	enum fault_how how = (enum fault_how)on_how;
	if ((how == FAULT_INTERRUPTED || how == FAULT_SHORT) &&
	    !(able & 1u << how))
		return GOES_ON;

	size_t turn = atomic_fetch_add(&seen, 1);
	if (turn < on_round || (turn > on_round && how != FAULT_LASTING))
		return GOES_ON;
	switch (how) {
	case FAULT_ONCE:
	case FAULT_LASTING:
		return FAILS;
	case FAULT_INTERRUPTED:
		return IS_INTERRUPTED;
	case FAULT_SHORT:
		return IS_SHORT;
	}
	return GOES_ON;
}

#define ABLE_INTERRUPTED (1u << FAULT_INTERRUPTED)
#define ABLE_BOTH (1u << FAULT_INTERRUPTED | 1u << FAULT_SHORT)

/* True, with errno set, if the call is to fail. */
static bool fails(unsigned group, unsigned able, int error)
{
	switch (judge(group, able)) {
	case FAILS:
		errno = error;
		return true;
	case IS_INTERRUPTED:
		errno = EINTR;
		return true;
	case IS_SHORT:
	case GOES_ON:
		return false;
	}
	return false;
}

/* The real function under the name that the linker gives it. */
#define WRAPPED(type, name, parameters)                                        \
	type __real_##name parameters;                                         \
	type __wrap_##name parameters;                                         \
	type __wrap_##name parameters

/* One that only succeeds or fails with errno. */
#define WRAP(type, failure, group, able, error, name, parameters, arguments)   \
	WRAPPED(type, name, parameters)                                        \
	{                                                                      \
		if (fails(group, able, error))                                 \
			return failure;                                        \
		return __real_##name arguments;                                \
	}

WRAP(void *, NULL, FAULT_MEMORY, 0, ENOMEM, malloc, (size_t size), (size))
WRAP(void *, NULL, FAULT_MEMORY, 0, ENOMEM, calloc, (size_t count, size_t size),
     (count, size))
WRAP(void *, NULL, FAULT_MEMORY, 0, ENOMEM, realloc, (void *at, size_t size),
     (at, size))
WRAP(void *, NULL, FAULT_MEMORY, 0, ENOMEM, aligned_alloc,
     (size_t alignment, size_t size), (alignment, size))
WRAP(int, ENOMEM, FAULT_MEMORY, 0, ENOMEM, posix_memalign,
     (void **ret, size_t alignment, size_t size), (ret, alignment, size))
WRAP(char *, NULL, FAULT_MEMORY, 0, ENOMEM, strdup, (const char *text), (text))
WRAP(char *, NULL, FAULT_MEMORY, 0, ENOMEM, strndup,
     (const char *text, size_t len), (text, len))
WRAP(int, -1, FAULT_OPEN, 0, ENOSPC, mkdirat,
     (int dir, const char *path, mode_t mode), (dir, path, mode))
WRAP(int, -1, FAULT_WRITE, ABLE_INTERRUPTED, ENOSPC, ftruncate,
     (int fd, off_t size), (fd, size))
WRAP(int, -1, FAULT_WRITE, ABLE_INTERRUPTED, ENOSPC, ftruncate64,
     (int fd, off_t size), (fd, size))
WRAP(int, -1, FAULT_SYNC, 0, EIO, fsync, (int fd), (fd))
WRAP(int, -1, FAULT_SYNC, 0, EIO, fdatasync, (int fd), (fd))
WRAP(int, -1, FAULT_NAME, 0, EIO, linkat,
     (int from, const char *old, int to, const char *fresh, int flags),
     (from, old, to, fresh, flags))
WRAP(int, -1, FAULT_NAME, 0, EIO, renameat,
     (int from, const char *old, int to, const char *fresh),
     (from, old, to, fresh))
WRAP(int, -1, FAULT_NAME, 0, EIO, unlinkat,
     (int dir, const char *path, int flags), (dir, path, flags))
WRAP(int, -1, FAULT_STATE, 0, EIO, fchmod, (int fd, mode_t mode), (fd, mode))
WRAP(int, -1, FAULT_STATE, ABLE_INTERRUPTED, EIO, flock, (int fd, int what),
     (fd, what))
WRAP(int, EAGAIN, FAULT_THREAD, 0, EAGAIN, pthread_create,
     (pthread_t * ret, const pthread_attr_t *attr, void *(*run)(void *),
      void *context),
     (ret, attr, run, context))
WRAP(int, ETIMEDOUT, FAULT_TIME, 0, ETIMEDOUT, pthread_cond_timedwait,
     (pthread_cond_t * cond, pthread_mutex_t *mutex,
      const struct timespec *until),
     (cond, mutex, until))

WRAP(int, -1, FAULT_LOOK, 0, EIO, fstat64, (int fd, struct stat64 *info),
     (fd, info))
WRAP(int, -1, FAULT_LOOK, 0, EIO, fstatat64,
     (int fd, const char *path, struct stat64 *info, int flags),
     (fd, path, info, flags))
WRAP(int, -1, FAULT_LOOK, 0, EIO, fstatvfs64, (int fd, struct statvfs64 *info),
     (fd, info))
WRAP(DIR *, NULL, FAULT_LOOK, 0, EIO, fdopendir, (int fd), (fd))
WRAP(struct dirent64 *, NULL, FAULT_LOOK, 0, EIO, readdir64, (DIR * dir), (dir))
WRAP(int, -1, FAULT_MAP, 0, ENOMEM, memfd_create,
     (const char *name, unsigned flags), (name, flags))
WRAP(int, -1, FAULT_MAP, 0, EMFILE, fcntl64, (int fd, int command, long value),
     (fd, command, value))
WRAP(void *, MAP_FAILED, FAULT_MAP, 0, ENOMEM, mmap64,
     (void *at, size_t len, int protection, int flags, int fd, off64_t offset),
     (at, len, protection, flags, fd, offset))

/* One that moves bytes, so that it can also stop short. */
#define WRAP_MOVE(group, error, name, parameters, arguments, size)             \
	WRAPPED(ssize_t, name, parameters)                                     \
	{                                                                      \
		enum verdict verdict = judge(group, ABLE_BOTH);                \
                                                                               \
		if (verdict == IS_SHORT && (size) > 1)                         \
			(size) = 1;                                            \
		if (verdict == FAILS || verdict == IS_INTERRUPTED) {           \
			errno = verdict == FAILS ? (error) : EINTR;            \
			return -1;                                             \
		}                                                              \
		return __real_##name arguments;                                \
	}

WRAP_MOVE(FAULT_READ, EIO, read, (int fd, void *data, size_t size),
	  (fd, data, size), size)
WRAP_MOVE(FAULT_READ, EIO, pread, (int fd, void *data, size_t size, off_t at),
	  (fd, data, size, at), size)
WRAP_MOVE(FAULT_READ, EIO, pread64, (int fd, void *data, size_t size, off_t at),
	  (fd, data, size, at), size)
WRAP_MOVE(FAULT_WRITE, ENOSPC, write, (int fd, const void *data, size_t size),
	  (fd, data, size), size)
WRAP_MOVE(FAULT_WRITE, ENOSPC, pwrite,
	  (int fd, const void *data, size_t size, off_t at),
	  (fd, data, size, at), size)
WRAP_MOVE(FAULT_WRITE, ENOSPC, pwrite64,
	  (int fd, const void *data, size_t size, off_t at),
	  (fd, data, size, at), size)
WRAP_MOVE(FAULT_RANDOM, ENOSYS, getrandom,
	  (void *data, size_t size, unsigned flags), (data, size, flags), size)

/* The mode, which is only there if the file may be made. */
#define WRAP_OPEN(name, parameters, arguments)                                 \
	WRAPPED(int, name, parameters)                                         \
	{                                                                      \
		mode_t mode = 0;                                               \
		va_list rest;                                                  \
                                                                               \
		if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) {          \
			va_start(rest, flags);                                 \
			mode = va_arg(rest, mode_t);                           \
			va_end(rest);                                          \
		}                                                              \
		if (fails(FAULT_OPEN, ABLE_INTERRUPTED, EMFILE))               \
			return -1;                                             \
		return __real_##name arguments;                                \
	}

WRAP_OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
WRAP_OPEN(open64, (const char *path, int flags, ...), (path, flags, mode))
WRAP_OPEN(openat, (int dir, const char *path, int flags, ...),
	  (dir, path, flags, mode))
WRAP_OPEN(openat64, (int dir, const char *path, int flags, ...),
	  (dir, path, flags, mode))

/* The kernel frees the descriptor whatever it then reports. */
WRAPPED(int, close, (int fd))
{
	bool report = fails(FAULT_CLOSE, 0, EIO);
	int rc = __real_close(fd);

	if (!report)
		return rc;
	errno = EIO;
	return -1;
}

static void *crypto_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return __wrap_malloc(size);
}

static void *crypto_realloc(void *at, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return __wrap_realloc(at, size);
}

static void crypto_free(void *at, const char *file, int line)
{
	(void)file;
	(void)line;
	free(at);
}

void fault_wrap_libraries(void)
{
	CHECK(CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc,
				       crypto_free) == 1);
}

size_t fault_open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	CHECK(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}
