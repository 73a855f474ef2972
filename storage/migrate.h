/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_MIGRATE_H
#define STORAGE_MIGRATE_H

/*
 * Bringing a database's schema up to date.  A migration is a numbered script
 * (storage/schema/NNNN_name.sql, compiled in); each runs in one transaction
 * together with the note that it has run, so that a crash leaves either or
 * both.  Over several servers only one migrates at a time.
 */

#include <stddef.h>
#include <stdint.h>

struct clock_source;
struct err;
struct sql_conn;
struct sql_driver;

struct migration {
	int64_t number;	    /* from 1, without gaps */
	const char *script; /* the SQL */
};

/* The migrations of this program, in order. */
extern const struct migration migrate_list[];
extern const size_t migrate_count;

/* The schema's number: 0 for an empty database. */
int migrate_version(struct sql_driver *driver, struct sql_conn *conn,
		    int64_t *ret_version, struct err *err);

/*
 * Run on a writing connection what is missing of list.  ERR_UNSUPPORTED if the
 * schema is newer than the list; ERR_UNAVAILABLE if another server has been
 * migrating for longer than a minute.  Blocks.
 */
int migrate_run(struct sql_driver *driver, struct sql_conn *conn,
		const struct migration *list, size_t count,
		const struct clock_source *clock, struct err *err);

#endif
