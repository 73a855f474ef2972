/* SPDX-License-Identifier: Apache-2.0 */
#include "server/oci/upload_body.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "server/app.h"
#include "server/http/response.h"
#include "server/oci/content_range.h"
#include "server/oci/oci.h"
#include "storage/refname.h"
#include "storage/registry_uploads.h"

struct upload_body *upload_body_of(struct request *request)
{
	if (!request->state)
		request->state = arena_alloc(&request->arena,
					     sizeof(struct upload_body));
	return request->state;
}

int upload_body_read_digest(struct request *request, struct upload_body *body,
			    struct err *err)
{
	struct span text = {0};
	int found = request_query(request, "digest", 0, &text, err);

	if (found <= 0)
		return found;
	if (refname_parse_digest(text, &body->digest, err) < 0)
		return -1;
	body->has_digest = true;
	return 1;
}

void upload_headers(struct request *request, struct span id, uint64_t offset)
{
	oci_location(request, "/v2/%.*s/blobs/uploads/%.*s",
		     SPAN_ARG(request->params[ROUTE_NAME]), SPAN_ARG(id));
	response_headerf(request, "Range", "0-%" PRIu64,
			 offset > 0 ? offset - 1 : 0);
	response_headerf(request, "Docker-Upload-UUID", "%.*s", SPAN_ARG(id));
}

/* The announced length, of the range and of the body, must be one. */
static int read_range(const struct request *request, struct upload_body *body,
		      uint64_t *ret_first, struct err *err)
{
	struct span text = request_header(request, "Content-Range");
	struct content_range range;

	if (text.len == 0)
		return 0;
	if (content_range_parse(text, &range, err) < 0)
		return -1;
	body->has_range = true;
	body->expected = range.last - range.first + 1;
	*ret_first = range.first;
	if (request->has_length && request->content_length != body->expected)
		return err_set(err, ERR_SIZE_INVALID,
			       "Content-Range and Content-Length differ");
	return 0;
}

static int check_offset(struct request *request, const struct upload_body *body,
			uint64_t first, struct err *err)
{
	struct span id = request->params[ROUTE_REFERENCE];
	uint64_t offset = registry_upload_offset(body->upload);

	if (!body->has_range || first == offset)
		return 0;
	upload_headers(request, id, offset);
	err_set(err, ERR_UPLOAD_OFFSET, "chunk is out of order");
	return err_tell(err,
			"the chunk starts at %" PRIu64 ", but the upload "
			"stands at %" PRIu64,
			first, offset);
}

int upload_body_hold(struct request *request, struct upload_body *body,
		     struct err *err)
{
	struct registry_at at;
	uint64_t first = 0;

	if (oci_at(request, &at, err) < 0 ||
	    read_range(request, body, &first, err) < 0 ||
	    registry_upload_hold(request->app->registry, &at,
				 request->params[ROUTE_REFERENCE],
				 &body->upload, err) < 0)
		return -1;
	return check_offset(request, body, first, err);
}

int upload_body_hold_now(struct request *request, struct upload_body *body,
			 struct err *err)
{
	struct registry_at at;
	uint64_t first = 0;

	if (oci_at(request, &at, err) < 0 ||
	    read_range(request, body, &first, err) < 0)
		return -1;
	int held = registry_upload_hold_now(request->app->registry, &at,
					    request->params[ROUTE_REFERENCE],
					    &body->upload, err);
	if (held <= 0)
		return held;
	return check_offset(request, body, first, err) < 0 ? -1 : 1;
}

static int too_long(struct err *err)
{
	return err_set(err, ERR_SIZE_INVALID,
		       "body is longer than its Content-Range");
}

int upload_body_chunk(struct request *request, const void *data, size_t len,
		      size_t *ret_taken, struct err *err)
{
	struct upload_body *body = request->state;
	struct span bytes = span_make(data, len);
	size_t taken = 0;

	if (body->has_range && body->received + len > body->expected)
		return too_long(err);
	if (registry_upload_append(body->upload, bytes, &taken, request_wake,
				   request, err) < 0)
		return -1;
	body->received += taken;
	*ret_taken = taken;
	return 0;
}

int upload_body_check(const struct upload_body *body, struct err *err)
{
	if (body->has_range && body->received != body->expected)
		return err_set(err, ERR_SIZE_INVALID,
			       "body is shorter than its Content-Range");
	return 0;
}

int upload_body_finish(struct request *request, struct upload_body *body,
		       struct err *err)
{
	char digest[DIGEST_TEXT_SIZE];
	struct registry_at at;

	if (oci_at_push(request, &at, err) < 0 ||
	    upload_body_check(body, err) < 0 ||
	    registry_upload_finish(STEAL(body->upload), &at, &body->digest,
				   err) < 0)
		return -1;
	digest_format(&body->digest, digest);
	response_status(request, 201);
	oci_location(request, "/v2/%.*s/blobs/%s",
		     SPAN_ARG(request->params[ROUTE_NAME]), digest);
	response_header(request, "Docker-Content-Digest", digest);
	return 0;
}

/* What did not come to its end goes on later, if it is a session. */
void upload_body_close(struct request *request)
{
	struct upload_body *body = request->state;

	registry_upload_abandon(STEAL(body->upload));
}
