/* SPDX-License-Identifier: Apache-2.0 */
/* The listener with each allocation, thread or descriptor failing in turn. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/metrics.h"
#include "server/cache.h"
#include "server/http/entity.h"
#include "tests/lib/check.h"
#include "tests/lib/fault.h"
#include "tests/lib/http_client.h"
#include "tests/lib/http_fixture.h"

/* Start and stop without the fixture's checks. */
static void test_starts_whole_or_not_at_all(void)
{
	struct fault_sweep sweep =
		FAULT_SWEEP(FAULT_MEMORY | FAULT_THREAD | FAULT_RANDOM);
	struct app app;

	http_fixture_init(&app);
	http_fixture_start(&app);
	while (fault_next(&sweep)) {
		struct http_parts parts = http_fixture_parts(&app);
		struct http_server *server = NULL;
		struct err err = ERR_INIT;

		CHECK(metrics_new(&parts.metrics, &err) == 0);
		fault_on(&sweep);
		int rc = http_server_new(&app.config, &parts, &server, &err);

		if (rc == 0)
			rc = http_server_start(server, &err);
		fault_off(&sweep);
		CHECK(rc == 0 || sweep.fired);
		CHECK((rc < 0) == (err.code != ERR_NONE));
		if (server)
			http_server_stop(server);
		http_server_free(server);
		metrics_free(parts.metrics);
	}
	CHECK(sweep.round > 20);
	http_fixture_stop(&app);
}

/* Without an allocation of our own: those would have their turn as well. */
static int ask(const struct app *app, const char *request)
{
	struct http_client client;
	static char answer[65536];
	size_t used = 0;
	int status = 0;
	ssize_t got;

	http_client_open(&client, app->address);
	http_client_text(&client, request);
	while ((got = recv(client.fd, answer + used, sizeof(answer) - 1 - used,
			   0)) > 0)
		if ((used += (size_t)got) == sizeof(answer) - 1)
			break;
	answer[used] = '\0';
	http_client_close(&client);
	if (sscanf(answer, "HTTP/1.1 %d", &status) != 1)
		return 0;
	return status;
}

#define CLOSE " HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"

static void sweep_request(const char *request, int status, unsigned faults)
{
	struct fault_sweep sweep = FAULT_SWEEP(faults);
	struct app app;

	http_fixture_init(&app);
	http_fixture_start(&app);
	CHECK(ask(&app, request) == status);
	while (fault_next(&sweep)) {
		fault_on(&sweep);
		int got = ask(&app, request);

		fault_off(&sweep);
		if (got != status && got != 0 && got != 500 && got != 503)
			fprintf(stderr, "round %zu: %d\n", sweep.round, got);
		CHECK(got == status || got == 0 || got == 500 || got == 503);
		CHECK(got == status || sweep.fired);
		CHECK(ask(&app, request) == status);
	}
	CHECK(sweep.round > 0);
	http_fixture_stop(&app);
	CHECK(app.opened == app.closed);
}

static void test_memory_that_lacks_costs_one_request(void)
{
	static const struct {
		const char *request;
		int status;
	} cases[] = {
		{"GET /memory" CLOSE "\r\n", 200},
		{"GET /file" CLOSE "Range: bytes=0-9\r\n\r\n", 206},
		{"GET /work" CLOSE "\r\n", 200},
		{"GET /login" CLOSE "Authorization: slow\r\n\r\n", 200},
		{"GET /login" CLOSE "Authorization: wrong\r\n\r\n", 401},
		{"GET /nowhere%20" CLOSE "\r\n", 404},
		{"PUT /echo" CLOSE "Content-Length: 3\r\n\r\nabc", 200},
		{"PUT /stream/plain" CLOSE "Content-Length: 3\r\n\r\nabc", 201},
		{"PUT /stream/fail" CLOSE "Content-Length: 3\r\n\r\nabc", 400},
		{"PUT /stream/late" CLOSE "Content-Length: 3\r\n\r\nabc", 400},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		sweep_request(cases[i].request, cases[i].status, FAULT_MEMORY);
}

static void test_a_descriptor_that_lacks_costs_one_request(void)
{
	sweep_request("GET /file" CLOSE "Range: bytes=0-9\r\n\r\n", 206,
		      FAULT_MAP);
}

static void test_the_cache_keeps_less_without_memory(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY | FAULT_RANDOM);
	struct cache_config config = {.bytes_max = 1 << 20,
				      .entry_bytes_max = 4096};
	struct span repository = SPAN_LIT("a");
	struct span key = SPAN_LIT("k");

	while (fault_next(&sweep)) {
		struct entity_head head = {.digest = SPAN_LIT("sha256:00")};
		struct buf body = BUF_INIT(100);
		struct metrics *metrics = NULL;
		struct entity *entity = NULL;
		struct cache *cache = NULL;
		struct err err = ERR_INIT;

		CHECK(metrics_new(&metrics, &err) == 0);
		buf_append_text(&body, "x");
		fault_on(&sweep);
		int rc = entity_new_bytes(&head, &body, &entity, &err);

		if (rc == 0)
			rc = cache_new(&config, metrics, &cache, &err);
		if (rc == 0)
			cache_put(cache, repository, key, 0, entity);
		fault_off(&sweep);
		CHECK((rc < 0) == (err.code != ERR_NONE));
		CHECK(sweep.fired || rc == 0);
		struct entity *found =
			rc == 0 ? cache_get(cache, repository, key) : NULL;

		CHECK(found ? found == entity : sweep.fired);
		entity_unref(found);
		entity_unref(entity);
		cache_free(cache);
		metrics_free(metrics);
		buf_release(&body);
	}
	CHECK(sweep.round > 5);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_starts_whole_or_not_at_all),
		CHECK_CASE(test_memory_that_lacks_costs_one_request),
		CHECK_CASE(test_a_descriptor_that_lacks_costs_one_request),
		CHECK_CASE(test_the_cache_keeps_less_without_memory),
	};

	return CHECK_RUN(argc, argv, cases);
}
