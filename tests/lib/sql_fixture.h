/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_SQL_FIXTURE_H
#define TESTS_LIB_SQL_FIXTURE_H

/*
 * Databases for tests: every case runs on SQLite in a fresh directory and,
 * where BERTH_TEST_POSTGRES holds the address of a server, once more on
 * PostgreSQL in a fresh schema, which is dropped when the case ends.  Failures
 * end the case.
 */

#include <stdbool.h>
#include <stddef.h>

#include "tests/lib/check.h"

struct sql_driver;

/* check_run() of each case on each database: "name_on_sqlite" ... */
int sql_fixture_run(int argc, char **argv, const struct check_case *cases,
		    size_t count);

#define SQL_FIXTURE_RUN(argc, argv, cases)                                     \
	sql_fixture_run(argc, argv, cases, sizeof(cases) / sizeof((cases)[0]))

/* For a table of one's own: the case runs on this one. */
void sql_fixture_use(bool postgres);

/* The case runs on PostgreSQL. */
bool sql_fixture_postgres(void);

/* The driver of a new, empty database; the caller frees it. */
struct sql_driver *sql_fixture_new(void);

/* One more driver of the database made last. */
struct sql_driver *sql_fixture_again(void);

/* The directory of the SQLite database made last; its file is "berth.db". */
const char *sql_fixture_dir(void);

#endif
