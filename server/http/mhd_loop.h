/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_MHD_LOOP_H
#define SERVER_HTTP_MHD_LOOP_H

/* Between the mhd_*.c files: nothing else includes this. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/lock.h"
#include "server/http/front.h"
#include "server/http/loop.h"
#include "server/http/parking.h"
#include "server/http/wheel.h"

struct MHD_Daemon;
struct exchange;

/* The library gives all connections of a daemon the same memory, in halves of
 * which it receives.  Uploads in small pieces cost a fifth more time, and much
 * memory for everybody costs, with every request, the time to wipe it. */
enum lane_name {
	LANE_PLAIN, /* of everybody */
	LANE_BULK,  /* of some that begin with an upload */
	LANES,
};

struct lane {
	struct MHD_Daemon *daemon; /* owned; NULL: there is no such lane */
	int epoll_fd;		   /* the daemon's */
	size_t pool_bytes;	   /* of memory for a connection */
	size_t connections;	   /* known to the daemon */
};

struct loop {
	struct front *front;	  /* borrowed */
	pthread_t thread;	  /* if started */
	bool started;		  /* to be joined; its owner's */
	size_t index;		  /* from 0; names the thread */
	int event_fd;		  /* wakes the loop; owned */
	struct lane lanes[LANES]; /* the library's connections */

	/* Guarded by lock. */
	struct lock lock;
	struct connection *given; /* new ones */
	struct exchange *woken;	  /* to be taken up again */
	bool drain;		  /* loop_drain() was called */
	int64_t drain_until_ms;	  /* monotonic; if drain */

	/* Any thread's: a loop that is busy needs no wake-up. */
	atomic_bool news;   /* something of the above changed */
	atomic_bool asleep; /* it waits, or is about to: write event_fd */

	/* The loop's thread's alone. */
	int64_t now_ms;		   /* at the start of this turn */
	struct wheel wheel;	   /* of connections */
	struct parking parking;	   /* of those that have said nothing */
	struct list shaking;	   /* handshakes that go on in this turn */
	struct connection *adding; /* not yet known to the daemon */
	struct exchange *free;	   /* for further use */
	size_t connections;	   /* known to the lanes' daemons */
	size_t closing;		   /* exchanges without a connection */
	bool draining;		   /* drain, as this turn has seen it */
	bool cut;		   /* the drain's time is over */
};

/* A daemon with our callbacks and that much memory for each connection
 * (mhd_request.c). */
int mhd_request_daemon(struct loop *loop, size_t pool_bytes,
		       struct MHD_Daemon **ret_daemon);

/* Take an exchange up again that waited (mhd_request.c). */
void mhd_request_woken(struct loop *loop, struct exchange *exchange);

/* An exchange from the free ones, or NULL; and back. */
struct exchange *loop_exchange(struct loop *loop);
void loop_exchange_free(struct loop *loop, struct exchange *exchange);

/* Enter a phase that must have ended after limit_ms; 0 is no limit. */
void loop_phase(struct connection *connection, enum phase phase,
		int64_t limit_ms);

/* Have a connection end: the library will notice. */
void loop_shut(struct connection *connection);

/* A connection was given to the loop, and is placed in its wheel. */
void mhd_hello_new(struct loop *loop, struct connection *connection);

/* The library has made a connection that is to be spoken to in TLS. */
void mhd_hello_tls(struct loop *loop, struct connection *connection);

/* The library is about to close a connection. */
void mhd_hello_gone(const struct connection *connection);

/* Each turn, before the library sees to its sockets and after. */
void mhd_hello_before(struct loop *loop);
void mhd_hello_after(struct loop *loop);

/* Send bytes past the library, in TLS where the connection is; then say that no
 * more will follow.  False if not all can go out at once. */
bool mhd_past_send(struct connection *connection, const void *data, size_t len);
bool mhd_past_end(struct connection *connection);

/* Send the answer as it stands past the library, and read no more: 0, or -1 if
 * the connection is of no use (mhd_response.c). */
int mhd_response_raw(struct exchange *exchange);

/* False if the library has no room for the answer's fields
 * (mhd_response.c). */
bool mhd_response_fits(const struct exchange *exchange);

/* Have the answer sent by the library (mhd_response.c): 0, or -1. */
int mhd_response_queue(struct exchange *exchange);

#endif
