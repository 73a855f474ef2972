/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "storage/meta_page.h"
#include "storage/meta_principals.h"
#include "storage/meta_tx.h"

int meta_certificate_find(struct meta_tx *tx, struct span account,
			  struct span name, int64_t *ret_principal_id,
			  struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT principal_id FROM certificates "
			    "WHERE account = $1 AND name = $2",
			    err) < 0)
		return -1;
	meta_query_text(&query, account);
	meta_query_text(&query, name);

	int rc = meta_query_step(&query, err);
	if (rc > 0)
		*ret_principal_id = meta_column_i64(&query, 0);
	return rc;
}

/* Run a statement over account, name and principal: rows changed, or -1. */
static int64_t run_on_name(struct meta_tx *tx, const char *sql,
			   struct span account, struct span name,
			   int64_t principal_id, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx, sql, err) < 0)
		return -1;
	meta_query_text(&query, account);
	meta_query_text(&query, name);
	meta_query_i64(&query, principal_id);
	return meta_query_run(&query, err);
}

int meta_certificate_add(struct meta_tx *tx, struct span account,
			 struct span name, int64_t principal_id,
			 struct err *err)
{
	if (meta_principal_check(tx, principal_id, err) < 0)
		return -1;

	int64_t rows = run_on_name(
		tx,
		"INSERT INTO certificates (account, name, principal_id) "
		"VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
		account, name, principal_id, err);

	if (rows < 0)
		return -1;
	if (rows == 0)
		return err_set(err, ERR_EXISTS,
			       "the certificate's name is taken");
	return meta_identity_changed(tx, err);
}

int meta_certificate_remove(struct meta_tx *tx, struct span account,
			    struct span name, int64_t principal_id,
			    struct err *err)
{
	int64_t rows = run_on_name(
		tx,
		"DELETE FROM certificates WHERE account = $1 AND name = $2 "
		"AND principal_id = $3",
		account, name, principal_id, err);

	if (rows <= 0)
		return (int)rows;
	return meta_identity_changed(tx, err) < 0 ? -1 : 1;
}

int meta_certificate_list(struct meta_tx *tx, int64_t principal_id,
			  int (*each)(void *context, struct span name,
				      struct err *err),
			  void *context, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	bool ignored = false;

	if (meta_query_open(&query, tx,
			    "SELECT name FROM certificates "
			    "WHERE principal_id = $1 "
			    "ORDER BY principal_id, name",
			    err) < 0)
		return -1;
	meta_query_i64(&query, principal_id);
	return meta_page_names(&query, SIZE_MAX, each, context, &ignored, err);
}
