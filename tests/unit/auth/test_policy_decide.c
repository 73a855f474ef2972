/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions, worked out from what Amazon documents of policies' evaluation. */
#include <string.h>

#include "tests/lib/check.h"
#include "tests/lib/policy_fixture.h"

#define YES POLICY_ALLOW
#define NO POLICY_IMPLICIT_DENY
#define DENIED POLICY_EXPLICIT_DENY

static void test_actions(void)
{
#define PUT .action = "ecr:PutImage"
	static const struct policy_case rows[] = {
		{.want = NO},
		{.identity = ALLOW("*"), .want = YES},
		{.identity = ALLOW("ecr:*"), .want = YES},
		{.identity = ALLOW("ecr:BatchGetImage"), .want = YES},
		{.identity = ALLOW("ECR:batchgetimage"), .want = YES},
		{.identity = ALLOW("ecr:batchGET*"), .want = YES},
		{.identity = ALLOW("ecr:BatchGet????e"), .want = YES},
		{.identity = ALLOW("ecr:BatchGet???e"), .want = NO},
		{.identity = ALLOW("ecr:*Image"), .want = YES},
		{.identity = ALLOW("ecr:*Get*"), .want = YES},
		{.identity = ALLOW("*:BatchGetImage"), .want = YES},
		{.identity = ALLOW("ecr:BatchGetImages"), .want = NO},
		{.identity = ALLOW("ecr:BatchGet"), .want = NO},
		{.identity = ALLOW("s3:*"), .want = NO},
		{.identity = ALLOW("ecr:Get*"), .want = NO},
		{PUT,
		 .identity = "{'Effect':'Allow','Resource':'*','Action':"
			     "['ecr:Get*','ecr:Put*']}",
		 .want = YES},
		{PUT,
		 .identity = "{'Effect':'Allow','Resource':'*',"
			     "'NotAction':'ecr:Put*'}",
		 .want = NO},
		{.identity = "{'Effect':'Allow','Resource':'*',"
			     "'NotAction':'ecr:Put*'}",
		 .want = YES},
		{.action = "iam:CreateUser",
		 .resource = "*",
		 .identity = "{'Effect':'Allow','Resource':'*',"
			     "'NotAction':'ecr:*'}",
		 .want = YES},
		{.identity = "{'Effect':'Allow','Resource':'*','NotAction':"
			     "['ecr:Put*','ecr:Batch*']}",
		 .want = NO},
		{PUT,
		 .identity = ALLOW("*") ",{'Effect':'Deny','Resource':'*',"
					"'NotAction':'ecr:BatchGet*'}",
		 .want = DENIED},
		{.identity = ALLOW("*") ",{'Effect':'Deny','Resource':'*',"
					"'NotAction':'ecr:BatchGet*'}",
		 .want = YES},
	};

	POLICY_CHECK(rows);
}

