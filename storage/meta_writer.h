/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_META_WRITER_H
#define STORAGE_META_WRITER_H

/*
 * The one thread that writes: it takes whatever is queued and commits it as one
 * group, each request in a savepoint of its own.  A request never waits for
 * others to come; those that come while a group is being committed are the next
 * group.  For meta.c only.
 *
 * A connection that is lost, or a commit that fails, takes its group with it.
 * Before the next group the database is opened anew and asked whether it still
 * has the schema and the last event that was acknowledged; a driver may check
 * more (see sql_sqlite.c).  While it cannot be opened requests fail at once,
 * and it is tried again every META_WRITER_RETRY_MS at most.
 */

#include "storage/meta.h"

#define META_WRITER_GROUP 256
#define META_WRITER_RETRY_MS 200

struct meta_writer;

/* Open the connection and start the thread.  driver and clock are borrowed. */
int meta_writer_new(struct sql_driver *driver, const struct clock_source *clock,
		    struct meta_writer **ret_writer, struct err *err);

/* Finish what is queued, stop, close.  NULL is fine. */
void meta_writer_free(struct meta_writer *writer);

/* meta_write() and meta_read_counts().  Any thread. */
int meta_writer_run(struct meta_writer *writer, meta_work_fn *work,
		    void *context, struct err *err);
void meta_writer_counts(struct meta_writer *writer,
			struct meta_counts *ret_counts);

#endif
