/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random policies and questions, decided by the real thing and by an evaluator
 * that is slow and obvious: it walks the JSON and tries everything.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/jsonx.h"
#include "tests/lib/check.h"
#include "tests/lib/policy_fixture.h"

#define ROUNDS 20000

/* ---- chance ---- */

static uint64_t state;

static size_t below(size_t limit)
{
	state = state * 6364136223846793005U + 1442695040888963407U;
	return (size_t)(state >> 33) % limit;
}

#define PICK(list) (list)[below(sizeof(list) / sizeof((list)[0]))]

static const char *const actions[] = {"*",	 "ecr:*",   "ecr:Get*",
				      "ecr:P?t", "ecr:*t*", "ECR:get",
				      "s3:*",	 "ecr:Put"};
static const char *const asked_actions[] = {"ecr:Get", "ecr:Put", "ecr:List",
					    "ecr:GetAuthorizationToken"};
static const char *const resources[] = {"*",
					REPOSITORY("a"),
					REPOSITORY("a/*"),
					REPOSITORY("?/b"),
					REPOSITORY("${aws:username}/*"),
					"arn:aws:ecr:*:*:repository/*b"};
static const char *const asked_resources[] = {"a", "a/b", "b", "b/a", "*"};
static const char *const principals[] = {
	"'*'",
	AWS("*"),
	USER("a"),
	USER("b"),
	AWS("000000000000"),
	AWS("111111111111"),
	AWS("arn:aws:iam::111111111111:user/b"),
	AWS("arn:aws:iam::000000000000:role/r"),
	AWS("arn:aws:sts::000000000000:assumed-role/r/s"),
	"{'AWS':['arn:aws:iam::000000000000:user/a','111111111111']}"};
static const char *const askers[] = {"a", "b", "b@111111111111", "r/s", ""};
static const char *const operators[] = {
	"StringEquals",	 "StringNotEquals", "StringLike",
	"StringNotLike", "NumericLessThan", "NumericGreaterThanEquals",
	"Null"};
static const char *const sets[] = {"", "", "", "ForAllValues:", "ForAnyValue:"};
static const char *const keys[] = {"x:k", "X:K", "x:l", "aws:username"};
static const char *const values[] = {"1", "2", "12"};
static const char *const asked_keys[] = {NULL,
					 "x:k=1",
					 "x:k=1;x:k=2",
					 "x:k=1;x:l=12;aws:username=a",
					 "x:l=2;x:l=12;x:k=12",
					 "aws:username=b",
					 "aws:username=1;x:k=21"};

static void make_condition(struct buf *out)
{
	const char *operator= PICK(operators);
	bool null = strcmp(operator, "Null") == 0;

	buf_appendf(out, ",'Condition':{'%s%s%s':{'%s':[",
		    null ? "" : PICK(sets), operator,
		    null || below(4) ? "" : "IfExists", PICK(keys));
	if (null)
		buf_appendf(out, "'%s'", below(2) ? "true" : "false");
	else
		buf_appendf(out, "'%s','%s'", PICK(values), PICK(values));
	buf_append_text(out, "]}}");
}

static void make_statement(enum policy_kind kind, struct buf *out)
{
	bool deny = below(4) == 0;

	buf_appendf(out, "{'Effect':'%s','%sAction':['%s','%s']",
		    deny ? "Deny" : "Allow", below(6) ? "" : "Not",
		    PICK(actions), PICK(actions));
	if (kind == POLICY_IDENTITY || kind == POLICY_REGISTRY)
		buf_appendf(out, ",'%sResource':['%s','%s']",
			    below(6) ? "" : "Not", PICK(resources),
			    PICK(resources));
	if (kind != POLICY_IDENTITY)
		buf_appendf(out, ",'%sPrincipal':%s",
			    deny && below(2) ? "Not" : "", PICK(principals));
	if (below(2))
		make_condition(out);
	buf_append_char(out, '}');
}

/* NULL, or one to three statements. */
static const char *make_document(enum policy_kind kind, size_t chance,
				 struct buf *out)
{
	if (below(chance) > 0)
		return NULL;
	for (size_t left = 1 + below(3); left > 0; left--) {
		size_t start = out->len;

		/* s3: is no action of a resource's policy. */
		do {
			out->len = start;
			make_statement(kind, out);
		} while (kind != POLICY_IDENTITY &&
			 strstr(out->data + start, "s3:"));
		if (left > 1)
			buf_append_char(out, ',');
	}
	return buf_text(out);
}

/* ---- the obvious evaluator ---- */

static bool like(const char *pattern, const char *text)
{
	if (*pattern == '\0')
		return *text == '\0';
	if (*pattern == '*')
		return like(pattern + 1, text) ||
		       (*text && like(pattern, text + 1));
	return *text && (*pattern == '?' || *pattern == *text) &&
	       like(pattern + 1, text + 1);
}

