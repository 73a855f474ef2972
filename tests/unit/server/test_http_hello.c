/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte of a connection: TLS on a port of HTTP, and none at all. */
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/check.h"
#include "tests/lib/http_client.h"
#include "tests/lib/http_fixture.h"

#define WORK "GET /work HTTP/1.1\r\nHost: t\r\n\r\n"
#define HELLO "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
#define MANY 50

static void nap_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000,
				     .tv_nsec = ms % 1000 * 1000000},
		  NULL);
}

static void expect(struct http_client *client, int status, const char *body)
{
	struct http_answer answer;

	http_client_read(client, false, &answer);
	CHECK(answer.status == status);
	CHECK(strstr(answer.body, body));
	CHECK(answer.whole);
	http_answer_release(&answer);
}

/* Whatever its bytes, and whether they come at once or later. */
static void test_tls_is_answered_in_http(void)
{
	static const char *const rests[] = {"", "\n", "abc\ndef\n", "a b\nc\n",
					    "\r\n\r\n"};
	struct http_client client;
	struct app app;

	http_fixture_init(&app);
	http_fixture_start(&app);
	for (size_t i = 0; i < 2 * sizeof(rests) / sizeof(rests[0]); i++) {
		http_client_open(&client, app.address);
		if (i % 2)
			nap_ms(20);
		http_client_send(&client, HELLO, sizeof(HELLO) - 1);
		http_client_text(&client, rests[i / 2]);
		expect(&client, 400, "not HTTPS");
		CHECK(http_client_ended(&client));
		http_client_close(&client);
	}
	http_fixture_stop(&app);
}

static void test_a_late_first_byte_is_heard(void)
{
	struct http_client clients[MANY];
	struct app app;

	http_fixture_init(&app);
	http_fixture_start(&app);
	for (size_t i = 0; i < MANY; i++)
		http_client_open(&clients[i], app.address);
	nap_ms(20);
	for (size_t i = MANY; i-- > 0;) {
		http_client_text(&clients[i], WORK);
		expect(&clients[i], 200, "worked");
		http_client_text(&clients[i], WORK);
		expect(&clients[i], 200, "worked");
		http_client_close(&clients[i]);
	}
	http_fixture_stop(&app);
}

static void test_who_says_nothing_is_closed(void)
{
	struct http_client client;
	struct app app;

	http_fixture_init(&app);
	app.config.idle_timeout_ms = 100;
	http_fixture_start(&app);
	http_client_open(&client, app.address);
	CHECK(http_client_ended(&client));
	http_client_close(&client);
	http_fixture_stop(&app);
}

/* One that leaves without a word gives its share back. */
static void test_who_leaves_gives_its_place_back(void)
{
	struct http_client client;
	struct app app;

	http_fixture_init(&app);
	app.config.connections_per_address = 1;
	http_fixture_start(&app);
	http_client_open(&client, app.address);
	nap_ms(20);
	http_client_close(&client);
	nap_ms(20);
	http_client_open(&client, app.address);
	http_client_text(&client, WORK);
	expect(&client, 200, "worked");
	http_client_close(&client);
	http_fixture_stop(&app);
}

static void test_a_stop_closes_who_says_nothing(void)
{
	struct http_client client;
	struct app app;

	http_fixture_init(&app);
	http_fixture_start(&app);
	http_client_open(&client, app.address);
	nap_ms(20);
	http_fixture_stop(&app);
	CHECK(http_client_ended(&client));
	http_client_close(&client);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_tls_is_answered_in_http),
		CHECK_CASE(test_a_late_first_byte_is_heard),
		CHECK_CASE(test_who_says_nothing_is_closed),
		CHECK_CASE(test_who_leaves_gives_its_place_back),
		CHECK_CASE(test_a_stop_closes_who_says_nothing),
	};

	return CHECK_RUN(argc, argv, cases);
}
