/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "server/oci/content_range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is accepted is a range whose length fits, and reads back the same from
 * both of its forms. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_make((const char *)data, size);
	struct content_range range = {.first = 1, .last = 0};
	struct content_range again;
	struct err err = ERR_INIT;
	char written[128];

	if (content_range_parse(text, &range, &err) < 0) {
		if (err.code != ERR_UPLOAD_INVALID || range.first != 1)
			abort();
		return 0;
	}
	if (range.first > range.last || range.last >= INT64_MAX)
		abort();
	snprintf(written, sizeof(written), "bytes %" PRIu64 "-%" PRIu64 "/*",
		 range.first, range.last);
	for (size_t skip = 0; skip <= 6; skip += 6)
		if (content_range_parse(span_of(written + skip), &again, &err) <
			    0 ||
		    again.first != range.first || again.last != range.last)
			abort();
	return 0;
}
