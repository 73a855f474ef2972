/* SPDX-License-Identifier: Apache-2.0 */
/* Users, robots and roles: made, changed and removed. */
#include <openssl/crypto.h>
#include <stdio.h>

#include "auth/identity_internal.h"
#include "auth/password.h"
#include "auth/policy.h"
#include "auth/token.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "storage/meta_credentials.h"
#include "storage/meta_policies.h"

/* Borrowed text is copied into a row's; it was checked to fit. */
static void copy_text(struct span text, char *ret_text, size_t size)
{
	snprintf(ret_text, size, "%.*s", SPAN_ARG(text));
}

/* ---- creation ---- */

struct create {
	struct identity_change change;
	const struct identity_wish *wish;
	struct meta_principal row;
	struct meta_token token; /* of a robot */
};

static int check_wish(const struct identity_wish *wish, struct err *err)
{
	struct policy *trust = NULL;

	if (identity_check_name(wish->who, err) < 0 ||
	    identity_check_description(wish->description, err) < 0)
		return -1;
	if (wish->password.text &&
	    identity_check_password(wish->password, err) < 0)
		return -1;
	if (wish->trust.len == 0)
		return 0;
	if (policy_parse(POLICY_TRUST, wish->trust, &trust, err) < 0)
		return -1;
	policy_unref(trust);
	return 0;
}

static int check_session(int64_t session_max_s, struct err *err)
{
	if (session_max_s >= IDENTITY_SESSION_MIN_S &&
	    session_max_s <= IDENTITY_SESSION_MAX_S)
		return 0;
	err_set(err, ERR_INVALID, "session length is out of range");
	return err_tell(err, "\"session_max\" is %d to %d seconds",
			IDENTITY_SESSION_MIN_S, IDENTITY_SESSION_MAX_S);
}

static int fill_row(struct create *create, struct span account, struct err *err)
{
	const struct identity_wish *wish = create->wish;
	struct meta_principal *row = &create->row;

	row->kind = (enum meta_principal_kind)wish->who.kind;
	row->session_max_s = wish->session_max_s;
	copy_text(account, row->account, sizeof(row->account));
	copy_text(wish->who.name, row->name, sizeof(row->name));
	copy_text(wish->description, row->description,
		  sizeof(row->description));
	if (wish->who.kind == IDENTITY_ROLE &&
	    check_session(wish->session_max_s, err) < 0)
		return -1;
	if (!wish->password.text)
		return 0;
	return password_hash(wish->password, row->password_hash, err);
}

static void describe_wish(const struct identity_wish *wish, struct buf *out)
{
	buf_append_char(out, '{');
	jsonx_member(out, "description", wish->description);
	for (size_t i = 0; i < wish->grant_count; i++) {
		buf_append_text(out, i == 0 ? ",\"policies\":[{" : ",{");
		jsonx_member(out, "policy", wish->grants[i].policy);
		jsonx_member(out, "pattern", wish->grants[i].pattern);
		buf_append_char(out, '}');
	}
	if (wish->grant_count > 0)
		buf_append_char(out, ']');
	buf_append_char(out, '}');
}

static int attach_all(struct meta_tx *tx, const struct create *create,
		      int64_t id, struct err *err)
{
	const struct identity_wish *wish = create->wish;
	struct meta_holder holder = {.kind = META_HOLDER_PRINCIPAL, .id = id};

	for (size_t i = 0; i < wish->grant_count; i++)
		if (identity_attach_in(tx,
				       create->change.identity->scope.account,
				       holder, &wish->grants[i], err) < 0)
			return -1;
	return 0;
}

