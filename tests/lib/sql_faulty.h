/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_SQL_FAULTY_H
#define TESTS_LIB_SQL_FAULTY_H

/*
 * A driver around a driver that lets the Nth call of a kind fail, and that
 * tells which statements are prepared.  Setting it is for one thread, while
 * nothing else runs on it.
 */

#include <stdbool.h>

#include "base/err.h"

struct sql_driver;

enum sql_faulty_kind {
	SQL_FAULTY_PREPARE = 1,
	SQL_FAULTY_STEP = 2,
	SQL_FAULTY_BEGIN = 4,
	SQL_FAULTY_SAVEPOINT = 8,    /* and rollback_to and release */
	SQL_FAULTY_COMMIT = 16,	     /* nothing of it is there */
	SQL_FAULTY_COMMIT_LOST = 32, /* it is there, the answer is lost */
	SQL_FAULTY_CONNECT = 64,
};

/* below is taken: freed with the new driver. */
struct sql_driver *sql_faulty_new(struct sql_driver *below);

/*
 * From now on the nth call (from 0) of any of the kinds fails with that code,
 * `times` of them in a row; breaks: the connection is then unusable, as it is
 * after a commit in any case.
 */
void sql_faulty_arm(struct sql_driver *driver, unsigned kinds, long nth,
		    long times);
void sql_faulty_code(struct sql_driver *driver, enum err_code code,
		     bool breaks);

/* Fail nothing more: whether anything has failed since it was armed. */
bool sql_faulty_disarm(struct sql_driver *driver);

/* Called with each statement that is prepared, from any thread; NULL ends it.
 */
void sql_faulty_watch(struct sql_driver *driver, void (*seen)(const char *sql));

#endif
