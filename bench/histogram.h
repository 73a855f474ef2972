/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

/*
 * Latencies, counted in buckets of which each is about 1.6 % wide.  A plain
 * value: zero it to begin.  One thread at a time.
 */

#include <stdint.h>

#define HISTOGRAM_BUCKETS (64 * 60)

struct histogram {
	uint64_t counts[HISTOGRAM_BUCKETS]; /* see histogram.c */
	uint64_t total;			    /* of all counts */
	uint64_t max_ns;		    /* the longest latency, exact */
};

/* Count one latency. */
void histogram_add(struct histogram *histogram, uint64_t ns);

/* Count in everything that other holds. */
void histogram_merge(struct histogram *histogram,
		     const struct histogram *other);

/* The latency that share (0..1) of all do not exceed, in nanoseconds; 0 if
 * nothing was counted. */
uint64_t histogram_quantile(const struct histogram *histogram, double share);

#endif
