/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "storage/meta_groups.h"
#include "storage/meta_policies.h"
#include "storage/meta_principals.h"
#include "tests/lib/check.h"
#include "tests/lib/meta_call_rows.h"
#include "tests/lib/meta_fixture.h"

#define ACCOUNT meta_fixture_scope.account
#define EVERY span_of("*")

enum { EVE = 1, ROLE, ROBOT };
enum { TEAM = 1 };

static const struct meta_holder eve = {META_HOLDER_PRINCIPAL, EVE};
static const struct meta_holder team = {META_HOLDER_GROUP, TEAM};

/* What was appended goes into the output, once it is known to be right. */
static int keep(int rc, struct buf *text, struct meta_call_output *output)
{
	if (rc >= 0)
		snprintf((char *)output->bytes, sizeof(output->bytes), "%s",
			 buf_text(text));
	buf_release(text);
	return rc;
}

static int insert(struct meta_tx *tx, enum meta_principal_kind kind,
		  const char *name, int64_t *ret_id, struct err *err)
{
	struct meta_principal row = {.kind = kind, .password_hash = "hash"};

	snprintf(row.account, sizeof(row.account), "%.*s", SPAN_ARG(ACCOUNT));
	snprintf(row.name, sizeof(row.name), "%s", name);
	return meta_principal_insert(tx, &row, ret_id, err);
}

static int no_principal(void *context, const struct meta_principal *principal,
			struct err *err)
{
	(void)context, (void)principal, (void)err;
	return 0;
}

static int no_group(void *context, const struct meta_group *group,
		    struct err *err)
{
	(void)context, (void)group, (void)err;
	return 0;
}

static int no_attachment(void *context,
			 const struct meta_attachment *attachment,
			 struct err *err)
{
	(void)context, (void)attachment, (void)err;
	return 0;
}

ROW(meta_principal_check)
{
	(void)output;
	return meta_principal_check(tx, EVE, err);
}

ROW(meta_principal_find)
{
	RET(struct meta_principal);
	return meta_call_found(
		meta_principal_find(tx, ACCOUNT, SPAN_LIT("eve"), ret, err),
		err);
}

ROW(meta_principal_get)
{
	RET(struct meta_principal);
	return meta_call_found(meta_principal_get(tx, EVE, ret, err), err);
}

ROW(meta_principal_insert)
{
	RET(int64_t);
	return insert(tx, META_USER, "bob", ret, err);
}

ROW(meta_principal_update)
{
	struct meta_principal row = {.id = EVE, .disabled = true};

	(void)output;
	return meta_principal_update(tx, &row, err);
}

ROW(meta_principal_set_password)
{
	(void)output;
	return meta_principal_set_password(tx, EVE, "other", err);
}

ROW(meta_principal_rehash)
{
	(void)output;
	return meta_principal_rehash(tx, EVE, "other", err);
}

ROW(meta_principal_delete)
{
	(void)output;
	return meta_principal_delete(tx, EVE, err);
}

ROW(meta_principal_page)
{
	struct meta_principal_query asked = {
		.account = ACCOUNT,
		.kind = META_USER,
		.limit = 10,
	};
	RET(bool);
	return meta_principal_page(tx, &asked, no_principal, NULL, ret, err);
}

ROW(meta_role_trust)
{
	struct buf text = BUF_INIT(100);

	return keep(meta_role_trust(tx, ROLE, &text, err), &text, output);
}

ROW(meta_role_set_trust)
{
	(void)output;
	return meta_role_set_trust(tx, ROLE, SPAN_LIT("{\"new\":1}"), err);
}

ROW(meta_certificate_find)
{
	RET(int64_t);
	return meta_call_found(meta_certificate_find(tx, ACCOUNT,
						     SPAN_LIT("DNS:eve"), ret,
						     err),
			       err);
}

ROW(meta_certificate_add)
{
	(void)output;
	return meta_certificate_add(tx, ACCOUNT, SPAN_LIT("DNS:new"), EVE, err);
}

ROW(meta_certificate_remove)
{
	(void)output;
	return meta_call_found(meta_certificate_remove(tx, ACCOUNT,
						       SPAN_LIT("DNS:eve"), EVE,
						       err),
			       err);
}

ROW(meta_certificate_list)
{
	(void)output;
	return meta_certificate_list(tx, EVE, meta_call_no_name, NULL, err);
}

ROW(meta_identity_changed)
{
	(void)output;
	return meta_identity_changed(tx, err);
}

ROW(meta_identity_generation)
{
	RET(int64_t);
	return meta_identity_generation(tx, ret, err);
}

ROW(meta_group_find)
{
	RET(struct meta_group);
	return meta_call_found(
		meta_group_find(tx, ACCOUNT, SPAN_LIT("team"), ret, err), err);
}

static int insert_group(struct meta_tx *tx, const char *name, int64_t *ret_id,
			struct err *err)
{
	struct meta_group row = {.description = "people"};

	snprintf(row.account, sizeof(row.account), "%.*s", SPAN_ARG(ACCOUNT));
	snprintf(row.name, sizeof(row.name), "%s", name);
	return meta_group_insert(tx, &row, ret_id, err);
}

ROW(meta_group_insert)
{
	RET(int64_t);
	return insert_group(tx, "others", ret, err);
}

ROW(meta_group_update)
{
	struct meta_group row = {.id = TEAM, .description = "all of us"};

	(void)output;
	return meta_group_update(tx, &row, err);
}

