/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/check.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void check_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
	exit(1);
}

void check_text(const char *file, int line, const char *got, const char *want)
{
	if (got && strcmp(got, want) == 0)
		return;
	fprintf(stderr, "%s:%d: got \"%s\", want \"%s\"\n", file, line,
		got ? got : "(null)", want);
	exit(1);
}

static bool run_here(const struct check_case *one)
{
	if (one->before)
		one->before();
	one->run();
	return true;
}

/* exit(), not _exit(): the sanitizers look for leaks in their exit handlers. */
static bool run_in_child(const struct check_case *one)
{
	int status = 0;

	fflush(NULL);
	pid_t child = fork();
	if (child < 0)
		return false;
	if (child == 0) {
		run_here(one);
		exit(0);
	}
	if (waitpid(child, &status, 0) != child)
		return false;
	if (WIFSIGNALED(status))
		fprintf(stderr, "%s: killed by signal %d\n", one->name,
			WTERMSIG(status));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc < 2;
}

int check_run(int argc, char **argv, const struct check_case *cases,
	      size_t count)
{
	const char *here = getenv("CHECK_NO_FORK");
	size_t passed = 0;
	size_t failed = 0;

	for (size_t i = 0; i < count; i++) {
		if (!wanted(cases[i].name, argc, argv))
			continue;
		bool fine =
			here ? run_here(&cases[i]) : run_in_child(&cases[i]);

		passed += fine;
		failed += !fine;
		printf("%s %s\n", fine ? "passed" : "failed", cases[i].name);
	}
	printf("%zu passed, %zu failed\n", passed, failed);
	return failed == 0 && passed > 0 ? 0 : 1;
}
