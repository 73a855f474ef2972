/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <string.h>

#include "base/enc.h"
#include "base/err.h"

static const struct {
	const char *name;
	size_t size; /* of the hash, in bytes */
} algos[DIGEST_ALGO_COUNT] = {
	[DIGEST_SHA256] = {"sha256", 32},
	[DIGEST_SHA512] = {"sha512", DIGEST_SIZE_MAX},
};

_Static_assert(DIGEST_TEXT_SIZE == sizeof("sha512:") + 2 * DIGEST_SIZE_MAX,
	       "a digest text buffer must hold the longest digest exactly");

static int algo_find(const char *name, size_t len)
{
	for (size_t i = 0; i < DIGEST_ALGO_COUNT; i++)
		if (strlen(algos[i].name) == len &&
		    memcmp(algos[i].name, name, len) == 0)
			return (int)i;
	return -1;
}

int digest_algo_parse(const char *text, size_t len, enum digest_algo *ret_algo,
		      struct err *err)
{
	int algo = len ? algo_find(text, len) : -1;

	if (algo < 0)
		return err_set(err, ERR_UNSUPPORTED,
			       "digest algorithm is not one we store");
	*ret_algo = (enum digest_algo)algo;
	return 0;
}

int digest_parse(const char *text, size_t len, struct digest *ret_digest,
		 struct err *err)
{
	const char *colon = len ? memchr(text, ':', len) : NULL;
	if (!colon)
		return err_set(err, ERR_INVALID, "digest has no colon");

	struct digest d = {.algo = DIGEST_SHA256};
	if (digest_algo_parse(text, (size_t)(colon - text), &d.algo, err) < 0)
		return -1;

	size_t size = algos[d.algo].size;
	struct span hex =
		span_make(colon + 1, len - (size_t)(colon + 1 - text));

	if (hex.len != 2 * size)
		return err_set(err, ERR_INVALID,
			       "%s digest has %zu digits, not %zu",
			       algos[d.algo].name, hex.len, 2 * size);
	if (enc_unhex(hex, d.bytes, size, err) < 0)
		return err_wrap(err, "digest");

	*ret_digest = d;
	return 0;
}

static bool is_component_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_separator(char c)
{
	return c == '+' || c == '.' || c == '_' || c == '-';
}

/* component (separator component)*, where a component is never empty. */
static bool is_algorithm(const char *text, size_t len)
{
	bool after_component = false;

	for (size_t i = 0; i < len; i++) {
		if (is_component_char(text[i]))
			after_component = true;
		else if (after_component && is_separator(text[i]))
			after_component = false;
		else
			return false;
	}
	return after_component;
}

static bool is_encoded(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (!is_component_char(c) && !(c >= 'A' && c <= 'Z') &&
		    c != '=' && c != '_' && c != '-')
			return false;
	}
	return len > 0;
}

bool digest_is_wellformed(const char *text, size_t len)
{
	const char *colon = len ? memchr(text, ':', len) : NULL;
	if (!colon)
		return false;

	size_t name_len = (size_t)(colon - text);
	if (algo_find(text, name_len) >= 0) {
		struct err err = ERR_INIT;
		struct digest unused;

		return digest_parse(text, len, &unused, &err) == 0;
	}
	return is_algorithm(text, name_len) &&
	       is_encoded(colon + 1, len - name_len - 1);
}

void digest_format(const struct digest *digest, char ret_text[DIGEST_TEXT_SIZE])
{
	size_t at = strlen(algos[digest->algo].name);

	memcpy(ret_text, algos[digest->algo].name, at);
	ret_text[at++] = ':';
	enc_hex(digest->bytes, algos[digest->algo].size, ret_text + at);
}

const char *digest_algo_name(enum digest_algo algo)
{
	return algos[algo].name;
}

size_t digest_algo_size(enum digest_algo algo)
{
	return algos[algo].size;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return a->algo == b->algo &&
	       memcmp(a->bytes, b->bytes, algos[a->algo].size) == 0;
}
