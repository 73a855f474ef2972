/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_logins.h"

#include "base/err.h"
#include "storage/meta_tx.h"

int meta_login_list(struct meta_tx *tx, int64_t after_ms, size_t limit,
		    meta_login_fn *each, void *context, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	int rc = 0;

	if (meta_query_open(&query, tx,
			    "SELECT subject, failures, failed_ms, succeeded_ms "
			    "FROM logins WHERE touched_ms > $1 "
			    "ORDER BY touched_ms DESC, subject DESC LIMIT $2",
			    err) < 0)
		return -1;
	meta_query_i64(&query, after_ms);
	meta_query_i64(&query, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
	while ((rc = meta_query_step(&query, err)) > 0) {
		struct meta_login login = {
			.failures = meta_column_i64(&query, 1),
			.failed_ms = meta_column_i64(&query, 2),
			.succeeded_ms = meta_column_i64(&query, 3),
		};

		if (meta_column_copy(&query, 0, login.subject,
				     sizeof(login.subject), err) < 0 ||
		    each(context, &login, err) < 0)
			return -1;
	}
	return rc;
}

int meta_login_put(struct meta_tx *tx, const struct meta_login *login,
		   struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "INSERT INTO logins (subject, failures, "
			    "failed_ms, succeeded_ms, touched_ms) "
			    "VALUES ($1, $2, $3, $4, $5) "
			    "ON CONFLICT (subject) DO UPDATE SET "
			    "failures = excluded.failures, "
			    "failed_ms = excluded.failed_ms, "
			    "succeeded_ms = excluded.succeeded_ms, "
			    "touched_ms = excluded.touched_ms",
			    err) < 0)
		return -1;
	meta_query_text(&query, span_of(login->subject));
	meta_query_i64(&query, login->failures);
	meta_query_i64(&query, login->failed_ms);
	meta_query_i64(&query, login->succeeded_ms);
	meta_query_i64(&query, login->failed_ms > login->succeeded_ms
				       ? login->failed_ms
				       : login->succeeded_ms);
	return meta_query_run(&query, err) < 0 ? -1 : 0;
}

int meta_login_delete(struct meta_tx *tx, struct span subject, struct err *err)
{
	return meta_tx_run_on_text(tx, "DELETE FROM logins WHERE subject = $1",
				   subject, err) < 0
		       ? -1
		       : 0;
}

int meta_login_sweep(struct meta_tx *tx, int64_t before_ms, size_t limit,
		     struct err *err)
{
	return meta_tx_sweep(tx,
			     "DELETE FROM logins WHERE subject IN ("
			     "SELECT subject FROM logins WHERE touched_ms < $1 "
			     "ORDER BY touched_ms, subject LIMIT $2)",
			     before_ms, limit, err) < 0
		       ? -1
		       : 0;
}
