/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"

#include "tests/lib/check.h"

static void test_no_text_is_the_empty_span(void)
{
	CHECK(span_of(NULL).len == 0);
	CHECK(span_equal(span_of(NULL), SPAN_LIT("")));
	CHECK(!span_equal(span_of(NULL), SPAN_LIT("a")));
}

static void test_equal_looks_at_every_byte(void)
{
	CHECK(span_equal(SPAN_LIT("a\0b"), SPAN_LIT("a\0b")));
	CHECK(!span_equal(SPAN_LIT("a\0b"), SPAN_LIT("a\0c")));
	CHECK(!span_equal(SPAN_LIT("ab"), SPAN_LIT("abc")));
}

static void test_nocase_folds_ascii_letters_only(void)
{
	CHECK(span_equal_nocase(SPAN_LIT("BaSic"), SPAN_LIT("bAsIC")));
	CHECK(!span_equal_nocase(SPAN_LIT("a"), SPAN_LIT("ab")));
	CHECK(!span_equal_nocase(SPAN_LIT("@"), SPAN_LIT("`")));
	CHECK(!span_equal_nocase(SPAN_LIT("["), SPAN_LIT("{")));
	CHECK(!span_equal_nocase(SPAN_LIT("\xc0"), SPAN_LIT("\xe0")));
}

static void test_starts_and_ends(void)
{
	CHECK(span_starts(SPAN_LIT("v2/x"), SPAN_LIT("v2/")));
	CHECK(span_starts(SPAN_LIT("v2"), SPAN_LIT("")));
	CHECK(!span_starts(SPAN_LIT("v"), SPAN_LIT("v2")));
	CHECK(!span_starts(SPAN_LIT("v3/x"), SPAN_LIT("v2")));
	CHECK(span_ends(SPAN_LIT("a.json"), SPAN_LIT(".json")));
	CHECK(span_ends(span_of(NULL), span_of(NULL)));
	CHECK(!span_ends(SPAN_LIT("n"), SPAN_LIT("on")));
	CHECK(!span_ends(SPAN_LIT("a.jsoN"), SPAN_LIT(".json")));
}

static void test_trim_takes_blanks_and_tabs_at_the_ends(void)
{
	CHECK(span_equal(span_trim(SPAN_LIT(" \ta b\t ")), SPAN_LIT("a b")));
	CHECK(span_trim(SPAN_LIT(" \t ")).len == 0);
	CHECK(span_trim(span_of(NULL)).len == 0);
	CHECK(span_equal(span_trim(SPAN_LIT("\na\n")), SPAN_LIT("\na\n")));
}

static void test_cut_at_the_first_or_last(void)
{
	struct span before, after;

	CHECK(span_cut(SPAN_LIT("a:b:c"), ':', &before, &after));
	CHECK(span_equal(before, SPAN_LIT("a")));
	CHECK(span_equal(after, SPAN_LIT("b:c")));
	CHECK(span_cut_last(SPAN_LIT("a:b:c"), ':', &before, &after));
	CHECK(span_equal(before, SPAN_LIT("a:b")));
	CHECK(span_equal(after, SPAN_LIT("c")));
	CHECK(span_cut(SPAN_LIT(":"), ':', &before, &after));
	CHECK(before.len == 0 && after.len == 0);
}

static void test_cut_without_separator_touches_nothing(void)
{
	struct span before = SPAN_LIT("x"), after = SPAN_LIT("y");

	CHECK(!span_cut(SPAN_LIT("abc"), ':', &before, &after));
	CHECK(!span_cut_last(SPAN_LIT("abc"), ':', &before, &after));
	CHECK(!span_cut(span_of(NULL), ':', &before, &after));
	CHECK(!span_cut_last(span_of(NULL), ':', &before, &after));
	CHECK(span_equal(before, SPAN_LIT("x")));
	CHECK(span_equal(after, SPAN_LIT("y")));
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_no_text_is_the_empty_span),
		CHECK_CASE(test_equal_looks_at_every_byte),
		CHECK_CASE(test_nocase_folds_ascii_letters_only),
		CHECK_CASE(test_starts_and_ends),
		CHECK_CASE(test_trim_takes_blanks_and_tabs_at_the_ends),
		CHECK_CASE(test_cut_at_the_first_or_last),
		CHECK_CASE(test_cut_without_separator_touches_nothing),
	};

	return CHECK_RUN(argc, argv, cases);
}
