/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "tests/lib/check.h"

static int write_one(void *context, const struct scope *scope, struct err *err)
{
	struct buf *out = context;

	(void)err;
	if (out->len > 0)
		buf_append_char(out, ' ');
	scope_write(scope, out);
	return 0;
}

/* Read a list and write it again, "!" and the code where it is refused.  It
 * lies in memory of its exact size. */
static void rewrite(struct span text, bool patterns, struct buf *out)
{
	struct err err = ERR_INIT;
	char *copy = malloc(text.len ? text.len : 1);

	CHECK(copy);
	if (text.len > 0)
		memcpy(copy, text.text, text.len);
	if (scope_each(span_make(copy, text.len), patterns, write_one, out,
		       &err) < 0) {
		buf_clear(out);
		buf_appendf(out, "!%s", err_code_name(err.code));
	}
	free(copy);
}

static void check_rewrite(const char *text, bool patterns, const char *want)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(65536);

	rewrite(span_of(text), patterns, &out);
	if (strcmp(buf_text(&out), want) != 0)
		fprintf(stderr, "of %s\n", text);
	CHECK_TEXT(buf_text(&out), want);
}

#define INVALID "!INVALID"

/* TOK-07 */
static void test_reads_what_the_grammar_allows(void)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"   ", ""},
		{"repository:a:pull", "repository:a:pull"},
		{"repository:a/b/c:push,pull", "repository:a/b/c:pull,push"},
		{"repository:a:pull,pull", "repository:a:pull"},
		{"repository:a:*", "repository:a:pull,push,delete"},
		{"repository:a:pull,*", "repository:a:pull,push,delete"},
		{"repository:a:delete", "repository:a:delete"},
		{"registry:catalog:*", "registry:catalog:*"},
		{" repository:a:pull  repository:b:pull ",
		 "repository:a:pull repository:b:pull"},
		{"repository(plugin):a:pull", "repository:a:pull"},
		{"registry(x1):catalog:*", "registry:catalog:*"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_rewrite(cases[i][0], false, cases[i][1]);
}

static void test_drops_what_is_not_known(void)
{
	static const char *const unknown[] = {
		"repository:a:",
		"repository:a:admin",
		"repository:a:admin,run",
		"registry:catalog:pull",
		"registry:catalog:",
		"registry:catalog:*,pull",
		"registry:other:*",
		"registry::*",
		"aws:x:pull",
		"x9:host:5000/a:pull",
		"namespace(y):a:pull",
	};

	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		check_rewrite(unknown[i], false, "");
	check_rewrite("x:y:z repository:a:pull,admin", false,
		      "repository:a:pull");
}

/* A2 */
static void test_refuses_what_the_grammar_does_not_allow(void)
{
	static const char *const refused[] = {
		"repository",
		"repository:a",
		":a:pull",
		"Repository:a:pull",
		"repository :a:pull",
		"repository(:a:pull",
		"repository():a:pull",
		"repository(x)y:a:pull",
		"repository(X):a:pull",
		"(x):a:pull",
		"repository::pull",
		"repository:A:pull",
		"repository:a/:pull",
		"repository:/a:pull",
		"repository:a//b:pull",
		"repository:a/../b:pull",
		"repository:a%2Fb:pull",
		"repository:a%2fb:pull",
		"repository:*:pull",
		"repository:a*:pull",
		"repository:a/*:pull",
		"repository:a:b:pull",
		"repository:host:5000/a:pull",
		"repository:a:PULL",
		"repository:a:Pull",
		"repository:a:pull,PUSH",
		"repository:a:pull;push",
		"repository:a:p*",
		"repository:a:**",
		"repository:a:pull\tpush",
		"repository:a:pull\n",
		"\trepository:a:pull",
		"x:y",
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		check_rewrite(refused[i], false, INVALID);
	CLEANUP(buf_release) struct buf out = BUF_INIT(100);
	rewrite(span_make("repository:a\0b:pull", 19), false, &out);
	CHECK_TEXT(buf_text(&out), INVALID);
}

static void test_patterns_only_where_they_are_wanted(void)
{
	check_rewrite("repository:team/*:pull", true, "repository:team/*:pull");
	check_rewrite("repository:*:*", true, "repository:*:pull,push,delete");
	check_rewrite("repository:a*b/*/c:pull", true,
		      "repository:a*b/*/c:pull");
	check_rewrite("repository:a:pull", true, "repository:a:pull");
	check_rewrite("repository:A*:pull", true, INVALID);
	check_rewrite("repository:a?:pull", true, INVALID);
	check_rewrite("repository:a//b:pull", true, INVALID);
	check_rewrite("repository::pull", true, INVALID);
	CLEANUP(buf_release) struct buf out = BUF_INIT(100);
	rewrite(span_make("repository:a\0*:pull", 19), true, &out);
	CHECK_TEXT(buf_text(&out), INVALID);
}

/* Repeat a text between others, and say what came of it. */
static void check_many(const char *one, size_t count, const char *want)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(100000);
	CLEANUP(buf_release) struct buf out = BUF_INIT(100000);

	for (size_t i = 0; i < count; i++)
		buf_append_text(&text, one);
	rewrite(buf_span(&text), false, &out);
	if (want)
		CHECK_TEXT(buf_text(&out), want);
	else
		CHECK(out.len == text.len - 1);
}

