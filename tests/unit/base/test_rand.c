/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rand.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tests/lib/check.h"

static void test_fills_all_bytes(void)
{
	struct err err = ERR_INIT;
	unsigned char seen[600] = {0};

	/* A byte that is zero in 20 draws was not filled: 256^-20 else. */
	for (int round = 0; round < 20; round++) {
		unsigned char bytes[600] = {0};

		CHECK(rand_bytes(bytes, sizeof(bytes), &err) == 0);
		for (size_t i = 0; i < sizeof(bytes); i++)
			seen[i] |= bytes[i];
	}
	for (size_t i = 0; i < sizeof(seen); i++)
		CHECK(seen[i] != 0);
	CHECK(rand_bytes(NULL, 0, &err) == 0);
}

static void test_uuids_have_their_form(void)
{
	struct err err = ERR_INIT;
	char a[RAND_UUID_SIZE], b[RAND_UUID_SIZE];

	for (int round = 0; round < 100; round++) {
		CHECK(rand_uuid(a, &err) == 0 && rand_uuid(b, &err) == 0);
		CHECK(strlen(a) == 36 && strcmp(a, b) != 0);
		for (size_t i = 0; i < 36; i++)
			if (i == 8 || i == 13 || i == 18 || i == 23)
				CHECK(a[i] == '-');
			else
				CHECK(strchr("0123456789abcdef", a[i]));
		CHECK(a[14] == '4' && strchr("89ab", a[19]));
	}
}

static void test_passwords_use_every_letter_and_digit(void)
{
	struct err err = ERR_INIT;
	char text[10001];
	int seen[256] = {0};
	int kinds = 0;

	CHECK(rand_password(text, 10000, &err) == 0);
	CHECK(strlen(text) == 10000);
	for (size_t i = 0; i < 10000; i++) {
		CHECK(isalnum((unsigned char)text[i]));
		kinds += seen[(unsigned char)text[i]]++ == 0;
	}
	CHECK(kinds == 62);
	CHECK(rand_password(text, 0, &err) == 0);
	CHECK_TEXT(text, "");
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_fills_all_bytes),
		CHECK_CASE(test_uuids_have_their_form),
		CHECK_CASE(test_passwords_use_every_letter_and_digit),
	};

	return CHECK_RUN(argc, argv, cases);
}
