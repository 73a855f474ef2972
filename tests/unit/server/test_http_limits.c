/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines, and limits on connections, requests and descriptors. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/check.h"
#include "tests/lib/http_client.h"
#include "tests/lib/http_fixture.h"

#define WORK "GET /work HTTP/1.1\r\nHost: t\r\n\r\n"

static void nap_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000,
				     .tv_nsec = ms % 1000 * 1000000},
		  NULL);
}

static void expect_status(struct http_client *client, int status)
{
	struct http_answer answer;

	http_client_read(client, false, &answer);
	if (answer.status != status)
		fprintf(stderr, "got %d\n%s", answer.status, answer.head);
	CHECK(answer.status == status);
	http_answer_release(&answer);
}

/* One that says something and stops, one that never says a thing. */
static void test_ends_slow_headers(void)
{
	static const char *const starts[] = {
		"G", "GET /work HTTP/1.1\r\n",
		"GET /work HTTP/1.1\r\nHost: t\r\nX: "};
	struct http_client client;
	struct app app;

	http_fixture_init(&app);
	app.config.header_timeout_ms = 100;
	http_fixture_start(&app);
	for (size_t i = 0; i < 3; i++) {
		http_client_open(&client, app.address);
		http_client_text(&client, starts[i]);
		expect_status(&client, 408);
		CHECK(http_client_ended(&client));
		http_client_close(&client);
	}
	/* On a connection that was of use before, too. */
	for (size_t i = 0; i < 3; i++) {
		http_client_open(&client, app.address);
		http_client_text(&client, WORK);
		expect_status(&client, 200);
		nap_ms(80);
		http_client_text(&client, starts[i]);
		expect_status(&client, 408);
		http_client_close(&client);
	}
	http_fixture_stop(&app);
}

static void test_a_trickle_gives_headers_no_more_time(void)
{
	struct http_client client;
	struct http_answer answer;
	struct app app;

	http_fixture_init(&app);
	app.config.header_timeout_ms = 200;
	http_fixture_start(&app);
	http_client_open(&client, app.address);
	http_client_text(&client, "GET /work HTTP/1.1\r\nHost: t\r\n");
	for (int i = 0; i < 20; i++) {
		http_client_text(&client, "A: b\r\n");
		nap_ms(50);
	}
	http_client_text(&client, "\r\n");
	http_client_read(&client, false, &answer);
	CHECK(answer.status == 408);
	http_answer_release(&answer);
	http_client_close(&client);
	http_fixture_stop(&app);
}

static void test_closes_what_idles(void)
{
	struct http_client fresh;
	struct http_client used;
	struct app app;

	http_fixture_init(&app);
	app.config.idle_timeout_ms = 100;
	http_fixture_start(&app);
	http_client_open(&fresh, app.address);
	CHECK(http_client_ended(&fresh));
	http_client_open(&used, app.address);
	http_client_text(&used, WORK);
	expect_status(&used, 200);
	CHECK(http_client_ended(&used));
	http_client_close(&fresh);
	http_client_close(&used);
	http_fixture_stop(&app);
}

static void test_ends_a_body_that_stops(void)
{
	static const char *const targets[] = {"/echo", "/stream/plain"};
	struct http_client client;
	struct app app;
	char head[200];

	http_fixture_init(&app);
	app.config.body_idle_timeout_ms = 100;
	http_fixture_start(&app);
	for (size_t i = 0; i < 2; i++) {
		http_client_open(&client, app.address);
		snprintf(head, sizeof(head),
			 "PUT %s HTTP/1.1\r\nHost: t\r\n"
			 "Content-Length: 10\r\n\r\nabc",
			 targets[i]);
		http_client_text(&client, head);
		expect_status(&client, 408);
		CHECK(http_client_ended(&client));
		http_client_close(&client);
	}
	http_fixture_stop(&app);
	CHECK(app.opened == 1 && app.closed == 1);
}

