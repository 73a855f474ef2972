/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_PARKING_H
#define SERVER_HTTP_PARKING_H

/*
 * Connections that have said nothing yet, or not all of their handshake.  They
 * wait here, outside the HTTP library, for their first byte: it tells TLS from
 * HTTP.  The library would hang up on the wrong one without a word, and clients
 * that try HTTPS first go on with HTTP only if they are answered in it.  One
 * thread at a time.
 */

#include <stdbool.h>
#include <stddef.h>

struct connection;
struct err;

struct parking {
	int epoll_fd; /* owned; -1: not open */
	size_t count; /* connections that wait */
};

/* What a connection's first byte says. */
enum hello {
	HELLO_NONE,   /* it is not there yet */
	HELLO_HTTP,   /* no handshake: let the library see */
	HELLO_UPLOAD, /* the same; it may be a POST, PUT or PATCH */
	HELLO_TLS,    /* a handshake */
	HELLO_END,    /* there will be none */
};

/* Look at the first byte and leave it where it is. */
enum hello hello_peek(int fd);

/* Tell the client in HTTP that this port speaks the other one: HTTPS if tls,
 * else HTTP.  The socket is the caller's to close afterwards. */
void hello_refuse(int fd, bool tls);

/* An empty one; -1 without a descriptor. */
int parking_open(struct parking *parking, struct err *err);

/* Connections that still wait are not closed. */
void parking_release(struct parking *parking);

/* Let a connection (borrowed) wait for bytes, or until it can send: 0, or -1 if
 * the kernel will not. */
int parking_put(struct parking *parking, struct connection *connection,
		bool to_send);

/* Up to max connections that wait no longer, because something came or because
 * they ended: how many.  Returns at once. */
size_t parking_take(struct parking *parking,
		    struct connection **ret_connections, size_t max);

#endif
