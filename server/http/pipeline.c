/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/pipeline.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/map.h"
#include "server/http/access.h"
#include "server/http/account.h"
#include "server/http/entity.h"
#include "server/http/exchange.h"
#include "server/http/rate.h"
#include "server/http/steps.h"
#include "server/http/target.h"

#define ARENA_MAX (4u << 20)   /* bytes parsed out of one request */
#define SWALLOW_MAX (1u << 20) /* bytes of a body that no row asked for */

typedef enum step_result step_fn(struct exchange *exchange);

static void run_on_worker(struct pool_job *job)
{
	struct exchange *exchange = CONTAINER_OF(job, struct exchange, job);

	exchange->on_worker(exchange);
	exchange_wake(exchange, WAKE_JOB);
}

enum step_result step_to_pool(struct exchange *exchange, struct pool *pool,
			      void (*work)(struct exchange *))
{
	err_clear(&exchange->failure);
	exchange->on_worker = work;
	exchange->job.run = run_on_worker;
	exchange->waits_for = WAKE_JOB;
	atomic_fetch_and(&exchange->woken, ~WAKE_JOB);
	pool_submit(pool, &exchange->job);
	return STEP_WAIT;
}

/* Who changes something may wait for a disk that is slow to sync; who only
 * reads must not wait behind him. */
static bool only_reads(const struct route *route)
{
	return (route->method == HTTP_GET || route->method == HTTP_HEAD) &&
	       action_scope(route->action) != SCOPE_RIGHT_PUSH;
}

static enum step_result to_worker(struct exchange *exchange,
				  void (*work)(struct exchange *))
{
	const struct http_parts *parts = &exchange->pipeline->parts;
	bool reads = only_reads(exchange->request.route);

	return step_to_pool(exchange, reads ? parts->readers : parts->workers,
			    work);
}

/* Let the handler clean up; on a worker. */
static void close_state(struct exchange *exchange)
{
	struct request *request = &exchange->request;

	if (request->state && request->route->handler->close)
		request->route->handler->close(request);
	request->state = NULL;
}

/* Answer with a failure, by a status of its own unless that is 0; whatever the
 * handler holds is closed first. */
static enum step_result fail_as(struct exchange *exchange,
				const struct err *err, int status)
{
	struct request *request = &exchange->request;

	access_note_failure(request, err);
	if (err->code == ERR_UNAUTHENTICATED || err->code == ERR_SCOPE)
		access_challenge(request, err);
	if (err->code == ERR_TOO_MANY || err->code == ERR_UNAVAILABLE ||
	    err->code == ERR_NO_MEMORY)
		response_headerf(request, "Retry-After", "%d",
				 err->after_s > 0 ? err->after_s : 1);
	response_error(request, err);
	if (status)
		request->response.status = status;
	exchange->step = SIZE_MAX;
	if (request->state)
		return to_worker(exchange, close_state);
	return STEP_ANSWERED;
}

enum step_result step_fail(struct exchange *exchange, const struct err *err)
{
	return fail_as(exchange, err, 0);
}

enum step_result step_refuse(struct exchange *exchange, enum err_code code,
			     int status, const char *text)
{
	struct err err = ERR_INIT;

	err_set(&err, code, "%s", text);
	return fail_as(exchange, &err, status);
}

static enum step_result step_framing(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	struct err err = ERR_INIT;
	size_t header_max = atomic_load_explicit(
		&exchange->pipeline->header_max, memory_order_relaxed);

	if (exchange->overflow || exchange->header_bytes > header_max) {
		request->response.close = true;
		return step_refuse(exchange, ERR_TOO_LARGE, 431,
				   "header fields over the limit");
	}
	if (framing_read(exchange->fields, exchange->field_count,
			 exchange->http_1_1, &exchange->framing, &err) < 0) {
		request->response.close = true;
		return step_fail(exchange, &err);
	}
	request->has_length = exchange->framing.has_length;
	request->content_length = exchange->framing.length;
	return STEP_NEXT;
}

static enum step_result step_limits(struct exchange *exchange)
{
	struct pipeline *pipeline = exchange->pipeline;
	size_t now = atomic_fetch_add_explicit(&pipeline->in_flight, 1,
					       memory_order_relaxed);

