/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/histogram.h"

#include <stdlib.h>

#include "tests/lib/check.h"

static void small_values_are_exact(void)
{
	struct histogram *histogram = calloc(1, sizeof(*histogram));

	CHECK(histogram);
	for (uint64_t i = 0; i < 50; i++)
		histogram_add(histogram, i);
	CHECK(histogram->total == 50);
	CHECK(histogram_quantile(histogram, 0.5) == 25);
	CHECK(histogram_quantile(histogram, 1.0) == 49);
	free(histogram);
}

static void every_value_is_near_its_bucket(void)
{
	struct histogram *histogram = calloc(1, sizeof(*histogram));

	CHECK(histogram);
	for (uint64_t value = 1; value < UINT64_MAX / 4;
	     value = value * 3 + 1) {
		uint64_t found;

		*histogram = (struct histogram){0};
		histogram_add(histogram, value);
		histogram_add(histogram, UINT64_MAX);
		found = histogram_quantile(histogram, 0.0);
		CHECK(found >= value && found - value <= value / 32);
		CHECK(histogram_quantile(histogram, 0.99) == UINT64_MAX);
	}
	free(histogram);
}

static void merging_adds_up(void)
{
	struct histogram *a = calloc(1, sizeof(*a));
	struct histogram *b = calloc(1, sizeof(*b));

	CHECK(a && b);
	CHECK(histogram_quantile(a, 0.5) == 0);
	for (uint64_t i = 0; i < 30; i++)
		histogram_add(a, 10);
	for (uint64_t i = 0; i < 70; i++)
		histogram_add(b, 20);
	histogram_merge(a, b);
	CHECK(a->total == 100 && a->max_ns == 20);
	CHECK(histogram_quantile(a, 0.29) == 10);
	CHECK(histogram_quantile(a, 0.30) == 20);
	free(a);
	free(b);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(small_values_are_exact),
		CHECK_CASE(every_value_is_near_its_bucket),
		CHECK_CASE(merging_adds_up),
	};

	return CHECK_RUN(argc, argv, cases);
}
