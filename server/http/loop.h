/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_LOOP_H
#define SERVER_HTTP_LOOP_H

/*
 * One event loop: a thread around an HTTP library's own set of connections.
 * It never waits for anything but its sockets and its wake-up descriptor.
 */

#include <stddef.h>
#include <stdint.h>

struct connection;
struct err;
struct front;
struct loop;

/* front is borrowed; index names the thread. */
int loop_new(struct front *front, size_t index, struct loop **ret_loop,
	     struct err *err);
int loop_start(struct loop *loop, struct err *err);

/* Give it a connection that was just accepted; taken.  Any thread. */
void loop_give(struct loop *loop, struct connection *connection);

/* Close what idles, let requests end until that moment of the monotonic clock,
 * then end.  Any thread; returns at once. */
void loop_drain(struct loop *loop, int64_t until_ms);

/* Wait for its end, and free it; NULL and one never started are fine. */
void loop_join(struct loop *loop);
void loop_free(struct loop *loop);

#endif
