/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_META_H
#define STORAGE_META_H

/*
 * The metadata of one registry: what lies in the database, as plain rows.  This
 * header opens it and runs transactions; the rows and their queries are in
 * meta_repositories.h, meta_blobs.h, meta_manifests.h, meta_tags.h,
 * meta_uploads.h and meta_events.h; those of identities in meta_principals.h,
 * meta_groups.h, meta_policies.h, meta_credentials.h, meta_issuers.h,
 * meta_logins.h and meta_audit.h.
 *
 * Reads take one of a set of read connections for as long as they last.  Writes
 * are group commits: concurrent ones share one transaction and one fsync, each
 * in a savepoint of its own, so that one that fails leaves no trace and does
 * not harm the others.
 *
 * Every function here may wait for the database: never call one on an event
 * loop.  Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct clock_source;
struct err;
struct meta;
struct sql_driver;

/* One transaction: a connection lent for its length, to one thread. */
struct meta_tx;

/* Whose name space: part of every key. */
struct meta_scope {
	struct span account; /* "000000000000"; borrowed */
	struct span region;  /* "local"; borrowed */
};

/*
 * Open the database of driver (taken: freed by meta_close, also if this fails),
 * bring its schema up to date and start the writer.  ERR_UNSUPPORTED if the
 * schema is newer than this program.
 */
int meta_open(struct sql_driver *driver, const struct clock_source *clock,
	      struct meta **ret_meta, struct err *err);

/* Finish what is queued, close everything.  NULL is fine. */
void meta_close(struct meta *meta);

/* True if what was read may be cached until this process changes it. */
bool meta_exclusive(const struct meta *meta);

/* "sqlite" or "postgresql". */
const char *meta_driver_name(const struct meta *meta);

/* The number of the newest schema this program knows. */
int64_t meta_schema_version(void);

/*
 * Begin and end reading: one consistent view in between.  meta_read_end gives
 * the connection back; NULL is fine.
 */
int meta_read_begin(struct meta *meta, struct meta_tx **ret_tx,
		    struct err *err);
void meta_read_end(struct meta_tx *tx);

/*
 * What a write does: 0 to have it committed, -1 with err set to have it undone.
 * Runs on the writer's thread, perhaps more than once (each time on a database
 * that has not seen it), and must not wait for anything but the database.
 */
typedef int meta_work_fn(struct meta_tx *tx, void *context, struct err *err);

/*
 * Run work in a transaction and wait until it is durable.  0: committed and
 * survives a power cut.  -1: nothing of it is there, unless the commit itself
 * failed (ERR_UNAVAILABLE: its answer was lost; ERR_IO: the medium), when it
 * may be there or not and the client must ask again.
 */
int meta_write(struct meta *meta, meta_work_fn *work, void *context,
	       struct err *err);

/* The time of the transaction: wall clock in milliseconds, the same for all
 * that it writes. */
int64_t meta_tx_now_ms(const struct meta_tx *tx);

/* Transactions that were committed, and commits (groups) that carried them. */
struct meta_counts {
	uint64_t writes;   /* meta_write() calls that returned 0 */
	uint64_t commits;  /* database commits */
	uint64_t failures; /* commits that failed */
};
void meta_read_counts(struct meta *meta, struct meta_counts *ret_counts);

/* 0 if the database answers a query now: for /readyz. */
int meta_ping(struct meta *meta, struct err *err);

#endif
