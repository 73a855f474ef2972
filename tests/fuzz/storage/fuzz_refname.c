/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "storage/refname.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is accepted as a name could never leave its place on a disk. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_make((const char *)data, size);
	struct reference reference;
	struct err err = ERR_INIT;

	if (refname_check_repository(text, &err) == 0) {
		if (!data || size == 0 || memchr(data, '\0', size) ||
		    data[0] == '/' || memmem(data, size, "..", 2) ||
		    memmem(data, size, "//", 2))
			abort();
	}
	err_clear(&err);
	if (refname_parse_reference(text, &reference, &err) == 0 &&
	    !reference.is_digest &&
	    memchr(reference.tag.text, '/', reference.tag.len))
		abort();
	return 0;
}
