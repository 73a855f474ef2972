/* SPDX-License-Identifier: Apache-2.0 */
/* Principals and groups, and the audit log's part in each change. */
#include "auth/identity.h"

#include <stdio.h>
#include <string.h>

#include "auth/identity_policies.h"
#include "auth/token.h"
#include "base/err.h"
#include "storage/meta_policies.h"
#include "tests/lib/identity_fixture.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

#define ID &identity_fixture
#define BY &identity_fixture_by
#define ACCOUNT meta_fixture_scope.account

static struct meta_principal find(struct identity_who who)
{
	struct meta_tx *tx = meta_fixture_read(identity_fixture.meta);
	struct meta_principal row = {.id = 0};
	struct err err = ERR_INIT;

	if (identity_find(tx, ACCOUNT, who, &row, &err) < 0)
		CHECK(err.code == ERR_NOT_FOUND);
	meta_read_end(tx);
	return row;
}

static void must_fail(int rc, struct err *err, enum err_code code)
{
	if (rc != -1 || err->code != code)
		fprintf(stderr, "rc %d, code %s: %s\n", rc,
			err_code_name(err->code), err->text);
	CHECK(rc == -1 && err->code == code);
	CHECK(err_for_client(err)[0] != '\0');
	err_clear(err);
}

static void must(int rc, struct err *err)
{
	if (rc != 0)
		fprintf(stderr, "%s: %s\n", err_code_name(err->code),
			err->text);
	CHECK(rc == 0);
}

/* ---- each change ---- */

static void check_entry(const struct identity_fixture_change *change)
{
	struct err err = ERR_INIT;
	char output[FIXTURE_OUTPUT_SIZE];

	identity_fixture_open(NULL);
	int64_t before = identity_fixture_entries();
	must(change->run(output, &err), &err);
	CHECK(identity_fixture_entries() ==
	      before + 1 + (strcmp(change->name, "key_rotate") == 0));
	CHECK(strstr(identity_fixture_entry(), " by admin on "));
	CHECK(identity_fixture_changed() == 1);
	identity_fixture_close();
}

