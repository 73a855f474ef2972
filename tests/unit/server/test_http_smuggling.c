/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that two programs could read in two ways, over a real socket. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/check.h"
#include "tests/lib/http_client.h"
#include "tests/lib/http_fixture.h"

#define HEAD "PUT /echo HTTP/1.1\r\nHost: t\r\n"
#define NEXT "GET /work HTTP/1.1\r\nHost: t\r\n\r\n"

struct attack {
	const char *name;
	const char *text;
	size_t len; /* 0: strlen(text) */
	int status; /* 0: any refusal */
};

/* Refused, and whatever follows is not read as a request. */
static void expect_refusal(const struct app *app, const struct attack *attack)
{
	struct http_client client;
	struct http_answer answer;

	http_client_open(&client, app->address);
	http_client_send(&client, attack->text,
			 attack->len ? attack->len : strlen(attack->text));
	http_client_text(&client, NEXT);
	http_client_read(&client, false, &answer);
	bool refused = answer.status == attack->status ||
		       (attack->status == 0 && answer.status != 200);

	http_answer_release(&answer);
	if (!refused)
		fprintf(stderr, "%s: %d\n%s\n", attack->name, answer.status,
			answer.head);
	CHECK(refused);
	CHECK(!http_client_sees(&client, "HTTP/1.1 200"));
	http_client_close(&client);
}

#define ATTACK(name, text, status)                                             \
	{                                                                      \
		name, text, sizeof(text) - 1, status                           \
	}

