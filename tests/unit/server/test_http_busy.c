/* SPDX-License-Identifier: Apache-2.0 */
/* Many clients at once, and some that stand in the way. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/pool.h"
#include "server/http/mhd_sendfile.h"
#include "tests/lib/check.h"
#include "tests/lib/http_client.h"
#include "tests/lib/http_fixture.h"

#define ROUNDS 4
#define FILES_3                                                                \
	"GET /file HTTP/1.1\r\nHost: t\r\n\r\n"                                \
	"GET /file HTTP/1.1\r\nHost: t\r\n\r\n"                                \
	"GET /file HTTP/1.1\r\nHost: t\r\n\r\n"
#define SLOW_UPLOAD                                                            \
	"PUT /stream/slow HTTP/1.1\r\nHost: t\r\n"                             \
	"Transfer-Encoding: chunked\r\n\r\n5\r\nab"
#define PLAIN_UPLOAD                                                           \
	"PUT /stream/plain HTTP/1.1\r\nHost: t\r\n"                            \
	"Content-Length: 10\r\n\r\nabc"
#define MEMORY "GET /memory HTTP/1.1\r\nHost: t\r\n\r\n"
#define LOGIN "GET /login HTTP/1.1\r\nHost: t\r\nAuthorization: slow\r\n\r\n"

static atomic_size_t sendfiles;
static _Atomic uint64_t sent_until;

/* In the place of server/http/mhd_sendfile.c. */
void sendfile_until(int in, uint64_t end)
{
	(void)in;
	atomic_store(&sent_until, end);
}

ssize_t sendfile64(int out, int in, int64_t *offset, size_t count)
{
	atomic_fetch_add(&sendfiles, 1);
	return syscall(SYS_sendfile, out, in, offset, count);
}

#define STUCK "GET /login HTTP/1.1\r\nHost: t\r\nAuthorization: stuck\r\n\r\n"
#define WORK "GET /work HTTP/1.1\r\nHost: t\r\n\r\n"
#define BULK_MAX 64	  /* as in server/http/mhd_hello.c */
#define UPLOAD_SIZE 40000 /* more than half of a connection's usual memory */
#define VERIFYING_MAX 512 /* as in server/http/pipeline.c */
#define STUCK_MAX (VERIFYING_MAX + 2)

static void expect_ok(struct http_client *client)
{
	struct http_answer answer;

	http_client_read(client, false, &answer);
	CHECK(answer.status == 200 && answer.whole);
	http_answer_release(&answer);
}

static void raise_limit(void)
{
	struct rlimit limit;

	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = limit.rlim_max < 8192 ? limit.rlim_max : 8192;
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

/* Everybody asks before anybody reads, so that all are ready in one turn. */
static void serve_at_once(size_t count, const char *request)
{
	struct http_client *clients = calloc(count, sizeof(*clients));
	struct app app;

	CHECK(clients);
	raise_limit();
	http_fixture_init(&app);
	http_fixture_start(&app);
	for (size_t i = 0; i < count; i++)
		http_client_open(&clients[i], app.address);
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < count; i++)
			http_client_text(&clients[i], request);
		for (size_t i = 0; i < count; i++)
			expect_ok(&clients[i]);
	}
	for (size_t i = 0; i < count; i++)
		http_client_close(&clients[i]);
	free(clients);
	http_fixture_stop(&app);
}

static void test_serves_256_at_once(void)
{
	serve_at_once(256, MEMORY);
}

static void test_serves_512_at_once(void)
{
	serve_at_once(512, MEMORY);
}

static void test_serves_1024_at_once(void)
{
	serve_at_once(1024, MEMORY);
}

static void test_serves_512_that_wait_for_workers(void)
{
	serve_at_once(512, LOGIN);
}

