/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/account.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/rand.h"
#include "server/http/exchange.h"
#include "server/http/router.h"

/* Statuses that get series of their own; the last stands for every other. */
static const int known[] = {200, 201, 202, 204, 206, 304, 307, 400,
			    401, 403, 404, 405, 406, 408, 409, 413,
			    414, 416, 429, 431, 500, 503, 507, 0};

#define KNOWN_COUNT (sizeof(known) / sizeof(known[0]))
#define LOG_FIELDS_MAX 14

typedef _Atomic(struct metric *) metric_slot;

struct account {
	struct metrics *metrics;     /* borrowed */
	const struct router *router; /* borrowed */
	size_t rows;		     /* of the router */
	metric_slot *requests;	     /* [rows + 1][KNOWN_COUNT]; owned */
	struct metric **durations;   /* [rows + 1]; owned */
	size_t *series_of;	     /* [rows + 1]: first row of the same label
					and method; owned */
	struct metric *sent;
	struct metric *received;
	struct metric *in_flight;
	struct metric *connections;
	struct metric *refused;
	atomic_bool access_log;
};

static const char *label_of(const struct account *account, size_t row)
{
	const struct route *route = router_row(account->router, row);

	return route ? route->label : "none";
}

static int add_duration(struct account *account, size_t row, struct err *err)
{
	char labels[96];

	for (size_t i = 0; i < row; i++) {
		if (strcmp(label_of(account, i), label_of(account, row)) != 0)
			continue;
		account->durations[row] = account->durations[i];
		return 0;
	}
	snprintf(labels, sizeof(labels), "route=\"%s\"",
		 label_of(account, row));
	return metrics_add(account->metrics, METRIC_HISTOGRAM,
			   "berth_http_request_duration_seconds", labels,
			   "Time from a request's first line to its answer",
			   &account->durations[row], err);
}

static size_t find_series(const struct account *account, size_t row)
{
	const struct route *route = router_row(account->router, row);

	for (size_t i = 0; route && i < row; i++) {
		const struct route *other = router_row(account->router, i);

		if (other->method == route->method &&
		    strcmp(other->label, route->label) == 0)
			return i;
	}
	return row;
}

static int add_plain(struct account *account, struct err *err)
{
	struct metrics *metrics = account->metrics;

	if (metrics_add(metrics, METRIC_COUNTER, "berth_http_bytes_sent_total",
			"", "Bytes of answers' bodies", &account->sent,
			err) < 0 ||
	    metrics_add(metrics, METRIC_COUNTER,
			"berth_http_bytes_received_total", "",
			"Bytes of requests' bodies", &account->received,
			err) < 0 ||
	    metrics_add(metrics, METRIC_GAUGE, "berth_http_requests_in_flight",
			"", "Requests being worked on", &account->in_flight,
			err) < 0 ||
	    metrics_add(metrics, METRIC_GAUGE, "berth_http_connections", "",
			"Open connections", &account->connections, err) < 0)
		return -1;
	return metrics_add(metrics, METRIC_COUNTER,
			   "berth_http_connections_refused_total", "",
			   "Connections over the limit per address",
			   &account->refused, err);
}

DEFINE_CLEANUP(account_free_at, struct account *, account_free)

int account_new(struct metrics *metrics, const struct router *router,
		struct account **ret_account, struct err *err)
{
	CLEANUP(account_free_at)
	struct account *account = calloc(1, sizeof(*account));

	if (!account)
		return err_set(err, ERR_NO_MEMORY, "no memory for accounts");
	account->metrics = metrics;
	account->router = router;
	while (router_row(router, account->rows))
		account->rows++;
	account->requests = calloc((account->rows + 1) * KNOWN_COUNT,
				   sizeof(*account->requests));
	account->durations = calloc(account->rows + 1, sizeof(struct metric *));
	account->series_of = calloc(account->rows + 1, sizeof(size_t));
	if (!account->requests || !account->durations || !account->series_of)
		return err_set(err, ERR_NO_MEMORY, "no memory for accounts");
	for (size_t row = 0; row <= account->rows; row++) {
		account->series_of[row] = find_series(account, row);
		if (add_duration(account, row, err) < 0)
			return -1;
	}
	if (add_plain(account, err) < 0)
		return -1;
	*ret_account = STEAL(account);
	return 0;
}

void account_free(struct account *account)
{
	if (!account)
		return;
	free(account->requests);
	free(account->durations);
	free(account->series_of);
	free(account);
}

void account_reconfigure(struct account *account, bool access_log)
{
	atomic_store(&account->access_log, access_log);
}

static size_t status_index(int status)
{
	size_t i = 0;

	while (known[i] != 0 && known[i] != status)
		i++;
	return i;
}

