/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_ACCESS_KEY_H
#define AUTH_ACCESS_KEY_H

/*
 * What access keys are: an id of Amazon's form and a secret, which lies sealed
 * in the database, bound to its id.  Any thread.
 */

#include "base/span.h"

struct buf;
struct err;
struct seal;

#define ACCESS_KEY_PREFIX "BERTH" /* of ids that lie in the database */
#define ACCESS_KEY_ID_SIZE 21 /* bytes of an id that we make, with its NUL */
#define ACCESS_KEY_SECRET_SIZE 41 /* the same of its secret */

/* A random id that begins with prefix (at most 10 bytes), and a random secret,
 * which its owner wipes. */
int access_key_make(const char *prefix, char ret_id[ACCESS_KEY_ID_SIZE],
		    char ret_secret[ACCESS_KEY_SECRET_SIZE], struct err *err);

/* Seal a key's secret, appended to out. */
int access_key_seal(struct seal *seal, const char *id, struct span secret,
		    struct buf *out, struct err *err);

/* Open it, appended to out, whose owner wipes it; ERR_CORRUPT. */
int access_key_open(struct seal *seal, const char *id, struct span sealed,
		    struct buf *out, struct err *err);

#endif
