/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_EXCHANGE_H
#define SERVER_HTTP_EXCHANGE_H

/*
 * A request with all that the pipeline and the transport keep about it while it
 * lasts.  The transport fills in what the wire says and drives the pipeline;
 * handlers see the request alone.  One thread at a time, but for the wake bits.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pool.h"
#include "server/http/framing.h"
#include "server/http/request.h"
#include "server/http/router.h"

struct pipeline;

/* Why an exchange that waits is taken up again. */
#define WAKE_JOB 1u  /* its job on a worker is done */
#define WAKE_ROOM 2u /* its handler takes bytes again */

struct exchange {
	struct request request;	   /* what handlers see; whoever runs has it */
	struct pipeline *pipeline; /* borrowed */
	struct framing framing;	   /* how the body ends */
	struct field fields[FIELDS_MAX]; /* borrowed from the connection */
	size_t field_count;		 /* of fields */
	bool overflow;			 /* there were more fields than that */
	bool http_1_1;			 /* else 1.0 */
	size_t header_bytes; /* of the request line and all fields */
	bool counted;	     /* among the requests in flight */
	bool opened;	     /* quick() did what open() would */
	bool after_body;     /* who asks is found out once the body is there */
	uint64_t buffered;  /* bytes of its body in the pipeline's ->buffered */
	size_t step;	    /* the next of the pipeline's */
	unsigned waits_for; /* WAKE_ bits; 0 if it does not wait */
	atomic_uint woken;  /* WAKE_ bits that have come */
	atomic_bool queued; /* in the loop's list of woken ones */
	struct exchange *next_woken; /* in that list */
	struct exchange *next_free;  /* in the loop's list of free ones */
	struct pool_job job;	     /* what a worker does for it */
	void (*on_worker)(struct exchange *exchange); /* the job's work */
	enum door door;		 /* of the route, or the nearest */
	struct err failure;	 /* of the last job */
	enum action denied;	 /* the last that was, or ACTION_UNSET */
	char denied_target[256]; /* to what, or "" */
	int64_t ended_us;	 /* monotonic; when the answer was made */
	uint64_t sent_bytes;	 /* of the answer's body */

	/* The transport's: take the exchange up again.  Any thread. */
	void (*wake)(struct exchange *exchange);
	void *loop;	  /* the transport's: the event loop */
	void *connection; /* the transport's: the connection, NULL when gone */
	unsigned phase;	  /* the transport's */
	bool aborted;	  /* the connection broke before the answer's end */
	uint64_t swallowed;	/* bytes of a body that nobody wants */
	const char *target_end; /* the transport's: where the target ended */
};

/* The exchange of a request that came over the wire. */
static inline struct exchange *exchange_of(struct request *request)
{
	return request->wire;
}

/* Set a bit of ->woken and have the transport take the exchange up again. */
void exchange_wake(struct exchange *exchange, unsigned bit);

#endif
