/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/num.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

/* The library's reading of the same digits, which it may only see where ours
 * found nothing else. */
static void try_integers(struct span input)
{
	struct err err = ERR_INIT;
	char text[64];
	uint64_t value;
	int64_t number;

	if (input.len >= sizeof(text))
		return;
	snprintf(text, sizeof(text), "%.*s", SPAN_ARG(input));
	if (num_u64(input, &value, &err) == 0)
		must(strtoull(text, NULL, 10) == value);
	err_clear(&err);
	if (num_i64(input, &number, &err) == 0)
		must(strtoll(text, NULL, 10) == number);
}

/* What was read prints as a text that reads as the same again. */
static void try_units(struct span input)
{
	struct err err = ERR_INIT;
	char text[NUM_TEXT_SIZE];
	uint64_t bytes, bytes_again;
	int64_t ms, ms_again;

	if (num_size(input, &bytes, &err) == 0) {
		num_format_size(bytes, text);
		must(num_size(span_of(text), &bytes_again, &err) == 0);
		must(bytes == bytes_again);
	}
	err_clear(&err);
	if (num_duration(input, &ms, &err) == 0) {
		must(ms >= 0);
		num_format_duration(ms, text);
		must(num_duration(span_of(text), &ms_again, &err) == 0);
		must(ms == ms_again);
	}
}

/* A time prints as the text that it was read from, but for milliseconds that
 * were left out. */
static void try_time(struct span input)
{
	struct err err = ERR_INIT;
	char text[CLOCK_TEXT_SIZE];
	int64_t ms = 0;

	if (clock_parse(input, &ms, &err) < 0)
		return;
	clock_format(ms, text);
	must(memcmp(text, input.text, sizeof("2026-01-02T03:04:05") - 1) == 0);
	must(input.len == strlen(text) ? span_equal(input, span_of(text))
				       : ms % 1000 == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_make((const char *)data, size);

	try_integers(input);
	try_units(input);
	try_time(input);
	return 0;
}
