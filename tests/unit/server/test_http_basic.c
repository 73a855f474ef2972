/* SPDX-License-Identifier: Apache-2.0 */
/* The listener as a well-behaved client sees it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/check.h"
#include "tests/lib/http_client.h"
#include "tests/lib/http_fixture.h"

#define MEMORY_SIZE 700 /* bytes of GET /memory */

static void start(struct app *app)
{
	http_fixture_init(app);
	http_fixture_start(app);
}

static void expect(const struct app *app, const char *method,
		   const char *target, const char *fields, int status)
{
	struct http_answer answer;

	http_get(app->address, method, target, fields, &answer);
	if (answer.status != status)
		fprintf(stderr, "%s %s: %d\n%s%s\n", method, target,
			answer.status, answer.head, answer.body);
	CHECK(answer.status == status);
	http_answer_release(&answer);
}

static void check_field(const struct http_answer *answer, const char *name,
			const char *want)
{
	char value[512];

	CHECK_TEXT(http_answer_field(answer, name, value, sizeof(value)), want);
}

static bool has_field(const struct http_answer *answer, const char *name)
{
	char value[512];

	return http_answer_field(answer, name, value, sizeof(value)) != NULL;
}

static void test_answers_each_kind_of_route(void)
{
	struct app app;

	start(&app);
	expect(&app, "GET", "/memory", "", 200);
	expect(&app, "HEAD", "/memory", "", 200);
	expect(&app, "GET", "/file", "", 200);
	expect(&app, "HEAD", "/file", "", 200);
	expect(&app, "GET", "/work", "", 200);
	expect(&app, "GET", "/nowhere", "", 404);
	expect(&app, "GET", "/v2/a/b/tags/list", "", 200);
	expect(&app, "GET", "http://other.example/work", "", 200);
	expect(&app, "GET", "/wo%72k", "", 200);
	expect(&app, "GET", "/wo%7", "", 400);
	expect(&app, "GET", "/../work", "", 400);
	http_fixture_stop(&app);
}

static void test_names_the_methods_that_a_path_has(void)
{
	static const char *const methods[] = {"PUT", "BREW", "OPTIONS"};
	struct http_answer answer;
	struct app app;

	start(&app);
	for (size_t i = 0; i < 3; i++) {
		http_get(app.address, methods[i], "/memory", "", &answer);
		CHECK(answer.status == (i == 2 ? 204 : 405));
		check_field(&answer, "Allow", "GET, HEAD, OPTIONS");
		http_answer_release(&answer);
	}
	http_fixture_stop(&app);
}

/* One connection for everything: none of these may cost it. */
static void test_keeps_the_connection(void)
{
	static const char *const requests[] = {
		"GET /memory HTTP/1.1\r\nHost: t\r\n\r\n",
		"GET /work HTTP/1.1\r\nHost: t\r\n\r\n",
		"GET /nowhere HTTP/1.1\r\nHost: t\r\n\r\n",
		"PUT /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n",
		"PUT /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nab",
		"PUT /work HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nab",
		"PUT /stream/fail HTTP/1.1\r\nHost: t\r\n"
		"Content-Length: 2\r\n\r\nab",
		"PUT /stream/refuse HTTP/1.1\r\nHost: t\r\n"
		"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
	};
	static const int statuses[] = {200, 200, 404, 200, 200, 405, 400, 403};
	struct http_client client;
	struct http_answer answer;
	struct app app;

	start(&app);
	http_client_open(&client, app.address);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < 8; i++) {
			http_client_text(&client, requests[i]);
			http_client_read(&client, false, &answer);
			CHECK(answer.status == statuses[i]);
			CHECK(!has_field(&answer, "Connection"));
			http_answer_release(&answer);
		}
	}
	http_client_close(&client);
	http_fixture_stop(&app);
	CHECK(app.opened == 4 && app.closed == 4);
}

static void test_head_says_what_get_would(void)
{
	static const char *const targets[] = {"/memory", "/file"};
	static const char *const lengths[] = {"700", "4194304"};
	struct http_answer answer;
	struct app app;

	start(&app);
	for (size_t i = 0; i < 2; i++) {
		http_get(app.address, "HEAD", targets[i], "", &answer);
		CHECK(answer.status == 200);
		check_field(&answer, "Content-Length", lengths[i]);
		check_field(&answer, "Content-Type", "text/plain");
		CHECK(has_field(&answer, "ETag"));
		CHECK(has_field(&answer, "Docker-Content-Digest"));
		CHECK(has_field(&answer, "Accept-Ranges") == (i == 1));
		http_answer_release(&answer);
	}
	http_fixture_stop(&app);
}

