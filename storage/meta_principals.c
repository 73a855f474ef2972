/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_principals.h"

#include "base/buf.h"
#include "base/err.h"
#include "storage/meta_credentials.h"
#include "storage/meta_tx.h"

#define COLUMNS                                                                \
	"id, kind, account, name, password_hash, description, disabled, "      \
	"created_ms, expires_ms, session_max_s"

static int none(struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "there is no such principal");
}

static int read_principal(struct meta_query *query,
			  struct meta_principal *ret_principal, struct err *err)
{
	struct meta_principal row = {
		.id = meta_column_i64(query, 0),
		.kind = (enum meta_principal_kind)meta_column_i64(query, 1),
		.disabled = meta_column_i64(query, 6) != 0,
		.created_ms = meta_column_i64(query, 7),
		.expires_ms = meta_column_i64(query, 8),
		.session_max_s = meta_column_i64(query, 9),
	};

	if (meta_column_copy(query, 2, row.account, sizeof(row.account), err) <
		    0 ||
	    meta_column_copy(query, 3, row.name, sizeof(row.name), err) < 0 ||
	    meta_column_copy(query, 4, row.password_hash,
			     sizeof(row.password_hash), err) < 0 ||
	    meta_column_copy(query, 5, row.description, sizeof(row.description),
			     err) < 0)
		return -1;
	*ret_principal = row;
	return 0;
}

static int step_principal(struct meta_query *query,
			  struct meta_principal *ret_principal, struct err *err)
{
	int rc = meta_query_step(query, err);

	if (rc > 0 && read_principal(query, ret_principal, err) < 0)
		return -1;
	return rc;
}

int meta_principal_find(struct meta_tx *tx, struct span account,
			struct span name, struct meta_principal *ret_principal,
			struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT " COLUMNS " FROM principals "
			    "WHERE account = $1 AND name = $2",
			    err) < 0)
		return -1;
	meta_query_text(&query, account);
	meta_query_text(&query, name);
	return step_principal(&query, ret_principal, err);
}

int meta_principal_get(struct meta_tx *tx, int64_t id,
		       struct meta_principal *ret_principal, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT " COLUMNS " FROM principals WHERE id = $1",
			    err) < 0)
		return -1;
	meta_query_i64(&query, id);
	return step_principal(&query, ret_principal, err);
}

int meta_principal_check(struct meta_tx *tx, int64_t id, struct err *err)
{
	struct meta_principal ignored;
	int found = meta_principal_get(tx, id, &ignored, err);

	if (found == 0)
		return none(err);
	return found < 0 ? -1 : 0;
}

/* 1, or 0 if the name is taken. */
static int principal_store(struct meta_tx *tx, int64_t id,
			   const struct meta_principal *principal,
			   struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "INSERT INTO principals (" COLUMNS ", trust) "
			    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "
			    "'') ON CONFLICT DO NOTHING",
			    err) < 0)
		return -1;
	meta_query_i64(&query, id);
	meta_query_i64(&query, principal->kind);
	meta_query_text(&query, span_of(principal->account));
	meta_query_text(&query, span_of(principal->name));
	meta_query_text(&query, span_of(principal->password_hash));
	meta_query_text(&query, span_of(principal->description));
	meta_query_i64(&query, principal->disabled);
	meta_query_i64(&query, meta_tx_now_ms(tx));
	meta_query_i64(&query, principal->expires_ms);
	meta_query_i64(&query, principal->session_max_s);
	return (int)meta_query_run(&query, err);
}

int meta_principal_insert(struct meta_tx *tx,
			  const struct meta_principal *principal,
			  int64_t *ret_id, struct err *err)
{
	int64_t id = 0;

	if (meta_counter_add(tx, SPAN_LIT("principal"), 1, &id, err) < 0)
		return -1;

	int stored = principal_store(tx, id, principal, err);
	if (stored < 0)
		return -1;
	if (stored == 0)
		return err_set(err, ERR_EXISTS,
			       "the principal's name is taken");
	if (meta_identity_changed(tx, err) < 0)
		return -1;
	*ret_id = id;
	return 0;
}

/* Run what changes the row of one id, which must be there. */
static int run_on_one(struct meta_query *query, struct err *err)
{
	int64_t rows = meta_query_run(query, err);

	if (rows < 0)
		return -1;
	if (rows == 0)
		return none(err);
	return 0;
}