/* Cases of their own: a case has one database. */
#define IDENTITY_CHANGE(change)                                                \
	static void test_##change##_has_one_entry_and_is_told(void)            \
	{                                                                      \
		check_entry(identity_fixture_find(#change));                   \
	}
#include "tests/lib/identity_changes.def"
#undef IDENTITY_CHANGE

/* ---- principals ---- */

static int create(struct identity_who who, struct err *err)
{
	struct identity_wish wish = {.who = who, .session_max_s = 3600};
	struct token_secret token;

	return identity_create(ID, BY, &wish, &token, err);
}

static void test_names_are_checked(void)
{
	static const char *const bad[] = {"",	  " ",	  "a b",      "a/b",
					  "a\"b", "a\nb", "\xc3\xa4", "a:b",
					  "a*",	  ".",	  ".."};
	struct err err = ERR_INIT;
	char name[200];

	identity_fixture_open(NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct identity_who who = {.kind = IDENTITY_USER,
					   .name = span_of(bad[i])};

		must_fail(create(who, &err), &err, ERR_INVALID);
	}
	memset(name, 'a', sizeof(name));
	struct identity_who who = {.kind = IDENTITY_USER,
				   .name = span_make(name, 65)};
	must_fail(create(who, &err), &err, ERR_INVALID);
	who.name.len = 64;
	must(create(who, &err), &err);
	name[20] = '@';
	who.name.len = 129;
	must_fail(create(who, &err), &err, ERR_INVALID);
	who.kind = IDENTITY_ROBOT;
	who.name.len = 128;
	must_fail(create(who, &err), &err, ERR_INVALID);
	who.kind = IDENTITY_USER;
	must(create(who, &err), &err);
	must(create(FIXTURE_USER("A-z0.9+=,@_"), &err), &err);
	identity_fixture_close();
}

static void test_a_name_is_taken_once_in_any_case_over_all_kinds(void)
{
	static const char *const taken[] = {
		"admin", "eve",	      "robot",	   "role", "Admin", "EVE",
		"Robot", "anonymous", "ANONYMOUS", "AWS",  "aws"};
	static const enum identity_kind kinds[] = {
		IDENTITY_USER, IDENTITY_ROBOT, IDENTITY_ROLE};
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		for (size_t k = 0; k < 3; k++) {
			struct identity_who who = {.kind = kinds[k],
						   .name = span_of(taken[i])};

			must_fail(create(who, &err), &err, ERR_EXISTS);
		}
	must_fail(identity_group_create(ID, BY, SPAN_LIT("team"), SPAN_LIT(""),
					&err),
		  &err, ERR_EXISTS);
	must_fail(identity_group_create(ID, BY, SPAN_LIT("Team"), SPAN_LIT(""),
					&err),
		  &err, ERR_EXISTS);
	/* Groups are named apart. */
	must(identity_group_create(ID, BY, SPAN_LIT("eve"), SPAN_LIT(""), &err),
	     &err);
	identity_fixture_close();
}

static void test_descriptions_are_checked(void)
{
	struct identity_wish wish = {.who = FIXTURE_USER("new")};
	struct err err = ERR_INIT;
	char text[300];

	identity_fixture_open(NULL);
	memset(text, 'a', sizeof(text));
	wish.description = span_make(text, 257);
	must_fail(identity_create(ID, BY, &wish, NULL, &err), &err,
		  ERR_INVALID);
	wish.description = SPAN_LIT("a\nb");
	must_fail(identity_create(ID, BY, &wish, NULL, &err), &err,
		  ERR_INVALID);
	wish.description = SPAN_LIT("a\xff");
	must_fail(identity_create(ID, BY, &wish, NULL, &err), &err,
		  ERR_INVALID);
	wish.description = span_make(text, 256);
	must(identity_create(ID, BY, &wish, NULL, &err), &err);
	CHECK(strlen(find(FIXTURE_USER("new")).description) == 256);
	identity_fixture_close();
}

static void test_a_kind_is_part_of_who(void)
{
	struct identity_patch patch = {.description = NULL};
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	must_fail(identity_delete(ID, BY, FIXTURE_ROBOT("eve"), &err), &err,
		  ERR_NOT_FOUND);
	must_fail(identity_delete(ID, BY, FIXTURE_USER("robot"), &err), &err,
		  ERR_NOT_FOUND);
	must_fail(identity_update(ID, BY, FIXTURE_ROLE("eve"), &patch, &err),
		  &err, ERR_NOT_FOUND);
	must_fail(identity_delete(ID, BY, FIXTURE_GROUP("eve"), &err), &err,
		  ERR_NOT_FOUND);
	CHECK(find(FIXTURE_USER("eve")).id != 0);
	identity_fixture_close();
}

static void test_a_robot_comes_with_a_token_that_ends_with_it(void)
{
	struct identity_grant grants[] = {
		{SPAN_LIT("push-pull"), SPAN_LIT("team/*")},
		{SPAN_LIT("stored"), SPAN_LIT("*")}};
	struct identity_wish wish = {.who = FIXTURE_ROBOT("ci"),
				     .life_s = 60,
				     .grants = grants,
				     .grant_count = 2};
	struct token_secret secret = {.id = ""};
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	must(identity_create(ID, BY, &wish, &secret, &err), &err);
	struct meta_principal robot = find(FIXTURE_ROBOT("ci"));
	CHECK(robot.expires_ms == meta_fixture_ms + 60000);
	CHECK(strncmp(secret.text, TOKEN_API_PREFIX, 4) == 0);
	CHECK(!strstr(identity_fixture_entry(), secret.text));
	CHECK(strstr(identity_fixture_entry(),
		     "{\"policy\":\"push-pull\",\"pattern\":\"team/*\"}"));
	identity_fixture_close();
}

static void test_a_robot_with_a_policy_that_is_not_there_is_not_made(void)
{
	struct identity_grant grants[] = {
		{SPAN_LIT("pull-only"), SPAN_LIT("*")},
		{SPAN_LIT("nothing"), SPAN_LIT("*")}};
	struct identity_wish wish = {
		.who = FIXTURE_ROBOT("ci"), .grants = grants, .grant_count = 2};
	struct token_secret secret = {.id = ""};
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	must_fail(identity_create(ID, BY, &wish, &secret, &err), &err,
		  ERR_NOT_FOUND);
	CHECK(find(FIXTURE_ROBOT("ci")).id == 0);
	CHECK(secret.text[0] == '\0');
	wish.life_s = -1;
	wish.grant_count = 0;
	must_fail(identity_create(ID, BY, &wish, &secret, &err), &err,
		  ERR_INVALID);
	identity_fixture_close();
}

static void test_a_role_has_bounds(void)
{
	struct identity_wish wish = {.who = FIXTURE_ROLE("new")};
	int64_t session = 43201;
	struct identity_patch patch = {.session_max_s = &session};
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	wish.session_max_s = 899;
	must_fail(identity_create(ID, BY, &wish, NULL, &err), &err,
		  ERR_INVALID);
	must_fail(identity_update(ID, BY, FIXTURE_ROLE("role"), &patch, &err),
		  &err, ERR_INVALID);
	session = 43200;
	must(identity_update(ID, BY, FIXTURE_ROLE("role"), &patch, &err), &err);
	CHECK(find(FIXTURE_ROLE("role")).session_max_s == 43200);
	wish.session_max_s = 900;
	wish.trust = SPAN_LIT(FIXTURE_POLICY);
	must_fail(identity_create(ID, BY, &wish, NULL, &err), &err,
		  ERR_INVALID);
	CHECK(find(FIXTURE_ROLE("new")).id == 0);
	identity_fixture_close();
}

static void test_an_update_tells_before_and_after(void)
{
	struct span description = SPAN_LIT("said \"so\"");
	int64_t life = 5;
	struct identity_patch patch = {.description = &description,
				       .life_s = &life};
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	must(identity_update(ID, BY, FIXTURE_ROBOT("robot"), &patch, &err),
	     &err);
	CHECK(strstr(identity_fixture_entry(),
		     "{\"before\":{\"description\":\"\",\"disabled\":false,"
		     "\"expires_ms\":0},\"after\":{\"description\":"
		     "\"said \\\"so\\\"\",\"disabled\":false,\"expires_ms\":"));
	life = 0;
	must(identity_update(ID, BY, FIXTURE_ROBOT("robot"), &patch, &err),
	     &err);
	CHECK(find(FIXTURE_ROBOT("robot")).expires_ms == 0);
	identity_fixture_close();
}

/* ---- groups ---- */

static void test_members_are_users_and_robots(void)
{
	struct span team = SPAN_LIT("team");
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	must_fail(identity_group_add(ID, BY, team, SPAN_LIT("role"), &err),
		  &err, ERR_NOT_FOUND);
	must_fail(identity_group_add(ID, BY, team, SPAN_LIT("nobody"), &err),
		  &err, ERR_NOT_FOUND);
	must_fail(identity_group_add(ID, BY, SPAN_LIT("no"), SPAN_LIT("eve"),
				     &err),
		  &err, ERR_NOT_FOUND);
	must_fail(identity_group_remove(ID, BY, team, SPAN_LIT("eve"), &err),
		  &err, ERR_NOT_FOUND);
	int64_t entries = identity_fixture_entries();
	must(identity_group_add(ID, BY, team, SPAN_LIT("robot"), &err), &err);
	CHECK(identity_fixture_entries() == entries);
	must(identity_group_add(ID, BY, team, SPAN_LIT("eve"), &err), &err);
	CHECK(strstr(identity_fixture_entry(), "{\"member\":\"eve\"}"));
	identity_fixture_close();
}

/* ---- the last administrator ---- */

static const struct identity_grant administrator = {
	.policy = {.text = "administrator", .len = 13},
	.pattern = {.text = "*", .len = 1}};

static int disable(struct identity_who who, struct err *err)
{
	bool disabled = true;
	struct identity_patch patch = {.disabled = &disabled};

	return identity_update(ID, BY, who, &patch, err);
}

static void test_the_last_administrator_stays(void)
{
	struct identity_who admin = FIXTURE_USER("admin");
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	must_fail(disable(admin, &err), &err, ERR_CONFLICT);
	must_fail(identity_delete(ID, BY, admin, &err), &err, ERR_CONFLICT);
	must_fail(identity_detach(ID, BY, admin, &administrator, &err), &err,
		  ERR_CONFLICT);
	/* A robot, a role, and a user who is disabled are no administrators. */
	must(identity_attach(ID, BY, FIXTURE_ROBOT("robot"), &administrator,
			     &err),
	     &err);
	must(identity_attach(ID, BY, FIXTURE_ROLE("role"), &administrator,
			     &err),
	     &err);
	must(disable(FIXTURE_USER("eve"), &err), &err);
	must(identity_attach(ID, BY, FIXTURE_USER("eve"), &administrator, &err),
	     &err);
	must_fail(disable(admin, &err), &err, ERR_CONFLICT);
	must_fail(identity_delete(ID, BY, admin, &err), &err, ERR_CONFLICT);
	CHECK(!find(admin).disabled);
	identity_fixture_close();
}

static void test_another_administrator_lets_the_first_go(void)
{
	struct identity_who admin = FIXTURE_USER("admin");
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	must(identity_attach(ID, BY, FIXTURE_USER("eve"), &administrator, &err),
	     &err);
	must(disable(admin, &err), &err);
	must_fail(identity_delete(ID, BY, FIXTURE_USER("eve"), &err), &err,
		  ERR_CONFLICT);
	must(identity_delete(ID, BY, admin, &err), &err);
	must_fail(identity_detach(ID, BY, FIXTURE_USER("eve"), &administrator,
				  &err),
		  &err, ERR_CONFLICT);
	identity_fixture_close();
}

static void test_a_group_of_administrators_is_not_emptied(void)
{
	struct identity_who admin = FIXTURE_USER("admin");
	struct identity_who group = FIXTURE_GROUP("team");
	struct span team = SPAN_LIT("team");
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	must(identity_attach(ID, BY, group, &administrator, &err), &err);
	must(identity_group_add(ID, BY, team, SPAN_LIT("eve"), &err), &err);
	must(identity_detach(ID, BY, admin, &administrator, &err), &err);
	must_fail(identity_group_remove(ID, BY, team, SPAN_LIT("eve"), &err),
		  &err, ERR_CONFLICT);
	must_fail(identity_detach(ID, BY, group, &administrator, &err), &err,
		  ERR_CONFLICT);
	must_fail(identity_delete(ID, BY, group, &err), &err, ERR_CONFLICT);
	must_fail(disable(FIXTURE_USER("eve"), &err), &err, ERR_CONFLICT);
	must(identity_group_add(ID, BY, team, SPAN_LIT("admin"), &err), &err);
	must(identity_group_remove(ID, BY, team, SPAN_LIT("eve"), &err), &err);
	identity_fixture_close();
}

/* More users than are looked at in one go. */
static void test_an_administrator_is_found_among_many(void)
{
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	for (int i = 0; i < 150; i++) {
		char name[32];
		struct identity_who who = {.kind = IDENTITY_USER};

		snprintf(name, sizeof(name), "user-%03d", i);
		who.name = span_of(name);
		must(create(who, &err), &err);
	}
	must(create(FIXTURE_USER("zoe"), &err), &err);
	must(identity_attach(ID, BY, FIXTURE_USER("zoe"), &administrator, &err),
	     &err);
	must(identity_delete(ID, BY, FIXTURE_USER("admin"), &err), &err);
	must_fail(identity_delete(ID, BY, FIXTURE_USER("zoe"), &err), &err,
		  ERR_CONFLICT);
	identity_fixture_close();
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
#define IDENTITY_CHANGE(change)                                                \
	CHECK_CASE(test_##change##_has_one_entry_and_is_told),
#include "tests/lib/identity_changes.def"
#undef IDENTITY_CHANGE
		CHECK_CASE(test_names_are_checked),
		CHECK_CASE(
			test_a_name_is_taken_once_in_any_case_over_all_kinds),
		CHECK_CASE(test_descriptions_are_checked),
		CHECK_CASE(test_a_kind_is_part_of_who),
		CHECK_CASE(test_a_robot_comes_with_a_token_that_ends_with_it),
		CHECK_CASE(
			test_a_robot_with_a_policy_that_is_not_there_is_not_made),
		CHECK_CASE(test_a_role_has_bounds),
		CHECK_CASE(test_an_update_tells_before_and_after),
		CHECK_CASE(test_members_are_users_and_robots),
		CHECK_CASE(test_the_last_administrator_stays),
		CHECK_CASE(test_another_administrator_lets_the_first_go),
		CHECK_CASE(test_a_group_of_administrators_is_not_emptied),
		CHECK_CASE(test_an_administrator_is_found_among_many),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
