/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/access_key.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "auth/seal.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/rand.h"
#include "storage/meta_credentials.h"

#define ID_LENGTH (ACCESS_KEY_ID_SIZE - 1)
#define PURPOSE_SIZE (sizeof("access-key:") + META_KEY_ID_SIZE)

int access_key_make(const char *prefix, char ret_id[ACCESS_KEY_ID_SIZE],
		    char ret_secret[ACCESS_KEY_SECRET_SIZE], struct err *err)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	size_t len = strlen(prefix);
	uint8_t random[ID_LENGTH];

	if (rand_bytes(random, sizeof(random), err) < 0 ||
	    rand_password(ret_secret, ACCESS_KEY_SECRET_SIZE - 1, err) < 0)
		return -1;
	memcpy(ret_id, prefix, len);
	for (size_t i = len; i < ID_LENGTH; i++)
		ret_id[i] = letters[random[i] % 32];
	ret_id[ID_LENGTH] = '\0';
	return 0;
}

/* One key's secret must not stand in another's place. */
static struct span purpose_of(const char *id, char text[PURPOSE_SIZE])
{
	snprintf(text, PURPOSE_SIZE, "access-key:%s", id);
	return span_of(text);
}

int access_key_seal(struct seal *seal, const char *id, struct span secret,
		    struct buf *out, struct err *err)
{
	char text[PURPOSE_SIZE];

	return seal_close(seal, purpose_of(id, text), secret, out, err);
}

int access_key_open(struct seal *seal, const char *id, struct span sealed,
		    struct buf *out, struct err *err)
{
	char text[PURPOSE_SIZE];

	return seal_read(seal, purpose_of(id, text), sealed, out, err);
}