int meta_principal_update(struct meta_tx *tx,
			  const struct meta_principal *principal,
			  struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "UPDATE principals SET description = $2, "
			    "disabled = $3, expires_ms = $4, "
			    "session_max_s = $5 WHERE id = $1",
			    err) < 0)
		return -1;
	meta_query_i64(&query, principal->id);
	meta_query_text(&query, span_of(principal->description));
	meta_query_i64(&query, principal->disabled);
	meta_query_i64(&query, principal->expires_ms);
	meta_query_i64(&query, principal->session_max_s);
	if (run_on_one(&query, err) < 0)
		return -1;
	return meta_identity_changed(tx, err);
}

int meta_principal_rehash(struct meta_tx *tx, int64_t id, const char *hash,
			  struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "UPDATE principals SET password_hash = $2 "
			    "WHERE id = $1",
			    err) < 0)
		return -1;
	meta_query_i64(&query, id);
	meta_query_text(&query, span_of(hash));
	return run_on_one(&query, err);
}

int meta_principal_set_password(struct meta_tx *tx, int64_t id,
				const char *hash, struct err *err)
{
	if (meta_principal_rehash(tx, id, hash, err) < 0 ||
	    meta_token_delete_all(tx, id, META_TOKEN_REFRESH, err) < 0)
		return -1;
	return meta_identity_changed(tx, err);
}

int meta_principal_delete(struct meta_tx *tx, int64_t id, struct err *err)
{
	static const char *const own[] = {
		"DELETE FROM memberships WHERE principal_id = $1",
		("DELETE FROM attachments "
		 "WHERE holder_kind = 1 AND holder_id = $1"),
		"DELETE FROM access_keys WHERE principal_id = $1",
		"DELETE FROM tokens WHERE principal_id = $1",
		"DELETE FROM certificates WHERE principal_id = $1",
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (meta_tx_run_on(tx, own[i], id, err) < 0)
			return -1;

	int64_t rows = meta_tx_run_on(
		tx, "DELETE FROM principals WHERE id = $1", id, err);
	if (rows < 0)
		return -1;
	if (rows == 0)
		return none(err);
	return meta_identity_changed(tx, err);
}

int meta_principal_page(struct meta_tx *tx,
			const struct meta_principal_query *asked,
			meta_principal_fn *each, void *context, bool *ret_more,
			struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	struct meta_principal row;
	size_t told = 0;
	int rc = 0;

	if (meta_query_open(&query, tx,
			    "SELECT " COLUMNS " FROM principals "
			    "WHERE account = $1 AND kind = $2 "
			    "AND name > $3 ORDER BY account, kind, name "
			    "LIMIT $4",
			    err) < 0)
		return -1;
	meta_query_text(&query, asked->account);
	meta_query_i64(&query, asked->kind);
	meta_query_text(&query, asked->after);
	meta_query_limit(&query, asked->limit);

	while ((rc = meta_query_step(&query, err)) > 0 && told < asked->limit) {
		if (read_principal(&query, &row, err) < 0 ||
		    each(context, &row, err) < 0)
			return -1;
		told++;
	}
	if (rc < 0)
		return -1;
	*ret_more = rc > 0;
	return 0;
}

int meta_role_trust(struct meta_tx *tx, int64_t id, struct buf *out,
		    struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT trust FROM principals "
			    "WHERE id = $1 AND kind = 3",
			    err) < 0)
		return -1;
	meta_query_i64(&query, id);

	int rc = meta_query_step(&query, err);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return none(err);
	buf_append_span(out, meta_column_text(&query, 0));
	return buf_check(out, err);
}

int meta_role_set_trust(struct meta_tx *tx, int64_t id, struct span document,
			struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "UPDATE principals SET trust = $2 "
			    "WHERE id = $1 AND kind = 3",
			    err) < 0)
		return -1;
	meta_query_i64(&query, id);
	meta_query_text(&query, document);
	if (run_on_one(&query, err) < 0)
		return -1;
	return meta_identity_changed(tx, err);
}

int meta_identity_changed(struct meta_tx *tx, struct err *err)
{
	int64_t ignored = 0;

	return meta_counter_add(tx, SPAN_LIT("identity"), 1, &ignored, err);
}

int meta_identity_generation(struct meta_tx *tx, int64_t *ret_generation,
			     struct err *err)
{
	return meta_counter_read(tx, SPAN_LIT("identity"), ret_generation, err);
}
