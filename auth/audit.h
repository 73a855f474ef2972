/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_AUDIT_H
#define AUTH_AUDIT_H

/*
 * The audit log's writer for what happens outside of a transaction:
 * authentication failures and denials.  Entries queue (a bounded number), and a
 * thread of its own appends them in batches.  A flood of equal ones (kind,
 * actor, source, target, detail) becomes one with a count in its detail, and so
 * does what one actor does to many targets or from many addresses of a network;
 * what does not fit is counted, and the count appended as an entry.  Changes
 * are appended in the transaction that makes them (storage/meta_audit.h).  Any
 * thread.
 */

#include <stdint.h>

#include "base/span.h"

struct audit;
struct clock_source;
struct err;
struct meta;
struct meta_audit;
struct metrics;

struct audit_config {
	struct meta *meta;		  /* borrowed */
	const struct clock_source *clock; /* borrowed */
	struct metrics *metrics;	  /* borrowed */
	struct span account;		  /* borrowed */
	int64_t retention_ms; /* entries older than that go; 0: none do */
};

/* Starts the thread.  audit_free writes what is queued; NULL is fine. */
int audit_new(const struct audit_config *config, struct audit **ret_audit,
	      struct err *err);
void audit_free(struct audit *audit);

/* Queue an entry; copied.  Never waits, never fails. */
void audit_note(struct audit *audit, const struct meta_audit *entry);

#endif
