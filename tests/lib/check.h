/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_CHECK_H
#define TESTS_LIB_CHECK_H

/*
 * The unit tests' frame.  A program lists its cases in a table and returns
 * check_run() from main().  Every case prints one line, "passed NAME" or
 * "failed NAME"; the program ends with "N passed, N failed".  A failed CHECK
 * ends its case at once, and the cases after it still run: each case is a child
 * process of its own, so that nothing leaks from one into the next.
 *
 * With arguments only the cases named run.  CHECK_NO_FORK=1 in the environment
 * runs them in this process, for a debugger.
 */

#include <stddef.h>

struct check_case {
	const char *name; /* what is promised, as words_with_underscores */
	void (*run)(void);
	void (*before)(void); /* called before run, in its process; or NULL */
};

/* A row of the table: the name is the function's, without its "test_". */
#define CHECK_CASE(function)                                                   \
	{                                                                      \
		.name = #function, .run = function                             \
	}

/* Run the cases.  Returns the program's exit status: 0 if none failed. */
int check_run(int argc, char **argv, const struct check_case *cases,
	      size_t count);

#define CHECK_RUN(argc, argv, cases)                                           \
	check_run(argc, argv, cases, sizeof(cases) / sizeof((cases)[0]))

/* End the case as failed, naming the place and what did not hold. */
_Noreturn void check_fail(const char *file, int line, const char *what);

#define CHECK(condition)                                                       \
	do {                                                                   \
		if (!(condition))                                              \
			check_fail(__FILE__, __LINE__, #condition);            \
	} while (0)

/* Two strings are equal; both are printed where they are not. */
void check_text(const char *file, int line, const char *got, const char *want);

#define CHECK_TEXT(got, want) check_text(__FILE__, __LINE__, got, want)

#endif
