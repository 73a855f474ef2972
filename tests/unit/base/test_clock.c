/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "tests/lib/check.h"

static void test_formats_known_times(void)
{
	static const struct {
		int64_t ms;
		const char *want;
	} cases[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{-1, "1969-12-31T23:59:59.999Z"},
		{951782399999, "2000-02-28T23:59:59.999Z"},
		{951782400000, "2000-02-29T00:00:00.000Z"},
		{951868800000, "2000-03-01T00:00:00.000Z"},
		{4107542400000, "2100-03-01T00:00:00.000Z"},
		{4107456000000, "2100-02-28T00:00:00.000Z"},
		{1767323045678, "2026-01-02T03:04:05.678Z"},
		{253402300799999, "9999-12-31T23:59:59.999Z"},
		{253402300800000, "10000-01-01T00:00:00.000Z"},
		{-62167219200000, "0000-01-01T00:00:00.000Z"},
		{-62167219200001, "-1-12-31T23:59:59.999Z"},
		{INT64_MAX, "292278994-08-17T07:12:55.807Z"},
		{INT64_MIN, "-292275055-05-16T16:47:04.192Z"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[CLOCK_TEXT_SIZE];

		clock_format(cases[i].ms, text);
		CHECK_TEXT(text, cases[i].want);
	}
}

/* Every day of 1600 to 2500 against the C library's calendar. */
static void test_agrees_with_the_library_on_every_day(void)
{
	for (int64_t day = -135140; day < 193960; day++) {
		time_t seconds = (time_t)(day * 86400);
		char text[CLOCK_TEXT_SIZE], want[CLOCK_TEXT_SIZE];
		struct tm tm;

		CHECK(gmtime_r(&seconds, &tm) != NULL);
		CHECK(strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000Z",
			       &tm) > 0);
		clock_format(day * 86400000, text);
		CHECK_TEXT(text, want);
	}
}

static int parse(const char *text, int64_t *ret_ms)
{
	struct err err = ERR_INIT;
	int rc = clock_parse(span_of(text), ret_ms, &err);

	CHECK((rc == 0) == (err.code == ERR_NONE));
	CHECK(rc == 0 || err.code == ERR_INVALID);
	return rc;
}

static void test_reads_what_it_writes(void)
{
	int64_t ms = 0;

	for (int64_t at = -62135596800000; at < 253402300800000;
	     at += 86399999 * INT64_C(17)) {
		char text[CLOCK_TEXT_SIZE];

		clock_format(at, text);
		CHECK(parse(text, &ms) == 0 && ms == at);
	}
	CHECK(parse("2026-01-02T03:04:05Z", &ms) == 0);
	CHECK(ms == 1767323045000);
}

static void test_refuses_what_is_no_time(void)
{
	static const char *const bad[] = {
		"",
		"2026-01-02",
		"2026-01-02T03:04:05",
		"2026-01-02T03:04:05+",
		"2026-01-02 03:04:05Z",
		"2026-01-02T03:04:05.6Z",
		"2026-01-02T03:04:05.678",
		"2026-01-02T03:04:05.678z",
		"2026-01-02T03:04:05,678Z",
		"2026-1a-02T03:04:05.678Z",
		"2026-13-02T03:04:05.678Z",
		"2026-02-30T03:04:05.678Z",
		"2025-02-29T03:04:05.678Z",
		"2026-00-02T03:04:05.678Z",
		"2026-01-00T03:04:05.678Z",
		"2026-01-02T24:00:00.000Z",
		"2026-01-02T03:60:05.678Z",
		"2026-01-02T03:04:60.678Z",
		"0000-01-02T03:04:05.678Z",
		"-026-01-02T03:04:05.678Z",
		"2026-01-02T03:04:05.678Z ",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int64_t ms = 42;

		CHECK(parse(bad[i], &ms) == -1 && ms == 42);
	}
}

static void test_the_system_clocks_run(void)
{
	int64_t before = clock_monotonic_ms(&clock_system);
	int64_t wall = clock_wall_ms(&clock_system);

	CHECK(wall > INT64_C(1700000000000));
	CHECK(clock_monotonic_ms(&clock_system) >= before && before > 0);
}

static int64_t held(void *context)
{
	return *(int64_t *)context;
}

static void test_a_test_can_hold_the_clock(void)
{
	int64_t now = 42;
	struct clock_source clock = {held, held, &now};

	CHECK(clock_wall_ms(&clock) == 42);
	now = 43;
	CHECK(clock_monotonic_ms(&clock) == 43);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_formats_known_times),
		CHECK_CASE(test_agrees_with_the_library_on_every_day),
		CHECK_CASE(test_reads_what_it_writes),
		CHECK_CASE(test_refuses_what_is_no_time),
		CHECK_CASE(test_the_system_clocks_run),
		CHECK_CASE(test_a_test_can_hold_the_clock),
	};

	return CHECK_RUN(argc, argv, cases);
}