static void test_resources(void)
{
#define ON(resource) .identity = STATEMENT("Allow", "ecr:*", resource)
	static const struct policy_case rows[] = {
		{ON(REPOSITORY("team/app")), .want = YES},
		{ON(REPOSITORY("team/ap")), .want = NO},
		{ON(REPOSITORY("team/app2")), .want = NO},
		{ON(REPOSITORY("Team/app")), .want = NO},
		{ON(REPOSITORY("team/*")), .want = YES},
		{ON(REPOSITORY("*")), .want = YES},
		{ON(REPOSITORY("*/app")), .want = YES},
		{ON(REPOSITORY("*am*pp")), .want = YES},
		{ON(REPOSITORY("team/???")), .want = YES},
		{ON(REPOSITORY("team/??")), .want = NO},
		{ON(REPOSITORY("team")), .want = NO},
		{ON(REPOSITORY("team*")), .resource = "teams/x", .want = YES},
		{ON(REPOSITORY("team/*")), .resource = "teams/x", .want = NO},
		{ON(REPOSITORY("team/*")), .resource = "team/a/b", .want = YES},
		{ON("arn:aws:ecr:*:*:repository/team/app"), .want = YES},
		{ON("arn:aws:ecr:other:*:repository/team/app"), .want = NO},
		{ON("arn:aws:ecr:local:111111111111:repository/*"), .want = NO},
		{ON("arn:aws:*"), .want = YES},
		{ON("arn:aws:s3:::*"), .want = NO},
		{ON("arn:aws:ecr:*"), .resource = "*", .want = NO},
		{ON("*"), .resource = "*", .want = YES},
		{.identity =
			 "{'Effect':'Allow','Action':'*','Resource':["
			 "'" REPOSITORY("x") "','" REPOSITORY("team/*") "']}",
		 .want = YES},
		{.identity = "{'Effect':'Allow','Action':'*','NotResource':"
			     "'" REPOSITORY("team/*") "'}",
		 .want = NO},
		{.identity = "{'Effect':'Allow','Action':'*','NotResource':"
			     "'" REPOSITORY("team/*") "'}",
		 .resource = "other",
		 .want = YES},
		{.identity =
			 ALLOW("*") ",{'Effect':'Deny','Action':'*',"
				    "'NotResource':'" REPOSITORY("team/*") "'}",
		 .resource = "other",
		 .want = DENIED},
		{ON(REPOSITORY("${aws:username}/*")),
		 .keys = "aws:username=team", .want = YES},
		{ON(REPOSITORY("${aws:username}/*")),
		 .keys = "aws:username=tea", .want = NO},
		{ON(REPOSITORY("${aws:username}/*")), .want = NO},
		{ON(REPOSITORY("${aws:username}/*")), .keys = "aws:username=*",
		 .want = NO},
		{ON(REPOSITORY("${aws:username}/*")), .keys = "aws:username=*",
		 .resource = "*/x", .want = YES},
		/* The older version has no variables. */
		{.identity = "{'Version':'2008-10-17','Statement':{'Effect':"
			     "'Allow','Action':'*','Resource':'" REPOSITORY(
				     "${aws:username}/*") "'}}",
		 .keys = "aws:username=team",
		 .want = NO},
		{.identity = "{'Statement':{'Effect':'Allow','Action':'*',"
			     "'Resource':'" REPOSITORY("${a:k}/*") "'}}",
		 .resource = "${a:k}/x",
		 .want = YES},
	};

	POLICY_CHECK(rows);
#undef ON
}

static void test_a_denial_wins(void)
{
#define ONLY_PUT "{'Effect':'Deny','Action':'ecr:PutImage','Resource':'*'}"
	static const struct policy_case rows[] = {
		{.identity = DENY("*"), .want = DENIED},
		{.identity = ALLOW("*") "," DENY("*"), .want = DENIED},
		{.identity = DENY("*") "," ALLOW("*"), .want = DENIED},
		{.identity = ALLOW("*"), .group = DENY("*"), .want = DENIED},
		{.identity = DENY("*"), .group = ALLOW("*"), .want = DENIED},
		{.identity = ALLOW("*") "," ONLY_PUT, .want = YES},
		{PUT, .identity = ALLOW("*") "," ONLY_PUT, .want = DENIED},
		{.group = ALLOW("*"), .want = YES},
		{.identity = ALLOW("iam:*"),
		 .group = ALLOW("ecr:*"),
		 .want = YES},
		{.identity = ALLOW("*"),
		 .repository = REFUSE("'*'", "ecr:*"),
		 .want = DENIED},
		{.identity = DENY("*"),
		 .repository = GRANT("'*'", "ecr:*"),
		 .want = DENIED},
		{.repository = GRANT("'*'", "ecr:*") "," REFUSE(USER("alice"),
								"ecr:*"),
		 .want = DENIED},
		{.repository =
			 GRANT("'*'", "ecr:*") "," REFUSE(USER("bob"), "ecr:*"),
		 .want = YES},
		{.identity = ALLOW("*"),
		 .registry = "{'Effect':'Deny','Principal':'*','Action':"
			     "'ecr:*','Resource':'*'}",
		 .want = DENIED},
		{.identity = ALLOW("*"),
		 .registry = "{'Effect':'Deny','Principal':'*','Action':"
			     "'ecr:*','Resource':'" REPOSITORY("x") "'}",
		 .want = YES},
		{.identity = ALLOW("*") "," STATEMENT("Deny", "*",
						      REPOSITORY("prod/*")),
		 .want = YES},
		{.identity = ALLOW("*") "," STATEMENT("Deny", "*",
						      REPOSITORY("prod/*")),
		 .resource = "prod/app",
		 .want = DENIED},
	};

	POLICY_CHECK(rows);
}

