/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

/*
 * The name of a piece of content, written "<algorithm>:<hex>", for example
 * "sha256:2c26b46b..." (64 digits).  base/hasher.h makes one from bytes.
 *
 * A struct digest is a plain value: copy it freely, there is nothing to
 * release.  No function here allocates or keeps state, so every one may be
 * called from any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum digest_algo {
	DIGEST_SHA256,
	DIGEST_SHA512,
};

#define DIGEST_ALGO_COUNT 2
#define DIGEST_SIZE_MAX 64   /* bytes in the longest hash */
#define DIGEST_TEXT_SIZE 136 /* bytes in the longest text, with its NUL */

struct digest {
	enum digest_algo algo;		/* says how many bytes count */
	uint8_t bytes[DIGEST_SIZE_MAX]; /* zero past the size of the hash */
};

/*
 * Read the digest that fills text[0..len).  The text is not kept and need
 * not end in NUL.  Anything around the digest is an error, and so is
 * upper-case hex: one content must never have two names.
 *
 * Returns 0 with *ret_digest filled in, or -1 with *ret_digest left alone
 * and err set: ERR_UNSUPPORTED if what stands before the colon is no
 * algorithm we store, ERR_INVALID for every other fault.
 */
int digest_parse(const char *text, size_t len, struct digest *ret_digest,
		 struct err *err);

/*
 * True if the text has the form of a digest of any algorithm, known or not
 * (OCI image-spec grammar; the known ones must have their exact length and
 * lower-case hex): what a manifest may name.
 */
bool digest_is_wellformed(const char *text, size_t len);

/* Write digest as text into ret_text, ending in NUL. */
void digest_format(const struct digest *digest,
		   char ret_text[DIGEST_TEXT_SIZE]);

/* "sha256"; never NULL. */
const char *digest_algo_name(enum digest_algo algo);

/* The algorithm of that name: 0, or -1 with ERR_UNSUPPORTED. */
int digest_algo_parse(const char *text, size_t len, enum digest_algo *ret_algo,
		      struct err *err);

/* Bytes in a hash of that algorithm. */
size_t digest_algo_size(enum digest_algo algo);

/* Takes a time that depends on the bytes: never compare secrets with it. */
bool digest_equal(const struct digest *a, const struct digest *b);

#endif
