/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/identity_fixture.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/identity_credentials.h"
#include "auth/identity_policies.h"
#include "auth/identity_trust.h"
#include "auth/password.h"
#include "auth/seal.h"
#include "auth/token.h"
#include "base/err.h"
#include "storage/meta_audit.h"
#include "storage/meta_credentials.h"
#include "storage/meta_policies.h"
#include "storage/meta_repositories.h"
#include "tests/lib/check.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"
#include "tests/lib/tmpdir.h"

#define KEY_ID "BERTHFIXTURE00000001"
#define TOKEN_ID "fixturetoken"
#define ISSUER "https://issuer.example"
#define CERTIFICATE SPAN_LIT("DNS:build.example")

struct identity identity_fixture;
const struct identity_by identity_fixture_by = {
	.actor = {.text = "admin", .len = 5},
	.source = {.text = "192.0.2.1", .len = 9},
	.request_id = {.text = "request-1", .len = 9},
};

static int dir_fd = -1;
static atomic_int changed;

static void note_change(void *context)
{
	CHECK(context == &changed);
	atomic_fetch_add(&changed, 1);
}

int identity_fixture_changed(void)
{
	return atomic_exchange(&changed, 0);
}

/* ---- what there is ---- */

static int64_t insert(struct meta_tx *tx, enum meta_principal_kind kind,
		      const char *name, const char *hash)
{
	struct meta_principal row = {.kind = kind, .session_max_s = 3600};
	struct err err = ERR_INIT;
	int64_t id = 0;

	snprintf(row.account, sizeof(row.account), "%.*s",
		 SPAN_ARG(meta_fixture_scope.account));
	snprintf(row.name, sizeof(row.name), "%s", name);
	snprintf(row.password_hash, sizeof(row.password_hash), "%s", hash);
	CHECK(meta_principal_insert(tx, &row, &id, &err) == 0);
	return id;
}

static void fill_eve(struct meta_tx *tx, int64_t id)
{
	struct meta_access_key key = {.id = KEY_ID, .principal_id = id};
	struct meta_token token = {
		.id = TOKEN_ID, .kind = META_TOKEN_API, .principal_id = id};
	struct meta_holder holder = {META_HOLDER_PRINCIPAL, id};
	struct err err = ERR_INIT;

	memset(token.hash, '0', sizeof(token.hash) - 1);
	CHECK(meta_access_key_insert(tx, &key, SPAN_LIT("sealed"), &err) == 0);
	CHECK(meta_token_insert(tx, &token, SPAN_LIT(""), &err) == 0);
	CHECK(meta_policy_attach(tx, holder, meta_fixture_scope.account,
				 SPAN_LIT("pull-only"), SPAN_LIT("team/*"),
				 &err) == 1);
	CHECK(meta_certificate_add(tx, meta_fixture_scope.account,
				   SPAN_LIT("DNS:eve.example"), id, &err) == 0);
}

static void fill_rest(struct meta_tx *tx, int64_t member)
{
	struct meta_group group = {.name = "team"};
	struct meta_issuer issuer = {.url = ISSUER, .audiences = "berth"};
	struct span account = meta_fixture_scope.account;
	struct err err = ERR_INIT;
	int64_t id = 0;
	bool made = false;

	snprintf(group.account, sizeof(group.account), "%.*s",
		 SPAN_ARG(account));
	snprintf(issuer.account, sizeof(issuer.account), "%.*s",
		 SPAN_ARG(account));
	CHECK(meta_group_insert(tx, &group, &id, &err) == 0);
	CHECK(meta_group_add(tx, id, member, &err) == 1);
	CHECK(meta_policy_put(tx, account, SPAN_LIT("stored"),
			      SPAN_LIT(FIXTURE_POLICY), &err) == 0);
	CHECK(meta_issuer_put(tx, &issuer, &err) == 0);
	CHECK(meta_repository_ensure(tx, meta_fixture_scope, SPAN_LIT("a/b"),
				     &id, &made, &err) == 0);
	CHECK(meta_repository_set_policy(
		      tx, id, SPAN_LIT(FIXTURE_REPOSITORY_POLICY), &err) == 0);
}

static int fill(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_holder admin = {META_HOLDER_PRINCIPAL,
				    insert(tx, META_USER, "admin", context)};
	int64_t eve = insert(tx, META_USER, "eve", context);

	insert(tx, META_ROLE, "role", "");
	CHECK(meta_policy_attach(tx, admin, meta_fixture_scope.account,
				 SPAN_LIT("administrator"), SPAN_LIT("*"),
				 err) == 1);
	fill_eve(tx, eve);
	fill_rest(tx, insert(tx, META_ROBOT, "robot", ""));
	return 0;
}