ROW(meta_group_delete)
{
	(void)output;
	return meta_group_delete(tx, TEAM, err);
}

ROW(meta_group_page)
{
	RET(bool);
	return meta_group_page(tx, ACCOUNT, span_of(""), 10, no_group, NULL,
			       ret, err);
}

ROW(meta_group_add)
{
	(void)output;
	return meta_call_found(meta_group_add(tx, TEAM, ROBOT, err), err);
}

ROW(meta_group_remove)
{
	(void)output;
	return meta_call_found(meta_group_remove(tx, TEAM, EVE, err), err);
}

ROW(meta_group_members)
{
	RET(bool);
	return meta_group_members(tx, TEAM, span_of(""), 10, meta_call_no_name,
				  NULL, ret, err);
}

ROW(meta_group_of)
{
	(void)output;
	return meta_group_of(tx, EVE, meta_call_no_name, NULL, err);
}

ROW(meta_policy_find)
{
	struct buf text = BUF_INIT(100);

	return meta_call_found(
		keep(meta_policy_find(tx, ACCOUNT, SPAN_LIT("pull"), &text,
				      err),
		     &text, output),
		err);
}

ROW(meta_policy_put)
{
	(void)output;
	return meta_call_found(meta_policy_put(tx, ACCOUNT, SPAN_LIT("pull"),
					       SPAN_LIT("{\"x\":1}"), err),
			       err);
}

ROW(meta_policy_delete)
{
	(void)output;
	return meta_call_found(
		meta_policy_delete(tx, ACCOUNT, SPAN_LIT("spare"), err), err);
}

ROW(meta_policy_page)
{
	RET(bool);
	return meta_policy_page(tx, ACCOUNT, span_of(""), 10, meta_call_no_name,
				NULL, ret, err);
}

ROW(meta_policy_attach)
{
	(void)output;
	if (meta_call_found(meta_policy_attach(tx, team, ACCOUNT,
					       SPAN_LIT("spare"), EVERY, err),
			    err) < 0)
		return -1;
	return meta_call_found(meta_policy_attach(tx, eve, ACCOUNT,
						  SPAN_LIT("spare"), EVERY,
						  err),
			       err);
}

ROW(meta_policy_detach)
{
	(void)output;
	return meta_call_found(
		meta_policy_detach(tx, eve, SPAN_LIT("pull"), EVERY, err), err);
}

ROW(meta_policy_attached)
{
	(void)output;
	return meta_policy_attached(tx, eve, no_attachment, NULL, err);
}

ROW(meta_policy_effective)
{
	(void)output;
	return meta_policy_effective(tx, EVE, no_attachment, NULL, err);
}

ROW(meta_repository_policy)
{
	struct buf text = BUF_INIT(100);

	return meta_call_found(
		keep(meta_repository_policy(tx, 1, &text, err), &text, output),
		err);
}

ROW(meta_repository_policy_any)
{
	(void)output;
	return meta_call_found(meta_repository_policy_any(tx, err), err);
}

ROW(meta_repository_set_policy)
{
	(void)output;
	return meta_call_found(
		meta_repository_set_policy(tx, 1, SPAN_LIT("{\"x\":1}"), err),
		err);
}

ROW(meta_registry_policy)
{
	struct buf text = BUF_INIT(100);

	return meta_call_found(
		keep(meta_registry_policy(tx, meta_fixture_scope, &text, err),
		     &text, output),
		err);
}

ROW(meta_registry_set_policy)
{
	(void)output;
	return meta_call_found(meta_registry_set_policy(tx, meta_fixture_scope,
							SPAN_LIT("{\"x\":1}"),
							err),
			       err);
}

void meta_calls_fill_identities(struct meta_tx *tx)
{
	struct span document = SPAN_LIT("{}");
	struct err err = ERR_INIT;
	int64_t id = 0;

	CHECK(insert(tx, META_USER, "eve", &id, &err) == 0 && id == EVE);
	CHECK(insert(tx, META_ROLE, "deploy", &id, &err) == 0 && id == ROLE);
	CHECK(insert(tx, META_ROBOT, "ci", &id, &err) == 0 && id == ROBOT);
	CHECK(meta_role_set_trust(tx, ROLE, document, &err) == 0);
	CHECK(meta_certificate_add(tx, ACCOUNT, SPAN_LIT("DNS:eve"), EVE,
				   &err) == 0);
	CHECK(insert_group(tx, "team", &id, &err) == 0 && id == TEAM);
	CHECK(meta_group_add(tx, TEAM, EVE, &err) == 1);
	CHECK(meta_policy_put(tx, ACCOUNT, SPAN_LIT("pull"), document, &err) ==
	      0);
	CHECK(meta_policy_put(tx, ACCOUNT, SPAN_LIT("spare"), document, &err) ==
	      0);
	CHECK(meta_policy_attach(tx, eve, ACCOUNT, SPAN_LIT("pull"), EVERY,
				 &err) == 1);
	CHECK(meta_policy_attach(tx, team, ACCOUNT, SPAN_LIT("pull"), EVERY,
				 &err) == 1);
	CHECK(meta_repository_set_policy(tx, 1, document, &err) == 0);
	CHECK(meta_registry_set_policy(tx, meta_fixture_scope, document,
				       &err) == 0);
	meta_calls_fill_credentials(tx, EVE);
}