/* One event loop, and on it everything that a client can do to hold it up. */
static void test_a_stalled_client_blocks_nobody(void)
{
	static const char *const stalls[] = {
		"G",
		"GET /memory HTTP/1.1\r\nHost:",
		PLAIN_UPLOAD,
		SLOW_UPLOAD,
		"PUT /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nab",
		"GET /stall HTTP/1.1\r\nHost: t\r\n\r\n",
		FILES_3,
	};
	struct http_client stalled[sizeof(stalls) / sizeof(stalls[0])];
	struct http_client client;
	struct app app;

	http_fixture_init(&app);
	app.config.event_loops = 1;
	http_fixture_start(&app);
	for (size_t i = 0; i < sizeof(stalls) / sizeof(stalls[0]); i++) {
		http_client_open(&stalled[i], app.address);
		http_client_text(&stalled[i], stalls[i]);
	}
	http_client_open(&client, app.address);
	for (int i = 0; i < 200; i++) {
		http_client_text(&client, i % 2 ? MEMORY : LOGIN);
		expect_ok(&client);
	}
	http_client_close(&client);
	for (size_t i = 0; i < sizeof(stalls) / sizeof(stalls[0]); i++)
		http_client_close(&stalled[i]);
	http_fixture_stop(&app);
}

/* As many wrong passwords as the queue takes: who needs none is served by
 * workers, and who comes with one more is told to come back. */
static void test_passwords_keep_no_worker_busy(void)
{
	struct http_client *stuck = calloc(STUCK_MAX, sizeof(*stuck));
	struct http_client client;
	struct http_answer answer;
	struct app app;
	char field[8];

	CHECK(stuck);
	raise_limit();
	http_fixture_init(&app);
	http_fixture_start(&app);
	for (size_t i = 0; i < STUCK_MAX; i++) {
		http_client_open(&stuck[i], app.address);
		http_client_text(&stuck[i], STUCK);
	}
	while (pool_waiting(app.verifiers) < VERIFYING_MAX)
		sched_yield();
	http_client_open(&client, app.address);
	http_client_text(&client, WORK);
	expect_ok(&client);
	http_client_text(&client, LOGIN);
	http_client_read(&client, false, &answer);
	CHECK(answer.status == 503);
	CHECK_TEXT(
		http_answer_field(&answer, "Retry-After", field, sizeof(field)),
		"1");
	http_answer_release(&answer);
	http_client_close(&client);
	atomic_store(&app.release, true);
	for (size_t i = 0; i < STUCK_MAX; i++)
		http_client_close(&stuck[i]);
	free(stuck);
	http_fixture_stop(&app);
}

static void test_sends_files_without_copying(void)
{
	struct http_answer answer;
	struct app app;

	http_fixture_init(&app);
	http_fixture_start(&app);
	http_get(app.address, "GET", "/file", "", &answer);
	CHECK(answer.status == 200 && answer.body_len == FIXTURE_FILE_SIZE);
	for (size_t i = 0; i < FIXTURE_FILE_SIZE; i += 4096)
		CHECK(answer.body[i] == 'a' + (char)(i / 4096 % 26));
	CHECK(sendfiles > 0 && sent_until == FIXTURE_FILE_SIZE);
	http_answer_release(&answer);
	http_get(app.address, "GET", "/file", "Range: bytes=100-299\r\n",
		 &answer);
	CHECK(answer.status == 206 && sent_until == 300);
	http_answer_release(&answer);
	http_fixture_stop(&app);
}

/* Uploads and downloads side by side keep every byte in its place. */
static void test_mixes_uploads_with_downloads(void)
{
	struct http_client clients[16];
	struct http_answer answer;
	struct app app;
	char piece[1000];

	memset(piece, 'x', sizeof(piece));
	http_fixture_init(&app);
	http_fixture_start(&app);
	for (size_t i = 0; i < 16; i++) {
		http_client_open(&clients[i], app.address);
		http_client_text(&clients[i],
				 i % 2 ? "GET /file HTTP/1.1\r\nHost: t\r\n\r\n"
				       : "PUT /stream/slow HTTP/1.1\r\n"
					 "Host: t\r\n"
					 "Content-Length: 100000\r\n\r\n");
	}
	for (int i = 0; i < 100; i++)
		for (size_t k = 0; k < 16; k += 2)
			http_client_send(&clients[k], piece, sizeof(piece));
	for (size_t i = 0; i < 16; i++) {
		http_client_read(&clients[i], false, &answer);
		CHECK(answer.whole && answer.status == (i % 2 ? 200 : 201));
		if (i % 2)
			CHECK(answer.body_len == FIXTURE_FILE_SIZE);
		else
			CHECK_TEXT(answer.body, "100000");
		http_answer_release(&answer);
		http_client_close(&clients[i]);
	}
	http_fixture_stop(&app);
	CHECK(app.opened == 8 && app.closed == 8);
}

