/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_META_AUDIT_H
#define STORAGE_META_AUDIT_H

/*
 * The audit log: rows that are only ever appended, each with a hash over itself
 * and the hash of the row before, so that one that was altered, removed or put
 * in between shows.  The last number and hash stand in a row of their own, so
 * that a cut tail shows, too; and so do the last ones that retention removed.
 * Who can write the whole database can write a chain anew: whoever must not be
 * trusted that far is caught by a head that was exported earlier.
 *
 * The hash is SHA-256 over the hash before (32 bytes; zeros before the first)
 * and then, for each of account, number, at_ms, kind, outcome, actor, source,
 * request_id, target, before, after and detail, the length as eight bytes, big
 * end first, and its bytes (numbers as decimal digits).
 */

#include "storage/meta.h"

#define META_AUDIT_HASH_SIZE 65 /* hexadecimal digits and a NUL */

/* One entry; spans are UTF-8 without a NUL and borrowed for the call, "" where
 * it has none. */
struct meta_audit {
	struct span kind;	/* "auth.failure", "user.create", "tag.move" */
	struct span outcome;	/* "ok", "denied", "failed" */
	struct span actor;	/* the principal's name, as it was known */
	struct span source;	/* the client's address */
	struct span request_id; /* of the request that did it */
	struct span target;	/* what it was done to: a repository, a user */
	struct span before;	/* a digest, where there is one */
	struct span after;	/* the same */
	struct span detail;	/* a JSON object, or "" */
};

/* Append it with the next number, the time of the transaction and its hash. */
int meta_audit_append(struct meta_tx *tx, struct span account,
		      const struct meta_audit *entry, struct err *err);

/* A row as read. */
struct meta_audit_row {
	int64_t number;		 /* from 1, without a gap */
	int64_t at_ms;		 /* wall time */
	struct meta_audit entry; /* borrowed for the call */
	struct span hash;	 /* of this row; borrowed */
};
typedef int meta_audit_fn(void *context, const struct meta_audit_row *row,
			  struct err *err);

/* Which rows to read; a zeroed member does not narrow. */
struct meta_audit_filter {
	int64_t after;	    /* numbers above it; ascending order */
	int64_t before;	    /* numbers below it; descending order if set */
	int64_t since_ms;   /* wall time, inclusive */
	int64_t until_ms;   /* wall time, exclusive */
	struct span kind;   /* equal, or its beginning if it ends in "." */
	struct span actor;  /* equal */
	struct span target; /* equal */
};

/* Limit at most; *ret_more: there are further ones.  ERR_INVALID for a kind
 * that none can be. */
int meta_audit_page(struct meta_tx *tx, struct span account,
		    const struct meta_audit_filter *filter, size_t limit,
		    meta_audit_fn *each, void *context, bool *ret_more,
		    struct err *err);

/* Where a check of the chain stands; start with a zeroed one. */
struct meta_audit_check {
	int64_t number;			 /* of the last row checked */
	char hash[META_AUDIT_HASH_SIZE]; /* its hash */
	uint64_t rows;			 /* checked so far */
	bool done;			 /* the whole chain was, or it broke */
	int64_t broken;			 /* the first bad number, or 0 */
	char why[128];			 /* what is wrong with it */
};

/* Check up to limit further rows. */
int meta_audit_verify(struct meta_tx *tx, struct span account,
		      struct meta_audit_check *check, size_t limit,
		      struct err *err);

/* The last row's number and hash: 1, 0 an empty log, -1. */
int meta_audit_head(struct meta_tx *tx, struct span account,
		    int64_t *ret_number, char ret_hash[META_AUDIT_HASH_SIZE],
		    struct err *err);

/* Remove the oldest rows from before that wall time, limit at most, and note
 * where the chain begins now: how many. */
int64_t meta_audit_retain(struct meta_tx *tx, struct span account,
			  int64_t before_ms, size_t limit, struct err *err);

#endif