static void test_one_account_needs_one_side(void)
{
	static const struct policy_case rows[] = {
		{.repository = GRANT("'*'", "ecr:*"), .want = YES},
		{.repository = GRANT(AWS("*"), "ecr:*"), .want = YES},
		{.repository = GRANT(USER("alice"), "ecr:*"), .want = YES},
		{.repository = GRANT(USER("alice"), "ecr:BatchGetImage"),
		 .want = YES},
		{.repository = GRANT(USER("alice"), "ecr:PutImage"),
		 .want = NO},
		{.repository = GRANT(USER("bob"), "ecr:*"), .want = NO},
		{.repository = GRANT(USER("Alice"), "ecr:*"), .want = NO},
		{.repository = GRANT("{'AWS':['arn:aws:iam::000000000000:"
				     "user/bob','arn:aws:iam::000000000000:"
				     "user/alice']}",
				     "ecr:*"),
		 .want = YES},
		/* An account leaves it to what the account says. */
		{.repository = GRANT(AWS("000000000000"), "ecr:*"), .want = NO},
		{.repository =
			 GRANT(AWS("arn:aws:iam::000000000000:root"), "ecr:*"),
		 .want = NO},
		{.repository = GRANT(AWS("000000000000"), "ecr:*"),
		 .identity = ALLOW("ecr:*"),
		 .want = YES},
		{.repository = REFUSE(AWS("000000000000"), "ecr:*"),
		 .identity = ALLOW("ecr:*"),
		 .want = DENIED},
		{.repository =
			 REFUSE(AWS("arn:aws:iam::000000000000:root"), "ecr:*"),
		 .identity = ALLOW("ecr:*"),
		 .want = DENIED},
		{.repository = REFUSE(AWS("111111111111"), "ecr:*"),
		 .identity = ALLOW("ecr:*"),
		 .want = YES},
		{.repository =
			 GRANT("{'Service':'ecs.amazonaws.com'}", "ecr:*"),
		 .want = NO},
		{.repository =
			 GRANT("{'Federated':'accounts.example'}", "ecr:*"),
		 .want = NO},
		{.repository = GRANT(USER("bob"), "ecr:*"),
		 .identity = ALLOW("ecr:*"),
		 .want = YES},
		{.registry = "{'Effect':'Allow','Principal':'*','Action':"
			     "'ecr:*','Resource':'*'}",
		 .want = YES},
		{.registry = "{'Effect':'Allow','Principal':'*','Action':"
			     "'ecr:*','Resource':'" REPOSITORY("team/*") "'}",
		 .want = YES},
		{.registry = "{'Effect':'Allow','Principal':'*','Action':"
			     "'ecr:*','Resource':'" REPOSITORY("x/*") "'}",
		 .want = NO},
		{.who = "build.bot_2", .identity = ALLOW("ecr:*"), .want = YES},
		{.who = "build.bot_2",
		 .repository = GRANT(USER("build.bot_2"), "ecr:*"),
		 .want = YES},
	};

	POLICY_CHECK(rows);
}

static void test_two_accounts_need_both_sides(void)
{
#define BOB .who = "bob@111111111111"
#define BOBS AWS("arn:aws:iam::111111111111:user/bob")
	static const struct policy_case rows[] = {
		{BOB, .identity = ALLOW("*"), .want = NO},
		{BOB, .repository = GRANT("'*'", "ecr:*"), .want = NO},
		{BOB, .repository = GRANT(BOBS, "ecr:*"), .want = NO},
		{BOB, .identity = ALLOW("*"),
		 .repository = GRANT(BOBS, "ecr:*"), .want = YES},
		{BOB, .identity = ALLOW("*"),
		 .repository = GRANT(AWS("111111111111"), "ecr:*"),
		 .want = YES},
		{BOB, .identity = ALLOW("*"),
		 .repository =
			 GRANT(AWS("arn:aws:iam::111111111111:root"), "ecr:*"),
		 .want = YES},
		{BOB, .identity = ALLOW("*"),
		 .repository = GRANT("'*'", "ecr:*"), .want = YES},
		{BOB, .identity = ALLOW("*"),
		 .repository = GRANT(AWS("000000000000"), "ecr:*"), .want = NO},
		{BOB, .identity = ALLOW("*"),
		 .repository = GRANT(USER("bob"), "ecr:*"), .want = NO},
		{BOB, .identity = ALLOW("ecr:PutImage"),
		 .repository = GRANT(BOBS, "ecr:*"), .want = NO},
		{BOB, .identity = ALLOW("*"),
		 .repository = GRANT(BOBS, "ecr:*") "," REFUSE(
			 AWS("111111111111"), "ecr:*"),
		 .want = DENIED},
		{BOB, .identity = ALLOW("*"),
		 .registry = "{'Effect':'Allow','Principal':{'AWS':"
			     "'111111111111'},'Action':'ecr:*',"
			     "'Resource':'*'}",
		 .want = YES},
		{BOB, .action = "ecr:GetAuthorizationToken", .resource = "*",
		 .identity = ALLOW("ecr:GetAuthorizationToken"), .want = YES},
	};

	POLICY_CHECK(rows);
}

