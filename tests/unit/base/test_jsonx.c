/* SPDX-License-Identifier: Apache-2.0 */
#include "base/jsonx.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "tests/lib/check.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Parse an exact-size heap copy, so that ASan sees any step past the end. */
static int parse(struct span text, size_t depth, json_t **ret, struct err *err)
{
	char *copy = malloc(text.len ? text.len : 1);

	CHECK(copy);
	memcpy(copy, text.text, text.len);
	int rc = jsonx_parse(span_make(copy, text.len), depth, ret, err);
	free(copy);
	return rc;
}

static void test_any_one_value_is_a_document(void)
{
	static const char *const cases[] = {
		"{}",
		"[]",
		"1",
		"-1.5e3",
		"\"x\"",
		"true",
		"null",
		" {\"a\":[1,{\"b\":null}]}\n",
		"\"\\ud83d\\ude00\"",
		"9223372036854775807",
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(jsonx_unref) json_t *json = NULL;
		struct err err = ERR_INIT;

		CHECK(parse(span_of(cases[i]), 64, &json, &err) == 0);
		CHECK(json);
	}
}

static void test_malformed_documents_are_refused(void)
{
	const struct span cases[] = {
		SPAN_LIT(""),
		SPAN_LIT(" "),
		SPAN_LIT("{"),
		SPAN_LIT("{} {}"),
		SPAN_LIT("{}x"),
		SPAN_LIT("{}\0"),
		SPAN_LIT("\0{}"),
		SPAN_LIT("{}\0{"),
		SPAN_LIT("\"a\0b\""),
		SPAN_LIT("\"\\u0000\""),
		SPAN_LIT("{\"a\":1,\"a\":2}"),
		SPAN_LIT("{\"a\":1,\"\\u0061\":2}"),
		SPAN_LIT("[1,]"),
		SPAN_LIT("{'a':1}"),
		SPAN_LIT("NaN"),
		SPAN_LIT("01"),
		SPAN_LIT("9223372036854775808"),
		SPAN_LIT("-9223372036854775809"),
		SPAN_LIT("1e999"),
		SPAN_LIT("\"\xff\""),
		SPAN_LIT("\"\xc0\x80\""),
		SPAN_LIT("\"\xed\xa0\x80\""),
		SPAN_LIT("\"\\ud800\""),
		SPAN_LIT("\"a\nb\""),
		SPAN_LIT("\"abc"),
		SPAN_LIT("\"abc\\"),
		SPAN_LIT("\"abc\\\""),
		SPAN_LIT("\xef\xbb\xbf{}"),
		SPAN_LIT("]"),
		SPAN_LIT("/**/{}"),
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *json = NULL;
		struct err err = ERR_INIT;

		CHECK(parse(cases[i], 64, &json, &err) == -1);
		CHECK(err.code == ERR_INVALID && !json);
		CHECK(err.tell[0] != '\0');
	}
}

static void test_the_error_says_where_but_not_what(void)
{
	struct err err = ERR_INIT;
	json_t *json;

	CHECK(parse(SPAN_LIT("{\n\"a\": secret}"), 9, &json, &err) == -1);
	CHECK(strstr(err.tell, "line 2"));
	CHECK(!strstr(err.tell, "secret") && !strstr(err.text, "secret"));
}

static void nest(struct buf *out, size_t depth, const char *open,
		 const char *close)
{
	for (size_t i = 0; i < depth; i++)
		buf_append_text(out, open);
	buf_append_text(out, "1");
	for (size_t i = 0; i < depth; i++)
		buf_append_text(out, close);
}

static void test_depth_is_counted_exactly(void)
{
	static const char *const open[] = {"[", "{\"a\":", "[\"]]}}\\\"[\","};
	static const char *const close[] = {"]", "}", "]"};

	for (size_t i = 0; i < COUNT(open); i++)
		for (size_t depth = 0; depth < 70; depth++) {
			CLEANUP(buf_release) struct buf text = BUF_INIT(10000);
			CLEANUP(jsonx_unref) json_t *json = NULL;
			struct err err = ERR_INIT;

			nest(&text, depth, open[i], close[i]);
			int rc = jsonx_parse(buf_span(&text), JSONX_DEPTH_MAX,
					     &json, &err);
			CHECK(rc == (depth <= JSONX_DEPTH_MAX ? 0 : -1));
		}
}

