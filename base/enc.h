/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ENC_H
#define BASE_ENC_H

/* Encodings: hexadecimal, base64, base64url, percent.  No state, any thread. */

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct buf;
struct err;

/* 2 * len lower-case digits and a NUL into ret_text. */
void enc_hex(const void *data, size_t len, char *ret_text);

/* What a digit of either case stands for, or -1. */
int enc_hex_digit(char c);

/* Fill out[0..size) from exactly 2 * size lower-case digits, or ERR_INVALID. */
int enc_unhex(struct span text, uint8_t *out, size_t size, struct err *err);

/* Append the bytes as base64 with padding, or as base64url without. */
void enc_base64(const void *data, size_t len, struct buf *out);
void enc_base64url(const void *data, size_t len, struct buf *out);

/* Append what the text decodes to.  Strict: no blanks, correct padding (none
 * for base64url), no bits left over; else ERR_INVALID with out as it was. */
int enc_unbase64(struct span text, struct buf *out, struct err *err);
int enc_unbase64url(struct span text, struct buf *out, struct err *err);

/* Append the text with everything but letters, digits and "-._~" (and "/" if
 * keep_slash) percent-encoded. */
void enc_percent(struct span text, int keep_slash, struct buf *out);

/*
 * Write the text with each %XX decoded to out, which has room for text.len
 * bytes and may be where the text itself is; "+" stands for itself.
 * ERR_INVALID for a broken escape or a NUL, encoded or not.
 */
int enc_unpercent(struct span text, char *out, size_t *ret_len,
		  struct err *err);

#endif