static void test_anonymous(void)
{
	static const struct policy_case rows[] = {
		{.who = "", .want = NO},
		{.who = "", .repository = GRANT("'*'", "ecr:*"), .want = YES},
		{.who = "",
		 .repository = GRANT(AWS("*"), "ecr:BatchGetImage"),
		 .want = YES},
		{.who = "",
		 .repository = GRANT(USER("alice"), "ecr:*"),
		 .want = NO},
		{.who = "",
		 .repository = GRANT(AWS("000000000000"), "ecr:*"),
		 .want = NO},
		{.who = "",
		 .repository = GRANT("'*'", "ecr:BatchGetImage"),
		 .action = "ecr:PutImage",
		 .want = NO},
		{.who = "",
		 .repository = GRANT("'*'", "ecr:*") "," REFUSE("'*'", "ecr:*"),
		 .want = DENIED},
		{.who = "",
		 .repository = "{'Effect':'Allow','Principal':'*','Action':"
			       "'ecr:*','Condition':{'Null':{"
			       "'aws:PrincipalArn':'false'}}}",
		 .want = NO},
		{.who = "",
		 .repository = GRANT(
			 "'*'", "ecr:*") ",{'Effect':'Deny',"
					 "'NotPrincipal':{'AWS':'arn:aws:iam::"
					 "000000000000:user/alice'},'Action':"
					 "'ecr:*'}",
		 .want = DENIED},
		{.who = "",
		 .action = "ecr:GetAuthorizationToken",
		 .repository = GRANT("'*'", "ecr:*"),
		 .want = NO},
	};

	POLICY_CHECK(rows);
}

static void test_all_but_some(void)
{
#define SPARE(list)                                                            \
	GRANT("'*'", "ecr:*")                                                  \
	",{'Effect':'Deny','Action':'ecr:*','NotPrincipal':{'AWS':" list "}}"
#define ALICE "'arn:aws:iam::000000000000:user/alice'"
	static const struct policy_case rows[] = {
		{.repository = SPARE(ALICE), .want = YES},
		{.repository = SPARE(ALICE), .who = "bob", .want = DENIED},
		{.repository = SPARE("[" ALICE ",'000000000000']"),
		 .want = YES},
		{.repository = SPARE("[" ALICE ",'000000000000']"),
		 .who = "bob",
		 .want = DENIED},
		{.repository = SPARE("'000000000000'"), .want = DENIED},
		{.repository = SPARE("'*'"), .want = YES},
		{.repository = SPARE("'arn:aws:iam::000000000000:role/deploy'"),
		 .who = "deploy/ci",
		 .want = YES},
		{.repository = SPARE("'arn:aws:sts::000000000000:assumed-role/"
				     "deploy/ci'"),
		 .who = "deploy/ci",
		 .want = YES},
		{.repository = SPARE("'arn:aws:sts::000000000000:assumed-role/"
				     "deploy/other'"),
		 .who = "deploy/ci",
		 .want = DENIED},
	};

	POLICY_CHECK(rows);
}

