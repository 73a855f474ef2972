/* SPDX-License-Identifier: Apache-2.0 */
/* The pipeline driven by hand, without a wire. */
#include "server/http/pipeline.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/metrics.h"
#include "server/http/exchange.h"
#include "tests/lib/check.h"
#include "tests/lib/http_fixture.h"

struct bench {
	struct app app;
	struct pipeline pipeline;
	struct exchange exchange;
	struct metrics *metrics;
	int connection; /* something to point to */
};

static void wake(struct exchange *exchange)
{
	atomic_store(&exchange->queued, true);
}

static void begin(struct bench *bench)
{
	struct exchange *exchange = &bench->exchange;
	struct err err = ERR_INIT;

	memset(bench, 0, sizeof(*bench));
	http_fixture_init(&bench->app);
	bench->app.config.requests = 1;
	http_fixture_start(&bench->app);
	struct http_parts parts = http_fixture_parts(&bench->app);

	CHECK(metrics_new(&bench->metrics, &err) == 0);
	parts.metrics = bench->metrics;
	CHECK(pipeline_init(&bench->pipeline, &bench->app.config, &parts,
			    &err) == 0);
	exchange->wake = wake;
	exchange->connection = &bench->connection;
}

static void ask(struct bench *bench, enum http_method method,
		const char *target)
{
	struct exchange *exchange = &bench->exchange;

	pipeline_begin(&bench->pipeline, exchange);
	exchange->connection = &bench->connection;
	exchange->request.method = method;
	exchange->request.target = span_of(target);
	exchange->http_1_1 = true;
	exchange->fields[exchange->field_count++] = (struct field){
		.name = SPAN_LIT("Host"), .value = SPAN_LIT("t")};
}

static void add(struct bench *bench, const char *name, const char *value)
{
	struct exchange *exchange = &bench->exchange;

	exchange->fields[exchange->field_count++] =
		(struct field){.name = span_of(name), .value = span_of(value)};
}

/* What an event loop does with one that waits. */
static void await(struct exchange *exchange, unsigned bit)
{
	CHECK(exchange->waits_for == bit);
	while (!atomic_load(&exchange->queued))
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
	atomic_store(&exchange->queued, false);
	CHECK(atomic_fetch_and(&exchange->woken, ~bit) & bit);
	exchange->waits_for = 0;
}

static void finish(struct bench *bench)
{
	CHECK(atomic_load(&bench->pipeline.in_flight) == 0);
	pipeline_release(&bench->pipeline);
	metrics_free(bench->metrics);
	http_fixture_stop(&bench->app);
}

static void test_answers_at_once_what_need_not_wait(void)
{
	struct bench bench;

	begin(&bench);
	ask(&bench, HTTP_GET, "/memory");
	CHECK(pipeline_go(&bench.exchange) == PIPELINE_ANSWER);
	CHECK(bench.exchange.request.response.status == 200);
	CHECK(bench.exchange.request.response.header_count == 0);
	CHECK(atomic_load(&bench.pipeline.in_flight) == 1);
	CHECK(pipeline_end(&bench.exchange) == PIPELINE_ANSWER);
	finish(&bench);
}

static void test_goes_to_a_worker_and_comes_back(void)
{
	struct bench bench;

	begin(&bench);
	ask(&bench, HTTP_GET, "/login");
	add(&bench, "Authorization", "slow");
	CHECK(pipeline_go(&bench.exchange) == PIPELINE_WAIT);
	await(&bench.exchange, WAKE_JOB);
	CHECK(pipeline_go(&bench.exchange) == PIPELINE_WAIT);
	await(&bench.exchange, WAKE_JOB);
	CHECK(pipeline_go(&bench.exchange) == PIPELINE_ANSWER);
	CHECK(bench.exchange.request.response.status == 200);
	CHECK_TEXT(bench.exchange.request.principal.name, "slow");
	CHECK(pipeline_end(&bench.exchange) == PIPELINE_ANSWER);
	finish(&bench);
}

static void test_takes_a_body_as_fast_as_its_handler(void)
{
	static const char data[2500];
	struct bench bench;
	size_t taken = 0;

	begin(&bench);
	ask(&bench, HTTP_PUT, "/stream/slow");
	add(&bench, "Content-Length", "2500");
	CHECK(pipeline_go(&bench.exchange) == PIPELINE_WAIT);
	await(&bench.exchange, WAKE_JOB);
	CHECK(pipeline_go(&bench.exchange) == PIPELINE_BODY);
	for (int i = 0; i < 2; i++) {
		CHECK(pipeline_body(&bench.exchange, data, 1500, &taken) ==
		      PIPELINE_WAIT);
		CHECK(taken == 1000);
		await(&bench.exchange, WAKE_ROOM);
	}
	CHECK(pipeline_body(&bench.exchange, data, 500, &taken) ==
	      PIPELINE_BODY);
	CHECK(taken == 500);
	CHECK(pipeline_go(&bench.exchange) == PIPELINE_WAIT);
	await(&bench.exchange, WAKE_JOB);
	CHECK(pipeline_go(&bench.exchange) == PIPELINE_ANSWER);
	CHECK(bench.exchange.request.response.status == 201);
	CHECK(bench.app.closed == 1);
	CHECK(pipeline_end(&bench.exchange) == PIPELINE_ANSWER);
	finish(&bench);
}

