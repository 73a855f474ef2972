/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_SEAL_H
#define AUTH_SEAL_H

/*
 * The server's key, and what is sealed with it: AES-256-GCM through OpenSSL.
 * The key lies in a file of its own (auth.server_key, by default
 * DATA/server.key, mode 0600, made at the first start), outside of backups of
 * the data.  A line is "ID HEX"; the first seals, all open, so that a key can
 * be changed: write a new first line, reseal, remove the old one.  A sealed
 * text is "ID.base64url(nonce, cipher text, tag)".  Any thread.
 */

#include <stdint.h>

#include "base/span.h"

struct buf;
struct err;
struct seal;

/*
 * Read the file, or make it if it is not there (durably).  ERR_CORRUPT if it
 * cannot be understood, ERR_DENIED if others may read or write it.  path is
 * taken below dir_fd unless it is absolute.
 */
int seal_open(int dir_fd, const char *path, struct seal **ret_seal,
	      struct err *err);
void seal_free(struct seal *seal); /* NULL is fine; wipes */

/* Put a new key before the others, in the file and in *seal; and remove all
 * others from the file, once everything was sealed anew. */
int seal_add_key(struct seal *seal, struct err *err);
int seal_drop_old_keys(struct seal *seal, struct err *err);

/* How many there are: more than one while a change of keys is under way. */
size_t seal_key_count(struct seal *seal);

/* Seal: purpose ("access-key:ID") is bound to it, so that one sealed text
 * cannot stand in another's place.  Appended to out. */
int seal_close(struct seal *seal, struct span purpose, struct span secret,
	       struct buf *out, struct err *err);

/* Open: appended to out, whose owner wipes it; ERR_CORRUPT. */
int seal_read(struct seal *seal, struct span purpose, struct span sealed,
	      struct buf *out, struct err *err);

/* A key for another use, derived from the first (HKDF-SHA-256). */
int seal_derive(struct seal *seal, const char *use, uint8_t ret_key[32],
		struct err *err);

#endif
