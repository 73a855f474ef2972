/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_REQUEST_H
#define SERVER_HTTP_REQUEST_H

/*
 * One request, from its first header to the end of its answer.  The pipeline
 * owns it; one thread has it at a time: the event loop of its connection, or
 * the worker that the loop handed it to.  Spans borrow from the request and die
 * with it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/principal.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"
#include "server/http/response.h"

struct route;
struct app;

enum http_method {
	HTTP_GET,
	HTTP_HEAD,
	HTTP_PUT,
	HTTP_POST,
	HTTP_PATCH,
	HTTP_DELETE,
	HTTP_OPTIONS,
	HTTP_METHOD_COUNT, /* and every method that we do not know */
};

#define REQUEST_PARAMS_MAX 3 /* placeholders in a route's pattern */
#define REQUEST_ID_SIZE 33   /* bytes of a request id, with its NUL */

struct request {
	struct app *app;	   /* what handlers work on; borrowed */
	const struct route *route; /* NULL until routed */
	enum http_method method;   /* HTTP_METHOD_COUNT: one we do not know */
	struct span target;	   /* path and query as they were sent */
	struct span path;	   /* decoded once */
	struct span query;	   /* as it was sent, without the "?" */
	struct span params[REQUEST_PARAMS_MAX]; /* decoded, in pattern order */
	struct span peer;			/* the client's address */
	bool secure;				/* it came over TLS */
	const struct span *certificate; /* names in the client's verified
					   certificate; the transport's */
	size_t certificate_count;	/* of them */
	struct span credentials; /* out of the body, in place of Authorization;
				    in the arena */
	struct principal principal; /* who asks; the pipeline releases it */
	char id[REQUEST_ID_SIZE];   /* for the log and the client */
	bool has_length;	    /* a Content-Length was sent */
	uint64_t content_length;    /* its value, else 0 */
	struct buf body;	    /* of a route with a buffered body */
	uint64_t body_bytes;	    /* of the body received so far */
	struct response response;   /* what handlers fill in */
	struct arena arena;	    /* memory that dies with the request */
	void *state;		    /* the handler's, between its steps */
	int64_t started_us;	    /* monotonic */
	void *wire;		    /* the transport's */
};

/* The value of a header field by its name (any case), or the empty span. */
struct span request_header(const struct request *request, const char *name);

/* How many fields of that name there are. */
size_t request_header_count(const struct request *request, const char *name);

/* The value of the index'th field of that name, from 0, or the empty span. */
struct span request_header_at(const struct request *request, const char *name,
			      size_t index);

/*
 * The value of a query parameter, decoded: 1 found (the index'th of that name,
 * from 0), 0 absent, -1 ERR_INVALID if it cannot be decoded.
 */
int request_query(struct request *request, const char *name, size_t index,
		  struct span *ret_value, struct err *err);

/* The client runs on this machine, and is no proxy that speaks for another. */
bool request_is_local(const struct request *request);

/*
 * A handler's chunk step that took less than it was given has its request woken
 * by this when there is room again.  Fits blob_room_fn with the request as
 * context.  Any thread.
 */
void request_wake(void *request);

/* "GET"; "OTHER" for what we do not know. */
const char *http_method_name(enum http_method method);

#endif
