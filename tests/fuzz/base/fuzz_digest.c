/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is accepted must print back as exactly the bytes that came in, and
 * is well formed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *input = (const char *)data;
	bool wellformed = digest_is_wellformed(input, size);
	struct err err = ERR_INIT;
	struct digest d;
	char out[DIGEST_TEXT_SIZE];

	if (digest_parse(input, size, &d, &err) < 0)
		return 0;
	digest_format(&d, out);
	if (!wellformed || strlen(out) != size || memcmp(out, data, size) != 0)
		abort();
	return 0;
}
