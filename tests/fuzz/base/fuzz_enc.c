/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/enc.h"
#include "base/err.h"

#define SIZE_MOST 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

/* Strict base64 has one text for each content: what decodes must encode to
 * itself. */
static void try_base64(struct span input, int url)
{
	CLEANUP(buf_release) struct buf plain = BUF_INIT(SIZE_MOST);
	CLEANUP(buf_release) struct buf text = BUF_INIT(SIZE_MOST);
	struct err err = ERR_INIT;
	int rc = url ? enc_unbase64url(input, &plain, &err)
		     : enc_unbase64(input, &plain, &err);

	if (rc < 0)
		return;
	if (url)
		enc_base64url(plain.data, plain.len, &text);
	else
		enc_base64(plain.data, plain.len, &text);
	must(span_equal(buf_span(&text), input));
}

/* What decodes comes back from its own encoding. */
static void try_unpercent(struct span input, int keep_slash)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(4 * SIZE_MOST);
	static char plain[SIZE_MOST];
	static char again[4 * SIZE_MOST];
	struct err err = ERR_INIT;
	size_t plain_len = 0;
	size_t len = 0;

	if (enc_unpercent(input, plain, &plain_len, &err) < 0)
		return;
	must(plain_len <= input.len);
	enc_percent(span_make(plain, plain_len), keep_slash, &text);
	must(enc_unpercent(buf_span(&text), again, &len, &err) == 0);
	must(span_equal(span_make(plain, plain_len), span_make(again, len)));
}

static void try_encoding(struct span input)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(4 * SIZE_MOST);
	CLEANUP(buf_release) struct buf back = BUF_INIT(SIZE_MOST);
	struct err err = ERR_INIT;

	enc_base64(input.text, input.len, &text);
	must(enc_unbase64(buf_span(&text), &back, &err) == 0);
	must(span_equal(buf_span(&back), input));
}

static void try_hex(struct span input)
{
	struct err err = ERR_INIT;
	uint8_t bytes[32];
	char text[65];

	if (enc_unhex(input, bytes, input.len / 2 % 33, &err) < 0)
		return;
	enc_hex(bytes, input.len / 2, text);
	must(span_equal(span_of(text), input));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_make((const char *)data, size);

	if (size > SIZE_MOST / 4)
		return 0;
	try_base64(input, 0);
	try_base64(input, 1);
	try_unpercent(input, 0);
	try_unpercent(input, 1);
	try_encoding(input);
	try_hex(input);
	return 0;
}
