/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/oci/accept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TYPE SPAN_LIT("application/vnd.oci.image.index.v1+json")

/* Whatever the list says: one more entry that allows the type makes it allowed,
 * and one that is of no concern changes nothing. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char any[] = "*/*,";
	static const char other[] = "text/x;q=0,";
	struct span value = span_make((const char *)data, size);
	bool allowed = accept_value_allows(value, TYPE);
	char *list = malloc(size + sizeof(other));

	if (!list)
		return 0;
	memcpy(list, any, sizeof(any) - 1);
	memcpy(list + sizeof(any) - 1, data, size);
	if (!accept_value_allows(span_make(list, size + sizeof(any) - 1), TYPE))
		abort();
	memcpy(list, other, sizeof(other) - 1);
	memcpy(list + sizeof(other) - 1, data, size);
	if (accept_value_allows(span_make(list, size + sizeof(other) - 1),
				TYPE) != allowed)
		abort();
	free(list);
	return 0;
}