/* A body that finds no room is refused, and what it had is room for others. */
static void test_bounds_the_bodies_in_memory(void)
{
	static const char data[1000];
	static const size_t room[] = {1999, 2000};
	struct bench bench;
	size_t taken = 0;

	begin(&bench);
	for (int i = 0; i < 2; i++) {
		struct exchange *exchange = &bench.exchange;

		atomic_store(&bench.pipeline.bodies_max, room[i]);
		ask(&bench, HTTP_PUT, "/echo");
		add(&bench, "Content-Length", "2000");
		CHECK(pipeline_go(exchange) == PIPELINE_BODY);
		CHECK(pipeline_body(exchange, data, 1000, &taken) ==
			      PIPELINE_BODY &&
		      taken == 1000);
		CHECK(atomic_load(&bench.pipeline.buffered) == 1000);
		enum pipeline_next next =
			pipeline_body(exchange, data, 1000, &taken);

		CHECK(next == (i == 0 ? PIPELINE_ANSWER : PIPELINE_BODY));
		if (i == 0)
			CHECK(exchange->request.response.status == 503);
		else
			CHECK(atomic_load(&bench.pipeline.buffered) == 2000);
		CHECK(pipeline_end(exchange) == PIPELINE_ANSWER);
		CHECK(atomic_load(&bench.pipeline.buffered) == 0);
	}
	finish(&bench);
}

static void test_cleans_up_after_a_client_that_left(void)
{
	struct bench bench;

	begin(&bench);
	ask(&bench, HTTP_PUT, "/stream/plain");
	add(&bench, "Content-Length", "10");
	CHECK(pipeline_go(&bench.exchange) == PIPELINE_WAIT);
	await(&bench.exchange, WAKE_JOB);
	CHECK(pipeline_go(&bench.exchange) == PIPELINE_BODY);
	CHECK(pipeline_end(&bench.exchange) == PIPELINE_WAIT);
	await(&bench.exchange, WAKE_JOB);
	CHECK(bench.app.closed == 1);
	CHECK(pipeline_end(&bench.exchange) == PIPELINE_ANSWER);
	finish(&bench);
}

/* The handler's hold on its upload is gone before the client hears of it. */
static void test_cleans_up_before_it_tells_of_a_failure(void)
{
	struct bench bench;
	size_t taken = 1;

	begin(&bench);
	ask(&bench, HTTP_PUT, "/stream/fail");
	add(&bench, "Content-Length", "10");
	CHECK(pipeline_go(&bench.exchange) == PIPELINE_WAIT);
	await(&bench.exchange, WAKE_JOB);
	CHECK(pipeline_go(&bench.exchange) == PIPELINE_BODY);
	CHECK(pipeline_body(&bench.exchange, "a", 1, &taken) == PIPELINE_WAIT);
	CHECK(taken == 0);
	await(&bench.exchange, WAKE_JOB);
	CHECK(bench.app.closed == 1);
	CHECK(pipeline_body(&bench.exchange, "a", 1, &taken) ==
	      PIPELINE_ANSWER);
	CHECK(bench.exchange.request.response.status == 400);
	CHECK(pipeline_end(&bench.exchange) == PIPELINE_ANSWER);
	finish(&bench);
}

static void test_refuses_in_the_documented_order(void)
{
	static const struct {
		const char *target;
		enum http_method method;
		const char *name;
		const char *value;
		int status;
	} cases[] = {
		{"/%zz", HTTP_GET, "Host", "u", 400},
		{"/%zz", HTTP_GET, "Authorization", "wrong", 400},
		{"/nowhere", HTTP_GET, "Authorization", "wrong", 404},
		{"/login", HTTP_PUT, "Authorization", "wrong", 405},
		{"/login", HTTP_GET, "Authorization", "wrong", 401},
		{"/echo", HTTP_PUT, "Authorization", "wrong", 401},
		{"/echo", HTTP_PUT, "Content-Length", "65537", 413},
		{"/work", HTTP_GET, "Content-Length", "1048577", 413},
	};
	struct bench bench;

	begin(&bench);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ask(&bench, cases[i].method, cases[i].target);
		add(&bench, cases[i].name, cases[i].value);
		CHECK(pipeline_go(&bench.exchange) == PIPELINE_ANSWER);
		CHECK(bench.exchange.request.response.status ==
		      cases[i].status);
		CHECK(pipeline_end(&bench.exchange) == PIPELINE_ANSWER);
	}
	finish(&bench);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_answers_at_once_what_need_not_wait),
		CHECK_CASE(test_goes_to_a_worker_and_comes_back),
		CHECK_CASE(test_takes_a_body_as_fast_as_its_handler),
		CHECK_CASE(test_bounds_the_bodies_in_memory),
		CHECK_CASE(test_cleans_up_after_a_client_that_left),
		CHECK_CASE(test_cleans_up_before_it_tells_of_a_failure),
		CHECK_CASE(test_refuses_in_the_documented_order),
	};

	return CHECK_RUN(argc, argv, cases);
}
