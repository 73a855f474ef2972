/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/worker.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"

#define EVENTS 256
#define FAILURES_MAX 1000 /* then the run is worth nothing and ends */
#define STALL_MS 60000	  /* without any event: the server hangs */

uint64_t worker_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Take the next request, if there is one left. */
static bool take_ticket(struct race *race, uint64_t *ret_ticket)
{
	uint64_t limit = race->load->options.requests;

	if (race->deadline_ns && worker_clock_ns() >= race->deadline_ns)
		return false;
	if (atomic_load(&race->failures) >= FAILURES_MAX)
		return false;
	*ret_ticket = atomic_fetch_add(&race->next_ticket, 1);
	return !limit || *ret_ticket < limit;
}

static int watch(struct worker *worker, struct connection *connection, int op)
{
	struct epoll_event event = {
		.events = EPOLLIN,
		.data = {.ptr = connection},
	};

	if (connection->wants_write)
		event.events |= EPOLLOUT;
	return epoll_ctl(worker->epoll_fd, op, connection->wire.fd, &event);
}

static int open_one(struct worker *worker, struct connection *connection,
		    struct err *err)
{
	if (connection_open(connection, worker->race->load, err) < 0)
		return -1;
	if (watch(worker, connection, EPOLL_CTL_ADD) < 0)
		return err_sys(err, errno, "cannot watch a connection");
	return 0;
}

int worker_prepare(struct worker *worker, struct race *race, size_t count,
		   struct err *err)
{
	*worker = (struct worker){
		.race = race,
		.epoll_fd = epoll_create1(EPOLL_CLOEXEC),
		.connections = calloc(count, sizeof(*worker->connections)),
		.latencies = calloc(1, sizeof(*worker->latencies)),
	};
	if (worker->epoll_fd < 0 || !worker->connections || !worker->latencies)
		return err_set(err, ERR_NO_MEMORY, "no memory or descriptor");
	while (worker->count < count) {
		struct connection *connection =
			&worker->connections[worker->count++];

		connection->wire.fd = -1;
		if (open_one(worker, connection, err) < 0)
			return -1;
	}
	return 0;
}

void worker_release(struct worker *worker)
{
	for (size_t i = 0; i < worker->count; i++)
		connection_close(&worker->connections[i]);
	free(worker->connections);
	free(worker->latencies);
	if (worker->race && worker->epoll_fd >= 0)
		close(worker->epoll_fd);
	*worker = (struct worker){.epoll_fd = -1};
}

/* Count the request that ended; true if the connection can go on. */
static bool settle(struct worker *worker, struct connection *connection,
		   bool good)
{
	struct err err = ERR_INIT;
	uint64_t now = worker_clock_ns();

	worker->ended_ns = now;
	if (good) {
		worker->requests++;
		worker->bytes += connection->bytes;
		histogram_add(worker->latencies, now - connection->started_ns);
	} else {
		worker->errors++;
		atomic_fetch_add(&worker->race->failures, 1);
		worker->failed_status = connection->failed_status;
	}
	if (connection->wire.fd >= 0)
		return true;
	worker->reconnects++;
	if (open_one(worker, connection, &err) == 0)
		return true;
	connection_close(connection);
	worker->errors++;
	return false;
}

/* Go on with a request, and with further ones while they do not wait. */
static void drive(struct worker *worker, struct connection *connection)
{
	for (;;) {
		enum connection_state state = connection_run(connection);
		bool write = state == CONNECTION_WAIT_WRITE;
		bool good = state == CONNECTION_FINISHED;
		uint64_t ticket;

		if (write || state == CONNECTION_WAIT_READ) {
			if (write == connection->wants_write)
				return;
			connection->wants_write = write;
			watch(worker, connection, EPOLL_CTL_MOD);
			return;
		}
		if (!settle(worker, connection, good) ||
		    !take_ticket(worker->race, &ticket)) {
			worker->busy--;
			connection_close(connection);
			return;
		}
		connection->started_ns = worker->ended_ns;
		connection_begin(connection, ticket);
	}
}

static void begin_all(struct worker *worker)
{
	for (size_t i = 0; i < worker->count; i++) {
		struct connection *connection = &worker->connections[i];
		uint64_t ticket;

		if (!take_ticket(worker->race, &ticket))
			return;
		worker->busy++;
		connection->started_ns = worker_clock_ns();
		connection_begin(connection, ticket);
		drive(worker, connection);
	}
}

void worker_run(struct worker *worker)
{
	begin_all(worker);
	while (worker->busy) {
		struct epoll_event events[EVENTS];
		int count =
			epoll_wait(worker->epoll_fd, events, EVENTS, STALL_MS);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0) {
			worker->errors += worker->busy;
			return;
		}
		for (int i = 0; i < count; i++)
			drive(worker, events[i].data.ptr);
	}
}
