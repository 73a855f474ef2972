/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lock.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/lib/check.h"

static struct lock shared = LOCK_INIT;
static struct cond changed;
static int counter;

static void *count_up(void *unused)
{
	(void)unused;
	for (int i = 0; i < 10000; i++) {
		lock_take(&shared);
		lock_assert_held(&shared);
		counter++;
		lock_drop(&shared);
	}
	return NULL;
}

static void test_one_thread_at_a_time(void)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&threads[i], NULL, count_up, NULL) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	CHECK(counter == 40000);
}

static void *answer(void *unused)
{
	(void)unused;
	lock_take(&shared);
	while (counter != 1)
		cond_wait(&changed, &shared);
	counter = 2;
	cond_broadcast(&changed);
	lock_drop(&shared);
	return NULL;
}

static void test_conditions_wake_who_waits(void)
{
	pthread_t thread;

	cond_init(&changed);
	CHECK(pthread_create(&thread, NULL, answer, NULL) == 0);
	lock_take(&shared);
	counter = 1;
	cond_signal(&changed);
	while (counter != 2)
		CHECK(cond_wait_until(&changed, &shared, INT64_MAX / 2));
	lock_assert_held(&shared);
	lock_drop(&shared);
	CHECK(pthread_join(thread, NULL) == 0);
	cond_release(&changed);
}

static void test_waiting_ends_at_the_deadline(void)
{
	struct lock lock;

	lock_init(&lock);
	cond_init(&changed);
	lock_take(&lock);
	CHECK(!cond_wait_until(&changed, &lock, -1));
	int64_t start = clock_monotonic_ms(&clock_system);
	CHECK(!cond_wait_until(&changed, &lock, start + 20));
	CHECK(clock_monotonic_ms(&clock_system) >= start + 20);
	lock_assert_held(&lock);
	lock_drop(&lock);
	cond_release(&changed);
	lock_release(&lock);
}

/* The child aborts unless it is allowed what it does. */
static bool aborts(void (*act)(void))
{
	int status = 0;
	pid_t child = fork();

	CHECK(child >= 0);
	if (child == 0) {
		signal(SIGABRT, SIG_DFL);
		act();
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void assert_free(void)
{
	lock_assert_held(&shared);
}

static void *assert_elsewhere(void *unused)
{
	(void)unused;
	lock_assert_held(&shared);
	return NULL;
}

static void assert_from_another_thread(void)
{
	pthread_t thread;

	lock_take(&shared);
	if (pthread_create(&thread, NULL, assert_elsewhere, NULL) == 0)
		pthread_join(thread, NULL);
	lock_drop(&shared);
}

static void assert_properly(void)
{
	lock_take(&shared);
	lock_assert_held(&shared);
	lock_drop(&shared);
}

static void test_asserting_a_lock_not_held_aborts(void)
{
	CHECK(aborts(assert_free));
	CHECK(aborts(assert_from_another_thread));
	CHECK(!aborts(assert_properly));
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_one_thread_at_a_time),
		CHECK_CASE(test_conditions_wake_who_waits),
		CHECK_CASE(test_waiting_ends_at_the_deadline),
		CHECK_CASE(test_asserting_a_lock_not_held_aborts),
	};

	return CHECK_RUN(argc, argv, cases);
}
