/* SPDX-License-Identifier: Apache-2.0 */
#include "base/httpc.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/ip.h"
#include "tests/lib/check.h"

#define BODY_MAX 1000

/* Answers one connection with a text, or with silence. */
struct peer {
	int fd;
	int port;
	const char *answer; /* NULL: none until the client goes away */
	atomic_int accepted;
	char asked[2048];
	pthread_t thread;
};

static void *serve(void *context)
{
	struct peer *peer = context;
	int fd = accept(peer->fd, NULL, NULL);

	if (fd < 0)
		return NULL;
	atomic_fetch_add(&peer->accepted, 1);
	ssize_t got = recv(fd, peer->asked, sizeof(peer->asked) - 1, 0);
	if (got > 0 && peer->answer)
		send(fd, peer->answer, strlen(peer->answer), MSG_NOSIGNAL);
	else
		while (recv(fd, peer->asked, sizeof(peer->asked), 0) > 0)
			;
	close(fd);
	return NULL;
}

static void start(struct peer *peer, const char *answer)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr =
					      htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);

	memset(peer, 0, sizeof(*peer));
	peer->answer = answer;
	peer->fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(bind(peer->fd, (void *)&address, len) == 0);
	CHECK(listen(peer->fd, 8) == 0);
	CHECK(getsockname(peer->fd, (void *)&address, &len) == 0);
	peer->port = ntohs(address.sin_port);
	CHECK(pthread_create(&peer->thread, NULL, serve, peer) == 0);
}

static void stop(struct peer *peer)
{
	shutdown(peer->fd, SHUT_RDWR);
	pthread_join(peer->thread, NULL);
	close(peer->fd);
}

static enum err_code get(const char *scheme, const struct peer *peer,
			 struct httpc_request request, struct buf *out)
{
	char url[128];
	struct err err = ERR_INIT;

	snprintf(url, sizeof(url), "%s://127.0.0.1:%d/keys?a=b", scheme,
		 peer->port);
	request.url = url;
	buf_clear(out);
	int rc = httpc_get(&request, out, &err);
	CHECK((rc == 0) == (err.code == ERR_NONE));
	return err.code;
}

static const struct httpc_request local = {.private_addresses = true,
					   .deadline_ms = 10000};

static void test_a_document_is_fetched(void)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(BODY_MAX);
	struct peer peer;

	start(&peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
	CHECK(get("http", &peer, local, &out) == ERR_NONE);
	CHECK_TEXT(buf_text(&out), "{}");
	CHECK(strncmp(peer.asked, "GET /keys?a=b HTTP/1.1\r\n", 24) == 0);
	stop(&peer);
}

static void test_only_200_is_a_document(void)
{
	static const char *const answers[] = {
		"HTTP/1.1 302 Found\r\nLocation: /other\r\n\r\n",
		"HTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 204 None\r\n\r\n",
		"HTTP/1.1 206 Part\r\nContent-Length: 1\r\n\r\n{",
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
		"nonsense",
		"",
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		CLEANUP(buf_release) struct buf out = BUF_INIT(BODY_MAX);
		struct peer peer;

		start(&peer, answers[i]);
		CHECK(get("http", &peer, local, &out) == ERR_UNAVAILABLE);
		CHECK(atomic_load(&peer.accepted) == 1);
		stop(&peer);
	}
}

static void test_an_answer_has_a_ceiling_and_a_deadline(void)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(BODY_MAX);
	static char large[2 * BODY_MAX];
	struct httpc_request hasty = local;
	struct peer peer;

	int len = snprintf(large, sizeof(large),
			   "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
			   BODY_MAX + 1);
	memset(large + len, 'x', BODY_MAX + 1);
	start(&peer, large);
	CHECK(get("http", &peer, local, &out) == ERR_TOO_LARGE);
	stop(&peer);

	start(&peer, NULL);
	hasty.deadline_ms = 100;
	CHECK(get("http", &peer, hasty, &out) == ERR_TIMEOUT);
	stop(&peer);
}

