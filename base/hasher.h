/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_HASHER_H
#define BASE_HASHER_H

/*
 * Streaming SHA-256 and SHA-512 over OpenSSL's EVP.  A hasher belongs to one
 * thread at a time.
 */

#include <stddef.h>

#include "base/digest.h"

struct err;
struct hasher;

/* A new hasher; ERR_NO_MEMORY or ERR_INTERNAL (no such algorithm in libcrypto).
 * hasher_free accepts NULL. */
int hasher_new(enum digest_algo algo, struct hasher **ret_hasher,
	       struct err *err);
void hasher_free(struct hasher *hasher);

/* The algorithm it was made for. */
enum digest_algo hasher_algo(const struct hasher *hasher);

/* Add bytes. */
int hasher_update(struct hasher *hasher, const void *data, size_t len,
		  struct err *err);

/* The digest of all bytes so far.  More may be added afterwards. */
int hasher_digest(const struct hasher *hasher, struct digest *ret_digest,
		  struct err *err);

/* The digest of one piece of memory. */
int hasher_once(enum digest_algo algo, const void *data, size_t len,
		struct digest *ret_digest, struct err *err);

#endif
