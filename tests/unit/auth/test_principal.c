/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/principal.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "storage/meta_principals.h"
#include "tests/lib/check.h"

static void test_a_row_stands_for_a_principal(void)
{
	static const struct {
		enum meta_principal_kind row;
		enum principal_kind kind;
		const char *arn;
	} cases[] = {
		{META_USER, PRINCIPAL_USER, "arn:aws:iam::000000000000:user/a"},
		{META_ROBOT, PRINCIPAL_ROBOT,
		 "arn:aws:iam::000000000000:robot/a"},
		{META_ROLE, PRINCIPAL_ROLE,
		 "arn:aws:sts::000000000000:assumed-role/a"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(buf_release) struct buf arn = BUF_INIT(256);
		struct meta_principal row = {.id = 3,
					     .kind = cases[i].row,
					     .account = "000000000000",
					     .name = "a"};
		struct principal principal;

		principal_from_row(&row, CREDENTIAL_ACCESS_KEY, &principal);
		CHECK(principal.kind == cases[i].kind && principal.id == 3);
		CHECK(principal.credential == CREDENTIAL_ACCESS_KEY);
		CHECK(!principal.ceiling && !principal.local);
		principal_arn(&principal, &arn);
		CHECK_TEXT(buf_text(&arn), cases[i].arn);
	}
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_row_stands_for_a_principal),
	};

	return CHECK_RUN(argc, argv, cases);
}
