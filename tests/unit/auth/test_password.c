/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/password.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tests/lib/check.h"

/* RFC 7914, section 12: scrypt("pleaseletmein", "SodiumChloride", 16384, 8, 1);
 * the first half of its 64 bytes, which are what asking for 32 gives. */
#define RFC_SALT "U29kaXVtQ2hsb3JpZGU"
#define RFC_KEY "cCO9yzr9c0hGHAbNgf046_2o-7qQT44-qbVD9lRdofI"
#define RFC_PARAMETERS "$scrypt$ln=14,r=8,p=1$"
#define RFC_HASH RFC_PARAMETERS RFC_SALT "$" RFC_KEY

static int verify(const char *password, const char *hash, enum err_code *code)
{
	struct err err = ERR_INIT;
	int rc = password_verify(span_of(password), hash, &err);

	CHECK((rc < 0) == (err.code != ERR_NONE));
	*code = err.code;
	return rc;
}

static void test_the_vector_of_the_rfc_verifies(void)
{
	enum err_code code;

	CHECK(verify("pleaseletmein", RFC_HASH, &code) == 1);
	CHECK(verify("pleaseletmeIn", RFC_HASH, &code) == 0);
	CHECK(verify("pleaseletmein ", RFC_HASH, &code) == 0);
	CHECK(verify("", RFC_HASH, &code) == 0);
}

static void test_a_hash_is_of_its_password_only(void)
{
	char first[PASSWORD_HASH_SIZE], second[PASSWORD_HASH_SIZE];
	const struct span password = SPAN_LIT("p\0ss:w\xc3\xb6rd");
	struct err err = ERR_INIT;
	enum err_code code;

	CHECK(password_hash(password, first, &err) == 0);
	CHECK(password_hash(password, second, &err) == 0);
	CHECK(strcmp(first, second) != 0);
	CHECK(strncmp(first, RFC_PARAMETERS, strlen(RFC_PARAMETERS)) == 0);
	CHECK(password_verify(password, first, &err) == 1);
	CHECK(password_verify(password, second, &err) == 1);
	CHECK(verify("p", first, &code) == 0);
}

static void test_the_length_of_a_password_is_bounded(void)
{
	static char text[PASSWORD_MAX + 1];
	char hash[PASSWORD_HASH_SIZE] = "untouched";
	struct err err = ERR_INIT;

	memset(text, 'x', sizeof(text));
	CHECK(password_hash(span_make(text, 0), hash, &err) == -1);
	CHECK(err.code == ERR_INVALID);
	err_clear(&err);
	CHECK(password_hash(span_make(text, sizeof(text)), hash, &err) == -1);
	CHECK(err.code == ERR_INVALID);
	CHECK_TEXT(hash, "untouched");
	err_clear(&err);
	CHECK(password_hash(span_make(text, PASSWORD_MAX), hash, &err) == 0);
	CHECK(password_verify(span_make(text, PASSWORD_MAX), hash, &err) == 1);
	CHECK(password_verify(span_make(text, sizeof(text)), hash, &err) == 0);
}

static void test_damage_is_told_as_damage(void)
{
	static const char *const broken[] = {
		"",
		"$",
		"$scrypt",
		"scrypt$ln=14,r=8,p=1$" RFC_SALT "$" RFC_KEY,
		"x$scrypt$ln=14,r=8,p=1$" RFC_SALT "$" RFC_KEY,
		"$bcrypt$ln=14,r=8,p=1$" RFC_SALT "$" RFC_KEY,
		"$scrypt$ln=14,r=8$" RFC_SALT "$" RFC_KEY,
		"$scrypt$ln=14,r=8,p=1,q=1$" RFC_SALT "$" RFC_KEY,
		"$scrypt$r=8,ln=14,p=1$" RFC_SALT "$" RFC_KEY,
		"$scrypt$ln=,r=8,p=1$" RFC_SALT "$" RFC_KEY,
		"$scrypt$ln=-1,r=8,p=1$" RFC_SALT "$" RFC_KEY,
		"$scrypt$ln=14,r=8,p=1$" RFC_SALT,
		"$scrypt$ln=14,r=8,p=1$" RFC_SALT "$",
		"$scrypt$ln=14,r=8,p=1$" RFC_SALT "$" RFC_KEY "$",
		"$scrypt$ln=14,r=8,p=1$" RFC_SALT "$" RFC_KEY "AAAA",
		"$scrypt$ln=14,r=8,p=1$!!$" RFC_KEY,
		"$scrypt$ln=14,r=8,p=1$" RFC_SALT "$cCO9",
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		enum err_code code;

		CHECK(verify("pleaseletmein", broken[i], &code) == -1);
		CHECK(code == ERR_CORRUPT);
	}
}

/* What a damaged hash asks for is not paid: each number has a bound, and what
 * they come to together has one. */
static void test_the_cost_of_a_hash_is_bounded(void)
{
	static const char *const parameters[] = {
		"ln=0,r=8,p=1",	  "ln=21,r=1,p=1",
		"ln=64,r=8,p=1",  "ln=14,r=0,p=1",
		"ln=14,r=33,p=1", "ln=14,r=8,p=0",
		"ln=14,r=8,p=5",  "ln=14,r=18446744073709551616,p=1",
		"ln=20,r=32,p=4", "ln=20,r=8,p=1",
		"ln=17,r=1,p=1",
	};

	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]);
	     i++) {
		char hash[PASSWORD_HASH_SIZE];
		enum err_code code;

		snprintf(hash, sizeof(hash), "$scrypt$%s$%s$%s", parameters[i],
			 RFC_SALT, RFC_KEY);
		CHECK(verify("pleaseletmein", hash, &code) == -1);
		CHECK(code == ERR_CORRUPT);
	}
}

static void test_a_cost_is_that_of_new_hashes(void)
{
	char cheap[PASSWORD_HASH_SIZE];
	char dear[PASSWORD_HASH_SIZE];
	struct err err = ERR_INIT;

	CHECK(password_hash(SPAN_LIT("secret"), cheap, &err) == 0);
	CHECK(!password_is_cheap(cheap));
	password_set_cost(PASSWORD_COST_MIN + 1);
	CHECK(password_hash(SPAN_LIT("secret"), dear, &err) == 0);
	CHECK(strstr(cheap, "ln=14,") && strstr(dear, "ln=15,"));
	CHECK(password_is_cheap(cheap) && !password_is_cheap(dear));
	CHECK(!password_is_cheap("damaged"));
	CHECK(password_verify(SPAN_LIT("secret"), cheap, &err) == 1);
	CHECK(password_verify(SPAN_LIT("wrong"), cheap, &err) == 0);
	CHECK(password_verify(SPAN_LIT("secret"), dear, &err) == 1);
	password_set_cost(PASSWORD_COST_MIN);
	CHECK(!password_is_cheap(dear));
	CHECK(password_verify(SPAN_LIT("secret"), dear, &err) == 1);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_the_vector_of_the_rfc_verifies),
		CHECK_CASE(test_a_hash_is_of_its_password_only),
		CHECK_CASE(test_the_length_of_a_password_is_bounded),
		CHECK_CASE(test_damage_is_told_as_damage),
		CHECK_CASE(test_the_cost_of_a_hash_is_bounded),
		CHECK_CASE(test_a_cost_is_that_of_new_hashes),
	};

	return CHECK_RUN(argc, argv, cases);
}
