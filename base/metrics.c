/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/lock.h"

static const struct {
	int64_t us;
	const char *seconds;
} buckets[] = {
	{100, "0.0001"},    {250, "0.00025"}, {500, "0.0005"},
	{1000, "0.001"},    {2500, "0.0025"}, {5000, "0.005"},
	{10000, "0.01"},    {25000, "0.025"}, {50000, "0.05"},
	{100000, "0.1"},    {250000, "0.25"}, {500000, "0.5"},
	{1000000, "1"},	    {2500000, "2.5"}, {5000000, "5"},
	{10000000, "10"},   {25000000, "25"}, {50000000, "50"},
	{100000000, "100"},
};

#define BUCKET_COUNT (sizeof(buckets) / sizeof(buckets[0]))

struct metric {
	struct metric *next;		    /* in its family */
	char *labels;			    /* owned; "" if none */
	int64_t (*callback)(void *context); /* NULL unless asked at a scrape */
	void *context;			    /* of callback; borrowed */
	atomic_int_least64_t value;	    /* a histogram's is the sum in us */
	atomic_int_least64_t *counts; /* owned; of a histogram, the last one for
				       * what lies past every bucket */
};

/* The series of one name. */
struct family {
	struct family *next;
	char *name; /* owned */
	char *help; /* owned */
	enum metric_kind kind;
	struct metric *first; /* owned, in the order in which they came */
	struct metric **last; /* where the next one is hung */
};

struct metrics {
	struct lock lock;     /* guards the lists, not the values */
	struct family *first; /* owned, in the order in which they came */
	struct family **last; /* where the next one is hung */
};

static void metric_free(struct metric *metric)
{
	if (!metric)
		return;
	free(metric->labels);
	free(metric->counts);
	free(metric);
}

static void family_free(struct family *family)
{
	if (!family)
		return;
	while (family->first) {
		struct metric *metric = family->first;

		family->first = metric->next;
		metric_free(metric);
	}
	free(family->name);
	free(family->help);
	free(family);
}

int metrics_new(struct metrics **ret_metrics, struct err *err)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));

	if (!metrics)
		return err_set(err, ERR_NO_MEMORY, "no memory for metrics");
	lock_init(&metrics->lock);
	metrics->last = &metrics->first;
	*ret_metrics = metrics;
	return 0;
}

void metrics_free(struct metrics *metrics)
{
	if (!metrics)
		return;
	while (metrics->first) {
		struct family *family = metrics->first;

		metrics->first = family->next;
		family_free(family);
	}
	lock_release(&metrics->lock);
	free(metrics);
}

static struct metric *metric_new(enum metric_kind kind, const char *labels)
{
	struct metric *metric = calloc(1, sizeof(*metric));

	if (!metric)
		return NULL;
	metric->labels = strdup(labels);
	if (kind == METRIC_HISTOGRAM)
		metric->counts =
			calloc(BUCKET_COUNT + 1, sizeof(*metric->counts));
	if (metric->labels && (kind != METRIC_HISTOGRAM || metric->counts))
		return metric;
	metric_free(metric);
	return NULL;
}

static struct family *family_find(struct metrics *metrics, const char *name)
	REQUIRES(metrics->lock)
{
	struct family *family = metrics->first;

	while (family && strcmp(family->name, name) != 0)
		family = family->next;
	return family;
}

static struct family *family_add(struct metrics *metrics, enum metric_kind kind,
				 const char *name, const char *help)
	REQUIRES(metrics->lock)
{
	struct family *family = calloc(1, sizeof(*family));

	if (!family)
		return NULL;
	family->kind = kind;
	family->last = &family->first;
	family->name = strdup(name);
	family->help = strdup(help);
	if (!family->name || !family->help) {
		family_free(family);
		return NULL;
	}
	*metrics->last = family;
	metrics->last = &family->next;
	return family;
}

static struct metric *series_find(const struct family *family,
				  const char *labels)
{
	struct metric *metric = family->first;

	while (metric && strcmp(metric->labels, labels) != 0)
		metric = metric->next;
	return metric;
}

/* The series of that name and labels, made if there is none; NULL without
 * memory. */
static struct metric *series_get(struct family *family, const char *labels)
{
	struct metric *metric = series_find(family, labels);

	if (metric)
		return metric;
	metric = metric_new(family->kind, labels);
	if (!metric)
		return NULL;
	*family->last = metric;
	family->last = &metric->next;
	return metric;
}

