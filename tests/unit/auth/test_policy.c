/* SPDX-License-Identifier: Apache-2.0 */
/* What is a policy document, and what is refused with which words. */
#include "auth/policy.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tests/lib/check.h"
#include "tests/lib/policy_fixture.h"

static int parse(enum policy_kind kind, const char *text, struct err *err)
{
	struct buf json = BUF_INIT(1 << 20);
	struct policy *policy = NULL;

	policy_fixture_document(text, &json);
	int rc = policy_parse(kind, buf_span(&json), &policy, err);
	CHECK((rc == 0) == (policy != NULL));
	policy_unref(policy);
	buf_release(&json);
	return rc;
}

static void test_reads_what_is_a_policy(void)
{
	static const struct {
		enum policy_kind kind;
		const char *text;
	} rows[] = {
		{POLICY_IDENTITY, ALLOW("*")},
		{POLICY_IDENTITY, ALLOW("*") "," DENY("ecr:*")},
		{POLICY_IDENTITY,
		 "{'Version':'2008-10-17','Id':'x','Statement':{'Sid':'a b',"
		 "'Effect':'Allow','Action':['ecr:*'],'Resource':['*']}}"},
		{POLICY_IDENTITY, "{'Sid':'x','Effect':'Deny','NotAction':"
				  "'ecr:*','NotResource':'arn:aws:*'}"},
		{POLICY_REPOSITORY, GRANT("'*'", "ecr:*")},
		{POLICY_REPOSITORY, GRANT(AWS("*"), "*")},
		{POLICY_REPOSITORY, GRANT(AWS("000000000000"), "ECR:Get*")},
		{POLICY_REPOSITORY, GRANT("{'AWS':['*','000000000000'],"
					  "'Service':'x.amazonaws.com',"
					  "'Federated':['a','b']}",
					  "ecr:*")},
		{POLICY_REPOSITORY, "{'Effect':'Deny','NotPrincipal':'*',"
				    "'Action':'ecr:*'}"},
		{POLICY_REGISTRY, "{'Effect':'Allow','Principal':'*',"
				  "'Action':'ecr:*','Resource':'*'}"},
		{POLICY_TRUST, GRANT(AWS("000000000000"), "sts:AssumeRole")},
		{POLICY_IDENTITY, "{'Effect':'Allow','Action':'*','Resource':"
				  "'*','Condition':{}}"},
		/* Sids need not be unique. */
		{POLICY_IDENTITY,
		 "{'Sid':'a','Effect':'Allow','Action':'*','Resource':'*'},"
		 "{'Sid':'a','Effect':'Allow','Action':'*','Resource':'*'}"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = ERR_INIT;

		if (parse(rows[i].kind, rows[i].text, &err) < 0)
			check_fail(rows[i].text, 0, err.tell);
	}
}

#define WHERE(condition)                                                       \
	"{'Effect':'Allow','Action':'*','Resource':'*','Condition':" condition \
	"}"

static const struct refused {
	enum policy_kind kind;
	const char *text; /* the document */
	const char *tell; /* with which the words for the client begin */
} refused[] = {
	{POLICY_IDENTITY, "{'Statement':[]}", "\"Statement\": must be one"},
	{POLICY_IDENTITY, "{'Id':'Statement'}", "\"Statement\": is missing"},
	{POLICY_IDENTITY, "['Statement']", "a policy must be an object"},
	{POLICY_IDENTITY, "{'Version':'2020-01-01','Statement':" ALLOW("*") "}",
	 "Version must be"},
	{POLICY_IDENTITY, "{'Version':2012,'Statement':" ALLOW("*") "}",
	 "Version must be"},
	{POLICY_IDENTITY, "{'Id':7,'Statement':" ALLOW("*") "}",
	 "\"Id\": must be a text"},
	{POLICY_IDENTITY, "{'statement':'','Statement':" ALLOW("*") "}",
	 "\"statement\": is no element"},
	{POLICY_IDENTITY,
	 "{'Statement':" ALLOW("*") ",'Statement':" ALLOW("*") "}",
	 "the JSON is malformed"},
	{POLICY_IDENTITY, ALLOW("*") ",7", "Statement 2: must be an object"},
	{POLICY_IDENTITY, "{'Effect':'allow','Action':'*','Resource':'*'}",
	 "Statement 1: Effect must be Allow or Deny"},
	{POLICY_IDENTITY, ALLOW("*") ",{'Action':'*','Resource':'*'}",
	 "Statement 2: Effect must be Allow or Deny"},
	{POLICY_IDENTITY,
	 "{'Sid':[],'Effect':'Deny','Action':'*','Resource':'*'}",
	 "Statement 1: \"Sid\": must be a text"},
	{POLICY_IDENTITY,
	 "{'Effect':'Deny','Action':'*','Resource':'*','Extra':1}",
	 "Statement 1: \"Extra\": is no element"},
	{POLICY_IDENTITY,
	 "{'Effect':'Deny','Effect':'Allow','Action':'*','Resource':'*'}",
	 "the JSON is malformed"},
	{POLICY_IDENTITY, "{'Effect':'Allow','Resource':'*'}",
	 "Statement 1: \"Action\": is missing"},
	{POLICY_IDENTITY,
	 "{'Effect':'Allow','Action':'*','NotAction':'*','Resource':'*'}",
	 "Statement 1: \"NotAction\": excludes"},
	{POLICY_IDENTITY, "{'Effect':'Allow','Action':[],'Resource':'*'}",
	 "Statement 1: \"Action\": the list is empty"},
	{POLICY_IDENTITY, "{'Effect':'Allow','Action':[7],'Resource':'*'}",
	 "Statement 1: \"Action\": must be a text"},
	{POLICY_IDENTITY, "{'Effect':'Allow','Action':{},'Resource':'*'}",
	 "Statement 1: \"Action\": must be a text"},
	{POLICY_IDENTITY, ALLOW("PutImage"),
	 "Statement 1: \"PutImage\": an action is"},
	{POLICY_IDENTITY, ALLOW(""), "Statement 1: an action is"},
	{POLICY_IDENTITY, ALLOW("ecr:"), "Statement 1: \"ecr:\": an action"},
	{POLICY_IDENTITY, "{'Effect':'Allow','Action':'*'}",
	 "Statement 1: \"Resource\": is missing"},
	{POLICY_IDENTITY, STATEMENT("Allow", "*", "team/*"),
	 "Statement 1: \"team/*\": a resource is"},
	{POLICY_IDENTITY,
	 "{'Effect':'Allow','Action':'*','Resource':'*','NotResource':'*'}",
	 "Statement 1: \"NotResource\": excludes"},
	{POLICY_IDENTITY, STATEMENT("Allow", "*", "arn:${aws:username"),
	 "Statement 1: \"arn:${aws:username\": a variable"},
	{POLICY_IDENTITY,
	 "{'Effect':'Allow','Principal':'*','Action':'*','Resource':'*'}",
	 "Statement 1: \"Principal\": an identity's policy"},
	{POLICY_REPOSITORY, "{'Effect':'Allow','Action':'ecr:*'}",
	 "Statement 1: \"Principal\": is missing"},
	{POLICY_REPOSITORY,
	 "{'Effect':'Allow','Principal':'*','Action':'ecr:*','Resource':'*'}",
	 "Statement 1: \"Resource\": this kind"},
	{POLICY_REPOSITORY, GRANT("'*'", "s3:GetObject"),
	 "Statement 1: \"s3:GetObject\": this kind"},
	{POLICY_REPOSITORY, GRANT("'alice'", "ecr:*"),
	 "Statement 1: \"Principal\": must be"},
	{POLICY_REPOSITORY, GRANT("{}", "ecr:*"),
	 "Statement 1: \"Principal\": must be"},
	{POLICY_REPOSITORY, GRANT("[]", "ecr:*"),
	 "Statement 1: \"Principal\": must be"},
	{POLICY_REPOSITORY, GRANT("{'AWS':[]}", "ecr:*"),
	 "Statement 1: \"AWS\": the list is empty"},
	{POLICY_REPOSITORY, GRANT("{'CanonicalUser':'x'}", "ecr:*"),
	 "Statement 1: \"CanonicalUser\": a principal is of"},
	{POLICY_REPOSITORY, GRANT(AWS("alice"), "ecr:*"),
	 "Statement 1: \"alice\": is no principal"},
	{POLICY_REPOSITORY, GRANT(AWS("00000000000"), "ecr:*"),
	 "Statement 1: \"00000000000\": is no principal"},
	{POLICY_REPOSITORY, GRANT(USER("*"), "ecr:*"),
	 "Statement 1: \"arn:aws:iam::000000000000:user/*\": is no"},
	{POLICY_REPOSITORY, GRANT(AWS("arn:aws:s3::000000000000:x"), "ecr:*"),
	 "Statement 1: \"arn:aws:s3::000000000000:x\": is no"},
	{POLICY_REPOSITORY, GRANT("{'AWS':7}", "ecr:*"),
	 "Statement 1: is no principal"},
	{POLICY_REPOSITORY, GRANT("{'Federated':'*'}", "ecr:*"),
	 "Statement 1: \"*\": is no principal"},
	{POLICY_REPOSITORY, GRANT("{'Service':'*'}", "ecr:*"),
	 "Statement 1: \"*\": is no principal"},
	{POLICY_REPOSITORY,
	 "{'Effect':'Allow','NotPrincipal':'*','Action':'ecr:*'}",
	 "Statement 1: \"NotPrincipal\": is only for"},
	{POLICY_REPOSITORY,
	 "{'Effect':'Deny','NotPrincipal':'*','Principal':'*','Action':"
	 "'ecr:*'}",
	 "Statement 1: \"NotPrincipal\": excludes"},
	{POLICY_REGISTRY, "{'Effect':'Allow','Principal':'*','Action':'ecr:*'}",
	 "Statement 1: \"Resource\": is missing"},
	{POLICY_TRUST, GRANT("'*'", "ecr:*"),
	 "Statement 1: \"ecr:*\": this kind"},
	{POLICY_TRUST, GRANT("'*'", "*"), "Statement 1: \"*\": an action is"},
	{POLICY_IDENTITY, WHERE("[]"), "Statement 1: Condition must be"},
	{POLICY_IDENTITY, WHERE("{'StringIs':{'a:k':'x'}}"),
	 "Statement 1: \"StringIs\": the Condition has an unknown"},
	{POLICY_IDENTITY, WHERE("{'stringequals':{'a:k':'x'}}"),
	 "Statement 1: \"stringequals\": the Condition has an unknown"},
	{POLICY_IDENTITY, WHERE("{'NullIfExists':{'a:k':'true'}}"),
	 "Statement 1: \"NullIfExists\": the Condition has an unknown"},
	{POLICY_IDENTITY, WHERE("{'ForAllValues:Null':{'a:k':'true'}}"),
	 "Statement 1: \"ForAllValues:Null\": the Condition has an"},
	{POLICY_IDENTITY, WHERE("{'StringEquals':'x'}"),
	 "Statement 1: \"StringEquals\": an operator of"},
	{POLICY_IDENTITY, WHERE("{'StringEquals':{}}"),
	 "Statement 1: \"StringEquals\": an operator of"},
	{POLICY_IDENTITY, WHERE("{'StringEquals':{'k':'x'}}"),
	 "Statement 1: \"k\": a key of the Condition"},
	{POLICY_IDENTITY, WHERE("{'StringEquals':{'a:k':[]}}"),
	 "Statement 1: \"a:k\": the Condition has no value"},
	{POLICY_IDENTITY, WHERE("{'StringEquals':{'a:k':[[]]}}"),
	 "Statement 1: \"a:k\": a value of the Condition is no text"},
	{POLICY_IDENTITY, WHERE("{'StringEquals':{'a:k':null}}"),
	 "Statement 1: \"a:k\": a value of the Condition is no text"},
	{POLICY_IDENTITY, WHERE("{'StringEquals':{'a:k':'${x'}}"),
	 "Statement 1: \"${x\": a variable"},
	{POLICY_IDENTITY, WHERE("{'Bool':{'a:k':'yes'}}"),
	 "Statement 1: \"a:k\": a value of the Condition is not what"},
	{POLICY_IDENTITY, WHERE("{'NumericEquals':{'a:k':'1e3'}}"),
	 "Statement 1: \"a:k\": a value of the Condition is not what"},
	{POLICY_IDENTITY, WHERE("{'NumericEquals':{'a:k':'0x10'}}"),
	 "Statement 1: \"a:k\": a value of the Condition is not what"},
	{POLICY_IDENTITY, WHERE("{'NumericEquals':{'a:k':'1.'}}"),
	 "Statement 1: \"a:k\": a value of the Condition is not what"},
	{POLICY_IDENTITY, WHERE("{'DateEquals':{'a:k':'2021-02-29'}}"),
	 "Statement 1: \"a:k\": a value of the Condition is not what"},
	{POLICY_IDENTITY, WHERE("{'DateEquals':{'a:k':'2021-13-01'}}"),
	 "Statement 1: \"a:k\": a value of the Condition is not what"},
	{POLICY_IDENTITY, WHERE("{'DateEquals':{'a:k':'2021-01-01T10:00'}}"),
	 "Statement 1: \"a:k\": a value of the Condition is not what"},
	{POLICY_IDENTITY, WHERE("{'IpAddress':{'a:k':'10.0.0.0/33'}}"),
	 "Statement 1: \"a:k\": a value of the Condition is not what"},
	{POLICY_IDENTITY, WHERE("{'IpAddress':{'a:k':'10.0.0'}}"),
	 "Statement 1: \"a:k\": a value of the Condition is not what"},
	{POLICY_IDENTITY, WHERE("{'IpAddress':{'a:k':'::/129'}}"),
	 "Statement 1: \"a:k\": a value of the Condition is not what"},
	{POLICY_IDENTITY, WHERE("{'IpAddress':{'a:k':'${aws:x}'}}"),
	 "Statement 1: \"a:k\": a value of the Condition is not what"},
};

static void test_says_what_is_wrong_and_where(void)
{
	size_t wrong = 0;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct err err = ERR_INIT;

		if (parse(refused[i].kind, refused[i].text, &err) == -1 &&
		    err.code == ERR_INVALID &&
		    span_starts(span_of(err.tell), span_of(refused[i].tell)))
			continue;
		fprintf(stderr, "%s: \"%s\"\n", refused[i].text, err.tell);
		wrong++;
	}
	CHECK(wrong == 0);
}

