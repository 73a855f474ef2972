/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_audit_chain.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/hasher.h"
#include "storage/meta_tx.h"

#define HASH_BYTES 32

_Static_assert(META_AUDIT_HASH_SIZE == 2 * HASH_BYTES + 1,
	       "a hash is written in hexadecimal digits");

static void copy_hash(struct span text, char ret_hash[META_AUDIT_HASH_SIZE])
{
	uint8_t ignored[HASH_BYTES];
	struct err err = ERR_INIT;

	ret_hash[0] = '\0';
	if (text.len == 2 * HASH_BYTES &&
	    enc_unhex(text, ignored, sizeof(ignored), &err) == 0)
		snprintf(ret_hash, META_AUDIT_HASH_SIZE, "%.*s",
			 SPAN_ARG(text));
}

int audit_head_read(struct meta_tx *tx, struct span account,
		    struct audit_head *ret_head, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT number, latest_ms, hash, base_number, "
			    "base_hash FROM audit_heads WHERE account = $1",
			    err) < 0)
		return -1;
	meta_query_text(&query, account);

	int rc = meta_query_step(&query, err);
	if (rc <= 0)
		return rc;
	ret_head->number = meta_column_i64(&query, 0);
	ret_head->latest_ms = meta_column_i64(&query, 1);
	copy_hash(meta_column_text(&query, 2), ret_head->hash);
	ret_head->base_number = meta_column_i64(&query, 3);
	copy_hash(meta_column_text(&query, 4), ret_head->base_hash);
	return 1;
}

static void add_text(struct buf *out, struct span text)
{
	uint64_t len = htobe64(text.len);

	buf_append(out, &len, sizeof(len));
	buf_append_span(out, text);
}

static void add_number(struct buf *out, int64_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, number);
	add_text(out, span_of(text));
}

int audit_hash(struct span account, const char *before,
	       const struct meta_audit_row *row,
	       char ret_hash[META_AUDIT_HASH_SIZE], struct err *err)
{
	CLEANUP(buf_release) struct buf all = BUF_INIT(SIZE_MAX / 2);
	const struct meta_audit *entry = &row->entry;
	uint8_t first[HASH_BYTES] = {0};
	struct digest digest;

	if (before[0] != '\0' &&
	    enc_unhex(span_of(before), first, sizeof(first), err) < 0)
		return -1;
	buf_append(&all, first, sizeof(first));
	add_text(&all, account);
	add_number(&all, row->number);
	add_number(&all, row->at_ms);
	add_text(&all, entry->kind);
	add_text(&all, entry->outcome);
	add_text(&all, entry->actor);
	add_text(&all, entry->source);
	add_text(&all, entry->request_id);
	add_text(&all, entry->target);
	add_text(&all, entry->before);
	add_text(&all, entry->after);
	add_text(&all, entry->detail);
	if (buf_check(&all, err) < 0 ||
	    hasher_once(DIGEST_SHA256, all.data, all.len, &digest, err) < 0)
		return -1;
	enc_hex(digest.bytes, HASH_BYTES, ret_hash);
	return 0;
}

struct span audit_term_kind(struct span kind)
{
	struct span before, rest;

	return span_cut(kind, '.', &before, &rest)
		       ? span_make(kind.text, before.len + 1)
		       : kind;
}

struct span audit_term_target(struct span target)
{
	struct span before, rest;

	return span_cut_last(target, ':', &before, &rest) ? before : target;
}

struct meta_audit_row audit_row(struct meta_query *query)
{
	return (struct meta_audit_row){
		.number = meta_column_i64(query, 0),
		.at_ms = meta_column_i64(query, 1),
		.entry =
			{
				.kind = meta_column_text(query, 2),
				.outcome = meta_column_text(query, 3),
				.actor = meta_column_text(query, 4),
				.source = meta_column_text(query, 5),
				.request_id = meta_column_text(query, 6),
				.target = meta_column_text(query, 7),
				.before = meta_column_text(query, 8),
				.after = meta_column_text(query, 9),
				.detail = meta_column_text(query, 10),
			},
		.hash = meta_column_text(query, 11),
	};
}

/* ---- checking ---- */

struct verify {
	struct meta_tx *tx;
	struct span account;
	struct audit_head head;
	struct meta_audit_check *check; /* the caller's */
	int64_t latest_ms; /* of the row checked last; -1: not known */
};

/* Note what is wrong; 1, so that "return broken(...)" reads as one thought. */
static int broken(struct meta_audit_check *check, int64_t number,
		  const char *why)
{
	check->broken = number;
	check->done = true;
	snprintf(check->why, sizeof(check->why), "%s", why);
	return 1;
}

/* Run what tells a number for the account and a number: 1 / 0 / -1. */
static int number_of(struct verify *verify, const char *sql, int64_t about,
		     int64_t *ret_number, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, verify->tx, sql, err) < 0)
		return -1;
	meta_query_text(&query, verify->account);
	meta_query_i64(&query, about);

	int rc = meta_query_step(&query, err);
	if (rc > 0)
		*ret_number = meta_column_i64(&query, 0);
	return rc;
}