static void test_sessions_of_roles(void)
{
#define ROLE AWS("arn:aws:iam::000000000000:role/deploy")
#define SESSION_ARN AWS("arn:aws:sts::000000000000:assumed-role/deploy/ci")
#define CI .who = "deploy/ci"
	static const struct policy_case rows[] = {
		{CI, .want = NO},
		{CI, .identity = ALLOW("ecr:*"), .want = YES},
		{CI, .repository = GRANT(ROLE, "ecr:*"), .want = YES},
		{CI, .repository = GRANT(SESSION_ARN, "ecr:*"), .want = YES},
		{CI,
		 .repository = GRANT(AWS("arn:aws:sts::000000000000:"
					 "assumed-role/deploy/other"),
				     "ecr:*"),
		 .want = NO},
		{CI,
		 .repository = GRANT(AWS("arn:aws:iam::000000000000:role/x"),
				     "ecr:*"),
		 .want = NO},
		{CI, .identity = ALLOW("ecr:*"),
		 .repository = REFUSE(ROLE, "ecr:*"), .want = DENIED},
		/* The session's policy takes away, and never gives. */
		{CI, .identity = ALLOW("ecr:*"), .session = ALLOW("ecr:*"),
		 .want = YES},
		{CI, .identity = ALLOW("ecr:*"), .session = ALLOW("ecr:Put*"),
		 .want = NO},
		{CI, .session = ALLOW("ecr:*"), .want = NO},
		{CI, .identity = ALLOW("ecr:PutImage"),
		 .session = ALLOW("ecr:*"), .want = NO},
		{CI, .identity = ALLOW("ecr:*"),
		 .session = ALLOW("ecr:*") "," DENY("ecr:Batch*"),
		 .want = DENIED},
		{CI, .identity = ALLOW("ecr:*"),
		 .session = STATEMENT("Allow", "*", REPOSITORY("team/*")),
		 .want = YES},
		{CI, .identity = ALLOW("ecr:*"),
		 .session = STATEMENT("Allow", "*", REPOSITORY("team/*")),
		 .resource = "other", .want = NO},
		{CI, .repository = GRANT(ROLE, "ecr:*"),
		 .session = ALLOW("ecr:Put*"), .want = NO},
		/* Its name in conditions is the role's. */
		{CI,
		 .identity = "{'Effect':'Allow','Action':'*','Resource':'*',"
			     "'Condition':{'ArnEquals':{'aws:PrincipalArn':"
			     "'arn:aws:iam::000000000000:role/deploy'}}}",
		 .want = YES},
	};

	POLICY_CHECK(rows);
}

static void test_login_is_for_identities_to_allow(void)
{
#define LOGIN .action = "ecr:GetAuthorizationToken", .resource = "*"
	static const struct policy_case rows[] = {
		{LOGIN, .want = NO},
		{LOGIN, .identity = ALLOW("ecr:GetAuthorizationToken"),
		 .want = YES},
		{LOGIN, .identity = ALLOW("ecr:*"), .want = YES},
		{LOGIN,
		 .identity = STATEMENT("Allow", "ecr:*", REPOSITORY("*")),
		 .want = NO},
		{LOGIN, .repository = GRANT(USER("alice"), "ecr:*"),
		 .want = NO},
		{LOGIN,
		 .registry = "{'Effect':'Allow','Principal':'*','Action':"
			     "'ecr:*','Resource':'*'}",
		 .want = NO},
		{LOGIN, .identity = ALLOW("ecr:*") "," DENY("ecr:GetAuth*"),
		 .want = DENIED},
	};

	POLICY_CHECK(rows);
}

