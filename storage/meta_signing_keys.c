/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/err.h"
#include "storage/meta_credentials.h"
#include "storage/meta_tx.h"

#define SEALED_MAX 65536 /* bytes of what seals to one text */

int meta_signing_key_list(struct meta_tx *tx, meta_signing_key_fn *each,
			  void *context, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	int rc = 0;

	if (meta_query_open(&query, tx,
			    "SELECT kid, created_ms, retired_ms, sealed "
			    "FROM signing_keys WHERE created_ms >= 0 "
			    "ORDER BY created_ms DESC, kid DESC",
			    err) < 0)
		return -1;
	while ((rc = meta_query_step(&query, err)) > 0) {
		struct meta_signing_key key = {
			.created_ms = meta_column_i64(&query, 1),
			.retired_ms = meta_column_i64(&query, 2),
		};

		if (meta_column_copy(&query, 0, key.kid, sizeof(key.kid), err) <
			    0 ||
		    each(context, &key, meta_column_text(&query, 3), err) < 0)
			return -1;
	}
	return rc;
}

int meta_signing_key_insert(struct meta_tx *tx, struct span kid,
			    struct span sealed, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "INSERT INTO signing_keys "
			    "(kid, created_ms, retired_ms, sealed) "
			    "VALUES ($1, $2, 0, $3) ON CONFLICT DO NOTHING",
			    err) < 0)
		return -1;
	meta_query_text(&query, kid);
	meta_query_i64(&query, meta_tx_now_ms(tx));
	meta_query_text(&query, sealed);

	int64_t rows = meta_query_run(&query, err);
	if (rows < 0)
		return -1;
	if (rows == 0)
		return err_set(err, ERR_EXISTS,
			       "the signing key's id is taken");
	return meta_identity_changed(tx, err);
}

int meta_signing_key_retire_others(struct meta_tx *tx, struct span kid,
				   struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "UPDATE signing_keys SET retired_ms = $2 "
			    "WHERE created_ms >= 0 AND retired_ms = 0 "
			    "AND kid <> $1",
			    err) < 0)
		return -1;
	meta_query_text(&query, kid);
	meta_query_i64(&query, meta_tx_now_ms(tx));
	if (meta_query_run(&query, err) < 0)
		return -1;
	return meta_identity_changed(tx, err);
}

int meta_signing_key_sweep(struct meta_tx *tx, int64_t before_ms,
			   struct err *err)
{
	int64_t rows = meta_tx_run_on(tx,
				      "DELETE FROM signing_keys "
				      "WHERE created_ms >= 0 "
				      "AND retired_ms > 0 AND retired_ms < $1",
				      before_ms, err);

	if (rows <= 0)
		return (int)rows;
	return meta_identity_changed(tx, err);
}

/* Statements over one table of sealed texts. */
struct sealed_table {
	enum meta_sealed what;
	const char *next;  /* the first row behind an id */
	const char *store; /* another text for an id */
};

/* The row behind *id: 1 with its id and text, 0, -1. */
static int next_sealed(struct meta_tx *tx, const struct sealed_table *table,
		       char id[META_KEY_ID_SIZE], struct buf *sealed,
		       struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx, table->next, err) < 0)
		return -1;
	meta_query_text(&query, span_of(id));

	int rc = meta_query_step(&query, err);
	if (rc <= 0)
		return rc;
	buf_clear(sealed);
	buf_append_span(sealed, meta_column_text(&query, 1));
	if (buf_check(sealed, err) < 0)
		return -1;
	return meta_column_copy(&query, 0, id, META_KEY_ID_SIZE, err) < 0 ? -1
									  : 1;
}

static int store_sealed(struct meta_tx *tx, const struct sealed_table *table,
			const char *id, struct span sealed, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx, table->store, err) < 0)
		return -1;
	meta_query_text(&query, span_of(id));
	meta_query_text(&query, sealed);
	return meta_query_run(&query, err) < 0 ? -1 : 0;
}

static int reseal_table(struct meta_tx *tx, const struct sealed_table *table,
			meta_reseal_fn *reseal, void *context, struct err *err)
{
	CLEANUP(buf_release) struct buf old = BUF_INIT(SEALED_MAX);
	CLEANUP(buf_release) struct buf new = BUF_INIT(SEALED_MAX);
	char id[META_KEY_ID_SIZE] = "";
	int rc = 0;

	while ((rc = next_sealed(tx, table, id, &old, err)) > 0) {
		buf_clear(&new);
		if (reseal(context, table->what, span_of(id), buf_span(&old),
			   &new, err) < 0 ||
		    buf_check(&new, err) < 0 ||
		    store_sealed(tx, table, id, buf_span(&new), err) < 0)
			return -1;
	}
	return rc;
}

int meta_reseal(struct meta_tx *tx, meta_reseal_fn *reseal, void *context,
		struct err *err)
{
	static const struct sealed_table tables[] = {
		{.what = META_SEALED_ACCESS_KEY,
		 .next = "SELECT id, sealed FROM access_keys WHERE id > $1 "
			 "ORDER BY id LIMIT 1",
		 .store = "UPDATE access_keys SET sealed = $2 WHERE id = $1"},
		{.what = META_SEALED_SIGNING_KEY,
		 .next = "SELECT kid, sealed FROM signing_keys WHERE kid > $1 "
			 "ORDER BY kid LIMIT 1",
		 .store = "UPDATE signing_keys SET sealed = $2 WHERE kid = $1"},
	};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (reseal_table(tx, &tables[i], reseal, context, err) < 0)
			return -1;
	return meta_identity_changed(tx, err);
}
