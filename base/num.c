/* SPDX-License-Identifier: Apache-2.0 */
#include "base/num.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

struct unit {
	const char *name;
	uint64_t size;
};

/* The first name of a size is the one that is printed. */
static const struct unit size_units[] = {
	{"TiB", UINT64_C(1) << 40},
	{"GiB", UINT64_C(1) << 30},
	{"MiB", UINT64_C(1) << 20},
	{"KiB", UINT64_C(1) << 10},
	{"", 1},
	{"T", UINT64_C(1) << 40},
	{"G", UINT64_C(1) << 30},
	{"M", UINT64_C(1) << 20},
	{"K", UINT64_C(1) << 10},
	{"B", 1},
};

static const struct unit time_units[] = {
	{"d", 86400000}, {"h", 3600000}, {"m", 60000},
	{"s", 1000},	 {"ms", 1},	 {"", 1000},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Read the digits at the start: how many there are, 0 also where the number
 * is too large. */
static size_t read_digits(struct span text, uint64_t *ret_value)
{
	uint64_t value = 0;
	size_t at = 0;

	for (; at < text.len && is_digit(text.text[at]); at++) {
		uint64_t digit = (uint64_t)(text.text[at] - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return 0;
		value = value * 10 + digit;
	}
	*ret_value = value;
	return at;
}

int num_u64(struct span text, uint64_t *ret_value, struct err *err)
{
	uint64_t value;
	size_t digits = read_digits(text, &value);

	if (digits == 0 || digits != text.len)
		return err_set(err, ERR_INVALID,
			       "not a whole number below 2^64");
	*ret_value = value;
	return 0;
}

int num_i64(struct span text, int64_t *ret_value, struct err *err)
{
	bool negative = text.len > 0 && text.text[0] == '-';
	struct span rest =
		negative ? span_make(text.text + 1, text.len - 1) : text;
	uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
	uint64_t value;
	size_t digits = read_digits(rest, &value);

	if (digits == 0 || digits != rest.len || value > limit)
		return err_set(err, ERR_INVALID,
			       "not a whole number of 64 bits");
	if (!negative)
		*ret_value = (int64_t)value;
	else
		*ret_value = value == limit ? INT64_MIN : -(int64_t)value;
	return 0;
}

/* Digits and a unit of the table, together at most limit. */
static bool read_units(struct span text, const struct unit *units, size_t count,
		       uint64_t limit, uint64_t *ret_value)
{
	uint64_t value;
	size_t digits = read_digits(text, &value);

	if (digits == 0)
		return false;

	struct span name = span_make(text.text + digits, text.len - digits);
	for (size_t i = 0; i < count; i++) {
		if (!span_equal(name, span_of(units[i].name)))
			continue;
		if (value > limit / units[i].size)
			return false;
		*ret_value = value * units[i].size;
		return true;
	}
	return false;
}

int num_size(struct span text, uint64_t *ret_bytes, struct err *err)
{
	if (!read_units(text, size_units, COUNT(size_units), UINT64_MAX,
			ret_bytes))
		return err_set(err, ERR_INVALID,
			       "not a size such as 512, 64KiB or 2GiB");
	return 0;
}

int num_duration(struct span text, int64_t *ret_ms, struct err *err)
{
	uint64_t ms;

	if (!read_units(text, time_units, COUNT(time_units), INT64_MAX, &ms))
		return err_set(err, ERR_INVALID,
			       "not a duration such as 500ms, 30s or 12h");
	*ret_ms = (int64_t)ms;
	return 0;
}

/* The tables start with the names to print, largest first, down to size 1. */
static void print_units(uint64_t value, const struct unit *units,
			char ret_text[NUM_TEXT_SIZE])
{
	while (value % units->size != 0)
		units++;
	snprintf(ret_text, NUM_TEXT_SIZE, "%" PRIu64 "%s", value / units->size,
		 units->name);
}

void num_format_size(uint64_t bytes, char ret_text[NUM_TEXT_SIZE])
{
	if (bytes == 0)
		snprintf(ret_text, NUM_TEXT_SIZE, "0");
	else
		print_units(bytes, size_units, ret_text);
}

void num_format_duration(int64_t ms, char ret_text[NUM_TEXT_SIZE])
{
	assert(ms >= 0);
	if (ms == 0)
		snprintf(ret_text, NUM_TEXT_SIZE, "0s");
	else
		print_units((uint64_t)ms, time_units, ret_text);
}
