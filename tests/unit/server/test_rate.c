/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/rate.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/err.h"
#include "tests/lib/check.h"

#define SECOND INT64_C(1000000)
#define START (1000 * SECOND)

static const struct rate_limit ten = {.per_s = 10, .burst_ms = 2000};

static struct rate *make(void)
{
	struct rate *rate = NULL;
	struct err err = ERR_INIT;

	CHECK(rate_new(&rate, &err) == 0);
	return rate;
}

/* How many of count are let through at once. */
static int take(struct rate *rate, const char *key, int count, int64_t now_us)
{
	int64_t wait_us = 0;
	int taken = 0;

	for (int i = 0; i < count; i++)
		taken += rate_take(rate, span_of(key), &ten, now_us, &wait_us);
	return taken;
}

static void test_a_burst_then_the_rate(void)
{
	struct rate *rate = make();
	int64_t wait_us = 0;

	CHECK(take(rate, "a", 100, START) == 20);
	CHECK(!rate_take(rate, SPAN_LIT("a"), &ten, START, &wait_us));
	CHECK(wait_us == SECOND / 10);
	CHECK(take(rate, "a", 100, START + SECOND / 10) == 1);
	CHECK(take(rate, "a", 100, START + SECOND) == 9);
	CHECK(take(rate, "a", 100, START + 60 * SECOND) == 20);
	rate_free(rate);
	rate_free(NULL);
}

static void test_each_has_a_bucket_of_his_own(void)
{
	struct rate *rate = make();

	CHECK(take(rate, "a", 100, START) == 20);
	CHECK(take(rate, "b", 100, START) == 20);
	CHECK(take(rate, "", 100, START) == 20);
	rate_free(rate);
}

static void test_one_is_always_let_through(void)
{
	const struct rate_limit slow = {.per_s = 1, .burst_ms = 1};
	struct rate *rate = make();
	int64_t wait_us = 0;

	CHECK(rate_take(rate, SPAN_LIT("a"), &slow, START, &wait_us));
	CHECK(!rate_take(rate, SPAN_LIT("a"), &slow, START + 1, &wait_us));
	CHECK(wait_us == SECOND - 1);
	CHECK(rate_take(rate, SPAN_LIT("a"), &slow, START + SECOND, &wait_us));
	rate_free(rate);
}

static void test_many_keys_do_not_free_a_busy_one(void)
{
	struct rate *rate = make();
	char key[32];

	CHECK(take(rate, "busy", 100, START) == 20);
	for (int i = 0; i < 100000; i++) {
		snprintf(key, sizeof(key), "other %d", i);
		CHECK(take(rate, key, 1, START) == 1);
	}
	CHECK(take(rate, "busy", 1, START) == 0);
	rate_free(rate);
}

static atomic_int passed;

static void *use(void *context)
{
	atomic_fetch_add(&passed, take(context, "shared", 1000, START));
	return NULL;
}

static void test_threads_share_a_bucket(void)
{
	struct rate *rate = make();
	pthread_t threads[4];

	for (size_t i = 0; i < 4; i++)
		CHECK(pthread_create(&threads[i], NULL, use, rate) == 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CHECK(atomic_load(&passed) == 20);
	rate_free(rate);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_burst_then_the_rate),
		CHECK_CASE(test_each_has_a_bucket_of_his_own),
		CHECK_CASE(test_one_is_always_let_through),
		CHECK_CASE(test_many_keys_do_not_free_a_busy_one),
		CHECK_CASE(test_threads_share_a_bucket),
	};

	return CHECK_RUN(argc, argv, cases);
}
