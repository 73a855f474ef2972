/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

/*
 * Mutexes and conditions with the owner known, so that a function can assert
 * that its lock is held, and clang's -Wthread-safety can check the callers.
 * The order in which locks may nest stands in ARCHITECTURE.md.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#if defined(__clang__)
#define LOCK_CAPABILITY __attribute__((capability("mutex")))
#define ACQUIRES(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define RELEASES(...) __attribute__((release_capability(__VA_ARGS__)))
#define REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#else
#define LOCK_CAPABILITY
#define ACQUIRES(...)
#define RELEASES(...)
#define REQUIRES(...)
#endif

struct LOCK_CAPABILITY lock {
	pthread_mutex_t mutex; /* for lock.c alone */
	pthread_t owner;       /* meaningful while held */
	bool held;	       /* written by the owner only */
};

struct cond {
	pthread_cond_t cond; /* on the monotonic clock */
};

/* A static lock needs no init: static struct lock l = LOCK_INIT. */
#define LOCK_INIT                                                              \
	{                                                                      \
		.mutex = PTHREAD_MUTEX_INITIALIZER                             \
	}

/* Nothing here fails but by our own misuse, which aborts.  Release a lock that
 * nobody holds. */
void lock_init(struct lock *lock);
void lock_release(struct lock *lock);
void lock_take(struct lock *lock) ACQUIRES(lock);
void lock_drop(struct lock *lock) RELEASES(lock);

/* Abort if the calling thread does not hold it. */
void lock_assert_held(const struct lock *lock);

/* Wake one waiter or all; release a condition that nobody waits for. */
void cond_init(struct cond *cond);
void cond_release(struct cond *cond);
void cond_signal(struct cond *cond);
void cond_broadcast(struct cond *cond);

/* Wait with the lock held; it is held again on return. */
void cond_wait(struct cond *cond, struct lock *lock) REQUIRES(lock);

/* The same until a point of monotonic time (milliseconds, clock_system): false
 * if that came first. */
bool cond_wait_until(struct cond *cond, struct lock *lock,
		     int64_t deadline_monotonic_ms) REQUIRES(lock);

#endif
