/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/door.h"

#include "base/err.h"
#include "server/http/request.h"

/* Zero is 500. */
static const int statuses[ERR_CODE_COUNT] = {
	[ERR_NO_MEMORY] = 503,
	[ERR_INVALID] = 400,
	[ERR_UNSUPPORTED] = 405,
	[ERR_TOO_LARGE] = 413,
	[ERR_TOO_MANY] = 429,
	[ERR_NOT_FOUND] = 404,
	[ERR_EXISTS] = 409,
	[ERR_CONFLICT] = 409,
	[ERR_DENIED] = 403,
	[ERR_UNAUTHENTICATED] = 401,
	[ERR_SCOPE] = 401,
	[ERR_SIGNATURE_MISSING] = 401,
	[ERR_SIGNATURE_INCOMPLETE] = 400,
	[ERR_SIGNATURE_KEY] = 403,
	[ERR_SIGNATURE_WRONG] = 403,
	[ERR_SIGNATURE_EXPIRED] = 403,
	[ERR_READ_ONLY] = 405,
	[ERR_DISABLED] = 405,
	[ERR_NO_SPACE] = 507,
	[ERR_UNAVAILABLE] = 503,
	[ERR_TIMEOUT] = 408,
	[ERR_RANGE] = 416,
	[ERR_NOT_ACCEPTABLE] = 406,
	[ERR_NAME_INVALID] = 400,
	[ERR_TAG_INVALID] = 400,
	[ERR_DIGEST_INVALID] = 400,
	[ERR_SIZE_INVALID] = 400,
	[ERR_REPOSITORY_UNKNOWN] = 404,
	[ERR_MANIFEST_UNKNOWN] = 404,
	[ERR_MANIFEST_INVALID] = 400,
	[ERR_MANIFEST_BLOB_UNKNOWN] = 404,
	[ERR_BLOB_UNKNOWN] = 404,
	[ERR_BLOB_IN_USE] = 409,
	[ERR_UPLOAD_UNKNOWN] = 404,
	[ERR_UPLOAD_INVALID] = 400,
	[ERR_UPLOAD_OFFSET] = 416,
	[ERR_UPLOAD_BUSY] = 409,
	[ERR_PAGE_INVALID] = 400,
};

static door_error_fn *doors[DOOR_COUNT];

/* One line of text.  What the client sent is not repeated in it. */
static void answer_plain(struct request *request, const struct err *err)
{
	int status = statuses[err->code] ? statuses[err->code] : 500;
	struct buf *body =
		response_body(request, status, "text/plain; charset=utf-8");

	for (const char *c = err_for_client(err); *c; c++)
		buf_append_char(body, (unsigned char)*c < ' ' ? '?' : *c);
	buf_append_char(body, '\n');
}

void door_set(enum door door, door_error_fn *error)
{
	doors[door] = error;
}

void door_error(enum door door, struct request *request, const struct err *err)
{
	if (doors[door])
		doors[door](request, err);
	else
		answer_plain(request, err);
}