static void test_addresses_that_are_not_public_need_leave(void)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(BODY_MAX);
	struct httpc_request request = {.deadline_ms = 10000};
	struct peer peer;

	start(&peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
	CHECK(get("https", &peer, request, &out) == ERR_DENIED);
	CHECK(get("http", &peer, request, &out) == ERR_INVALID);
	CHECK(atomic_load(&peer.accepted) == 0);
	/* It speaks no TLS: had it been asked, it would have been. */
	CHECK(get("https", &peer, local, &out) == ERR_UNAVAILABLE);
	CHECK(atomic_load(&peer.accepted) == 1);
	stop(&peer);
}

/* A name that points to this machine is no way around. */
static void test_a_name_is_judged_by_its_address(void)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(BODY_MAX);
	struct httpc_request request = {.url = "https://localhost:1/",
					.deadline_ms = 10000};
	struct err err = ERR_INIT;

	CHECK(httpc_get(&request, &out, &err) == -1);
	CHECK(err.code == ERR_DENIED);
}

static void test_plain_http_goes_to_this_machine_alone(void)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(BODY_MAX);
	struct httpc_request request = local;
	struct err err = ERR_INIT;

	request.url = "http://192.0.2.1:1/";
	CHECK(httpc_get(&request, &out, &err) == -1);
	CHECK(err.code == ERR_DENIED);
}

static void test_what_is_no_url_of_ours(void)
{
	static const char *const urls[] = {
		"",
		"https://",
		"HTTPS://host/",
		"ftp://host/",
		"file:///etc/passwd",
		"gopher://127.0.0.1:1/",
		"https://user@host/",
		"https://host/a b",
		"https://host/\r\nX: y",
		"https://host\\@other/",
		"https://host/#a",
		"https://h\xc3\xb6st/",
	};

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		CLEANUP(buf_release) struct buf out = BUF_INIT(BODY_MAX);
		struct httpc_request request = local;
		struct err err = ERR_INIT;

		request.url = urls[i];
		CHECK(httpc_get(&request, &out, &err) == -1);
		CHECK(err.code == ERR_INVALID);
	}
}

static void test_which_addresses_are_public(void)
{
	static const struct {
		const char *text;
		bool is_public;
	} cases[] = {
		{"8.8.8.8", true},
		{"1.1.1.1", true},
		{"172.15.255.255", true},
		{"172.32.0.0", true},
		{"2606:4700::1111", true},
		{"2a00:1450:4001::1", true},
		{"::ffff:8.8.8.8", true},
		{"0.0.0.0", false},
		{"10.1.2.3", false},
		{"100.64.0.1", false},
		{"127.0.0.1", false},
		{"127.255.255.255", false},
		{"169.254.169.254", false},
		{"172.16.0.1", false},
		{"172.31.255.255", false},
		{"192.168.1.1", false},
		{"198.18.0.1", false},
		{"224.0.0.1", false},
		{"255.255.255.255", false},
		{"::", false},
		{"::1", false},
		{"::7f00:1", false},
		{"::ffff:127.0.0.1", false},
		{"::ffff:10.0.0.1", false},
		{"64:ff9b::7f00:1", false},
		{"2002:7f00:1::", false},
		{"fc00::1", false},
		{"fdff::1", false},
		{"fe80::1", false},
		{"fec0::1", false},
		{"ff02::1", false},
		{"2001:db8::1", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct ip ip;

		CHECK(ip_parse(span_of(cases[i].text), &ip, &err) == 0);
		if (httpc_is_public(&ip) != cases[i].is_public)
			fprintf(stderr, "%s\n", cases[i].text);
		CHECK(httpc_is_public(&ip) == cases[i].is_public);
	}
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_document_is_fetched),
		CHECK_CASE(test_only_200_is_a_document),
		CHECK_CASE(test_an_answer_has_a_ceiling_and_a_deadline),
		CHECK_CASE(test_addresses_that_are_not_public_need_leave),
		CHECK_CASE(test_a_name_is_judged_by_its_address),
		CHECK_CASE(test_plain_http_goes_to_this_machine_alone),
		CHECK_CASE(test_what_is_no_url_of_ours),
		CHECK_CASE(test_which_addresses_are_public),
	};

	return CHECK_RUN(argc, argv, cases);
}