/* NULL if there is no memory for a new series: it is then not counted. */
static struct metric *requests_series(struct account *account, size_t row,
				      enum http_method method, int status)
{
	size_t at = status_index(status);
	metric_slot *slot =
		&account->requests[account->series_of[row] * KNOWN_COUNT + at];
	struct metric *metric =
		atomic_load_explicit(slot, memory_order_acquire);
	struct err err = ERR_INIT;
	char labels[160];
	char text[16] = "other";

	if (metric)
		return metric;
	if (known[at])
		snprintf(text, sizeof(text), "%d", status);
	snprintf(labels, sizeof(labels),
		 "route=\"%s\",method=\"%s\",status=\"%s\"",
		 label_of(account, row),
		 row < account->rows ? http_method_name(method) : "any", text);
	if (metrics_add(account->metrics, METRIC_COUNTER,
			"berth_http_requests_total", labels,
			"Requests by route, method and status", &metric,
			&err) < 0)
		return NULL;
	atomic_store_explicit(slot, metric, memory_order_release);
	return metric;
}

/* The target without its query and, once it was parsed, without its host: both
 * may hold what nobody should read. */
static struct span logged_path(const struct request *request)
{
	struct span path = request->target;
	struct span query;

	if (request->path.len > 0)
		return request->path;
	span_cut(request->target, '?', &path, &query);
	return path;
}

static enum log_level level_of(const struct request *request)
{
	int status = request->response.status;

	if (status == 500 || status == 507)
		return LOG_ERROR;
	return status > 500 ? LOG_WARN : LOG_INFO;
}

static void log_request(const struct exchange *exchange, const char *label,
			int64_t duration_us)
{
	const struct request *request = &exchange->request;
	const struct response *response = &request->response;
	struct log_field fields[LOG_FIELDS_MAX];
	size_t count = 0;

	fields[count++] = LOG_TEXT("id", request->id);
	fields[count++] = LOG_TEXT("method", http_method_name(request->method));
	fields[count++] = LOG_SPAN("path", logged_path(request));
	fields[count++] = LOG_NUMBER("status", response->status);
	fields[count++] = LOG_NUMBER("bytes", exchange->sent_bytes);
	fields[count++] = LOG_NUMBER("received", request->body_bytes);
	fields[count++] = LOG_NUMBER("duration_us", duration_us);
	fields[count++] = LOG_SPAN("peer", request->peer);
	fields[count++] = LOG_TEXT("principal", request->principal.name);
	fields[count++] = LOG_TEXT("route", label);
	if (exchange->aborted)
		fields[count++] = LOG_BOOL("aborted", true);
	if (response->error != ERR_NONE) {
		fields[count++] =
			LOG_TEXT("error", err_code_name(response->error));
		fields[count++] = LOG_TEXT("text", response->error_text);
	}
	log_write(level_of(request), "request", fields, count);
}

void account_request(struct account *account, const struct exchange *exchange)
{
	const struct request *request = &exchange->request;
	size_t row = account->rows;
	int64_t end =
		exchange->ended_us ? exchange->ended_us : account_now_us();
	int64_t duration_us = end - request->started_us;

	if (request->route)
		row = (size_t)(request->route - router_row(account->router, 0));
	struct metric *metric = requests_series(account, row, request->method,
						request->response.status);

	if (metric)
		metric_add(metric, 1);
	metric_observe_us(account->durations[row], duration_us);
	if (exchange->sent_bytes)
		metric_add(account->sent, (int64_t)exchange->sent_bytes);
	if (request->body_bytes)
		metric_add(account->received, (int64_t)request->body_bytes);
	if (level_of(request) > LOG_INFO ||
	    atomic_load_explicit(&account->access_log, memory_order_relaxed))
		log_request(exchange, label_of(account, row), duration_us);
}

void account_in_flight(struct account *account, int delta)
{
	metric_add(account->in_flight, delta);
}

void account_connections(struct account *account, int delta)
{
	metric_add(account->connections, delta);
}

void account_refused_connection(struct account *account)
{
	metric_add(account->refused, 1);
}

int64_t account_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void put_hex(uint64_t value, char *out)
{
	static const char hex[] = "0123456789abcdef";

	for (int i = 0; i < 16; i++)
		out[i] = hex[value >> (60 - 4 * i) & 0xf];
}

/* A random prefix per thread and a counter: no system call per request.  If
 * the kernel gives no randomness, the address space's and the clock's do. */
void account_request_id(char ret_id[REQUEST_ID_SIZE])
{
	static _Thread_local uint64_t prefix;
	static _Thread_local uint64_t counter;
	struct err err = ERR_INIT;

	if (prefix == 0 && rand_bytes(&prefix, sizeof(prefix), &err) < 0)
		prefix = (uint64_t)(uintptr_t)&prefix ^
			 (uint64_t)account_now_us();
	put_hex(prefix, ret_id);
	put_hex(++counter * 0x9e3779b97f4a7c15u, ret_id + 16);
	ret_id[REQUEST_ID_SIZE - 1] = '\0';
}
