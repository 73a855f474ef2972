/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/blob_key.h"

#include <string.h>

#include "base/err.h"
#include "storage/blob_name.h"
#include "tests/lib/check.h"

#define HEX64 "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
#define TAIL "0123456789abcdef"

static struct digest parse(const char *text)
{
	struct err err = ERR_INIT;
	struct digest digest;

	CHECK(digest_parse(text, strlen(text), &digest, &err) == 0);
	return digest;
}

static void keys_spread_over_directories_by_digest(void)
{
	struct err err = ERR_INIT;
	struct digest digest = parse("sha256:" HEX64);
	char key[BLOB_KEY_SIZE];

	CHECK(blob_key_make(&digest, key, &err) == 0);
	CHECK(strlen(key) == strlen("sha256/2c/" HEX64 "." TAIL));
	CHECK(strncmp(key, "sha256/2c/" HEX64 ".", 10 + 64 + 1) == 0);
	digest = parse("sha512:" HEX64 HEX64);
	CHECK(blob_key_make(&digest, key, &err) == 0);
	CHECK(strncmp(key, "sha512/2c/" HEX64 HEX64 ".", 10 + 128 + 1) == 0);
}

static void every_copy_gets_a_key_of_its_own(void)
{
	struct err err = ERR_INIT;
	struct digest digest = parse("sha256:" HEX64);
	char keys[64][BLOB_KEY_SIZE];

	for (size_t i = 0; i < 64; i++) {
		CHECK(blob_key_make(&digest, keys[i], &err) == 0);
		for (size_t j = 0; j < i; j++)
			CHECK(strcmp(keys[i], keys[j]) != 0);
	}
}

static void a_key_tells_its_digest(void)
{
	static const char *const texts[] = {"sha256:" HEX64,
					    "sha512:" HEX64 HEX64};

	for (size_t i = 0; i < 2; i++) {
		struct err err = ERR_INIT;
		struct digest digest = parse(texts[i]);
		struct digest got;
		char key[BLOB_KEY_SIZE];

		CHECK(blob_key_make(&digest, key, &err) == 0);
		CHECK(blob_name_check_key(key, &err) == 0);
		CHECK(blob_key_digest(key, &got, &err) == 0);
		CHECK(digest_equal(&got, &digest));
	}
}

static void foreign_keys_tell_no_digest(void)
{
	static const char *const foreign[] = {
		"",
		"sha256",
		"sha256/2c",
		"sha256/2c/" HEX64,
		"sha256/2c/" HEX64 ".",
		"sha256/2c/" HEX64 ".0123456789abcde",
		"sha256/2c/" HEX64 ".0123456789abcdeg",
		"sha256/2d/" HEX64 "." TAIL,
		"sha256/2/" HEX64 "." TAIL,
		"sha256/2c2/" HEX64 "." TAIL,
		"sha256/2c/" HEX64 "0." TAIL,
		"sha512/2c/" HEX64 "." TAIL,
		"sha1/2c/" HEX64 "." TAIL,
		"sha256/2c/x/" HEX64 "." TAIL,
		"/sha256/2c/" HEX64 "." TAIL,
	};

	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		struct err err = ERR_INIT;
		struct digest got;

		CHECK(blob_key_digest(foreign[i], &got, &err) == -1);
		CHECK(err.code == ERR_INVALID);
	}
}

/* Each byte, as a name, at its start, inside and at its end. */
static void names_hold_only_safe_bytes(void)
{
	for (int byte = 1; byte < 256; byte++) {
		char c = (char)byte;
		bool safe = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			    c == '_' || c == '-';
		char alone[] = {c, '\0'};
		char start[] = {c, 'a', '\0'};
		char inside[] = {'a', c, 'a', '\0'};
		char end[] = {'a', c, '\0'};

		CHECK(blob_name_is_component(alone) == safe);
		CHECK(blob_name_is_component(start) == safe);
		CHECK(blob_name_is_component(inside) == (safe || c == '.'));
		CHECK(blob_name_is_component(end) == (safe || c == '.'));
	}
	CHECK(!blob_name_is_component(""));
	CHECK(!blob_name_is_component(".."));
}

static void names_have_a_greatest_length(void)
{
	struct err err = ERR_INIT;
	char name[BLOB_KEY_SIZE + 1];

	memset(name, 'a', sizeof(name));
	name[BLOB_STAGE_ID_SIZE - 1] = '\0';
	CHECK(blob_name_check_id(name, &err) == 0);
	name[BLOB_STAGE_ID_SIZE - 1] = 'a';
	name[BLOB_STAGE_ID_SIZE] = '\0';
	CHECK(blob_name_check_id(name, &err) == -1);
	CHECK(err.code == ERR_INVALID);
	err_clear(&err);
	name[BLOB_STAGE_ID_SIZE] = 'a';
	name[BLOB_KEY_SIZE - 1] = '\0';
	CHECK(blob_name_check_key(name, &err) == 0);
	name[BLOB_KEY_SIZE - 1] = 'a';
	name[BLOB_KEY_SIZE] = '\0';
	CHECK(blob_name_check_key(name, &err) == -1);
	CHECK(err.code == ERR_INVALID);
	err_clear(&err);
	CHECK(blob_name_check_key("a/b/c/d/e/f/g/h", &err) == 0);
	CHECK(blob_name_check_key("a/b/c/d/e/f/g/h/i", &err) == -1);
}

static const struct check_case cases[] = {
	CHECK_CASE(keys_spread_over_directories_by_digest),
	CHECK_CASE(every_copy_gets_a_key_of_its_own),
	CHECK_CASE(a_key_tells_its_digest),
	CHECK_CASE(foreign_keys_tell_no_digest),
	CHECK_CASE(names_hold_only_safe_bytes),
	CHECK_CASE(names_have_a_greatest_length),
};

int main(int argc, char **argv)
{
	return CHECK_RUN(argc, argv, cases);
}
