/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/lock.h"
#include "base/thread.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||     \
	__has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
#define STACK_SIZE ((size_t)4 << 20)
#else
#define STACK_SIZE ((size_t)256 << 10)
#endif
#define NAME_SIZE 16
#define IDLE_KEEP 4	    /* threads that stay however long they wait */
#define IDLE_LEAVE_MS 10000 /* what another waits before it leaves */

/*
 * A thread that leaves is joined by the next one to leave, the last of all by
 * pool_free(): so nobody has to look after threads, and none touches the pool
 * after it is freed.
 */
struct pool {
	struct lock lock;	/* guards all below */
	struct cond work;	/* a job came, or the pool stops */
	struct cond gone;	/* a thread left */
	struct pool_job *first; /* to start next; NULL if none waits */
	struct pool_job **last; /* where the next one is hung */
	size_t waiting;		/* jobs in the queue */
	size_t threads;		/* started and not leaving */
	size_t idle;		/* of them, waiting for work */
	size_t threads_max;	/* constant */
	pthread_t leaver;	/* the last that left, if has_leaver */
	bool has_leaver;	/* it is still to be joined */
	bool stopping;		/* no job comes any more */
	pthread_attr_t attr;	/* of new threads; constant */
	char name[NAME_SIZE];	/* of the threads; constant */
};

static struct pool_job *take_job(struct pool *pool) REQUIRES(pool->lock)
{
	struct pool_job *job = pool->first;

	if (!job)
		return NULL;
	pool->first = job->next;
	if (!pool->first)
		pool->last = &pool->first;
	pool->waiting--;
	return job;
}

/* False if the thread has waited long enough to leave. */
static bool wait_for_work(struct pool *pool) REQUIRES(pool->lock)
{
	bool woken = true;

	pool->idle++;
	if (pool->threads > IDLE_KEEP)
		woken = cond_wait_until(&pool->work, &pool->lock,
					clock_monotonic_ms(&clock_system) +
						IDLE_LEAVE_MS);
	else
		cond_wait(&pool->work, &pool->lock);
	pool->idle--;
	return woken || pool->threads <= IDLE_KEEP;
}

/* The next job to run, or NULL if the thread shall leave. */
static struct pool_job *next_job(struct pool *pool) REQUIRES(pool->lock)
{
	bool stay = true;

	for (;;) {
		struct pool_job *job = take_job(pool);

		if (job || pool->stopping || !stay)
			return job;
		stay = wait_for_work(pool);
	}
}

static void leave(struct pool *pool) RELEASES(pool->lock)
{
	pthread_t before = pool->leaver;
	bool join = pool->has_leaver;

	pool->leaver = pthread_self();
	pool->has_leaver = true;
	pool->threads--;
	cond_signal(&pool->gone);
	lock_drop(&pool->lock);
	if (join)
		pthread_join(before, NULL);
}

static void *thread_main(void *context)
{
	struct pool *pool = context;
	struct pool_job *job;

	pthread_setname_np(pthread_self(), pool->name);
	lock_take(&pool->lock);
	while ((job = next_job(pool))) {
		lock_drop(&pool->lock);
		job->run(job);
		lock_take(&pool->lock);
	}
	leave(pool);
	return NULL;
}

static bool start_one(struct pool *pool)
{
	struct err ignored = ERR_INIT;
	pthread_t thread;

	return thread_start(&pool->attr, thread_main, pool, &thread,
			    &ignored) == 0;
}

int pool_new(const char *name, size_t threads_max, struct pool **ret_pool,
	     struct err *err)
{
	assert(threads_max >= 1 && strlen(name) < NAME_SIZE);
	struct pool *pool = calloc(1, sizeof(*pool));
	if (!pool)
		return err_set(err, ERR_NO_MEMORY, "no memory for a pool");
	if (pthread_attr_init(&pool->attr) != 0) {
		free(pool);
		return err_set(err, ERR_NO_MEMORY, "no memory for a pool");
	}
	pthread_attr_setstacksize(&pool->attr, STACK_SIZE);
	lock_init(&pool->lock);
	cond_init(&pool->work);
	cond_init(&pool->gone);
	pool->last = &pool->first;
	pool->threads_max = threads_max;
	memcpy(pool->name, name, strlen(name));
	*ret_pool = pool;
	return 0;
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	lock_take(&pool->lock);
	pool->stopping = true;
	cond_broadcast(&pool->work);
	while (pool->threads > 0)
		cond_wait(&pool->gone, &pool->lock);
	bool join = pool->has_leaver;
	lock_drop(&pool->lock);
	if (join)
		pthread_join(pool->leaver, NULL);

	cond_release(&pool->gone);
	cond_release(&pool->work);
	lock_release(&pool->lock);
	pthread_attr_destroy(&pool->attr);
	free(pool);
}

/* Without any thread nobody else would ever run what is queued. */
static void run_without_threads(struct pool *pool)
{
	struct pool_job *job;

	lock_take(&pool->lock);
	pool->threads--;
	while (pool->threads == 0 && (job = take_job(pool))) {
		lock_drop(&pool->lock);
		job->run(job);
		lock_take(&pool->lock);
	}
	lock_drop(&pool->lock);
}

void pool_submit(struct pool *pool, struct pool_job *job)
{
	lock_take(&pool->lock);
	assert(!pool->stopping);
	job->next = NULL;
	*pool->last = job;
	pool->last = &job->next;
	pool->waiting++;
	bool start =
		pool->waiting > pool->idle && pool->threads < pool->threads_max;
	if (start)
		pool->threads++;
	lock_drop(&pool->lock);
	/* Under the lock it would wake a thread to wait for the lock. */
	if (!start)
		cond_signal(&pool->work);
	else if (!start_one(pool))
		run_without_threads(pool);
}

size_t pool_waiting(struct pool *pool)
{
	lock_take(&pool->lock);
	size_t waiting = pool->waiting;
	lock_drop(&pool->lock);
	return waiting;
}
