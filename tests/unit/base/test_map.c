/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/list.h"
#include "tests/lib/check.h"

struct thing {
	int before;
	struct map_node node;
	char key[24];
	bool seen;
};

static struct thing *things_new(size_t count)
{
	struct thing *things = calloc(count, sizeof(*things));

	CHECK(things);
	for (size_t i = 0; i < count; i++)
		snprintf(things[i].key, sizeof(things[i].key), "key%zu", i);
	return things;
}

static void fill(struct map *map, struct thing *things, size_t count)
{
	struct err err = ERR_INIT;

	CHECK(map_init(map, &err) == 0);
	for (size_t i = 0; i < count; i++)
		map_insert(map, &things[i].node, span_of(things[i].key));
	CHECK(map->count == count);
}

static void test_the_hash_is_siphash_2_4(void)
{
	static const uint64_t secret[2] = {UINT64_C(0x0706050403020100),
					   UINT64_C(0x0f0e0d0c0b0a0908)};
	static const struct {
		size_t len;
		uint64_t want;
	} cases[] = {
		{0, UINT64_C(0x726fdb47dd0e0e31)},
		{1, UINT64_C(0x74f839c593dc67fd)},
		{8, UINT64_C(0x93f5f5799a932462)},
		{15, UINT64_C(0xa129ca6149be45e5)},
	};
	char text[16];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)i;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK(map_hash(secret, span_make(text, cases[i].len)) ==
		      cases[i].want);
}

static void test_finds_what_was_put_in(void)
{
	CLEANUP(cleanup_free) struct thing *things = things_new(5000);
	CLEANUP(map_release) struct map map;

	fill(&map, things, 5000);
	CHECK(map.bucket_count >= 4096);
	for (size_t i = 0; i < 5000; i++) {
		struct map_node *node = map_find(&map, span_of(things[i].key));

		CHECK(node == &things[i].node);
		CHECK(CONTAINER_OF(node, struct thing, node) == &things[i]);
	}
	CHECK(!map_find(&map, SPAN_LIT("key5000")));
	CHECK(!map_find(&map, SPAN_LIT("")));
}

static void test_what_was_taken_out_is_gone(void)
{
	CLEANUP(cleanup_free) struct thing *things = things_new(500);
	CLEANUP(map_release) struct map map;

	fill(&map, things, 500);
	for (size_t i = 0; i < 500; i += 2)
		map_remove(&map, &things[i].node);
	CHECK(map.count == 250);
	for (size_t i = 0; i < 500; i++)
		CHECK(!map_find(&map, span_of(things[i].key)) == (i % 2 == 0));
	map_insert(&map, &things[0].node, span_of(things[0].key));
	CHECK(map_find(&map, span_of("key0")) == &things[0].node);
}

static void test_any_empties_the_map(void)
{
	CLEANUP(cleanup_free) struct thing *things = things_new(1000);
	CLEANUP(map_release) struct map map;
	struct map_node *node;
	size_t count = 0;

	fill(&map, things, 1000);
	while ((node = map_any(&map))) {
		struct thing *thing = CONTAINER_OF(node, struct thing, node);

		CHECK(!thing->seen);
		thing->seen = true;
		map_remove(&map, node);
		if (++count != 500 || !things[0].seen)
			continue;
		things[0].seen = false;
		map_insert(&map, &things[0].node, span_of(things[0].key));
	}
	CHECK(map.count == 0);
	for (size_t i = 0; i < 1000; i++)
		CHECK(things[i].seen);
}

static void test_secrets_differ_from_map_to_map(void)
{
	CLEANUP(map_release) struct map a = {0};
	CLEANUP(map_release) struct map b = {0};
	struct err err = ERR_INIT;

	CHECK(map_init(&a, &err) == 0 && map_init(&b, &err) == 0);
	CHECK(map_hash(a.secret, SPAN_LIT("x")) !=
	      map_hash(b.secret, SPAN_LIT("x")));
}

static void test_lists_keep_their_order(void)
{
	struct list head, a, b, c;

	list_init(&head);
	CHECK(list_empty(&head));
	list_append(&head, &b);
	list_append(&head, &c);
	list_prepend(&head, &a);
	CHECK(head.next == &a && a.next == &b && b.next == &c);
	CHECK(c.next == &head && head.prev == &c && b.prev == &a);
	list_remove(&b);
	CHECK(list_empty(&b) && a.next == &c && c.prev == &a);
	list_remove(&a);
	list_remove(&c);
	CHECK(list_empty(&head));
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_the_hash_is_siphash_2_4),
		CHECK_CASE(test_finds_what_was_put_in),
		CHECK_CASE(test_what_was_taken_out_is_gone),
		CHECK_CASE(test_any_empties_the_map),
		CHECK_CASE(test_secrets_differ_from_map_to_map),
		CHECK_CASE(test_lists_keep_their_order),
	};

	return CHECK_RUN(argc, argv, cases);
}