static void test_a_million_brackets_are_refused_before_parsing(void)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(2000000);
	struct err err = ERR_INIT;
	json_t *json = NULL;

	for (int i = 0; i < 1000000; i++)
		buf_append_char(&text, '[');
	CHECK(jsonx_parse(buf_span(&text), 64, &json, &err) == -1);
	CHECK(strstr(err.tell, "nested"));
}

/* An array of count values of some text, which may be empty. */
static int parse_many(size_t count, const char *value)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(1u << 20);
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct err err = ERR_INIT;

	buf_append_char(&text, '[');
	for (size_t i = 0; i < count; i++)
		buf_appendf(&text, "%s%s", i > 0 ? "," : "", value);
	buf_append_char(&text, ']');
	CHECK(text.failed == ERR_NONE);
	int rc = parse(buf_span(&text), JSONX_DEPTH_MAX, &json, &err);

	CHECK(rc == 0 || err.code == ERR_INVALID);
	return rc;
}

static void test_small_values_are_bounded(void)
{
	static const char descriptor[] =
		"{\"mediaType\":\"a/b\",\"digest\":\"sha256:0\",\"size\":1,"
		"\"annotations\":{\"a\":\"b\"}}";

	CHECK(parse_many(4000, "{}") == 0);
	CHECK(parse_many(4000, "1") == 0);
	CHECK(parse_many(10000, "{}") == -1);
	CHECK(parse_many(10000, "[]") == -1);
	CHECK(parse_many(10000, "1") == -1);
	CHECK(parse_many(10000, descriptor) == 0);
	CHECK(parse_many(10000, "\"{},{},{},{}\"") == 0);
}

static void test_brackets_in_strings_and_side_by_side_are_not_depth(void)
{
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct err err = ERR_INIT;

	CHECK(parse(SPAN_LIT("[\"[[[[\",[],[],{},\"\\\"[[[\\\\\",{}]"), 2,
		    &json, &err) == 0);
}

static void test_getters_find_by_type(void)
{
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct err err = ERR_INIT;
	struct span text;
	int64_t number;
	json_t *inner;
	bool flag = false;

	CHECK(parse(SPAN_LIT("{\"s\":\"x\\u00e4\",\"i\":-7,\"a\":[1],"
			     "\"o\":{\"k\":2},\"b\":true}"),
		    9, &json, &err) == 0);
	CHECK(jsonx_text(json, "s", &text, &err) == 1);
	CHECK(span_equal(text, SPAN_LIT("x\xc3\xa4")));
	CHECK(jsonx_i64(json, "i", &number, &err) == 1 && number == -7);
	CHECK(jsonx_array(json, "a", &inner, &err) == 1);
	CHECK(json_array_size(inner) == 1);
	CHECK(jsonx_object(json, "o", &inner, &err) == 1);
	CHECK(jsonx_i64(inner, "k", &number, &err) == 1 && number == 2);
	CHECK(jsonx_bool(json, "b", &flag, &err) == 1 && flag);
}

static void test_getters_tell_absent_from_wrong(void)
{
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct err err = ERR_INIT;
	struct span text = SPAN_LIT("kept");
	int64_t number = 5;
	json_t *inner = NULL;
	bool flag = true;

	CHECK(parse(SPAN_LIT("{\"n\":null,\"r\":1.5}"), 9, &json, &err) == 0);
	CHECK(jsonx_text(json, "x", &text, &err) == 0);
	CHECK(jsonx_i64(json, "x", &number, &err) == 0);
	CHECK(jsonx_array(json, "x", &inner, &err) == 0);
	CHECK(jsonx_object(json, "x", &inner, &err) == 0);
	CHECK(jsonx_bool(json, "x", &flag, &err) == 0);
	CHECK(err.code == ERR_NONE);
	CHECK(jsonx_text(json, "n", &text, &err) == -1);
	CHECK_TEXT(err.tell, "\"n\" must be of type string");
	CHECK(err.code == ERR_INVALID);
	err_clear(&err);
	CHECK(jsonx_i64(json, "r", &number, &err) == -1);
	err_clear(&err);
	CHECK(jsonx_array(json, "n", &inner, &err) == -1);
	err_clear(&err);
	CHECK(jsonx_object(json, "n", &inner, &err) == -1);
	err_clear(&err);
	CHECK(jsonx_bool(json, "n", &flag, &err) == -1 && flag);
	CHECK(span_equal(text, SPAN_LIT("kept")) && number == 5 && !inner);
}

