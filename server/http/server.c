/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/server.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/span.h"
#include "server/http/acceptor.h"
#include "server/http/addresses.h"
#include "server/http/front.h"
#include "server/http/loop.h"

#define BACKLOG 4096
#define ADDRESS_SIZE 80 /* bytes of "[address]:port", with the NUL */
#define POOL_SLACK 2048 /* bytes for an answer's header fields */
#define POOL_STEP 1024	/* bytes that pools are rounded up to */

struct http_server {
	struct front front;
	int64_t drain_ms;
	int listen_fd; /* owned */
	char address[ADDRESS_SIZE];
	struct loop **loops; /* owned */
	size_t loop_count;
	struct acceptor *acceptor; /* owned */
};

/* "host:port" or "[host]:port" in two NUL-terminated pieces. */
static int split_listen(const char *listen, char host[ADDRESS_SIZE],
			char port[8], struct err *err)
{
	struct span before;
	struct span after;

	if (!span_cut_last(span_of(listen), ':', &before, &after) ||
	    after.len == 0 || after.len >= 8 || before.len >= ADDRESS_SIZE)
		return err_set(err, ERR_INVALID,
			       "listen is not an address and a port");
	if (before.len >= 2 && before.text[0] == '[' &&
	    before.text[before.len - 1] == ']')
		before = span_make(before.text + 1, before.len - 2);
	snprintf(host, ADDRESS_SIZE, "%.*s", SPAN_ARG(before));
	snprintf(port, 8, "%.*s", SPAN_ARG(after));
	return 0;
}

static int listen_on(const struct addrinfo *info, int *ret_fd, struct err *err)
{
	int one = 1;
	CLEANUP(cleanup_close)
	int fd = socket(info->ai_family,
			info->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
			info->ai_protocol);

	if (fd < 0)
		return err_sys(err, errno, "socket to listen on");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, info->ai_addr, info->ai_addrlen) < 0 ||
	    listen(fd, BACKLOG) < 0) {
		if (errno == EADDRINUSE)
			return err_set(err, ERR_EXISTS,
				       "the address is in use");
		return err_sys(err, errno, "bind and listen");
	}
	*ret_fd = STEAL_FD(fd);
	return 0;
}

static void note_address(struct http_server *server)
{
	struct sockaddr_storage address = {0};
	socklen_t len = sizeof(address);
	char host[ADDRESS_SIZE - 12] = "";
	char port[8] = "";

	getsockname(server->listen_fd, (struct sockaddr *)&address, &len);
	getnameinfo((struct sockaddr *)&address, len, host, sizeof(host), port,
		    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(server->address, sizeof(server->address),
		 address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
		 port);
}

static int server_listen(struct http_server *server, const char *listen,
			 struct err *err)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC,
				 .ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	char host[ADDRESS_SIZE];
	char port[8];

	if (split_listen(listen, host, port, err) < 0)
		return -1;
	int rc = getaddrinfo(host[0] ? host : NULL, port, &hints, &found);

	if (rc != 0)
		return err_set(err, ERR_INVALID,
			       "the address to listen on is unknown: %s",
			       gai_strerror(rc));
	rc = listen_on(found, &server->listen_fd, err);
	freeaddrinfo(found);
	if (rc == 0)
		note_address(server);
	return rc;
}

static void front_configure(struct front *front,
			    const struct http_config *config)
{
	atomic_store(&front->connections_max, config->connections);
	atomic_store(&front->per_address_max, config->connections_per_address);
	atomic_store(&front->header_ms, config->header_timeout_ms);
	atomic_store(&front->idle_ms, config->idle_timeout_ms);
	atomic_store(&front->body_idle_ms, config->body_idle_timeout_ms);
	atomic_store(&front->body_ms, config->body_timeout_ms);
}

/* A connection's memory holds the request line and fields, the library's notes
 * on them and the fields of the answer; all of it stays in use while it idles.
 */
