/* SPDX-License-Identifier: Apache-2.0 */
#include "server/aws/query.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "tests/lib/check.h"

static struct arena arena = {.max = 1 << 22};

/* Parse an exact-size heap copy, so that ASan sees any step past the end. */
static enum err_code parse(const char *text, size_t len, struct query *query)
{
	char *copy = malloc(len ? len : 1);
	struct err err = ERR_INIT;

	CHECK(copy);
	memcpy(copy, text, len);
	int rc = query_parse(span_make(copy, len), &arena, query, &err);
	memset(copy, 'x', len);
	free(copy);
	CHECK((rc == 0) == (err.code == ERR_NONE));
	return err.code;
}

static bool has(const struct query *query, const char *name, const char *value)
{
	struct span found = query_get(query, name);

	return found.text && span_equal(found, span_of(value));
}

static void test_fields_are_decoded(void)
{
	static const char form[] =
		"Action=Get%2bIt&&a+b=c+d%20e&=none&empty=&bare&x=1%3d2=3&"
		"%41=%C3%A9&";
	struct query query;

	CHECK(parse(form, strlen(form), &query) == ERR_NONE);
	CHECK(query.count == 7);
	CHECK(has(&query, "Action", "Get+It"));
	CHECK(has(&query, "a b", "c d e"));
	CHECK(has(&query, "", "none"));
	CHECK(has(&query, "empty", ""));
	CHECK(has(&query, "bare", ""));
	CHECK(has(&query, "x", "1=2=3"));
	CHECK(has(&query, "A", "\xc3\xa9"));
	CHECK(!query_get(&query, "action").text);
	CHECK(!query_get(&query, "B").text);
	CHECK(query_has(&query, "Act") && query_has(&query, "Action"));
	CHECK(!query_has(&query, "Actions") && !query_has(&query, "ction"));
	arena_release(&arena);
}

static void test_an_empty_form_has_no_fields(void)
{
	struct query query;

	CHECK(parse("", 0, &query) == ERR_NONE && query.count == 0);
	CHECK(parse("&&&", 3, &query) == ERR_NONE && query.count == 0);
	CHECK(!query_has(&query, ""));
	arena_release(&arena);
}

static void test_what_can_be_read_two_ways_is_refused(void)
{
	static const struct {
		const char *text;
		size_t len;
	} forms[] = {
		{"a=1&a=2", 7}, {"a=1&%61=2", 9}, {"a=%", 3},
		{"a=%4", 4},	{"a=%4g", 5},	  {"%zz=1", 5},
		{"a=%00", 5},	{"a=b\0c", 5},	  {"a\0=b", 4},
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct query query = {.count = 42};

		CHECK(parse(forms[i].text, forms[i].len, &query) ==
		      ERR_INVALID);
		CHECK(query.count == 42);
	}
	arena_release(&arena);
}

static void test_a_form_has_limits(void)
{
	CLEANUP(buf_release) struct buf form = BUF_INIT(1 << 20);
	struct query query;

	for (int i = 0; i < QUERY_FIELDS_MAX; i++)
		buf_appendf(&form, "a%d&", i);
	CHECK(parse(form.data, form.len, &query) == ERR_NONE);
	CHECK(query.count == QUERY_FIELDS_MAX);
	buf_append_char(&form, 'b');
	CHECK(parse(form.data, form.len, &query) == ERR_TOO_LARGE);
	buf_clear(&form);
	buf_append_text(&form, "a=");
	while (form.len < QUERY_BYTES_MAX)
		buf_append_char(&form, 'x');
	CHECK(parse(form.data, form.len, &query) == ERR_NONE);
	buf_append_char(&form, 'x');
	CHECK(parse(form.data, form.len, &query) == ERR_TOO_LARGE);
	arena_release(&arena);
}

static void test_no_memory_is_told(void)
{
	struct arena small = ARENA_INIT(16);
	struct err err = ERR_INIT;
	struct query query;

	CHECK(query_parse(SPAN_LIT("a=b"), &small, &query, &err) == -1);
	CHECK(err.code == ERR_NO_MEMORY);
	arena_release(&small);
}

static void test_xml_holds_any_text(void)
{
	const struct {
		struct span text;
		const char *want;
	} cases[] = {
		{SPAN_LIT(""), "<N></N>"},
		{SPAN_LIT("a\tb\nc"), "<N>a\tb\nc</N>"},
		{SPAN_LIT("<a b=\"c\">&amp;\r</a>]]>"),
		 "<N>&lt;a b=&quot;c&quot;&gt;&amp;amp;&#xD;&lt;/a&gt;]]&gt;"
		 "</N>"},
		{SPAN_LIT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
		 "<N>\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80</N>"},
		{SPAN_LIT("a\0b\x01\x1b"), "<N>a\xef\xbf\xbd"
					   "b\xef\xbf\xbd\xef\xbf\xbd</N>"},
		{SPAN_LIT("\xff\xc3"), "<N>\xef\xbf\xbd\xef\xbf\xbd</N>"},
		{SPAN_LIT("\xef\xbf\xbe\xef\xbf\xbf\xef\xbf\xbd"),
		 "<N>\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd</N>"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(buf_release) struct buf out = BUF_INIT(1024);

		query_element("N", cases[i].text, &out);
		CHECK_TEXT(buf_text(&out), cases[i].want);
	}
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_fields_are_decoded),
		CHECK_CASE(test_an_empty_form_has_no_fields),
		CHECK_CASE(test_what_can_be_read_two_ways_is_refused),
		CHECK_CASE(test_a_form_has_limits),
		CHECK_CASE(test_no_memory_is_told),
		CHECK_CASE(test_xml_holds_any_text),
	};

	return CHECK_RUN(argc, argv, cases);
}
