/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tests/lib/check.h"

#define HEX64 "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Parse an exact-size heap copy, so that ASan sees any step past the end. */
static int parse(const char *text, size_t len, struct digest *d,
		 struct err *err)
{
	char *copy = malloc(len ? len : 1);

	CHECK(copy);
	memcpy(copy, text, len);
	int rc = digest_parse(copy, len, d, err);
	bool wellformed = digest_is_wellformed(copy, len);
	free(copy);
	CHECK(rc < 0 || wellformed);
	return rc;
}

static void test_reads_what_it_writes(void)
{
	static const char *const text[] = {
		"sha256:" HEX64,
		"sha512:" HEX64 HEX64,
	};

	for (size_t i = 0; i < COUNT(text); i++) {
		struct err err = ERR_INIT;
		struct digest d;
		char out[DIGEST_TEXT_SIZE];

		CHECK(parse(text[i], strlen(text[i]), &d, &err) == 0);
		CHECK(err.code == ERR_NONE);
		memset(out, 'x', sizeof(out));
		digest_format(&d, out);
		CHECK_TEXT(out, text[i]);
		CHECK(digest_equal(&d, &d));
	}
}

static void test_the_algorithm_is_part_of_the_name(void)
{
	struct err err = ERR_INIT;
	struct digest a, b;

	CHECK(parse("sha256:" HEX64, 71, &a, &err) == 0);
	CHECK(parse("sha512:" HEX64 HEX64, 135, &b, &err) == 0);
	CHECK(!digest_equal(&a, &b));
}

static void test_names_the_fault_and_leaves_the_result(void)
{
	static const struct {
		const char *text;
		enum err_code want;
	} cases[] = {
		{"", ERR_INVALID},
		{"sha256", ERR_INVALID},
		{"sha256:", ERR_INVALID},
		{":", ERR_UNSUPPORTED},
		{":" HEX64, ERR_UNSUPPORTED},
		{"sha1:" HEX64, ERR_UNSUPPORTED},
		{"SHA256:" HEX64, ERR_UNSUPPORTED},
		{"sha2566:" HEX64, ERR_UNSUPPORTED},
		{"sha256:" HEX64 "0", ERR_INVALID},
		{"sha512:" HEX64, ERR_INVALID},
		{" sha256:" HEX64, ERR_UNSUPPORTED},
		{"sha256: " HEX64, ERR_INVALID},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t len = strlen(cases[i].text);
		struct err err = ERR_INIT;
		struct digest d, before;

		memset(&d, 0xa5, sizeof(d));
		before = d;
		CHECK(parse(cases[i].text, len, &d, &err) == -1);
		CHECK(err.code == cases[i].want);
		CHECK(err.text[0] != '\0');
		CHECK(memcmp(&d, &before, sizeof(d)) == 0);
	}
}

/* Every one-byte change either is refused or names other content. */
static void test_one_content_has_one_name(void)
{
	char text[] = "sha256:" HEX64;
	size_t len = strlen(text);
	struct err none = ERR_INIT;
	struct digest original;
	size_t accepted = 0;

	CHECK(parse(text, len, &original, &none) == 0);
	for (size_t at = 0; at < len; at++) {
		char kept = text[at];

		for (int byte = 0; byte < 256; byte++) {
			struct err err = ERR_INIT;
			struct digest d;

			text[at] = (char)byte;
			if (text[at] == kept || parse(text, len, &d, &err) < 0)
				continue;
			accepted++;
			CHECK(!digest_equal(&d, &original));
		}
		text[at] = kept;
	}
	CHECK(accepted == 64 * 15);
}

static void test_refuses_every_truncation(void)
{
	const char *text = "sha256:" HEX64;

	for (size_t len = 0; len < strlen(text); len++) {
		struct err err = ERR_INIT;
		struct digest d;

		CHECK(parse(text, len, &d, &err) == -1);
	}
}

static void test_wellformed_takes_unknown_algorithms(void)
{
	static const char *const fine[] = {
		"sha256:" HEX64,
		"sha512:" HEX64 HEX64,
		"blake3:abc",
		"multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4",
		"sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564",
		"a:A",
		"a.b_c-d+e:=_-",
		"sha256x:1",
		"0:0",
	};

	for (size_t i = 0; i < COUNT(fine); i++)
		CHECK(digest_is_wellformed(fine[i], strlen(fine[i])));
}

static void test_wellformed_refuses_what_breaks_the_grammar(void)
{
	static const char *const broken[] = {
		"",
		":",
		"a",
		"a:",
		":a",
		"A:a",
		"a..b:c",
		"a+:c",
		"+a:c",
		"a b:c",
		"a:b c",
		"a:b/c",
		"a:b:c",
		"a:\xc3",
		"a/b:c",
		"sha256:abc",
		"sha256:2C26B46B68FFC68FF99B453C1D30413413422D706483BFA0F98A5E"
		"886266E7AE",
		"sha512:" HEX64,
	};

	for (size_t i = 0; i < COUNT(broken); i++)
		CHECK(!digest_is_wellformed(broken[i], strlen(broken[i])));
}

static void test_algorithms_have_name_and_size(void)
{
	for (int i = 0; i < DIGEST_ALGO_COUNT; i++) {
		const char *name = digest_algo_name((enum digest_algo)i);
		enum digest_algo back = DIGEST_SHA256;
		struct err err = ERR_INIT;

		CHECK(digest_algo_parse(name, strlen(name), &back, &err) == 0);
		CHECK((int)back == i);
	}
	CHECK(digest_algo_size(DIGEST_SHA256) == 32);
	CHECK(digest_algo_size(DIGEST_SHA512) == 64);
}

static void test_unknown_algorithms_are_unsupported(void)
{
	static const char *const cases[] = {"", "sha", "sha384", "sha256 ",
					    "SHA256"};

	for (size_t i = 0; i < COUNT(cases); i++) {
		enum digest_algo algo = DIGEST_SHA512;
		struct err err = ERR_INIT;

		CHECK(digest_algo_parse(cases[i], strlen(cases[i]), &algo,
					&err) == -1);
		CHECK(err.code == ERR_UNSUPPORTED && algo == DIGEST_SHA512);
	}
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_reads_what_it_writes),
		CHECK_CASE(test_the_algorithm_is_part_of_the_name),
		CHECK_CASE(test_names_the_fault_and_leaves_the_result),
		CHECK_CASE(test_one_content_has_one_name),
		CHECK_CASE(test_refuses_every_truncation),
		CHECK_CASE(test_wellformed_takes_unknown_algorithms),
		CHECK_CASE(test_wellformed_refuses_what_breaks_the_grammar),
		CHECK_CASE(test_algorithms_have_name_and_size),
		CHECK_CASE(test_unknown_algorithms_are_unsupported),
	};

	return CHECK_RUN(argc, argv, cases);
}
