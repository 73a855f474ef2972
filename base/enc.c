/* SPDX-License-Identifier: Apache-2.0 */
#include "base/enc.h"

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

static const char hex_lower[] = "0123456789abcdef";
static const char hex_upper[] = "0123456789ABCDEF";

void enc_hex(const void *data, size_t len, char *ret_text)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++) {
		*ret_text++ = hex_lower[bytes[i] >> 4];
		*ret_text++ = hex_lower[bytes[i] & 0xf];
	}
	*ret_text = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int enc_hex_digit(char c)
{
	return hex_value(c >= 'A' && c <= 'F' ? (char)(c | 0x20) : c);
}

static bool is_hex(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (hex_value(text.text[i]) < 0)
			return false;
	return true;
}

int enc_unhex(struct span text, uint8_t *out, size_t size, struct err *err)
{
	if (text.len % 2 != 0 || text.len / 2 != size || !is_hex(text))
		return err_set(err, ERR_INVALID,
			       "not %zu bytes in lower-case hex", size);
	for (size_t i = 0; i < size; i++)
		out[i] = (uint8_t)((unsigned)hex_value(text.text[2 * i]) << 4 |
				   (unsigned)hex_value(text.text[2 * i + 1]));
	return 0;
}

static const char base64_standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "abcdefghijklmnopqrstuvwxyz0123456789-_";

/* Append 1 to 3 bytes as 2 to 4 characters. */
static void base64_group(const uint8_t *bytes, size_t len, const char *alphabet,
			 struct buf *out)
{
	uint32_t bits = (uint32_t)bytes[0] << 16 |
			(len > 1 ? (uint32_t)bytes[1] << 8 : 0) |
			(len > 2 ? bytes[2] : 0);
	char text[4];

	for (size_t i = 0; i < 4; i++)
		text[i] = alphabet[bits >> (18 - 6 * i) & 0x3f];
	buf_append(out, text, len + 1);
}

static void base64(const void *data, size_t len, const char *alphabet,
		   struct buf *out)
{
	const uint8_t *bytes = data;

	for (size_t at = 0; at < len; at += 3)
		base64_group(bytes + at, len - at < 3 ? len - at : 3, alphabet,
			     out);
}

void enc_base64(const void *data, size_t len, struct buf *out)
{
	base64(data, len, base64_standard, out);
	if (len % 3 != 0)
		buf_append(out, "==", 3 - len % 3);
}

void enc_base64url(const void *data, size_t len, struct buf *out)
{
	base64(data, len, base64_url, out);
}

static int base64_value(char c, const char *alphabet)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == alphabet[62])
		return 62;
	return c == alphabet[63] ? 63 : -1;
}

/* Append what 2 to 4 characters decode to; false if one is none of the
 * alphabet's or bits are left that no byte takes. */
static bool base64_ungroup(const char *text, size_t len, const char *alphabet,
			   struct buf *out)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		int value = i < len ? base64_value(text[i], alphabet) : 0;

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
	}
	if ((len == 2 && (bits & 0xffff)) || (len == 3 && (bits & 0xff)))
		return false;

	char bytes[3] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};
	buf_append(out, bytes, len - 1);
	return true;
}

/* Take back what was appended since the buffer held len bytes. */
static void cut_back(struct buf *out, size_t len)
{
	out->len = len;
	if (out->data)
		out->data[len] = '\0';
}

static int unbase64(struct span text, const char *alphabet, struct buf *out,
		    struct err *err)
{
	size_t before = out->len;
	bool valid = text.len % 4 != 1;

	for (size_t at = 0; valid && at < text.len; at += 4)
		valid = base64_ungroup(text.text + at,
				       text.len - at < 4 ? text.len - at : 4,
				       alphabet, out);
	if (valid)
		return buf_check(out, err);
	cut_back(out, before);
	return err_set(err, ERR_INVALID, "malformed base64");
}

int enc_unbase64(struct span text, struct buf *out, struct err *err)
{
	if (text.len % 4 != 0)
		return err_set(err, ERR_INVALID, "base64 without its padding");
	for (int i = 0; i < 2; i++)
		if (text.len > 0 && text.text[text.len - 1] == '=')
			text.len--;
	return unbase64(text, base64_standard, out, err);
}

int enc_unbase64url(struct span text, struct buf *out, struct err *err)
{
	return unbase64(text, base64_url, out, err);
}

static bool is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	       c == '~';
}

void enc_percent(struct span text, int keep_slash, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.text[i];
		unsigned char byte = (unsigned char)c;

		if (is_unreserved(c) || (keep_slash && c == '/')) {
			buf_append_char(out, c);
			continue;
		}
		char escape[3] = {'%', hex_upper[byte >> 4],
				  hex_upper[byte & 0xf]};
		buf_append(out, escape, sizeof(escape));
	}
}

/* The byte that the escape at the start of text stands for, or -1. */
static int escaped_byte(struct span text)
{
	if (text.len < 3)
		return -1;

	int high = enc_hex_digit(text.text[1]);
	int low = enc_hex_digit(text.text[2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

int enc_unpercent(struct span text, char *out, size_t *ret_len, struct err *err)
{
	size_t len = 0;

	for (size_t at = 0; at < text.len; at++) {
		int byte = (unsigned char)text.text[at];

		if (byte == '%') {
			byte = escaped_byte(
				span_make(text.text + at, text.len - at));
			at += 2;
		}
		if (byte <= 0)
			return err_set(err, ERR_INVALID,
				       "malformed percent-encoding");
		out[len++] = (char)byte;
	}
	*ret_len = len;
	return 0;
}
