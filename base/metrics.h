/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

/*
 * Counters, gauges and histograms for Prometheus's text format.  A metric is
 * registered once at start and lives as long as its registry; adding to it is
 * one relaxed atomic operation, from any thread.
 */

#include <stdint.h>

struct buf;
struct err;
struct metric;
struct metrics;

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* A registry of metrics.  free accepts NULL and frees the metrics too. */
int metrics_new(struct metrics **ret_metrics, struct err *err);
void metrics_free(struct metrics *metrics);

/*
 * Register a series, or get the one of that name and labels if there is one;
 * ERR_CONFLICT if the name is one of another kind.  labels is "" or the
 * finished inside of the braces: "route=\"manifest\",status=\"200\"".  Series
 * of one name share its help text and kind.  A histogram's buckets are seconds
 * from 100 us to 100 s. Thread-safe, but meant for start-up and rare first
 * uses.
 */
int metrics_add(struct metrics *metrics, enum metric_kind kind,
		const char *name, const char *labels, const char *help,
		struct metric **ret_metric, struct err *err);

/* Counters and gauges: add delta (gauges may go down), or set a gauge. */
void metric_add(struct metric *metric, int64_t delta);
void metric_set(struct metric *metric, int64_t value);
int64_t metric_value(const struct metric *metric);

/* Histograms: one observation, in microseconds. */
void metric_observe_us(struct metric *metric, int64_t us);

/* A gauge whose value is asked for at each scrape; called under the registry's
 * lock, must not block. */
int metrics_add_callback(struct metrics *metrics, const char *name,
			 const char *labels, const char *help,
			 int64_t (*value)(void *context), void *context,
			 struct err *err);

/* Append everything in Prometheus's text format 0.0.4. */
void metrics_write(struct metrics *metrics, struct buf *out);

#endif