static void test_lists_are_bounded(void)
{
	check_many("repository:a:pull ", 100, NULL);
	check_many("repository:a:pull ", 101, "!TOO_LARGE");
	check_many("x:y:z ", 101, "!TOO_LARGE");
	check_many(" ", 8192, "");
	check_many(" ", 8193, "!TOO_LARGE");
}

static int stop(void *context, const struct scope *scope, struct err *err)
{
	size_t *calls = context;

	(void)scope;
	(*calls)++;
	return err_set(err, ERR_UNAVAILABLE, "stop");
}

static void test_stops_where_its_caller_does(void)
{
	struct err err = ERR_INIT;
	size_t calls = 0;

	CHECK(scope_each(SPAN_LIT("repository:a:pull repository:b:pull"), false,
			 stop, &calls, &err) == -1);
	CHECK(err.code == ERR_UNAVAILABLE && calls == 1);
}

/* ---- ceilings ---- */

static struct ceiling *make(const char *scopes, bool patterns)
{
	struct ceiling *ceiling = NULL;
	struct err err = ERR_INIT;

	CHECK(ceiling_new(span_of(scopes), patterns, SPAN_LIT(""), &ceiling,
			  &err) == 0);
	return ceiling;
}

static bool covers(const char *scopes, bool patterns, enum action action,
		   const char *repository)
{
	struct ceiling *ceiling = make(scopes, patterns);
	bool covered = ceiling_covers(ceiling, action, span_of(repository));

	ceiling_unref(ceiling);
	return covered;
}

