/* SPDX-License-Identifier: Apache-2.0 */
/* Values of conditions: dates, numbers, addresses. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>

#include "auth/condition.h"
#include "base/err.h"
#include "base/num.h"

#define NUMBER_SIZE 64 /* bytes of a number's text, with a NUL */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ---- numbers ---- */

static size_t skip_digits(struct span text, size_t at)
{
	while (at < text.len && is_digit(text.text[at]))
		at++;
	return at;
}

/* [-]digits[.digits]: what strtod() reads besides is none of ours. */
static bool read_number(struct span text, double *ret_number)
{
	char copy[NUMBER_SIZE];
	size_t start = text.len > 0 && text.text[0] == '-';
	size_t at = skip_digits(text, start);

	if (text.len >= sizeof(copy) || at == start)
		return false;
	if (at < text.len && text.text[at] == '.') {
		start = at + 1;
		at = skip_digits(text, start);
		if (at == start)
			return false;
	}
	if (at != text.len)
		return false;
	memcpy(copy, text.text, text.len);
	copy[text.len] = '\0';
	*ret_number = strtod(copy, NULL);
	return true;
}

/* ---- dates ---- */

/* Exactly that many digits, with a value in the range. */
static bool take_digits(struct span *rest, size_t count, int64_t low,
			int64_t high, int64_t *ret_value)
{
	int64_t value = 0;

	if (rest->len < count || skip_digits(*rest, 0) < count)
		return false;
	for (size_t i = 0; i < count; i++)
		value = value * 10 + (rest->text[i] - '0');
	if (value < low || value > high)
		return false;
	*rest = span_make(rest->text + count, rest->len - count);
	*ret_value = value;
	return true;
}

static bool take_char(struct span *rest, char c)
{
	if (rest->len == 0 || rest->text[0] != c)
		return false;
	*rest = span_make(rest->text + 1, rest->len - 1);
	return true;
}

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t days_before_year(int64_t year)
{
	int64_t past = year - 1;

	return past * 365 + past / 4 - past / 100 + past / 400;
}

/* Days from 1970-01-01 to the date; false if the month has no such day. */
static bool day_number(int64_t year, int64_t month, int64_t day,
		       int64_t *ret_days)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30,
				      31, 31, 30, 31, 30, 31};
	int64_t days = days_before_year(year) - days_before_year(1970);

	for (int64_t i = 1; i < month; i++)
		days += lengths[i - 1] + (i == 2 && is_leap(year));
	*ret_days = days + day - 1;
	return day <= lengths[month - 1] + (month == 2 && is_leap(year));
}

/* ".678": as milliseconds; further digits do not count. */
static bool take_fraction(struct span *rest, int64_t *ret_ms)
{
	size_t end = skip_digits(*rest, 0);
	int64_t ms = 0;

	if (end == 0)
		return false;
	for (size_t i = 0; i < 3; i++)
		ms = ms * 10 + (i < end ? rest->text[i] - '0' : 0);
	*rest = span_make(rest->text + end, rest->len - end);
	*ret_ms = ms;
	return true;
}

/* "Z", "+01:00": how far local time is ahead of UTC. */
static bool take_zone(struct span *rest, int64_t *ret_ms)
{
	int64_t hours = 0;
	int64_t minutes = 0;
	bool behind = take_char(rest, '-');

	*ret_ms = 0;
	if (!behind && !take_char(rest, '+'))
		return take_char(rest, 'Z');
	if (!take_digits(rest, 2, 0, 23, &hours) || !take_char(rest, ':') ||
	    !take_digits(rest, 2, 0, 59, &minutes))
		return false;
	*ret_ms = (hours * 60 + minutes) * (behind ? -60000 : 60000);
	return true;
}

