/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/target.h"

#include <string.h>

#include "base/err.h"
#include "tests/lib/check.h"

#define HEX64 "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
#define LONG16 "0123456789abcdef"
#define LONG128 LONG16 LONG16 LONG16 LONG16 LONG16 LONG16 LONG16 LONG16

static void reads(const char *text, const char *repository,
		  const char *reference)
{
	char have[TARGET_REFERENCE_SIZE];
	struct err err = ERR_INIT;
	struct target target;

	CHECK(target_parse(span_of(text), &target, &err) == 0);
	CHECK_TEXT(target.repository, repository);
	target_reference(&target, have);
	CHECK_TEXT(have, reference);
}

static void refuses(const char *text, const char *about)
{
	struct err err = ERR_INIT;
	struct target target = {.tag = "kept"};

	CHECK(target_parse(span_of(text), &target, &err) == -1);
	CHECK(err.code == ERR_INVALID);
	CHECK(strstr(err_for_client(&err), about));
	CHECK_TEXT(target.tag, "kept");
}

static void names_what_it_is_given(void)
{
	reads("app", "app", "latest");
	reads("team/app:v1", "team/app", "v1");
	reads("team/app@sha256:" HEX64, "team/app", "sha256:" HEX64);
	reads("a:" LONG128, "a", LONG128);
}

static void says_which_part_is_wrong(void)
{
	refuses("", "repository name");
	refuses("App", "repository name");
	refuses("a//b", "repository name");
	refuses(":v1", "repository name");
	refuses("localhost:5000/app", "--registry");
	refuses("app:", "tag");
	refuses("app:-x", "tag");
	refuses("app:" LONG128 "0", "tag");
	refuses("app@", "digest");
	refuses("app@sha256:beef", "digest");
	refuses("app:v1@sha256:" HEX64, "repository name");
}

static void has_tag(const char *name, const char *want)
{
	struct span tag = {0};

	CHECK(target_tag_of(span_of(name), &tag) == (want != NULL));
	CHECK(span_equal(tag, span_of(want)));
}

static void finds_the_tag_in_names_of_others(void)
{
	has_tag("latest", "latest");
	has_tag("docker.io/library/x:1.2", "1.2");
	has_tag("localhost:5000/x", NULL);
	has_tag("x@sha256:" HEX64, NULL);
	has_tag("", NULL);
	has_tag("a b", NULL);
	has_tag("x:", NULL);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(names_what_it_is_given),
		CHECK_CASE(says_which_part_is_wrong),
		CHECK_CASE(finds_the_tag_in_names_of_others),
	};

	return CHECK_RUN(argc, argv, cases);
}
