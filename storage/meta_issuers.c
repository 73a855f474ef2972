/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_issuers.h"

#include "base/err.h"
#include "storage/meta_tx.h"

#define COLUMNS                                                                \
	"account, url, audiences, jwks_url, ca_file, private_addresses, "      \
	"created_ms"

static int read_issuer(struct meta_query *query, struct meta_issuer *ret_issuer,
		       struct err *err)
{
	struct meta_issuer row = {
		.private_addresses = meta_column_i64(query, 5) != 0,
		.created_ms = meta_column_i64(query, 6),
	};

	if (meta_column_copy(query, 0, row.account, sizeof(row.account), err) <
		    0 ||
	    meta_column_copy(query, 1, row.url, sizeof(row.url), err) < 0 ||
	    meta_column_copy(query, 2, row.audiences, sizeof(row.audiences),
			     err) < 0 ||
	    meta_column_copy(query, 3, row.jwks_url, sizeof(row.jwks_url),
			     err) < 0 ||
	    meta_column_copy(query, 4, row.ca_file, sizeof(row.ca_file), err) <
		    0)
		return -1;
	*ret_issuer = row;
	return 0;
}

int meta_issuer_find(struct meta_tx *tx, struct span account, struct span url,
		     struct meta_issuer *ret_issuer, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT " COLUMNS " FROM issuers "
			    "WHERE account = $1 AND url = $2",
			    err) < 0)
		return -1;
	meta_query_text(&query, account);
	meta_query_text(&query, url);

	int rc = meta_query_step(&query, err);
	if (rc > 0 && read_issuer(&query, ret_issuer, err) < 0)
		return -1;
	return rc;
}

static int issuer_write(struct meta_tx *tx, const struct meta_issuer *issuer,
			struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "INSERT INTO issuers (" COLUMNS ") "
			    "VALUES ($1, $2, $3, $4, $5, $6, $7) "
			    "ON CONFLICT (account, url) DO UPDATE SET "
			    "audiences = excluded.audiences, "
			    "jwks_url = excluded.jwks_url, "
			    "ca_file = excluded.ca_file, "
			    "private_addresses = excluded.private_addresses",
			    err) < 0)
		return -1;
	meta_query_text(&query, span_of(issuer->account));
	meta_query_text(&query, span_of(issuer->url));
	meta_query_text(&query, span_of(issuer->audiences));
	meta_query_text(&query, span_of(issuer->jwks_url));
	meta_query_text(&query, span_of(issuer->ca_file));
	meta_query_i64(&query, issuer->private_addresses);
	meta_query_i64(&query, meta_tx_now_ms(tx));
	return meta_query_run(&query, err) < 0 ? -1 : 0;
}

int meta_issuer_put(struct meta_tx *tx, const struct meta_issuer *issuer,
		    struct err *err)
{
	struct meta_issuer before;
	int found = meta_issuer_find(tx, span_of(issuer->account),
				     span_of(issuer->url), &before, err);

	if (found < 0)
		return -1;
	if (issuer_write(tx, issuer, err) < 0 ||
	    meta_identity_changed(tx, err) < 0)
		return -1;
	return found;
}

int meta_issuer_delete(struct meta_tx *tx, struct span account, struct span url,
		       struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "DELETE FROM issuers "
			    "WHERE account = $1 AND url = $2",
			    err) < 0)
		return -1;
	meta_query_text(&query, account);
	meta_query_text(&query, url);

	int64_t rows = meta_query_run(&query, err);
	if (rows <= 0)
		return (int)rows;
	return meta_identity_changed(tx, err) < 0 ? -1 : 1;
}

int meta_issuer_list(struct meta_tx *tx, struct span account,
		     meta_issuer_fn *each, void *context, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	struct meta_issuer row;
	int rc = 0;

	if (meta_query_open(&query, tx,
			    "SELECT " COLUMNS " FROM issuers "
			    "WHERE account = $1 ORDER BY account, url",
			    err) < 0)
		return -1;
	meta_query_text(&query, account);
	while ((rc = meta_query_step(&query, err)) > 0)
		if (read_issuer(&query, &row, err) < 0 ||
		    each(context, &row, err) < 0)
			return -1;
	return rc;
}