static void test_ends_a_body_that_trickles(void)
{
	struct http_client client;
	struct app app;

	http_fixture_init(&app);
	app.config.body_idle_timeout_ms = 400;
	app.config.body_timeout_ms = 800;
	http_fixture_start(&app);
	http_client_open(&client, app.address);
	http_client_text(&client, "PUT /stream/plain HTTP/1.1\r\nHost: t\r\n"
				  "Content-Length: 1000\r\n\r\n");
	for (int i = 0; i < 30; i++) {
		http_client_text(&client, "a");
		nap_ms(50);
	}
	expect_status(&client, 408);
	http_client_close(&client);
	http_fixture_stop(&app);
	CHECK(app.closed == 1);
}

/* The answer is larger than what the kernel holds, and nobody reads it. */
static void test_ends_a_client_that_does_not_read(void)
{
	struct http_client client;
	struct http_answer answer;
	struct app app;

	http_fixture_init(&app);
	app.config.body_idle_timeout_ms = 100;
	http_fixture_start(&app);
	http_client_open(&client, app.address);
	for (int i = 0; i < 8; i++)
		http_client_text(&client,
				 "GET /file HTTP/1.1\r\nHost: t\r\n\r\n");
	nap_ms(1500);
	int answers = 0;

	do {
		http_client_read(&client, false, &answer);
		answers++;
		bool whole = answer.whole && answer.status == 200;

		http_answer_release(&answer);
		if (!whole)
			break;
	} while (answers < 8);
	CHECK(answers < 8);
	http_client_close(&client);
	http_fixture_stop(&app);
}

static void test_a_slow_reader_that_reads_is_served(void)
{
	struct http_client client;
	struct http_answer answer;
	struct app app;
	int small = 65536;

	http_fixture_init(&app);
	app.config.body_idle_timeout_ms = 800;
	http_fixture_start(&app);
	http_client_open(&client, app.address);
	CHECK(setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &small,
			 sizeof(small)) == 0);
	http_client_text(&client, "GET /file HTTP/1.1\r\nHost: t\r\n\r\n");
	for (int i = 0; i < 16; i++) {
		CHECK(http_client_take(&client, 131072) > 0);
		nap_ms(100);
	}
	http_client_read(&client, false, &answer);
	CHECK(answer.status == 200 && answer.whole);
	CHECK(answer.body_len == FIXTURE_FILE_SIZE);
	http_answer_release(&answer);
	http_client_close(&client);
	http_fixture_stop(&app);
}

static void test_limits_requests_in_flight(void)
{
	struct http_client stalled[2];
	struct http_client client;
	struct http_answer answer;
	char value[32];
	struct app app;

	http_fixture_init(&app);
	app.config.requests = 2;
	http_fixture_start(&app);
	for (int i = 0; i < 2; i++) {
		http_client_open(&stalled[i], app.address);
		http_client_text(&stalled[i],
				 "GET /stall HTTP/1.1\r\nHost: t\r\n\r\n");
	}
	while (atomic_load(&app.stalled) < 2)
		nap_ms(1);
	http_client_open(&client, app.address);
	http_client_text(&client, WORK);
	http_client_read(&client, false, &answer);
	CHECK(answer.status == 503);
	CHECK_TEXT(
		http_answer_field(&answer, "Retry-After", value, sizeof(value)),
		"1");
	http_answer_release(&answer);
	atomic_store(&app.release, true);
	for (int i = 0; i < 2; i++) {
		expect_status(&stalled[i], 200);
		http_client_close(&stalled[i]);
	}
	/* Their share is free again, once the loops have noticed. */
	for (int i = 0, status = 503; i < 1000 && status == 503; i++) {
		http_client_text(&client, WORK);
		http_client_read(&client, false, &answer);
		status = answer.status;
		http_answer_release(&answer);
		CHECK(status == 200 || i < 999);
	}
	http_client_close(&client);
	http_fixture_stop(&app);
}

/* Whoever is refused must not take the place of others by sending a body that
 * never ends. */
