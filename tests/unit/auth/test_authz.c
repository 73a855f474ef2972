/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/authz.h"

#include <string.h>

#include "base/err.h"
#include "tests/lib/check.h"

static enum err_code check(const struct authz *authz,
			   const struct principal *principal,
			   enum action action)
{
	struct err err = ERR_INIT;
	int rc = authz_check(authz, principal, action, SPAN_LIT("r"), &err);

	CHECK((rc == 0) == (err.code == ERR_NONE));
	return err.code;
}

/* Every action by everybody: '+' allowed, 'l' log in first, '-' denied, in the
 * order of enum action. */
static void test_the_whole_table(void)
{
	static const struct {
		enum anonymous_access access;
		struct principal principal;
		const char *want;
	} rows[] = {
		{ANONYMOUS_NONE, {.kind = PRINCIPAL_NONE}, "l+llllll"},
		{ANONYMOUS_NONE, {.kind = PRINCIPAL_ANONYMOUS}, "l+llllll"},
		{ANONYMOUS_PULL, {.kind = PRINCIPAL_ANONYMOUS}, "l+++ll+l"},
		{ANONYMOUS_FULL, {.kind = PRINCIPAL_ANONYMOUS}, "l++++++l"},
		{ANONYMOUS_NONE, {.kind = PRINCIPAL_USER}, "-+------"},
		{ANONYMOUS_PULL, {.kind = PRINCIPAL_USER}, "-+++--+-"},
		{ANONYMOUS_FULL, {.kind = PRINCIPAL_USER}, "-++++++-"},
		{ANONYMOUS_NONE,
		 {.kind = PRINCIPAL_USER, .administrator = true},
		 "-+++++++"},
		/* A flag without a user is worth nothing. */
		{ANONYMOUS_NONE,
		 {.kind = PRINCIPAL_ANONYMOUS, .administrator = true},
		 "l+llllll"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct authz authz = {.anonymous = rows[i].access};
		char got[ACTION_COUNT + 1] = "";

		for (int action = 0; action < ACTION_COUNT; action++) {
			enum err_code code = check(&authz, &rows[i].principal,
						   (enum action)action);

			CHECK(code == ERR_NONE || code == ERR_DENIED ||
			      code == ERR_UNAUTHENTICATED);
			got[action] = code == ERR_NONE	   ? '+'
				      : code == ERR_DENIED ? '-'
							   : 'l';
		}
		CHECK_TEXT(got, rows[i].want);
	}
}

static void test_metrics_are_for_those_nearby(void)
{
	struct authz closed = {.anonymous = ANONYMOUS_FULL};
	struct authz open = {.public_metrics = true};
	struct principal far = {.kind = PRINCIPAL_ANONYMOUS};
	struct principal near = {.kind = PRINCIPAL_ANONYMOUS, .local = true};

	CHECK(check(&closed, &far, ACTION_METRICS) == ERR_UNAUTHENTICATED);
	CHECK(check(&closed, &near, ACTION_METRICS) == ERR_NONE);
	CHECK(check(&open, &far, ACTION_METRICS) == ERR_NONE);
	CHECK(check(&open, &near, ACTION_PULL) == ERR_UNAUTHENTICATED);
}

static void test_every_action_has_a_name(void)
{
	for (int i = 0; i < ACTION_COUNT; i++)
		for (int k = 0; k < i; k++)
			CHECK(strcmp(action_name((enum action)i),
				     action_name((enum action)k)) != 0);
	CHECK_TEXT(action_name(ACTION_COUNT), "unset");
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_the_whole_table),
		CHECK_CASE(test_metrics_are_for_those_nearby),
		CHECK_CASE(test_every_action_has_a_name),
	};

	return CHECK_RUN(argc, argv, cases);
}
