/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_OCI_UPLOAD_BODY_H
#define SERVER_OCI_UPLOAD_BODY_H

/*
 * A request whose body goes into an upload: what POST, PATCH and PUT share.
 * It hangs on request->state, in the request's arena, from open to the end.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/span.h"

struct err;
struct request;
struct upload;

struct upload_body {
	struct upload *upload; /* held; NULL once it was given back */
	bool has_digest;       /* ?digest= was said */
	struct digest digest;  /* what the content must be */
	bool has_range;	       /* a Content-Range was sent */
	uint64_t expected;     /* bytes it announces */
	uint64_t received;     /* bytes taken so far */
};

/* The state of a request, made if there is none; NULL without memory. */
struct upload_body *upload_body_of(struct request *request);

/* Read ?digest=: 1 said, 0 not, -1 ERR_DIGEST_INVALID. */
int upload_body_read_digest(struct request *request, struct upload_body *body,
			    struct err *err);

/* Hold the session that the path names and see that the chunk begins where it
 * stands: else ERR_UPLOAD_OFFSET, with the header fields that tell where. */
int upload_body_hold(struct request *request, struct upload_body *body,
		     struct err *err);

/* The same without waiting: 1 held, 0 to be held on a worker, -1. */
int upload_body_hold_now(struct request *request, struct upload_body *body,
			 struct err *err);

/* The steps "chunk" and "close" of every such handler. */
int upload_body_chunk(struct request *request, const void *data, size_t len,
		      size_t *ret_taken, struct err *err);
void upload_body_close(struct request *request);

/* After the body: -1 ERR_SIZE_INVALID if it is not as long as announced. */
int upload_body_check(const struct upload_body *body, struct err *err);

/* Finish with ?digest= and answer 201. */
int upload_body_finish(struct request *request, struct upload_body *body,
		       struct err *err);

/* The header fields that tell of a session: Location, Range, UUID. */
void upload_headers(struct request *request, struct span id, uint64_t offset);

#endif
