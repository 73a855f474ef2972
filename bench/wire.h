/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

/*
 * The bytes of a connection, plain or in TLS.  Nothing here checks who the
 * server is.  One thread at a time.
 */

#include <stddef.h>
#include <sys/types.h>

struct err;
struct iovec;
struct ssl_ctx_st;
struct ssl_st;

struct wire {
	int fd;		    /* owned; -1: closed; non-blocking */
	struct ssl_st *tls; /* owned; NULL: plain */
};

/* What all TLS connections share, for as long as the program runs. */
int wire_context(struct ssl_ctx_st **ret_context, struct err *err);

/* Speak TLS on a socket that blocks: shake hands.  context is borrowed. */
int wire_secure(struct wire *wire, struct ssl_ctx_st *context, struct err *err);

/* Close without a word; one that is closed is fine. */
void wire_close(struct wire *wire);

/* As send, recv and, throwing away what comes, recv with MSG_TRUNC: -1 with
 * errno EAGAIN where they would block. */
ssize_t wire_send(struct wire *wire, const struct iovec *parts, size_t count);
ssize_t wire_recv(struct wire *wire, void *data, size_t len);
ssize_t wire_discard(struct wire *wire, size_t len);

#endif
