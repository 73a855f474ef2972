/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_groups.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "storage/meta_policies.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

#define ACCOUNT "000000000000"
#define OTHER "111111111111"

static int64_t make_group(struct meta_tx *tx, const char *account,
			  const char *name)
{
	struct meta_group group = {.description = "people"};
	struct err err = ERR_INIT;
	int64_t id = 0;

	snprintf(group.account, sizeof(group.account), "%s", account);
	snprintf(group.name, sizeof(group.name), "%s", name);
	CHECK(meta_group_insert(tx, &group, &id, &err) == 0);
	return id;
}

static int64_t make_principal(struct meta_tx *tx, const char *account,
			      enum meta_principal_kind kind, const char *name)
{
	struct meta_principal row = {.kind = kind};
	struct err err = ERR_INIT;
	int64_t id = 0;

	snprintf(row.account, sizeof(row.account), "%s", account);
	snprintf(row.name, sizeof(row.name), "%s", name);
	CHECK(meta_principal_insert(tx, &row, &id, &err) == 0);
	return id;
}

static int rows(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_group again = {.account = ACCOUNT, .name = "team"};
	struct meta_group got = {.id = -1};
	struct err taken = ERR_INIT, none = ERR_INIT;
	struct span name = SPAN_LIT("team");
	int64_t id = -7;

	(void)context;
	CHECK(meta_group_find(tx, SPAN_LIT(ACCOUNT), name, &got, err) == 0);
	CHECK(got.id == -1);
	int64_t first = make_group(tx, ACCOUNT, "team");
	CHECK(meta_group_insert(tx, &again, &id, &taken) == -1);
	CHECK(taken.code == ERR_EXISTS && id == -7);
	CHECK(make_group(tx, OTHER, "team") != first);
	CHECK(meta_group_find(tx, SPAN_LIT(ACCOUNT), name, &got, err) == 1);
	CHECK(got.id == first && got.created_ms == meta_fixture_ms);
	CHECK_TEXT(got.account, ACCOUNT);
	CHECK_TEXT(got.name, "team");
	CHECK_TEXT(got.description, "people");
	snprintf(got.description, sizeof(got.description), "others");
	CHECK(meta_group_update(tx, &got, err) == 0);
	CHECK(meta_group_find(tx, SPAN_LIT(ACCOUNT), name, &again, err) == 1);
	CHECK_TEXT(again.description, "others");

	CHECK(meta_group_delete(tx, first, err) == 0);
	CHECK(meta_group_find(tx, SPAN_LIT(ACCOUNT), name, &got, err) == 0);
	CHECK(meta_group_delete(tx, first, &none) == -1);
	CHECK(none.code == ERR_NOT_FOUND);
	err_clear(&none);
	CHECK(meta_group_update(tx, &got, &none) == -1);
	CHECK(none.code == ERR_NOT_FOUND);
	CHECK(make_group(tx, ACCOUNT, "team") > first);
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

static int add_group(void *context, const struct meta_group *group,
		     struct err *err)
{
	return add_name(context, span_of(group->name), err);
}

static void check_members(struct meta_tx *tx, int64_t group, const char *after,
			  size_t limit, const char *want, bool want_more)
{
	struct err err = ERR_INIT;
	char all[256] = "";
	bool more = !want_more;

	CHECK(meta_group_members(tx, group, span_of(after), limit, add_name,
				 all, &more, &err) == 0);
	CHECK_TEXT(all, want);
	CHECK(more == want_more);
}

static void check_groups_of(struct meta_tx *tx, int64_t principal,
			    const char *want)
{
	struct err err = ERR_INIT;
	char all[256] = "";

	CHECK(meta_group_of(tx, principal, add_name, all, &err) == 0);
	CHECK_TEXT(all, want);
}

static enum err_code add_code(struct meta_tx *tx, int64_t group,
			      int64_t principal)
{
	struct err err = ERR_INIT;

	CHECK(meta_group_add(tx, group, principal, &err) == -1);
	return err.code;
}

static int members(struct meta_tx *tx, void *context, struct err *err)
{
	int64_t team = make_group(tx, ACCOUNT, "team");
	int64_t admins = make_group(tx, ACCOUNT, "admins");
	int64_t eve = make_principal(tx, ACCOUNT, META_USER, "eve");
	int64_t ci = make_principal(tx, ACCOUNT, META_ROBOT, "ci");
	int64_t upper = make_principal(tx, ACCOUNT, META_USER, "Z");
	int64_t role = make_principal(tx, ACCOUNT, META_ROLE, "deploy");
	int64_t foreign = make_principal(tx, OTHER, META_USER, "eve");

	(void)context;
	CHECK(meta_group_add(tx, team, eve, err) == 1);
	CHECK(meta_group_add(tx, team, eve, err) == 0);
	CHECK(meta_group_add(tx, team, ci, err) == 1);
	CHECK(meta_group_add(tx, team, upper, err) == 1);
	CHECK(meta_group_add(tx, admins, eve, err) == 1);
	CHECK(add_code(tx, team, role) == ERR_NOT_FOUND);
	CHECK(add_code(tx, team, foreign) == ERR_NOT_FOUND);
	CHECK(add_code(tx, team, 99) == ERR_NOT_FOUND);
	CHECK(add_code(tx, 99, eve) == ERR_NOT_FOUND);
	check_members(tx, team, "", 10, "Z ci eve ", false);
	check_members(tx, team, "", 2, "Z ci ", true);
	check_members(tx, team, "ci", 2, "eve ", false);
	check_members(tx, admins, "", 2, "eve ", false);
	check_groups_of(tx, eve, "admins team ");
	check_groups_of(tx, ci, "team ");
	CHECK(meta_group_remove(tx, team, ci, err) == 1);
	CHECK(meta_group_remove(tx, team, ci, err) == 0);
	check_groups_of(tx, ci, "");

	/* A group that goes takes its memberships along, and what it held. */
	struct meta_holder holder = {META_HOLDER_GROUP, team};
	CHECK(meta_policy_put(tx, SPAN_LIT(ACCOUNT), SPAN_LIT("p"),
			      SPAN_LIT("{}"), err) == 0);
	CHECK(meta_policy_attach(tx, holder, SPAN_LIT(ACCOUNT), SPAN_LIT("p"),
				 SPAN_LIT("*"), err) == 1);
	CHECK(meta_group_delete(tx, team, err) == 0);
	check_members(tx, team, "", 10, "", false);
	check_groups_of(tx, eve, "admins ");
	CHECK(meta_policy_delete(tx, SPAN_LIT(ACCOUNT), SPAN_LIT("p"), err) ==
	      1);
	return 0;
}

static int pages(struct meta_tx *tx, void *context, struct err *err)
{
	char all[256] = "";
	bool more = false;

	(void)context;
	make_group(tx, ACCOUNT, "b");
	make_group(tx, ACCOUNT, "a");
	make_group(tx, ACCOUNT, "C");
	make_group(tx, OTHER, "c");
	CHECK(meta_group_page(tx, SPAN_LIT(ACCOUNT), span_of(""), 2, add_group,
			      all, &more, err) == 0);
	CHECK_TEXT(all, "C a ");
	CHECK(more);
	CHECK(meta_group_page(tx, SPAN_LIT(ACCOUNT), SPAN_LIT("a"), 2,
			      add_group, all, &more, err) == 0);
	CHECK_TEXT(all, "C a b ");
	CHECK(!more);
	return 0;
}

static void run(meta_work_fn *work)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_write(meta, work, NULL);
	meta_close(meta);
}

static void test_rows(void)
{
	run(rows);
}

static void test_members(void)
{
	run(members);
}

static void test_pages(void)
{
	run(pages);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_rows),
		CHECK_CASE(test_members),
		CHECK_CASE(test_pages),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
