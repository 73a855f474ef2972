/* SPDX-License-Identifier: Apache-2.0 */
/* The dates of signed requests. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

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

/* With what stands between the parts in the text that the clock reads. */
static int parse_basic(const char *text, int64_t *ret_wall_ms, struct err *err)
{
	char spread[sizeof("2026-01-02T03:04:05Z")];

	snprintf(spread, sizeof(spread), "%.4s-%.2s-%.5s:%.2s:%.3s", text,
		 text + 4, text + 6, text + 11, text + 13);
	return clock_parse(span_of(spread), ret_wall_ms, err);
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

/* "Fri, 02 Jan 2026 03:04:05 GMT", and what botocore makes of it. */
static bool is_http_date(struct span text)
{
	struct span zone = {0};
	struct span rest = {0};

	if (!span_cut_last(text, ' ', &rest, &zone))
		return false;
	return has_form(rest, "xxx, 00 xxx 0000 00:00:00") &&
	       (span_equal(zone, SPAN_LIT("GMT")) ||
		span_equal(zone, SPAN_LIT("-0000")) ||
		span_equal(zone, SPAN_LIT("+0000")));
}

int sigv4_parse_date(struct span text, int64_t *ret_wall_ms, struct err *err)
{
	char basic[SIGV4_DATE_SIZE] = "";
	bool formed = has_form(text, "00000000T000000Z");
	struct err inner = ERR_INIT;

	if (formed)
		memcpy(basic, text.text, text.len);
	else if (is_http_date(text))
		formed = from_http_date(text.text, basic);
	if (!formed || parse_basic(basic, ret_wall_ms, &inner) < 0)
		return err_set(err, ERR_INVALID,
			       "a date is not of the form 20260102T030405Z");
	return 0;
}
