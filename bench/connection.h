/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_CONNECTION_H
#define BENCH_CONNECTION_H

/*
 * One keep-alive connection and the request that is under way on it. A
 * request may take several exchanges: a push is POST and PUT, or POST, PATCH
 * and PUT. One thread at a time; the load is shared and immutable.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/body.h"
#include "bench/options.h"
#include "bench/response.h"
#include "bench/wire.h"

struct err;

#define CONNECTION_HEAD_SIZE 8192 /* bytes of the longest request head */

/* What every connection does; immutable while they run. */
struct load {
	struct options options; /* as parsed */
	struct body_pool pool;	/* of a push, else empty */
	char *fields;		/* header lines of every request; owned */
	struct ssl_ctx_st *tls; /* NULL: plain; never freed */
};

enum connection_step {
	STEP_FETCH, /* GET or HEAD */
	STEP_START, /* POST of an upload */
	STEP_PATCH, /* its bytes, chunked */
	STEP_PUT,   /* its end, with or without its bytes */
};

enum connection_state {
	CONNECTION_WAIT_READ,  /* call again when it can be read */
	CONNECTION_WAIT_WRITE, /* call again when it can be read or written */
	CONNECTION_FINISHED,   /* the request is done, well */
	CONNECTION_FAILED,     /* it is not, and the socket is closed */
};

struct connection {
	const struct load *load;	    /* borrowed */
	struct wire wire;		    /* its fd is -1: not connected */
	bool wants_write;		    /* what epoll was told */
	enum connection_step step;	    /* which exchange is under way */
	char head[CONNECTION_HEAD_SIZE];    /* of the request being sent */
	size_t head_len;		    /* bytes in head */
	uint64_t body_len;		    /* bytes of its body's stream */
	bool body_chunked;		    /* the stream is in chunks */
	uint64_t sent;			    /* bytes of head and body sent */
	const struct body_variant *variant; /* what is pushed; borrowed */
	struct response response;	    /* being read */
	uint64_t started_ns;		    /* when the request began */
	uint64_t bytes;			    /* of body it moved so far */
	unsigned int failed_status;	    /* of the last wrong answer; or 0 */
};

/* Connect (this blocks) to the load's server. */
int connection_open(struct connection *connection, const struct load *load,
		    struct err *err);
void connection_close(struct connection *connection);

/* Begin request number ticket; then go on with connection_run. */
void connection_begin(struct connection *connection, uint64_t ticket);

/* Write and read as far as the socket lets us. */
enum connection_state connection_run(struct connection *connection);

#endif