static void test_sends_the_part_that_was_asked_for(void)
{
	struct http_answer answer;
	struct app app;

	start(&app);
	http_get(app.address, "GET", "/file", "Range: bytes=4095-4097\r\n",
		 &answer);
	CHECK(answer.status == 206 && answer.whole);
	check_field(&answer, "Content-Range", "bytes 4095-4097/4194304");
	check_field(&answer, "Content-Length", "3");
	CHECK_TEXT(answer.body, "abb");
	http_answer_release(&answer);
	http_get(app.address, "GET", "/file", "Range: bytes=4194304-\r\n",
		 &answer);
	CHECK(answer.status == 416);
	check_field(&answer, "Content-Range", "bytes */4194304");
	http_answer_release(&answer);
	http_get(app.address, "GET", "/memory", "Range: bytes=0-1\r\n",
		 &answer);
	CHECK(answer.status == 200 && answer.body_len == MEMORY_SIZE);
	http_answer_release(&answer);
	http_fixture_stop(&app);
}

/* Ask twice on one connection: a byte of a body would be taken for the start of
 * the second answer.  The length, if it is said, is that of the whole. */
static void expect_not_modified(const char *address, const char *method,
				const char *path, const char *length)
{
	struct http_client client;
	struct http_answer answer;
	char etag[200];
	char text[512];

	http_get(address, "GET", path, "", &answer);
	CHECK(http_answer_field(&answer, "ETag", etag, sizeof(etag)));
	http_answer_release(&answer);
	snprintf(text, sizeof(text),
		 "%s %s HTTP/1.1\r\nHost: t\r\nIf-None-Match: %s\r\n\r\n",
		 method, path, etag);
	http_client_open(&client, address);
	for (int i = 0; i < 2; i++) {
		http_client_text(&client, text);
		http_client_read(&client, true, &answer);
		CHECK(answer.status == 304);
		check_field(&answer, "ETag", etag);
		check_field(&answer, "Content-Length", length);
		CHECK(has_field(&answer, "Docker-Content-Digest"));
		http_answer_release(&answer);
	}
	http_client_close(&client);
}

static void test_sends_nothing_that_the_client_has(void)
{
	struct app app;

	start(&app);
	expect_not_modified(app.address, "GET", "/memory", "700");
	expect_not_modified(app.address, "HEAD", "/memory", "700");
	expect_not_modified(app.address, "GET", "/file", "4194304");
	expect_not_modified(app.address, "HEAD", "/file", "4194304");
	http_fixture_stop(&app);
}

static void send_stream(struct http_client *client, const char *how,
			size_t length)
{
	static const char data[1000];
	char head[200];

	snprintf(head, sizeof(head),
		 "PUT /stream/%s HTTP/1.1\r\nHost: t\r\n"
		 "Content-Length: %zu\r\n\r\n",
		 how, length);
	http_client_text(client, head);
	for (size_t sent = 0; sent < length; sent += sizeof(data))
		http_client_send(client, data, sizeof(data));
}

static void test_streams_a_body_through_its_handler(void)
{
	static const char *const hows[] = {"plain", "slow"};
	struct http_client client;
	struct http_answer answer;
	struct app app;

	start(&app);
	http_client_open(&client, app.address);
	for (size_t i = 0; i < 2; i++) {
		send_stream(&client, hows[i], 400000);
		http_client_read(&client, false, &answer);
		CHECK(answer.status == 201);
		CHECK_TEXT(answer.body, "400000");
		http_answer_release(&answer);
	}
	send_stream(&client, "late", 10000);
	http_client_read(&client, false, &answer);
	CHECK(answer.status == 400);
	http_answer_release(&answer);
	http_client_close(&client);
	http_fixture_stop(&app);
	CHECK(app.opened == 3 && app.closed == 3);
}

/* The client is still sending when the answer is there. */
static void test_refuses_a_large_body_at_once(void)
{
	static const char *const hows[] = {"refuse", "fail"};
	struct http_client client;
	struct http_answer answer;
	struct app app;

	start(&app);
	for (size_t i = 0; i < 2; i++) {
		http_client_open(&client, app.address);
		send_stream(&client, hows[i], 8000000);
		http_client_read(&client, false, &answer);
		CHECK(answer.status == (i == 0 ? 403 : 400));
		CHECK(answer.whole && answer.body_len > 0);
		check_field(&answer, "Connection", "close");
		http_answer_release(&answer);
		CHECK(http_client_ended(&client));
		http_client_close(&client);
	}
	http_fixture_stop(&app);
	CHECK(app.opened == 2 && app.closed == 2);
}

static void test_cleans_up_when_the_client_goes_away(void)
{
	struct http_client client;
	struct app app;

	start(&app);
	http_client_open(&client, app.address);
	http_client_text(&client, "PUT /stream/plain HTTP/1.1\r\nHost: t\r\n"
				  "Content-Length: 100\r\n\r\nabc");
	while (atomic_load(&app.opened) == 0)
		;
	http_client_close(&client);
	while (atomic_load(&app.closed) == 0)
		;
	http_fixture_stop(&app);
	CHECK(app.opened == 1 && app.closed == 1);
}

