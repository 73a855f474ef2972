/* SPDX-License-Identifier: Apache-2.0 */
#include "base/enc.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "tests/lib/check.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void test_hex_goes_there_and_back(void)
{
	struct err err = ERR_INIT;
	uint8_t all[256], back[256];
	char text[513];

	for (int i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	enc_hex(all, sizeof(all), text);
	CHECK(strlen(text) == 512);
	CHECK(strncmp(text, "000102", 6) == 0);
	CHECK_TEXT(text + 506, "fdfeff");
	CHECK(enc_unhex(span_of(text), back, 256, &err) == 0);
	CHECK(memcmp(all, back, 256) == 0);
}

static void test_hex_of_another_form_is_refused(void)
{
	static const char *const cases[] = {"",	    "a",    "abc",  "abcd0",
					    "AB00", "ab0g", "ab 0", "abcdef"};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = ERR_INIT;
		uint8_t out[2] = {7, 7};

		CHECK(enc_unhex(span_of(cases[i]), out, 2, &err) == -1);
		CHECK(err.code == ERR_INVALID);
		CHECK(out[0] == 7 && out[1] == 7);
	}
}

static const struct {
	const char *plain;
	const char *base64;
	const char *base64url;
} vectors[] = {
	{"", "", ""},
	{"f", "Zg==", "Zg"},
	{"fo", "Zm8=", "Zm8"},
	{"foo", "Zm9v", "Zm9v"},
	{"foob", "Zm9vYg==", "Zm9vYg"},
	{"fooba", "Zm9vYmE=", "Zm9vYmE"},
	{"foobar", "Zm9vYmFy", "Zm9vYmFy"},
	{"\xfb\xff\xfe", "+//+", "-__-"},
};

static void test_base64_of_the_standard_vectors(void)
{
	for (size_t i = 0; i < COUNT(vectors); i++) {
		CLEANUP(buf_release) struct buf out = BUF_INIT(100);
		struct err err = ERR_INIT;
		size_t len = strlen(vectors[i].plain);

		enc_base64(vectors[i].plain, len, &out);
		CHECK_TEXT(buf_text(&out), vectors[i].base64);
		buf_clear(&out);
		enc_base64url(vectors[i].plain, len, &out);
		CHECK_TEXT(buf_text(&out), vectors[i].base64url);
		buf_clear(&out);
		CHECK(enc_unbase64(span_of(vectors[i].base64), &out, &err) ==
		      0);
		CHECK_TEXT(buf_text(&out), vectors[i].plain);
		buf_clear(&out);
		CHECK(enc_unbase64url(span_of(vectors[i].base64url), &out,
				      &err) == 0);
		CHECK_TEXT(buf_text(&out), vectors[i].plain);
	}
}

static void test_base64_of_every_byte(void)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(1000);
	CLEANUP(buf_release) struct buf back = BUF_INIT(1000);
	struct err err = ERR_INIT;
	uint8_t all[256];

	for (int i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	for (size_t len = 0; len <= 256; len++) {
		buf_clear(&text);
		buf_clear(&back);
		enc_base64(all + (256 - len), len, &text);
		CHECK(enc_unbase64(buf_span(&text), &back, &err) == 0);
		CHECK(back.len == len);
		CHECK(len == 0 ||
		      memcmp(back.data, all + (256 - len), len) == 0);
	}
}

static void test_broken_base64_is_refused_and_out_as_it_was(void)
{
	static const char *const broken[] = {
		"Z",
		"Zg",
		"Zg=",
		"Zg===",
		"Zh==",
		"Zm9=",
		"Zm9v=",
		"====",
		"=",
		"Z===",
		"Zg==Zg==",
		" Zm9v",
		"Zm9v\n",
		"Zm-_",
		"Zm9v!m9v",
		"Z=g=",
		"\xc3\xa4\xc3\xa4",
	};
	static const char *const broken_url[] = {
		"Z", "Zg==", "Zh", "Zm9", "Zm9vZ", "+//+", "Zm9v ", "Zg=",
	};

	for (size_t i = 0; i < COUNT(broken) + COUNT(broken_url); i++) {
		CLEANUP(buf_release) struct buf out = BUF_INIT(100);
		struct err err = ERR_INIT;
		bool url = i >= COUNT(broken);

		buf_append_text(&out, "kept");
		int rc = url ? enc_unbase64url(
				       span_of(broken_url[i - COUNT(broken)]),
				       &out, &err)
			     : enc_unbase64(span_of(broken[i]), &out, &err);
		CHECK(rc == -1 && err.code == ERR_INVALID);
		CHECK_TEXT(buf_text(&out), "kept");
	}
}

