/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/lib/check.h"

static bool is_zero(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

static void test_pieces_are_zeroed_aligned_and_apart(void)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
	char *pieces[300];

	for (size_t i = 0; i < 300; i++) {
		size_t size = i * 7;

		pieces[i] = arena_alloc(&arena, size);
		CHECK(pieces[i]);
		CHECK((uintptr_t)pieces[i] % _Alignof(max_align_t) == 0);
		CHECK(is_zero(pieces[i], size));
		memset(pieces[i], (int)(i % 255 + 1), size);
	}
	for (size_t i = 0; i < 300; i++)
		for (size_t j = 0; j < i * 7; j++)
			CHECK((unsigned char)pieces[i][j] == i % 255 + 1);
}

static void test_no_byte_has_an_address_too(void)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT(1000);
	void *a = arena_alloc(&arena, 0);
	void *b = arena_alloc(&arena, 0);

	CHECK(a && b && a != b);
}

static void test_the_ceiling_holds(void)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT(100);

	CHECK(arena_alloc(&arena, 80));
	CHECK(!arena_alloc(&arena, 32));
	CHECK(arena_alloc(&arena, 16));
	CHECK(!arena_alloc(&arena, 1 << 20));
	CHECK(!arena_alloc(&arena, SIZE_MAX));
	CHECK(!arena_copy(&arena, "", SIZE_MAX));
	CHECK(arena.used <= arena.max);
}

static void test_is_usable_after_release(void)
{
	struct arena arena = ARENA_INIT(100);

	CHECK(arena_alloc(&arena, 90));
	arena_release(&arena);
	CHECK(arena.used == 0 && !arena.blocks);
	CHECK(arena_alloc(&arena, 90));
	arena_release(&arena);
	arena_release(&arena);
}

static void test_large_pieces_leave_the_room_for_small_ones(void)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
	char *small = arena_alloc(&arena, 16);
	CHECK(arena_alloc(&arena, 100000));
	char *next = arena_alloc(&arena, 16);

	CHECK(next == small + 16);
}

static void test_copies_end_in_a_nul(void)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT(1000);

	CHECK_TEXT(arena_copy(&arena, "abcdef", 3), "abc");
	CHECK_TEXT(arena_copy(&arena, NULL, 0), "");
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_pieces_are_zeroed_aligned_and_apart),
		CHECK_CASE(test_no_byte_has_an_address_too),
		CHECK_CASE(test_the_ceiling_holds),
		CHECK_CASE(test_is_usable_after_release),
		CHECK_CASE(test_large_pieces_leave_the_room_for_small_ones),
		CHECK_CASE(test_copies_end_in_a_nul),
	};

	return CHECK_RUN(argc, argv, cases);
}
