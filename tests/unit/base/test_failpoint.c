/* SPDX-License-Identifier: Apache-2.0 */
#include "base/failpoint.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/lib/check.h"

#ifdef BERTH_FAILPOINTS

static void set(const char *value)
{
	CHECK(setenv("BERTH_FAILPOINT", value, 1) == 0);
}

static void test_fails_with_the_error_named(void)
{
	set("a:b=eio,c=enospc,d=emfile");
	CHECK(FAILPOINT("a:b") && errno == EIO);
	CHECK(FAILPOINT("c") && errno == ENOSPC);
	CHECK(FAILPOINT("d") && errno == EMFILE);
	CHECK(!FAILPOINT("a") && !FAILPOINT("a:bc"));
}

static void test_fails_from_the_nth_passing_on(void)
{
	set("x=eio@3");
	CHECK(!FAILPOINT("x") && !FAILPOINT("x"));
	CHECK(FAILPOINT("x") && FAILPOINT("x"));
}

static void test_nothing_named_never_fails(void)
{
	unsetenv("BERTH_FAILPOINT");
	CHECK(!FAILPOINT("x"));
}

static void test_pauses(void)
{
	set("x=pause:20@2");
	CHECK(!FAILPOINT("x"));
	int64_t start = clock_monotonic_ms(&clock_system);
	CHECK(!FAILPOINT("x"));
	CHECK(clock_monotonic_ms(&clock_system) >= start + 20);
}

/* The signal that ends a child which passes the point three times; its exit
 * status, how often it came past, if none does. */
static int end_of(const char *value)
{
	int status = 0;
	pid_t child = fork();

	CHECK(child >= 0);
	if (child == 0) {
		set(value);
		signal(SIGABRT, SIG_DFL);
		close(STDERR_FILENO);
		for (int i = 0; i < 3; i++)
			FAILPOINT("x");
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void test_kills_at_the_nth_passing(void)
{
	CHECK(end_of("x=kill") == SIGKILL);
	CHECK(end_of("x=kill@3") == SIGKILL);
	CHECK(end_of("x=kill@4") == 0);
	CHECK(end_of("y=kill") == 0);
}

#define FOUR "a=eio,a=eio,a=eio,a=eio"
#define SIXTEEN FOUR "," FOUR "," FOUR "," FOUR

static void test_refuses_what_it_does_not_understand(void)
{
	static const char *const cases[] = {
		"x",
		"x=",
		"x=boom",
		"x=eio@",
		"x=eio@y",
		"x=pause:",
		"x=pause:600001",
		"x=pause",
		"x=sleep:1",
		SIXTEEN ",a=eio",
	};

	CHECK(end_of(SIXTEEN) == 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK(end_of(cases[i]) == SIGABRT);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_fails_with_the_error_named),
		CHECK_CASE(test_fails_from_the_nth_passing_on),
		CHECK_CASE(test_nothing_named_never_fails),
		CHECK_CASE(test_pauses),
		CHECK_CASE(test_kills_at_the_nth_passing),
		CHECK_CASE(test_refuses_what_it_does_not_understand),
	};

	return CHECK_RUN(argc, argv, cases);
}

#else

static void test_points_are_not_in_a_usual_build(void)
{
	CHECK(setenv("BERTH_FAILPOINT", "x=eio", 1) == 0);
	CHECK(!FAILPOINT("x"));
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_points_are_not_in_a_usual_build),
	};

	return CHECK_RUN(argc, argv, cases);
}

#endif
