/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/action.h"

#include <string.h>

#include "tests/lib/check.h"

static void test_every_action_has_a_name_of_its_own(void)
{
	for (int i = 0; i < ACTION_COUNT; i++)
		for (int k = 0; k < i; k++)
			CHECK(strcmp(action_name((enum action)i),
				     action_name((enum action)k)) != 0);
	CHECK_TEXT(action_name(ACTION_COUNT), "unset");
}

static void test_an_action_is_found_by_its_name_in_any_case(void)
{
	CHECK(action_find(SPAN_LIT("ecr:PutImage")) == ACTION_PUT_IMAGE);
	CHECK(action_find(SPAN_LIT("ECR:putimage")) == ACTION_PUT_IMAGE);
	CHECK(action_find(SPAN_LIT("public")) == ACTION_UNSET);
	CHECK(action_find(SPAN_LIT("")) == ACTION_UNSET);
}

static void test_a_scope_covers_what_its_name_says(void)
{
	CHECK(action_scope(ACTION_BATCH_GET_IMAGE) == SCOPE_RIGHT_PULL);
	CHECK(action_scope(ACTION_PUT_IMAGE) == SCOPE_RIGHT_PUSH);
	CHECK(action_scope(ACTION_BATCH_DELETE_IMAGE) == SCOPE_RIGHT_DELETE);
	CHECK(action_scope(ACTION_CREATE_USER) == SCOPE_RIGHT_NONE);
	CHECK(action_scope(ACTION_LOGIN) == SCOPE_RIGHT_NONE);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_every_action_has_a_name_of_its_own),
		CHECK_CASE(test_an_action_is_found_by_its_name_in_any_case),
		CHECK_CASE(test_a_scope_covers_what_its_name_says),
	};

	return CHECK_RUN(argc, argv, cases);
}