static void test_refuses_doubtful_framing(void)
{
	static const struct attack attacks[] = {
		ATTACK("length and chunks",
		       HEAD "Content-Length: 5\r\n"
			    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		       400),
		ATTACK("chunks and length",
		       HEAD "Transfer-Encoding: chunked\r\n"
			    "Content-Length: 5\r\n\r\n0\r\n\r\n",
		       400),
		ATTACK("two lengths",
		       HEAD "Content-Length: 0\r\nContent-Length: 2\r\n\r\nab",
		       400),
		ATTACK("two equal lengths",
		       HEAD "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab",
		       400),
		ATTACK("a list of lengths",
		       HEAD "Content-Length: 2, 2\r\n\r\nab", 400),
		ATTACK("a signed length", HEAD "Content-Length: +2\r\n\r\nab",
		       400),
		ATTACK("a negative length", HEAD "Content-Length: -2\r\n\r\n",
		       400),
		ATTACK("a hexadecimal length",
		       HEAD "Content-Length: 0x2\r\n\r\nab", 400),
		ATTACK("an endless length",
		       HEAD "Content-Length: 18446744073709551616\r\n\r\n", 0),
		ATTACK("a length beyond 2^63",
		       HEAD "Content-Length: 9223372036854775808\r\n\r\n", 400),
		ATTACK("another coding",
		       HEAD "Transfer-Encoding: identity\r\n\r\n", 400),
		ATTACK("a coding before the last",
		       HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n", 400),
		ATTACK("a coding after the last",
		       HEAD "Transfer-Encoding: chunked, x\r\n\r\n", 400),
		ATTACK("two codings",
		       HEAD "Transfer-Encoding: chunked\r\n"
			    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		       400),
		ATTACK("a tab in the coding",
		       HEAD "Transfer-Encoding: \x0b"
			    "chunked\r\n\r\n0\r\n\r\n",
		       400),
		ATTACK("chunks in 1.0",
		       "PUT /echo HTTP/1.0\r\nHost: t\r\n"
		       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		       400),
	};
	struct app app;

	http_fixture_init(&app);
	http_fixture_start(&app);
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
		expect_refusal(&app, &attacks[i]);
	http_fixture_stop(&app);
}

static void test_refuses_doubtful_fields(void)
{
	static const struct attack attacks[] = {
		ATTACK("no host", "GET /work HTTP/1.1\r\n\r\n", 400),
		ATTACK("two hosts",
		       "GET /work HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
		ATTACK("a space before the colon",
		       "GET /work HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n", 400),
		ATTACK("a space in the length's name",
		       HEAD "Content-Length : 2\r\n\r\nab", 400),
		ATTACK("a folded line",
		       "GET /work HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n",
		       400),
		ATTACK("a folded line that hides a length",
		       HEAD "X: b\r\n Content-Length: 2\r\n\r\n", 400),
		ATTACK("a fold before the first field",
		       "GET /work HTTP/1.1\r\n X: b\r\nHost: a\r\n\r\n", 400),
		ATTACK("a long folded line",
		       "GET /work HTTP/1.1\r\nHost: a\r\nA: b\r\n"
		       "\tcccccccccccccccccccccccccccccccccccccccc\r\n\r\n",
		       400),
		ATTACK("no colon", "GET /work HTTP/1.1\r\nHost: a\r\nX\r\n\r\n",
		       400),
		ATTACK("no name",
		       "GET /work HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400),
		ATTACK("a NUL in a value",
		       "GET /work HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n", 400),
		ATTACK("a NUL in a name",
		       "GET /work HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n", 400),
		ATTACK("a control character in a value",
		       "GET /work HTTP/1.1\r\nHost: a\r\nX: b\x01\r\n\r\n",
		       400),
		ATTACK("a lone CR in a value",
		       "GET /work HTTP/1.1\r\nHost: a\r\nX: b\rY: c\r\n\r\n",
		       400),
		ATTACK("a bare LF after a field",
		       "GET /work HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
		ATTACK("a bare LF after the request line",
		       "GET /work HTTP/1.1\nHost: a\r\n\r\n", 400),
		ATTACK("a NUL in the target",
		       "GET /work\0/x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
	};
	struct app app;

	http_fixture_init(&app);
	http_fixture_start(&app);
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
		expect_refusal(&app, &attacks[i]);
	http_fixture_stop(&app);
}

static void test_refuses_doubtful_chunks(void)
{
#define CHUNKS HEAD "Transfer-Encoding: chunked\r\n\r\n"
	static const struct attack attacks[] = {
		ATTACK("an endless chunk",
		       CHUNKS "fffffffffffffffff\r\nab\r\n0\r\n\r\n", 0),
		ATTACK("a chunk that wraps around",
		       CHUNKS "10000000000000002\r\nab\r\n0\r\n\r\n", 0),
		ATTACK("a chunk without a size", CHUNKS "\r\nab\r\n", 400),
		ATTACK("a signed chunk", CHUNKS "+2\r\nab\r\n0\r\n\r\n", 400),
		ATTACK("a prefixed chunk", CHUNKS "0x2\r\nab\r\n0\r\n\r\n",
		       400),
		ATTACK("a chunk that is longer than it says",
		       CHUNKS "2\r\nabc\r\n0\r\n\r\n", 400),
		ATTACK("a space before the size",
		       CHUNKS " 2\r\nab\r\n0\r\n\r\n", 400),
	};
	struct app app;

	http_fixture_init(&app);
	http_fixture_start(&app);
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
		expect_refusal(&app, &attacks[i]);
	http_fixture_stop(&app);
}

/* Extensions and trailers change nothing. */
static void test_reads_what_is_odd_but_clear(void)
{
	static const struct {
		const char *text;
		const char *body;
	} cases[] = {
		{HEAD "Transfer-Encoding: chunked\r\n\r\n"
		      "2;a=b\r\nab\r\n0\r\n\r\n",
		 "ab"},
		{HEAD "Transfer-Encoding: chunked\r\n\r\n"
		      "2\r\nab\r\n0\r\nContent-Length: 9\r\n\r\n",
		 "ab"},
		{HEAD "transfer-encoding:CHUNKED\r\n\r\n"
		      "1\r\na\r\n1\r\nb\r\n0\r\n\r\n",
		 "ab"},
		{HEAD "Content-Length:\t2\r\n\r\nab", "ab"},
		{HEAD "Content-Length: 0002\r\n\r\nab", "ab"},
		{HEAD "X:\r\nContent-Length: 2\r\n\r\nab", "ab"},
		{HEAD "Content-Length: 0\r\n\r\n", ""},
		{"PUT http://evil/echo HTTP/1.1\r\nHost: t\r\n"
		 "Content-Length: 2\r\n\r\nab",
		 "ab"},
		{"PUT /echo?a=b&c HTTP/1.1\r\nCookie: a=b; c=d\r\n"
		 "Content-Length: 2\r\nHost: t\r\n\r\nab",
		 "ab"},
	};
	struct http_client client;
	struct http_answer answer;
	struct app app;

	http_fixture_init(&app);
	http_fixture_start(&app);
	http_client_open(&client, app.address);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		http_client_text(&client, cases[i].text);
		http_client_read(&client, false, &answer);
		if (answer.status != 200)
			fprintf(stderr, "%s\n%s", cases[i].text, answer.head);
		CHECK(answer.status == 200);
		CHECK_TEXT(answer.body, cases[i].body);
		http_answer_release(&answer);
	}
	http_client_close(&client);
	http_fixture_stop(&app);
}

/* Many requests in one write, one byte at a time, with bodies between. */
static void test_reads_requests_however_they_are_cut(void)
{
	static const char text[] =
		HEAD "Content-Length: 3\r\n\r\nabc" NEXT HEAD
		     "Transfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n0\r\n\r\n"
		     "GET /memory HTTP/1.1\r\nHost: t\r\n\r\n";
	static const char *const bodies[] = {"abc", "worked\n", "xyz"};
	struct http_client client;
	struct http_answer answer;
	struct app app;

	http_fixture_init(&app);
	http_fixture_start(&app);
	for (size_t piece = 1; piece < sizeof(text); piece += 61) {
		http_client_open(&client, app.address);
		for (size_t at = 0; at < sizeof(text) - 1; at += piece) {
			size_t left = sizeof(text) - 1 - at;

			http_client_send(&client, text + at,
					 left < piece ? left : piece);
		}
		for (size_t i = 0; i < 4; i++) {
			http_client_read(&client, false, &answer);
			CHECK(answer.status == 200);
			if (i < 3)
				CHECK_TEXT(answer.body, bodies[i]);
			http_answer_release(&answer);
		}
		http_client_close(&client);
	}
	http_fixture_stop(&app);
}

static void long_request(struct http_client *client, const char *before,
			 size_t count, const char *after)
{
	char *text = malloc(count + 1);

	CHECK(text);
	memset(text, 'a', count);
	text[count] = '\0';
	http_client_text(client, before);
	http_client_text(client, text);
	http_client_text(client, after);
	free(text);
}

static void expect_long(const struct app *app, size_t target, size_t field,
			int status)
{
	struct http_client client;
	struct http_answer answer;

	http_client_open(&client, app->address);
	long_request(&client, "GET /work?", target, " HTTP/1.1\r\nHost: t\r\n");
	long_request(&client, "X: ", field, "\r\n\r\n");
	http_client_read(&client, false, &answer);
	if (answer.status != status)
		fprintf(stderr, "%zu %zu: %d\n", target, field, answer.status);
	CHECK(answer.status == status);
	http_answer_release(&answer);
	http_client_close(&client);
}

static void test_limits_targets_and_fields(void)
{
	struct app app;

	http_fixture_init(&app);
	http_fixture_start(&app);
	expect_long(&app, 4000, 10, 200);
	expect_long(&app, 4100, 10, 414);
	expect_long(&app, 10, 16000, 200);
	expect_long(&app, 10, 17000, 431);
	expect_long(&app, 10, 100000, 431);
	expect_long(&app, 100000, 10, 414);
	http_fixture_stop(&app);
}

static void test_limits_the_number_of_fields(void)
{
	struct http_client client;
	struct http_answer answer;
	struct app app;

	http_fixture_init(&app);
	http_fixture_start(&app);
	for (int count = 60; count < 200; count += 100) {
		http_client_open(&client, app.address);
		http_client_text(&client, "GET /work HTTP/1.1\r\nHost: t\r\n");
		for (int i = 0; i < count; i++)
			http_client_text(&client, "A: b\r\n");
		http_client_text(&client, "\r\n");
		http_client_read(&client, false, &answer);
		CHECK(answer.status == (count == 60 ? 200 : 431));
		http_answer_release(&answer);
		http_client_close(&client);
	}
	http_fixture_stop(&app);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_refuses_doubtful_framing),
		CHECK_CASE(test_refuses_doubtful_fields),
		CHECK_CASE(test_refuses_doubtful_chunks),
		CHECK_CASE(test_reads_what_is_odd_but_clear),
		CHECK_CASE(test_reads_requests_however_they_are_cut),
		CHECK_CASE(test_limits_targets_and_fields),
		CHECK_CASE(test_limits_the_number_of_fields),
	};

	return CHECK_RUN(argc, argv, cases);
}
