/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/histogram.h"

#include <stddef.h>

/*
 * Values below 64 have a bucket each.  Above, each power of two has 64 of
 * them, so that a bucket's number is the exponent and the next six bits.
 */
#define SUB_BITS 6
#define SUB (1U << SUB_BITS)

static size_t bucket_of(uint64_t ns)
{
	unsigned int shift;

	if (ns < SUB)
		return (size_t)ns;
	shift = 63U - (unsigned int)__builtin_clzll(ns) - SUB_BITS;
	return (size_t)(shift + 1) * SUB + (size_t)((ns >> shift) - SUB);
}

static uint64_t bucket_end(size_t bucket)
{
	size_t shift = bucket / SUB;

	if (shift == 0)
		return bucket;
	return ((uint64_t)(bucket % SUB + SUB + 1) << (shift - 1)) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t ns)
{
	histogram->counts[bucket_of(ns)]++;
	histogram->total++;
	if (ns > histogram->max_ns)
		histogram->max_ns = ns;
}

void histogram_merge(struct histogram *histogram, const struct histogram *other)
{
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		histogram->counts[i] += other->counts[i];
	histogram->total += other->total;
	if (other->max_ns > histogram->max_ns)
		histogram->max_ns = other->max_ns;
}

uint64_t histogram_quantile(const struct histogram *histogram, double share)
{
	uint64_t rank = (uint64_t)((double)histogram->total * share);
	uint64_t seen = 0;

	if (!histogram->total)
		return 0;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += histogram->counts[i];
		if (seen > rank && bucket_end(i) < histogram->max_ns)
			return bucket_end(i);
		if (seen > rank)
			break;
	}
	return histogram->max_ns;
}
