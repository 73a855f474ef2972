/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_policies.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "storage/meta_groups.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

#define ACCOUNT SPAN_LIT("000000000000")
#define OTHER SPAN_LIT("111111111111")

static int64_t changes(struct meta_tx *tx)
{
	struct err err = ERR_INIT;
	int64_t value = 0;

	CHECK(meta_identity_generation(tx, &value, &err) == 0);
	return value;
}

static void check_policy(struct meta_tx *tx, struct span account,
			 const char *name, const char *want)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(1024);
	struct err err = ERR_INIT;

	buf_append_text(&text, ">");
	CHECK(meta_policy_find(tx, account, span_of(name), &text, &err) ==
	      (want ? 1 : 0));
	CHECK_TEXT(buf_text(&text) + 1, want ? want : "");
}

static int documents(struct meta_tx *tx, void *context, struct err *err)
{
	struct span name = SPAN_LIT("push");
	int64_t before = changes(tx);

	(void)context;
	check_policy(tx, ACCOUNT, "push", NULL);
	CHECK(meta_policy_put(tx, ACCOUNT, name, SPAN_LIT("{\"v\":1}"), err) ==
	      0);
	CHECK(meta_policy_put(tx, OTHER, name, SPAN_LIT("{}"), err) == 0);
	CHECK(meta_policy_put(tx, ACCOUNT, name, SPAN_LIT("{\"v\":2}"), err) ==
	      1);
	CHECK(changes(tx) == before + 3);
	check_policy(tx, ACCOUNT, "push", "{\"v\":2}");
	check_policy(tx, OTHER, "push", "{}");
	CHECK(meta_policy_delete(tx, ACCOUNT, name, err) == 1);
	CHECK(changes(tx) == before + 4);
	CHECK(meta_policy_delete(tx, ACCOUNT, name, err) == 0);
	CHECK(changes(tx) == before + 4);
	check_policy(tx, ACCOUNT, "push", NULL);
	check_policy(tx, OTHER, "push", "{}");
	return 0;
}

static int64_t make_user(struct meta_tx *tx, const char *name)
{
	struct meta_principal row = {.kind = META_USER,
				     .account = "000000000000"};
	struct err err = ERR_INIT;
	int64_t id = 0;

	snprintf(row.name, sizeof(row.name), "%s", name);
	CHECK(meta_principal_insert(tx, &row, &id, &err) == 0);
	return id;
}

static int64_t make_group(struct meta_tx *tx, const char *name)
{
	struct meta_group row = {.account = "000000000000"};
	struct err err = ERR_INIT;
	int64_t id = 0;

	snprintf(row.name, sizeof(row.name), "%s", name);
	CHECK(meta_group_insert(tx, &row, &id, &err) == 0);
	return id;
}

static int attach(struct meta_tx *tx, struct meta_holder holder,
		  const char *policy, const char *pattern)
{
	struct err err = ERR_INIT;

	return meta_policy_attach(tx, holder, ACCOUNT, span_of(policy),
				  span_of(pattern), &err);
}

static int print_attachment(void *context,
			    const struct meta_attachment *attachment,
			    struct err *err)
{
	char *all = context;
	size_t used = strlen(all);

	(void)err;
	snprintf(all + used, 512 - used, "%.*s(%.*s)=%.*s%s%.*s\n",
		 SPAN_ARG(attachment->policy), SPAN_ARG(attachment->pattern),
		 SPAN_ARG(attachment->document),
		 attachment->group.len ? " by " : "",
		 SPAN_ARG(attachment->group));
	return 0;
}

static void check_attached(struct meta_tx *tx, struct meta_holder holder,
			   const char *want)
{
	struct err err = ERR_INIT;
	char all[512] = "";

	CHECK(meta_policy_attached(tx, holder, print_attachment, all, &err) ==
	      0);
	CHECK_TEXT(all, want);
}

static void check_effective(struct meta_tx *tx, int64_t principal,
			    const char *want)
{
	struct err err = ERR_INIT;
	char all[512] = "";

	CHECK(meta_policy_effective(tx, principal, print_attachment, all,
				    &err) == 0);
	CHECK_TEXT(all, want);
}

