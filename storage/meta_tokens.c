/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/err.h"
#include "storage/meta_credentials.h"
#include "storage/meta_tx.h"

#define COLUMNS                                                                \
	"id, kind, principal_id, hash, created_ms, expires_ms, used_ms, "      \
	"description, scope"

static int read_token(struct meta_query *query, struct meta_token *ret_token,
		      struct err *err)
{
	struct meta_token token = {
		.kind = (enum meta_token_kind)meta_column_i64(query, 1),
		.principal_id = meta_column_i64(query, 2),
		.created_ms = meta_column_i64(query, 4),
		.expires_ms = meta_column_i64(query, 5),
		.used_ms = meta_column_i64(query, 6),
	};

	if (meta_column_copy(query, 0, token.id, sizeof(token.id), err) < 0 ||
	    meta_column_copy(query, 3, token.hash, sizeof(token.hash), err) <
		    0 ||
	    meta_column_copy(query, 7, token.description,
			     sizeof(token.description), err) < 0)
		return -1;
	*ret_token = token;
	return 0;
}

int meta_token_find(struct meta_tx *tx, struct span id,
		    struct meta_token *ret_token, struct buf *out,
		    struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	struct meta_token token;

	if (meta_query_open(&query, tx,
			    "SELECT " COLUMNS " FROM tokens WHERE id = $1",
			    err) < 0)
		return -1;
	meta_query_text(&query, id);

	int rc = meta_query_step(&query, err);
	if (rc <= 0)
		return rc;
	if (read_token(&query, &token, err) < 0)
		return -1;
	if (out) {
		buf_append_span(out, meta_column_text(&query, 8));
		if (buf_check(out, err) < 0)
			return -1;
	}
	*ret_token = token;
	return 1;
}

/* A refresh token that is new changes nothing that anybody remembers, and each
 * login makes one. */
int meta_token_insert(struct meta_tx *tx, const struct meta_token *token,
		      struct span scope, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_principal_check(tx, token->principal_id, err) < 0)
		return -1;
	if (meta_query_open(&query, tx,
			    "INSERT INTO tokens (" COLUMNS ") "
			    "VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8) "
			    "ON CONFLICT DO NOTHING",
			    err) < 0)
		return -1;
	meta_query_text(&query, span_of(token->id));
	meta_query_i64(&query, token->kind);
	meta_query_i64(&query, token->principal_id);
	meta_query_text(&query, span_of(token->hash));
	meta_query_i64(&query, meta_tx_now_ms(tx));
	meta_query_i64(&query, token->expires_ms);
	meta_query_text(&query, span_of(token->description));
	meta_query_text(&query, scope);

	int64_t rows = meta_query_run(&query, err);
	if (rows < 0)
		return -1;
	if (rows == 0)
		return err_set(err, ERR_EXISTS, "the token's id is taken");
	if (token->kind == META_TOKEN_REFRESH)
		return 0;
	return meta_identity_changed(tx, err);
}

int meta_token_delete(struct meta_tx *tx, struct span id, struct err *err)
{
	int64_t rows = meta_tx_run_on_text(
		tx, "DELETE FROM tokens WHERE id = $1", id, err);

	if (rows <= 0)
		return (int)rows;
	return meta_identity_changed(tx, err) < 0 ? -1 : 1;
}

int64_t meta_token_delete_all(struct meta_tx *tx, int64_t principal_id,
			      enum meta_token_kind kind, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "DELETE FROM tokens WHERE principal_id = $1 "
			    "AND kind = $2",
			    err) < 0)
		return -1;
	meta_query_i64(&query, principal_id);
	meta_query_i64(&query, kind);

	int64_t rows = meta_query_run(&query, err);
	if (rows <= 0)
		return rows;
	return meta_identity_changed(tx, err) < 0 ? -1 : rows;
}

int meta_token_used(struct meta_tx *tx, struct span id, int64_t expires_ms,
		    struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "UPDATE tokens SET used_ms = $2 - $2 % 60000, "
			    "expires_ms = "
			    "CASE WHEN $3 > 0 THEN $3 ELSE expires_ms END "
			    "WHERE id = $1",
			    err) < 0)
		return -1;
	meta_query_text(&query, id);
	meta_query_i64(&query, meta_tx_now_ms(tx));
	meta_query_i64(&query, expires_ms);
	return meta_query_run(&query, err) < 0 ? -1 : 0;
}

int meta_token_list(struct meta_tx *tx, int64_t principal_id,
		    enum meta_token_kind kind, meta_token_fn *each,
		    void *context, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	struct meta_token token;
	int rc = 0;

	if (meta_query_open(&query, tx,
			    "SELECT " COLUMNS " FROM tokens "
			    "WHERE principal_id = $1 AND kind = $2 "
			    "ORDER BY principal_id, kind, created_ms, id",
			    err) < 0)
		return -1;
	meta_query_i64(&query, principal_id);
	meta_query_i64(&query, kind);
	while ((rc = meta_query_step(&query, err)) > 0)
		if (read_token(&query, &token, err) < 0 ||
		    each(context, &token, meta_column_text(&query, 8), err) < 0)
			return -1;
	return rc;
}

/* No change of identity: whoever remembers one remembers its end. */
int64_t meta_token_sweep(struct meta_tx *tx, int64_t before_ms, size_t limit,
			 struct err *err)
{
	return meta_tx_sweep(tx,
			     "DELETE FROM tokens WHERE id IN ("
			     "SELECT id FROM tokens WHERE expires_ms > 0 "
			     "AND expires_ms < $1 ORDER BY expires_ms, id "
			     "LIMIT $2)",
			     before_ms, limit, err);
}