static int create_work(struct meta_tx *tx, void *context, struct err *err)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT(IDENTITY_DETAIL_MAX);
	struct create *create = context;
	const struct identity_wish *wish = create->wish;
	struct identity_entry entry = {
		.verb = "create", .after = wish->trust, .detail = &detail};
	int64_t id = 0;

	if (identity_ends_ms(tx, wish->life_s, &create->row.expires_ms, err) <
		    0 ||
	    meta_principal_insert(tx, &create->row, &id, err) < 0)
		return -1;
	if (wish->trust.len > 0 &&
	    meta_role_set_trust(tx, id, wish->trust, err) < 0)
		return -1;
	if (wish->who.kind == IDENTITY_ROBOT) {
		create->token.principal_id = id;
		create->token.expires_ms = create->row.expires_ms;
		if (meta_token_insert(tx, &create->token, SPAN_LIT(""), err) <
		    0)
			return -1;
	}
	describe_wish(wish, &detail);
	if (attach_all(tx, create, id, err) < 0)
		return -1;
	return identity_note(tx, &create->change, &entry, err);
}

static int make_token(struct create *create, struct token_secret *ret_secret,
		      struct err *err)
{
	if (token_secret_make(TOKEN_API_PREFIX, ret_secret, err) < 0)
		return -1;
	create->token.kind = META_TOKEN_API;
	copy_text(span_of(ret_secret->id), create->token.id,
		  sizeof(create->token.id));
	copy_text(span_of(ret_secret->hash), create->token.hash,
		  sizeof(create->token.hash));
	copy_text(SPAN_LIT("made with the robot"), create->token.description,
		  sizeof(create->token.description));
	return 0;
}

/* The name that is taken may be of another kind. */
static int tell_taken(struct err *err)
{
	if (err->code == ERR_EXISTS && err->tell[0] == '\0')
		err_tell(err, "the name is taken by a user, robot or role");
	return -1;
}

int identity_create(const struct identity *identity,
		    const struct identity_by *by,
		    const struct identity_wish *wish,
		    struct token_secret *ret_token, struct err *err)
{
	struct create create = {
		.change = {.identity = identity, .by = by, .who = wish->who},
		.wish = wish};
	struct token_secret secret = {.id = ""};

	if (check_wish(wish, err) < 0 ||
	    fill_row(&create, identity->scope.account, err) < 0)
		return -1;
	if (wish->who.kind == IDENTITY_ROBOT &&
	    make_token(&create, &secret, err) < 0)
		return -1;
	int done = identity_write(&create.change, create_work, &create, err);
	if (done == 0 && wish->who.kind == IDENTITY_ROBOT)
		*ret_token = secret;
	OPENSSL_cleanse(&secret, sizeof(secret));
	return done < 0 ? tell_taken(err) : 0;
}

/* ---- change ---- */

struct update {
	struct identity_change change;
	const struct identity_patch *patch;
};

static void describe(const struct meta_principal *row, const char *when,
		     struct buf *out)
{
	buf_appendf(out, "%s\"%s\":{", out->len ? "," : "{", when);
	jsonx_member(out, "description", span_of(row->description));
	buf_appendf(out, ",\"disabled\":%s", row->disabled ? "true" : "false");
	if (row->kind == META_ROBOT)
		buf_appendf(out, ",\"expires_ms\":%lld",
			    (long long)row->expires_ms);
	if (row->kind == META_ROLE)
		buf_appendf(out, ",\"session_max\":%lld",
			    (long long)row->session_max_s);
	buf_append_char(out, '}');
}

static int apply(struct meta_tx *tx, const struct identity_patch *patch,
		 struct meta_principal *row, struct err *err)
{
	if (patch->description)
		copy_text(*patch->description, row->description,
			  sizeof(row->description));
	if (patch->disabled)
		row->disabled = *patch->disabled;
	if (patch->session_max_s)
		row->session_max_s = *patch->session_max_s;
	if (patch->life_s)
		return identity_ends_ms(tx, *patch->life_s, &row->expires_ms,
					err);
	return 0;
}

/* Only users count as administrators that are left. */
static int was_administrator(struct meta_tx *tx,
			     const struct meta_principal *row, bool *ret_was,
			     struct err *err)
{
	struct meta_holder holder = {.kind = META_HOLDER_PRINCIPAL,
				     .id = row->id};

	*ret_was = false;
	if (row->kind != META_USER || row->disabled)
		return 0;
	return identity_is_administrator(tx, holder, ret_was, err);
}

