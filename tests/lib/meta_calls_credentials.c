/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "storage/meta_audit.h"
#include "storage/meta_credentials.h"
#include "storage/meta_issuers.h"
#include "storage/meta_logins.h"
#include "tests/lib/check.h"
#include "tests/lib/meta_call_rows.h"
#include "tests/lib/meta_fixture.h"

#define ACCOUNT meta_fixture_scope.account
#define URL SPAN_LIT("https://issuer.example")

enum { EVE = 1 };

static int no_key(void *context, const struct meta_access_key *key,
		  struct err *err)
{
	(void)context, (void)key, (void)err;
	return 0;
}

static int no_token(void *context, const struct meta_token *token,
		    struct span scope, struct err *err)
{
	(void)context, (void)token, (void)scope, (void)err;
	return 0;
}

static int no_signing_key(void *context, const struct meta_signing_key *key,
			  struct span sealed, struct err *err)
{
	(void)context, (void)key, (void)sealed, (void)err;
	return 0;
}

static int no_issuer(void *context, const struct meta_issuer *issuer,
		     struct err *err)
{
	(void)context, (void)issuer, (void)err;
	return 0;
}

static int no_login(void *context, const struct meta_login *login,
		    struct err *err)
{
	(void)context, (void)login, (void)err;
	return 0;
}

static int no_audit(void *context, const struct meta_audit_row *row,
		    struct err *err)
{
	(void)context, (void)row, (void)err;
	return 0;
}

ROW(meta_access_key_find)
{
	RET(struct meta_access_key);
	return meta_call_found(
		meta_access_key_find(tx, SPAN_LIT("KEY"), ret, NULL, err), err);
}

static int insert_key(struct meta_tx *tx, const char *id, int64_t principal_id,
		      struct err *err)
{
	struct meta_access_key key = {.principal_id = principal_id};

	snprintf(key.id, sizeof(key.id), "%s", id);
	return meta_access_key_insert(tx, &key, SPAN_LIT("sealed"), err);
}

ROW(meta_access_key_insert)
{
	(void)output;
	return insert_key(tx, "KEY2", EVE, err);
}

ROW(meta_access_key_disable)
{
	(void)output;
	return meta_call_found(
		meta_access_key_disable(tx, SPAN_LIT("KEY"), true, err), err);
}

ROW(meta_access_key_delete)
{
	(void)output;
	return meta_call_found(meta_access_key_delete(tx, SPAN_LIT("KEY"), err),
			       err);
}

ROW(meta_access_key_used)
{
	(void)output;
	return meta_access_key_used(tx, SPAN_LIT("KEY"), err);
}

ROW(meta_access_key_list)
{
	(void)output;
	return meta_access_key_list(tx, EVE, no_key, NULL, err);
}

ROW(meta_token_find)
{
	RET(struct meta_token);
	return meta_call_found(
		meta_token_find(tx, SPAN_LIT("token"), ret, NULL, err), err);
}

static int insert_token(struct meta_tx *tx, const char *id,
			enum meta_token_kind kind, int64_t principal_id,
			struct err *err)
{
	struct meta_token token = {
		.kind = kind,
		.principal_id = principal_id,
		.hash = "00",
		.expires_ms = 5,
	};

	snprintf(token.id, sizeof(token.id), "%s", id);
	return meta_token_insert(tx, &token, SPAN_LIT("scope"), err);
}

ROW(meta_token_insert)
{
	(void)output;
	return insert_token(tx, "new", META_TOKEN_API, EVE, err);
}

ROW(meta_token_delete)
{
	(void)output;
	return meta_call_found(meta_token_delete(tx, SPAN_LIT("token"), err),
			       err);
}

ROW(meta_token_delete_all)
{
	(void)output;
	return meta_call_found(
		(int)meta_token_delete_all(tx, EVE, META_TOKEN_REFRESH, err),
		err);
}

ROW(meta_token_used)
{
	(void)output;
	return meta_token_used(tx, SPAN_LIT("token"), 7, err);
}

ROW(meta_token_list)
{
	(void)output;
	return meta_token_list(tx, EVE, META_TOKEN_API, no_token, NULL, err);
}

ROW(meta_token_sweep)
{
	(void)output;
	return meta_call_found((int)meta_token_sweep(tx, INT64_MAX, 10, err),
			       err);
}

ROW(meta_signing_key_list)
{
	(void)output;
	return meta_signing_key_list(tx, no_signing_key, NULL, err);
}

ROW(meta_signing_key_insert)
{
	(void)output;
	return meta_signing_key_insert(tx, SPAN_LIT("kid3"), SPAN_LIT("sealed"),
				       err);
}

ROW(meta_signing_key_retire_others)
{
	(void)output;
	return meta_signing_key_retire_others(tx, SPAN_LIT("none"), err);
}

ROW(meta_signing_key_sweep)
{
	(void)output;
	return meta_signing_key_sweep(tx, INT64_MAX, err);
}

static int reseal(void *context, enum meta_sealed what, struct span id,
		  struct span sealed, struct buf *out, struct err *err)
{
	(void)context, (void)what, (void)id, (void)err;
	buf_append_text(out, "again ");
	buf_append_span(out, sealed);
	return 0;
}

