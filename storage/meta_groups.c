/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_groups.h"

#include "base/err.h"
#include "storage/meta_page.h"
#include "storage/meta_tx.h"

#define COLUMNS "id, account, name, description, created_ms"

static int read_group(struct meta_query *query, struct meta_group *ret_group,
		      struct err *err)
{
	struct meta_group group = {
		.id = meta_column_i64(query, 0),
		.created_ms = meta_column_i64(query, 4),
	};

	if (meta_column_copy(query, 1, group.account, sizeof(group.account),
			     err) < 0 ||
	    meta_column_copy(query, 2, group.name, sizeof(group.name), err) <
		    0 ||
	    meta_column_copy(query, 3, group.description,
			     sizeof(group.description), err) < 0)
		return -1;
	*ret_group = group;
	return 0;
}

int meta_group_find(struct meta_tx *tx, struct span account, struct span name,
		    struct meta_group *ret_group, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT " COLUMNS " FROM principal_groups "
			    "WHERE account = $1 AND name = $2",
			    err) < 0)
		return -1;
	meta_query_text(&query, account);
	meta_query_text(&query, name);

	int rc = meta_query_step(&query, err);
	if (rc > 0 && read_group(&query, ret_group, err) < 0)
		return -1;
	return rc;
}

/* 1, or 0 if the name is taken. */
static int group_store(struct meta_tx *tx, int64_t id,
		       const struct meta_group *group, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "INSERT INTO principal_groups (" COLUMNS ") "
			    "VALUES ($1, $2, $3, $4, $5) "
			    "ON CONFLICT DO NOTHING",
			    err) < 0)
		return -1;
	meta_query_i64(&query, id);
	meta_query_text(&query, span_of(group->account));
	meta_query_text(&query, span_of(group->name));
	meta_query_text(&query, span_of(group->description));
	meta_query_i64(&query, meta_tx_now_ms(tx));
	return (int)meta_query_run(&query, err);
}

int meta_group_insert(struct meta_tx *tx, const struct meta_group *group,
		      int64_t *ret_id, struct err *err)
{
	int64_t id = 0;

	if (meta_counter_add(tx, SPAN_LIT("group"), 1, &id, err) < 0)
		return -1;

	int stored = group_store(tx, id, group, err);
	if (stored < 0)
		return -1;
	if (stored == 0)
		return err_set(err, ERR_EXISTS, "the group's name is taken");
	if (meta_identity_changed(tx, err) < 0)
		return -1;
	*ret_id = id;
	return 0;
}

/* What changed the row of one id must have found it. */
static int changed_one(struct meta_tx *tx, int64_t rows, struct err *err)
{
	if (rows < 0)
		return -1;
	if (rows == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no such group");
	return meta_identity_changed(tx, err);
}

int meta_group_update(struct meta_tx *tx, const struct meta_group *group,
		      struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "UPDATE principal_groups SET description = $2 "
			    "WHERE id = $1",
			    err) < 0)
		return -1;
	meta_query_i64(&query, group->id);
	meta_query_text(&query, span_of(group->description));
	return changed_one(tx, meta_query_run(&query, err), err);
}

int meta_group_delete(struct meta_tx *tx, int64_t id, struct err *err)
{
	if (meta_tx_run_on(tx, "DELETE FROM memberships WHERE group_id = $1",
			   id, err) < 0 ||
	    meta_tx_run_on(tx,
			   "DELETE FROM attachments "
			   "WHERE holder_kind = 2 AND holder_id = $1",
			   id, err) < 0)
		return -1;
	return changed_one(
		tx,
		meta_tx_run_on(tx, "DELETE FROM principal_groups WHERE id = $1",
			       id, err),
		err);
}