static void test_asks_who_it_is(void)
{
	struct http_answer answer;
	struct app app;

	start(&app);
	expect(&app, "GET", "/login", "Authorization: quick\r\n", 200);
	CHECK(app.verified == 0);
	expect(&app, "GET", "/login", "Authorization: slow\r\n", 200);
	expect(&app, "GET", "/login", "Authorization: nobody\r\n", 401);
	CHECK(app.verified == 2);
	expect(&app, "GET", "/work", "Authorization: nobody\r\n", 200);
	CHECK(app.verified == 2);
	http_get(app.address, "GET", "/login", "Authorization: wrong\r\n",
		 &answer);
	CHECK(answer.status == 401);
	check_field(&answer, "WWW-Authenticate",
		    "Basic realm=\"berth\", "
		    "charset=\"UTF-8\"");
	CHECK(has_field(&answer, "X-Request-Id"));
	http_answer_release(&answer);
	expect(&app, "GET", "/login",
	       "Authorization: quick\r\nAuthorization: quick\r\n", 400);
	http_fixture_stop(&app);
}

/* No 100 for what is refused; one for what is not. */
static void test_honours_expect(void)
{
	struct http_client client;
	struct http_answer answer;
	struct app app;

	start(&app);
	http_client_open(&client, app.address);
	http_client_text(&client, "PUT /stream/plain HTTP/1.1\r\nHost: t\r\n"
				  "Expect: 100-continue\r\n"
				  "Authorization: wrong\r\n"
				  "Content-Length: 3\r\n\r\n");
	http_client_read(&client, false, &answer);
	CHECK(answer.status == 401);
	http_answer_release(&answer);
	http_client_close(&client);
	http_client_open(&client, app.address);
	http_client_text(&client, "PUT /stream/plain HTTP/1.1\r\nHost: t\r\n"
				  "Expect: 100-continue\r\n"
				  "Authorization: slow\r\n"
				  "Content-Length: 3\r\n\r\n");
	http_client_wait(&client, "HTTP/1.1 100 Continue\r\n\r\n");
	http_client_text(&client, "abc");
	http_client_read(&client, false, &answer);
	CHECK(answer.status == 201);
	http_answer_release(&answer);
	http_client_close(&client);
	http_fixture_stop(&app);
}

static void test_limits_a_buffered_body(void)
{
	struct http_client client;
	struct http_answer answer;
	struct app app;

	start(&app);
	http_client_open(&client, app.address);
	http_client_text(&client, "PUT /echo HTTP/1.1\r\nHost: t\r\n"
				  "Content-Length: 65537\r\n\r\n");
	for (int i = 0; i < 65537; i++)
		http_client_send(&client, "x", 1);
	http_client_read(&client, false, &answer);
	CHECK(answer.status == 413);
	http_answer_release(&answer);
	http_client_text(&client, "PUT /echo HTTP/1.1\r\nHost: t\r\n"
				  "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 66; i++) {
		char block[1024];

		memset(block, 'y', sizeof(block));
		http_client_text(&client, "400\r\n");
		http_client_send(&client, block, sizeof(block));
		http_client_text(&client, "\r\n");
	}
	http_client_text(&client, "0\r\n\r\n");
	http_client_read(&client, false, &answer);
	CHECK(answer.status == 413);
	http_answer_release(&answer);
	http_client_close(&client);
	http_fixture_stop(&app);
}

/* Fields that do not fit into a connection's memory come across anyway. */
static void test_sends_many_fields(void)
{
	struct http_answer answer;
	struct app app;
	char target[8200];

	http_fixture_init(&app);
	app.config.target_bytes = 8192;
	app.config.header_bytes = 12288;
	http_fixture_start(&app);
	for (int count = 1; count <= 64; count += 7) {
		size_t used =
			(size_t)snprintf(target, sizeof(target), "/fields?f=x");

		for (int i = 1; i < count; i++)
			used += (size_t)snprintf(target + used,
						 sizeof(target) - used,
						 "&f=%0119d", i);
		http_get(app.address, "GET", target, "", &answer);
		CHECK(answer.status == 200 && answer.whole);
		CHECK_TEXT(answer.body, "fields\n");
		http_answer_release(&answer);
	}
	http_fixture_stop(&app);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_answers_each_kind_of_route),
		CHECK_CASE(test_names_the_methods_that_a_path_has),
		CHECK_CASE(test_keeps_the_connection),
		CHECK_CASE(test_head_says_what_get_would),
		CHECK_CASE(test_sends_the_part_that_was_asked_for),
		CHECK_CASE(test_sends_nothing_that_the_client_has),
		CHECK_CASE(test_streams_a_body_through_its_handler),
		CHECK_CASE(test_refuses_a_large_body_at_once),
		CHECK_CASE(test_cleans_up_when_the_client_goes_away),
		CHECK_CASE(test_asks_who_it_is),
		CHECK_CASE(test_honours_expect),
		CHECK_CASE(test_limits_a_buffered_body),
		CHECK_CASE(test_sends_many_fields),
	};

	return CHECK_RUN(argc, argv, cases);
}