ROW(meta_reseal)
{
	(void)output;
	return meta_reseal(tx, reseal, NULL, err);
}

ROW(meta_issuer_find)
{
	RET(struct meta_issuer);
	return meta_call_found(meta_issuer_find(tx, ACCOUNT, URL, ret, err),
			       err);
}

static int put_issuer(struct meta_tx *tx, const char *audiences,
		      struct err *err)
{
	struct meta_issuer issuer = {.url = "https://issuer.example"};

	snprintf(issuer.account, sizeof(issuer.account), "%.*s",
		 SPAN_ARG(ACCOUNT));
	snprintf(issuer.audiences, sizeof(issuer.audiences), "%s", audiences);
	return meta_issuer_put(tx, &issuer, err);
}

ROW(meta_issuer_put)
{
	(void)output;
	return meta_call_found(put_issuer(tx, "more than one", err), err);
}

ROW(meta_issuer_delete)
{
	(void)output;
	return meta_call_found(meta_issuer_delete(tx, ACCOUNT, URL, err), err);
}

ROW(meta_issuer_list)
{
	(void)output;
	return meta_issuer_list(tx, ACCOUNT, no_issuer, NULL, err);
}

ROW(meta_login_list)
{
	(void)output;
	return meta_login_list(tx, 0, 10, no_login, NULL, err);
}

ROW(meta_login_put)
{
	struct meta_login login = {.subject = "eve@::1", .failures = 3};

	(void)output;
	return meta_login_put(tx, &login, err);
}

ROW(meta_login_delete)
{
	(void)output;
	return meta_login_delete(tx, SPAN_LIT("eve@::1"), err);
}

ROW(meta_login_sweep)
{
	(void)output;
	return meta_login_sweep(tx, INT64_MAX, 10, err);
}

static const struct meta_audit entry = {
	.kind = {.text = "user.create", .len = 11},
	.outcome = {.text = "ok", .len = 2},
	.actor = {.text = "admin", .len = 5},
	.target = {.text = "eve", .len = 3},
};

ROW(meta_audit_append)
{
	(void)output;
	return meta_audit_append(tx, ACCOUNT, &entry, err);
}

/* Each way to search, in both orders. */
ROW(meta_audit_page)
{
	static const struct meta_audit_filter filters[] = {
		{.since_ms = 1},
		{.kind = {.text = "user.", .len = 5}},
		{.actor = {.text = "admin", .len = 5}},
		{.target = {.text = "eve", .len = 3}},
	};
	RET(bool);
	bool more = false;

	for (size_t i = 0; i < 8; i++) {
		struct meta_audit_filter filter = filters[i / 2];

		filter.before = i % 2 ? INT64_MAX : 0;
		if (meta_audit_page(tx, ACCOUNT, &filter, 10, no_audit, NULL,
				    &more, err) < 0)
			return -1;
	}
	*ret = more;
	return 0;
}

ROW(meta_audit_verify)
{
	struct meta_audit_check check = {.number = 0};
	RET(struct meta_audit_check);

	for (int i = 0; i < 3; i++)
		if (meta_audit_verify(tx, ACCOUNT, &check, 1, err) < 0)
			return -1;
	CHECK(check.done && check.broken == 0);
	*ret = check;
	return 0;
}

ROW(meta_audit_head)
{
	struct head {
		int64_t number;
		char hash[META_AUDIT_HASH_SIZE];
	};
	RET(struct head);
	return meta_call_found(
		meta_audit_head(tx, ACCOUNT, &ret->number, ret->hash, err),
		err);
}

ROW(meta_audit_retain)
{
	(void)output;
	return meta_call_found(
		(int)meta_audit_retain(tx, ACCOUNT, INT64_MAX, 1, err), err);
}

void meta_calls_fill_credentials(struct meta_tx *tx, int64_t principal_id)
{
	struct meta_login login = {.subject = "eve@::1", .failed_ms = 1};
	struct span sealed = SPAN_LIT("sealed");
	struct err err = ERR_INIT;

	CHECK(insert_key(tx, "KEY", principal_id, &err) == 0);
	CHECK(insert_token(tx, "token", META_TOKEN_API, principal_id, &err) ==
	      0);
	CHECK(insert_token(tx, "refresh", META_TOKEN_REFRESH, principal_id,
			   &err) == 0);
	CHECK(meta_signing_key_insert(tx, SPAN_LIT("kid1"), sealed, &err) == 0);
	CHECK(meta_signing_key_insert(tx, SPAN_LIT("kid2"), sealed, &err) == 0);
	CHECK(meta_signing_key_retire_others(tx, SPAN_LIT("kid2"), &err) == 0);
	CHECK(put_issuer(tx, "one", &err) == 0);
	CHECK(meta_login_put(tx, &login, &err) == 0);
	CHECK(meta_audit_append(tx, ACCOUNT, &entry, &err) == 0);
	CHECK(meta_audit_append(tx, ACCOUNT, &entry, &err) == 0);
}
