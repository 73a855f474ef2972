/* SPDX-License-Identifier: Apache-2.0 */
/* The pool and the log, where threads or memory for them are not to be had. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/pool.h"
#include "tests/lib/check.h"
#include "tests/lib/fault.h"

#define JOBS 40

static struct pool_job jobs[JOBS];
static struct lock lock = LOCK_INIT;
static struct cond changed;
static int ran, inside;
static bool gate_open;

static void run(struct pool_job *job)
{
	(void)job;
	lock_take(&lock);
	ran++;
	cond_broadcast(&changed);
	lock_drop(&lock);
}

static struct pool *pool_of(size_t threads)
{
	struct pool *pool = NULL;
	struct err err = ERR_INIT;

	CHECK(pool_new("test", threads, &pool, &err) == 0);
	return pool;
}

static void submit_some(struct pool *pool, void (*what)(struct pool_job *),
			int count)
{
	for (int i = 0; i < count; i++) {
		jobs[i].run = what;
		pool_submit(pool, &jobs[i]);
	}
}

static void test_a_pool_without_memory_is_not_made(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY);

	while (fault_next(&sweep)) {
		struct pool *pool = NULL;
		struct err err = ERR_INIT;

		fault_on(&sweep);
		int rc = pool_new("test", 2, &pool, &err);
		fault_off(&sweep);
		CHECK((rc == 0) == !sweep.fired);
		CHECK(rc == 0 || (err.code == ERR_NO_MEMORY && !pool));
		pool_free(pool);
	}
	CHECK(sweep.round == 1);
}

static void test_every_job_runs_whichever_thread_fails(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_THREAD);
	size_t started = 0;

	while (fault_next(&sweep) && sweep.round < 4) {
		struct pool *pool = pool_of(4);

		ran = 0;
		fault_on(&sweep);
		submit_some(pool, run, JOBS);
		pool_free(pool);
		fault_off(&sweep);
		CHECK(ran == JOBS);
		started++;
	}
	CHECK(started >= 2);
}

static void test_without_any_thread_jobs_run_in_the_caller(void)
{
	struct fault_sweep sweep = FAULT_SWEEP_HOW(FAULT_THREAD, FAULT_LASTING);
	struct pool *pool = pool_of(4);

	CHECK(fault_next(&sweep));
	fault_on(&sweep);
	submit_some(pool, run, 1);
	CHECK(ran == 1 && pool_waiting(pool) == 0);
	submit_some(pool, run, 1);
	CHECK(ran == 2);
	fault_off(&sweep);
	CHECK(sweep.fired);
	submit_some(pool, run, JOBS);
	pool_free(pool);
	CHECK(ran == JOBS + 2);
}

static void wait_at_gate(struct pool_job *job)
{
	(void)job;
	lock_take(&lock);
	inside++;
	cond_broadcast(&changed);
	while (!gate_open)
		cond_wait(&changed, &lock);
	ran++;
	inside--;
	cond_broadcast(&changed);
	lock_drop(&lock);
}

/* Eight threads come to be; every wait for work is over at once, so that those
 * above four leave; then all that is asked of them again is still done. */
static void test_idle_threads_leave_and_others_come(void)
{
	struct fault_sweep sweep = FAULT_SWEEP_HOW(FAULT_TIME, FAULT_LASTING);
	struct pool *pool = pool_of(8);

	cond_init(&changed);
	CHECK(fault_next(&sweep));
	fault_on(&sweep);
	for (int round = 0; round < 50; round++) {
		gate_open = false;
		ran = 0;
		submit_some(pool, wait_at_gate, 8);
		lock_take(&lock);
		while (inside < 8)
			cond_wait(&changed, &lock);
		gate_open = true;
		cond_broadcast(&changed);
		while (ran < 8)
			cond_wait(&changed, &lock);
		lock_drop(&lock);
	}
	pool_free(pool);
	fault_off(&sweep);
	CHECK(sweep.fired);
}

/* A line is lost only by the fault itself, and never harms who logs. */
static void test_a_log_that_cannot_write_goes_on(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY | FAULT_WRITE);
	int fd = memfd_create("log", MFD_CLOEXEC);
	char text[2000] = "";

	CHECK(fd >= 0);
	log_configure(fd, LOG_FORMAT_TEXT, LOG_INFO);
	while (fault_next(&sweep)) {
		CHECK(ftruncate(fd, 0) == 0);
		fault_on(&sweep);
		log_batch_this_thread(true);
		log_event(LOG_INFO, "one", LOG_END);
		log_event(LOG_WARN, "two", LOG_END);
		log_batch_this_thread(false);
		fault_off(&sweep);
		log_event(LOG_INFO, "three", LOG_END);
		ssize_t len = pread(fd, text, sizeof(text) - 1, 0);
		CHECK(len > 0);
		CHECK(memmem(text, (size_t)len, "three\n", 6));
	}
	CHECK(sweep.round == 2);
}

static void test_a_log_interrupted_or_cut_short_is_whole(void)
{
	for (int how = FAULT_INTERRUPTED; how <= FAULT_SHORT; how++) {
		struct fault_sweep sweep =
			FAULT_SWEEP_HOW(FAULT_WRITE, (enum fault_how)how);
		int fd = memfd_create("log", MFD_CLOEXEC);
		char text[2000] = "";

		log_configure(fd, LOG_FORMAT_TEXT, LOG_INFO);
		CHECK(fault_next(&sweep));
		fault_on(&sweep);
		log_event(LOG_INFO, "one", LOG_END);
		fault_off(&sweep);
		CHECK(sweep.fired);
		CHECK(pread(fd, text, sizeof(text) - 1, 0) > 0);
		CHECK_TEXT(text + 25, "info  one\n");
	}
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_pool_without_memory_is_not_made),
		CHECK_CASE(test_every_job_runs_whichever_thread_fails),
		CHECK_CASE(test_without_any_thread_jobs_run_in_the_caller),
		CHECK_CASE(test_idle_threads_leave_and_others_come),
		CHECK_CASE(test_a_log_that_cannot_write_goes_on),
		CHECK_CASE(test_a_log_interrupted_or_cut_short_is_whole),
	};

	return CHECK_RUN(argc, argv, cases);
}
