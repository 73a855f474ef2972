/* SPDX-License-Identifier: Apache-2.0 */
/* The dates of signed requests. */
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/sigv4.h"

void sigv4_format_date(int64_t wall_ms, char ret_text[SIGV4_DATE_SIZE])
{
	char text[CLOCK_TEXT_SIZE] = "";
	size_t at = 0;

	clock_format(wall_ms, text);
	for (size_t i = 0; i < sizeof("2026-01-02T03:04:05") - 1; i++)
		if (text[i] != '-' && text[i] != ':')
			ret_text[at++] = text[i];
	ret_text[at++] = 'Z';
	ret_text[at] = '\0';
}

static int number_at(const char *text, size_t at, size_t len)
{
	int value = 0;

	for (size_t i = at; i < at + len; i++)
		value = value * 10 + (text[i] - '0');
	return value;
}

/* What is no date, such as 30 February, comes back as another one. */
static int parse_basic(const char text[SIGV4_DATE_SIZE], int64_t *ret_wall_ms)
{
	struct tm parts = {.tm_year = number_at(text, 0, 4) - 1900,
			   .tm_mon = number_at(text, 4, 2) - 1,
			   .tm_mday = number_at(text, 6, 2),
			   .tm_hour = number_at(text, 9, 2),
			   .tm_min = number_at(text, 11, 2),
			   .tm_sec = number_at(text, 13, 2)};
	char again[SIGV4_DATE_SIZE] = "";
	int64_t wall_ms = (int64_t)timegm(&parts) * 1000;

	if (parts.tm_year < -1900 || parts.tm_year > 9999 - 1900)
		return -1;
	sigv4_format_date(wall_ms, again);
	if (memcmp(again, text, SIGV4_DATE_SIZE) != 0)
		return -1;
	*ret_wall_ms = wall_ms;
	return 0;
}

/* The digits of a pattern's "0" are digits; all else stands as it is but for
 * letters, which an "x" stands for. */
static bool has_form(struct span text, const char *form)
{
	if (text.len != strlen(form))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.text[i];
		bool fine = form[i] == '0' ? c >= '0' && c <= '9'
			    : form[i] == 'x'
				    ? (c | 0x20) >= 'a' && (c | 0x20) <= 'z'
				    : c == form[i];

		if (!fine)
			return false;
	}
	return true;
}

/* The form of the Date field to the other one; false if there is no such
 * month. */
static bool from_http_date(const char *text, char ret_text[SIGV4_DATE_SIZE])
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char month[4] = {text[8], text[9], text[10]};
	const char *found = strstr(months, month);

	if (!found || (found - months) % 3 != 0)
		return false;
	int number = (int)(found - months) / 3 + 1;
	const char all[SIGV4_DATE_SIZE] = {text[12],
					   text[13],
					   text[14],
					   text[15],
					   (char)('0' + number / 10),
					   (char)('0' + number % 10),
					   text[5],
					   text[6],
					   'T',
					   text[17],
					   text[18],
					   text[20],
					   text[21],
					   text[23],
					   text[24],
					   'Z'};
	memcpy(ret_text, all, sizeof(all));
	return true;
}

int sigv4_parse_date(struct span text, int64_t *ret_wall_ms, struct err *err)
{
	char basic[SIGV4_DATE_SIZE] = "";
	bool formed = false;

	if (has_form(text, "00000000T000000Z")) {
		memcpy(basic, text.text, text.len);
		formed = true;
	} else if (has_form(text, "xxx, 00 xxx 0000 00:00:00 GMT")) {
		formed = from_http_date(text.text, basic);
	}
	if (!formed || parse_basic(basic, ret_wall_ms) < 0)
		return err_set(err, ERR_INVALID,
			       "a date is not of the form 20260102T030405Z");
	return 0;
}
