/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/err.h"

#define MS_PER_DAY INT64_C(86400000)
#define DAYS_PER_ERA 146097 /* in 400 years of the Gregorian calendar */

static int64_t read_ms(clockid_t id)
{
	struct timespec now = {0};

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_wall_ms(void *context)
{
	(void)context;
	return read_ms(CLOCK_REALTIME);
}

static int64_t system_monotonic_ms(void *context)
{
	(void)context;
	return read_ms(CLOCK_MONOTONIC);
}

const struct clock_source clock_system = {
	.wall_ms = system_wall_ms,
	.monotonic_ms = system_monotonic_ms,
	.context = NULL,
};

struct date {
	int64_t year;
	int month; /* 1..12 */
	int day;   /* 1..31 */
};

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/*
 * Years are counted from 1 March, so that the leap day is the last of its year
 * and the months before it have fixed lengths: 30.6 days each, rounded.
 */
static struct date date_of(int64_t days_since_1970)
{
	int64_t days = days_since_1970 + 719468; /* since 0000-03-01 */
	int64_t era = floor_div(days, DAYS_PER_ERA);
	int in_era = (int)(days - era * DAYS_PER_ERA);
	int year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) /
		   365;
	int in_year = in_era - (365 * year + year / 4 - year / 100);
	int month = (5 * in_year + 2) / 153; /* 0 is March */

	return (struct date){
		.year = era * 400 + year + (month >= 10),
		.month = month < 10 ? month + 3 : month - 9,
		.day = in_year - (153 * month + 2) / 5 + 1,
	};
}

static char *put_digits(char *at, unsigned value, int digits)
{
	for (int i = digits - 1; i >= 0; i--) {
		at[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return at + digits;
}

static char *put_year(char *at, int64_t year)
{
	if (year >= 0 && year <= 9999)
		return put_digits(at, (unsigned)year, 4);
	return at + snprintf(at, 12, "%" PRId32, (int32_t)year);
}

void clock_format(int64_t wall_ms, char ret_text[CLOCK_TEXT_SIZE])
{
	int64_t days = floor_div(wall_ms, MS_PER_DAY);
	unsigned ms = (unsigned)(wall_ms - days * MS_PER_DAY);
	struct date date = date_of(days);
	char *at = put_year(ret_text, date.year);

	*at++ = '-';
	at = put_digits(at, (unsigned)date.month, 2);
	*at++ = '-';
	at = put_digits(at, (unsigned)date.day, 2);
	*at++ = 'T';
	at = put_digits(at, ms / 3600000, 2);
	*at++ = ':';
	at = put_digits(at, ms / 60000 % 60, 2);
	*at++ = ':';
	at = put_digits(at, ms / 1000 % 60, 2);
	*at++ = '.';
	at = put_digits(at, ms % 1000, 3);
	*at++ = 'Z';
	*at = '\0';
}

/* What stands where, up to the milliseconds. */
#define FORM "0000-00-00T00:00:00"

static int digits_at(const char *text, size_t at, size_t count)
{
	int value = 0;

	for (size_t i = at; i < at + count; i++)
		value = value * 10 + (text[i] - '0');
	return value;
}

static bool has_form(const char *text, const char *form)
{
	for (size_t i = 0; form[i] != '\0'; i++)
		if (form[i] == '0' ? text[i] < '0' || text[i] > '9'
				   : text[i] != form[i])
			return false;
	return true;
}

/* What is no time, such as 30 February or 24:00, comes back as another one. */
int clock_parse(struct span text, int64_t *ret_wall_ms, struct err *err)
{
	char whole[CLOCK_TEXT_SIZE] = "";
	char again[CLOCK_TEXT_SIZE] = "";
	bool short_form = text.len == sizeof(FORM "Z") - 1;

	if (!short_form && text.len != sizeof(FORM ".000Z") - 1)
		return err_set(err, ERR_INVALID, "time is not of its form");
	memcpy(whole, text.text, text.len);
	if (short_form && whole[sizeof(FORM) - 1] == 'Z')
		memcpy(whole + sizeof(FORM) - 1, ".000Z", sizeof(".000Z"));
	if (!has_form(whole, FORM ".000Z"))
		return err_set(err, ERR_INVALID, "time is not of its form");

	struct tm parts = {.tm_year = digits_at(whole, 0, 4) - 1900,
			   .tm_mon = digits_at(whole, 5, 2) - 1,
			   .tm_mday = digits_at(whole, 8, 2),
			   .tm_hour = digits_at(whole, 11, 2),
			   .tm_min = digits_at(whole, 14, 2),
			   .tm_sec = digits_at(whole, 17, 2)};
	int64_t wall_ms =
		(int64_t)timegm(&parts) * 1000 + digits_at(whole, 20, 3);

	clock_format(wall_ms, again);
	if (digits_at(whole, 0, 4) == 0 ||
	    memcmp(again, whole, sizeof(again)) != 0)
		return err_set(err, ERR_INVALID, "there is no such time");
	*ret_wall_ms = wall_ms;
	return 0;
}
