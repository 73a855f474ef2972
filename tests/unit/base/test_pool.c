/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/lock.h"
#include "base/map.h"
#include "tests/lib/check.h"

#define JOBS 1000

struct numbered {
	struct pool_job job;
	int number;
};

static struct numbered jobs[JOBS];
static struct lock lock = LOCK_INIT;
static struct cond changed;
static int order[JOBS];
static int ran, inside, inside_most;
static bool gate_open;

static struct pool *pool_of(size_t threads)
{
	struct pool *pool = NULL;
	struct err err = ERR_INIT;

	CHECK(pool_new("test", threads, &pool, &err) == 0);
	return pool;
}

static void submit_all(struct pool *pool, void (*run)(struct pool_job *),
		       int count)
{
	for (int i = 0; i < count; i++) {
		jobs[i].number = i;
		jobs[i].job.run = run;
		pool_submit(pool, &jobs[i].job);
	}
}

static void note(struct pool_job *job)
{
	lock_take(&lock);
	order[ran++] = CONTAINER_OF(job, struct numbered, job)->number;
	lock_drop(&lock);
}

static void test_free_runs_what_is_queued(void)
{
	struct pool *pool = pool_of(3);

	submit_all(pool, note, JOBS);
	pool_free(pool);
	CHECK(ran == JOBS);
}

static void test_one_thread_runs_in_order(void)
{
	struct pool *pool = pool_of(1);

	submit_all(pool, note, JOBS);
	pool_free(pool);
	for (int i = 0; i < JOBS; i++)
		CHECK(order[i] == i);
}

static void wait_at_gate(struct pool_job *job)
{
	(void)job;
	lock_take(&lock);
	if (++inside > inside_most)
		inside_most = inside;
	cond_broadcast(&changed);
	while (!gate_open)
		cond_wait(&changed, &lock);
	inside--;
	ran++;
	lock_drop(&lock);
}

/* Jobs run side by side up to the limit, the others wait and are counted. */
static void test_as_many_at_once_as_allowed(void)
{
	struct pool *pool = pool_of(7);

	cond_init(&changed);
	submit_all(pool, wait_at_gate, 20);
	lock_take(&lock);
	while (inside < 7)
		cond_wait(&changed, &lock);
	lock_drop(&lock);
	CHECK(pool_waiting(pool) == 13);
	lock_take(&lock);
	gate_open = true;
	cond_broadcast(&changed);
	lock_drop(&lock);
	pool_free(pool);
	CHECK(ran == 20 && inside_most == 7);
}

static struct pool *again_pool;

static void submit_again(struct pool_job *job)
{
	struct numbered *self = CONTAINER_OF(job, struct numbered, job);

	lock_take(&lock);
	ran++;
	cond_broadcast(&changed);
	lock_drop(&lock);
	if (--self->number > 0)
		pool_submit(again_pool, job);
}

static void test_a_job_may_be_submitted_again_while_it_runs(void)
{
	cond_init(&changed);
	again_pool = pool_of(2);
	jobs[0].number = 500;
	jobs[0].job.run = submit_again;
	pool_submit(again_pool, &jobs[0].job);
	lock_take(&lock);
	while (ran < 500)
		cond_wait(&changed, &lock);
	lock_drop(&lock);
	pool_free(again_pool);
}

static void look_at_itself(struct pool_job *job)
{
	char name[16] = "";
	sigset_t blocked;

	(void)job;
	pthread_getname_np(pthread_self(), name, sizeof(name));
	CHECK_TEXT(name, "test");
	CHECK(pthread_sigmask(SIG_BLOCK, NULL, &blocked) == 0);
	CHECK(sigismember(&blocked, SIGTERM) == 1);
	note(&jobs[0].job);
}

static void test_threads_are_named_and_take_no_signals(void)
{
	struct pool *pool = pool_of(1);
	sigset_t blocked;

	submit_all(pool, look_at_itself, 1);
	pool_free(pool);
	CHECK(ran == 1);
	CHECK(pthread_sigmask(SIG_BLOCK, NULL, &blocked) == 0);
	CHECK(sigismember(&blocked, SIGTERM) == 0);
}

static void test_an_unused_pool_and_null_are_freed(void)
{
	pool_free(pool_of(100));
	pool_free(NULL);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_free_runs_what_is_queued),
		CHECK_CASE(test_one_thread_runs_in_order),
		CHECK_CASE(test_as_many_at_once_as_allowed),
		CHECK_CASE(test_a_job_may_be_submitted_again_while_it_runs),
		CHECK_CASE(test_threads_are_named_and_take_no_signals),
		CHECK_CASE(test_an_unused_pool_and_null_are_freed),
	};

	return CHECK_RUN(argc, argv, cases);
}