static void lower(const char *text, char out[256])
{
	size_t i = 0;

	for (; text[i] && i < 255; i++)
		out[i] = text[i] >= 'A' && text[i] <= 'Z'
				 ? (char)(text[i] - 'A' + 'a')
				 : text[i];
	out[i] = '\0';
}

static void copy(struct span text, char out[256])
{
	snprintf(out, 256, "%.*s", SPAN_ARG(text));
}

/* The index'th value of a key, or NULL. */
static const char *value_of(const struct policy_question *question,
			    const char *key, size_t index, char out[256])
{
	for (size_t i = 0; i < question->key_count; i++) {
		if (!span_equal_nocase(question->keys[i].name, span_of(key)))
			continue;
		if (index-- > 0)
			continue;
		copy(question->keys[i].value, out);
		return out;
	}
	return NULL;
}

static bool any_action(const json_t *list, const char *asked)
{
	char a[256];
	char b[256];
	size_t i = 0;
	json_t *one = NULL;

	lower(asked, b);
	json_array_foreach(list, i, one)
	{
		lower(json_string_value(one), a);
		if (like(a, b))
			return true;
	}
	return false;
}

static bool any_resource(const json_t *list,
			 const struct policy_question *question)
{
	char resource[256];
	char pattern[512];
	char name[256];
	size_t i = 0;
	json_t *one = NULL;

	copy(question->resource, resource);
	json_array_foreach(list, i, one)
	{
		const char *text = json_string_value(one);
		const char *variable = strstr(text, "${aws:username}");

		if (variable && !value_of(question, "aws:username", 0, name))
			continue;
		if (variable)
			snprintf(pattern, sizeof(pattern), "%.*s%s%s",
				 (int)(variable - text), text, name,
				 variable + strlen("${aws:username}"));
		else
			snprintf(pattern, sizeof(pattern), "%s", text);
		if (like(pattern, resource))
			return true;
	}
	return false;
}

/* 2: by his own name or as anybody, 1: by his account, 0: not. */
static int named_by(const char *name, const struct policy_question *question)
{
	if (strcmp(name, "*") == 0 ||
	    span_equal(span_of(name), question->principal_arn) ||
	    (question->role_arn.len > 0 &&
	     span_equal(span_of(name), question->role_arn)))
		return 2;
	return span_equal(span_of(name), question->principal_account);
}

static int named(const json_t *principal,
		 const struct policy_question *question)
{
	const json_t *list = json_object_get(principal, "AWS");
	int best = 0;
	size_t i = 0;
	json_t *one = NULL;

	if (json_is_string(principal))
		return 2;
	if (json_is_string(list))
		return named_by(json_string_value(list), question);
	json_array_foreach(list, i, one)
	{
		int now = named_by(json_string_value(one), question);

		best = now > best ? now : best;
	}
	return best;
}

static bool compares(const char *operator, const char * wanted,
		     const char *value)
{
	if (strcmp(operator, "NumericLessThan") == 0)
		return value[0] >= '0' && value[0] <= '9' &&
		       strtod(value, NULL) < strtod(wanted, NULL);
	if (strcmp(operator, "NumericGreaterThanEquals") == 0)
		return value[0] >= '0' && value[0] <= '9' &&
		       strtod(value, NULL) >= strtod(wanted, NULL);
	return strstr(operator, "Like") ? like(wanted, value)
					: strcmp(wanted, value) == 0;
}

static bool one_of(const char *operator, const json_t * list, const char *value)
{
	size_t i = 0;
	json_t *one = NULL;

	json_array_foreach(list, i,
			   one) if (compares(operator, json_string_value(one),
					     value)) return true;
	return false;
}

static bool condition_true(const json_t *condition,
			   const struct policy_question *question)
{
	void *first = json_object_iter((json_t *)(uintptr_t)condition);
	const char *operator= json_object_iter_key(first);
	void *inner = json_object_iter(json_object_iter_value(first));
	const char *key = json_object_iter_key(inner);
	const json_t *list = json_object_iter_value(inner);
	bool negated = strstr(operator, "Not") != NULL;
	char plain[64];
	char value[256];
	size_t hits = 0;
	size_t count = 0;

	if (strcmp(operator, "Null") == 0)
		return strcmp(json_string_value(json_array_get(list, 0)),
			      value_of(question, key, 0, value) ? "false"
								: "true") == 0;
	const char *colon = strchr(operator, ':');
	snprintf(plain, sizeof(plain), "%s", colon ? colon + 1 : operator);
	char *suffix = strstr(plain, "IfExists");
	if (suffix)
		*suffix = '\0';
	for (; value_of(question, key, count, value); count++)
		hits += one_of(plain, list, value) != negated;
	if (strncmp(operator, "ForAll", 6) == 0)
		return hits == count;
	if (strncmp(operator, "ForAny", 6) == 0)
		return hits > 0;
	if (count == 0)
		return negated || suffix;
	return negated ? hits == count : hits > 0;
}

