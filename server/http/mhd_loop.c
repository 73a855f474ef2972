/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The turns of an event loop: take what others handed over, let the library
 * handle what its sockets say, look at deadlines, write the log, wait.  The
 * library's own timeouts stay off, since they make it walk all connections.
 */
#include <errno.h>
#include <limits.h>
#include <linux/tcp.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/map.h"
#include "base/thread.h"
#include "server/http/exchange.h"
#include "server/http/mhd_loop.h"
#include "server/http/tls.h"

#define TICK_MIN_MS 10
#define TICK_MAX_MS 1000
#define NEVER INT64_MAX
#define BULK_POOL_BYTES ((size_t)128 << 10)

/* After a change of what the lock guards, and without the lock: the loop would
 * only wake up to wait for it. */
static void tell(struct loop *loop)
{
	uint64_t one = 1;

	atomic_store(&loop->news, true);
	if (!atomic_exchange(&loop->asleep, false))
		return;
	while (write(loop->event_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void loop_give(struct loop *loop, struct connection *connection)
{
	connection->loop = loop;
	lock_take(&loop->lock);
	connection->next = loop->given;
	loop->given = connection;
	lock_drop(&loop->lock);
	tell(loop);
}

/* exchange->wake: at most once in the list, however often it is woken. */
static void wake(struct exchange *exchange)
{
	struct loop *loop = exchange->loop;

	if (atomic_exchange(&exchange->queued, true))
		return;
	lock_take(&loop->lock);
	exchange->next_woken = loop->woken;
	loop->woken = exchange;
	lock_drop(&loop->lock);
	tell(loop);
}

void loop_drain(struct loop *loop, int64_t until_ms)
{
	lock_take(&loop->lock);
	loop->drain = true;
	loop->drain_until_ms = until_ms;
	lock_drop(&loop->lock);
	tell(loop);
}

struct exchange *loop_exchange(struct loop *loop)
{
	struct exchange *exchange = loop->free;

	if (exchange) {
		loop->free = exchange->next_free;
		return exchange;
	}
	exchange = calloc(1, sizeof(*exchange));
	if (exchange) {
		exchange->loop = loop;
		exchange->wake = wake;
	}
	return exchange;
}

void loop_exchange_free(struct loop *loop, struct exchange *exchange)
{
	exchange->next_free = loop->free;
	loop->free = exchange;
}

void loop_phase(struct connection *connection, enum phase phase,
		int64_t limit_ms)
{
	int64_t now_ms = connection->loop->now_ms;

	connection->phase = phase;
	connection->deadline_ms = limit_ms > 0 ? now_ms + limit_ms : NEVER;
	connection->progress = UINT64_MAX;
}

/* How often a connection is looked at, whatever its deadline. */
static int64_t look_ms(const struct loop *loop)
{
	return loop->wheel.tick_ms * 4;
}

static void place(struct loop *loop, struct connection *connection)
{
	int64_t when_ms = loop->now_ms + look_ms(loop);

	if (connection->deadline_ms < when_ms)
		when_ms = connection->deadline_ms;
	wheel_place(&loop->wheel, &connection->place, when_ms);
}

/* The library does not look at a socket while its buffer is full (of a chunk's
 * extension, say), so it would never see the end; a timeout of its own, of the
 * dying alone, makes it look. */
void loop_shut(struct connection *connection)
{
	shutdown(connection->fd, SHUT_RDWR);
	if (connection->wire)
		MHD_set_connection_option(connection->wire,
					  MHD_CONNECTION_OPTION_TIMEOUT, 1u);
	connection->phase = PHASE_DEAD;
	connection->deadline_ms = NEVER;
}

/* The library waits for bytes that do not come, so the answer goes past it. */
static void cut_short(struct connection *connection, const char *page,
		      int status, enum err_code code)
{
	struct exchange *exchange = connection->exchange;

	mhd_past_send(connection, page, strlen(page));
	if (exchange) {
		exchange->request.response.status = status;
		exchange->request.response.error = code;
	}
	loop_shut(connection);
}

static void time_out(struct connection *connection)
{
	cut_short(connection,
		  "HTTP/1.1 408 Request Timeout\r\n"
		  "Connection: close\r\n"
		  "Content-Length: 0\r\n\r\n",
		  408, ERR_TIMEOUT);
}

/* Bytes received (or, when sending, acknowledged) since the connection began;
 * in TLS the records received since the handshake. */
static uint64_t kernel_count(const struct connection *connection)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	if (connection->tls && connection->phase == PHASE_IDLE)
		return tls_link_heard(connection->tls);
	if (getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		return 0;
	return connection->phase == PHASE_SEND ? info.tcpi_bytes_acked
					       : info.tcpi_bytes_received;
}

/* The library tells nobody of a request before its first line is whole. */
static void look_at_idle(struct connection *connection)
{
	struct loop *loop = connection->loop;
	uint64_t received = kernel_count(connection);
	int64_t header_ms = atomic_load(&loop->front->header_ms);

	if (connection->progress == UINT64_MAX)
		connection->progress = received;
	if (received > connection->progress)
		loop_phase(connection, PHASE_HEADERS, header_ms);
	else if (loop->now_ms >= connection->deadline_ms)
		loop_shut(connection);
}

static void look_at_send(struct connection *connection)
{
	struct loop *loop = connection->loop;
	uint64_t acknowledged = kernel_count(connection);

	if (connection->progress != acknowledged) {
		loop_phase(connection, PHASE_SEND,
			   atomic_load(&loop->front->body_idle_ms));
		connection->progress = acknowledged;
	} else if (loop->now_ms >= connection->deadline_ms) {
		loop_shut(connection);
	}
}

/* The client has gone and the library does not know: where the end comes along
 * with bytes, epoll tells of both at once, and the library, having read less
 * than it could, waits to be told again. */
static bool has_ended(const struct connection *connection)
{
	char byte;

	return recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/*
 * Bytes wait and none came out as body between two looks: the library's buffer
 * is full of something else, such as a chunk's extension, and the loop would
 * turn without end.  Every piece of a body resets progress.
 */
static void look_at_body(struct connection *connection)
{
	int waiting = 0;
	bool some =
		ioctl(connection->fd, FIONREAD, &waiting) == 0 && waiting > 0;

	if (some && connection->progress == 0)
		cut_short(connection,
			  "HTTP/1.1 400 Bad Request\r\n"
			  "Connection: close\r\n"
			  "Content-Length: 0\r\n\r\n",
			  400, ERR_INVALID);
	else if (!some && has_ended(connection))
		loop_shut(connection);
	else
		connection->progress = some ? 0 : UINT64_MAX;
}

static void look(struct connection *connection)
{
	bool late = connection->loop->now_ms >= connection->deadline_ms;

	switch (connection->phase) {
	case PHASE_IDLE:
		look_at_idle(connection);
		break;
	case PHASE_HEADERS:
		if (late)
			time_out(connection);
		else if (has_ended(connection))
			loop_shut(connection);
		break;
	case PHASE_BODY:
		if (late)
			time_out(connection);
		else
			look_at_body(connection);
		break;
	case PHASE_SEND:
		look_at_send(connection);
		break;
	case PHASE_HELLO:
	case PHASE_LINGER:
		if (late)
			loop_shut(connection);
		break;
	case PHASE_WORK:
	case PHASE_DEAD:
		break;
	}
}

static void sweep(struct loop *loop)
{
	struct list due;

	list_init(&due);
	wheel_take_due(&loop->wheel, loop->now_ms, &due);
	while (!list_empty(&due)) {
		struct connection *connection =
			CONTAINER_OF(due.next, struct connection, place);

		list_remove(&connection->place);
		look(connection);
		place(loop, connection);
	}
}

/* A fresh connection has sent nothing yet, so every byte it has sent counts. */
static void add(struct loop *loop, struct connection *connection)
{
	loop_phase(connection, PHASE_IDLE, atomic_load(&loop->front->idle_ms));
	connection->progress = 0;
	place(loop, connection);
	mhd_hello_new(loop, connection);
}

static void take_over(struct loop *loop)
{
	if (!atomic_exchange(&loop->news, false))
		return;
	lock_take(&loop->lock);
	struct connection *given = loop->given;
	struct exchange *woken = loop->woken;

	loop->given = NULL;
	loop->woken = NULL;
	loop->draining = loop->drain;
	lock_drop(&loop->lock);
	while (given) {
		struct connection *next = given->next;

		add(loop, given);
		given = next;
	}
	while (woken) {
		struct exchange *next = woken->next_woken;

		atomic_store(&woken->queued, false);
		mhd_request_woken(loop, woken);
		woken = next;
	}
}

/* Close what idles; everything, once the time is over. */
static void drain(struct loop *loop)
{
	bool cut = loop->now_ms >= loop->drain_until_ms;

	for (int i = 0; i < WHEEL_SLOTS; i++) {
		struct list *slot = &loop->wheel.slots[i];

		for (struct list *at = slot->next; at != slot; at = at->next) {
			struct connection *connection =
				CONTAINER_OF(at, struct connection, place);

			if (connection->phase != PHASE_DEAD &&
			    (cut || connection->phase == PHASE_IDLE ||
			     connection->phase == PHASE_HELLO))
				loop_shut(connection);
		}
	}
}

static void sleep_for(struct loop *loop, int timeout_ms)
{
	struct pollfd fds[2 + LANES] = {
		{.fd = loop->event_fd, .events = POLLIN}};
	nfds_t watched = 1;
	uint64_t count;

	for (int i = 0; i < LANES; i++)
		if (loop->lanes[i].connections > 0)
			fds[watched++] =
				(struct pollfd){.fd = loop->lanes[i].epoll_fd,
						.events = POLLIN};
	if (loop->parking.count > 0)
		fds[watched++] = (struct pollfd){.fd = loop->parking.epoll_fd,
						 .events = POLLIN};
	poll(fds, watched, timeout_ms);
	if (!(fds[0].revents & POLLIN))
		return;
	while (read(loop->event_fd, &count, sizeof(count)) < 0 &&
	       errno == EINTR)
		;
}

/* A daemon without connections has nothing to do, nor to clean up. */
static void run_lanes(struct loop *loop)
{
	for (int i = 0; i < LANES; i++)
		if (loop->lanes[i].connections > 0)
			MHD_run(loop->lanes[i].daemon);
}

static bool lanes_are_busy(const struct loop *loop)
{
	MHD_UNSIGNED_LONG_LONG left;

	for (int i = 0; i < LANES; i++)
		if (loop->lanes[i].connections > 0 &&
		    MHD_get_timeout(loop->lanes[i].daemon, &left) == MHD_YES &&
		    left == 0)
			return true;
	return false;
}

/* Not at all while the library has more to read or to send: it looks at its
 * sockets in every turn anyway. */
static void wait_for_events(struct loop *loop)
{
	int timeout_ms = -1;

	if (lanes_are_busy(loop))
		return;
	if (loop->connections + loop->parking.count > 0)
		timeout_ms = (int)loop->wheel.tick_ms;
	if (loop->draining && timeout_ms < 0)
		timeout_ms = TICK_MIN_MS;
	atomic_store(&loop->asleep, true);
	if (!atomic_load(&loop->news))
		sleep_for(loop, timeout_ms);
	atomic_store(&loop->asleep, false);
}

/* No signal reaches the thread, SIGPIPE neither: the library was told that we
 * see to it, since otherwise it would not use sendfile. */
static void *run(void *context)
{
	struct loop *loop = context;
	char name[16];

	snprintf(name, sizeof(name), "http-%zu", loop->index % 1000);
	pthread_setname_np(pthread_self(), name);
	log_batch_this_thread(true);
	for (;;) {
		loop->now_ms = clock_monotonic_ms(loop->front->clock);
		take_over(loop);
		mhd_hello_before(loop);
		run_lanes(loop);
		mhd_hello_after(loop);
		sweep(loop);
		if (loop->draining)
			drain(loop);
		log_flush();
		if (loop->draining && loop->connections == 0 &&
		    loop->parking.count == 0 && loop->closing == 0)
			break;
		wait_for_events(loop);
	}
	log_batch_this_thread(false);
	return NULL;
}

static int64_t smallest_limit(const struct front *front)
{
	int64_t limits[] = {atomic_load(&front->header_ms),
			    atomic_load(&front->idle_ms),
			    atomic_load(&front->body_idle_ms),
			    atomic_load(&front->body_ms)};
	int64_t smallest = 8 * TICK_MAX_MS;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (limits[i] > 0 && limits[i] < smallest)
			smallest = limits[i];
	return smallest;
}

static int open_lane(struct loop *loop, struct lane *lane, size_t pool_bytes,
		     struct err *err)
{
	lane->pool_bytes = pool_bytes;
	if (mhd_request_daemon(loop, pool_bytes, &lane->daemon) < 0)
		return err_set(err, ERR_UNAVAILABLE,
			       "the HTTP library did not start");
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(lane->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	if (!info)
		return err_set(err, ERR_INTERNAL,
			       "the HTTP library has no epoll descriptor");
	lane->epoll_fd = info->epoll_fd;
	return 0;
}

/* What a connection in TLS begins with cannot be seen. */
static int open_lanes(struct loop *loop, struct err *err)
{
	size_t bytes = loop->front->pool_bytes;

	if (open_lane(loop, &loop->lanes[LANE_PLAIN], bytes, err) < 0)
		return -1;
	if (loop->front->tls || bytes >= BULK_POOL_BYTES)
		return 0;
	return open_lane(loop, &loop->lanes[LANE_BULK], BULK_POOL_BYTES, err);
}

static int loop_open(struct loop *loop, struct err *err)
{
	int64_t tick_ms = smallest_limit(loop->front) / 8;

	if (tick_ms < TICK_MIN_MS)
		tick_ms = TICK_MIN_MS;
	loop->now_ms = clock_monotonic_ms(loop->front->clock);
	wheel_init(&loop->wheel, tick_ms, loop->now_ms);
	loop->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->event_fd < 0)
		return err_sys(err, errno, "eventfd of an event loop");
	if (parking_open(&loop->parking, err) < 0)
		return -1;
	return open_lanes(loop, err);
}

int loop_new(struct front *front, size_t index, struct loop **ret_loop,
	     struct err *err)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return err_set(err, ERR_NO_MEMORY, "no memory for a loop");
	loop->front = front;
	loop->index = index;
	loop->event_fd = -1;
	loop->parking.epoll_fd = -1;
	lock_init(&loop->lock);
	list_init(&loop->shaking);
	if (loop_open(loop, err) < 0) {
		loop_free(loop);
		return -1;
	}
	*ret_loop = loop;
	return 0;
}

int loop_start(struct loop *loop, struct err *err)
{
	if (thread_start(NULL, run, loop, &loop->thread, err) < 0)
		return err_wrap(err, "event loop");
	loop->started = true;
	return 0;
}

void loop_join(struct loop *loop)
{
	if (!loop || !loop->started)
		return;
	pthread_join(loop->thread, NULL);
	loop->started = false;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	for (int i = 0; i < LANES; i++)
		if (loop->lanes[i].daemon)
			MHD_stop_daemon(loop->lanes[i].daemon);
	while (loop->given) {
		struct connection *connection = loop->given;

		loop->given = connection->next;
		close(connection->fd);
		front_forget(loop->front, connection);
	}
	while (loop->free) {
		struct exchange *exchange = loop->free;

		loop->free = exchange->next_free;
		free(exchange);
	}
	if (loop->event_fd >= 0)
		close(loop->event_fd);
	parking_release(&loop->parking);
	lock_release(&loop->lock);
	free(loop);
}
