/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/err.h"
#include "storage/meta_audit_chain.h"
#include "storage/meta_tx.h"

#define KIND_SIZE 128 /* bytes of the longest kind asked for, with a NUL */

#define RESIDUE                                                                \
	"AND at_ms >= $4 AND at_ms < $5 "                                      \
	"AND ($6 = '' OR (kind >= $6 AND kind < $7)) "                         \
	"AND ($8 = '' OR actor = $8) AND ($9 = '' OR target = $9) "

/* Every row of the range. */
#define SEARCH_ALL(direction)                                                  \
	"SELECT " AUDIT_COLUMNS " FROM audit WHERE account = $1 "              \
	"AND number > $2 AND number < $3 " RESIDUE                             \
	"ORDER BY account, number " direction " LIMIT $10"

/* The rows of blocks that hold a term.  The plus signs keep SQLite from
 * starting each block where the whole range starts. */
#define SEARCH_TERM(direction)                                                 \
	"SELECT " AUDIT_COLUMNS " FROM audit_terms t CROSS JOIN audit a "      \
	"WHERE t.account = $1 AND t.term = $11 || $12 "                        \
	"AND t.block >= $2 / " AUDIT_BLOCK " AND t.block <= $3 / " AUDIT_BLOCK \
	" AND a.account = $1 AND number >= t.block * " AUDIT_BLOCK             \
	" AND number < t.block * " AUDIT_BLOCK " + " AUDIT_BLOCK               \
	" AND +number > $2 AND +number < $3 " RESIDUE                          \
	"ORDER BY t.block " direction ", number " direction " LIMIT $10"

static const char *search_of(bool downwards, bool by_term)
{
	if (by_term)
		return downwards ? SEARCH_TERM("DESC") : SEARCH_TERM("");
	return downwards ? SEARCH_ALL("DESC") : SEARCH_ALL("");
}

/* Is the first row from that number on of that time or later? */
static int is_late(struct meta_tx *tx, struct span account, int64_t number,
		   int64_t since_ms, bool *ret_late, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT latest_ms FROM audit WHERE account = $1 "
			    "AND number >= $2 ORDER BY account, number LIMIT 1",
			    err) < 0)
		return -1;
	meta_query_text(&query, account);
	meta_query_i64(&query, number);

	int rc = meta_query_step(&query, err);
	if (rc < 0)
		return -1;
	*ret_late = rc == 0 || meta_column_i64(&query, 0) >= since_ms;
	return 0;
}

/* The number after which every row of that time or later stands: found by
 * halving, for latest_ms never goes back. */
static int skip_early(struct meta_tx *tx, struct span account, int64_t since_ms,
		      int64_t *after, struct err *err)
{
	struct audit_head head;
	int found = audit_head_read(tx, account, &head, err);

	if (found <= 0)
		return found;

	int64_t low = *after > head.base_number ? *after : head.base_number;
	int64_t high = head.number;
	while (low < high) {
		int64_t middle = low + (high - low) / 2;
		bool late = false;

		if (is_late(tx, account, middle + 1, since_ms, &late, err) < 0)
			return -1;
		if (late)
			high = middle;
		else
			low = middle + 1;
	}
	*after = low > *after ? low : *after;
	return 0;
}

/* The end of the kinds asked for: those that begin so, or that one alone. */
static int kind_end(struct span kind, char ret_end[KIND_SIZE], struct err *err)
{
	if (kind.len + 1 >= KIND_SIZE)
		return err_set(err, ERR_INVALID, "no kind is as long");
	memset(ret_end, 0, KIND_SIZE);
	if (kind.len > 0)
		memcpy(ret_end, kind.text, kind.len);
	if (span_ends(kind, SPAN_LIT(".")))
		ret_end[kind.len - 1] = '.' + 1;
	else
		ret_end[kind.len] = 1;
	return 0;
}

/* The term that narrows most: its letter, or "" if there is none. */
static const char *choose_term(const struct meta_audit_filter *filter,
			       struct span *ret_term)
{
	if (filter->target.len > 0) {
		*ret_term = audit_term_target(filter->target);
		return "t";
	}
	if (filter->actor.len > 0) {
		*ret_term = filter->actor;
		return "a";
	}
	*ret_term = audit_term_kind(filter->kind);
	return filter->kind.len > 0 ? "k" : "";
}

static int tell_rows(struct meta_query *query, size_t limit,
		     meta_audit_fn *each, void *context, bool *ret_more,
		     struct err *err)
{
	size_t told = 0;
	int rc = 0;

	while ((rc = meta_query_step(query, err)) > 0 && told < limit) {
		struct meta_audit_row row = audit_row(query);

		if (each(context, &row, err) < 0)
			return -1;
		told++;
	}
	if (rc < 0)
		return -1;
	*ret_more = rc > 0;
	return 0;
}

int meta_audit_page(struct meta_tx *tx, struct span account,
		    const struct meta_audit_filter *filter, size_t limit,
		    meta_audit_fn *each, void *context, bool *ret_more,
		    struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	int64_t after = filter->after;
	char end[KIND_SIZE];
	struct span term;
	const char *letter = choose_term(filter, &term);
	const char *sql = search_of(filter->before > 0, letter[0] != '\0');

	if (kind_end(filter->kind, end, err) < 0)
		return -1;
	if (filter->since_ms > 0 &&
	    skip_early(tx, account, filter->since_ms, &after, err) < 0)
		return -1;
	if (meta_query_open(&query, tx, sql, err) < 0)
		return -1;
	meta_query_text(&query, account);
	meta_query_i64(&query, after);
	meta_query_i64(&query, filter->before ? filter->before : INT64_MAX);
	meta_query_i64(&query, filter->since_ms);
	meta_query_i64(&query, filter->until_ms ? filter->until_ms : INT64_MAX);
	meta_query_text(&query, filter->kind);
	meta_query_text(&query, span_of(end));
	meta_query_text(&query, filter->actor);
	meta_query_text(&query, filter->target);
	meta_query_limit(&query, limit);
	if (letter[0] != '\0') {
		meta_query_text(&query, span_of(letter));
		meta_query_text(&query, term);
	}
	return tell_rows(&query, limit, each, context, ret_more, err);
}
