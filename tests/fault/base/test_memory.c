/* SPDX-License-Identifier: Apache-2.0 */
/* Every file of base that allocates, with each allocation failing in turn. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/hasher.h"
#include "base/jsonx.h"
#include "base/map.h"
#include "base/metrics.h"
#include "base/rand.h"
#include "tests/lib/check.h"
#include "tests/lib/fault.h"

DEFINE_CLEANUP(hasher_free_at, struct hasher *, hasher_free)
DEFINE_CLEANUP(metrics_free_at, struct metrics *, metrics_free)

static void append_much(struct buf *buf)
{
	for (int i = 0; i < 100; i++) {
		buf_append_text(buf, "0123456789");
		buf_appendf(buf, "%05d", i);
		buf_reserve(buf, 3);
	}
}

static void test_a_buffer_without_memory_fails_and_recovers(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY);

	while (fault_next(&sweep)) {
		CLEANUP(buf_release) struct buf buf = BUF_INIT(10000);
		struct err err = ERR_INIT;

		fault_on(&sweep);
		append_much(&buf);
		fault_off(&sweep);
		CHECK((buf_check(&buf, &err) == 0) == !sweep.fired);
		CHECK(err.code == (sweep.fired ? ERR_NO_MEMORY : ERR_NONE));
		CHECK(strlen(buf_text(&buf)) == buf.len);
		buf_clear(&buf);
		append_much(&buf);
		CHECK(buf_check(&buf, &(struct err){0}) == 0);
		CHECK(buf.len == 1500);
	}
	CHECK(sweep.round >= 5);
}

static void test_decoding_without_memory_says_so(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY);

	while (fault_next(&sweep)) {
		CLEANUP(buf_release) struct buf buf = BUF_INIT(10000);
		struct err err = ERR_INIT;

		fault_on(&sweep);
		int rc = enc_unbase64(SPAN_LIT("Zm9v"), &buf, &err);
		fault_off(&sweep);
		CHECK((rc == 0) == !sweep.fired);
		CHECK(rc == 0 || err.code == ERR_NO_MEMORY);
	}
	CHECK(sweep.round == 1);
}

static void test_an_arena_without_memory_gives_null(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY);

	while (fault_next(&sweep)) {
		CLEANUP(arena_release) struct arena arena = ARENA_INIT(1 << 20);
		size_t failed = 0;

		fault_on(&sweep);
		for (int i = 0; i < 100; i++)
			failed += !arena_alloc(&arena, 200);
		failed += !arena_alloc(&arena, 9000);
		failed += !arena_copy(&arena, "x", 1);
		fault_off(&sweep);
		CHECK(failed == sweep.fired);
		CHECK(arena_alloc(&arena, 9000));
	}
	CHECK(sweep.round >= 6);
}

struct thing {
	struct map_node node;
	char key[3];
};

static void map_with_fault(struct fault_sweep *sweep)
{
	static struct thing things[200];
	CLEANUP(map_release) struct map map = {0};
	struct err err = ERR_INIT;

	fault_on(sweep);
	int rc = map_init(&map, &err);
	for (size_t i = 0; rc == 0 && i < 200; i++) {
		struct thing *thing = &things[i];

		thing->key[0] = (char)('a' + i % 16);
		thing->key[1] = (char)('a' + i / 16);
		map_insert(&map, &thing->node, span_of(thing->key));
	}
	fault_off(sweep);
	CHECK((rc == 0) == (err.code == ERR_NONE));
	CHECK(rc == 0 || (sweep->fired && !map.buckets));
	for (size_t i = 0; rc == 0 && i < 200; i++)
		CHECK(map_find(&map, span_of(things[i].key)) ==
		      &things[i].node);
}

/* Without a table there is no map; without a larger one it is just slower. */
static void test_a_map_goes_on_in_the_table_it_has(void)
{
	struct fault_sweep once = FAULT_SWEEP(FAULT_MEMORY | FAULT_RANDOM);
	struct fault_sweep lasting =
		FAULT_SWEEP_HOW(FAULT_MEMORY | FAULT_RANDOM, FAULT_LASTING);

	while (fault_next(&once))
		map_with_fault(&once);
	while (fault_next(&lasting))
		map_with_fault(&lasting);
	CHECK(once.round >= 6 && lasting.round >= 6);
}

static int64_t answer(void *unused)
{
	(void)unused;
	return 1;
}

static int register_some(struct metrics *metrics, struct err *err)
{
	struct metric *metric = NULL;

	if (metrics_add(metrics, METRIC_COUNTER, "a", "x=\"1\"", "A.", &metric,
			err) < 0 ||
	    metrics_add(metrics, METRIC_COUNTER, "a", "x=\"2\"", "A.", &metric,
			err) < 0 ||
	    metrics_add(metrics, METRIC_HISTOGRAM, "h", "", "H.", &metric,
			err) < 0)
		return -1;
	return metrics_add_callback(metrics, "c", "", "C.", answer, NULL, err);
}

static void test_metrics_without_memory_can_be_asked_for_again(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY);

	while (fault_next(&sweep)) {
		CLEANUP(metrics_free_at) struct metrics *metrics = NULL;
		CLEANUP(buf_release) struct buf out = BUF_INIT(10000);
		struct err err = ERR_INIT;

		fault_on(&sweep);
		int rc = metrics_new(&metrics, &err);
		if (rc == 0)
			rc = register_some(metrics, &err);
		fault_off(&sweep);
		CHECK((rc == 0) == !sweep.fired);
		CHECK(rc == 0 || err.code == ERR_NO_MEMORY);
		if (!metrics)
			continue;
		CHECK(register_some(metrics, &(struct err){0}) == 0);
		metrics_write(metrics, &out);
		CHECK(strstr(buf_text(&out), "a{x=\"1\"} 0\na{x=\"2\"} 0\n"));
		CHECK(strstr(buf_text(&out), "\nc 1\n"));
	}
	CHECK(sweep.round >= 15);
}