static void test_conditions_of_a_repository(void)
{
#define HOME                                                                   \
	"'Condition':{'IpAddress':{'aws:SourceIp':['10.0.0.0/8','fd00::/8']}}"
#define AWAY "'Condition':{'NotIpAddress':{'aws:SourceIp':'10.0.0.0/8'}}"
	static const struct policy_case rows[] = {
		{.repository = "{'Effect':'Allow','Principal':'*','Action':"
			       "'ecr:*'," HOME "}",
		 .keys = "~aws:SourceIp=10.9.8.7",
		 .want = YES},
		{.repository = "{'Effect':'Allow','Principal':'*','Action':"
			       "'ecr:*'," HOME "}",
		 .keys = "~aws:SourceIp=fd00::7",
		 .want = YES},
		{.repository = "{'Effect':'Allow','Principal':'*','Action':"
			       "'ecr:*'," HOME "}",
		 .keys = "~aws:SourceIp=192.0.2.1",
		 .want = NO},
		{.identity = ALLOW("*"),
		 .repository = "{'Effect':'Deny','Principal':'*','Action':"
			       "'ecr:*'," AWAY "}",
		 .keys = "~aws:SourceIp=192.0.2.1",
		 .want = DENIED},
		{.identity = ALLOW("*"),
		 .repository = "{'Effect':'Deny','Principal':'*','Action':"
			       "'ecr:*'," AWAY "}",
		 .keys = "~aws:SourceIp=10.0.0.1",
		 .want = YES},
		{.identity = ALLOW("*"),
		 .repository = "{'Effect':'Deny','Principal':'*','Action':"
			       "'ecr:*','Condition':{'Bool':{"
			       "'aws:SecureTransport':'false'}}}",
		 .keys = "~aws:SecureTransport=false",
		 .want = DENIED},
		{.identity = ALLOW("*"),
		 .repository = "{'Effect':'Deny','Principal':'*','Action':"
			       "'ecr:*','Condition':{'Bool':{"
			       "'aws:SecureTransport':'false'}}}",
		 .keys = "~aws:SecureTransport=true",
		 .want = YES},
		{.repository = "{'Effect':'Allow','Principal':'*','Action':"
			       "'ecr:*','Condition':{'StringEquals':{"
			       "'aws:PrincipalAccount':'000000000000'}}}",
		 .want = YES},
		{.identity = "{'Effect':'Allow','Action':'*','Resource':'*',"
			     "'Condition':{'StringEquals':{"
			     "'ecr:ResourceTag/team':'blue'}}}",
		 .keys = "ecr:ResourceTag/team=blue",
		 .want = YES},
		{.identity = "{'Effect':'Allow','Action':'*','Resource':'*',"
			     "'Condition':{'StringEquals':{"
			     "'ecr:ResourceTag/team':'blue'}}}",
		 .keys = "ecr:ResourceTag/team=red",
		 .want = NO},
	};

	POLICY_CHECK(rows);
}

