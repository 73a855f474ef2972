/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metrics.h"

#include <pthread.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "tests/lib/check.h"

DEFINE_CLEANUP(metrics_free_at, struct metrics *, metrics_free)

static struct metrics *fresh(void)
{
	struct metrics *metrics = NULL;
	struct err err = ERR_INIT;

	CHECK(metrics_new(&metrics, &err) == 0);
	return metrics;
}

static struct metric *add(struct metrics *metrics, enum metric_kind kind,
			  const char *name, const char *labels)
{
	struct metric *metric = NULL;
	struct err err = ERR_INIT;

	CHECK(metrics_add(metrics, kind, name, labels, "Help.", &metric,
			  &err) == 0);
	return metric;
}

static void test_series_of_a_name_stand_together(void)
{
	CLEANUP(metrics_free_at) struct metrics *metrics = fresh();
	CLEANUP(buf_release) struct buf out = BUF_INIT(10000);

	metric_add(add(metrics, METRIC_COUNTER, "a_total", "k=\"1\""), 5);
	metric_set(add(metrics, METRIC_GAUGE, "b", ""), -3);
	metric_add(add(metrics, METRIC_COUNTER, "a_total", "k=\"2\""), 7);
	metrics_write(metrics, &out);
	CHECK_TEXT(buf_text(&out), "# HELP a_total Help.\n"
				   "# TYPE a_total counter\n"
				   "a_total{k=\"1\"} 5\n"
				   "a_total{k=\"2\"} 7\n"
				   "# HELP b Help.\n"
				   "# TYPE b gauge\n"
				   "b -3\n");
}

static void test_asked_for_twice_is_the_same(void)
{
	CLEANUP(metrics_free_at) struct metrics *metrics = fresh();
	struct metric *a = add(metrics, METRIC_COUNTER, "a", "x=\"1\"");

	CHECK(add(metrics, METRIC_COUNTER, "a", "x=\"1\"") == a);
	CHECK(add(metrics, METRIC_COUNTER, "a", "x=\"2\"") != a);
}

static void test_a_name_has_one_kind(void)
{
	CLEANUP(metrics_free_at) struct metrics *metrics = fresh();
	struct metric *metric = NULL;
	struct err err = ERR_INIT;

	add(metrics, METRIC_COUNTER, "a", "");
	CHECK(metrics_add(metrics, METRIC_HISTOGRAM, "a", "", "", &metric,
			  &err) == -1);
	CHECK(err.code == ERR_CONFLICT && !metric);
}

static void test_gauges_go_up_and_down(void)
{
	CLEANUP(metrics_free_at) struct metrics *metrics = fresh();
	struct metric *metric = add(metrics, METRIC_GAUGE, "a", "");

	metric_add(metric, 5);
	metric_add(metric, -7);
	CHECK(metric_value(metric) == -2);
	metric_set(metric, 9);
	CHECK(metric_value(metric) == 9);
}

static void test_buckets_add_up(void)
{
	static const int64_t us[] = {
		0, 100, 101, 250, 1000, 2500000, 100000000, 100000001, 1234567};
	CLEANUP(metrics_free_at) struct metrics *metrics = fresh();
	CLEANUP(buf_release) struct buf out = BUF_INIT(10000);
	struct metric *metric =
		add(metrics, METRIC_HISTOGRAM, "h_seconds", "r=\"x\"");

	for (size_t i = 0; i < sizeof(us) / sizeof(us[0]); i++)
		metric_observe_us(metric, us[i]);
	metrics_write(metrics, &out);
	const char *text = buf_text(&out);
	static const char *const want[] = {
		"# TYPE h_seconds histogram\n",
		"h_seconds_bucket{r=\"x\",le=\"0.0001\"} 2\n",
		"h_seconds_bucket{r=\"x\",le=\"0.00025\"} 4\n",
		"h_seconds_bucket{r=\"x\",le=\"0.0005\"} 4\n",
		"h_seconds_bucket{r=\"x\",le=\"0.001\"} 5\n",
		"h_seconds_bucket{r=\"x\",le=\"1\"} 5\n",
		"h_seconds_bucket{r=\"x\",le=\"2.5\"} 7\n",
		"h_seconds_bucket{r=\"x\",le=\"100\"} 8\n",
		"h_seconds_bucket{r=\"x\",le=\"+Inf\"} 9\n",
		"h_seconds_sum{r=\"x\"} 203.736019\n",
		"h_seconds_count{r=\"x\"} 9\n",
	};

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		CHECK(strstr(text, want[i]));
}

static void test_a_histogram_without_labels(void)
{
	CLEANUP(metrics_free_at) struct metrics *metrics = fresh();
	CLEANUP(buf_release) struct buf out = BUF_INIT(10000);

	metric_observe_us(add(metrics, METRIC_HISTOGRAM, "h", ""), 50);
	metrics_write(metrics, &out);
	CHECK(strstr(buf_text(&out), "\nh_bucket{le=\"0.0001\"} 1\n"));
	CHECK(strstr(buf_text(&out), "\nh_sum 0.000050\nh_count 1\n"));
}

static int64_t twice(void *context)
{
	return 2 * *(int64_t *)context;
}

static void test_callbacks_are_asked_at_each_scrape(void)
{
	CLEANUP(metrics_free_at) struct metrics *metrics = fresh();
	CLEANUP(buf_release) struct buf out = BUF_INIT(10000);
	struct err err = ERR_INIT;
	int64_t value = 21;

	CHECK(metrics_add_callback(metrics, "c", "", "Asked.", twice, &value,
				   &err) == 0);
	metrics_write(metrics, &out);
	CHECK(strstr(buf_text(&out), "\nc 42\n"));
	value = 4;
	buf_clear(&out);
	metrics_write(metrics, &out);
	CHECK(strstr(buf_text(&out), "\nc 8\n"));
	add(metrics, METRIC_COUNTER, "d", "");
	CHECK(metrics_add_callback(metrics, "d", "", "", twice, &value, &err) ==
	      -1);
	CHECK(err.code == ERR_CONFLICT);
}

static void *add_many(void *context)
{
	for (int i = 0; i < 10000; i++)
		metric_add(context, 1);
	return NULL;
}

static void test_no_addition_is_lost_between_threads(void)
{
	CLEANUP(metrics_free_at) struct metrics *metrics = fresh();
	struct metric *metric = add(metrics, METRIC_COUNTER, "a", "");
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&threads[i], NULL, add_many, metric) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	CHECK(metric_value(metric) == 40000);
}

static void test_free_takes_null(void)
{
	metrics_free(NULL);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_series_of_a_name_stand_together),
		CHECK_CASE(test_asked_for_twice_is_the_same),
		CHECK_CASE(test_a_name_has_one_kind),
		CHECK_CASE(test_gauges_go_up_and_down),
		CHECK_CASE(test_buckets_add_up),
		CHECK_CASE(test_a_histogram_without_labels),
		CHECK_CASE(test_callbacks_are_asked_at_each_scrape),
		CHECK_CASE(test_no_addition_is_lost_between_threads),
		CHECK_CASE(test_free_takes_null),
	};

	return CHECK_RUN(argc, argv, cases);
}
