/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/range.h"

#include <stdio.h>

#include "server/http/conditional.h"
#include "tests/lib/check.h"

#define DIGEST "sha256:00ff"

static void test_reads_every_form_of_a_range(void)
{
	static const struct {
		const char *field;
		enum range_result want;
		uint64_t first;
		uint64_t length;
	} cases[] = {
		{"bytes=0-0", RANGE_PART, 0, 1},
		{"bytes=500-1499", RANGE_PART, 500, 500},
		{"bytes=500-", RANGE_PART, 500, 500},
		{"bytes=-500", RANGE_PART, 500, 500},
		{"bytes=-1", RANGE_PART, 999, 1},
		{"bytes=-2000", RANGE_PART, 0, 1000},
		{"bytes=999-", RANGE_PART, 999, 1},
		{"bytes=999-999", RANGE_PART, 999, 1},
		{"bytes=0-99999999999999999999999", RANGE_PART, 0, 1000},
		{"BYTES= 1-2 ", RANGE_PART, 1, 2},
		{"bytes=1000-", RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=99999999999999999999999-", RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=500-0", RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=-0", RANGE_UNSATISFIABLE, 0, 0},
		{"", RANGE_WHOLE, 0, 0},
		{"bytes", RANGE_WHOLE, 0, 0},
		{"bytes=", RANGE_WHOLE, 0, 0},
		{"bytes=-", RANGE_WHOLE, 0, 0},
		{"bytes=a-", RANGE_WHOLE, 0, 0},
		{"bytes=1-b", RANGE_WHOLE, 0, 0},
		{"bytes=1-2-3", RANGE_WHOLE, 0, 0},
		{"bytes=+1-2", RANGE_WHOLE, 0, 0},
		{"bytes=0-1,3-4", RANGE_WHOLE, 0, 0},
		{"items=0-1", RANGE_WHOLE, 0, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t first = 0;
		uint64_t length = 0;
		enum range_result got = range_read(span_of(cases[i].field),
						   1000, &first, &length);

		if (got != cases[i].want || first != cases[i].first ||
		    length != cases[i].length)
			fprintf(stderr, "case %s\n", cases[i].field);
		CHECK(got == cases[i].want);
		CHECK(first == cases[i].first);
		CHECK(length == cases[i].length);
	}
}

static void test_has_no_part_of_nothing(void)
{
	uint64_t first;
	uint64_t length;

	CHECK(range_read(SPAN_LIT("bytes=0-"), 0, &first, &length) ==
	      RANGE_UNSATISFIABLE);
	CHECK(range_read(SPAN_LIT("bytes=-5"), 0, &first, &length) ==
	      RANGE_UNSATISFIABLE);
}

/* Whatever the field, the part lies within the content. */
static void test_stays_within_the_content(void)
{
	char field[64];
	uint64_t first;
	uint64_t length;

	for (unsigned size = 0; size < 6; size++)
		for (int from = -7; from < 7; from++)
			for (unsigned to = 0; to < 8; to++) {
				snprintf(field, sizeof(field), "bytes=%d-%u",
					 from, to);
				if (range_read(span_of(field), size, &first,
					       &length) != RANGE_PART)
					continue;
				CHECK(length > 0 && first < size);
				CHECK(length <= size - first);
			}
}

static void test_compares_entity_tags(void)
{
	static const struct {
		const char *field;
		bool want;
	} cases[] = {
		{"\"" DIGEST "\"", true},
		{"W/\"" DIGEST "\"", true},
		{"*", true},
		{" * ", true},
		{"\"x\", \"" DIGEST "\"", true},
		{"\"x\" ,\t\"" DIGEST "\"", true},
		{",, \"" DIGEST "\"", true},
		{"\"a,b\",\"" DIGEST "\"", true},
		{"", false},
		{DIGEST, false},
		{"\"" DIGEST, false},
		{DIGEST "\"", false},
		{"\"" DIGEST "0\"", false},
		{"\"x\" \"" DIGEST "\"", false},
		{"w/\"" DIGEST "\"", false},
		{"\"*\"", false},
		{"\"", false},
		{"W/", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool got = conditional_none_match(span_of(cases[i].field),
						  SPAN_LIT(DIGEST));

		if (got != cases[i].want)
			fprintf(stderr, "case %s\n", cases[i].field);
		CHECK(got == cases[i].want);
	}
}

static void test_ranges_only_of_what_the_client_holds(void)
{
	struct span digest = SPAN_LIT(DIGEST);

	CHECK(conditional_if_range(SPAN_LIT(""), digest));
	CHECK(conditional_if_range(SPAN_LIT("\"" DIGEST "\""), digest));
	CHECK(conditional_if_range(SPAN_LIT(" \"" DIGEST "\" "), digest));
	CHECK(!conditional_if_range(SPAN_LIT("W/\"" DIGEST "\""), digest));
	CHECK(!conditional_if_range(SPAN_LIT(DIGEST), digest));
	CHECK(!conditional_if_range(SPAN_LIT("*"), digest));
	CHECK(!conditional_if_range(SPAN_LIT("\"sha256:00fe\""), digest));
	CHECK(!conditional_if_range(SPAN_LIT("Wed, 21 Oct 2015 07:28:00 GMT"),
				    digest));
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_reads_every_form_of_a_range),
		CHECK_CASE(test_has_no_part_of_nothing),
		CHECK_CASE(test_stays_within_the_content),
		CHECK_CASE(test_compares_entity_tags),
		CHECK_CASE(test_ranges_only_of_what_the_client_holds),
	};

	return CHECK_RUN(argc, argv, cases);
}