	exchange->counted = true;
	account_in_flight(pipeline->account, 1);
	if (now >=
	    atomic_load_explicit(&pipeline->requests_max, memory_order_relaxed))
		return step_refuse(exchange, ERR_TOO_MANY, 503,
				   "requests in flight over the limit");
	return STEP_NEXT;
}

/* Nothing was routed yet, and still the client reads failures of one door. */
static void choose_door(struct exchange *exchange)
{
	exchange->door = router_door(exchange->pipeline->parts.router,
				     exchange->request.target);
}

static enum step_result step_target(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	struct err err = ERR_INIT;

	if (request->target.len >
	    atomic_load_explicit(&exchange->pipeline->target_max,
				 memory_order_relaxed)) {
		choose_door(exchange);
		return step_refuse(exchange, ERR_TOO_LARGE, 414,
				   "target over the limit");
	}
	if (target_parse(request->target, &request->arena, &request->path,
			 &request->query, &err) < 0) {
		choose_door(exchange);
		return step_fail(exchange, &err);
	}
	return STEP_NEXT;
}

static enum step_result step_route(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	char allow[ROUTER_ALLOW_SIZE];

	switch (router_match(exchange->pipeline->parts.router, request, allow,
			     &exchange->door)) {
	case ROUTER_FOUND:
		return STEP_NEXT;
	case ROUTER_NO_PATH:
		return step_refuse(exchange, ERR_NOT_FOUND, 404,
				   "no such path");
	case ROUTER_NO_METHOD:
		break;
	}
	response_header(request, "Allow", allow);
	if (request->method != HTTP_OPTIONS)
		return step_refuse(exchange, ERR_UNSUPPORTED, 405,
				   "no such method here");
	response_status(request, 204);
	return STEP_ANSWERED;
}

/* After a step that may have gone to a worker. */
static enum step_result step_came_back(struct exchange *exchange)
{
	if (exchange->failure.code != ERR_NONE)
		return step_fail(exchange, &exchange->failure);
	return STEP_NEXT;
}

static uint64_t body_max(const struct exchange *exchange)
{
	const struct route *route = exchange->request.route;

	if (route->body == BODY_NONE)
		return SWALLOW_MAX;
	if (route->body == BODY_STREAMED)
		return UINT64_MAX;
	return route->body_max
		       ? route->body_max
		       : atomic_load_explicit(&exchange->pipeline->body_max,
					      memory_order_relaxed);
}

static enum step_result step_quick(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	const struct route *route = request->route;
	struct err err = ERR_INIT;

	if (request->content_length > body_max(exchange))
		return step_refuse(exchange, ERR_TOO_LARGE, 413,
				   "body over the limit");
	if (!route->handler->quick || exchange->after_body)
		return STEP_NEXT;
	int answered = route->handler->quick(request, &err);

	if (answered < 0)
		return step_fail(exchange, &err);
	if (answered == 0)
		return STEP_NEXT;
	if (route->body == BODY_STREAMED) {
		exchange->opened = true;
		return STEP_NEXT;
	}
	exchange->step = SIZE_MAX;
	return STEP_ANSWERED;
}

static void open_state(struct exchange *exchange)
{
	struct request *request = &exchange->request;

	if (request->route->handler->open(request, &exchange->failure) < 0)
		close_state(exchange);
}

static enum step_result step_open(struct exchange *exchange)
{
	if (exchange->opened || !exchange->request.route->handler->open)
		return STEP_NEXT;
	return to_worker(exchange, open_state);
}

static enum step_result step_body(struct exchange *exchange)
{
	const struct request *request = &exchange->request;

	exchange->request.body.max = (size_t)body_max(exchange);
	if (!exchange->framing.chunked && request->content_length == 0)
		return STEP_NEXT;
	return STEP_BODY;
}

/* Keep a piece of a body that its handler wants as a whole. */
static enum step_result keep(struct exchange *exchange, const void *data,
			     size_t len)
{
	struct pipeline *pipeline = exchange->pipeline;
	uint64_t before = atomic_fetch_add_explicit(&pipeline->buffered, len,
						    memory_order_relaxed);

	exchange->buffered += len;
	if (before + len >
	    atomic_load_explicit(&pipeline->bodies_max, memory_order_relaxed))
		return step_refuse(exchange, ERR_TOO_MANY, 503,
				   "bodies in memory over the limit");
	buf_append(&exchange->request.body, data, len);
	return STEP_NEXT;
}