#define DOCUMENT                                                               \
	"{\"name\":\"\\u00e4 text\",\"list\":[1,2,3.5,true,null,{\"k\":[]}],"  \
	"\"a\":{\"b\":{\"c\":\"d\"}}}"

#define PRINTED                                                                \
	"{\"name\":\"\xc3\xa4 text\",\"list\":[1,2,3.5,true,null,{\"k\":[]}]," \
	"\"a\":{\"b\":{\"c\":\"d\"}}}"

/* Tokens for whose last byte jansson's buffer grows. */
#define TOKENS                                                                 \
	"[123456789012345,\"0123456789abcdef0123456789abcd\","                 \
	"\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\"]"

static void sweep_json(struct span document, const char *printed)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY);

	while (fault_next(&sweep)) {
		CLEANUP(jsonx_unref) json_t *json = NULL;
		CLEANUP(buf_release) struct buf out = BUF_INIT(10000);
		struct err err = ERR_INIT;

		fault_on(&sweep);
		int rc = jsonx_parse(document, 9, &json, &err);
		if (rc == 0)
			rc = jsonx_dump(json, &out, &err);
		fault_off(&sweep);
		CHECK((rc == 0) == !sweep.fired);
		CHECK(rc == 0 || err.code == ERR_NO_MEMORY);
		CHECK(rc < 0 || strcmp(buf_text(&out), printed) == 0);
	}
	CHECK(sweep.round >= 10);
}

static void test_json_without_memory_fails_and_leaks_nothing(void)
{
	sweep_json(SPAN_LIT(DOCUMENT), PRINTED);
	sweep_json(SPAN_LIT(TOKENS), TOKENS);
}

/* The look-up of the algorithms comes before the faults: libcrypto's own first
 * set-up reads through a null pointer where memory fails it. */
static void test_a_hasher_without_memory_fails(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY);
	struct digest digest;

	CHECK(hasher_once(DIGEST_SHA256, "", 0, &digest, &(struct err){0}) ==
	      0);
	while (fault_next(&sweep)) {
		CLEANUP(hasher_free_at) struct hasher *hasher = NULL;
		struct err err = ERR_INIT;

		fault_on(&sweep);
		int rc = hasher_new(DIGEST_SHA512, &hasher, &err);
		if (rc == 0)
			rc = hasher_update(hasher, "abc", 3, &err);
		if (rc == 0)
			rc = hasher_digest(hasher, &digest, &err);
		if (rc == 0)
			rc = hasher_once(DIGEST_SHA256, "abc", 3, &digest,
					 &err);
		fault_off(&sweep);
		CHECK((rc == 0) == !sweep.fired);
		CHECK(rc == 0 || err.code == ERR_NO_MEMORY);
		if (rc < 0 && hasher)
			CHECK(hasher_digest(hasher, &digest,
					    &(struct err){0}) == 0);
	}
	CHECK(sweep.round >= 5);
}

static void test_without_randomness_nothing_is_made_up(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_RANDOM);

	while (fault_next(&sweep)) {
		char uuid[RAND_UUID_SIZE] = "untouched";
		struct err err = ERR_INIT;
		char password[201];

		fault_on(&sweep);
		int rc = rand_uuid(uuid, &err);
		if (rc == 0)
			rc = rand_password(password, 200, &err);
		fault_off(&sweep);
		CHECK((rc == 0) == !sweep.fired);
		CHECK(rc == 0 || err.code == ERR_INTERNAL);
		CHECK(sweep.round > 0 || strcmp(uuid, "untouched") == 0);
	}
	CHECK(sweep.round >= 4);
}

static void test_randomness_in_pieces_is_put_together(void)
{
	for (int how = FAULT_INTERRUPTED; how <= FAULT_SHORT; how++) {
		struct fault_sweep sweep =
			FAULT_SWEEP_HOW(FAULT_RANDOM, (enum fault_how)how);

		while (fault_next(&sweep)) {
			char uuid[RAND_UUID_SIZE];
			struct err err = ERR_INIT;

			fault_on(&sweep);
			CHECK(rand_uuid(uuid, &err) == 0);
			fault_off(&sweep);
			CHECK(strlen(uuid) == RAND_UUID_SIZE - 1);
		}
		CHECK(sweep.round >= 1);
	}
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_buffer_without_memory_fails_and_recovers),
		CHECK_CASE(test_decoding_without_memory_says_so),
		CHECK_CASE(test_an_arena_without_memory_gives_null),
		CHECK_CASE(test_a_map_goes_on_in_the_table_it_has),
		CHECK_CASE(test_metrics_without_memory_can_be_asked_for_again),
		CHECK_CASE(test_json_without_memory_fails_and_leaks_nothing),
		CHECK_CASE(test_a_hasher_without_memory_fails),
		CHECK_CASE(test_without_randomness_nothing_is_made_up),
		CHECK_CASE(test_randomness_in_pieces_is_put_together),
	};

	fault_wrap_libraries();
	return CHECK_RUN(argc, argv, cases);
}
