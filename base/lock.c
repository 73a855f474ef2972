/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lock.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#if defined(__clang__)
#define UNCHECKED __attribute__((no_thread_safety_analysis))
#else
#define UNCHECKED
#endif

/* None of these calls fails but for a bug of ours. */
static void must(int rc)
{
	if (rc != 0)
		abort();
}

void lock_init(struct lock *lock)
{
	must(pthread_mutex_init(&lock->mutex, NULL));
	lock->held = false;
}

void lock_release(struct lock *lock)
{
	must(pthread_mutex_destroy(&lock->mutex));
}

static void own(struct lock *lock)
{
	lock->owner = pthread_self();
	lock->held = true;
}

UNCHECKED void lock_take(struct lock *lock)
{
	must(pthread_mutex_lock(&lock->mutex));
	own(lock);
}

UNCHECKED void lock_drop(struct lock *lock)
{
	lock_assert_held(lock);
	lock->held = false;
	must(pthread_mutex_unlock(&lock->mutex));
}

void lock_assert_held(const struct lock *lock)
{
	if (!lock->held || !pthread_equal(lock->owner, pthread_self()))
		abort();
}

void cond_init(struct cond *cond)
{
	pthread_condattr_t attr;

	must(pthread_condattr_init(&attr));
	must(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC));
	must(pthread_cond_init(&cond->cond, &attr));
	must(pthread_condattr_destroy(&attr));
}

void cond_release(struct cond *cond)
{
	must(pthread_cond_destroy(&cond->cond));
}

void cond_signal(struct cond *cond)
{
	must(pthread_cond_signal(&cond->cond));
}

void cond_broadcast(struct cond *cond)
{
	must(pthread_cond_broadcast(&cond->cond));
}

UNCHECKED void cond_wait(struct cond *cond, struct lock *lock)
{
	lock_assert_held(lock);
	lock->held = false;
	must(pthread_cond_wait(&cond->cond, &lock->mutex));
	own(lock);
}

UNCHECKED bool cond_wait_until(struct cond *cond, struct lock *lock,
			       int64_t deadline_monotonic_ms)
{
	int64_t ms = deadline_monotonic_ms > 0 ? deadline_monotonic_ms : 0;
	struct timespec until = {.tv_sec = (time_t)(ms / 1000),
				 .tv_nsec = (long)(ms % 1000) * 1000000};

	lock_assert_held(lock);
	lock->held = false;
	int rc = pthread_cond_timedwait(&cond->cond, &lock->mutex, &until);
	own(lock);
	if (rc == ETIMEDOUT)
		return false;
	must(rc);
	return true;
}
