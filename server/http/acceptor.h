/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_ACCEPTOR_H
#define SERVER_HTTP_ACCEPTOR_H

/*
 * The thread that accepts connections and deals them out to the event loops in
 * turn.  It never spins: over the limit, and when the process has no descriptor
 * left, it waits a moment.
 */

#include <stddef.h>

struct acceptor;
struct err;
struct front;
struct loop;

/* Everything is borrowed until acceptor_free(); listen_fd must not block. */
int acceptor_new(int listen_fd, struct front *front, struct loop **loops,
		 size_t loop_count, struct acceptor **ret_acceptor,
		 struct err *err);

/* Accept from now on, on a thread of its own. */
int acceptor_start(struct acceptor *acceptor, struct err *err);

/* Wait for its end; one never started, and NULL, are fine. */
void acceptor_stop(struct acceptor *acceptor);
void acceptor_free(struct acceptor *acceptor);

#endif
