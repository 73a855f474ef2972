/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/authz_fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "storage/meta_policies.h"
#include "tests/lib/sql_faulty.h"
#include "tests/lib/sql_fixture.h"

#define ACCOUNT "000000000000"

struct meta *authz_fixture_meta;
struct sql_driver *authz_fixture_sql;
struct authz *authz_fixture;

void authz_fixture_open_with(enum anonymous_access anonymous)
{
	struct authz_config config = {.clock = &meta_fixture_clock,
				      .scope = meta_fixture_scope,
				      .anonymous = anonymous};
	struct err err = ERR_INIT;

	authz_fixture_sql = sql_faulty_new(sql_fixture_new());
	CHECK(meta_open(authz_fixture_sql, &meta_fixture_clock,
			&authz_fixture_meta, &err) == 0);
	config.meta = authz_fixture_meta;
	CHECK(authz_new(&config, &authz_fixture, &err) == 0);
}

void authz_fixture_open(void)
{
	authz_fixture_open_with(ANONYMOUS_NONE);
}

void authz_fixture_close(void)
{
	authz_free(authz_fixture);
	meta_close(authz_fixture_meta);
}

/* ---- what is there ---- */

struct change {
	int64_t id;	  /* of a principal */
	const char *name; /* of a policy, a repository, a principal */
	const char *text; /* of a policy, or NULL */
	enum meta_principal_kind kind;
};

void authz_fixture_document(const char *text, struct buf *out)
{
	if (text && strncmp(text, "raw:", 4) == 0)
		buf_append_text(out, text + 4);
	else if (text)
		policy_fixture_document(text, out);
}

static int principal_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct change *change = context;
	struct meta_principal row = {.kind = change->kind, .account = ACCOUNT};

	snprintf(row.name, sizeof(row.name), "%s", change->name);
	return meta_principal_insert(tx, &row, &change->id, err);
}

struct principal authz_fixture_add(enum meta_principal_kind kind,
				   const char *name)
{
	struct change change = {.name = name, .kind = kind};
	struct principal principal = {.kind = PRINCIPAL_USER,
				      .credential = CREDENTIAL_PASSWORD,
				      .account = ACCOUNT};

	meta_fixture_write(authz_fixture_meta, principal_work, &change);
	principal.id = change.id;
	snprintf(principal.name, sizeof(principal.name), "%s%s", name,
		 kind == META_ROLE ? "/session" : "");
	if (kind == META_ROBOT)
		principal.kind = PRINCIPAL_ROBOT;
	if (kind == META_ROLE) {
		principal.kind = PRINCIPAL_ROLE;
		principal.credential = CREDENTIAL_SESSION;
	}
	return principal;
}

struct principal authz_fixture_alice(void)
{
	return authz_fixture_add(META_USER, "alice");
}

static void apply(meta_work_fn *work, struct change change)
{
	meta_fixture_write(authz_fixture_meta, work, &change);
	authz_forget(authz_fixture);
}

static int give_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct change *change = context;
	struct buf text = BUF_INIT(1 << 16);
	struct meta_holder holder = {META_HOLDER_PRINCIPAL, change->id};
	int done = 0;

	authz_fixture_document(change->text, &text);
	if (text.len > 0)
		done = meta_policy_put(tx, SPAN_LIT(ACCOUNT),
				       span_of(change->name), buf_span(&text),
				       err);
	buf_release(&text);
	return done < 0 || meta_policy_attach(tx, holder, SPAN_LIT(ACCOUNT),
					      span_of(change->name),
					      SPAN_LIT("*"), err) < 0
		       ? -1
		       : 0;
}

void authz_fixture_give(int64_t id, const char *name, const char *text)
{
	apply(give_work, (struct change){.id = id, .name = name, .text = text});
}

static int take_work(struct meta_tx *tx, void *context, struct err *err)
{
	const struct change *change = context;
	struct meta_holder holder = {META_HOLDER_PRINCIPAL, change->id};

	return meta_policy_detach(tx, holder, span_of(change->name),
				  SPAN_LIT("*"), err) < 0
		       ? -1
		       : 0;
}

void authz_fixture_take(int64_t id, const char *name)
{
	apply(take_work, (struct change){.id = id, .name = name});
}

static int repository_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct change *change = context;
	struct buf text = BUF_INIT(1 << 16);
	bool made = false;
	int64_t id = 0;

	authz_fixture_document(change->text, &text);
	int done = meta_repository_ensure(
		tx, meta_fixture_scope, span_of(change->name), &id, &made, err);
	if (done == 0)
		done = meta_repository_set_policy(tx, id, buf_span(&text), err);
	buf_release(&text);
	return done < 0 ? -1 : 0;
}

void authz_fixture_repository(const char *name, const char *text)
{
	apply(repository_work, (struct change){.name = name, .text = text});
}

static int registry_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct change *change = context;
	struct buf text = BUF_INIT(1 << 16);

	authz_fixture_document(change->text, &text);
	int done = meta_registry_set_policy(tx, meta_fixture_scope,
					    buf_span(&text), err);
	buf_release(&text);
	return done < 0 ? -1 : 0;
}

void authz_fixture_registry(const char *text)
{
	apply(registry_work, (struct change){.text = text});
}

/* ---- asking ---- */

struct authz_question authz_fixture_about(const struct principal *who,
					  enum action action,
					  const char *repository)
{
	return (struct authz_question){.principal = who,
				       .action = action,
				       .repository = span_of(repository),
				       .source = SPAN_LIT("192.0.2.1")};
}

enum err_code authz_fixture_check(const struct principal *who,
				  enum action action, const char *repository)
{
	struct authz_question question =
		authz_fixture_about(who, action, repository);
	struct err err = ERR_INIT;

	CHECK((authz_check(authz_fixture, &question, &err) == 0) ==
	      (err.code == ERR_NONE));
	return err.code;
}

enum err_code authz_fixture_pull(const struct principal *who,
				 const char *repository)
{
	return authz_fixture_check(who, ACTION_BATCH_GET_IMAGE, repository);
}

int authz_fixture_quick(const struct principal *who, const char *repository)
{
	struct authz_question question =
		authz_fixture_about(who, ACTION_BATCH_GET_IMAGE, repository);
	struct err err = ERR_INIT;

	return authz_quick(authz_fixture, &question, &err);
}