static void test_every_single_byte_in_base64_is_judged(void)
{
	int accepted = 0;

	for (int byte = 0; byte < 256; byte++) {
		CLEANUP(buf_release) struct buf out = BUF_INIT(100);
		struct err err = ERR_INIT;
		char text[4] = {(char)byte, 'A', 'A', 'A'};

		accepted += enc_unbase64(span_make(text, 4), &out, &err) == 0;
	}
	CHECK(accepted == 64);
}

static void test_decoding_over_the_ceiling_fails(void)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(2);
	struct err err = ERR_INIT;

	CHECK(enc_unbase64(SPAN_LIT("Zm9v"), &out, &err) == -1);
	CHECK(err.code == ERR_TOO_LARGE);
}

static void test_percent_encodes_what_is_reserved(void)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(100);

	enc_percent(SPAN_LIT("azAZ09-._~"), 0, &out);
	CHECK_TEXT(buf_text(&out), "azAZ09-._~");
	buf_clear(&out);
	enc_percent(SPAN_LIT("a/b c+%\xff"), 0, &out);
	CHECK_TEXT(buf_text(&out), "a%2Fb%20c%2B%25%FF");
	buf_clear(&out);
	enc_percent(SPAN_LIT("a/b:"), 1, &out);
	CHECK_TEXT(buf_text(&out), "a/b%3A");
}

static void test_percent_goes_there_and_back(void)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(1000);
	struct err err = ERR_INIT;
	char all[255];
	char back[1000];
	size_t len = 0;

	for (int i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	enc_percent(span_make(all, sizeof(all)), 0, &text);
	CHECK(enc_unpercent(buf_span(&text), back, &len, &err) == 0);
	CHECK(span_equal(span_make(back, len), span_make(all, sizeof(all))));
}

static void test_unpercent_reads_both_cases_in_place(void)
{
	char text[] = "a%2f%2Fb+c%2B";
	struct err err = ERR_INIT;
	size_t len = 0;

	CHECK(enc_unpercent(span_of(text), text, &len, &err) == 0);
	CHECK(span_equal(span_make(text, len), SPAN_LIT("a//b+c+")));
}

static void test_broken_escapes_are_refused(void)
{
	static const struct span cases[] = {
		{"%", 1},    {"%a", 2},	 {"x%", 2},  {"%zz", 3},
		{"%a_", 3},  {"%_a", 3}, {"%00", 3}, {"a\0b", 3},
		{"%%41", 4}, {"%4", 2},	 {"%-1", 3}, {"%@A", 3},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = ERR_INIT;
		size_t len = 99;
		char out[4];

		CHECK(enc_unpercent(cases[i], out, &len, &err) == -1);
		CHECK(err.code == ERR_INVALID && len == 99);
	}
}

static void test_hex_digits_of_either_case(void)
{
	static const char digits[] = "0123456789abcdef";
	int known = 0;

	for (int i = 0; i < 16; i++)
		CHECK(enc_hex_digit(digits[i]) == i);
	for (int i = 10; i < 16; i++)
		CHECK(enc_hex_digit((char)(digits[i] - 'a' + 'A')) == i);
	for (int c = 0; c < 256; c++)
		known += enc_hex_digit((char)c) >= 0;
	CHECK(known == 22);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_hex_goes_there_and_back),
		CHECK_CASE(test_hex_of_another_form_is_refused),
		CHECK_CASE(test_base64_of_the_standard_vectors),
		CHECK_CASE(test_base64_of_every_byte),
		CHECK_CASE(test_broken_base64_is_refused_and_out_as_it_was),
		CHECK_CASE(test_every_single_byte_in_base64_is_judged),
		CHECK_CASE(test_decoding_over_the_ceiling_fails),
		CHECK_CASE(test_percent_encodes_what_is_reserved),
		CHECK_CASE(test_percent_goes_there_and_back),
		CHECK_CASE(test_unpercent_reads_both_cases_in_place),
		CHECK_CASE(test_broken_escapes_are_refused),
		CHECK_CASE(test_hex_digits_of_either_case),
	};

	return CHECK_RUN(argc, argv, cases);
}