/* A2: a scope is good for its own repository and its own rights alone. */
static void test_a_ceiling_covers_no_more_than_it_says(void)
{
	static const struct {
		const char *scopes;
		enum action action;
		const char *repository;
		bool covered;
	} cases[] = {
		{"repository:a:pull", ACTION_BATCH_GET_IMAGE, "a", true},
		{"repository:a:pull", ACTION_GET_DOWNLOAD_URL, "a", true},
		{"repository:a:pull", ACTION_LIST_IMAGES, "a", true},
		{"repository:a:pull", ACTION_PUT_IMAGE, "a", false},
		{"repository:a:push", ACTION_PUT_IMAGE, "a", true},
		{"repository:a:push", ACTION_BATCH_GET_IMAGE, "a", false},
		{"repository:a:delete", ACTION_BATCH_DELETE_IMAGE, "a", true},
		{"repository:a:pull,push", ACTION_BATCH_DELETE_IMAGE, "a",
		 false},
		{"repository:a:*", ACTION_DELETE_REPOSITORY, "a", false},
		{"repository:a:*", ACTION_DESCRIBE_REPOSITORIES, "", false},
		{"repository:a:*", ACTION_LIST_USERS, "", false},
		{"repository:a:*", ACTION_SELF, "", false},
		{"repository:a:pull,push", ACTION_BATCH_GET_IMAGE, "a/b",
		 false},
		{"repository:a/b:pull", ACTION_BATCH_GET_IMAGE, "a", false},
		{"repository:ab:pull", ACTION_BATCH_GET_IMAGE, "a", false},
		{"repository:a:pull", ACTION_BATCH_GET_IMAGE, "ab", false},
		{"repository:a:pull", ACTION_BATCH_GET_IMAGE, "A", false},
		{"repository:a:pull", ACTION_BATCH_GET_IMAGE, "a/", false},
		{"repository:a:pull", ACTION_BATCH_GET_IMAGE, "", false},
		{"repository:a:pull repository:b:push", ACTION_PUT_IMAGE, "b",
		 true},
		{"repository:a:pull repository:b:push", ACTION_PUT_IMAGE, "a",
		 false},
		{"registry:catalog:*", ACTION_DESCRIBE_REPOSITORIES, "", true},
		{"registry:catalog:*", ACTION_BATCH_GET_IMAGE, "a", false},
		{"registry:catalog:*", ACTION_BATCH_GET_IMAGE, "catalog",
		 false},
		{"", ACTION_BATCH_GET_IMAGE, "a", false},
		{"", ACTION_LOGIN, "", true},
		{"", ACTION_PUBLIC, "", true},
		{"", ACTION_BY_HANDLER, "", true},
		{"", ACTION_UNSET, "", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (covers(cases[i].scopes, false, cases[i].action,
			   cases[i].repository) != cases[i].covered)
			fprintf(stderr, "case %zu\n", i);
		CHECK(covers(cases[i].scopes, false, cases[i].action,
			     cases[i].repository) == cases[i].covered);
	}
}

static void test_a_star_covers_whatever_stands_there(void)
{
	static const struct {
		const char *pattern;
		const char *name;
		bool covered;
	} cases[] = {
		{"team/*", "team/app", true},	{"team/*", "team/app/x", true},
		{"team/*", "team", false},	{"team/*", "teams/app", false},
		{"*", "anything/at/all", true}, {"*/x", "a/b/x", true},
		{"*/x", "a/x/y", false},	{"a*b*c", "a1b2b3c", true},
		{"a*b*c", "a1b2b3", false},	{"a**b", "ab", true},
		{"*ab*", "aab", true},		{"*aab", "aaab", true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char scope[100];

		snprintf(scope, sizeof(scope), "repository:%s:pull",
			 cases[i].pattern);
		CHECK(covers(scope, true, ACTION_BATCH_GET_IMAGE,
			     cases[i].name) == cases[i].covered);
	}
}

static bool same_id(struct ceiling *a, struct ceiling *b)
{
	bool same = memcmp(ceiling_id(a), ceiling_id(b), 16) == 0;

	ceiling_unref(a);
	ceiling_unref(b);
	return same;
}

static struct ceiling *policy(const char *scopes, const char *document)
{
	struct ceiling *ceiling = NULL;
	struct err err = ERR_INIT;
	int rc = scopes ? ceiling_new(span_of(scopes), false, span_of(document),
				      &ceiling, &err)
			: ceiling_new_policy(span_of(document), &ceiling, &err);

	CHECK(rc == 0);
	return ceiling;
}

static void test_ceilings_that_differ_have_other_ids(void)
{
	CHECK(same_id(make("repository:a:pull", false),
		      make("repository:a:pull", false)));
	CHECK(!same_id(make("repository:a:pull", false),
		       make("repository:b:pull", false)));
	CHECK(!same_id(policy("x:y:z", ""), policy("", "x:y:z")));
	CHECK(!same_id(policy("", "{}"), policy(NULL, "{}")));
	CHECK(!same_id(policy(NULL, "{}"), policy(NULL, "{ }")));
}

static void test_a_policy_alone_limits_no_scopes(void)
{
	struct ceiling *ceiling = policy(NULL, "{}");

	CHECK(ceiling_covers(ceiling, ACTION_DELETE_USER, SPAN_LIT("")));
	CHECK(span_equal(ceiling_policy(ceiling), SPAN_LIT("{}")));
	CHECK(ceiling_text(ceiling).len == 0);
	ceiling_unref(ceiling);
	ceiling = policy("repository:a:pull", "{}");
	CHECK(!ceiling_covers(ceiling, ACTION_DELETE_USER, SPAN_LIT("")));
	CHECK(span_equal(ceiling_policy(ceiling), SPAN_LIT("{}")));
	CHECK(span_equal(ceiling_text(ceiling), SPAN_LIT("repository:a:pull")));
	ceiling_unref(ceiling);
}

static void test_a_ceiling_lives_as_long_as_a_reference(void)
{
	struct ceiling *ceiling = make("repository:a:pull", false);
	struct ceiling *again = ceiling_ref(ceiling);

	ceiling_unref(ceiling);
	CHECK(ceiling_policy(again).len == 0);
	CHECK(span_equal(ceiling_text(again), SPAN_LIT("repository:a:pull")));
	ceiling_unref(again);
	CHECK(!ceiling_ref(NULL));
	ceiling_unref(NULL);
}

static void test_a_bad_scope_makes_no_ceiling(void)
{
	struct ceiling *ceiling = NULL;
	struct err err = ERR_INIT;

	CHECK(ceiling_new(SPAN_LIT("repository:a:pull repository:*:pull"),
			  false, SPAN_LIT(""), &ceiling, &err) == -1);
	CHECK(err.code == ERR_INVALID && !ceiling);
}

static const struct check_case cases[] = {
	CHECK_CASE(test_reads_what_the_grammar_allows),
	CHECK_CASE(test_drops_what_is_not_known),
	CHECK_CASE(test_refuses_what_the_grammar_does_not_allow),
	CHECK_CASE(test_patterns_only_where_they_are_wanted),
	CHECK_CASE(test_lists_are_bounded),
	CHECK_CASE(test_stops_where_its_caller_does),
	CHECK_CASE(test_a_ceiling_covers_no_more_than_it_says),
	CHECK_CASE(test_a_star_covers_whatever_stands_there),
	CHECK_CASE(test_ceilings_that_differ_have_other_ids),
	CHECK_CASE(test_a_policy_alone_limits_no_scopes),
	CHECK_CASE(test_a_ceiling_lives_as_long_as_a_reference),
	CHECK_CASE(test_a_bad_scope_makes_no_ceiling),
};

int main(int argc, char **argv)
{
	return CHECK_RUN(argc, argv, cases);
}