/* One segment of loopback: whether it comes whole is the server's choice. */
static bool comes_in_one_piece(struct app *app, struct http_client *client)
{
	static const char head[] = "PUT /stream/plain HTTP/1.1\r\nHost: t\r\n"
				   "Content-Length: 40000\r\n\r\n";
	char request[sizeof(head) - 1 + UPLOAD_SIZE];
	struct http_answer answer;

	memcpy(request, head, sizeof(head) - 1);
	memset(request + sizeof(head) - 1, 'x', UPLOAD_SIZE);
	http_client_send(client, request, sizeof(request));
	http_client_read(client, false, &answer);
	CHECK(answer.status == 201);
	CHECK_TEXT(answer.body, "40000");
	http_answer_release(&answer);
	return atomic_load(&app->piece) == UPLOAD_SIZE;
}

static void test_gives_some_uploads_much_memory(void)
{
	struct http_client clients[BULK_MAX + 2];
	struct app app;
	bool again = false;

	http_fixture_init(&app);
	app.config.event_loops = 1;
	http_fixture_start(&app);
	http_client_open(&clients[0], app.address);
	http_client_text(&clients[0], MEMORY);
	expect_ok(&clients[0]);
	CHECK(!comes_in_one_piece(&app, &clients[0]));
	for (size_t i = 1; i < BULK_MAX + 2; i++) {
		http_client_open(&clients[i], app.address);
		CHECK(comes_in_one_piece(&app, &clients[i]) == (i <= BULK_MAX));
	}
	http_client_text(&clients[1], MEMORY);
	expect_ok(&clients[1]);
	for (size_t i = 0; i < BULK_MAX + 2; i++)
		http_client_close(&clients[i]);
	while (!again) {
		http_client_open(&clients[0], app.address);
		again = comes_in_one_piece(&app, &clients[0]);
		http_client_close(&clients[0]);
	}
	http_fixture_stop(&app);
}

/* Connections that come and go with requests under way. */
static void test_survives_clients_that_vanish(void)
{
	static const char *const starts[] = {
		"GET /work HTTP/1.1\r\nHost: t\r\n\r\n",
		LOGIN,
		SLOW_UPLOAD,
		FILES_3,
	};
	struct http_client client;
	struct app app;

	http_fixture_init(&app);
	http_fixture_start(&app);
	for (int i = 0; i < 200; i++) {
		http_client_open(&client, app.address);
		http_client_text(&client, starts[i % 4]);
		http_client_close(&client);
	}
	http_client_open(&client, app.address);
	http_client_text(&client, MEMORY);
	expect_ok(&client);
	http_client_close(&client);
	http_fixture_stop(&app);
	CHECK(app.opened == app.closed);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_serves_256_at_once),
		CHECK_CASE(test_serves_512_at_once),
		CHECK_CASE(test_serves_1024_at_once),
		CHECK_CASE(test_serves_512_that_wait_for_workers),
		CHECK_CASE(test_a_stalled_client_blocks_nobody),
		CHECK_CASE(test_passwords_keep_no_worker_busy),
		CHECK_CASE(test_sends_files_without_copying),
		CHECK_CASE(test_mixes_uploads_with_downloads),
		CHECK_CASE(test_gives_some_uploads_much_memory),
		CHECK_CASE(test_survives_clients_that_vanish),
	};

	return CHECK_RUN(argc, argv, cases);
}
