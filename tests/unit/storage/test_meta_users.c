/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_users.h"

#include <string.h>

#include "base/err.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

#define SCOPE meta_fixture_scope

static const struct meta_scope other_scope = {
	.account = {.text = "111111111111", .len = 12},
	.region = {.text = "local", .len = 5},
};

static int users_are_their_accounts(struct meta_tx *tx, void *context,
				    struct err *err)
{
	struct meta_user eve = {.password_hash = "hash", .administrator = true};
	struct meta_user bob = {.password_hash = "", .disabled = true};
	struct meta_user got = {.id = -1};
	struct err taken = ERR_INIT;

	(void)context;
	CHECK(meta_user_find(tx, SCOPE.account, SPAN_LIT("eve"), &got, err) ==
	      0);
	CHECK(got.id == -1);
	CHECK(meta_user_insert(tx, SCOPE.account, SPAN_LIT("eve"), &eve, err) ==
	      0);
	CHECK(meta_user_insert(tx, other_scope.account, SPAN_LIT("eve"), &bob,
			       err) == 0);
	CHECK(meta_user_insert(tx, SCOPE.account, SPAN_LIT("eve"), &bob,
			       &taken) == -1);
	CHECK(taken.code == ERR_EXISTS);

	CHECK(meta_user_find(tx, SCOPE.account, SPAN_LIT("eve"), &got, err) ==
	      1);
	CHECK(got.id > 0 && got.administrator && !got.disabled);
	CHECK_TEXT(got.password_hash, "hash");
	struct meta_user other;
	CHECK(meta_user_find(tx, other_scope.account, SPAN_LIT("eve"), &other,
			     err) == 1);
	CHECK(other.id != got.id && !other.administrator && other.disabled);
	CHECK_TEXT(other.password_hash, "");
	return 0;
}

static int a_password_changes(struct meta_tx *tx, void *context,
			      struct err *err)
{
	struct meta_user user = {.password_hash = "first"};
	char longest[META_USER_HASH_SIZE];
	struct err own = ERR_INIT;

	(void)context;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = 0;
	CHECK(meta_user_insert(tx, SCOPE.account, SPAN_LIT("eve"), &user,
			       err) == 0);
	CHECK(meta_user_find(tx, SCOPE.account, SPAN_LIT("eve"), &user, err) ==
	      1);
	CHECK(meta_user_set_password(tx, user.id, longest, err) == 0);
	CHECK(meta_user_find(tx, SCOPE.account, SPAN_LIT("eve"), &user, err) ==
	      1);
	CHECK_TEXT(user.password_hash, longest);
	CHECK(meta_user_set_password(tx, 99, "x", &own) == -1);
	CHECK(own.code == ERR_NOT_FOUND);
	return 0;
}

static void test_users_are_their_accounts(void)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_write(meta, users_are_their_accounts, NULL);
	meta_close(meta);
}

static void test_a_password_changes(void)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_write(meta, a_password_changes, NULL);
	meta_close(meta);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_users_are_their_accounts),
		CHECK_CASE(test_a_password_changes),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
