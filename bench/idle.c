/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/idle.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

/* One request, on a connection that is then left alone. */
static int warm(struct connection *connection)
{
	connection_begin(connection, 0);
	for (;;) {
		enum connection_state state = connection_run(connection);
		struct pollfd wait = {.fd = connection->wire.fd,
				      .events = POLLIN};

		if (state == CONNECTION_FINISHED)
			return connection->wire.fd < 0 ? -1 : 0;
		if (state == CONNECTION_FAILED)
			return -1;
		if (state == CONNECTION_WAIT_WRITE)
			wait.events |= POLLOUT;
		if (poll(&wait, 1, 30000) == 0)
			return -1;
	}
}

static int open_all(const struct load *load, int *fds, size_t *ret_open,
		    struct err *err)
{
	CLEANUP(cleanup_free)
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return err_set(err, ERR_NO_MEMORY, "no memory");
	for (size_t i = 0; i < load->options.connections; i++) {
		if (connection_open(connection, load, err) < 0)
			return -1;
		fds[i] = connection->wire.fd;
		*ret_open = i + 1;
		if (warm(connection) < 0)
			return err_set(err, ERR_UNAVAILABLE,
				       "connection %zu: the answer is %u", i,
				       connection->failed_status);
	}
	return 0;
}

static int closed_by_peer(int fd)
{
	char byte;
	ssize_t got = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return got == 0 || (got < 0 && errno != EAGAIN);
}

static void wait_for_end_of_input(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

int idle_run(const struct load *load, struct err *err)
{
	CLEANUP(cleanup_free)
	int *fds = calloc(load->options.connections, sizeof(*fds));
	size_t open = 0;
	size_t closed = 0;
	int result;

	if (!fds)
		return err_set(err, ERR_NO_MEMORY, "no memory");
	result = open_all(load, fds, &open, err);
	if (result == 0) {
		printf("{\"mode\": \"idle\", \"connections\": %zu}\n", open);
		fflush(stdout);
		wait_for_end_of_input();
	}
	for (size_t i = 0; i < open; i++) {
		closed += closed_by_peer(fds[i]) ? 1 : 0;
		close(fds[i]);
	}
	if (result == 0)
		printf("{\"closed\": %zu}\n", closed);
	return result;
}
