/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How connections begin: their first byte, and their handshake.  The library
 * drives handshakes, but it turns without end while one waits for its client;
 * so a handshake that did not come to its end in a turn is suspended and waits
 * with those that have said nothing, and costs nothing until more of it comes.
 */
#include <microhttpd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/map.h"
#include "server/http/mhd_loop.h"
#include "server/http/tls.h"

#define HEARD_MAX 64	 /* first bytes looked at in one turn */
#define HANDSHAKES_MAX 2 /* the same, where each may cost a millisecond */
#define BULK_MAX 64	 /* connections with much memory */

/* The socket is not known to the library: close it, and forget the rest. */
static void dismiss(struct loop *loop, struct connection *connection)
{
	list_remove(&connection->place);
	close(connection->fd);
	front_forget(loop->front, connection);
}

static struct lane *choose_lane(struct loop *loop, enum hello hello)
{
	struct lane *bulk = &loop->lanes[LANE_BULK];

	return hello == HELLO_UPLOAD && bulk->daemon &&
			       bulk->connections < BULK_MAX
		       ? bulk
		       : &loop->lanes[LANE_PLAIN];
}

static void admit(struct loop *loop, struct connection *connection,
		  enum hello hello)
{
	loop->adding = connection;
	connection->lane = choose_lane(loop, hello);
	if (MHD_add_connection(connection->lane->daemon, connection->fd,
			       (const struct sockaddr *)&connection->address,
			       connection->address_len) == MHD_YES)
		return;
	/* The socket is closed; the callbacks have seen to the rest if they ran
	 * at all. */
	if (loop->adding) {
		list_remove(&connection->place);
		front_forget(loop->front, connection);
	}
	loop->adding = NULL;
}

static void park(struct loop *loop, struct connection *connection, bool to_send)
{
	if (parking_put(&loop->parking, connection, to_send) == 0)
		return;
	if (!connection->wire) {
		dismiss(loop, connection);
		return;
	}
	MHD_resume_connection(connection->wire);
	loop_shut(connection);
}

static void welcome(struct loop *loop, struct connection *connection,
		    enum hello hello)
{
	struct front *front = loop->front;

	if ((hello == HELLO_TLS) != (front->tls != NULL)) {
		hello_refuse(connection->fd, front->tls != NULL);
		dismiss(loop, connection);
		return;
	}
	if (front->tls)
		loop_phase(connection, PHASE_HELLO,
			   atomic_load(&front->header_ms));
	admit(loop, connection, hello);
}

static void hear(struct loop *loop, struct connection *connection)
{
	if (connection->wire) {
		list_append(&loop->shaking, &connection->shaking);
		MHD_resume_connection(connection->wire);
		return;
	}
	enum hello hello = hello_peek(connection->fd);

	if (hello == HELLO_NONE)
		park(loop, connection, false);
	else if (hello == HELLO_END)
		dismiss(loop, connection);
	else
		welcome(loop, connection, hello);
}

void mhd_hello_new(struct loop *loop, struct connection *connection)
{
	if (loop->front->tls)
		park(loop, connection, false);
	else
		hear(loop, connection);
}

void mhd_hello_before(struct loop *loop)
{
	struct connection *heard[HEARD_MAX];
	size_t max = loop->front->tls ? HANDSHAKES_MAX : HEARD_MAX;
	size_t count = parking_take(&loop->parking, heard, max);

	for (size_t i = 0; i < count; i++)
		hear(loop, heard[i]);
}

void mhd_hello_tls(struct loop *loop, struct connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection->wire, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	if (info)
		connection->tls = tls_link_new(
			loop->front->tls, info->tls_session, connection->fd);
	if (connection->tls)
		list_append(&loop->shaking, &connection->shaking);
	else
		loop_shut(connection);
}

static void look_at_handshake(struct loop *loop, struct connection *connection)
{
	if (!tls_link_ready(connection->tls)) {
		MHD_suspend_connection(connection->wire);
		park(loop, connection, tls_link_blocked(connection->tls));
		return;
	}
	if (connection->phase != PHASE_HELLO)
		return;
	loop_phase(connection, PHASE_IDLE, atomic_load(&loop->front->idle_ms));
	connection->progress = 0;
}

void mhd_hello_after(struct loop *loop)
{
	while (!list_empty(&loop->shaking)) {
		struct connection *connection = CONTAINER_OF(
			loop->shaking.next, struct connection, shaking);

		list_remove(&connection->shaking);
		look_at_handshake(loop, connection);
	}
}

/* What is left unread when a socket is closed turns into a reset, which may
 * overtake what the client is told. */
void mhd_hello_gone(const struct connection *connection)
{
	char unread[4096];
	const char *why =
		connection->tls ? tls_link_refusal(connection->tls) : NULL;

	if (!why)
		return;
	(void)recv(connection->fd, unread, sizeof(unread), MSG_DONTWAIT);
	log_event(LOG_INFO, "tls_refused", LOG_TEXT("peer", connection->peer),
		  LOG_TEXT("text", why));
}

bool mhd_past_send(struct connection *connection, const void *data, size_t len)
{
	if (connection->tls)
		return tls_link_send(connection->tls, data, len) ==
		       (ssize_t)len;
	return send(connection->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	       (ssize_t)len;
}

bool mhd_past_end(struct connection *connection)
{
	return (!connection->tls || tls_link_end(connection->tls) == 0) &&
	       shutdown(connection->fd, SHUT_WR) == 0;
}
