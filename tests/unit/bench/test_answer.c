/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/response.h"
#include "bench/wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lib/check.h"

/* A pair of TCP sockets: MSG_TRUNC throws away only on those. */
static void make_pair(int *ret_server, int *ret_client)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)},
	};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(listener >= 0);
	CHECK(!bind(listener, (struct sockaddr *)&address, size));
	CHECK(!listen(listener, 1));
	CHECK(!getsockname(listener, (struct sockaddr *)&address, &size));
	*ret_client = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(!connect(*ret_client, (struct sockaddr *)&address, size));
	*ret_server = accept(listener, NULL, NULL);
	CHECK(*ret_server >= 0);
	close(listener);
}

/* Wait until the socket has something, or its end. */
static void wait_readable(int fd)
{
	char byte;

	(void)!recv(fd, &byte, 1, MSG_PEEK);
}

/* Send the text in pieces and read it; the state after the last piece. */
static enum response_state feed(struct response *response, const char *text,
				size_t piece, bool ends)
{
	enum response_state state = RESPONSE_MORE;
	size_t len = strlen(text);
	int server;
	int client;

	make_pair(&server, &client);
	for (size_t at = 0; at < len; at += piece) {
		size_t some = len - at < piece ? len - at : piece;

		CHECK(state == RESPONSE_MORE);
		CHECK(send(server, text + at, some, 0) == (ssize_t)some);
		wait_readable(client);
		state = response_read(response, &(struct wire){.fd = client});
	}
	if (ends && state == RESPONSE_MORE) {
		close(server);
		wait_readable(client);
		return response_read(response, &(struct wire){.fd = client});
	}
	return state;
}

static void answers_are_read_in_any_pieces(void)
{
	static const struct {
		const char *text;
		bool no_body;
		unsigned int status;
		uint64_t body;
		const char *location;
	} rows[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false,
		 200, 5, ""},
		{"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", true, 200, 0,
		 ""},
		{"HTTP/1.1 202 Accepted\r\nLocation: /v2/a?x=1\r\n"
		 "Content-Length: 0\r\n\r\n",
		 false, 202, 0, "/v2/a?x=1"},
		{"HTTP/1.1 201 Created\r\n"
		 "LOCATION: http://127.0.0.1:5000/v2/b\r\n\r\n",
		 false, 201, 0, "/v2/b"},
		{"HTTP/1.1 204 No Content\r\n\r\n", false, 204, 0, ""},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "3\r\nabc\r\n1A;x="
		 "y\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n",
		 false, 200, 29, ""},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "1\r\na\r\n0\r\nTrailer: x\r\n\r\n",
		 false, 200, 1, ""},
	};
	static const size_t pieces[] = {1000, 1, 3, 17};
	struct response *response = calloc(1, sizeof(*response));

	CHECK(response);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t j = 0; j < 4; j++) {
			response_begin(response, rows[i].no_body);
			CHECK(feed(response, rows[i].text, pieces[j], false) ==
			      RESPONSE_DONE);
			CHECK(response->status == rows[i].status);
			CHECK(response->body == rows[i].body);
			CHECK_TEXT(response->location, rows[i].location);
		}
	}
	free(response);
}

static void broken_answers_are_told(void)
{
	static const char *const texts[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent",
		"SSH-2.0-OpenSSH_9.2p1\r\n\r\n",
		"HTTP/1.1 abc\r\n\r\n",
		"",
	};
	struct response *response = calloc(1, sizeof(*response));

	CHECK(response);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		response_begin(response, false);
		CHECK(feed(response, texts[i], 1000, true) == RESPONSE_BROKEN);
	}
	free(response);
}

static void a_closing_server_is_noticed(void)
{
	struct response *response = calloc(1, sizeof(*response));

	CHECK(response);
	response_begin(response, false);
	CHECK(feed(response,
		   "HTTP/1.1 200 OK\r\nConnection: close\r\n"
		   "Content-Length: 0\r\n\r\n",
		   1000, false) == RESPONSE_DONE);
	CHECK(response->closes);
	response_begin(response, false);
	CHECK(feed(response, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		   1000, false) == RESPONSE_DONE);
	CHECK(!response->closes);
	free(response);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(answers_are_read_in_any_pieces),
		CHECK_CASE(broken_answers_are_told),
		CHECK_CASE(a_closing_server_is_noticed),
	};

	return CHECK_RUN(argc, argv, cases);
}