void identity_fixture_open(struct sql_driver *driver)
{
	static char dir[TMPDIR_SIZE];	      /* one for all of a process */
	static char hash[PASSWORD_HASH_SIZE]; /* the same: it is slow */
	struct err err = ERR_INIT;

	if (dir[0] == '\0')
		tmpdir_make(dir);
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(dir_fd >= 0);
	identity_fixture = (struct identity){.scope = meta_fixture_scope,
					     .changed = note_change,
					     .context = &changed};
	CHECK(seal_open(dir_fd, "server.key", &identity_fixture.seal, &err) ==
	      0);
	CHECK(meta_open(driver ? driver : sql_fixture_new(),
			&meta_fixture_clock, &identity_fixture.meta,
			&err) == 0);
	if (hash[0] == '\0')
		CHECK(password_hash(SPAN_LIT("old password"), hash, &err) == 0);
	meta_fixture_write(identity_fixture.meta, fill, hash);
	atomic_store(&changed, 0);
}

void identity_fixture_close(void)
{
	meta_close(identity_fixture.meta);
	seal_free(identity_fixture.seal);
	close(dir_fd);
}

/* ---- the audit log ---- */

static int write_entry(void *context, const struct meta_audit_row *row,
		       struct err *err)
{
	const struct meta_audit *entry = &row->entry;

	(void)err;
	CHECK(span_equal(entry->source, identity_fixture_by.source));
	CHECK(span_equal(entry->request_id, identity_fixture_by.request_id));
	CHECK(span_equal(entry->outcome, SPAN_LIT("ok")));
	snprintf(context, 4096, "%.*s by %.*s on %.*s %.*s %.*s %.*s",
		 SPAN_ARG(entry->kind), SPAN_ARG(entry->actor),
		 SPAN_ARG(entry->target), SPAN_ARG(entry->before),
		 SPAN_ARG(entry->after), SPAN_ARG(entry->detail));
	return 0;
}

const char *identity_fixture_entry(void)
{
	static char text[4096];
	struct meta_audit_filter newest = {.before = INT64_MAX};
	struct meta_tx *tx = meta_fixture_read(identity_fixture.meta);
	struct err err = ERR_INIT;
	bool more = false;

	text[0] = '\0';
	CHECK(meta_audit_page(tx, meta_fixture_scope.account, &newest, 1,
			      write_entry, text, &more, &err) == 0);
	meta_read_end(tx);
	return text;
}

int64_t identity_fixture_entries(void)
{
	struct meta_tx *tx = meta_fixture_read(identity_fixture.meta);
	char hash[META_AUDIT_HASH_SIZE];
	struct err err = ERR_INIT;
	int64_t number = 0;

	CHECK(meta_audit_head(tx, meta_fixture_scope.account, &number, hash,
			      &err) >= 0);
	meta_read_end(tx);
	return number;
}

/* ---- every change ---- */

#define ID &identity_fixture
#define BY &identity_fixture_by
#define CHANGE(function)                                                       \
	static int run_##function(void *output, struct err *err)
#define EVE FIXTURE_USER("eve")

static const struct identity_grant grant = {
	.policy = {.text = "push-pull", .len = 9},
	.pattern = {.text = "team/*", .len = 6}};

CHANGE(user_create)
{
	struct identity_wish wish = {.who = FIXTURE_USER("new"),
				     .description = SPAN_LIT("new one"),
				     .password = SPAN_LIT("a password")};

	return identity_create(ID, BY, &wish, output, err);
}

CHANGE(robot_create)
{
	struct identity_wish wish = {.who = FIXTURE_ROBOT("new"),
				     .life_s = 60,
				     .grants = &grant,
				     .grant_count = 1};

	_Static_assert(sizeof(struct token_secret) <= FIXTURE_OUTPUT_SIZE,
		       "an output must fit");
	return identity_create(ID, BY, &wish, output, err);
}

CHANGE(role_create)
{
	struct identity_wish wish = {.who = FIXTURE_ROLE("new"),
				     .session_max_s = 900,
				     .trust = SPAN_LIT(FIXTURE_TRUST)};

	return identity_create(ID, BY, &wish, output, err);
}

CHANGE(update)
{
	struct span description = SPAN_LIT("other");
	bool disabled = true;
	struct identity_patch patch = {.description = &description,
				       .disabled = &disabled};

	(void)output;
	return identity_update(ID, BY, EVE, &patch, err);
}

CHANGE(group_update)
{
	struct span description = SPAN_LIT("other");
	struct identity_patch patch = {.description = &description};

	(void)output;
	return identity_update(ID, BY, FIXTURE_GROUP("team"), &patch, err);
}

CHANGE(delete)
{
	(void)output;
	return identity_delete(ID, BY, EVE, err);
}

