/* SPDX-License-Identifier: Apache-2.0 */
#include "server/oci/content_range.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tests/lib/check.h"

static int parse(const char *text, struct content_range *range, struct err *err)
{
	size_t len = strlen(text);
	char *copy = malloc(len + 1);

	CHECK(copy);
	memcpy(copy + 1, text, len);
	int rc = content_range_parse(span_make(copy + 1, len), range, err);
	free(copy);
	return rc;
}

static void test_reads_both_forms(void)
{
	static const struct {
		const char *text;
		uint64_t first, last;
	} cases[] = {
		{"0-0", 0, 0},
		{"0-1023", 0, 1023},
		{"1024-2047", 1024, 2047},
		{" 5-9\t", 5, 9},
		{"bytes 0-1023/2048", 0, 1023},
		{"bytes 0-1023/1024", 0, 1023},
		{"bytes 0-1023/*", 0, 1023},
		{"bytes 0-1023", 0, 1023},
		{"0-1023/1024", 0, 1023},
		{"0-9223372036854775806", 0, INT64_MAX - 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct content_range range;
		struct err err = ERR_INIT;

		CHECK(parse(cases[i].text, &range, &err) == 0);
		CHECK(range.first == cases[i].first);
		CHECK(range.last == cases[i].last);
	}
}

static void test_refuses_all_else(void)
{
	static const char *const cases[] = {
		"",
		"-",
		"0-",
		"-5",
		"5",
		"9-5",
		"a-b",
		"0-1-2",
		"0 - 1",
		"+0-1",
		"0x0-0x1",
		"1.0-2.0",
		"bytes=0-1",
		"Bytes 0-1",
		"bytes  0-1",
		"bytes */5",
		"bytes 0-1/1",
		"bytes 0-1/",
		"bytes 0-1/x",
		"bytes 0-1/2/3",
		"0-9223372036854775807",
		"0-18446744073709551615",
		"0-18446744073709551616",
		"18446744073709551616-18446744073709551617",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct content_range range = {.first = 7, .last = 9};
		struct err err = ERR_INIT;

		if (parse(cases[i], &range, &err) == 0)
			fprintf(stderr, "%s\n", cases[i]);
		CHECK(err.code == ERR_UPLOAD_INVALID);
		CHECK(range.first == 7 && range.last == 9);
	}
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_reads_both_forms),
		CHECK_CASE(test_refuses_all_else),
	};

	return CHECK_RUN(argc, argv, cases);
}