/* So many statements, in so many bytes, and not one more. */
static void test_is_bounded(void)
{
	struct buf text = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;

	for (int i = 0; i < POLICY_STATEMENTS_MAX; i++)
		buf_appendf(&text, "%s%s", i ? "," : "", ALLOW("*"));
	CHECK(parse(POLICY_IDENTITY, buf_text(&text), &err) == 0);
	buf_appendf(&text, ",%s", ALLOW("*"));
	CHECK(parse(POLICY_IDENTITY, buf_text(&text), &err) == -1);
	CHECK(err.code == ERR_INVALID);
	buf_clear(&text);
	err_clear(&err);

	buf_append_text(&text, ALLOW("*"));
	size_t around = strlen("{\"Version\":\"2012-10-17\",\"Statement\":[]}");
	while (text.len < POLICY_BYTES_MAX - around)
		buf_append_char(&text, ' ');
	CHECK(parse(POLICY_IDENTITY, buf_text(&text), &err) == 0);
	buf_append_char(&text, ' ');
	CHECK(parse(POLICY_IDENTITY, buf_text(&text), &err) == -1);
	CHECK(err.code == ERR_INVALID);
	buf_release(&text);
}

/* No prefix of a document is one, and none does harm. */
static void test_refuses_every_truncation(void)
{
	struct buf json = BUF_INIT(4096);

	policy_fixture_document(
		"{'Sid':'s','Effect':'Deny','NotAction':['ecr:*'],'Resource':"
		"'*','Condition':{'StringLikeIfExists':{'a:k':['${aws:x}']}}}",
		&json);
	for (size_t len = 0; len < json.len; len++) {
		struct err err = ERR_INIT;
		struct policy *policy = NULL;

		CHECK(policy_parse(POLICY_IDENTITY, span_make(json.data, len),
				   &policy, &err) == -1);
		CHECK(!policy && err.code == ERR_INVALID);
	}
	buf_release(&json);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_reads_what_is_a_policy),
		CHECK_CASE(test_says_what_is_wrong_and_where),
		CHECK_CASE(test_is_bounded),
		CHECK_CASE(test_refuses_every_truncation),
	};

	return CHECK_RUN(argc, argv, cases);
}
