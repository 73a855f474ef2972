/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/password.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX 4096

/* A cost that a fuzzer can pay, or none: what would be hashed for long is the
 * unit tests' affair. */
static bool is_cheap(const char *hash)
{
	return strncmp(hash, "$scrypt$ln=", 11) != 0 ||
	       (hash[11] >= '1' && hash[11] <= '9' && hash[12] == ',');
}

/* A stored hash that can be read verifies the same every time; one that cannot
 * is damage. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char hash[INPUT_MAX + 1];
	struct err err = ERR_INIT;
	struct err again = ERR_INIT;

	if (size > INPUT_MAX)
		return 0;
	memcpy(hash, data, size);
	hash[size] = '\0';
	if (!is_cheap(hash))
		return 0;
	int rc = password_verify(SPAN_LIT("password"), hash, &err);
	if (rc < 0 && err.code != ERR_CORRUPT)
		abort();
	if (password_verify(SPAN_LIT("password"), hash, &again) != rc)
		abort();
	return 0;
}