static void test_quotes_and_escapes(void)
{
	const struct {
		struct span text;
		const char *want;
	} cases[] = {
		{SPAN_LIT(""), "\"\""},
		{SPAN_LIT("plain \x7f ~"), "\"plain \x7f ~\""},
		{SPAN_LIT("a\"b\\c"), "\"a\\\"b\\\\c\""},
		{SPAN_LIT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
		{SPAN_LIT("\0\x01\x1f"), "\"\\u0000\\u0001\\u001f\""},
		{SPAN_LIT("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
		 "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
		{SPAN_LIT("x\xff\xc3"), "\"x\xef\xbf\xbd\xef\xbf\xbd\""},
		{SPAN_LIT("\xed\xa0\x80"),
		 "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(buf_release) struct buf out = BUF_INIT(100);

		jsonx_quote(cases[i].text, &out);
		CHECK_TEXT(buf_text(&out), cases[i].want);
	}
}

static void test_whatever_is_quoted_parses(void)
{
	for (int a = 0; a < 256; a++)
		for (int b = 0; b < 256; b += 3) {
			CLEANUP(buf_release) struct buf out = BUF_INIT(100);
			CLEANUP(jsonx_unref) json_t *json = NULL;
			struct err err = ERR_INIT;
			char text[3] = {(char)a, (char)b, 'x'};

			if (a == 0 || b == 0)
				continue;
			jsonx_quote(span_make(text, 3), &out);
			CHECK(jsonx_parse(buf_span(&out), 1, &json, &err) == 0);
			CHECK(json_is_string(json));
		}
}

static void test_dumps_compactly_in_order(void)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(100);
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct err err = ERR_INIT;

	CHECK(parse(SPAN_LIT("{\"z\": [1, true],\n \"a\": \"\xc3\xa4\" }"), 9,
		    &json, &err) == 0);
	CHECK(jsonx_dump(json, &out, &err) == 0);
	CHECK_TEXT(buf_text(&out), "{\"z\":[1,true],\"a\":\"\xc3\xa4\"}");
}

static void test_writes_objects_and_arrays_with_their_commas(void)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(1000);
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct err err = ERR_INIT;

	buf_append_char(&out, '{');
	jsonx_member(&out, "a", SPAN_LIT("{"));
	jsonx_member(&out, "b\"", SPAN_LIT("["));
	jsonx_key(&out, "c");
	buf_append_char(&out, '[');
	jsonx_comma(&out);
	buf_append_char(&out, '1');
	jsonx_comma(&out);
	buf_append_text(&out, "{}");
	jsonx_comma(&out);
	buf_append_text(&out, "2]");
	jsonx_member(&out, "d", SPAN_LIT(""));
	buf_append_char(&out, '}');
	CHECK_TEXT(buf_text(&out), "{\"a\":\"{\",\"b\\\"\":\"[\","
				   "\"c\":[1,{},2],\"d\":\"\"}");
	CHECK(parse(buf_span(&out), 9, &json, &err) == 0);
}

static void test_dumping_over_the_ceiling_fails(void)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(3);
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct err err = ERR_INIT;

	CHECK(parse(SPAN_LIT("[1,2,3]"), 9, &json, &err) == 0);
	CHECK(jsonx_dump(json, &out, &err) == -1);
	CHECK(err.code == ERR_TOO_LARGE);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_any_one_value_is_a_document),
		CHECK_CASE(test_malformed_documents_are_refused),
		CHECK_CASE(test_the_error_says_where_but_not_what),
		CHECK_CASE(test_depth_is_counted_exactly),
		CHECK_CASE(test_a_million_brackets_are_refused_before_parsing),
		CHECK_CASE(test_small_values_are_bounded),
		CHECK_CASE(
			test_brackets_in_strings_and_side_by_side_are_not_depth),
		CHECK_CASE(test_getters_find_by_type),
		CHECK_CASE(test_getters_tell_absent_from_wrong),
		CHECK_CASE(test_quotes_and_escapes),
		CHECK_CASE(test_whatever_is_quoted_parses),
		CHECK_CASE(test_dumps_compactly_in_order),
		CHECK_CASE(test_writes_objects_and_arrays_with_their_commas),
		CHECK_CASE(test_dumping_over_the_ceiling_fails),
	};

	return CHECK_RUN(argc, argv, cases);
}
