/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of "name:value": what is accepted has one length at most. */
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "server/http/framing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_make((const char *)data, size);
	struct field fields[FIELDS_MAX];
	struct framing framing = {.chunked = false};
	struct err err = ERR_INIT;
	struct span line;
	size_t count = 0;
	size_t lengths;
	size_t codings;

	while (count < FIELDS_MAX && span_cut(rest, '\n', &line, &rest))
		if (span_cut(line, ':', &fields[count].name,
			     &fields[count].value))
			count++;
	if (framing_read(fields, count, true, &framing, &err) < 0)
		return 0;
	framing_find(fields, count, "content-length", &lengths);
	framing_find(fields, count, "transfer-encoding", &codings);
	if (lengths + codings > 1 || framing.has_length != (lengths == 1) ||
	    framing.chunked != (codings == 1) || framing.length > INT64_MAX)
		abort();
	return 0;
}
