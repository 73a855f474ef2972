/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rand.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "base/enc.h"
#include "base/err.h"

int rand_bytes(void *out, size_t len, struct err *err)
{
	char *at = out;

	while (len > 0) {
		ssize_t got = getrandom(at, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_set(err, ERR_INTERNAL,
				       "the kernel gives no random bytes");
		at += got;
		len -= (size_t)got;
	}
	return 0;
}

int rand_uuid(char ret_text[RAND_UUID_SIZE], struct err *err)
{
	static const size_t parts[] = {4, 2, 2, 2,
				       6}; /* bytes between dashes */
	uint8_t bytes[16];
	const uint8_t *from = bytes;
	char *at = ret_text;

	if (rand_bytes(bytes, sizeof(bytes), err) < 0)
		return -1;
	bytes[6] = (bytes[6] & 0x0f) | 0x40;
	bytes[8] = (bytes[8] & 0x3f) | 0x80;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (i > 0)
			*at++ = '-';
		enc_hex(from, parts[i], at);
		from += parts[i];
		at += 2 * parts[i];
	}
	return 0;
}

int rand_password(char *ret_text, size_t count, struct err *err)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789";
	const size_t choices = sizeof(letters) - 1;
	size_t at = 0;

	while (at < count) {
		uint8_t bytes[64];

		if (rand_bytes(bytes, sizeof(bytes), err) < 0) {
			explicit_bzero(ret_text, at);
			return -1;
		}
		/* A byte past the last whole run of letters would favour the
		 * first of them. */
		for (size_t i = 0; i < sizeof(bytes) && at < count; i++)
			if (bytes[i] < 256 / choices * choices)
				ret_text[at++] = letters[bytes[i] % choices];
		explicit_bzero(bytes, sizeof(bytes));
	}
	ret_text[count] = '\0';
	return 0;
}
