/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_ROUTER_H
#define SERVER_HTTP_ROUTER_H

/*
 * Which handler answers which request.  Routes are rows of tables, tried in
 * order; a row says what permission it needs, how its body comes in, and its
 * handler's steps.  Immutable once built; any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/action.h"
#include "server/http/request.h"

struct err;
struct router;

/* How failures are written. */
enum door {
	DOOR_UNSET = 0,
	DOOR_OCI,   /* {"errors":[{"code","message","detail"}]} */
	DOOR_PLAIN, /* one line of text */
	DOOR_ADMIN, /* {"error":{"code","message"}} */
	DOOR_AWS,   /* as the AWS protocol that is spoken has it */
	DOOR_COUNT,
};

enum body_kind {
	BODY_NONE,     /* a body is swallowed up to a small limit */
	BODY_BUFFERED, /* collected in request->body before work() */
	BODY_STREAMED, /* given to chunk() piece by piece */
};

/*
 * The steps of a handler, in the order in which they happen.  Each returns 0,
 * or -1 with err set, which answers the request with that failure.
 */
struct handler {
	/* Buffered bodies only, on the event loop, when the whole body is
	 * there; must not wait.  Where the body says who asks, that goes into
	 * request->credentials.  NULL: it never does. */
	int (*credentials)(struct request *request, struct err *err);

	/* On the event loop, when the header fields are there and the request
	 * is allowed; must not wait.  1: it has answered, or for a streamed
	 * body: all is open, without open(); 0: go on.  NULL: go on. */
	int (*quick)(struct request *request, struct err *err);

	/* Streamed bodies only, on a worker: before the body is taken.  What
	 * quick() left in request->state is there. */
	int (*open)(struct request *request, struct err *err);

	/* Streamed bodies only, on the event loop; must not wait.  Takes
	 * *ret_taken <= len bytes; where that is less, request_wake() must
	 * follow once, and the rest is offered again. */
	int (*chunk)(struct request *request, const void *data, size_t len,
		     size_t *ret_taken, struct err *err);

	/* On a worker, when the whole body is there: do it and answer. */
	int (*work)(struct request *request, struct err *err);

	/* On a worker, once, whenever request->state is not NULL at the end:
	 * after a failure, and when the client went away before work(). */
	void (*close)(struct request *request);
};

struct route {
	enum http_method method; /* a HEAD needs a row of its own */
	/* "/v2/{name}/manifests/{reference}": literal text and placeholders.
	 * {name} spans slashes and is matched from the right; every other holds
	 * one component and is not empty. */
	const char *pattern;
	enum action action;
	enum door door;
	enum body_kind body;
	uint64_t body_max; /* of a buffered body: more is 413.  0: the value of
			      http_config.body_max */
	const char *label; /* for metrics and the log: "manifest" */
	const struct handler *handler; /* its steps; borrowed for ever */
};

/* The index of the {name} placeholder's value is always 0. */
#define ROUTE_NAME 0
#define ROUTE_REFERENCE 1

/*
 * A router over tables of rows (borrowed for ever).  Refuses, with ERR_INTERNAL
 * naming the row, one without an action, door, label or fitting handler.
 */
struct route_table {
	const struct route *routes; /* tried in this order */
	size_t count;		    /* of routes */
};
int router_new(const struct route_table *tables, size_t count,
	       struct router **ret_router, struct err *err);
void router_free(struct router *router);

/* What a request met. */
enum router_result {
	ROUTER_FOUND,
	ROUTER_NO_PATH,	  /* 404 */
	ROUTER_NO_METHOD, /* 405 with *ret_allow */
};

#define ROUTER_ALLOW_SIZE 64 /* bytes of "GET, HEAD, ...", with the NUL */

/*
 * Find the row for request->method and ->path, and fill in route and params.
 * HEAD is matched only by rows of its own.  ret_door is set in every case: of
 * the row, or of the rows that the path's beginning belongs to.
 */
enum router_result router_match(const struct router *router,
				struct request *request,
				char ret_allow[ROUTER_ALLOW_SIZE],
				enum door *ret_door);

/* True if the row's pattern has {name}. */
bool router_names_repository(const struct router *router,
			     const struct route *route);

/* The door whose rows share the longest beginning with the path, which may be
 * one that could not be decoded. */
enum door router_door(const struct router *router, struct span path);

/* Every row in turn, one after the other in memory; NULL behind the last: for
 * tests, metrics and documentation. */
const struct route *router_row(const struct router *router, size_t index);

#endif