CHANGE(group_delete)
{
	(void)output;
	return identity_delete(ID, BY, FIXTURE_GROUP("team"), err);
}

CHANGE(group_create)
{
	(void)output;
	return identity_group_create(ID, BY, SPAN_LIT("new"), SPAN_LIT("text"),
				     err);
}

CHANGE(group_add)
{
	(void)output;
	return identity_group_add(ID, BY, SPAN_LIT("team"), SPAN_LIT("eve"),
				  err);
}

CHANGE(group_remove)
{
	(void)output;
	return identity_group_remove(ID, BY, SPAN_LIT("team"),
				     SPAN_LIT("robot"), err);
}

CHANGE(set_password)
{
	(void)output;
	return identity_set_password(ID, BY, SPAN_LIT("eve"),
				     SPAN_LIT("new password"), err);
}

CHANGE(change_password)
{
	(void)output;
	return identity_change_password(ID, BY, SPAN_LIT("eve"),
					SPAN_LIT("old password"),
					SPAN_LIT("new password"), err);
}

CHANGE(key_create)
{
	_Static_assert(sizeof(struct identity_key) <= FIXTURE_OUTPUT_SIZE,
		       "an output must fit");
	return identity_key_create(ID, BY, EVE, SPAN_LIT("ci"), output, err);
}

CHANGE(key_rotate)
{
	return identity_key_rotate(ID, BY, EVE, SPAN_LIT(KEY_ID), output, err);
}

CHANGE(key_disable)
{
	(void)output;
	return identity_key_disable(ID, BY, EVE, SPAN_LIT(KEY_ID), true, err);
}

CHANGE(key_delete)
{
	(void)output;
	return identity_key_delete(ID, BY, EVE, SPAN_LIT(KEY_ID), err);
}

CHANGE(token_create)
{
	struct identity_token_wish wish = {
		.description = SPAN_LIT("ci"),
		.scope = SPAN_LIT("repository:team/*:pull"),
		.life_s = 60};

	return identity_token_create(ID, BY, EVE, &wish, output, err);
}

CHANGE(token_delete)
{
	(void)output;
	return identity_token_delete(ID, BY, EVE, SPAN_LIT(TOKEN_ID), err);
}

CHANGE(policy_put)
{
	return identity_policy_put(ID, BY, SPAN_LIT("stored"),
				   SPAN_LIT(FIXTURE_POLICY), output, err);
}

CHANGE(policy_delete)
{
	(void)output;
	return identity_policy_delete(ID, BY, SPAN_LIT("stored"), err);
}

CHANGE(attach)
{
	(void)output;
	return identity_attach(ID, BY, FIXTURE_GROUP("team"), &grant, err);
}

CHANGE(detach)
{
	struct identity_grant pull = {.policy = SPAN_LIT("pull-only"),
				      .pattern = SPAN_LIT("team/*")};

	(void)output;
	return identity_detach(ID, BY, EVE, &pull, err);
}

CHANGE(role_trust)
{
	(void)output;
	return identity_role_trust(ID, BY, SPAN_LIT("role"),
				   SPAN_LIT(FIXTURE_TRUST), err);
}

CHANGE(repository_policy)
{
	(void)output;
	return identity_repository_policy(ID, BY, SPAN_LIT("a/b"), SPAN_LIT(""),
					  err);
}

CHANGE(registry_policy)
{
	(void)output;
	return identity_registry_policy(ID, BY,
					SPAN_LIT(FIXTURE_REGISTRY_POLICY), err);
}

CHANGE(issuer_put)
{
	struct meta_issuer issuer = {.url = "https://other.example",
				     .audiences = "berth"};

	return identity_issuer_put(ID, BY, &issuer, output, err);
}

CHANGE(issuer_delete)
{
	(void)output;
	return identity_issuer_delete(ID, BY, SPAN_LIT(ISSUER), err);
}

CHANGE(certificate_add)
{
	(void)output;
	return identity_certificate_add(ID, BY, EVE, CERTIFICATE, err);
}

CHANGE(certificate_remove)
{
	(void)output;
	return identity_certificate_remove(ID, BY, EVE,
					   SPAN_LIT("DNS:eve.example"), err);
}

const struct identity_fixture_change identity_fixture_changes[] = {
#define IDENTITY_CHANGE(function) {.name = #function, .run = run_##function},
#include "tests/lib/identity_changes.def"
#undef IDENTITY_CHANGE
};

const size_t identity_fixture_change_count =
	sizeof(identity_fixture_changes) / sizeof(identity_fixture_changes[0]);

const struct identity_fixture_change *identity_fixture_find(const char *name)
{
	size_t i = 0;

	while (strcmp(identity_fixture_changes[i].name, name) != 0)
		i++;
	return &identity_fixture_changes[i];
}
