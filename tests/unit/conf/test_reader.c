/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tests/lib/check.h"

struct seen {
	char text[4096]; /* "line section.name=value;" for each item */
	size_t len;
	size_t fail_at; /* fail at this line, if not 0 */
};

static int note(void *context, const struct reader_item *item, struct err *err)
{
	struct seen *seen = context;

	if (item->line == seen->fail_at)
		return err_set(err, ERR_DENIED, "as asked");
	int len = snprintf(
		seen->text + seen->len, sizeof(seen->text) - seen->len,
		"%zu %.*s.%.*s=%.*s;", item->line, SPAN_ARG(item->section),
		SPAN_ARG(item->name), SPAN_ARG(item->value));

	CHECK(len > 0 && (size_t)len < sizeof(seen->text) - seen->len);
	seen->len += (size_t)len;
	return 0;
}

/* Parse an exact-size heap copy, so that any step past the end is seen. */
static int parse(const char *text, size_t len, struct seen *seen,
		 struct err *err)
{
	char *copy = malloc(len ? len : 1);

	CHECK(copy);
	memcpy(copy, text, len);
	int rc = reader_parse(span_make(copy, len), note, seen, err);

	free(copy);
	return rc;
}

static void reads(const char *text, const char *want)
{
	struct seen seen = {0};
	struct err err = ERR_INIT;

	CHECK(parse(text, strlen(text), &seen, &err) == 0);
	CHECK_TEXT(seen.text, want);
	CHECK(err.code == ERR_NONE);
}

static void refuses(const char *text, const char *want)
{
	struct seen seen = {0};
	struct err err = ERR_INIT;

	CHECK(parse(text, strlen(text), &seen, &err) == -1);
	CHECK(err.code == ERR_INVALID);
	if (!strstr(err.text, want))
		check_text(__FILE__, __LINE__, err.text, want);
}

static void test_tells_sections_names_values_and_lines(void)
{
	reads("server:\n  listen: 1.2.3.4:5\n\n  workers: 3\nlog:\n  level: "
	      "info"
	      "\n",
	      "1 server.=;2 server.listen=1.2.3.4:5;4 server.workers=3;"
	      "5 log.=;6 log.level=info;");
}

static void test_reads_quoted_and_empty_texts(void)
{
	reads("a:\n  b: \"\"\n  c: 'it''s'\n  d: \"x\\ty\"\n",
	      "1 a.=;2 a.b=;3 a.c=it's;4 a.d=x\ty;");
}

static void test_a_section_may_hold_nothing(void)
{
	reads("a:\nb:\n  # c: 1\n", "1 a.=;2 b.=;");
}

static void test_nothing_and_comments_alone_are_a_file(void)
{
	reads("", "");
	reads("# only this\n", "");
	reads("---\n# only this\n", "");
	reads("{}\n", "");
}

static void test_refuses_other_shapes(void)
{
	refuses("just text\n", "line 1:");
	refuses("a: b\n", "line 1: there must be a section");
	refuses("a:\n  - b\n", "line 2: lists");
	refuses("a:\n  b: [c]\n", "line 2: lists");
	refuses("a:\n  b:\n    c: d\n", "line 3: there is one level too many");
	refuses("a:\n  b:\n", "line 2: an option has no value");
	refuses("a:\n  ? {x: y}\n  : z\n", "line 2: there is one level");
	refuses("? {x: y}\n: z\n", "line 1: there is one level");
	refuses("a:\n  \"\": 1\n", "line 2: an option has no name");
	refuses("- a\n", "line 1: lists");
}

static void test_refuses_what_yaml_adds(void)
{
	refuses("a: &x\n  b: 1\n", "anchors");
	refuses("a:\n  b: &x 1\n", "anchors");
	refuses("a:\n  b: *x\n", "aliases");
	refuses("a:\n  b: !!str 1\n", "tags");
	refuses("a:\n  b: 1\n---\na:\n  c: 1\n", "second document");
}

static void test_names_the_line_of_broken_yaml(void)
{
	refuses("a:\n  b: \"x\n", "line 3:");
	refuses("a:\n\tb: x\n", "line 2:");
	refuses("a:\n  b: \x01\n", "line ");
}

static void test_puts_the_line_before_the_callers_failure(void)
{
	struct seen seen = {.fail_at = 3};
	struct err err = ERR_INIT;
	const char *text = "a:\n  b: 1\n  c: 2\n  d: 3\n";

	CHECK(parse(text, strlen(text), &seen, &err) == -1);
	CHECK(err.code == ERR_DENIED);
	CHECK_TEXT(err.text, "line 3: as asked");
	CHECK_TEXT(seen.text, "1 a.=;2 a.b=1;");
}

static void test_refuses_a_file_over_the_limit(void)
{
	struct seen seen = {0};
	struct err err = ERR_INIT;
	char *text = malloc(READER_BYTES_MAX + 1);

	CHECK(text);
	memset(text, '\n', READER_BYTES_MAX + 1);
	CHECK(reader_parse(span_make(text, READER_BYTES_MAX), note, &seen,
			   &err) == 0);
	CHECK(reader_parse(span_make(text, READER_BYTES_MAX + 1), note, &seen,
			   &err) == -1);
	CHECK(err.code == ERR_TOO_LARGE);
	free(text);
}

/* Deep nesting ends at the first level too many, not in the parser's stack. */
static void test_refuses_deep_nesting_early(void)
{
	struct seen seen = {0};
	struct err err = ERR_INIT;
	size_t len = 100000;
	char *text = malloc(len);

	CHECK(text);
	memset(text, '{', len);
	CHECK(reader_parse(span_make(text, len), note, &seen, &err) == -1);
	CHECK(err.code == ERR_INVALID);
	free(text);
}

static void test_survives_every_truncation(void)
{
	const char *text =
		"a:\n  b: \"q\\u00e9\"\n  c: 'x'\nd:\n  e: |\n   y\n";

	for (size_t len = 0; len < strlen(text); len++) {
		struct seen seen = {0};
		struct err err = ERR_INIT;
		int rc = parse(text, len, &seen, &err);

		CHECK((rc == 0) == (err.code == ERR_NONE));
	}
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_tells_sections_names_values_and_lines),
		CHECK_CASE(test_reads_quoted_and_empty_texts),
		CHECK_CASE(test_a_section_may_hold_nothing),
		CHECK_CASE(test_nothing_and_comments_alone_are_a_file),
		CHECK_CASE(test_refuses_other_shapes),
		CHECK_CASE(test_refuses_what_yaml_adds),
		CHECK_CASE(test_names_the_line_of_broken_yaml),
		CHECK_CASE(test_puts_the_line_before_the_callers_failure),
		CHECK_CASE(test_refuses_a_file_over_the_limit),
		CHECK_CASE(test_refuses_deep_nesting_early),
		CHECK_CASE(test_survives_every_truncation),
	};

	return CHECK_RUN(argc, argv, cases);
}
