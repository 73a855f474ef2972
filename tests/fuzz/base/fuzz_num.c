/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_make((const char *)data, size);

	try_integers(input);
	try_units(input);
	return 0;
}