/* Give the memory back as soon as nobody reads it any more. */
static void drop_body(struct exchange *exchange)
{
	buf_release(&exchange->request.body);
	atomic_fetch_sub_explicit(&exchange->pipeline->buffered,
				  exchange->buffered, memory_order_relaxed);
	exchange->buffered = 0;
}

static void work(struct exchange *exchange)
{
	struct request *request = &exchange->request;

	request->route->handler->work(request, &exchange->failure);
	close_state(exchange);
}

static enum step_result step_work(struct exchange *exchange)
{
	struct err err = ERR_INIT;

	if (!exchange->request.route->handler->work)
		return step_refuse(exchange, ERR_INTERNAL, 0,
				   "the handler has not answered");
	if (buf_check(&exchange->request.body, &err) < 0)
		return step_fail(exchange, &err);
	return to_worker(exchange, work);
}

static step_fn *const steps[] = {
	step_framing,	   step_origin,		step_limits,
	step_target,	   step_route,		step_address_rate,
	step_authenticate, step_came_back,	step_authorise,
	step_came_back,	   step_quick,		step_open,
	step_came_back,	   step_body,		step_verify_body,
	step_came_back,	   step_authorise_body, step_came_back,
	step_work,	   step_came_back,
};

/* What a handler left out, or had no memory for, becomes a 500. */
static void finish(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	struct response *response = &request->response;
	struct err err = ERR_INIT;

	drop_body(exchange);
	if (buf_check(&response->body, &err) < 0)
		response_error(request, &err);
	else if (response->status == 0) {
		err_set(&err, ERR_INTERNAL, "no answer was made");
		response_error(request, &err);
	}
	if (buf_check(&response->body, &err) < 0) {
		buf_release(&response->body);
		response->header_count = 0;
		response->status = 500;
	}
	bool shared = response->entity && response->header_count == 0;

	if (!shared && response->header_count < RESPONSE_HEADERS_MAX)
		response->headers[response->header_count++] =
			(struct response_header){.name = "X-Request-Id",
						 .value = request->id};
	exchange->ended_us = account_now_us();
}

enum pipeline_next pipeline_go(struct exchange *exchange)
{
	while (exchange->step < sizeof(steps) / sizeof(steps[0])) {
		switch (steps[exchange->step++](exchange)) {
		case STEP_NEXT:
			continue;
		case STEP_BODY:
			return PIPELINE_BODY;
		case STEP_WAIT:
			return PIPELINE_WAIT;
		case STEP_ANSWERED:
			exchange->step = SIZE_MAX;
			break;
		}
	}
	finish(exchange);
	return PIPELINE_ANSWER;
}

static enum pipeline_next after(struct exchange *exchange,
				enum step_result result)
{
	if (result == STEP_WAIT)
		return PIPELINE_WAIT;
	return pipeline_go(exchange);
}

enum pipeline_next pipeline_fail(struct exchange *exchange,
				 const struct err *err)
{
	return after(exchange, step_fail(exchange, err));
}

static enum pipeline_next stream(struct exchange *exchange, const void *data,
				 size_t len, size_t *ret_taken)
{
	struct request *request = &exchange->request;
	struct err err = ERR_INIT;

	atomic_fetch_and(&exchange->woken, ~WAKE_ROOM);
	*ret_taken = 0;
	if (request->route->handler->chunk(request, data, len, ret_taken,
					   &err) < 0) {
		*ret_taken = 0;
		return pipeline_fail(exchange, &err);
	}
	request->body_bytes += *ret_taken;
	if (*ret_taken == len)
		return PIPELINE_BODY;
	exchange->waits_for = WAKE_ROOM;
	return PIPELINE_WAIT;
}

enum pipeline_next pipeline_body(struct exchange *exchange, const void *data,
				 size_t len, size_t *ret_taken)
{
	struct request *request = &exchange->request;

	/* It has failed before, and the handler has cleaned up since. */
	if (exchange->step == SIZE_MAX) {
		*ret_taken = 0;
		return pipeline_go(exchange);
	}
	if (request->route->body == BODY_STREAMED)
		return stream(exchange, data, len, ret_taken);
	if (len > body_max(exchange) - request->body_bytes) {
		*ret_taken = 0;
		return after(exchange, step_refuse(exchange, ERR_TOO_LARGE, 413,
						   "body over the limit"));
	}
	if (request->route->body == BODY_BUFFERED &&
	    keep(exchange, data, len) != STEP_NEXT) {
		*ret_taken = 0;
		return pipeline_go(exchange);
	}
	request->body_bytes += len;
	*ret_taken = len;
	return PIPELINE_BODY;
}

