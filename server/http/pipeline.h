/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_PIPELINE_H
#define SERVER_HTTP_PIPELINE_H

/*
 * What every request passes, in this order: framing, limits, request id,
 * target, route, who asks, may they, the handler's steps around the body, log
 * and metrics.  The transport drives it: it hands over what came in and does
 * what the result says.  Every function here is for the event loop that owns
 * the exchange, and none of them waits.
 */

#include <stdatomic.h>
#include <stddef.h>

#include "server/http/forwarded.h"
#include "server/http/server.h"

struct account;
struct err;
struct exchange;
struct rate;

struct pipeline {
	struct http_parts parts;   /* borrowed */
	struct account *account;   /* log and metrics; owned */
	atomic_size_t in_flight;   /* requests */
	_Atomic uint64_t buffered; /* bytes of bodies in memory */
	/* Limits; a reload may change them at any time. */
	atomic_size_t requests_max;
	atomic_size_t target_max; /* bytes */
	atomic_size_t header_max; /* bytes */
	atomic_size_t body_max;	  /* bytes of a body whose row sets no limit */
	_Atomic uint64_t bodies_max; /* bytes of ->buffered */
	struct forwarded forwarded;  /* proxies that are believed; immutable */
	struct rate *rate;	     /* how often clients asked; owned */
	_Atomic int64_t per_address; /* requests in a second; 0: no limit */
	_Atomic int64_t per_principal; /* the same */
	_Atomic int64_t burst_ms;      /* whose worth may be saved up */
};

/* parts are copied, what they point to is borrowed.  ERR_INVALID for a list of
 * proxies that cannot be read. */
int pipeline_init(struct pipeline *pipeline, const struct http_config *config,
		  const struct http_parts *parts, struct err *err);
/* No exchange may be left. */
void pipeline_release(struct pipeline *pipeline);
/* Take the limits over from a new configuration.  Any thread. */
void pipeline_reconfigure(struct pipeline *pipeline,
			  const struct http_config *config);

/* What the transport does next. */
enum pipeline_next {
	PIPELINE_BODY,	 /* take the body; when it has ended, go on */
	PIPELINE_WAIT,	 /* wait for exchange->waits_for, then go on */
	PIPELINE_ANSWER, /* send request.response; a body is of no use now */
};

/* Make a fresh exchange of memory that may hold an old one, which has ended.
 * loop and wake are left alone. */
void pipeline_begin(struct pipeline *pipeline, struct exchange *exchange);

/* Go on, until something else is needed. */
enum pipeline_next pipeline_go(struct exchange *exchange);

/* Hand over bytes of the body; *ret_taken of them are done with, and the rest
 * must be offered again.  Never called again after PIPELINE_ANSWER. */
enum pipeline_next pipeline_body(struct exchange *exchange, const void *data,
				 size_t len, size_t *ret_taken);

/* The transport itself refuses the request. */
enum pipeline_next pipeline_fail(struct exchange *exchange,
				 const struct err *err);

/* It is refused, and only still there until its body is: it no longer counts
 * among the requests in flight. */
void pipeline_uncount(struct exchange *exchange);

/* The exchange is over: log, count, release.  PIPELINE_WAIT: a worker still
 * cleans up; the memory is free after that.  PIPELINE_ANSWER: it is now. */
enum pipeline_next pipeline_end(struct exchange *exchange);

#endif