static size_t pool_bytes(const struct http_config *config)
{
	size_t bytes = config->header_bytes + POOL_SLACK;

	return (bytes + POOL_STEP - 1) / POOL_STEP * POOL_STEP;
}

static int front_init(struct front *front, const struct http_config *config,
		      const struct http_parts *parts, struct err *err)
{
	front->clock = parts->clock;
	front->pool_bytes = pool_bytes(config);
	front_configure(front, config);
	if (addresses_new(&front->addresses, err) < 0)
		return -1;
	if (config->tls.certificate && config->tls.certificate[0] &&
	    tls_new(&config->tls, &front->tls, err) < 0)
		return -1;
	return pipeline_init(&front->pipeline, config, parts, err);
}

static int make_loops(struct http_server *server, size_t count, struct err *err)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (count == 0)
		count = cores > 0 ? (size_t)cores : 1;
	server->loops = calloc(count, sizeof(struct loop *));
	if (!server->loops)
		return err_set(err, ERR_NO_MEMORY, "no memory for loops");
	while (server->loop_count < count) {
		if (loop_new(&server->front, server->loop_count,
			     &server->loops[server->loop_count], err) < 0)
			return -1;
		server->loop_count++;
	}
	return 0;
}

DEFINE_CLEANUP(http_server_free_at, struct http_server *, http_server_free)

int http_server_new(const struct http_config *config,
		    const struct http_parts *parts,
		    struct http_server **ret_server, struct err *err)
{
	CLEANUP(http_server_free_at)
	struct http_server *server = calloc(1, sizeof(*server));

	if (!server)
		return err_set(err, ERR_NO_MEMORY, "no memory for a server");
	server->listen_fd = -1;
	server->drain_ms = config->drain_timeout_ms;
	if (front_init(&server->front, config, parts, err) < 0 ||
	    server_listen(server, config->listen, err) < 0 ||
	    make_loops(server, config->event_loops, err) < 0 ||
	    acceptor_new(server->listen_fd, &server->front, server->loops,
			 server->loop_count, &server->acceptor, err) < 0)
		return -1;
	*ret_server = STEAL(server);
	return 0;
}

const char *http_server_address(const struct http_server *server)
{
	return server->address;
}

int http_server_start(struct http_server *server, struct err *err)
{
	for (size_t i = 0; i < server->loop_count; i++)
		if (loop_start(server->loops[i], err) < 0)
			return -1;
	return acceptor_start(server->acceptor, err);
}

static int reload_tls(struct http_server *server,
		      const struct tls_config *config, struct err *err)
{
	bool wanted = config->certificate && config->certificate[0];

	if (wanted != (server->front.tls != NULL))
		return err_set(err, ERR_UNSUPPORTED,
			       "turning TLS on or off needs a restart");
	return wanted ? tls_reload(server->front.tls, config, err) : 0;
}

int http_server_reconfigure(struct http_server *server,
			    const struct http_config *config, struct err *err)
{
	server->drain_ms = config->drain_timeout_ms;
	front_configure(&server->front, config);
	pipeline_reconfigure(&server->front.pipeline, config);
	return reload_tls(server, &config->tls, err);
}

void http_server_stop(struct http_server *server)
{
	int64_t until_ms =
		clock_monotonic_ms(server->front.clock) + server->drain_ms;

	acceptor_stop(server->acceptor);
	if (server->listen_fd >= 0)
		close(server->listen_fd);
	server->listen_fd = -1;
	for (size_t i = 0; i < server->loop_count; i++)
		loop_drain(server->loops[i], until_ms);
	for (size_t i = 0; i < server->loop_count; i++)
		loop_join(server->loops[i]);
}

void http_server_free(struct http_server *server)
{
	if (!server)
		return;
	acceptor_free(server->acceptor);
	for (size_t i = 0; i < server->loop_count; i++)
		loop_free(server->loops[i]);
	free(server->loops);
	if (server->listen_fd >= 0)
		close(server->listen_fd);
	pipeline_release(&server->front.pipeline);
	tls_free(server->front.tls);
	addresses_free(server->front.addresses);
	free(server);
}
