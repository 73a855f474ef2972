/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/framing.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "server/http/target.h"
#include "tests/lib/check.h"

#define TWO_CODINGS                                                            \
	"Host: a\nTransfer-Encoding: chunked\n"                                \
	"Transfer-Encoding: chunked"

/* "A: b\nC: d" as fields. */
static size_t cut(const char *text, struct field *fields)
{
	struct span rest = span_of(text);
	size_t count = 0;
	bool more = rest.len > 0;

	while (more) {
		struct span line;

		more = span_cut(rest, '\n', &line, &rest);
		if (!more)
			line = rest;
		CHECK(span_cut(line, ':', &fields[count].name,
			       &fields[count].value));
		fields[count].value = span_trim(fields[count].value);
		count++;
	}
	return count;
}

static int read_text(const char *text, bool http_1_1, struct framing *framing)
{
	struct field fields[8];
	struct err err = ERR_INIT;
	int rc = framing_read(fields, cut(text, fields), http_1_1, framing,
			      &err);

	CHECK(rc == 0 || err.code == ERR_INVALID);
	return rc;
}

static void test_reads_where_a_body_ends(void)
{
	struct framing framing;

	CHECK(read_text("Host: a", true, &framing) == 0);
	CHECK(!framing.chunked && !framing.has_length);
	CHECK(read_text("HOST: a\ncontent-length: 12", true, &framing) == 0);
	CHECK(framing.has_length && framing.length == 12);
	CHECK(read_text("Host: a\nContent-Length: 9223372036854775807", true,
			&framing) == 0);
	CHECK(framing.length == INT64_MAX);
	CHECK(read_text("Host: a\nTransfer-Encoding: Chunked", true,
			&framing) == 0);
	CHECK(framing.chunked && !framing.has_length);
	CHECK(read_text("Host: a\nExpect: 100-Continue", true, &framing) == 0);
	CHECK(framing.expect_continue);
	CHECK(read_text("Expect: 100-continue", false, &framing) == 0);
	CHECK(!framing.expect_continue);
	CHECK(read_text("Host:", true, &framing) == 0);
}

static void test_refuses_what_can_be_read_two_ways(void)
{
	static const char *const bad[] = {
		"",
		"Host: a\nHost: a",
		"Host: a b",
		"Host: a/b",
		"Host: a\nContent-Length: 1\nContent-Length: 1",
		"Host: a\nContent-Length: 1, 1",
		"Host: a\nContent-Length: 1\nTransfer-Encoding: chunked",
		"Host: a\nContent-Length: +1",
		"Host: a\nContent-Length: -1",
		"Host: a\nContent-Length: 0x1",
		"Host: a\nContent-Length: 1 1",
		"Host: a\nContent-Length:",
		"Host: a\nContent-Length: 9223372036854775808",
		"Host: a\nContent-Length: 99999999999999999999",
		"Host: a\nTransfer-Encoding: identity",
		"Host: a\nTransfer-Encoding: gzip, chunked",
		"Host: a\nTransfer-Encoding: chunked, chunked",
		TWO_CODINGS,
		"Host: a\nTransfer-Encoding:",
		"Host: a\nX : b",
		"Host: a\n X: b",
		"Host: a\n: b",
		"Host: a\nX(: b",
		"Host: a\nX\x01: b",
		"Host: a\nX: b\x01",
		"Host: a\nX: b\x7f",
		"Host: a\nX\xc3\xa9: b",
	};
	struct framing framing;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&framing, 0xa5, sizeof(framing));
		struct framing before = framing;

		if (read_text(bad[i], true, &framing) == 0)
			fprintf(stderr, "case %s\n", bad[i]);
		CHECK(read_text(bad[i], true, &framing) == -1);
		CHECK(memcmp(&framing, &before, sizeof(framing)) == 0);
	}
	CHECK(read_text("Host: a\nTransfer-Encoding: chunked", false,
			&framing) == -1);
}

