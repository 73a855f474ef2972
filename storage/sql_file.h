/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_SQL_FILE_H
#define STORAGE_SQL_FILE_H

/* What the SQLite driver does with files of its own.  Blocks on the disk; any
 * thread. */

#include <stdint.h>

struct err;

/*
 * Make the database file, for its owner alone, if it is not there yet, and make
 * its entry in dir durable.  SQLite itself would make it readable for
 * everybody, and the log takes its mode from it.
 */
int sql_file_make(const char *dir, const char *path, struct err *err);

/*
 * Lock byte `number` of the file, which is made at need and stays open in *fd
 * (-1 at first) for as long as the lock is wanted: 1 locked, 0 held through
 * another descriptor, -1 failed.
 */
int sql_file_lock(const char *path, int64_t number, int *fd, struct err *err);

#endif