int meta_group_page(struct meta_tx *tx, struct span account, struct span after,
		    size_t limit, meta_group_fn *each, void *context,
		    bool *ret_more, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	struct meta_group row;
	size_t told = 0;
	int rc = 0;

	if (meta_query_open(&query, tx,
			    "SELECT " COLUMNS " FROM principal_groups "
			    "WHERE account = $1 AND name > $2 "
			    "ORDER BY account, name LIMIT $3",
			    err) < 0)
		return -1;
	meta_query_text(&query, account);
	meta_query_text(&query, after);
	meta_query_limit(&query, limit);

	while ((rc = meta_query_step(&query, err)) > 0 && told < limit) {
		if (read_group(&query, &row, err) < 0 ||
		    each(context, &row, err) < 0)
			return -1;
		told++;
	}
	if (rc < 0)
		return -1;
	*ret_more = rc > 0;
	return 0;
}

static int64_t run_on_both(struct meta_tx *tx, const char *sql,
			   int64_t group_id, int64_t principal_id,
			   struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx, sql, err) < 0)
		return -1;
	meta_query_i64(&query, group_id);
	meta_query_i64(&query, principal_id);
	return meta_query_run(&query, err);
}

/* 1 / 0 / -1. */
static int may_be_member(struct meta_tx *tx, int64_t group_id,
			 int64_t principal_id, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT 1 FROM principal_groups g "
			    "CROSS JOIN principals p "
			    "WHERE g.id = $1 AND p.id = $2 "
			    "AND p.account = g.account AND p.kind < 3",
			    err) < 0)
		return -1;
	meta_query_i64(&query, group_id);
	meta_query_i64(&query, principal_id);
	return meta_query_step(&query, err);
}

int meta_group_add(struct meta_tx *tx, int64_t group_id, int64_t principal_id,
		   struct err *err)
{
	int may = may_be_member(tx, group_id, principal_id, err);

	if (may < 0)
		return -1;
	if (may == 0)
		return err_set(err, ERR_NOT_FOUND,
			       "there is no such group, user or robot");

	int64_t rows = run_on_both(
		tx,
		"INSERT INTO memberships (group_id, principal_name, "
		"principal_id, group_name) "
		"SELECT g.id, p.name, p.id, g.name "
		"FROM principal_groups g CROSS JOIN principals p "
		"WHERE g.id = $1 AND p.id = $2 ON CONFLICT DO NOTHING",
		group_id, principal_id, err);
	if (rows <= 0)
		return (int)rows;
	return meta_identity_changed(tx, err) < 0 ? -1 : 1;
}

int meta_group_remove(struct meta_tx *tx, int64_t group_id,
		      int64_t principal_id, struct err *err)
{
	int64_t rows = run_on_both(tx,
				   "DELETE FROM memberships "
				   "WHERE group_id = $1 AND principal_id = $2",
				   group_id, principal_id, err);

	if (rows <= 0)
		return (int)rows;
	return meta_identity_changed(tx, err) < 0 ? -1 : 1;
}

int meta_group_members(struct meta_tx *tx, int64_t group_id, struct span after,
		       size_t limit, meta_name_fn *each, void *context,
		       bool *ret_more, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "SELECT principal_name FROM memberships "
			    "WHERE group_id = $1 AND principal_name > $2 "
			    "ORDER BY group_id, principal_name LIMIT $3",
			    err) < 0)
		return -1;
	meta_query_i64(&query, group_id);
	meta_query_text(&query, after);
	meta_query_limit(&query, limit);
	return meta_page_names(&query, limit, each, context, ret_more, err);
}

int meta_group_of(struct meta_tx *tx, int64_t principal_id, meta_name_fn *each,
		  void *context, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	bool ignored = false;

	if (meta_query_open(&query, tx,
			    "SELECT group_name FROM memberships "
			    "WHERE principal_id = $1 "
			    "ORDER BY principal_id, group_name",
			    err) < 0)
		return -1;
	meta_query_i64(&query, principal_id);
	return meta_page_names(&query, SIZE_MAX, each, context, &ignored, err);
}