static void test_says_who_decided(void)
{
	static const struct {
		struct policy_case asked;
		const char *source;
		const char *group;
		size_t statement;
	} rows[] = {
		{{.want = NO}, "", "", 0},
		{{.identity = ALLOW("s3:*") "," ALLOW("ecr:*")}, "own", "", 2},
		{{.group = ALLOW("ecr:*")}, "shared", "developers", 1},
		{{.identity = ALLOW("*"), .group = ALLOW("*") "," DENY("*")},
		 "shared",
		 "developers",
		 2},
		{{.repository = GRANT("'*'", "ecr:*")},
		 "repository policy",
		 "",
		 1},
		{{.identity = ALLOW("*"),
		  .repository =
			  GRANT("'*'", "ecr:*") "," REFUSE("'*'", "ecr:*")},
		 "repository policy",
		 "",
		 2},
		{{.who = "deploy/ci",
		  .identity = ALLOW("*"),
		  .session = ALLOW("s3:*")},
		 "session policy",
		 "",
		 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct policy_reason reason;

		policy_fixture_decide(&rows[i].asked, &reason);
		CHECK(span_equal(reason.source, span_of(rows[i].source)));
		CHECK(span_equal(reason.group, span_of(rows[i].group)));
		CHECK(reason.statement == rows[i].statement);
	}
}

static enum policy_effect trusts(const char *trust, const char *who,
				 struct policy_reason *ret_reason)
{
	struct policy_case row = {.who = who, .action = "sts:AssumeRole"};
	struct policy *policy = policy_fixture_parse(POLICY_TRUST, trust);
	enum policy_effect effect = policy_trusts(
		policy, policy_fixture_question(&row), ret_reason);

	policy_unref(policy);
	return effect;
}

static void test_trust(void)
{
	static const struct {
		const char *trust;
		const char *who;
		enum policy_effect want;
		bool himself; /* no policy of his own has to allow it, too */
	} rows[] = {
		{GRANT(USER("alice"), "sts:AssumeRole"), "alice", YES, true},
		{GRANT(USER("alice"), "sts:AssumeRole"), "bob", NO, false},
		{GRANT(USER("alice"), "sts:TagSession"), "alice", NO, false},
		{GRANT(USER("alice"), "sts:*"), "alice", YES, true},
		{GRANT(AWS("000000000000"), "sts:AssumeRole"), "alice", YES,
		 false},
		{GRANT(AWS("111111111111"), "sts:AssumeRole"), "alice", NO,
		 false},
		{GRANT(AWS("111111111111"), "sts:AssumeRole"),
		 "bob@111111111111", YES, false},
		{GRANT("'*'", "sts:AssumeRole"), "alice", YES, true},
		{GRANT("'*'", "sts:*") "," REFUSE(USER("alice"), "sts:*"),
		 "alice", DENIED, false},
		{GRANT("{'Federated':'id.example'}", "sts:AssumeRole"), "alice",
		 NO, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct policy_reason reason;

		CHECK(trusts(rows[i].trust, rows[i].who, &reason) ==
		      rows[i].want);
		CHECK(reason.resource_allows == rows[i].himself);
	}
}

static void test_trust_in_issuers(void)
{
#define WEB(issuer)                                                            \
	GRANT("{'Federated':'" issuer "'}", "sts:AssumeRoleWithWebIdentity")
	static const struct {
		const char *trust;
		const char *issuer;
		enum policy_effect want;
	} rows[] = {
		{WEB("id.example/x"), "https://id.example/x", YES},
		{WEB("https://id.example/x"), "https://id.example/x", YES},
		{WEB("arn:aws:iam::000000000000:oidc-provider/id.example/x"),
		 "https://id.example/x", YES},
		{WEB("id.example"), "https://id.example/x", NO},
		{WEB("id.example"), "https://other.example", NO},
		{WEB("id.example"), "", NO},
		{GRANT("'*'", "sts:*"), "https://id.example", NO},
		{WEB("id.example") "," REFUSE("'*'", "sts:*"),
		 "https://id.example", DENIED},
		{"{'Effect':'Allow','Principal':{'Federated':'id.example'},"
		 "'Action':'sts:AssumeRoleWithWebIdentity','Condition':{"
		 "'StringLike':{'id.example:sub':'repo:me/*'}}}",
		 "https://id.example", YES},
		{"{'Effect':'Allow','Principal':{'Federated':'id.example'},"
		 "'Action':'sts:AssumeRoleWithWebIdentity','Condition':{"
		 "'StringEquals':{'id.example:aud':'berth'}}}",
		 "https://id.example", NO},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct policy_case row = {
			.who = "",
			.action = "sts:AssumeRoleWithWebIdentity",
			.keys = "id.example:sub=repo:me/app"};
		struct policy_question asked = *policy_fixture_question(&row);
		struct policy *trust =
			policy_fixture_parse(POLICY_TRUST, rows[i].trust);

		asked.federated = span_of(rows[i].issuer);
		CHECK(policy_trusts(trust, &asked, NULL) == rows[i].want);
		policy_unref(trust);
	}
}

/* A matcher that tried each star anew would not come back from this. */
static void test_patterns_take_no_time(void)
{
	char pattern[4001];
	char text[8001];

	for (size_t i = 0; i < sizeof(pattern) - 1; i++)
		pattern[i] = i % 2 ? 'a' : '*';
	memset(text, 'a', sizeof(text) - 1);
	pattern[sizeof(pattern) - 2] = 'b';
	CHECK(!policy_matches(span_make(pattern, sizeof(pattern) - 1),
			      span_make(text, sizeof(text) - 1)));
	pattern[sizeof(pattern) - 2] = '*';
	CHECK(policy_matches(span_make(pattern, sizeof(pattern) - 1),
			     span_make(text, sizeof(text) - 1)));
	CHECK(policy_matches(SPAN_LIT(""), SPAN_LIT("")));
	CHECK(!policy_matches(SPAN_LIT(""), SPAN_LIT("a")));
	CHECK(!policy_matches(SPAN_LIT("a"), SPAN_LIT("A")));
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_actions),
		CHECK_CASE(test_resources),
		CHECK_CASE(test_a_denial_wins),
		CHECK_CASE(test_one_account_needs_one_side),
		CHECK_CASE(test_two_accounts_need_both_sides),
		CHECK_CASE(test_anonymous),
		CHECK_CASE(test_all_but_some),
		CHECK_CASE(test_sessions_of_roles),
		CHECK_CASE(test_login_is_for_identities_to_allow),
		CHECK_CASE(test_conditions_of_a_repository),
		CHECK_CASE(test_says_who_decided),
		CHECK_CASE(test_trust),
		CHECK_CASE(test_trust_in_issuers),
		CHECK_CASE(test_patterns_take_no_time),
	};

	return CHECK_RUN(argc, argv, cases);
}
