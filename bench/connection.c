/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

#define PARTS 64 /* of the longest single send */

int connection_open(struct connection *connection, const struct load *load,
		    struct err *err)
{
	CLEANUP(wire_close)
	struct wire wire = {
		.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)load->options.port),
	};
	int on = 1;

	if (wire.fd < 0)
		return err_sys(err, errno, "no socket");
	if (inet_pton(AF_INET, load->options.host, &address.sin_addr) != 1)
		return err_set(err, ERR_INVALID, "--host is no IPv4 address");
	if (connect(wire.fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return err_sys(err, errno, "cannot connect");
	if (load->tls && wire_secure(&wire, load->tls, err) < 0)
		return -1;
	if (setsockopt(wire.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) <
		    0 ||
	    fcntl(wire.fd, F_SETFL, O_NONBLOCK) < 0)
		return err_sys(err, errno, "cannot prepare a socket");
	connection->load = load;
	connection->wire = wire;
	wire = (struct wire){.fd = -1};
	connection->wants_write = false;
	return 0;
}

void connection_close(struct connection *connection)
{
	wire_close(&connection->wire);
}

/* Begin an exchange. with_body: 0 none, 1 plain, 2 chunked. */
static void start(struct connection *connection, enum connection_step step,
		  const char *method, const char *target, int with_body)
{
	const struct load *load = connection->load;
	char framing[64] = "";
	int len;

	connection->step = step;
	connection->body_chunked = with_body == 2;
	connection->body_len = 0;
	if (with_body)
		connection->body_len =
			body_stream_size(&load->pool, connection->body_chunked);
	if (with_body == 2)
		snprintf(framing, sizeof(framing),
			 "Transfer-Encoding: chunked\r\n");
	else if (step != STEP_FETCH)
		snprintf(framing, sizeof(framing),
			 "Content-Length: %" PRIu64 "\r\n",
			 connection->body_len);
	len = snprintf(connection->head, sizeof(connection->head),
		       "%s %s HTTP/1.1\r\n%s%s%s\r\n", method, target,
		       load->fields, framing,
		       with_body ? "Content-Type: application/octet-stream\r\n"
				 : "");
	connection->head_len = 0; /* too long: an empty request fails */
	if (len > 0 && (size_t)len < sizeof(connection->head))
		connection->head_len = (size_t)len;
	connection->sent = 0;
	response_begin(&connection->response, load->options.mode == LOAD_HEAD);
}

void connection_begin(struct connection *connection, uint64_t ticket)
{
	const struct load *load = connection->load;
	const struct options *options = &load->options;
	char target[512];

	connection->bytes = 0;
	if (!load->pool.count) {
		start(connection, STEP_FETCH,
		      options->mode == LOAD_HEAD ? "HEAD" : "GET",
		      options->paths[ticket % options->path_count], 0);
		return;
	}
	connection->variant = &load->pool.variants[ticket % load->pool.count];
	snprintf(target, sizeof(target), "/v2/%s/blobs/uploads/",
		 options->repository);
	start(connection, STEP_START, "POST", target, 0);
}

/* PUT to the location, which may have a query already. */
static void start_put(struct connection *connection, int with_body)
{
	const char *location = connection->response.location;
	char target[RESPONSE_LOCATION_SIZE + 100];

	snprintf(target, sizeof(target), "%s%cdigest=%s", location,
		 strchr(location, '?') ? '&' : '?',
		 connection->variant->digest);
	start(connection, STEP_PUT, "PUT", target, with_body);
}

/* An exchange is complete: is that the end of the request? */
static enum connection_state advance(struct connection *connection)
{
	const struct response *response = &connection->response;
	bool chunked = connection->load->options.mode == LOAD_PUSH_CHUNKED;
	unsigned int expected[] = {
		[STEP_FETCH] = 200,
		[STEP_START] = 202,
		[STEP_PATCH] = 202,
		[STEP_PUT] = 201,
	};

	if (response->status != expected[connection->step]) {
		connection->failed_status = response->status;
		return CONNECTION_FAILED;
	}
	switch (connection->step) {
	case STEP_FETCH:
		connection->bytes = response->body;
		return CONNECTION_FINISHED;
	case STEP_PUT:
		connection->bytes = connection->load->pool.size;
		return CONNECTION_FINISHED;
	case STEP_START:
	case STEP_PATCH:
		break;
	}
	if (!response->location[0] || response->closes)
		return CONNECTION_FAILED;
	if (chunked && connection->step == STEP_START) {
		char target[RESPONSE_LOCATION_SIZE];

		snprintf(target, sizeof(target), "%s", response->location);
		start(connection, STEP_PATCH, "PATCH", target, 2);
	} else {
		start_put(connection, chunked ? 0 : 1);
	}
	return CONNECTION_WAIT_WRITE;
}

/* What is to be sent next, in at most PARTS parts. */
static size_t gather(const struct connection *connection, struct iovec *parts)
{
	uint64_t end = connection->head_len + connection->body_len;
	uint64_t at = connection->sent;
	size_t count = 0;

	while (at < end && count < PARTS) {
		struct iovec *part = &parts[count++];

		if (at < connection->head_len) {
			part->iov_base =
				(char *)(uintptr_t)connection->head + at;
			part->iov_len = connection->head_len - (size_t)at;
		} else {
			body_stream_part(&connection->load->pool,
					 connection->variant,
					 connection->body_chunked,
					 at - connection->head_len, part);
		}
		at += part->iov_len;
	}
	return count;
}

static enum connection_state write_some(struct connection *connection)
{
	for (;;) {
		struct iovec parts[PARTS];
		size_t count = gather(connection, parts);

		if (!count)
			return CONNECTION_WAIT_READ;
		ssize_t sent = wire_send(&connection->wire, parts, count);

		if (sent < 0 && errno == EAGAIN)
			return CONNECTION_WAIT_WRITE;
		if (sent < 0 && errno != EINTR)
			return CONNECTION_FAILED;
		if (sent > 0)
			connection->sent += (uint64_t)sent;
	}
}

static enum connection_state run_once(struct connection *connection)
{
	uint64_t sent = connection->sent;
	enum connection_state written = write_some(connection);

	/* just sent whole: the answer takes a while, so do not ask yet */
	if (written == CONNECTION_FAILED ||
	    (written == CONNECTION_WAIT_READ && connection->sent != sent))
		return written;
	switch (response_read(&connection->response, &connection->wire)) {
	case RESPONSE_MORE:
		return written;
	case RESPONSE_BROKEN:
		return CONNECTION_FAILED;
	case RESPONSE_DONE:
		break;
	}
	if (written == CONNECTION_WAIT_WRITE) {
		/* an answer before the end of the request refuses it */
		connection->failed_status = connection->response.status;
		return CONNECTION_FAILED;
	}
	return advance(connection);
}

enum connection_state connection_run(struct connection *connection)
{
	enum connection_state state;
	enum connection_step step;

	do {
		step = connection->step;
		state = run_once(connection);
		/* go on at once with the next exchange of a push */
	} while (state == CONNECTION_WAIT_WRITE && connection->step != step);
	if (state == CONNECTION_FAILED ||
	    (state == CONNECTION_FINISHED &&
	     (connection->response.closes || connection->load->options.fresh)))
		connection_close(connection);
	return state;
}
