/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "storage/meta_policies.h"
#include "storage/meta_tx.h"

/* ERR_NOT_FOUND unless there is one of that id. */
static int group_check(struct meta_tx *tx, int64_t id, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT 1 FROM principal_groups WHERE id = $1",
			    err) < 0)
		return -1;
	meta_query_i64(&query, id);

	int rc = meta_query_step(&query, err);
	if (rc == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no such group");
	return rc < 0 ? -1 : 0;
}

static int open_attachment(struct meta_query *query, struct meta_tx *tx,
			   const char *sql, struct meta_holder holder,
			   struct err *err)
{
	if (meta_query_open(query, tx, sql, err) < 0)
		return -1;
	meta_query_i64(query, holder.kind);
	meta_query_i64(query, holder.id);
	return 0;
}

/* Run what makes or removes one row: 1 done, 0 it was so already, -1. */
static int change(struct meta_query *query, struct err *err)
{
	int64_t rows = meta_query_run(query, err);

	if (rows <= 0)
		return (int)rows;
	return meta_identity_changed(query->tx, err) < 0 ? -1 : 1;
}

int meta_policy_attach(struct meta_tx *tx, struct meta_holder holder,
		       struct span account, struct span policy,
		       struct span pattern, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	int there = holder.kind == META_HOLDER_GROUP
			    ? group_check(tx, holder.id, err)
			    : meta_principal_check(tx, holder.id, err);

	if (there < 0)
		return -1;
	if (open_attachment(&query, tx,
			    "INSERT INTO attachments (holder_kind, holder_id, "
			    "policy, pattern, account) "
			    "VALUES ($1, $2, $3, $4, $5) "
			    "ON CONFLICT DO NOTHING",
			    holder, err) < 0)
		return -1;
	meta_query_text(&query, policy);
	meta_query_text(&query, pattern);
	meta_query_text(&query, account);
	return change(&query, err);
}

int meta_policy_detach(struct meta_tx *tx, struct meta_holder holder,
		       struct span policy, struct span pattern, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (open_attachment(&query, tx,
			    "DELETE FROM attachments WHERE holder_kind = $1 "
			    "AND holder_id = $2 AND policy = $3 "
			    "AND pattern = $4",
			    holder, err) < 0)
		return -1;
	meta_query_text(&query, policy);
	meta_query_text(&query, pattern);
	return change(&query, err);
}

static int tell_attachments(struct meta_query *query, meta_attachment_fn *each,
			    void *context, struct err *err)
{
	int rc = 0;

	while ((rc = meta_query_step(query, err)) > 0) {
		struct meta_attachment attachment = {
			.policy = meta_column_text(query, 0),
			.pattern = meta_column_text(query, 1),
			.document = meta_column_text(query, 2),
			.group = meta_column_text(query, 3),
		};

		if (each(context, &attachment, err) < 0)
			return -1;
	}
	return rc;
}

int meta_policy_attached(struct meta_tx *tx, struct meta_holder holder,
			 meta_attachment_fn *each, void *context,
			 struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (open_attachment(&query, tx,
			    "SELECT a.policy, a.pattern, p.document, '' "
			    "FROM attachments a LEFT JOIN policies p "
			    "ON p.account = a.account AND p.name = a.policy "
			    "WHERE a.holder_kind = $1 AND a.holder_id = $2 "
			    "ORDER BY a.holder_kind, a.holder_id, a.policy, "
			    "a.pattern",
			    holder, err) < 0)
		return -1;
	return tell_attachments(&query, each, context, err);
}

/* CROSS JOIN keeps SQLite's order: from the groups to what they hold. */
int meta_policy_effective(struct meta_tx *tx, int64_t principal_id,
			  meta_attachment_fn *each, void *context,
			  struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(
		    &query, tx,
		    "SELECT a.policy, a.pattern, p.document, '' "
		    "FROM attachments a LEFT JOIN policies p "
		    "ON p.account = a.account AND p.name = a.policy "
		    "WHERE a.holder_kind = 1 AND a.holder_id = $1 "
		    "UNION ALL "
		    "SELECT a.policy, a.pattern, p.document, "
		    "m.group_name "
		    "FROM memberships m CROSS JOIN attachments a "
		    "LEFT JOIN policies p "
		    "ON p.account = a.account AND p.name = a.policy "
		    "WHERE m.principal_id = $1 "
		    "AND a.holder_kind = 2 AND a.holder_id = m.group_id",
		    err) < 0)
		return -1;
	meta_query_i64(&query, principal_id);
	return tell_attachments(&query, each, context, err);
}
