/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/managed.h"

#include <stdlib.h>

#include "base/err.h"
#include "tests/lib/check.h"
#include "tests/lib/policy_fixture.h"

#define ACCOUNT SPAN_LIT("000000000000")

static bool allows(const char *name, const char *pattern, const char *action,
		   const char *repository)
{
	struct buf text = BUF_INIT(POLICY_BYTES_MAX);
	struct policy *policy = NULL;
	struct err err = ERR_INIT;
	struct policy_case row = {.action = action, .resource = repository};

	CHECK(managed_document(span_of(name), ACCOUNT, span_of(pattern), &text,
			       &err) == 1);
	CHECK(policy_parse(POLICY_IDENTITY, buf_span(&text), &policy, &err) ==
	      0);
	struct policy_source source = {.policy = policy};
	struct policy_set set = {.identity = &source, .identity_count = 1};
	enum policy_effect effect =
		policy_decide(&set, policy_fixture_question(&row), NULL);
	policy_unref(policy);
	buf_release(&text);
	return effect == POLICY_ALLOW;
}

/* In the order of managed_all(). */
static void test_allow_what_they_say(void)
{
	static const struct {
		const char *action;
		const char *want; /* a letter for each */
	} rows[] = {
		{"ecr:GetAuthorizationToken", "yyyyy"},
		{"ecr:BatchGetImage", "yyyyy"},
		{"ecr:GetDownloadUrlForLayer", "yyyyy"},
		{"ecr:BatchCheckLayerAvailability", "yyyyy"},
		{"ecr:ListImages", "yyyny"},
		{"ecr:DescribeImages", "yyyny"},
		{"ecr:DescribeRepositories", "yyyny"},
		{"ecr:GetRepositoryPolicy", "yyynn"},
		{"ecr:InitiateLayerUpload", "yynny"},
		{"ecr:UploadLayerPart", "yynny"},
		{"ecr:CompleteLayerUpload", "yynny"},
		{"ecr:PutImage", "yynny"},
		{"ecr:CreateRepository", "yynny"},
		{"ecr:BatchDeleteImage", "ynnnn"},
		{"ecr:DeleteRepository", "ynnnn"},
		{"ecr:SetRepositoryPolicy", "ynnnn"},
		{"ecr:DeleteRepositoryPolicy", "ynnnn"},
		{"ecr:PutRegistryPolicy", "ynnnn"},
		{"iam:CreateUser", "ynnnn"},
		{"iam:ListUsers", "ynnnn"},
		{"berth:ReadAudit", "ynnnn"},
		{"sts:AssumeRole", "ynnnn"},
	};
	size_t count = 0;
	const struct managed *all = managed_all(&count);

	CHECK(count == 5);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t k = 0; k < count; k++) {
			bool login = i == 0;
			bool got = allows(all[k].name, "*", rows[i].action,
					  login ? "*" : "team/app");

			if (got != (rows[i].want[k] == 'y'))
				check_fail(rows[i].action, 0, all[k].name);
		}
}

static void test_hold_for_their_pattern(void)
{
	static const char *const action = "ecr:BatchGetImage";

	CHECK(allows("pull-only", "team/*", action, "team/app"));
	CHECK(!allows("pull-only", "team/*", action, "teams/app"));
	CHECK(!allows("pull-only", "team/*", action, "other"));
	CHECK(allows("push-pull", "*/app", "ecr:PutImage", "x/app"));
	CHECK(allows("read-only", "team/ap?", action, "team/app"));
	CHECK(!allows("power-user", "team/app", action, "team/app2"));
}

static void test_refuse_patterns_that_are_none(void)
{
	static const char *const patterns[] = {
		"", "Team/*", "team\"", "team,", "${aws:username}", "a b"};
	struct buf text = BUF_INIT(POLICY_BYTES_MAX);

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		struct err err = ERR_INIT;

		CHECK(managed_document(SPAN_LIT("pull-only"), ACCOUNT,
				       span_of(patterns[i]), &text,
				       &err) == -1);
		CHECK(err.code == ERR_INVALID);
	}
	/* All of everything cannot be for some repositories. */
	struct err err = ERR_INIT;
	CHECK(managed_document(SPAN_LIT("administrator"), ACCOUNT,
			       SPAN_LIT("team/*"), &text, &err) == -1);
	CHECK(err.code == ERR_INVALID);
	err_clear(&err);
	CHECK(managed_document(SPAN_LIT("admin"), ACCOUNT, SPAN_LIT("*"), &text,
			       &err) == 0);
	CHECK(text.len == 0);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_allow_what_they_say),
		CHECK_CASE(test_hold_for_their_pattern),
		CHECK_CASE(test_refuse_patterns_that_are_none),
	};

	return CHECK_RUN(argc, argv, cases);
}
