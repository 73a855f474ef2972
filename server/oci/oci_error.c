/* SPDX-License-Identifier: Apache-2.0 */

#include "base/err.h"
#include "base/jsonx.h"
#include "server/http/response.h"
#include "server/oci/oci.h"

/* How each kind of failure is told: HTTP status and the specification's code.
 * A test walks errors.def and refuses a kind without a row. */
static const struct row {
	int status;
	const char *code;
} rows[ERR_CODE_COUNT] = {
	[ERR_NO_MEMORY] = {503, "TOOMANYREQUESTS"},
	[ERR_INTERNAL] = {500, "UNSUPPORTED"},
	[ERR_INVALID] = {400, "UNSUPPORTED"},
	[ERR_UNSUPPORTED] = {405, "UNSUPPORTED"},
	[ERR_TOO_LARGE] = {413, "SIZE_INVALID"},
	[ERR_TOO_MANY] = {429, "TOOMANYREQUESTS"},
	[ERR_NOT_FOUND] = {404, "NAME_UNKNOWN"},
	[ERR_EXISTS] = {409, "DENIED"},
	[ERR_CONFLICT] = {409, "DENIED"},
	[ERR_DENIED] = {403, "DENIED"},
	[ERR_UNAUTHENTICATED] = {401, "UNAUTHORIZED"},
	[ERR_SCOPE] = {401, "UNAUTHORIZED"},
	[ERR_SIGNATURE_MISSING] = {401, "UNAUTHORIZED"},
	[ERR_SIGNATURE_INCOMPLETE] = {401, "UNAUTHORIZED"},
	[ERR_SIGNATURE_KEY] = {401, "UNAUTHORIZED"},
	[ERR_SIGNATURE_WRONG] = {401, "UNAUTHORIZED"},
	[ERR_SIGNATURE_EXPIRED] = {401, "UNAUTHORIZED"},
	[ERR_READ_ONLY] = {403, "DENIED"},
	[ERR_DISABLED] = {405, "UNSUPPORTED"},
	[ERR_NO_SPACE] = {507, "DENIED"},
	[ERR_IO] = {500, "UNSUPPORTED"},
	[ERR_CORRUPT] = {500, "UNSUPPORTED"},
	[ERR_UNAVAILABLE] = {503, "TOOMANYREQUESTS"},
	[ERR_TIMEOUT] = {408, "UNSUPPORTED"},
	[ERR_RANGE] = {416, "SIZE_INVALID"},
	[ERR_NOT_ACCEPTABLE] = {406, "UNSUPPORTED"},
	[ERR_NAME_INVALID] = {400, "NAME_INVALID"},
	[ERR_TAG_INVALID] = {400, "MANIFEST_INVALID"},
	[ERR_TOO_MANY_TAGS] = {414, "MANIFEST_INVALID"},
	[ERR_DIGEST_INVALID] = {400, "DIGEST_INVALID"},
	[ERR_SIZE_INVALID] = {400, "SIZE_INVALID"},
	[ERR_REPOSITORY_UNKNOWN] = {404, "NAME_UNKNOWN"},
	[ERR_MANIFEST_UNKNOWN] = {404, "MANIFEST_UNKNOWN"},
	[ERR_MANIFEST_INVALID] = {400, "MANIFEST_INVALID"},
	[ERR_MANIFEST_BLOB_UNKNOWN] = {404, "MANIFEST_BLOB_UNKNOWN"},
	[ERR_BLOB_UNKNOWN] = {404, "BLOB_UNKNOWN"},
	[ERR_BLOB_IN_USE] = {409, "DENIED"},
	[ERR_UPLOAD_UNKNOWN] = {404, "BLOB_UPLOAD_UNKNOWN"},
	[ERR_UPLOAD_INVALID] = {400, "BLOB_UPLOAD_INVALID"},
	[ERR_UPLOAD_OFFSET] = {416, "BLOB_UPLOAD_INVALID"},
	[ERR_UPLOAD_BUSY] = {409, "BLOB_UPLOAD_INVALID"},
	[ERR_PAGE_INVALID] = {400, "UNSUPPORTED"},
};

/* A kind that nobody gave a row is our own fault, and told as one. */
static const struct row *row_of(enum err_code code)
{
	bool known =
		code > ERR_NONE && code < ERR_CODE_COUNT && rows[code].code;

	return &rows[known ? code : ERR_INTERNAL];
}

const char *oci_error_code(enum err_code code)
{
	return row_of(code)->code;
}

int oci_error_status(enum err_code code)
{
	return row_of(code)->status;
}

void oci_error(struct request *request, const struct err *err)
{
	const struct row *row = row_of(err->code);
	struct buf *body =
		response_body(request, row->status, "application/json");

	buf_appendf(body,
		    "{\"errors\":[{\"code\":\"%s\",\"message\":", row->code);
	jsonx_quote(span_of(err_for_client(err)), body);
	buf_append_text(body, "}]}\n");
	if (row->status == 401)
		response_header(request, "Docker-Distribution-API-Version",
				"registry/2.0");
}
