/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_NUM_H
#define BASE_NUM_H

/*
 * Numbers out of text, strictly: the whole text must be the number, without
 * sign (but for num_i64), blanks, or leading "+".  Anything else, and any
 * number too large for its type, is ERR_INVALID; the result is then untouched.
 */

#include <stdint.h>

#include "base/span.h"

struct err;

/* Decimal digits only, at least one. */
int num_u64(struct span text, uint64_t *ret_value, struct err *err);

/* The same with an optional "-". */
int num_i64(struct span text, int64_t *ret_value, struct err *err);

/* Bytes: digits and one of nothing, B, KiB, MiB, GiB, TiB (and K, M, G, T as
 * short for these). */
int num_size(struct span text, uint64_t *ret_bytes, struct err *err);

/* Milliseconds: digits and one of ms, s, m, h, d; a bare number is seconds. */
int num_duration(struct span text, int64_t *ret_ms, struct err *err);

/* The text in the largest unit that divides the value (64KiB, 12h), which
 * num_size (num_duration) reads back as it.  ms is not negative. */
#define NUM_TEXT_SIZE 32 /* bytes, with the NUL */
void num_format_size(uint64_t bytes, char ret_text[NUM_TEXT_SIZE]);
void num_format_duration(int64_t ms, char ret_text[NUM_TEXT_SIZE]);

#endif