/* "03:04", "03:04:05", "03:04:05.678", each with a zone behind. */
static bool take_time(struct span *rest, int64_t *ret_ms)
{
	int64_t hour = 0;
	int64_t minute = 0;
	int64_t second = 0;
	int64_t ms = 0;
	int64_t zone_ms = 0;

	if (!take_digits(rest, 2, 0, 23, &hour) || !take_char(rest, ':') ||
	    !take_digits(rest, 2, 0, 59, &minute))
		return false;
	if (take_char(rest, ':') &&
	    (!take_digits(rest, 2, 0, 60, &second) ||
	     (take_char(rest, '.') && !take_fraction(rest, &ms))))
		return false;
	if (!take_zone(rest, &zone_ms))
		return false;
	*ret_ms = ((hour * 60 + minute) * 60 + second) * 1000 + ms - zone_ms;
	return true;
}

/* The forms of ISO 8601 that W3C lists: from the year alone to fractions of a
 * second. */
static bool read_iso(struct span rest, double *ret_ms)
{
	int64_t year = 0;
	int64_t month = 1;
	int64_t day = 1;
	int64_t days = 0;
	int64_t ms = 0;

	if (!take_digits(&rest, 4, 1, 9999, &year))
		return false;
	if (take_char(&rest, '-') && !take_digits(&rest, 2, 1, 12, &month))
		return false;
	if (take_char(&rest, '-') && !take_digits(&rest, 2, 1, 31, &day))
		return false;
	if (take_char(&rest, 'T') && !take_time(&rest, &ms))
		return false;
	if (rest.len > 0 || !day_number(year, month, day, &days))
		return false;
	*ret_ms = (double)(days * 86400000 + ms);
	return true;
}

/* A date, or seconds since 1970; four digits are a year. */
static bool read_date(struct span text, double *ret_ms)
{
	struct err err = ERR_INIT;
	int64_t seconds = 0;

	if (read_iso(text, ret_ms))
		return true;
	if (num_i64(text, &seconds, &err) < 0)
		return false;
	*ret_ms = (double)seconds * 1000;
	return true;
}

/* ---- addresses ---- */

static bool read_address(struct span text, uint8_t ret_bytes[16],
			 unsigned *ret_bits)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char copy[INET6_ADDRSTRLEN];

	if (text.len >= sizeof(copy))
		return false;
	if (text.len > 0)
		memcpy(copy, text.text, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, ret_bytes + sizeof(mapped)) == 1) {
		memcpy(ret_bytes, mapped, sizeof(mapped));
		*ret_bits = 32;
		return true;
	}
	*ret_bits = 128;
	return inet_pton(AF_INET6, copy, ret_bytes) == 1;
}

/* An address alone is a block of one. */
static bool read_block(struct span text, struct condition_block *ret_block)
{
	struct condition_block block = {.bits = 128};
	struct err err = ERR_INIT;
	struct span address = text;
	struct span prefix = {0};
	unsigned width = 0;
	uint64_t bits = 0;
	bool has_prefix = span_cut(text, '/', &address, &prefix);

	if (!read_address(address, block.bytes, &width))
		return false;
	if (has_prefix) {
		if (num_u64(prefix, &bits, &err) < 0 || bits > width)
			return false;
		block.bits = 128 - width + (unsigned)bits;
	}
	*ret_block = block;
	return true;
}

/* ---- */

static bool read_bool(struct span text, double *ret_number)
{
	*ret_number = span_equal_nocase(text, SPAN_LIT("true"));
	return *ret_number != 0 || span_equal_nocase(text, SPAN_LIT("false"));
}

bool condition_value_read(enum condition_type type, struct span text,
			  struct condition_value *ret_value)
{
	switch (type) {
	case CONDITION_TEXT:
	case CONDITION_TEXT_NOCASE:
	case CONDITION_LIKE:
	case CONDITION_ARN:
		ret_value->text.text = text;
		return true;
	case CONDITION_ADDRESS:
		return read_block(text, &ret_value->block);
	case CONDITION_BOOL:
	case CONDITION_NULL:
		return read_bool(text, &ret_value->number);
	case CONDITION_DATE:
		return read_date(text, &ret_value->number);
	case CONDITION_NUMBER:
		return read_number(text, &ret_value->number);
	}
	return false;
}
