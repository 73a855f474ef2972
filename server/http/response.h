/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_RESPONSE_H
#define SERVER_HTTP_RESPONSE_H

/*
 * The answer that a handler makes.  Filling it in cannot fail halfway: a lack
 * of memory is remembered in the buffers and becomes a 500 when it is sent.
 * HEAD needs nothing special: the transport leaves the body out.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct entity;
struct request;

#define RESPONSE_HEADERS_MAX 80 /* registry.tags_per_push at most, and more */
#define RESPONSE_BODY_MAX (64u << 20) /* bytes of a body built in memory */

struct response_header {
	const char *name;  /* a literal */
	const char *value; /* in the request's arena, or a literal */
};

struct response {
	int status;	     /* 0 until answered */
	size_t header_count; /* of headers */
	/* In the order in which they are sent. */
	struct response_header headers[RESPONSE_HEADERS_MAX];
	struct buf body;       /* unless entity */
	struct entity *entity; /* a shared answer (a reference is held) */
	uint64_t first;	       /* of an entity: the bytes to send */
	uint64_t length;       /* how many; all unless status is 206 */
	bool close;	       /* end the connection after it */
	enum err_code error;   /* why, for the log; ERR_NONE if it went well */
	char error_text[ERR_TEXT_SIZE]; /* for the log */
};

/* Set the status; the body stays empty. */
void response_status(struct request *request, int status);

/* Add a header field; value is copied.  Control characters in it are a bug of
 * ours and end the process; client bytes must have been validated. */
void response_header(struct request *request, const char *name,
		     const char *value);
void response_headerf(struct request *request, const char *name,
		      const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The status, a content type (a literal) and the body to append to. */
struct buf *response_body(struct request *request, int status,
			  const char *content_type);

/*
 * Answer with a shared entity as RFC 9110 says: 200 whole, 304 by
 * If-None-Match, 206 or 416 by Range and If-Range (files only), for GET and
 * HEAD.  Takes its own reference.
 */
void response_entity(struct request *request, struct entity *entity);

/* Answer with a failure in the form of the route's door, and keep it for the
 * log.  Replaces whatever was filled in, but keeps header fields. */
void response_error(struct request *request, const struct err *err);

#endif
