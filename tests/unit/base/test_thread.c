/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"

#include <signal.h>
#include <stdbool.h>

#include "base/err.h"
#include "tests/lib/check.h"

static void *read_mask(void *mask)
{
	pthread_sigmask(SIG_SETMASK, NULL, mask);
	return mask;
}

static void test_a_thread_hears_only_what_it_causes(void)
{
	struct err err = ERR_INIT;
	pthread_t thread;
	sigset_t mask;
	void *result = NULL;

	sigemptyset(&mask);
	CHECK(thread_start(NULL, read_mask, &mask, &thread, &err) == 0);
	CHECK(pthread_join(thread, &result) == 0 && result == &mask);
	CHECK(sigismember(&mask, SIGTERM) == 1);
	CHECK(sigismember(&mask, SIGHUP) == 1);
	CHECK(sigismember(&mask, SIGPIPE) == 1);
	CHECK(sigismember(&mask, SIGSEGV) == 0);
	CHECK(sigismember(&mask, SIGABRT) == 0);
}

static void test_the_starter_hears_what_it_heard(void)
{
	struct err err = ERR_INIT;
	pthread_t thread;
	sigset_t before, mask, after;

	sigemptyset(&before);
	sigaddset(&before, SIGUSR1);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	CHECK(thread_start(NULL, read_mask, &mask, &thread, &err) == 0);
	pthread_join(thread, NULL);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	CHECK(sigismember(&after, SIGUSR1) == 1);
	CHECK(sigismember(&after, SIGTERM) == 0);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_thread_hears_only_what_it_causes),
		CHECK_CASE(test_the_starter_hears_what_it_heard),
	};

	return CHECK_RUN(argc, argv, cases);
}
