/* SPDX-License-Identifier: Apache-2.0 */
/*
 * berth-load: requests from a closed loop, as fast as the server answers.
 * Everything that can be prepared is, before the clock starts: bodies,
 * digests, connections.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/enc.h"
#include "base/err.h"
#include "bench/idle.h"
#include "bench/worker.h"

#define THREADS_MAX 64

/* The header lines that all requests share. */
static int make_fields(struct load *load, struct err *err)
{
	const struct options *options = &load->options;
	CLEANUP(buf_release) struct buf fields = BUF_INIT(4096);

	buf_appendf(&fields, "Host: %s:%" PRIu64 "\r\n", options->host,
		    options->port);
	if (options->accept)
		buf_appendf(&fields, "Accept: %s\r\n", options->accept);
	if (options->credentials) {
		buf_append_text(&fields, "Authorization: Basic ");
		enc_base64(options->credentials, strlen(options->credentials),
			   &fields);
		buf_append_text(&fields, "\r\n");
	}
	if (buf_check(&fields, err) < 0)
		return -1;
	load->fields = strdup(buf_text(&fields));
	if (!load->fields)
		return err_set(err, ERR_NO_MEMORY, "no memory");
	return 0;
}

static int make_load(struct load *load, struct err *err)
{
	const struct options *options = &load->options;

	if (make_fields(load, err) < 0 ||
	    (options->tls && wire_context(&load->tls, err) < 0))
		return -1;
	if (options->mode != LOAD_PUSH && options->mode != LOAD_PUSH_CHUNKED)
		return 0;
	return body_pool_init(&load->pool, (size_t)options->requests,
			      options->size, options->chunk, err);
}

static void load_release(struct load *load)
{
	free(load->fields);
	body_pool_release(&load->pool);
}

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void merge(struct worker *total, const struct worker *worker)
{
	total->requests += worker->requests;
	total->errors += worker->errors;
	total->reconnects += worker->reconnects;
	total->bytes += worker->bytes;
	if (worker->ended_ns > total->ended_ns)
		total->ended_ns = worker->ended_ns;
	if (worker->failed_status)
		total->failed_status = worker->failed_status;
	histogram_merge(total->latencies, worker->latencies);
}

static void print_result(const struct load *load, const struct worker *total,
			 double seconds, double cpu)
{
	const struct options *options = &load->options;
	const struct histogram *latencies = total->latencies;

	if (seconds <= 0)
		seconds = 1e-9;
	printf("{\"mode\": \"%s\", \"connections\": %" PRIu64
	       ", \"threads\": %" PRIu64 ", \"requests\": %" PRIu64
	       ", \"errors\": %" PRIu64 ", \"last_error_status\": %u"
	       ", \"reconnects\": %" PRIu64 ", \"bytes\": %" PRIu64,
	       options->mode_name, options->connections, options->threads,
	       total->requests, total->errors, total->failed_status,
	       total->reconnects, total->bytes);
	printf(", \"seconds\": %.6f, \"rps\": %.1f, \"gib_per_s\": %.4f"
	       ", \"p50_ms\": %.4f, \"p99_ms\": %.4f, \"max_ms\": %.4f"
	       ", \"client_cpu_seconds\": %.3f}\n",
	       seconds, (double)total->requests / seconds,
	       (double)total->bytes / seconds / (1024.0 * 1024 * 1024),
	       (double)histogram_quantile(latencies, 0.50) / 1e6,
	       (double)histogram_quantile(latencies, 0.99) / 1e6,
	       (double)latencies->max_ns / 1e6, cpu);
}

static void *run_thread(void *worker)
{
	worker_run(worker);
	return NULL;
}

/* Start the clock and the threads, and wait for them. */
static int run_workers(struct race *race, struct worker *workers, size_t count,
		       struct worker *total, struct err *err)
{
	const struct options *options = &race->load->options;
	pthread_t threads[THREADS_MAX];
	double cpu = cpu_seconds();
	uint64_t begun_ns = worker_clock_ns();
	size_t started = 0;

	if (options->duration_ms)
		race->deadline_ns =
			begun_ns + (uint64_t)options->duration_ms * 1000000;
	while (started < count &&
	       pthread_create(&threads[started], NULL, run_thread,
			      &workers[started]) == 0)
		started++;
	for (size_t i = 0; i < started; i++) {
		pthread_join(threads[i], NULL);
		merge(total, &workers[i]);
	}
	if (started < count)
		return err_set(err, ERR_UNAVAILABLE, "cannot start a thread");
	print_result(race->load, total,
		     (double)(total->ended_ns - begun_ns) / 1e9,
		     cpu_seconds() - cpu);
	return 0;
}

/* 0 if all went well, 1 if some requests did not, -1 with err set. */
static int run_load(const struct load *load, struct err *err)
{
	const struct options *options = &load->options;
	struct worker workers[THREADS_MAX] = {0};
	struct histogram latencies = {0};
	struct worker total = {.latencies = &latencies, .epoll_fd = -1};
	struct race race = {.load = load};
	size_t prepared = 0;
	int result = 0;

	while (result == 0 && prepared < options->threads) {
		size_t share =
			(size_t)(options->connections / options->threads);

		if (prepared < options->connections % options->threads)
			share++;
		result =
			worker_prepare(&workers[prepared++], &race, share, err);
	}
	if (result == 0)
		result = run_workers(&race, workers, prepared, &total, err);
	for (size_t i = 0; i < prepared; i++)
		worker_release(&workers[i]);
	if (result == 0 && (total.errors || !total.requests))
		return 1;
	return result;
}

int main(int argc, char **argv)
{
	CLEANUP(load_release) struct load load = {0};
	struct err err = ERR_INIT;
	int result = options_parse(argc, argv, &load.options, &err);

	if (result == 0)
		return 0;
	if (result < 0) {
		fprintf(stderr, "berth-load: %s\n", err.text);
		return 2;
	}
	result = make_load(&load, &err);
	if (result == 0 && load.options.mode == LOAD_IDLE)
		result = idle_run(&load, &err);
	else if (result == 0)
		result = run_load(&load, &err);
	if (result < 0)
		fprintf(stderr, "berth-load: %s\n", err.text);
	return result == 0 ? 0 : 1;
}
