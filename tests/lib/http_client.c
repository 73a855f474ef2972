/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/http_client.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/lib/check.h"

#define READ_SIZE 65536

void http_client_open(struct http_client *client, const char *address)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	struct timeval patience = {.tv_sec = 10};
	char host[80];

	snprintf(host, sizeof(host), "%s", address);
	char *colon = strrchr(host, ':');
	CHECK(colon);
	*colon = '\0';
	CHECK(getaddrinfo(host, colon + 1, &hints, &found) == 0);
	memset(client, 0, sizeof(*client));
	client->fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(client->fd >= 0);
	CHECK(setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
			 sizeof(patience)) == 0);
	CHECK(setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
			 sizeof(patience)) == 0);
	CHECK(connect(client->fd, found->ai_addr, found->ai_addrlen) == 0);
	freeaddrinfo(found);
}

void http_client_close(struct http_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	free(client->held);
	client->held = NULL;
	client->held_len = 0;
}

void http_client_send(struct http_client *client, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t sent = send(client->fd, at, len, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
			return;
		CHECK(sent > 0);
		at += sent;
		len -= (size_t)sent;
	}
}

void http_client_text(struct http_client *client, const char *text)
{
	http_client_send(client, text, strlen(text));
}

size_t http_client_take(struct http_client *client, size_t len)
{
	char *grown = realloc(client->held, client->held_len + len);
	ssize_t got;

	CHECK(grown);
	client->held = grown;
	do
		got = recv(client->fd, grown + client->held_len, len, 0);
	while (got < 0 && errno == EINTR);
	CHECK(got >= 0 || errno == ECONNRESET);
	if (got > 0)
		client->held_len += (size_t)got;
	return got > 0 ? (size_t)got : 0;
}

/* Read more behind what is held; false at the end. */
static bool fill(struct http_client *client)
{
	return http_client_take(client, READ_SIZE) > 0;
}

static void drop(struct http_client *client, size_t len)
{
	client->held_len -= len;
	memmove(client->held, client->held + len, client->held_len);
}

static bool read_head(struct http_client *client, struct http_answer *answer)
{
	const char *end;

	while (!client->held ||
	       !(end = memmem(client->held, client->held_len, "\r\n\r\n", 4)))
		if (!fill(client))
			return false;
	size_t len = (size_t)(end - client->held) + 4;

	CHECK(len < sizeof(answer->head));
	memcpy(answer->head, client->held, len);
	answer->head[len] = '\0';
	drop(client, len);
	CHECK(sscanf(answer->head, "HTTP/1.1 %d ", &answer->status) == 1);
	return true;
}

const char *http_answer_field(const struct http_answer *answer,
			      const char *name, char *out, size_t size)
{
	size_t len = strlen(name);
	const char *line = answer->head;

	while ((line = strstr(line, "\r\n"))) {
		line += 2;
		if (strncasecmp(line, name, len) != 0 || line[len] != ':')
			continue;
		const char *value = line + len + 1;

		value += strspn(value, " ");
		snprintf(out, size, "%.*s", (int)strcspn(value, "\r"), value);
		return out;
	}
	return NULL;
}

static size_t expected_length(const struct http_answer *answer)
{
	char text[32];
	size_t length = 0;

	if (answer->status == 204 || answer->status == 304 ||
	    !http_answer_field(answer, "Content-Length", text, sizeof(text)))
		return 0;
	CHECK(sscanf(text, "%zu", &length) == 1);
	return length;
}

void http_client_read(struct http_client *client, bool no_body,
		      struct http_answer *ret_answer)
{
	memset(ret_answer, 0, sizeof(*ret_answer));
	do {
		ret_answer->status = 0;
		if (!read_head(client, ret_answer))
			break;
	} while (ret_answer->status == 100);
	size_t length = no_body ? 0 : expected_length(ret_answer);

	while (client->held_len < length && fill(client))
		;
	ret_answer->whole = client->held_len >= length;
	if (!ret_answer->whole)
		length = client->held_len;
	ret_answer->body = malloc(length + 1);
	CHECK(ret_answer->body);
	if (length > 0) {
		memcpy(ret_answer->body, client->held, length);
		drop(client, length);
	}
	ret_answer->body[length] = '\0';
	ret_answer->body_len = length;
}

void http_answer_release(struct http_answer *answer)
{
	free(answer->body);
	answer->body = NULL;
}

void http_client_wait(struct http_client *client, const char *text)
{
	size_t len = strlen(text);

	while (client->held_len < len)
		CHECK(fill(client));
	CHECK(memcmp(client->held, text, len) == 0);
	drop(client, len);
}

bool http_client_sees(struct http_client *client, const char *text)
{
	while (fill(client))
		;
	return client->held_len > 0 && memmem(client->held, client->held_len,
					      text, strlen(text)) != NULL;
}

bool http_client_ended(struct http_client *client)
{
	return client->held_len == 0 && !fill(client);
}

void http_get(const char *address, const char *method, const char *target,
	      const char *fields, struct http_answer *ret_answer)
{
	struct http_client client;

	http_client_open(&client, address);
	http_client_text(&client, method);
	http_client_text(&client, " ");
	http_client_text(&client, target);
	http_client_text(&client, " HTTP/1.1\r\nHost: test\r\n");
	http_client_text(&client, fields);
	http_client_text(&client, "\r\n");
	http_client_read(&client, strcmp(method, "HEAD") == 0, ret_answer);
	http_client_close(&client);
}
