/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_audit.h"

#include <string.h>

#include "base/err.h"
#include "storage/meta_audit_chain.h"
#include "storage/meta_tx.h"

static int row_insert(struct meta_tx *tx, struct span account,
		      const struct meta_audit_row *row, int64_t latest_ms,
		      struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	const struct meta_audit *entry = &row->entry;

	if (meta_query_open(&query, tx,
			    "INSERT INTO audit "
			    "(account, latest_ms, " AUDIT_COLUMNS ") "
			    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "
			    "$11, $12, $13, $14)",
			    err) < 0)
		return -1;
	meta_query_text(&query, account);
	meta_query_i64(&query, latest_ms);
	meta_query_i64(&query, row->number);
	meta_query_i64(&query, row->at_ms);
	meta_query_text(&query, entry->kind);
	meta_query_text(&query, entry->outcome);
	meta_query_text(&query, entry->actor);
	meta_query_text(&query, entry->source);
	meta_query_text(&query, entry->request_id);
	meta_query_text(&query, entry->target);
	meta_query_text(&query, entry->before);
	meta_query_text(&query, entry->after);
	meta_query_text(&query, entry->detail);
	meta_query_text(&query, row->hash);
	return meta_query_run(&query, err) < 0 ? -1 : 0;
}

static int terms_insert(struct meta_tx *tx, struct span account,
			const struct meta_audit_row *row, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "INSERT INTO audit_terms (account, term, block) "
			    "VALUES ($1, 'k' || $2, $5 / " AUDIT_BLOCK "), "
			    "($1, 'a' || $3, $5 / " AUDIT_BLOCK "), "
			    "($1, 't' || $4, $5 / " AUDIT_BLOCK ") "
			    "ON CONFLICT DO NOTHING",
			    err) < 0)
		return -1;
	meta_query_text(&query, account);
	meta_query_text(&query, audit_term_kind(row->entry.kind));
	meta_query_text(&query, row->entry.actor);
	meta_query_text(&query, audit_term_target(row->entry.target));
	meta_query_i64(&query, row->number);
	return meta_query_run(&query, err) < 0 ? -1 : 0;
}

static int head_move(struct meta_tx *tx, struct span account,
		     const struct meta_audit_row *row, int64_t latest_ms,
		     struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "INSERT INTO audit_heads (account, number, "
			    "latest_ms, hash, base_number, base_hash) "
			    "VALUES ($1, $2, $3, $4, 0, '') "
			    "ON CONFLICT (account) DO UPDATE SET "
			    "number = excluded.number, "
			    "latest_ms = excluded.latest_ms, "
			    "hash = excluded.hash",
			    err) < 0)
		return -1;
	meta_query_text(&query, account);
	meta_query_i64(&query, row->number);
	meta_query_i64(&query, latest_ms);
	meta_query_text(&query, row->hash);
	return meta_query_run(&query, err) < 0 ? -1 : 0;
}

int meta_audit_append(struct meta_tx *tx, struct span account,
		      const struct meta_audit *entry, struct err *err)
{
	struct audit_head head = {.number = 0};
	char hash[META_AUDIT_HASH_SIZE];

	if (audit_head_read(tx, account, &head, err) < 0)
		return -1;

	struct meta_audit_row row = {
		.number = head.number + 1,
		.at_ms = meta_tx_now_ms(tx),
		.entry = *entry,
	};
	int64_t latest_ms =
		row.at_ms > head.latest_ms ? row.at_ms : head.latest_ms;

	if (audit_hash(account, head.hash, &row, hash, err) < 0)
		return -1;
	row.hash = span_of(hash);
	if (row_insert(tx, account, &row, latest_ms, err) < 0 ||
	    terms_insert(tx, account, &row, err) < 0)
		return -1;
	return head_move(tx, account, &row, latest_ms, err);
}

int meta_audit_head(struct meta_tx *tx, struct span account,
		    int64_t *ret_number, char ret_hash[META_AUDIT_HASH_SIZE],
		    struct err *err)
{
	struct audit_head head;
	int found = audit_head_read(tx, account, &head, err);

	if (found <= 0)
		return found;
	*ret_number = head.number;
	memcpy(ret_hash, head.hash, sizeof(head.hash));
	return 1;
}

/* The last of the rows to remove: its number and hash into *head's base. */
static int find_base(struct meta_tx *tx, struct span account, int64_t before_ms,
		     size_t limit, struct audit_head *head, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	int rc = 0;

	if (meta_query_open(&query, tx,
			    "SELECT number, at_ms, hash FROM audit "
			    "WHERE account = $1 AND number > $2 "
			    "ORDER BY account, number LIMIT $3",
			    err) < 0)
		return -1;
	meta_query_text(&query, account);
	meta_query_i64(&query, head->base_number);
	meta_query_i64(&query, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
	while ((rc = meta_query_step(&query, err)) > 0 &&
	       meta_column_i64(&query, 1) < before_ms) {
		head->base_number = meta_column_i64(&query, 0);
		if (meta_column_copy(&query, 2, head->base_hash,
				     sizeof(head->base_hash), err) < 0)
			return -1;
	}
	return rc < 0 ? -1 : 0;
}

static int64_t delete_between(struct meta_tx *tx, const char *sql,
			      struct span account, int64_t after, int64_t last,
			      struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx, sql, err) < 0)
		return -1;
	meta_query_text(&query, account);
	meta_query_i64(&query, after);
	meta_query_i64(&query, last);
	return meta_query_run(&query, err);
}

static int base_move(struct meta_tx *tx, struct span account,
		     const struct audit_head *head, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "UPDATE audit_heads SET base_number = $2, "
			    "base_hash = $3 WHERE account = $1",
			    err) < 0)
		return -1;
	meta_query_text(&query, account);
	meta_query_i64(&query, head->base_number);
	meta_query_text(&query, span_of(head->base_hash));
	return meta_query_run(&query, err) < 0 ? -1 : 0;
}

int64_t meta_audit_retain(struct meta_tx *tx, struct span account,
			  int64_t before_ms, size_t limit, struct err *err)
{
	struct audit_head head;
	int found = audit_head_read(tx, account, &head, err);

	if (found <= 0)
		return found;

	int64_t after = head.base_number;
	if (find_base(tx, account, before_ms, limit, &head, err) < 0)
		return -1;
	if (head.base_number == after)
		return 0;

	int64_t rows = delete_between(tx,
				      "DELETE FROM audit WHERE account = $1 "
				      "AND number > $2 AND number <= $3",
				      account, after, head.base_number, err);
	if (rows < 0 ||
	    delete_between(tx,
			   "DELETE FROM audit_terms WHERE account = $1 "
			   "AND block >= $2 / " AUDIT_BLOCK
			   " AND block < ($3 + 1) / " AUDIT_BLOCK,
			   account, after, head.base_number, err) < 0 ||
	    base_move(tx, account, &head, err) < 0)
		return -1;
	return rows;
}
