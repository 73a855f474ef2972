/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/acceptor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/thread.h"
#include "server/http/account.h"
#include "server/http/addresses.h"
#include "server/http/front.h"
#include "server/http/loop.h"
#include "server/http/tls.h"

#define BACK_OFF_MS 50 /* without a descriptor, or over the limit */
#define BURST 64       /* connections per wake-up */
#define SHED_COUNT 64  /* descriptors asked back at a time */

struct acceptor {
	int listen_fd; /* borrowed */
	int stop_fd;   /* readable at the end; owned */
	struct front *front;
	struct loop **loops;
	size_t loop_count;
	size_t next; /* loop to be given a connection */
	pthread_t thread;
	bool started;
	bool starved; /* no descriptor was left at the last try */
};

static void write_peer(const struct sockaddr_storage *address,
		       char out[PEER_SIZE])
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;

	if (address->ss_family == AF_INET)
		inet_ntop(AF_INET, &v4->sin_addr, out, PEER_SIZE);
	else if (address->ss_family == AF_INET6)
		inet_ntop(AF_INET6, &v6->sin6_addr, out, PEER_SIZE);
}

void front_forget(struct front *front, struct connection *connection)
{
	addresses_leave(front->addresses, &connection->address);
	atomic_fetch_sub(&front->open, 1);
	account_connections(front->pipeline.account, -1);
	tls_link_free(connection->tls);
	free(connection);
}

/* Take the descriptor: give it to a loop, or close it. */
static void welcome(struct acceptor *acceptor, int fd,
		    const struct sockaddr_storage *address, socklen_t len)
{
	struct front *front = acceptor->front;
	int one = 1;

	if (!addresses_enter(front->addresses, address,
			     atomic_load(&front->per_address_max))) {
		account_refused_connection(front->pipeline.account);
		close(fd);
		return;
	}
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection) {
		addresses_leave(front->addresses, address);
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	connection->fd = fd;
	connection->address = *address;
	connection->address_len = len;
	list_init(&connection->place);
	list_init(&connection->shaking);
	write_peer(address, connection->peer);
	atomic_fetch_add(&front->open, 1);
	account_connections(front->pipeline.account, 1);
	loop_give(acceptor->loops[acceptor->next], connection);
	acceptor->next = (acceptor->next + 1) % acceptor->loop_count;
}

static bool is_starved(int os_error)
{
	return os_error == EMFILE || os_error == ENFILE ||
	       os_error == ENOBUFS || os_error == ENOMEM;
}

/* Without a descriptor even a refusal is impossible: ask for some back. */
static void starve(struct acceptor *acceptor)
{
	const struct http_parts *parts = &acceptor->front->pipeline.parts;

	if (!acceptor->starved)
		log_event(LOG_WARN, "out-of-descriptors",
			  LOG_NUMBER("connections",
				     atomic_load(&acceptor->front->open)));
	acceptor->starved = true;
	if (parts->shed_files)
		parts->shed_files(parts->app, SHED_COUNT);
}

/* Accept what waits; false if it is better to pause. */
static bool accept_some(struct acceptor *acceptor)
{
	struct front *front = acceptor->front;

	for (int i = 0; i < BURST; i++) {
		struct sockaddr_storage address = {0};
		socklen_t len = sizeof(address);

		if (atomic_load(&front->open) >=
		    atomic_load(&front->connections_max))
			return false;
		int fd = accept4(acceptor->listen_fd,
				 (struct sockaddr *)&address, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			acceptor->starved = false;
			welcome(acceptor, fd, &address, len);
			continue;
		}
		if (is_starved(errno)) {
			starve(acceptor);
			return false;
		}
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return true;
	}
	return true;
}

static void *run(void *context)
{
	struct acceptor *acceptor = context;
	struct pollfd fds[2] = {
		{.fd = acceptor->stop_fd, .events = POLLIN},
		{.fd = acceptor->listen_fd, .events = POLLIN},
	};
	bool pause = false;

	pthread_setname_np(pthread_self(), "accept");
	for (;;) {
		poll(fds, pause ? 1 : 2, pause ? BACK_OFF_MS : -1);
		if (fds[0].revents)
			return NULL;
		pause = !accept_some(acceptor);
	}
}

int acceptor_new(int listen_fd, struct front *front, struct loop **loops,
		 size_t loop_count, struct acceptor **ret_acceptor,
		 struct err *err)
{
	struct acceptor *acceptor = calloc(1, sizeof(*acceptor));

	if (!acceptor)
		return err_set(err, ERR_NO_MEMORY, "no memory to accept");
	acceptor->listen_fd = listen_fd;
	acceptor->front = front;
	acceptor->loops = loops;
	acceptor->loop_count = loop_count;
	acceptor->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (acceptor->stop_fd < 0) {
		int rc = err_sys(err, errno, "eventfd of the acceptor");

		free(acceptor);
		return rc;
	}
	*ret_acceptor = acceptor;
	return 0;
}

int acceptor_start(struct acceptor *acceptor, struct err *err)
{
	if (thread_start(NULL, run, acceptor, &acceptor->thread, err) < 0)
		return err_wrap(err, "acceptor");
	acceptor->started = true;
	return 0;
}

void acceptor_stop(struct acceptor *acceptor)
{
	uint64_t one = 1;

	if (!acceptor || !acceptor->started)
		return;
	while (write(acceptor->stop_fd, &one, sizeof(one)) < 0 &&
	       errno == EINTR)
		;
	pthread_join(acceptor->thread, NULL);
	acceptor->started = false;
}

void acceptor_free(struct acceptor *acceptor)
{
	if (!acceptor)
		return;
	close(acceptor->stop_fd);
	free(acceptor);
}
