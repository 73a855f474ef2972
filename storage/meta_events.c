/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_events.h"

#include "base/err.h"
#include "storage/meta_tx.h"

int meta_event_append(struct meta_tx *tx, struct meta_scope scope,
		      const struct meta_event *event, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	int64_t number = 0;

	if (meta_counter_add(tx, SPAN_LIT("event"), 1, &number, err) < 0)
		return -1;
	if (meta_query_open(&query, tx,
			    "INSERT INTO events (account, region, number, "
			    "at_ms, kind, repository, digest, tag, actor, "
			    "detail) "
			    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
			    err) < 0)
		return -1;
	meta_query_text(&query, scope.account);
	meta_query_text(&query, scope.region);
	meta_query_i64(&query, number);
	meta_query_i64(&query, meta_tx_now_ms(tx));
	meta_query_text(&query, event->kind);
	meta_query_text(&query, event->repository);
	meta_query_text(&query, event->digest);
	meta_query_text(&query, event->tag);
	meta_query_text(&query, event->actor);
	meta_query_text(&query, event->detail);
	if (meta_query_run(&query, err) < 0)
		return -1;
	tx->event = number;
	return 0;
}

int meta_event_page(struct meta_tx *tx, struct meta_scope scope, int64_t after,
		    size_t limit, meta_event_fn *each, void *context,
		    struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	int rc = 0;

	if (meta_query_open(&query, tx,
			    "SELECT number, at_ms, kind, repository, digest, "
			    "tag, actor, detail FROM events WHERE account = $1 "
			    "AND region = $2 AND number > $3 "
			    "ORDER BY account, region, number LIMIT $4",
			    err) < 0)
		return -1;
	meta_query_text(&query, scope.account);
	meta_query_text(&query, scope.region);
	meta_query_i64(&query, after);
	meta_query_i64(&query, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);

	while ((rc = meta_query_step(&query, err)) > 0) {
		struct meta_event_row row = {
			.number = meta_column_i64(&query, 0),
			.at_ms = meta_column_i64(&query, 1),
			.event =
				{
					.kind = meta_column_text(&query, 2),
					.repository =
						meta_column_text(&query, 3),
					.digest = meta_column_text(&query, 4),
					.tag = meta_column_text(&query, 5),
					.actor = meta_column_text(&query, 6),
					.detail = meta_column_text(&query, 7),
				},
		};

		if (each(context, &row, err) < 0)
			return -1;
	}
	return rc;
}
