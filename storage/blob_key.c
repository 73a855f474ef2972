/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/blob_key.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/enc.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/span.h"

#define INCARNATION_SIZE 8 /* random bytes that tell copies apart */

/* "sha512" "/" "ab" "/" hex "." incarnation NUL */
_Static_assert(BLOB_KEY_SIZE >= 6 + 1 + 2 + 1 + 2 * DIGEST_SIZE_MAX + 1 +
					2 * INCARNATION_SIZE + 1,
	       "a key must hold the longest digest and its incarnation");

int blob_key_make(const struct digest *digest, char ret_key[BLOB_KEY_SIZE],
		  struct err *err)
{
	uint8_t incarnation[INCARNATION_SIZE];
	char hex[2 * DIGEST_SIZE_MAX + 1];
	char tail[2 * INCARNATION_SIZE + 1];

	if (rand_bytes(incarnation, sizeof(incarnation), err) < 0)
		return err_wrap(err, "making a storage key");
	enc_hex(digest->bytes, digest_algo_size(digest->algo), hex);
	enc_hex(incarnation, sizeof(incarnation), tail);
	snprintf(ret_key, BLOB_KEY_SIZE, "%s/%.2s/%s.%s",
		 digest_algo_name(digest->algo), hex, hex, tail);
	return 0;
}

static int key_is_foreign(struct err *err)
{
	return err_set(err, ERR_INVALID, "storage key names no digest");
}

int blob_key_digest(const char *key, struct digest *ret_digest, struct err *err)
{
	struct err ignored = ERR_INIT;
	struct span name, prefix, rest, hex, tail;
	struct digest digest = {.algo = DIGEST_SHA256};
	uint8_t incarnation[INCARNATION_SIZE];

	if (!span_cut(span_of(key), '/', &name, &rest) ||
	    !span_cut(rest, '/', &prefix, &rest) ||
	    !span_cut(rest, '.', &hex, &tail))
		return key_is_foreign(err);
	if (digest_algo_parse(name.text, name.len, &digest.algo, &ignored) < 0)
		return key_is_foreign(err);
	if (enc_unhex(hex, digest.bytes, digest_algo_size(digest.algo),
		      &ignored) < 0 ||
	    enc_unhex(tail, incarnation, sizeof(incarnation), &ignored) < 0)
		return key_is_foreign(err);
	if (prefix.len != 2 || memcmp(prefix.text, hex.text, 2) != 0)
		return key_is_foreign(err);
	*ret_digest = digest;
	return 0;
}