static struct metric *add_locked(struct metrics *metrics, enum metric_kind kind,
				 const char *name, const char *labels,
				 const char *help, struct err *err)
	REQUIRES(metrics->lock)
{
	struct family *family = family_find(metrics, name);

	if (!family)
		family = family_add(metrics, kind, name, help);
	if (family && family->kind != kind) {
		err_set(err, ERR_CONFLICT, "metric %s is of another kind",
			name);
		return NULL;
	}
	struct metric *metric = family ? series_get(family, labels) : NULL;
	if (!metric)
		err_set(err, ERR_NO_MEMORY, "no memory for metric %s", name);
	return metric;
}

int metrics_add(struct metrics *metrics, enum metric_kind kind,
		const char *name, const char *labels, const char *help,
		struct metric **ret_metric, struct err *err)
{
	lock_take(&metrics->lock);
	struct metric *metric =
		add_locked(metrics, kind, name, labels, help, err);
	lock_drop(&metrics->lock);
	if (!metric)
		return -1;
	*ret_metric = metric;
	return 0;
}

int metrics_add_callback(struct metrics *metrics, const char *name,
			 const char *labels, const char *help,
			 int64_t (*value)(void *context), void *context,
			 struct err *err)
{
	lock_take(&metrics->lock);
	struct metric *metric =
		add_locked(metrics, METRIC_GAUGE, name, labels, help, err);
	if (metric) {
		metric->callback = value;
		metric->context = context;
	}
	lock_drop(&metrics->lock);
	return metric ? 0 : -1;
}

void metric_add(struct metric *metric, int64_t delta)
{
	atomic_fetch_add_explicit(&metric->value, delta, memory_order_relaxed);
}

void metric_set(struct metric *metric, int64_t value)
{
	atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

int64_t metric_value(const struct metric *metric)
{
	return atomic_load_explicit(&metric->value, memory_order_relaxed);
}

void metric_observe_us(struct metric *metric, int64_t us)
{
	size_t at = 0;

	while (at < BUCKET_COUNT && us > buckets[at].us)
		at++;
	atomic_fetch_add_explicit(&metric->counts[at], 1, memory_order_relaxed);
	metric_add(metric, us);
}

static void write_labels(const struct metric *metric, struct buf *out)
{
	if (metric->labels[0])
		buf_appendf(out, "{%s}", metric->labels);
}

static void write_bucket(const struct family *family,
			 const struct metric *metric, const char *bound,
			 int64_t count, struct buf *out)
{
	buf_appendf(out, "%s_bucket{%s%sle=\"%s\"} %" PRId64 "\n", family->name,
		    metric->labels, metric->labels[0] ? "," : "", bound, count);
}

/* The count is the sum of the buckets that were just read, not a counter of
 * its own: so the two agree whatever is observed meanwhile. */
static void write_histogram(const struct family *family,
			    const struct metric *metric, struct buf *out)
{
	int64_t sum_us = metric_value(metric);
	int64_t count = 0;

	for (size_t i = 0; i <= BUCKET_COUNT; i++) {
		count += atomic_load_explicit(&metric->counts[i],
					      memory_order_relaxed);
		write_bucket(family, metric,
			     i < BUCKET_COUNT ? buckets[i].seconds : "+Inf",
			     count, out);
	}
	buf_appendf(out, "%s_sum", family->name);
	write_labels(metric, out);
	buf_appendf(out, " %" PRId64 ".%06" PRId64 "\n%s_count",
		    sum_us / 1000000, sum_us % 1000000, family->name);
	write_labels(metric, out);
	buf_appendf(out, " %" PRId64 "\n", count);
}

static void write_value(const struct family *family,
			const struct metric *metric, struct buf *out)
{
	int64_t value = metric->callback ? metric->callback(metric->context)
					 : metric_value(metric);

	buf_append_text(out, family->name);
	write_labels(metric, out);
	buf_appendf(out, " %" PRId64 "\n", value);
}

static void write_family(const struct family *family, struct buf *out)
{
	static const char *const kinds[] = {
		[METRIC_COUNTER] = "counter",
		[METRIC_GAUGE] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
	};

	buf_appendf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name,
		    family->help, family->name, kinds[family->kind]);
	for (const struct metric *metric = family->first; metric;
	     metric = metric->next) {
		if (family->kind == METRIC_HISTOGRAM)
			write_histogram(family, metric, out);
		else
			write_value(family, metric, out);
	}
}

void metrics_write(struct metrics *metrics, struct buf *out)
{
	lock_take(&metrics->lock);
	for (const struct family *family = metrics->first; family;
	     family = family->next)
		write_family(family, out);
	lock_drop(&metrics->lock);
}
