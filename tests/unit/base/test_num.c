/* SPDX-License-Identifier: Apache-2.0 */
#include "base/num.h"

#include <string.h>

#include "base/err.h"
#include "tests/lib/check.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void test_reads_unsigned_numbers(void)
{
	static const struct {
		const char *text;
		uint64_t want;
	} cases[] = {
		{"0", 0},
		{"00", 0},
		{"007", 7},
		{"18446744073709551615", UINT64_MAX},
		{"000018446744073709551615", UINT64_MAX},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = ERR_INIT;
		uint64_t got = 99;

		CHECK(num_u64(span_of(cases[i].text), &got, &err) == 0);
		CHECK(got == cases[i].want);
	}
}

static void test_refuses_what_is_no_unsigned_number(void)
{
	static const char *const cases[] = {
		"",
		"-1",
		"+1",
		" 1",
		"1 ",
		"1x",
		"0x1",
		"1.",
		"1e3",
		"\xb2",
		"18446744073709551616",
		"99999999999999999999",
		"184467440737095516150",
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = ERR_INIT;
		uint64_t got = 99;

		CHECK(num_u64(span_of(cases[i]), &got, &err) == -1);
		CHECK(err.code == ERR_INVALID && got == 99);
	}
}

static void test_a_nul_is_no_digit(void)
{
	struct err err = ERR_INIT;
	uint64_t got;

	CHECK(num_u64(SPAN_LIT("1\0"), &got, &err) == -1);
}

static void test_reads_signed_numbers(void)
{
	static const struct {
		const char *text;
		int64_t want;
	} cases[] = {
		{"0", 0},
		{"-0", 0},
		{"-5", -5},
		{"9223372036854775807", INT64_MAX},
		{"-9223372036854775807", -INT64_MAX},
		{"-9223372036854775808", INT64_MIN},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = ERR_INIT;
		int64_t got = 99;

		CHECK(num_i64(span_of(cases[i].text), &got, &err) == 0);
		CHECK(got == cases[i].want);
	}
}

static void test_refuses_what_is_no_signed_number(void)
{
	static const char *const cases[] = {
		"",
		"-",
		"--1",
		"+1",
		"-+1",
		"- 1",
		"1-",
		"9223372036854775808",
		"-9223372036854775809",
		"-18446744073709551617",
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = ERR_INIT;
		int64_t got = 99;

		CHECK(num_i64(span_of(cases[i]), &got, &err) == -1);
		CHECK(err.code == ERR_INVALID && got == 99);
	}
}

static void test_reads_sizes(void)
{
	static const struct {
		const char *text;
		uint64_t want;
	} cases[] = {
		{"0", 0},
		{"512", 512},
		{"7B", 7},
		{"1K", 1024},
		{"1KiB", 1024},
		{"3M", 3u << 20},
		{"3MiB", 3u << 20},
		{"2G", UINT64_C(2) << 30},
		{"2GiB", UINT64_C(2) << 30},
		{"5T", UINT64_C(5) << 40},
		{"5TiB", UINT64_C(5) << 40},
		{"16777215TiB", UINT64_C(16777215) << 40},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = ERR_INIT;
		uint64_t got = 99;

		CHECK(num_size(span_of(cases[i].text), &got, &err) == 0);
		CHECK(got == cases[i].want);
	}
}

static void test_refuses_what_is_no_size(void)
{
	static const char *const cases[] = {
		"",    "K",	"1k",  "1 K",	    "1KB",
		"1Ki", "1.5M",	"-1K", "16777216T", "18446744073709551616",
		"1P",  "1KiBx",
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = ERR_INIT;
		uint64_t got = 99;

		CHECK(num_size(span_of(cases[i]), &got, &err) == -1);
		CHECK(err.code == ERR_INVALID && got == 99);
	}
}

static void test_reads_durations(void)
{
	static const struct {
		const char *text;
		int64_t want;
	} cases[] = {
		{"0", 0},	   {"5", 5000},
		{"250ms", 250},	   {"30s", 30000},
		{"10m", 600000},   {"12h", 43200000},
		{"7d", 604800000}, {"9223372036854775807ms", INT64_MAX},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = ERR_INIT;
		int64_t got = 99;

		CHECK(num_duration(span_of(cases[i].text), &got, &err) == 0);
		CHECK(got == cases[i].want);
	}
}

static void test_refuses_what_is_no_duration(void)
{
	static const char *const cases[] = {
		"",
		"s",
		"-1s",
		"1 s",
		"1S",
		"1w",
		"1ss",
		"1min",
		"9223372036854775808ms",
		"9223372036854775807",
		"106751991168d",
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = ERR_INIT;
		int64_t got = 99;

		CHECK(num_duration(span_of(cases[i]), &got, &err) == -1);
		CHECK(err.code == ERR_INVALID && got == 99);
	}
}

static void test_prints_the_largest_unit(void)
{
	static const struct {
		uint64_t bytes;
		const char *want;
	} sizes[] = {
		{0, "0"},
		{1, "1"},
		{1000, "1000"},
		{1024, "1KiB"},
		{1536, "1536"},
		{4u << 20, "4MiB"},
		{3u << 30, "3GiB"},
		{UINT64_C(1) << 50, "1024TiB"},
		{UINT64_MAX, "18446744073709551615"},
	};
	static const struct {
		int64_t ms;
		const char *want;
	} times[] = {
		{0, "0s"},
		{1, "1ms"},
		{1000, "1s"},
		{1500, "1500ms"},
		{60000, "1m"},
		{90000, "90s"},
		{7200000, "2h"},
		{86400000, "1d"},
		{INT64_MAX, "9223372036854775807ms"},
	};
	char text[NUM_TEXT_SIZE];

	for (size_t i = 0; i < COUNT(sizes); i++) {
		num_format_size(sizes[i].bytes, text);
		CHECK_TEXT(text, sizes[i].want);
	}
	for (size_t i = 0; i < COUNT(times); i++) {
		num_format_duration(times[i].ms, text);
		CHECK_TEXT(text, times[i].want);
	}
}

static void test_reads_back_what_it_prints(void)
{
	for (uint64_t bytes = 1; bytes < UINT64_MAX / 3; bytes = bytes * 2 + 1)
		for (uint64_t value = bytes - 1; value <= bytes + 1; value++) {
			struct err err = ERR_INIT;
			char text[NUM_TEXT_SIZE];
			uint64_t size = 0;
			int64_t ms = 0;

			num_format_size(value, text);
			CHECK(num_size(span_of(text), &size, &err) == 0);
			CHECK(size == value);
			num_format_duration((int64_t)value, text);
			CHECK(num_duration(span_of(text), &ms, &err) == 0);
			CHECK(ms == (int64_t)value);
		}
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_reads_unsigned_numbers),
		CHECK_CASE(test_refuses_what_is_no_unsigned_number),
		CHECK_CASE(test_a_nul_is_no_digit),
		CHECK_CASE(test_reads_signed_numbers),
		CHECK_CASE(test_refuses_what_is_no_signed_number),
		CHECK_CASE(test_reads_sizes),
		CHECK_CASE(test_refuses_what_is_no_size),
		CHECK_CASE(test_reads_durations),
		CHECK_CASE(test_refuses_what_is_no_duration),
		CHECK_CASE(test_prints_the_largest_unit),
		CHECK_CASE(test_reads_back_what_it_prints),
	};

	return CHECK_RUN(argc, argv, cases);
}
