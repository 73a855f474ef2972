/* SPDX-License-Identifier: Apache-2.0 */
/* Groups, and who is in them. */
#include <stdio.h>

#include "auth/identity_internal.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "storage/meta_policies.h"

struct create {
	struct identity_change change;
	struct meta_group row;
};

static int create_work(struct meta_tx *tx, void *context, struct err *err)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT(IDENTITY_DETAIL_MAX);
	struct create *create = context;
	struct identity_entry entry = {.verb = "create", .detail = &detail};
	int64_t id = 0;

	buf_append_char(&detail, '{');
	jsonx_member(&detail, "description", span_of(create->row.description));
	buf_append_char(&detail, '}');
	if (meta_group_insert(tx, &create->row, &id, err) < 0)
		return -1;
	return identity_note(tx, &create->change, &entry, err);
}

int identity_group_create(const struct identity *identity,
			  const struct identity_by *by, struct span name,
			  struct span description, struct err *err)
{
	struct create create = {
		.change = {.identity = identity, .by = by, .who.name = name}};
	struct meta_group *row = &create.row;

	if (identity_check_name(create.change.who, err) < 0 ||
	    identity_check_description(description, err) < 0)
		return -1;
	snprintf(row->account, sizeof(row->account), "%.*s",
		 SPAN_ARG(identity->scope.account));
	snprintf(row->name, sizeof(row->name), "%.*s", SPAN_ARG(name));
	snprintf(row->description, sizeof(row->description), "%.*s",
		 SPAN_ARG(description));
	if (identity_write(&create.change, create_work, &create, err) < 0) {
		if (err->code == ERR_EXISTS)
			err_tell(err, "there is a group of that name already");
		return -1;
	}
	return 0;
}

/* ---- members ---- */

struct membership {
	struct identity_change change; /* the group */
	struct span member;	       /* its name */
};

/* Roles are assumed, not grouped: to be in a group is a property of who logs
 * in. */
static int find_member(struct meta_tx *tx, const struct membership *membership,
		       struct meta_principal *ret_member, struct err *err)
{
	struct span account = membership->change.identity->scope.account;
	int rc = meta_principal_find(tx, account, membership->member,
				     ret_member, err);

	if (rc < 0)
		return -1;
	if (rc > 0 && ret_member->kind != META_ROLE)
		return 0;
	err_set(err, ERR_NOT_FOUND, "no such user or robot");
	return err_tell(err, "there is no user or robot named \"%.*s\"",
			SPAN_ARG(membership->member));
}

static int note(struct meta_tx *tx, const struct membership *membership,
		const char *verb, struct err *err)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT(IDENTITY_DETAIL_MAX);
	struct identity_entry entry = {.verb = verb, .detail = &detail};

	buf_append_char(&detail, '{');
	jsonx_member(&detail, "member", membership->member);
	buf_append_char(&detail, '}');
	return identity_note(tx, &membership->change, &entry, err);
}

static int add_work(struct meta_tx *tx, void *context, struct err *err)
{
	const struct membership *membership = context;
	struct span account = membership->change.identity->scope.account;
	struct meta_principal member;
	struct meta_holder group;

	if (identity_find_holder(tx, account, membership->change.who, &group,
				 err) < 0 ||
	    find_member(tx, membership, &member, err) < 0)
		return -1;
	int added = meta_group_add(tx, group.id, member.id, err);
	if (added <= 0)
		return added;
	return note(tx, membership, "add", err);
}

int identity_group_add(const struct identity *identity,
		       const struct identity_by *by, struct span group,
		       struct span member, struct err *err)
{
	struct membership membership = {
		.change = {.identity = identity, .by = by, .who.name = group},
		.member = member};

	return identity_write(&membership.change, add_work, &membership, err);
}

static int remove_work(struct meta_tx *tx, void *context, struct err *err)
{
	const struct membership *membership = context;
	struct span account = membership->change.identity->scope.account;
	struct meta_principal member;
	struct meta_holder group;
	bool administrators = false;

	if (identity_find_holder(tx, account, membership->change.who, &group,
				 err) < 0 ||
	    find_member(tx, membership, &member, err) < 0 ||
	    identity_is_administrator(tx, group, &administrators, err) < 0)
		return -1;
	int removed = meta_group_remove(tx, group.id, member.id, err);
	if (removed < 0)
		return -1;
	if (removed == 0) {
		err_set(err, ERR_NOT_FOUND, "not a member");
		return err_tell(err, "\"%.*s\" is not in the group",
				SPAN_ARG(membership->member));
	}
	if (administrators && identity_keep_administrator(tx, account, err) < 0)
		return -1;
	return note(tx, membership, "remove", err);
}

int identity_group_remove(const struct identity *identity,
			  const struct identity_by *by, struct span group,
			  struct span member, struct err *err)
{
	struct membership membership = {
		.change = {.identity = identity, .by = by, .who.name = group},
		.member = member};

	return identity_write(&membership.change, remove_work, &membership,
			      err);
}
