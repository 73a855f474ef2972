/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/verified.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tests/lib/check.h"

static const struct principal eve = {
	.kind = PRINCIPAL_ROBOT, .id = 7, .name = "eve"};

static struct verified *make(void)
{
	struct verified *verified = NULL;
	struct err err = ERR_INIT;

	CHECK(verified_new(&verified, &err) == 0);
	return verified;
}

static bool find(struct verified *verified, const char *header, int64_t now)
{
	struct principal principal = {.kind = PRINCIPAL_NONE};
	bool found = verified_find(verified, span_of(header), now, &principal);

	CHECK(found == (principal.kind == PRINCIPAL_ROBOT));
	if (found)
		CHECK_TEXT(principal.name, "eve");
	return found;
}

static void keep(struct verified *verified, const char *header, int64_t ends)
{
	verified_keep(verified, span_of(header), verified_generation(verified),
		      ends, &eve);
}

static void test_it_counts_until_its_end(void)
{
	struct verified *verified = make();

	CHECK(!find(verified, "a", 0));
	keep(verified, "a", 100);
	CHECK(find(verified, "a", 99));
	CHECK(!find(verified, "a", 100));
	CHECK(!find(verified, "b", 0));
	CHECK(!find(verified, "", 0));
	keep(verified, "a", 200);
	CHECK(find(verified, "a", 150));
	verified_free(verified);
	verified_free(NULL);
}

static void test_forgetting_forgets_what_is_under_way_too(void)
{
	struct verified *verified = make();
	uint64_t before = verified_generation(verified);

	keep(verified, "a", 100);
	verified_clear(verified);
	CHECK(!find(verified, "a", 0));
	CHECK(verified_generation(verified) > before);
	verified_keep(verified, SPAN_LIT("b"), before, 100, &eve);
	CHECK(!find(verified, "b", 0));
	keep(verified, "b", 100);
	CHECK(find(verified, "b", 0));
	verified_free(verified);
}

/* The newest is always there, however many there were. */
static void test_the_newest_has_a_place(void)
{
	struct verified *verified = make();
	char header[32];
	size_t kept = 0;

	for (int i = 1; i <= 5000; i++) {
		snprintf(header, sizeof(header), "header %d", i);
		keep(verified, header, 1000 + i);
		CHECK(find(verified, header, 1000));
	}
	for (int i = 1; i <= 5000; i++) {
		snprintf(header, sizeof(header), "header %d", i);
		kept += find(verified, header, 1000);
	}
	CHECK(kept > 900 && kept <= 1024);
	verified_free(verified);
}

static void *use(void *context)
{
	struct verified *verified = context;

	for (int i = 0; i < 2000; i++) {
		keep(verified, "shared", 100);
		find(verified, "shared", 0);
		if (i % 100 == 0)
			verified_clear(verified);
	}
	return NULL;
}

static void test_threads_may_share_it(void)
{
	struct verified *verified = make();
	pthread_t threads[4];

	for (size_t i = 0; i < 4; i++)
		CHECK(pthread_create(&threads[i], NULL, use, verified) == 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CHECK(verified_generation(verified) == 4 * 20);
	verified_free(verified);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_it_counts_until_its_end),
		CHECK_CASE(test_forgetting_forgets_what_is_under_way_too),
		CHECK_CASE(test_the_newest_has_a_place),
		CHECK_CASE(test_threads_may_share_it),
	};

	return CHECK_RUN(argc, argv, cases);
}