static int update_work(struct meta_tx *tx, void *context, struct err *err)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT(IDENTITY_DETAIL_MAX);
	struct update *update = context;
	struct identity_entry entry = {.verb = "update", .detail = &detail};
	struct span account = update->change.identity->scope.account;
	struct meta_principal row;
	bool administrator = false;

	if (identity_find(tx, account, update->change.who, &row, err) < 0 ||
	    was_administrator(tx, &row, &administrator, err) < 0)
		return -1;
	describe(&row, "before", &detail);
	if (apply(tx, update->patch, &row, err) < 0 ||
	    meta_principal_update(tx, &row, err) < 0)
		return -1;
	describe(&row, "after", &detail);
	buf_append_char(&detail, '}');
	if (administrator && row.disabled &&
	    identity_keep_administrator(tx, account, err) < 0)
		return -1;
	return identity_note(tx, &update->change, &entry, err);
}

static int update_group_work(struct meta_tx *tx, void *context, struct err *err)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT(IDENTITY_DETAIL_MAX);
	struct update *update = context;
	struct identity_entry entry = {.verb = "update", .detail = &detail};
	struct meta_group group;

	if (identity_find_group(tx, update->change.identity->scope.account,
				update->change.who.name, &group, err) < 0)
		return -1;
	buf_append_text(&detail, "{\"before\":{");
	jsonx_member(&detail, "description", span_of(group.description));
	if (update->patch->description)
		copy_text(*update->patch->description, group.description,
			  sizeof(group.description));
	buf_append_text(&detail, "},\"after\":{");
	jsonx_member(&detail, "description", span_of(group.description));
	buf_append_text(&detail, "}}");
	if (meta_group_update(tx, &group, err) < 0)
		return -1;
	return identity_note(tx, &update->change, &entry, err);
}

int identity_update(const struct identity *identity,
		    const struct identity_by *by, struct identity_who who,
		    const struct identity_patch *patch, struct err *err)
{
	struct update update = {
		.change = {.identity = identity, .by = by, .who = who},
		.patch = patch};

	if (patch->description &&
	    identity_check_description(*patch->description, err) < 0)
		return -1;
	if (patch->session_max_s &&
	    check_session(*patch->session_max_s, err) < 0)
		return -1;
	return identity_write(&update.change,
			      who.kind == IDENTITY_GROUP ? update_group_work
							 : update_work,
			      &update, err);
}

/* ---- removal ---- */

static int delete_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct identity_change *change = context;
	struct identity_entry entry = {.verb = "delete"};
	struct span account = change->identity->scope.account;
	struct meta_principal row;
	bool administrator = false;

	if (identity_find(tx, account, change->who, &row, err) < 0 ||
	    was_administrator(tx, &row, &administrator, err) < 0 ||
	    meta_principal_delete(tx, row.id, err) < 0)
		return -1;
	if (administrator && identity_keep_administrator(tx, account, err) < 0)
		return -1;
	return identity_note(tx, change, &entry, err);
}

static int delete_group_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct identity_change *change = context;
	struct identity_entry entry = {.verb = "delete"};
	struct meta_holder holder;
	bool administrator = false;

	if (identity_find_holder(tx, change->identity->scope.account,
				 change->who, &holder, err) < 0 ||
	    identity_is_administrator(tx, holder, &administrator, err) < 0 ||
	    meta_group_delete(tx, holder.id, err) < 0)
		return -1;
	if (administrator &&
	    identity_keep_administrator(tx, change->identity->scope.account,
					err) < 0)
		return -1;
	return identity_note(tx, change, &entry, err);
}

int identity_delete(const struct identity *identity,
		    const struct identity_by *by, struct identity_who who,
		    struct err *err)
{
	struct identity_change change = {
		.identity = identity, .by = by, .who = who};

	return identity_write(&change,
			      who.kind == IDENTITY_GROUP ? delete_group_work
							 : delete_work,
			      &change, err);
}
