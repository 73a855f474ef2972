/* SPDX-License-Identifier: Apache-2.0 */
/* API tokens. */
#include <openssl/crypto.h>
#include <stdio.h>

#include "auth/identity_credentials.h"
#include "auth/identity_internal.h"
#include "auth/scope.h"
#include "auth/token.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "storage/meta_credentials.h"

struct create {
	struct identity_change change;
	struct meta_token row;
	const struct identity_token_wish *wish;
};

static int count_token(void *context, const struct meta_token *token,
		       struct span scope, struct err *err)
{
	size_t *count = context;

	(void)token;
	(void)scope;
	(void)err;
	++*count;
	return 0;
}

static int check_cap(struct meta_tx *tx, int64_t principal_id, struct err *err)
{
	size_t count = 0;

	if (meta_token_list(tx, principal_id, META_TOKEN_API, count_token,
			    &count, err) < 0)
		return -1;
	if (count < IDENTITY_TOKENS_MAX)
		return 0;
	err_set(err, ERR_CONFLICT, "too many API tokens");
	return err_tell(err, "there are %d API tokens already; delete some",
			IDENTITY_TOKENS_MAX);
}

static int create_work(struct meta_tx *tx, void *context, struct err *err)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT(SCOPE_TEXT_MAX * 2);
	struct create *create = context;
	struct identity_change *change = &create->change;
	struct identity_entry entry = {.kind = "token.create",
				       .detail = &detail};
	struct span scope = create->wish->scope;
	struct meta_principal owner;

	if (identity_find(tx, change->identity->scope.account, change->who,
			  &owner, err) < 0 ||
	    check_cap(tx, owner.id, err) < 0 ||
	    identity_ends_ms(tx, create->wish->life_s, &create->row.expires_ms,
			     err) < 0)
		return -1;
	create->row.principal_id = owner.id;
	if (meta_token_insert(tx, &create->row,
			      scope.text ? scope : SPAN_LIT(""), err) < 0)
		return -1;
	buf_append_char(&detail, '{');
	jsonx_member(&detail, "id", span_of(create->row.id));
	if (scope.text)
		jsonx_member(&detail, "scope", scope);
	buf_append_char(&detail, '}');
	return identity_note(tx, change, &entry, err);
}

/* The empty scope would be stored as none: as a token that may do all. */
static int check_scope(struct span scope, struct err *err)
{
	struct ceiling *ceiling = NULL;

	if (!scope.text)
		return 0;
	if (span_trim(scope).len == 0) {
		err_set(err, ERR_INVALID, "empty scope");
		return err_tell(err, "\"scope\" must not be empty; without "
				     "one the token is not limited");
	}
	if (scope.len > SCOPE_TEXT_MAX ||
	    ceiling_new(scope, true, SPAN_LIT(""), &ceiling, err) < 0) {
		if (err->code == ERR_NONE)
			err_set(err, ERR_INVALID, "scope is not valid");
		if (err->code == ERR_INVALID && err->tell[0] == '\0')
			err_tell(err, "\"scope\" is not a list of scopes as "
				      "repository:team/*:pull,push");
		return -1;
	}
	ceiling_unref(ceiling);
	return 0;
}

static int fill_row(struct create *create, const struct token_secret *secret,
		    struct err *err)
{
	struct meta_token *row = &create->row;
	struct span description = create->wish->description;

	if (identity_check_description(description, err) < 0 ||
	    check_scope(create->wish->scope, err) < 0)
		return -1;
	row->kind = META_TOKEN_API;
	memcpy(row->id, secret->id, sizeof(row->id));
	memcpy(row->hash, secret->hash, sizeof(row->hash));
	snprintf(row->description, sizeof(row->description), "%.*s",
		 SPAN_ARG(description));
	return 0;
}

int identity_token_create(const struct identity *identity,
			  const struct identity_by *by, struct identity_who who,
			  const struct identity_token_wish *wish,
			  struct token_secret *ret_token, struct err *err)
{
	struct create create = {
		.change = {.identity = identity, .by = by, .who = who},
		.wish = wish};
	struct token_secret secret = {.id = ""};
	int done = token_secret_make(TOKEN_API_PREFIX, &secret, err);

	if (done == 0)
		done = fill_row(&create, &secret, err);
	if (done == 0)
		done = identity_write(&create.change, create_work, &create,
				      err);
	if (done == 0)
		*ret_token = secret;
	OPENSSL_cleanse(&secret, sizeof(secret));
	return done;
}

struct removal {
	struct identity_change change;
	struct span id;
};

static int delete_work(struct meta_tx *tx, void *context, struct err *err)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT(IDENTITY_DETAIL_MAX);
	const struct removal *removal = context;
	const struct identity_change *change = &removal->change;
	struct identity_entry entry = {.kind = "token.delete",
				       .detail = &detail};
	struct meta_principal owner;
	struct meta_token token;

	if (identity_find(tx, change->identity->scope.account, change->who,
			  &owner, err) < 0)
		return -1;
	int found = meta_token_find(tx, removal->id, &token, NULL, err);
	if (found < 0)
		return -1;
	if (found == 0 || token.kind != META_TOKEN_API ||
	    token.principal_id != owner.id) {
		err_set(err, ERR_NOT_FOUND, "no such token");
		return err_tell(err, "there is no such API token here");
	}
	if (meta_token_delete(tx, removal->id, err) < 0)
		return -1;
	buf_append_char(&detail, '{');
	jsonx_member(&detail, "id", removal->id);
	buf_append_char(&detail, '}');
	return identity_note(tx, change, &entry, err);
}

int identity_token_delete(const struct identity *identity,
			  const struct identity_by *by, struct identity_who who,
			  struct span id, struct err *err)
{
	struct removal removal = {
		.change = {.identity = identity, .by = by, .who = who},
		.id = id};

	return identity_write(&removal.change, delete_work, &removal, err);
}
