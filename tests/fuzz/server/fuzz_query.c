/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/err.h"
#include "server/http/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT(1u << 20);
	struct span query = span_make((const char *)data, size);

	for (size_t i = 0; i < 3; i++) {
		struct err err = ERR_INIT;
		struct span value = {NULL, 0};
		int rc = target_query(query, "n", i, &arena, &value, &err);

		if ((rc < 0) != (err.code != ERR_NONE))
			abort();
		if (rc == 1 && value.len > size)
			abort();
	}
	arena_release(&arena);
	return 0;
}
