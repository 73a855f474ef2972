/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/refname.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tests/lib/check.h"

/* An exact-size heap copy, so that a read past the end is seen. */
static int check_name(const char *text, size_t len, bool is_tag)
{
	struct err err = ERR_INIT;
	char *copy = malloc(len ? len : 1);

	CHECK(copy);
	memcpy(copy, text, len);
	int done =
		is_tag ? refname_check_tag(span_make(copy, len), &err)
		       : refname_check_repository(span_make(copy, len), &err);
	free(copy);
	CHECK((done == 0) == (err.code == ERR_NONE));
	if (done < 0)
		CHECK(err.code ==
		      (is_tag ? ERR_TAG_INVALID : ERR_NAME_INVALID));
	return done;
}

static void takes_the_names_of_the_specification(void)
{
	static const char *const names[] = {"a",
					    "0",
					    "a/b",
					    "a.b",
					    "a_b",
					    "a__b",
					    "a-b",
					    "a---b",
					    "library/hello-world",
					    "blobs",
					    "manifests/tags",
					    "a/blobs/uploads/b",
					    "x/referrers",
					    "a0.b1_c2__d3-e4"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK(check_name(names[i], strlen(names[i]), false) == 0);
}

static void refuses_every_other_name(void)
{
	static const char *const names[] = {
		"",    "/",   "a/",	  "/a",	   "a//b", "A",
		"a.",  ".a",  "a..b",	  "a___b", "a_.b", "-a",
		"a-",  "a/.", "a/..",	  "../a",  "a b",  "a%2fb",
		"a:b", "a@b", "\xc3\xa4", "a\n",   "_a"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK(check_name(names[i], strlen(names[i]), false) < 0);
	CHECK(check_name("a\0b", 3, false) < 0);
}

static void a_name_has_at_most_255_bytes(void)
{
	char name[REFNAME_REPOSITORY_MAX + 1];

	memset(name, 'a', sizeof(name));
	CHECK(check_name(name, sizeof(name) - 1, false) == 0);
	CHECK(check_name(name, sizeof(name), false) < 0);
}

static void takes_and_refuses_tags(void)
{
	char longest[REFNAME_TAG_MAX + 1];

	memset(longest, 'z', sizeof(longest));
	CHECK(check_name("latest", 6, true) == 0);
	CHECK(check_name("_1.2-X", 6, true) == 0);
	CHECK(check_name(longest, sizeof(longest) - 1, true) == 0);
	CHECK(check_name(longest, sizeof(longest), true) < 0);
	CHECK(check_name("", 0, true) < 0);
	CHECK(check_name(".a", 2, true) < 0);
	CHECK(check_name("-a", 2, true) < 0);
	CHECK(check_name("a+b", 3, true) < 0);
	CHECK(check_name("a/b", 3, true) < 0);
	CHECK(check_name("a\0", 2, true) < 0);
}

#define HEX "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"

static void a_colon_makes_it_a_digest(void)
{
	struct err err = ERR_INIT;
	struct reference reference;

	CHECK(refname_parse_reference(SPAN_LIT("sha256:" HEX), &reference,
				      &err) == 0);
	CHECK(reference.is_digest);
	CHECK(refname_parse_reference(SPAN_LIT("v1"), &reference, &err) == 0);
	CHECK(!reference.is_digest);
	CHECK(span_equal(reference.tag, SPAN_LIT("v1")));
	CHECK(refname_parse_reference(SPAN_LIT("sha256:baddigeststring"),
				      &reference, &err) < 0);
	CHECK(err.code == ERR_DIGEST_INVALID);
	err_clear(&err);
	CHECK(refname_parse_reference(SPAN_LIT("md5:" HEX), &reference, &err) <
	      0);
	CHECK(err.code == ERR_DIGEST_INVALID);
}

static const struct check_case cases[] = {
	CHECK_CASE(takes_the_names_of_the_specification),
	CHECK_CASE(refuses_every_other_name),
	CHECK_CASE(a_name_has_at_most_255_bytes),
	CHECK_CASE(takes_and_refuses_tags),
	CHECK_CASE(a_colon_makes_it_a_digest),
};

int main(int argc, char **argv)
{
	return CHECK_RUN(argc, argv, cases);
}
