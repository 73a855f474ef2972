/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/sql_state.h"

#include "tests/lib/check.h"

static void test_each_state_has_its_code(void)
{
	static const struct {
		const char *state;
		enum err_code code;
		bool breaks;
	} cases[] = {
		{"23505", ERR_CONFLICT, false},
		{"23503", ERR_CONFLICT, false},
		{"23502", ERR_INTERNAL, false},
		{"53100", ERR_NO_SPACE, false},
		{"53200", ERR_NO_MEMORY, false},
		{"53300", ERR_UNAVAILABLE, false},
		{"40001", ERR_UNAVAILABLE, false},
		{"55P03", ERR_UNAVAILABLE, false},
		{"57014", ERR_UNAVAILABLE, false},
		{"57P01", ERR_UNAVAILABLE, true},
		{"08006", ERR_UNAVAILABLE, true},
		{"25P03", ERR_UNAVAILABLE, true},
		{"25006", ERR_UNAVAILABLE, true},
		{"22021", ERR_INVALID, false},
		{"54000", ERR_TOO_LARGE, false},
		{"58030", ERR_IO, true},
		{"XX001", ERR_CORRUPT, false},
		{"42601", ERR_INTERNAL, false},
		{"", ERR_INTERNAL, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool breaks = !cases[i].breaks;

		CHECK(sql_state_code(cases[i].state, &breaks) == cases[i].code);
		CHECK(breaks == cases[i].breaks);
	}
}

static void test_integers_by_size_and_sign(void)
{
	CHECK(sql_state_integer(span_make("", 0)) == 0);
	CHECK(sql_state_integer(span_make("\1", 1)) == 1);
	CHECK(sql_state_integer(span_make("\0", 1)) == 0);
	CHECK(sql_state_integer(span_make("\0\0\1\2", 4)) == 258);
	CHECK(sql_state_integer(span_make("\xff\xff\xff\xfe", 4)) == -2);
	CHECK(sql_state_integer(span_make("\x7f\xff\xff\xff\xff\xff\xff\xff",
					  8)) == INT64_MAX);
	CHECK(sql_state_integer(span_make("\x80\0\0\0\0\0\0\0", 8)) ==
	      INT64_MIN);
	CHECK(sql_state_integer(span_make("123456789", 9)) == 0);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_each_state_has_its_code),
		CHECK_CASE(test_integers_by_size_and_sign),
	};

	return CHECK_RUN(argc, argv, cases);
}
