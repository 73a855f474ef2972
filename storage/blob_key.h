/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_BLOB_KEY_H
#define STORAGE_BLOB_KEY_H

/*
 * Storage keys: "sha256/ab/<hex>.<16 random digits>".  Each stored copy of a
 * content has a key of its own, so that a new push never meets the remains of
 * an old one.
 */

#include "base/digest.h"
#include "storage/blob_driver.h"

struct err;

/* A fresh key for content of that digest.  Fails only if the kernel gives no
 * randomness.  Any thread. */
int blob_key_make(const struct digest *digest, char ret_key[BLOB_KEY_SIZE],
		  struct err *err);

/* The digest that a key was made from: 0, or -1 with ERR_INVALID for a key that
 * blob_key_make() does not make.  Any thread. */
int blob_key_digest(const char *key, struct digest *ret_digest,
		    struct err *err);

#endif