static void test_takes_targets_apart(void)
{
	static const struct {
		const char *target;
		const char *path; /* NULL: refused */
		const char *query;
	} cases[] = {
		{"/", "/", ""},
		{"/a/b?c=d&e", "/a/b", "c=d&e"},
		{"/a?b?c", "/a", "b?c"},
		{"/a%62%2Fc", "/ab/c", ""},
		{"/a%2562", "/a%62", ""},
		{"/a?%zz", "/a", "%zz"},
		{"http://h:1/p?q", "/p", "q"},
		{"https://h/p", "/p", ""},
		{"http://h", "/", ""},
		{"http://h?q", "/", ""},
		{"/a.b/..c/...", "/a.b/..c/...", ""},
		{"//a", "//a", ""},
		{"", NULL, ""},
		{"a", NULL, ""},
		{"*", NULL, ""},
		{"?a", NULL, ""},
		{"ftp://h/p", NULL, ""},
		{"/a b", NULL, ""},
		{"/a#b", NULL, ""},
		{"/a\x01", NULL, ""},
		{"/a%", NULL, ""},
		{"/a%4", NULL, ""},
		{"/a%4g", NULL, ""},
		{"/a%00", NULL, ""},
		{"/.", NULL, ""},
		{"/..", NULL, ""},
		{"/./a", NULL, ""},
		{"/a/../b", NULL, ""},
		{"/a/%2e%2E/b", NULL, ""},
		{"/a/..%2fb", NULL, ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena arena = ARENA_INIT(4096);
		struct err err = ERR_INIT;
		struct span path = {NULL, 0};
		struct span query = {NULL, 0};
		int rc = target_parse(span_of(cases[i].target), &arena, &path,
				      &query, &err);

		if ((rc == 0) != (cases[i].path != NULL))
			fprintf(stderr, "case %s\n", cases[i].target);
		CHECK((rc == 0) == (cases[i].path != NULL));
		if (rc == 0) {
			CHECK(span_equal(path, span_of(cases[i].path)));
			CHECK(span_equal(query, span_of(cases[i].query)));
		} else {
			CHECK(err.code == ERR_INVALID && !path.text);
		}
		arena_release(&arena);
	}
}

static void test_finds_query_parameters(void)
{
	static const struct {
		const char *query;
		size_t index;
		int rc;
		const char *value;
	} cases[] = {
		{"n=1", 0, 1, "1"},
		{"a=b&n=1", 0, 1, "1"},
		{"n=1&n=2", 1, 1, "2"},
		{"n", 0, 1, ""},
		{"n=", 0, 1, ""},
		{"n=a=b", 0, 1, "a=b"},
		{"n=a%2Bb+c", 0, 1, "a+b+c"},
		{"%6e=1", 0, 1, "1"},
		{"n=1&n=%zz", 0, 1, "1"},
		{"", 0, 0, ""},
		{"&", 0, 0, ""},
		{"nn=1&N=2", 0, 0, ""},
		{"n=1", 1, 0, ""},
		{"n=%", 0, -1, ""},
		{"n=%00", 0, -1, ""},
		{"%=1&n=1", 0, -1, ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena arena = ARENA_INIT(4096);
		struct err err = ERR_INIT;
		struct span value = {NULL, 0};
		int rc = target_query(span_of(cases[i].query), "n",
				      cases[i].index, &arena, &value, &err);

		if (rc != cases[i].rc)
			fprintf(stderr, "case %s\n", cases[i].query);
		CHECK(rc == cases[i].rc);
		CHECK(span_equal(value, span_of(cases[i].value)));
		CHECK((rc == -1) == (err.code == ERR_INVALID));
		arena_release(&arena);
	}
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_reads_where_a_body_ends),
		CHECK_CASE(test_refuses_what_can_be_read_two_ways),
		CHECK_CASE(test_takes_targets_apart),
		CHECK_CASE(test_finds_query_parameters),
	};

	return CHECK_RUN(argc, argv, cases);
}
