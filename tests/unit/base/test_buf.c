/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/lib/check.h"

static void test_appends_end_in_a_nul(void)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(1000);

	CHECK_TEXT(buf_text(&b), "");
	buf_append(&b, "ab", 2);
	buf_append_text(&b, "cd");
	buf_append_char(&b, 'e');
	buf_append_span(&b, SPAN_LIT("fg"));
	buf_appendf(&b, "%d", 42);
	CHECK_TEXT(buf_text(&b), "abcdefg42");
	CHECK(b.len == 9);
	CHECK(span_equal(buf_span(&b), SPAN_LIT("abcdefg42")));
}

static void test_an_empty_buffer_has_an_empty_span(void)
{
	struct buf b = BUF_INIT(10);

	buf_append(&b, NULL, 0);
	CHECK(b.data == NULL);
	CHECK(buf_span(&b).text != NULL && buf_span(&b).len == 0);
}

static void test_grows_to_its_ceiling_and_not_past_it(void)
{
	for (size_t max = 0; max < 300; max++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT(max);
		struct err err = ERR_INIT;

		for (size_t i = 0; i < max; i++)
			buf_append_char(&b, 'x');
		CHECK(buf_check(&b, &err) == 0 && b.len == max);
		CHECK(b.cap <= max + 1);
		buf_append_char(&b, 'y');
		CHECK(buf_check(&b, &err) == -1);
		CHECK(err.code == ERR_TOO_LARGE);
		CHECK(b.len == max && !strchr(buf_text(&b), 'y'));
	}
}

static void test_a_failure_sticks_until_cleared(void)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(3);
	struct err err = ERR_INIT;

	buf_append_text(&b, "abcd");
	buf_append_text(&b, "a");
	buf_appendf(&b, "%s", "a");
	buf_reserve(&b, 1);
	CHECK(b.len == 0 && buf_check(&b, &err) == -1);
	buf_clear(&b);
	buf_append_text(&b, "abc");
	err_clear(&err);
	CHECK(buf_check(&b, &err) == 0);
	CHECK_TEXT(buf_text(&b), "abc");
	buf_clear(&b);
	CHECK_TEXT(buf_text(&b), "");
}

static void test_printing_fits_or_fails_whole(void)
{
	for (size_t before = 0; before < 140; before++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT(140);
		char want[200];
		struct err err = ERR_INIT;

		memset(want, 'x', before);
		memcpy(want + before, "12345678", 9);
		for (size_t i = 0; i < before; i++)
			buf_append_char(&b, 'x');
		buf_appendf(&b, "%d", 12345678);
		if (before + 8 <= 140) {
			CHECK(buf_check(&b, &err) == 0);
		} else {
			CHECK(buf_check(&b, &err) == -1);
			want[before] = '\0';
		}
		CHECK_TEXT(buf_text(&b), want);
		CHECK(b.len == strlen(want));
	}
}

static void test_printing_first_into_nothing(void)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(SIZE_MAX);

	buf_appendf(&b, "%s", "");
	CHECK(b.len == 0);
	buf_appendf(&b, "%200d", 7);
	CHECK(b.len == 200 && b.data[199] == '7' && b.data[200] == '\0');
}

static void test_reserve_makes_room(void)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(5000);

	buf_reserve(&b, 4000);
	CHECK(b.cap > 4000 && b.len == 0);
	const char *data = b.data;
	for (int i = 0; i < 4000; i++)
		buf_append_char(&b, 'x');
	CHECK(b.data == data);
}

static void test_sizes_past_all_memory_fail(void)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT(SIZE_MAX);
	struct err err = ERR_INIT;

	buf_append_char(&b, 'x');
	buf_reserve(&b, SIZE_MAX - 1);
	CHECK(buf_check(&b, &err) == -1 && err.code == ERR_TOO_LARGE);
	CHECK_TEXT(buf_text(&b), "x");
}

static void test_steal_gives_the_bytes_away(void)
{
	struct buf b = BUF_INIT(100);

	CHECK(buf_steal(&b) == NULL);
	buf_reserve(&b, 10);
	CHECK(buf_steal(&b) == NULL && b.data == NULL);
	buf_append_text(&b, "abc");
	char *data = buf_steal(&b);
	CHECK_TEXT(data, "abc");
	free(data);
	CHECK(b.data == NULL && b.len == 0 && b.cap == 0 && b.max == 100);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_appends_end_in_a_nul),
		CHECK_CASE(test_an_empty_buffer_has_an_empty_span),
		CHECK_CASE(test_grows_to_its_ceiling_and_not_past_it),
		CHECK_CASE(test_a_failure_sticks_until_cleared),
		CHECK_CASE(test_printing_fits_or_fails_whole),
		CHECK_CASE(test_printing_first_into_nothing),
		CHECK_CASE(test_reserve_makes_room),
		CHECK_CASE(test_sizes_past_all_memory_fail),
		CHECK_CASE(test_steal_gives_the_bytes_away),
	};

	return CHECK_RUN(argc, argv, cases);
}
