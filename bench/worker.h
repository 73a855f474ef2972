/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_WORKER_H
#define BENCH_WORKER_H

/*
 * A thread with an epoll loop of its own and its share of the connections.
 * Between worker_prepare and worker_run the clock is started; the results may
 * be read once worker_run has returned.
 */

#include <stdatomic.h>
#include <stdint.h>

#include "bench/connection.h"
#include "bench/histogram.h"

/* What the workers share. */
struct race {
	const struct load *load;      /* borrowed */
	_Atomic uint64_t next_ticket; /* number of the next request */
	_Atomic uint64_t failures;    /* of all workers, to give up */
	uint64_t deadline_ns;	      /* no request begins after it; or 0 */
};

struct worker {
	struct race *race;		/* borrowed */
	struct connection *connections; /* owned */
	size_t count;			/* of the connections */
	int epoll_fd;			/* -1: none */
	size_t busy;			/* connections with a request */
	struct histogram *latencies;	/* of the good requests; owned */
	uint64_t requests;		/* that ended well */
	uint64_t errors;		/* that did not */
	uint64_t reconnects;		/* because the server closed */
	uint64_t bytes;			/* of body moved */
	uint64_t ended_ns;		/* when the last request ended */
	unsigned int failed_status;	/* the last wrong answer; or 0 */
};

/* Nanoseconds of the monotonic clock. */
uint64_t worker_clock_ns(void);

/* Open count connections. Call worker_release even after a failure. */
int worker_prepare(struct worker *worker, struct race *race, size_t count,
		   struct err *err);
void worker_release(struct worker *worker);

/* Run until the requests or the time are used up. */
void worker_run(struct worker *worker);

#endif
