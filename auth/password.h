/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_PASSWORD_H
#define AUTH_PASSWORD_H

/*
 * Password hashes: scrypt through OpenSSL, with the parameters and the salt in
 * the text: "$scrypt$ln=14,r=8,p=1$<salt>$<hash>" in base64url.  Costs about
 * 16 MiB and some tens of milliseconds, and twice that for each step of ln; any
 * thread.
 */

#include <stdbool.h>

#include "base/span.h"

struct err;

#define PASSWORD_HASH_SIZE 256 /* bytes of a hash, with its NUL */
#define PASSWORD_MAX 512       /* bytes of the longest password */

#define PASSWORD_COST_MIN 14 /* ln: the logarithm of the work */
#define PASSWORD_COST_MAX 18 /* 256 MiB */

/* What new hashes cost from now on, in the whole process; PASSWORD_COST_MIN
 * until then. */
void password_set_cost(int cost_log2);

/* True if the hash was made at less cost than new ones are. */
bool password_is_cheap(const char *hash);

/* Hash a password with a fresh salt. */
int password_hash(struct span password, char ret_hash[PASSWORD_HASH_SIZE],
		  struct err *err);

/* A hash of no password, at no cost: checking against it takes as long as
 * against a real one. */
int password_decoy(char ret_hash[PASSWORD_HASH_SIZE], struct err *err);

/*
 * 1 it is the password of that hash, 0 it is not, -1 the hash cannot be read
 * (ERR_CORRUPT) or computed.  The comparison takes constant time, and a hash
 * that was made at less cost is made up for: a name that nobody logs in by any
 * more shall not stand out.
 */
int password_verify(struct span password, const char *hash, struct err *err);

#endif
