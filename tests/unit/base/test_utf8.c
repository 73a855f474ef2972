/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <stdint.h>

#include "tests/lib/check.h"

/* The bytes of any number below 2^21 by UTF-8's scheme in size bytes, whether
 * they may be used or not. */
static struct span encode(uint32_t code, size_t size, char out[4])
{
	static const unsigned char first[] = {0, 0x00, 0xc0, 0xe0, 0xf0};

	for (size_t i = size - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (code & 0x3f));
		code >>= 6;
	}
	out[0] = (char)(first[size] | code);
	return span_make(out, size);
}

static size_t size_of(uint32_t code)
{
	if (code < 0x80)
		return 1;
	if (code < 0x800)
		return 2;
	return code < 0x10000 ? 3 : 4;
}

static void test_takes_every_character_and_no_surrogate(void)
{
	for (uint32_t code = 0; code < 0x140000; code++) {
		char bytes[4];
		size_t size = size_of(code);
		int valid =
			code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);

		CHECK(utf8_length(encode(code, size, bytes)) ==
		      (valid ? size : 0));
	}
}

static void test_refuses_overlong_forms(void)
{
	for (uint32_t code = 0; code < 0x10000; code++) {
		char bytes[4];

		for (size_t size = size_of(code) + 1; size <= 4; size++)
			CHECK(utf8_length(encode(code, size, bytes)) == 0);
	}
}

static void test_refuses_what_is_cut_off(void)
{
	CHECK(utf8_length(span_of(NULL)) == 0);
	CHECK(utf8_length(SPAN_LIT("\xc3")) == 0);
	CHECK(utf8_length(SPAN_LIT("\xe2\x82")) == 0);
	CHECK(utf8_length(SPAN_LIT("\xf0\x9f\x98")) == 0);
	CHECK(utf8_length(SPAN_LIT("\xe2\x82x")) == 0);
	CHECK(utf8_length(SPAN_LIT("\x80")) == 0);
	CHECK(utf8_length(SPAN_LIT("\xff")) == 0);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_takes_every_character_and_no_surrogate),
		CHECK_CASE(test_refuses_overlong_forms),
		CHECK_CASE(test_refuses_what_is_cut_off),
	};

	return CHECK_RUN(argc, argv, cases);
}
