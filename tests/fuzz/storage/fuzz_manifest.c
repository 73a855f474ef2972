/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "storage/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A line with the Content-Type, then the body.  Whatever is accepted has a type
 * of ours, names only well-formed digests, and its annotations are JSON. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_make((const char *)data, size);
	struct span type = {0};
	struct span body = {0};
	struct manifest manifest;
	struct err err = ERR_INIT;

	if (!span_cut(input, '\n', &type, &body) ||
	    manifest_parse(body, type, 1000, &manifest, &err) < 0)
		return 0;
	if (!span_starts(manifest.media_type, SPAN_LIT("application/vnd.")) ||
	    manifest.item_count > 1000)
		abort();
	for (size_t i = 0; i < manifest.item_count; i++)
		if (manifest.items[i].known &&
		    manifest.items[i].digest.algo >= DIGEST_ALGO_COUNT)
			abort();
	if (manifest.annotations.len > 0 && manifest.annotations.data[0] != '{')
		abort();
	manifest_release(&manifest);
	return 0;
}
