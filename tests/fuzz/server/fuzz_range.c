/* SPDX-License-Identifier: Apache-2.0 */
/* Range, and the conditions that stand beside it. */
#include <stdint.h>
#include <stdlib.h>

#include "server/http/conditional.h"
#include "server/http/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t sizes[] = {0, 1, 1000, UINT64_MAX};
	struct span field = span_make((const char *)data, size);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t first = 0;
		uint64_t length = 0;

		if (range_read(field, sizes[i], &first, &length) != RANGE_PART)
			continue;
		if (length == 0 || first >= sizes[i] ||
		    length > sizes[i] - first)
			abort();
	}
	conditional_none_match(field, SPAN_LIT("sha256:00"));
	conditional_if_range(field, SPAN_LIT("sha256:00"));
	return 0;
}