/* Where to go on from: 0, 1 something is broken, -1. */
static int verify_start(struct verify *verify, struct err *err)
{
	struct meta_audit_check *check = verify->check;
	struct audit_head *head = &verify->head;
	int found = audit_head_read(verify->tx, verify->account, head, err);
	int64_t number = 0;

	if (found < 0)
		return -1;

	/* Without a head there must be no row at all. */
	int stray =
		number_of(verify,
			  "SELECT number FROM audit WHERE account = $1 "
			  "AND number <= $2 ORDER BY account, number "
			  "LIMIT 1",
			  found ? head->base_number : INT64_MAX, &number, err);
	if (stray < 0)
		return -1;
	if (stray > 0)
		return broken(check, number,
			      found ? "the row stands before the beginning"
				    : "the note of the end is missing");
	if (check->number < head->base_number) {
		check->number = head->base_number;
		memcpy(check->hash, head->base_hash, sizeof(check->hash));
	}
	verify->latest_ms = -1;
	if (check->number == head->base_number)
		return 0;
	return number_of(verify,
			 "SELECT latest_ms FROM audit "
			 "WHERE account = $1 AND number = $2",
			 check->number, &verify->latest_ms, err) < 0
		       ? -1
		       : 0;
}

/* What is searched by must agree with what is shown: 1 / 0 / -1. */
static int searched_right(struct verify *verify,
			  const struct meta_audit_row *row, int64_t latest_ms,
			  struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (latest_ms < row->at_ms ||
	    (verify->latest_ms >= 0 && latest_ms != row->at_ms &&
	     latest_ms != verify->latest_ms) ||
	    latest_ms < verify->latest_ms)
		return 0;
	if (meta_query_open(&query, verify->tx,
			    "SELECT COUNT(*) FROM audit_terms "
			    "WHERE account = $1 "
			    "AND term IN ('k' || $2, 'a' || $3, 't' || $4) "
			    "AND block = $5 / " AUDIT_BLOCK,
			    err) < 0)
		return -1;
	meta_query_text(&query, verify->account);
	meta_query_text(&query, audit_term_kind(row->entry.kind));
	meta_query_text(&query, row->entry.actor);
	meta_query_text(&query, audit_term_target(row->entry.target));
	meta_query_i64(&query, row->number);
	if (meta_query_step(&query, err) < 0)
		return -1;
	return meta_column_i64(&query, 0) == 3;
}

static int verify_row(struct verify *verify, struct meta_query *query,
		      struct err *err)
{
	struct meta_audit_check *check = verify->check;
	struct meta_audit_row row = audit_row(query);
	int64_t latest_ms = meta_column_i64(query, AUDIT_COLUMN_COUNT);
	char hash[META_AUDIT_HASH_SIZE];

	if (row.number > verify->head.number)
		return broken(check, row.number,
			      "the row stands behind the end");
	if (row.number != check->number + 1)
		return broken(check, check->number + 1, "the row is missing");
	if (audit_hash(verify->account, check->hash, &row, hash, err) < 0)
		return -1;
	if (!span_equal(row.hash, span_of(hash)))
		return broken(check, row.number,
			      "the row is not what its hash says");

	int right = searched_right(verify, &row, latest_ms, err);
	if (right < 0)
		return -1;
	if (right == 0)
		return broken(check, row.number,
			      "the row is searched by what it does not say");
	check->number = row.number;
	memcpy(check->hash, hash, sizeof(hash));
	check->rows++;
	verify->latest_ms = latest_ms;
	return 0;
}

static int verify_end(struct verify *verify)
{
	struct meta_audit_check *check = verify->check;

	if (check->number < verify->head.number)
		return broken(check, check->number + 1, "the row is missing");
	if (check->number > verify->head.number ||
	    strcmp(check->hash, verify->head.hash) != 0)
		return broken(check, check->number,
			      "the note of the end is of another row");
	check->done = true;
	return 1;
}

static int verify_rows(struct verify *verify, size_t limit, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	size_t rows = 0;
	int rc = 0;

	if (meta_query_open(&query, verify->tx,
			    "SELECT " AUDIT_COLUMNS ", latest_ms "
			    "FROM audit WHERE account = $1 AND number > $2 "
			    "ORDER BY account, number LIMIT $3",
			    err) < 0)
		return -1;
	meta_query_text(&query, verify->account);
	meta_query_i64(&query, verify->check->number);
	meta_query_i64(&query, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
	while ((rc = meta_query_step(&query, err)) > 0) {
		int bad = verify_row(verify, &query, err);

		if (bad)
			return bad;
		rows++;
	}
	if (rc < 0)
		return -1;
	return rows < limit ? verify_end(verify) : 0;
}

int meta_audit_verify(struct meta_tx *tx, struct span account,
		      struct meta_audit_check *check, size_t limit,
		      struct err *err)
{
	struct meta_audit_check next = *check;
	struct verify verify = {.tx = tx, .account = account, .check = &next};

	if (check->done)
		return 0;

	int rc = verify_start(&verify, err);
	if (rc == 0)
		rc = verify_rows(&verify, limit, err);
	if (rc < 0)
		return -1;
	*check = next;
	return 0;
}