static void test_refused_bodies_are_not_in_flight(void)
{
	struct http_client refused[2];
	struct http_answer answer = {.status = 0};
	struct app app;

	http_fixture_init(&app);
	app.config.requests = 2;
	http_fixture_start(&app);
	for (size_t i = 0; i < 2; i++) {
		http_client_open(&refused[i], app.address);
		http_client_text(&refused[i],
				 "PUT /stream/refuse HTTP/1.1\r\nHost: t\r\n"
				 "Content-Length: 1000\r\n\r\nabc");
		while (atomic_load(&app.closed) < i + 1)
			sched_yield();
	}
	/* It is refused a moment after it was cleaned up. */
	for (int tries = 0; tries < 100 && answer.status != 200; tries++) {
		http_get(app.address, "GET", "/work", "", &answer);
		http_answer_release(&answer);
		nap_ms(10);
	}
	CHECK(answer.status == 200);
	for (size_t i = 0; i < 2; i++)
		http_client_close(&refused[i]);
	http_fixture_stop(&app);
}

static void test_limits_connections_per_address(void)
{
	struct http_client clients[3];
	struct http_client more;
	struct app app;

	http_fixture_init(&app);
	app.config.connections_per_address = 3;
	http_fixture_start(&app);
	for (int i = 0; i < 3; i++) {
		http_client_open(&clients[i], app.address);
		http_client_text(&clients[i], WORK);
		expect_status(&clients[i], 200);
	}
	http_client_open(&more, app.address);
	CHECK(http_client_ended(&more));
	http_client_close(&more);
	http_client_close(&clients[0]);
	for (int i = 0; i < 1000; i++) {
		http_client_open(&more, app.address);
		http_client_text(&more, WORK);
		bool served = !http_client_ended(&more) || more.held_len > 0;

		http_client_close(&more);
		if (served)
			break;
		CHECK(i < 999);
		nap_ms(5);
	}
	http_client_close(&clients[1]);
	http_client_close(&clients[2]);
	http_fixture_stop(&app);
}

static void test_further_connections_wait(void)
{
	struct http_client clients[4];
	struct http_client late;
	struct app app;

	http_fixture_init(&app);
	app.config.connections = 4;
	http_fixture_start(&app);
	for (int i = 0; i < 4; i++) {
		http_client_open(&clients[i], app.address);
		http_client_text(&clients[i], WORK);
		expect_status(&clients[i], 200);
	}
	http_client_open(&late, app.address);
	http_client_text(&late, WORK);
	for (int i = 0; i < 4; i++)
		http_client_close(&clients[i]);
	expect_status(&late, 200);
	http_client_close(&late);
	http_fixture_stop(&app);
}

/* Their end came along with their bytes.  Whoever comes next has to wait for
 * them, and has less patience than they have time. */
static void test_half_a_request_ends_with_its_client(void)
{
	static const char *const halves[] = {
		"GET /work HTTP/1.1\r\nHost: t\r\n",
		"PUT /echo HTTP/1.1\r\nHost: t\r\nContent-Length: "
		"10\r\n\r\nabc",
	};
	struct http_client client;
	struct http_client late;
	struct app app;

	http_fixture_init(&app);
	app.config.connections = 1;
	app.config.idle_timeout_ms = 800;
	app.config.header_timeout_ms = 300000;
	app.config.body_idle_timeout_ms = 300000;
	app.config.body_timeout_ms = 300000;
	http_fixture_start(&app);
	for (size_t i = 0; i < 2; i++) {
		http_client_open(&client, app.address);
		http_client_text(&client, halves[i]);
		http_client_close(&client);
		http_client_open(&late, app.address);
		http_client_text(&late, WORK);
		expect_status(&late, 200);
		http_client_close(&late);
	}
	http_fixture_stop(&app);
}

/* No descriptor is left: those who are in are served, and those who come are as
 * soon as there is one again. */
