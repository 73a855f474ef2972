/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_META_AUDIT_CHAIN_H
#define STORAGE_META_AUDIT_CHAIN_H

/* What the files of the audit log share.  For meta_audit*.c only. */

#include "storage/meta_audit.h"

struct meta_query;

/* The row of an account's log in audit_heads.  A hash that is none reads as "":
 * the chain then shows it. */
struct audit_head {
	int64_t number;			      /* of the last row; 0: none yet */
	int64_t latest_ms;		      /* of the last row */
	char hash[META_AUDIT_HASH_SIZE];      /* of the last row */
	int64_t base_number;		      /* last that is gone; 0: none */
	char base_hash[META_AUDIT_HASH_SIZE]; /* its hash */
};

/* 1 / 0 / -1. */
int audit_head_read(struct meta_tx *tx, struct span account,
		    struct audit_head *ret_head, struct err *err);

/* The hash of a row (whose own is not looked at) behind one of hash before. */
int audit_hash(struct span account, const char *before,
	       const struct meta_audit_row *row,
	       char ret_hash[META_AUDIT_HASH_SIZE], struct err *err);

/* What a row is found by in audit_terms, behind the letter that tells which:
 * the kind up to its first dot, with it, and the target up to its last colon.
 */
#define AUDIT_BLOCK "256"
struct span audit_term_kind(struct span kind);
struct span audit_term_target(struct span target);

/* The columns of a row, in the order in which audit_row() reads them. */
#define AUDIT_COLUMNS                                                          \
	"number, at_ms, kind, outcome, actor, source, request_id, target, "    \
	"before_digest, after_digest, detail, hash"
#define AUDIT_COLUMN_COUNT 12

/* The row that the query stands on; borrowed until its next step. */
struct meta_audit_row audit_row(struct meta_query *query);

#endif