/* 0: it does not apply, 1: for the account, 2: for whoever asks. */
static int statement_applies(const json_t *statement,
			     const struct policy_question *question)
{
	const json_t *who = json_object_get(statement, "Principal");
	const json_t *not_who = json_object_get(statement, "NotPrincipal");
	const json_t *action = json_object_get(statement, "Action");
	const json_t *resource = json_object_get(statement, "Resource");
	const json_t *not_resource = json_object_get(statement, "NotResource");
	const json_t *condition = json_object_get(statement, "Condition");
	char asked[256];
	int by = 2;

	copy(question->action, asked);
	if (who)
		by = named(who, question);
	if (not_who)
		by = named(not_who, question) == 2 ? 0 : 2;
	if (action ? !any_action(action, asked)
		   : any_action(json_object_get(statement, "NotAction"), asked))
		return 0;
	if ((resource && !any_resource(resource, question)) ||
	    (not_resource && any_resource(not_resource, question)))
		return 0;
	return !condition || condition_true(condition, question) ? by : 0;
}

/* The strongest statement of that effect in a document. */
static int strongest(const char *text, const char *effect,
		     const struct policy_question *question)
{
	struct buf document = BUF_INIT(POLICY_BYTES_MAX);
	json_t *json = NULL;
	struct err err = ERR_INIT;
	int best = 0;
	size_t i = 0;
	json_t *one = NULL;

	if (!text)
		return 0;
	policy_fixture_document(text, &document);
	CHECK(jsonx_parse(buf_span(&document), 10, &json, &err) == 0);
	json_array_foreach(json_object_get(json, "Statement"), i, one)
	{
		int by = statement_applies(one, question);

		if (strcmp(json_string_value(json_object_get(one, "Effect")),
			   effect) == 0 &&
		    by > best)
			best = by;
	}
	json_decref(json);
	buf_release(&document);
	return best;
}

static enum policy_effect obvious(const struct policy_case *row)
{
	const struct policy_question *asked = policy_fixture_question(row);
	const char *all[] = {row->identity, row->group, row->repository,
			     row->registry, row->session};
	bool anonymous = asked->principal_account.len == 0;
	bool same =
		span_equal(asked->principal_account, asked->resource_account);
	bool login = span_equal(asked->action,
				SPAN_LIT("ecr:GetAuthorizationToken"));

	for (size_t i = 0; i < 5; i++)
		if (strongest(all[i], "Deny", asked) > 0)
			return POLICY_EXPLICIT_DENY;
	bool identity = strongest(row->identity, "Allow", asked) > 0 ||
			strongest(row->group, "Allow", asked) > 0;
	int repository = strongest(row->repository, "Allow", asked);
	int registry = strongest(row->registry, "Allow", asked);
	int resource = repository > registry ? repository : registry;
	bool granted = resource == 2 || (!same && !anonymous && resource == 1);
	bool allowed = same || anonymous ? identity || (granted && !login)
		       : login		 ? identity
					 : identity && granted;
	if (row->session && strongest(row->session, "Allow", asked) == 0)
		allowed = false;
	return allowed ? POLICY_ALLOW : POLICY_IMPLICIT_DENY;
}

/* ---- */

static void test_agrees_with_the_obvious(void)
{
	size_t seen[3] = {0};

	for (uint64_t round = 0; round < ROUNDS; round++) {
		struct buf texts[5] = {BUF_INIT(8192), BUF_INIT(8192),
				       BUF_INIT(8192), BUF_INIT(8192),
				       BUF_INIT(8192)};

		state = round;
		struct policy_case row = {
			.identity =
				make_document(POLICY_IDENTITY, 1, &texts[0]),
			.group = make_document(POLICY_IDENTITY, 3, &texts[1]),
			.repository =
				make_document(POLICY_REPOSITORY, 2, &texts[2]),
			.registry =
				make_document(POLICY_REGISTRY, 5, &texts[3]),
			.session = make_document(POLICY_IDENTITY, 5, &texts[4]),
			.who = PICK(askers),
			.action = PICK(asked_actions),
			.resource = PICK(asked_resources),
			.keys = PICK(asked_keys)};
		enum policy_effect want = obvious(&row);

		if (policy_fixture_decide(&row, NULL) != want) {
			fprintf(stderr,
				"round %d: %s | %s | %s | %s | %s, who %s, "
				"action %s, resource %s, keys %s, want %d\n",
				(int)round, row.identity, row.group,
				row.repository, row.registry, row.session,
				row.who, row.action, row.resource, row.keys,
				want);
			CHECK(false);
		}
		seen[want]++;
		for (size_t i = 0; i < 5; i++)
			buf_release(&texts[i]);
	}
	/* Chance must have shown all answers often. */
	for (size_t i = 0; i < 3; i++)
		CHECK(seen[i] > ROUNDS / 10);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_agrees_with_the_obvious),
	};

	return CHECK_RUN(argc, argv, cases);
}