static int attachments(struct meta_tx *tx, void *context, struct err *err)
{
	int64_t user = make_user(tx, "eve");
	int64_t group = make_group(tx, "team");
	struct meta_holder eve = {META_HOLDER_PRINCIPAL, user};
	struct meta_holder team = {META_HOLDER_GROUP, group};
	struct meta_holder nobody = {META_HOLDER_PRINCIPAL, 99};
	struct meta_holder nowhere = {META_HOLDER_GROUP, 99};
	struct err none = ERR_INIT, held = ERR_INIT;

	(void)context;
	CHECK(user == group);
	CHECK(meta_policy_put(tx, ACCOUNT, SPAN_LIT("own"), SPAN_LIT("{1}"),
			      err) == 0);
	CHECK(attach(tx, eve, "own", "b/*") == 1);
	int64_t before = changes(tx);
	CHECK(attach(tx, eve, "own", "b/*") == 0);
	CHECK(changes(tx) == before);
	CHECK(attach(tx, eve, "own", "a/*") == 1);
	CHECK(attach(tx, eve, "administrator", "*") == 1);
	CHECK(attach(tx, team, "own", "c/*") == 1);
	CHECK(changes(tx) == before + 3);
	check_attached(tx, eve,
		       "administrator(*)=\nown(a/*)={1}\nown(b/*)={1}\n");
	check_attached(tx, team, "own(c/*)={1}\n");
	CHECK(meta_policy_attach(tx, nobody, ACCOUNT, SPAN_LIT("own"),
				 SPAN_LIT("*"), &none) == -1);
	CHECK(none.code == ERR_NOT_FOUND);
	err_clear(&none);
	CHECK(meta_policy_attach(tx, nowhere, ACCOUNT, SPAN_LIT("own"),
				 SPAN_LIT("*"), &none) == -1);
	CHECK(none.code == ERR_NOT_FOUND);

	CHECK(meta_policy_delete(tx, ACCOUNT, SPAN_LIT("own"), &held) == -1);
	CHECK(held.code == ERR_CONFLICT);
	CHECK(meta_policy_detach(tx, eve, SPAN_LIT("own"), SPAN_LIT("a/*"),
				 err) == 1);
	CHECK(meta_policy_detach(tx, eve, SPAN_LIT("own"), SPAN_LIT("a/*"),
				 err) == 0);
	check_attached(tx, eve, "administrator(*)=\nown(b/*)={1}\n");
	CHECK(meta_policy_detach(tx, eve, SPAN_LIT("own"), SPAN_LIT("b/*"),
				 err) == 1);
	CHECK(meta_policy_detach(tx, team, SPAN_LIT("own"), SPAN_LIT("c/*"),
				 err) == 1);
	CHECK(meta_policy_delete(tx, ACCOUNT, SPAN_LIT("own"), err) == 1);
	return 0;
}

/* A document is its account's: another's of that name does not count. */
static int effective(struct meta_tx *tx, void *context, struct err *err)
{
	int64_t eve = make_user(tx, "eve");
	int64_t bob = make_user(tx, "bob");
	int64_t team = make_group(tx, "team");
	int64_t ops = make_group(tx, "ops");
	struct meta_holder own = {META_HOLDER_PRINCIPAL, eve};
	struct meta_holder by_team = {META_HOLDER_GROUP, team};
	struct meta_holder by_ops = {META_HOLDER_GROUP, ops};

	(void)context;
	CHECK(meta_policy_put(tx, ACCOUNT, SPAN_LIT("p"), SPAN_LIT("{p}"),
			      err) == 0);
	CHECK(meta_policy_put(tx, OTHER, SPAN_LIT("q"), SPAN_LIT("{q}"), err) ==
	      0);
	CHECK(meta_group_add(tx, team, eve, err) == 1);
	CHECK(meta_group_add(tx, ops, bob, err) == 1);
	check_effective(tx, eve, "");
	CHECK(attach(tx, own, "q", "*") == 1);
	CHECK(attach(tx, by_team, "p", "x/*") == 1);
	CHECK(attach(tx, by_team, "read-only", "*") == 1);
	CHECK(attach(tx, by_ops, "administrator", "*") == 1);
	check_effective(tx, eve,
			"q(*)=\np(x/*)={p} by team\nread-only(*)= by team\n");
	check_effective(tx, bob, "administrator(*)= by ops\n");
	CHECK(meta_group_remove(tx, team, eve, err) == 1);
	check_effective(tx, eve, "q(*)=\n");
	return 0;
}

static int add_name(void *context, struct span name, struct err *err)
{
	char *all = context;
	size_t used = strlen(all);

	(void)err;
	snprintf(all + used, 256 - used, "%.*s ", SPAN_ARG(name));
	return 0;
}