static void test_survives_without_descriptors(void)
{
	struct rlimit limit;
	struct http_client in;
	struct http_client late;
	int hoard[64];
	int count = 0;
	struct app app;

	http_fixture_init(&app);
	http_fixture_start(&app);
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	http_client_open(&in, app.address);
	http_client_text(&in, WORK);
	expect_status(&in, 200);
	http_client_open(&late, app.address);
	http_client_text(&late, WORK);
	expect_status(&late, 200);
	http_client_close(&late);
	limit.rlim_cur = 48;
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	while (count < 64 && (hoard[count] = dup(0)) >= 0)
		count++;
	CHECK(count > 1 && count < 64);
	close(hoard[--count]);
	http_client_open(&late, app.address);
	http_client_text(&late, WORK);
	while (atomic_load(&app.shed) == 0)
		nap_ms(1);
	http_client_text(&in, WORK);
	expect_status(&in, 200);
	while (count > 0)
		close(hoard[--count]);
	expect_status(&late, 200);
	http_client_close(&in);
	http_client_close(&late);
	http_fixture_stop(&app);
}

static void test_lets_requests_end_when_it_stops(void)
{
	struct http_client busy;
	struct http_client idle;
	struct http_answer answer;
	char value[32];
	struct app app;

	http_fixture_init(&app);
	http_fixture_start(&app);
	http_client_open(&idle, app.address);
	http_client_text(&idle, WORK);
	expect_status(&idle, 200);
	http_client_open(&busy, app.address);
	http_client_text(&busy, "GET /stall HTTP/1.1\r\nHost: t\r\n\r\n");
	while (atomic_load(&app.stalled) == 0)
		nap_ms(1);
	http_fixture_stop_begin(&app);
	CHECK(http_client_ended(&idle));
	atomic_store(&app.release, true);
	http_client_read(&busy, false, &answer);
	CHECK(answer.status == 200 && answer.whole);
	CHECK_TEXT(
		http_answer_field(&answer, "Connection", value, sizeof(value)),
		"close");
	http_answer_release(&answer);
	CHECK(http_client_ended(&busy));
	http_client_close(&busy);
	http_client_close(&idle);
	http_fixture_stop(&app);
}

static void test_stops_in_spite_of_a_stalled_client(void)
{
	struct http_client client;
	struct app app;

	http_fixture_init(&app);
	app.config.drain_timeout_ms = 200;
	http_fixture_start(&app);
	http_client_open(&client, app.address);
	http_client_text(&client, "PUT /stream/plain HTTP/1.1\r\nHost: t\r\n"
				  "Content-Length: 10\r\n\r\nabc");
	while (atomic_load(&app.opened) == 0)
		nap_ms(1);
	http_fixture_stop(&app);
	http_client_close(&client);
	CHECK(app.closed == 1);
}

/* A file that was cut behind our back costs its connection, not a wait. */
static void test_a_file_that_lost_its_end_is_no_answer(void)
{
	struct http_client client;
	struct http_answer answer;
	struct app app;

	http_fixture_init(&app);
	http_fixture_start(&app);
	CHECK(truncate(app.file_path, 1000) == 0);
	http_client_open(&client, app.address);
	http_client_text(&client, "GET /file HTTP/1.1\r\nHost: t\r\n\r\n");
	http_client_read(&client, false, &answer);
	CHECK(answer.status == 500 && answer.whole);
	http_answer_release(&answer);
	http_client_close(&client);
	http_fixture_stop(&app);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_ends_slow_headers),
		CHECK_CASE(test_a_trickle_gives_headers_no_more_time),
		CHECK_CASE(test_closes_what_idles),
		CHECK_CASE(test_ends_a_body_that_stops),
		CHECK_CASE(test_ends_a_body_that_trickles),
		CHECK_CASE(test_ends_a_client_that_does_not_read),
		CHECK_CASE(test_a_slow_reader_that_reads_is_served),
		CHECK_CASE(test_limits_requests_in_flight),
		CHECK_CASE(test_refused_bodies_are_not_in_flight),
		CHECK_CASE(test_limits_connections_per_address),
		CHECK_CASE(test_further_connections_wait),
		CHECK_CASE(test_half_a_request_ends_with_its_client),
		CHECK_CASE(test_survives_without_descriptors),
		CHECK_CASE(test_lets_requests_end_when_it_stops),
		CHECK_CASE(test_stops_in_spite_of_a_stalled_client),
		CHECK_CASE(test_a_file_that_lost_its_end_is_no_answer),
	};

	return CHECK_RUN(argc, argv, cases);
}
