/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_FAULT_H
#define TESTS_LIB_FAULT_H

/*
 * Faults of the operating system, let in one at a time.  The linker sends every
 * call of our own code to a wrapper (--wrap, see tests/fault/CMakeLists.txt);
 * a sweep lets the first call fail, then the second, until a round goes by in
 * which none was left to fail:
 *
 *   struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY | FAULT_DISK);
 *   while (fault_next(&sweep)) {
 *           ... set up, from nothing ...
 *           fault_on(&sweep);
 *           int rc = thing_do(thing, &err);
 *           fault_off(&sweep);
 *           CHECK((rc == 0) == !sweep.fired);   or what the contract says
 *           CHECK(thing_do(thing, &err) == 0);  the next call must succeed
 *   }
 *   CHECK(sweep.round >= 3);                    it met what it should meet
 *
 * Calls made inside shared libraries are not seen, but jansson's
 * allocations are (base/jsonx.c), and libcrypto's after fault_wrap_libraries().
 * While a sweep is on, the calls of all threads count.
 */

#include <stdbool.h>
#include <stddef.h>

/* Which calls may fail. */
enum {
	FAULT_MEMORY = 1 << 0, /* malloc and its kin, strdup: ENOMEM */
	FAULT_OPEN = 1 << 1,   /* open, openat, mkdirat: EMFILE, ENOSPC */
	FAULT_READ = 1 << 2,   /* read, pread: EIO */
	FAULT_WRITE = 1 << 3,  /* write, pwrite, ftruncate: ENOSPC */
	FAULT_SYNC = 1 << 4,   /* fsync, fdatasync: EIO */
	FAULT_NAME = 1 << 5,   /* linkat, renameat, unlinkat: EIO */
	FAULT_CLOSE = 1 << 6,  /* close: EIO, the descriptor is closed */
	FAULT_STATE = 1 << 7,  /* fchmod, flock: EIO */
	FAULT_RANDOM = 1 << 8, /* getrandom: ENOSYS */
	FAULT_THREAD = 1 << 9, /* pthread_create: EAGAIN */
	FAULT_TIME = 1 << 10,  /* pthread_cond_timedwait: its time is over */
	FAULT_DISK = FAULT_OPEN | FAULT_READ | FAULT_WRITE | FAULT_SYNC |
		     FAULT_NAME | FAULT_CLOSE | FAULT_STATE,
	FAULT_ALL = (1 << 11) - 1,
	/* Only where they are asked for by name: */
	FAULT_LOOK = 1 << 11, /* fstat and its kin, fdopendir, readdir: EIO */
	FAULT_MAP = 1 << 12,  /* mmap, memfd_create: ENOMEM; fcntl: EMFILE */
};

/* What happens to the call whose turn it is. */
enum fault_how {
	FAULT_ONCE,	   /* it fails, the ones after it do not */
	FAULT_LASTING,	   /* it fails, and all after it */
	FAULT_INTERRUPTED, /* EINTR: the caller shall just try again */
	FAULT_SHORT,	   /* it reads or writes one byte only */
};

struct fault_sweep {
	unsigned calls;	    /* the groups that count */
	enum fault_how how; /* FAULT_ONCE by default */
	size_t round;	    /* the call whose turn it is, from 0; afterwards,
			     * how many calls had theirs */
	bool fired;	    /* it came to that call in this round */
	bool started;	    /* a round has been run */
};

#define FAULT_SWEEP(groups) ((struct fault_sweep){.calls = (groups)})
#define FAULT_SWEEP_HOW(groups, what)                                          \
	((struct fault_sweep){.calls = (groups), .how = (what)})

/* Go to the next round; false once a round went by without its fault. */
bool fault_next(struct fault_sweep *sweep);

/* Between the two, calls count and may fail; fault_off() sets fired. */
void fault_on(const struct fault_sweep *sweep);
void fault_off(struct fault_sweep *sweep);

/* Let libcrypto allocate through the wrappers; call it first in main(). */
void fault_wrap_libraries(void);

/* Descriptors that this process has open: the same before and after. */
size_t fault_open_descriptors(void);

#endif
