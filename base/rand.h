/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_RAND_H
#define BASE_RAND_H

/* Randomness fit for secrets, from the kernel.  Any thread. */

#include <stddef.h>

struct err;

/* Fill out with len random bytes; ERR_INTERNAL if the kernel gives none. */
int rand_bytes(void *out, size_t len, struct err *err);

/* A version 4 UUID in lower case. */
#define RAND_UUID_SIZE 37 /* bytes, with the NUL */
int rand_uuid(char ret_text[RAND_UUID_SIZE], struct err *err);

/* count letters and digits and a NUL, for passwords: about 5.9 bits each. */
int rand_password(char *ret_text, size_t count, struct err *err);

#endif