static void request_begin(struct request *request, struct exchange *exchange)
{
	memset(request, 0, sizeof(*request));
	request->app = exchange->pipeline->parts.app;
	request->arena = ARENA_INIT(ARENA_MAX);
	request->response.body = BUF_INIT(RESPONSE_BODY_MAX);
	request->wire = exchange;
	request->started_us = account_now_us();
	account_request_id(request->id);
}

void pipeline_begin(struct pipeline *pipeline, struct exchange *exchange)
{
	exchange->pipeline = pipeline;
	exchange->framing = (struct framing){.chunked = false};
	exchange->field_count = 0;
	exchange->overflow = false;
	exchange->http_1_1 = false;
	exchange->header_bytes = 0;
	exchange->counted = false;
	exchange->buffered = 0;
	exchange->aborted = false;
	exchange->opened = false;
	exchange->after_body = false;
	exchange->step = 0;
	exchange->waits_for = 0;
	exchange->door = DOOR_PLAIN;
	exchange->failure = ERR_INIT;
	exchange->denied = ACTION_UNSET;
	exchange->ended_us = 0;
	exchange->sent_bytes = 0;
	exchange->swallowed = 0;
	request_begin(&exchange->request, exchange);
}

void pipeline_uncount(struct exchange *exchange)
{
	if (!exchange->counted)
		return;
	atomic_fetch_sub_explicit(&exchange->pipeline->in_flight, 1,
				  memory_order_relaxed);
	account_in_flight(exchange->pipeline->account, -1);
	exchange->counted = false;
}

static void release(struct exchange *exchange)
{
	struct request *request = &exchange->request;

	entity_unref(request->response.entity);
	request->response.entity = NULL;
	buf_release(&request->response.body);
	principal_release(&request->principal);
	drop_body(exchange);
	arena_release(&request->arena);
	pipeline_uncount(exchange);
}

enum pipeline_next pipeline_end(struct exchange *exchange)
{
	if (exchange->connection) {
		exchange->connection = NULL;
		account_request(exchange->pipeline->account, exchange);
		exchange->field_count = 0;
		if (exchange->request.state) {
			to_worker(exchange, close_state);
			return PIPELINE_WAIT;
		}
	}
	release(exchange);
	return PIPELINE_ANSWER;
}

void pipeline_reconfigure(struct pipeline *pipeline,
			  const struct http_config *config)
{
	atomic_store(&pipeline->requests_max, config->requests);
	atomic_store(&pipeline->target_max, config->target_bytes);
	atomic_store(&pipeline->header_max, config->header_bytes);
	atomic_store(&pipeline->body_max, config->body_max);
	atomic_store(&pipeline->bodies_max, config->bodies_max);
	atomic_store(&pipeline->per_address, config->requests_per_address);
	atomic_store(&pipeline->per_principal, config->requests_per_principal);
	atomic_store(&pipeline->burst_ms, config->burst_ms);
	account_reconfigure(pipeline->account, config->access_log);
}

int pipeline_init(struct pipeline *pipeline, const struct http_config *config,
		  const struct http_parts *parts, struct err *err)
{
	memset(pipeline, 0, sizeof(*pipeline));
	pipeline->parts = *parts;
	if (ip_blocks_parse(span_of(config->trusted_proxies),
			    pipeline->forwarded.proxies, FORWARDED_PROXIES_MAX,
			    &pipeline->forwarded.count, err) < 0 ||
	    rate_new(&pipeline->rate, err) < 0)
		return -1;
	if (account_new(parts->metrics, parts->router, &pipeline->account,
			err) < 0) {
		rate_free(pipeline->rate);
		pipeline->rate = NULL;
		return -1;
	}
	pipeline_reconfigure(pipeline, config);
	return 0;
}

void pipeline_release(struct pipeline *pipeline)
{
	account_free(pipeline->account);
	rate_free(pipeline->rate);
	pipeline->account = NULL;
	pipeline->rate = NULL;
}
