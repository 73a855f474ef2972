/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hasher.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "tests/lib/check.h"

DEFINE_CLEANUP(hasher_free_at, struct hasher *, hasher_free)

static void check_digest(const struct digest *digest, const char *want)
{
	char text[DIGEST_TEXT_SIZE];

	digest_format(digest, text);
	CHECK_TEXT(text, want);
}

#define ABC_256                                                                \
	"sha256:ba7816bf8f01cfea414140de5dae2223"                              \
	"b00361a396177a9cb410ff61f20015ad"
#define ABC_512                                                                \
	"sha512:ddaf35a193617abacc417349ae204131"                              \
	"12e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"     \
	"454d4423643ce80e2a9ac94fa54ca49f"
#define EMPTY_256                                                              \
	"sha256:e3b0c44298fc1c149afbf4c8996fb924"                              \
	"27ae41e4649b934ca495991b7852b855"

static void test_hashes_in_one_piece(void)
{
	struct err err = ERR_INIT;
	struct digest d;

	CHECK(hasher_once(DIGEST_SHA256, "abc", 3, &d, &err) == 0);
	check_digest(&d, ABC_256);
	CHECK(hasher_once(DIGEST_SHA512, "abc", 3, &d, &err) == 0);
	check_digest(&d, ABC_512);
	CHECK(hasher_once(DIGEST_SHA256, NULL, 0, &d, &err) == 0);
	check_digest(&d, EMPTY_256);
}

static void test_bytes_past_the_hash_are_zero(void)
{
	struct err err = ERR_INIT;
	struct digest d;

	memset(&d, 0xa5, sizeof(d));
	CHECK(hasher_once(DIGEST_SHA256, "abc", 3, &d, &err) == 0);
	for (size_t i = 32; i < DIGEST_SIZE_MAX; i++)
		CHECK(d.bytes[i] == 0);
}

static void test_goes_on_after_a_digest(void)
{
	CLEANUP(hasher_free_at) struct hasher *hasher = NULL;
	struct err err = ERR_INIT;
	struct digest d, again;

	CHECK(hasher_new(DIGEST_SHA512, &hasher, &err) == 0);
	CHECK(hasher_algo(hasher) == DIGEST_SHA512);
	CHECK(hasher_update(hasher, "a", 1, &err) == 0);
	CHECK(hasher_digest(hasher, &d, &err) == 0);
	CHECK(hasher_update(hasher, "bc", 2, &err) == 0);
	CHECK(hasher_digest(hasher, &again, &err) == 0);
	check_digest(&again, ABC_512);
	CHECK(!digest_equal(&d, &again));
	CHECK(hasher_digest(hasher, &d, &err) == 0);
	CHECK(digest_equal(&d, &again));
}

static void test_the_cuts_do_not_matter(void)
{
	static char data[1000];
	struct err err = ERR_INIT;
	struct digest whole;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7);
	CHECK(hasher_once(DIGEST_SHA256, data, sizeof(data), &whole, &err) ==
	      0);
	for (size_t step = 1; step < 300; step += 13) {
		CLEANUP(hasher_free_at) struct hasher *hasher = NULL;
		struct digest d;

		CHECK(hasher_new(DIGEST_SHA256, &hasher, &err) == 0);
		for (size_t at = 0; at < sizeof(data); at += step) {
			size_t rest = sizeof(data) - at;

			CHECK(hasher_update(hasher, data + at,
					    rest < step ? rest : step,
					    &err) == 0);
		}
		CHECK(hasher_digest(hasher, &d, &err) == 0);
		CHECK(digest_equal(&d, &whole));
	}
}

static void test_free_takes_null(void)
{
	hasher_free(NULL);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_hashes_in_one_piece),
		CHECK_CASE(test_bytes_past_the_hash_are_zero),
		CHECK_CASE(test_goes_on_after_a_digest),
		CHECK_CASE(test_the_cuts_do_not_matter),
		CHECK_CASE(test_free_takes_null),
	};

	return CHECK_RUN(argc, argv, cases);
}
