/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_JWT_KEY_H
#define AUTH_JWT_KEY_H

/* Between jwt.c and jwt_key.c: what a key is.  Nothing else includes this. */

#include <openssl/evp.h>
#include <stdatomic.h>

#include "auth/jwt.h"

struct jwt_key {
	atomic_uint refs;	      /* references held */
	enum jwt_algorithm algorithm; /* the only one it is good for */
	EVP_PKEY *pkey;		      /* owned */
};

#endif
