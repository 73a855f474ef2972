/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions, each as the only one of a statement that allows: worked out from
 * what Amazon documents of its operators. */
#include <stdio.h>
#include <string.h>

#include "tests/lib/check.h"
#include "tests/lib/policy_fixture.h"

struct row {
	const char *condition; /* the Condition element */
	const char *keys;      /* of the request */
	bool want;	       /* it holds */
};

static bool holds(const struct row *row)
{
	char statement[1024];
	struct policy_case asked = {.identity = statement, .keys = row->keys};

	snprintf(statement, sizeof(statement),
		 "{'Effect':'Allow','Action':'*','Resource':'*',"
		 "'Condition':%s}",
		 row->condition);
	return policy_fixture_decide(&asked, NULL) == POLICY_ALLOW;
}

static void check_rows(const struct row *rows, size_t count)
{
	size_t wrong = 0;

	for (size_t i = 0; i < count; i++) {
		if (holds(&rows[i]) == rows[i].want)
			continue;
		fprintf(stderr, "row %zu: %s of %s\n", i, rows[i].condition,
			rows[i].keys ? rows[i].keys : "nothing");
		wrong++;
	}
	CHECK(wrong == 0);
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static void test_texts(void)
{
	static const struct row rows[] = {
		{"{'StringEquals':{'a:k':'x'}}", "a:k=x", true},
		{"{'StringEquals':{'a:k':'x'}}", "a:k=X", false},
		{"{'StringEquals':{'a:k':'x'}}", "a:k=xx", false},
		{"{'StringEquals':{'a:k':'x'}}", "A:K=x", true},
		{"{'StringEquals':{'a:k':'x'}}", NULL, false},
		{"{'StringEquals':{'a:k':'x'}}", "a:other=x", false},
		{"{'StringEquals':{'a:k':['w','x']}}", "a:k=x", true},
		{"{'StringEquals':{'a:k':['w','y']}}", "a:k=x", false},
		{"{'StringEquals':{'a:k':'*'}}", "a:k=x", false},
		{"{'StringEquals':{'a:k':'*'}}", "a:k=*", true},
		{"{'StringEquals':{'a:k':''}}", "a:k=", true},
		{"{'StringEquals':{'a:k':''}}", NULL, false},
		{"{'StringEquals':{'a:k':true}}", "a:k=true", true},
		{"{'StringEquals':{'a:k':7}}", "a:k=7", true},
		{"{'StringNotEquals':{'a:k':'x'}}", "a:k=x", false},
		{"{'StringNotEquals':{'a:k':'x'}}", "a:k=y", true},
		{"{'StringNotEquals':{'a:k':'x'}}", NULL, true},
		{"{'StringNotEquals':{'a:k':['x','y']}}", "a:k=y", false},
		{"{'StringNotEquals':{'a:k':['x','y']}}", "a:k=z", true},
		{"{'StringEqualsIgnoreCase':{'a:k':'xY'}}", "a:k=Xy", true},
		{"{'StringEqualsIgnoreCase':{'a:k':'xY'}}", "a:k=Xz", false},
		{"{'StringEqualsIgnoreCase':{'a:k':'xY'}}", NULL, false},
		{"{'StringNotEqualsIgnoreCase':{'a:k':'x'}}", "a:k=X", false},
		{"{'StringNotEqualsIgnoreCase':{'a:k':'x'}}", "a:k=Y", true},
		{"{'StringNotEqualsIgnoreCase':{'a:k':'x'}}", NULL, true},
		{"{'StringLike':{'a:k':'te*'}}", "a:k=team", true},
		{"{'StringLike':{'a:k':'te*'}}", "a:k=te", true},
		{"{'StringLike':{'a:k':'te*'}}", "a:k=Team", false},
		{"{'StringLike':{'a:k':'t??m'}}", "a:k=team", true},
		{"{'StringLike':{'a:k':'t??m'}}", "a:k=tem", false},
		{"{'StringLike':{'a:k':'*'}}", "a:k=", true},
		{"{'StringLike':{'a:k':'*'}}", NULL, false},
		{"{'StringLike':{'a:k':['a*','b*']}}", "a:k=bc", true},
		{"{'StringLike':{'a:k':'*b*c'}}", "a:k=abbac", true},
		{"{'StringLike':{'a:k':'*b*c'}}", "a:k=abbab", false},
		{"{'StringNotLike':{'a:k':'te*'}}", "a:k=team", false},
		{"{'StringNotLike':{'a:k':'te*'}}", "a:k=other", true},
		{"{'StringNotLike':{'a:k':'te*'}}", NULL, true},
	};

	CHECK_ROWS(rows);
}

static void test_if_exists_and_null(void)
{
	static const struct row rows[] = {
		{"{'StringEqualsIfExists':{'a:k':'x'}}", NULL, true},
		{"{'StringEqualsIfExists':{'a:k':'x'}}", "a:k=x", true},
		{"{'StringEqualsIfExists':{'a:k':'x'}}", "a:k=y", false},
		{"{'StringNotEqualsIfExists':{'a:k':'x'}}", NULL, true},
		{"{'StringNotEqualsIfExists':{'a:k':'x'}}", "a:k=x", false},
		{"{'StringLikeIfExists':{'a:k':'x*'}}", NULL, true},
		{"{'StringLikeIfExists':{'a:k':'x*'}}", "a:k=y", false},
		{"{'ArnLikeIfExists':{'a:k':'arn:a:b:c:d:*'}}", NULL, true},
		{"{'IpAddressIfExists':{'a:k':'10.0.0.0/8'}}", NULL, true},
		{"{'IpAddressIfExists':{'a:k':'10.0.0.0/8'}}", "a:k=11.0.0.1",
		 false},
		{"{'BoolIfExists':{'a:k':'true'}}", NULL, true},
		{"{'BoolIfExists':{'a:k':'true'}}", "a:k=false", false},
		{"{'NumericLessThanIfExists':{'a:k':'5'}}", NULL, true},
		{"{'NumericLessThanIfExists':{'a:k':'5'}}", "a:k=6", false},
		{"{'DateLessThanIfExists':{'a:k':'2020-01-01'}}", NULL, true},
		{"{'Null':{'a:k':'true'}}", NULL, true},
		{"{'Null':{'a:k':'true'}}", "a:k=x", false},
		{"{'Null':{'a:k':'true'}}", "a:k=", false},
		{"{'Null':{'a:k':'false'}}", NULL, false},
		{"{'Null':{'a:k':'false'}}", "a:k=x", true},
		{"{'Null':{'a:k':false}}", "a:k=x", true},
		{"{'Null':{'a:k':['true','false']}}", NULL, true},
	};

	CHECK_ROWS(rows);
}

static void test_resource_names(void)
{
#define ARN_IS(operator, pattern) "{'" operator"':{'a:k':'" pattern "'}}"
	static const struct row rows[] = {
		{ARN_IS("ArnEquals", "arn:aws:iam::1:user/a"),
		 "a:k=arn:aws:iam::1:user/a", true},
		{ARN_IS("ArnEquals", "arn:aws:iam::1:user/a"),
		 "a:k=arn:aws:iam::1:user/b", false},
		{ARN_IS("ArnEquals", "arn:aws:iam::1:user/*"),
		 "a:k=arn:aws:iam::1:user/b", true},
		{ARN_IS("ArnLike", "arn:aws:iam::1:user/*"),
		 "a:k=arn:aws:iam::1:user/b", true},
		{ARN_IS("ArnLike", "arn:*:iam::?:user/*"),
		 "a:k=arn:aws:iam::1:user/b", true},
		/* A star does not reach over a colon ... */
		{ARN_IS("ArnLike", "arn:aws:*:user/b"),
		 "a:k=arn:aws:iam::1:user/b", false},
		{ARN_IS("ArnLike", "arn:aws:*::*:user/b"),
		 "a:k=arn:aws:iam::1:user/b", true},
		/* ... but in the last part, which is all the rest. */
		{ARN_IS("ArnLike", "arn:aws:iam::1:*"),
		 "a:k=arn:aws:iam::1:user:b:c", true},
		{ARN_IS("ArnLike", "arn:aws:iam::1:user/?"),
		 "a:k=arn:aws:iam::1:user/ab", false},
		{ARN_IS("ArnLike", "*"), "a:k=arn:aws:iam::1:user/b", true},
		{ARN_IS("ArnLike", "arn:aws:iam::1:*"), "a:k=nonsense", false},
		{ARN_IS("ArnLike", "*"), "a:k=nonsense", false},
		{ARN_IS("ArnLike", "arn:aws:iam::1:*"), NULL, false},
		{ARN_IS("ArnNotLike", "arn:aws:iam::1:*"),
		 "a:k=arn:aws:iam::1:user/b", false},
		{ARN_IS("ArnNotLike", "arn:aws:iam::1:*"),
		 "a:k=arn:aws:iam::2:user/b", true},
		{ARN_IS("ArnNotLike", "arn:aws:iam::1:*"), NULL, true},
		{ARN_IS("ArnNotEquals", "arn:aws:iam::1:user/a"),
		 "a:k=arn:aws:iam::1:user/a", false},
		{ARN_IS("ArnNotEquals", "arn:aws:iam::1:user/a"),
		 "a:k=arn:aws:iam::1:user/b", true},
	};

	CHECK_ROWS(rows);
#undef ARN_IS
}

static void test_addresses(void)
{
#define IN(block) "{'IpAddress':{'aws:SourceIp':" block "}}"
#define NOT_IN(block) "{'NotIpAddress':{'aws:SourceIp':" block "}}"
#define FROM(address) "~aws:SourceIp=" address
	static const struct row rows[] = {
		{IN("'10.0.0.1'"), FROM("10.0.0.1"), true},
		{IN("'10.0.0.1'"), FROM("10.0.0.2"), false},
		{IN("'10.0.0.1/32'"), FROM("10.0.0.1"), true},
		{IN("'10.0.0.0/8'"), FROM("10.255.255.255"), true},
		{IN("'10.0.0.0/8'"), FROM("11.0.0.0"), false},
		{IN("'10.0.0.77/8'"), FROM("10.1.2.3"), true},
		{IN("'203.0.113.0/25'"), FROM("203.0.113.127"), true},
		{IN("'203.0.113.0/25'"), FROM("203.0.113.128"), false},
		{IN("'0.0.0.0/0'"), FROM("1.2.3.4"), true},
		{IN("'0.0.0.0/0'"), FROM("2001:db8::1"), false},
		{IN("'::/0'"), FROM("2001:db8::1"), true},
		{IN("'2001:db8::/32'"), FROM("2001:db8:ffff::1"), true},
		{IN("'2001:db8::/32'"), FROM("2001:db9::1"), false},
		{IN("'2001:db8::1'"), FROM("2001:0db8:0:0::1"), true},
		{IN("'2001:db8::/33'"), FROM("2001:db8:8000::1"), false},
		{IN("'10.0.0.0/8'"), FROM("::ffff:10.1.2.3"), true},
		{IN("['10.0.0.0/8','192.168.0.0/16']"), FROM("192.168.7.7"),
		 true},
		{IN("'10.0.0.0/8'"), FROM("nonsense"), false},
		{IN("'10.0.0.0/8'"), NULL, false},
		{NOT_IN("'10.0.0.0/8'"), FROM("10.1.2.3"), false},
		{NOT_IN("'10.0.0.0/8'"), FROM("11.1.2.3"), true},
		{NOT_IN("'10.0.0.0/8'"), FROM("2001:db8::1"), true},
		{NOT_IN("['10.0.0.0/8','11.0.0.0/8']"), FROM("11.1.2.3"),
		 false},
		{NOT_IN("'10.0.0.0/8'"), NULL, true},
	};

	CHECK_ROWS(rows);
#undef IN
#undef NOT_IN
#undef FROM
}

static void test_numbers_and_bools(void)
{
#define N(operator, value) "{'Numeric" operator"':{'a:n':" value "}}"
	static const struct row rows[] = {
		{N("Equals", "'5'"), "a:n=5", true},
		{N("Equals", "5"), "a:n=5", true},
		{N("Equals", "'5'"), "a:n=5.0", true},
		{N("Equals", "'5'"), "a:n=6", false},
		{N("Equals", "'5'"), "a:n=five", false},
		{N("Equals", "'5'"), NULL, false},
		{N("Equals", "['5','6']"), "a:n=6", true},
		{N("NotEquals", "'5'"), "a:n=5", false},
		{N("NotEquals", "'5'"), "a:n=6", true},
		{N("NotEquals", "'5'"), NULL, true},
		{N("LessThan", "'5'"), "a:n=4", true},
		{N("LessThan", "'5'"), "a:n=5", false},
		{N("LessThan", "'5'"), "a:n=-7", true},
		{N("LessThan", "'10'"), "a:n=9", true},
		{N("LessThan", "'5'"), NULL, false},
		{N("LessThanEquals", "'5'"), "a:n=5", true},
		{N("LessThanEquals", "'5'"), "a:n=5.5", false},
		{N("GreaterThan", "'5'"), "a:n=6", true},
		{N("GreaterThan", "'5'"), "a:n=5", false},
		{N("GreaterThanEquals", "'5'"), "a:n=5", true},
		{N("GreaterThanEquals", "'-1.5'"), "a:n=-1.6", false},
		{"{'Bool':{'a:b':'true'}}", "a:b=true", true},
		{"{'Bool':{'a:b':true}}", "a:b=TRUE", true},
		{"{'Bool':{'a:b':'true'}}", "a:b=false", false},
		{"{'Bool':{'a:b':'false'}}", "a:b=false", true},
		{"{'Bool':{'a:b':'false'}}", "a:b=", false},
		{"{'Bool':{'a:b':'false'}}", NULL, false},
	};

	CHECK_ROWS(rows);
#undef N
}

static void test_dates(void)
{
#define D(operator, value) "{'Date" operator"':{'aws:CurrentTime':'" value "'}}"
#define AT(time) "~aws:CurrentTime=" time
	static const struct row rows[] = {
		{D("Equals", "2020-04-01T00:00:00Z"),
		 AT("2020-04-01T00:00:00.000Z"), true},
		{D("Equals", "2020-04-01"), AT("2020-04-01T00:00:00Z"), true},
		{D("Equals", "2020-04"), AT("2020-04-01T00:00:00Z"), true},
		{D("Equals", "2020"), AT("2020-01-01T00:00:00Z"), true},
		{D("Equals", "1585699200"), AT("2020-04-01T00:00:00Z"), true},
		{D("Equals", "2020-04-01T00:00:00Z"), AT("1585699200"), true},
		{D("Equals", "2020-04-01T01:30:00+01:30"),
		 AT("2020-04-01T00:00:00Z"), true},
		{D("Equals", "2020-03-31T19:00-05:00"),
		 AT("2020-04-01T00:00:00Z"), true},
		{D("Equals", "2020-04-01T00:00:00.5Z"),
		 AT("2020-04-01T00:00:00.500Z"), true},
		{D("Equals", "2020-02-29"), AT("1582934400"), true},
		{D("Equals", "2000-03-01"), AT("951868800"), true},
		{D("Equals", "1969-12-31T23:59:59Z"), AT("-1"), true},
		{D("NotEquals", "2020-04-01"), AT("2020-04-01T00:00:00Z"),
		 false},
		{D("NotEquals", "2020-04-01"), AT("2020-04-01T00:00:01Z"),
		 true},
		{D("LessThan", "2020-04-01"), AT("2020-03-31T23:59:59Z"), true},
		{D("LessThan", "2020-04-01"), AT("2020-04-01T00:00:00Z"),
		 false},
		{D("LessThanEquals", "2020-04-01"), AT("2020-04-01T00:00:00Z"),
		 true},
		{D("GreaterThan", "2020-04-01"), AT("2020-04-01T00:00:00.001Z"),
		 true},
		{D("GreaterThan", "2020-04-01"), AT("2020-04-01T00:00:00Z"),
		 false},
		{D("GreaterThanEquals", "2020-04-01"),
		 AT("2020-04-01T00:00:00Z"), true},
		{D("GreaterThan", "2020-04-01"), AT("yesterday"), false},
		{D("GreaterThan", "2020-04-01"), NULL, false},
		{"{'NumericGreaterThan':{'aws:EpochTime':'1585699199'}}",
		 "~aws:EpochTime=1585699200", true},
	};

	CHECK_ROWS(rows);
#undef D
#undef AT
}

static void test_sets(void)
{
#define ALL(operator, values)                                                  \
	"{'ForAllValues:" operator"':{'aws:TagKeys':" values "}}"
#define ANY(operator, values)                                                  \
	"{'ForAnyValue:" operator"':{'aws:TagKeys':" values "}}"
#define ONE "aws:TagKeys=a"
#define TWO "aws:TagKeys=a;aws:TagKeys=b"
	static const struct row rows[] = {
		{ALL("StringEquals", "['a','b']"), TWO, true},
		{ALL("StringEquals", "['a','b','c']"), ONE, true},
		{ALL("StringEquals", "['a','c']"), TWO, false},
		{ALL("StringEquals", "['a']"), NULL, true},
		{ALL("StringNotEquals", "['c']"), TWO, true},
		{ALL("StringNotEquals", "['b']"), TWO, false},
		{ALL("StringNotEquals", "['b']"), NULL, true},
		{ALL("StringLike", "['?']"), TWO, true},
		{ALL("StringEqualsIfExists", "['a']"), NULL, true},
		{ANY("StringEquals", "['b','c']"), TWO, true},
		{ANY("StringEquals", "['c','d']"), TWO, false},
		{ANY("StringEquals", "['a']"), NULL, false},
		{ANY("StringNotEquals", "['a']"), TWO, true},
		{ANY("StringNotEquals", "['a']"), ONE, false},
		{ANY("StringNotEquals", "['a','b']"), TWO, false},
		{ANY("StringNotEquals", "['a']"), NULL, false},
		{ANY("StringEqualsIfExists", "['a']"), NULL, false},
		/* Without either any of the values may match. */
		{"{'StringEquals':{'aws:TagKeys':'b'}}", TWO, true},
		{"{'StringNotEquals':{'aws:TagKeys':'b'}}", TWO, false},
	};

	CHECK_ROWS(rows);
#undef ALL
#undef ANY
#undef ONE
#undef TWO
}

static void test_all_conditions_must_hold(void)
{
	static const struct row rows[] = {
		{"{}", NULL, true},
		{"{'StringEquals':{'a:k':'x','a:l':'y'}}", "a:k=x;a:l=y", true},
		{"{'StringEquals':{'a:k':'x','a:l':'y'}}", "a:k=x;a:l=z",
		 false},
		{"{'StringEquals':{'a:k':'x'},'StringLike':{'a:k':'?'}}",
		 "a:k=x", true},
		{"{'StringEquals':{'a:k':'x'},'Bool':{'a:b':'true'}}", "a:k=x",
		 false},
	};

	CHECK_ROWS(rows);
}

static void test_variables(void)
{
	static const struct row rows[] = {
		{"{'StringEquals':{'a:k':'${aws:username}'}}",
		 "aws:username=alice;a:k=alice", true},
		{"{'StringEquals':{'a:k':'${aws:username}'}}",
		 "aws:username=alice;a:k=bob", false},
		{"{'StringEquals':{'a:k':'x-${aws:username}-y'}}",
		 "aws:username=alice;a:k=x-alice-y", true},
		{"{'StringEquals':{'a:k':'${aws:username}'}}", "a:k=alice",
		 false},
		{"{'StringNotEquals':{'a:k':'${aws:username}'}}", "a:k=alice",
		 true},
		{"{'StringEquals':{'a:k':'${a:u, `guest`}'}}", "a:k=guest",
		 true},
		{"{'StringEquals':{'a:k':'${a:u, `guest`}'}}",
		 "a:u=eve;a:k=guest", false},
		{"{'StringEquals':{'a:k':'${*}${?}${$}'}}", "a:k=*?$", true},
		{"{'StringLike':{'a:k':'${*}'}}", "a:k=*", true},
		{"{'StringLike':{'a:k':'${*}'}}", "a:k=x", false},
		{"{'StringLike':{'a:k':'a${?}c'}}", "a:k=abc", false},
		{"{'StringLike':{'a:k':'${$}{x}'}}", "a:k=${x}", true},
		/* What a variable brings is no pattern. */
		{"{'StringLike':{'a:k':'${aws:username}'}}",
		 "aws:username=*;a:k=anything", false},
		{"{'StringLike':{'a:k':'${aws:username}*'}}",
		 "aws:username=*;a:k=*more", true},
		{"{'ArnLike':{'a:k':'arn:aws:iam::1:user/${aws:username}'}}",
		 "aws:username=?;a:k=arn:aws:iam::1:user/b", false},
		{"{'StringEquals':{'a:k':'${aws:PrincipalAccount}'}}",
		 "a:k=000000000000", true},
		{"{'StringEquals':{'a:k':'$ {} $'}}", "a:k=$ {} $", true},
	};

	CHECK_ROWS(rows);
}

/* Only the request's own keys make a decision hold for it alone. */
static void test_tells_whether_it_looked_at_the_request(void)
{
#define WHERE(condition)                                                       \
	"{'Effect':'Allow','Action':'ecr:BatchGetImage','Resource':'*',"       \
	"'Condition':" condition "}"
#define ADDRESS "{'IpAddress':{'aws:SourceIp':'10.0.0.0/8'}}"
	static const struct {
		struct policy_case asked;
		bool contextual;
	} rows[] = {
		{{.identity = WHERE(ADDRESS), .keys = "~aws:SourceIp=10.0.0.1"},
		 true},
		{{.identity = WHERE(ADDRESS)}, true},
		{{.identity = WHERE(ADDRESS), .action = "ecr:PutImage"}, false},
		{{.identity = ALLOW("*") "," WHERE(ADDRESS)}, false},
		{{.identity = WHERE("{'StringEquals':{'a:k':'x'}}"),
		  .keys = "a:k=x"},
		 false},
		{{.identity = WHERE("{'StringEquals':{'aws:PrincipalAccount':"
				    "'000000000000'}}")},
		 false},
		{{.identity = "{'Effect':'Allow','Action':'*','Resource':"
			      "'arn:${a:k}'}"},
		 true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct policy_reason reason;

		policy_fixture_decide(&rows[i].asked, &reason);
		CHECK(reason.contextual == rows[i].contextual);
	}
#undef WHERE
#undef ADDRESS
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_texts),
		CHECK_CASE(test_if_exists_and_null),
		CHECK_CASE(test_resource_names),
		CHECK_CASE(test_addresses),
		CHECK_CASE(test_numbers_and_bools),
		CHECK_CASE(test_dates),
		CHECK_CASE(test_sets),
		CHECK_CASE(test_all_conditions_must_hold),
		CHECK_CASE(test_variables),
		CHECK_CASE(test_tells_whether_it_looked_at_the_request),
	};

	return CHECK_RUN(argc, argv, cases);
}