static int pages(struct meta_tx *tx, void *context, struct err *err)
{
	static const char *const names[] = {"b", "a", "B"};
	char all[256] = "";
	bool more = false;

	(void)context;
	for (size_t i = 0; i < 3; i++)
		CHECK(meta_policy_put(tx, ACCOUNT, span_of(names[i]),
				      SPAN_LIT("{}"), err) == 0);
	CHECK(meta_policy_put(tx, OTHER, SPAN_LIT("c"), SPAN_LIT("{}"), err) ==
	      0);
	CHECK(meta_policy_page(tx, ACCOUNT, span_of(""), 2, add_name, all,
			       &more, err) == 0);
	CHECK_TEXT(all, "B a ");
	CHECK(more);
	CHECK(meta_policy_page(tx, ACCOUNT, SPAN_LIT("a"), 2, add_name, all,
			       &more, err) == 0);
	CHECK_TEXT(all, "B a b ");
	CHECK(!more);
	return 0;
}

/* Set, replace, remove: what was there is told, and the rest is left alone. */
static int of_repositories(struct meta_tx *tx, void *context, struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(1024);
	int64_t before = changes(tx);

	(void)context;
	CHECK(meta_repository_policy(tx, 1, &text, err) == 0);
	CHECK(meta_repository_set_policy(tx, 1, span_of(""), err) == 0);
	CHECK(changes(tx) == before);
	CHECK(meta_repository_set_policy(tx, 1, SPAN_LIT("{1}"), err) == 0);
	CHECK(meta_repository_set_policy(tx, 2, SPAN_LIT("{2}"), err) == 0);
	CHECK(meta_repository_set_policy(tx, 1, SPAN_LIT("{3}"), err) == 1);
	CHECK(changes(tx) == before + 3);
	CHECK(meta_repository_policy(tx, 1, &text, err) == 1);
	CHECK_TEXT(buf_text(&text), "{3}");
	CHECK(meta_repository_set_policy(tx, 1, span_of(""), err) == 1);
	CHECK(changes(tx) == before + 4);
	CHECK(meta_repository_policy(tx, 1, &text, err) == 0);
	CHECK(meta_repository_policy(tx, 2, &text, err) == 1);
	CHECK_TEXT(buf_text(&text), "{3}{2}");
	return 0;
}

static int of_the_registry(struct meta_tx *tx, void *context, struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(1024);
	struct meta_scope here = meta_fixture_scope;
	struct meta_scope there = {.account = ACCOUNT,
				   .region = SPAN_LIT("other")};

	(void)context;
	CHECK(meta_registry_policy(tx, here, &text, err) == 0);
	CHECK(meta_registry_set_policy(tx, here, SPAN_LIT("{1}"), err) == 0);
	CHECK(meta_registry_set_policy(tx, there, SPAN_LIT("{2}"), err) == 0);
	int64_t before = changes(tx);
	CHECK(meta_registry_set_policy(tx, here, SPAN_LIT("{3}"), err) == 1);
	CHECK(changes(tx) > before);
	CHECK(meta_registry_policy(tx, here, &text, err) == 1);
	CHECK_TEXT(buf_text(&text), "{3}");
	CHECK(meta_registry_set_policy(tx, here, span_of(""), err) == 1);
	CHECK(meta_registry_set_policy(tx, here, span_of(""), err) == 0);
	CHECK(meta_registry_policy(tx, here, &text, err) == 0);
	CHECK(meta_registry_policy(tx, there, &text, err) == 1);
	CHECK_TEXT(buf_text(&text), "{3}{2}");
	return 0;
}

/* A document that does not fit is an error, not a part of one. */
static int too_long(struct meta_tx *tx, void *context, struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(3);
	struct err own = ERR_INIT;

	(void)context;
	CHECK(meta_policy_put(tx, ACCOUNT, SPAN_LIT("p"), SPAN_LIT("{long}"),
			      err) == 0);
	CHECK(meta_policy_find(tx, ACCOUNT, SPAN_LIT("p"), &text, &own) == -1);
	CHECK(own.code == ERR_TOO_LARGE);
	return 0;
}

#define TEST(work)                                                             \
	static void test_##work(void)                                          \
	{                                                                      \
		struct meta *meta = meta_fixture_open();                       \
                                                                               \
		meta_fixture_write(meta, work, NULL);                          \
		meta_close(meta);                                              \
	}

TEST(documents)
TEST(attachments)
TEST(effective)
TEST(pages)
TEST(of_repositories)
TEST(of_the_registry)
TEST(too_long)

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_documents),
		CHECK_CASE(test_attachments),
		CHECK_CASE(test_effective),
		CHECK_CASE(test_pages),
		CHECK_CASE(test_of_repositories),
		CHECK_CASE(test_of_the_registry),
		CHECK_CASE(test_too_long),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
