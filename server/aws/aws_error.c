/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "server/aws/aws.h"
#include "server/http/response.h"

#define JSON_TYPE "application/x-amz-json-1.1"
#define XML_TYPE "text/xml"
#define NAMESPACE "https://sts.amazonaws.com/doc/2011-06-15/"
#define UUID_SIZE 37 /* bytes of a request's id as AWS writes it */

/* How each kind of failure is told: what it is called in JSON, and in Query
 * where that differs; its status; and what AWS says, where clients' users know
 * that text.  A test walks errors.def and refuses a kind without a row. */
static const struct row {
	int status;
	const char *json;
	const char *query;
	const char *message;
} rows[ERR_CODE_COUNT] = {
	[ERR_NO_MEMORY] = {503, "ServiceUnavailable", NULL, NULL},
	[ERR_INTERNAL] = {500, "InternalFailure", NULL, NULL},
	[ERR_INVALID] = {400, "InvalidParameterException", "ValidationError",
			 NULL},
	[ERR_UNSUPPORTED] = {400, "UnknownOperationException", "InvalidAction",
			     NULL},
	[ERR_TOO_LARGE] = {413, "RequestEntityTooLarge", NULL, NULL},
	[ERR_TOO_MANY] = {400, "ThrottlingException", "Throttling", NULL},
	[ERR_NOT_FOUND] = {400, "InvalidParameterException", "ValidationError",
			   NULL},
	[ERR_EXISTS] = {409, "ResourceAlreadyExistsException", NULL, NULL},
	[ERR_CONFLICT] = {409, "ConflictException", NULL, NULL},
	[ERR_DENIED] = {403, "AccessDeniedException", "AccessDenied", NULL},
	[ERR_UNAUTHENTICATED] = {403, "UnrecognizedClientException",
				 "InvalidClientTokenId", NULL},
	[ERR_SCOPE] = {403, "AccessDeniedException", "AccessDenied", NULL},
	[ERR_SIGNATURE_MISSING] = {403, "MissingAuthenticationTokenException",
				   "MissingAuthenticationToken",
				   "Request is missing Authentication Token"},
	[ERR_SIGNATURE_INCOMPLETE] = {400, "IncompleteSignatureException",
				      "IncompleteSignature", NULL},
	[ERR_SIGNATURE_KEY] = {403, "UnrecognizedClientException",
			       "InvalidClientTokenId",
			       "The security token included in the request is "
			       "invalid."},
	[ERR_SIGNATURE_WRONG] = {403, "InvalidSignatureException",
				 "SignatureDoesNotMatch",
				 "The request signature we calculated does not "
				 "match the signature you provided. Check your "
				 "AWS Secret Access Key and signing method. "
				 "Consult the service documentation for "
				 "details."},
	[ERR_SIGNATURE_EXPIRED] = {403, "ExpiredTokenException", "ExpiredToken",
				   "The security token included in the request "
				   "is expired"},
	[ERR_READ_ONLY] = {403, "AccessDeniedException", "AccessDenied", NULL},
	[ERR_DISABLED] = {403, "AccessDeniedException", "AccessDenied", NULL},
	[ERR_NO_SPACE] = {503, "ServiceUnavailable", NULL, NULL},
	[ERR_IO] = {500, "InternalFailure", NULL, NULL},
	[ERR_CORRUPT] = {500, "InternalFailure", NULL, NULL},
	[ERR_UNAVAILABLE] = {503, "ServiceUnavailable", NULL, NULL},
	[ERR_TIMEOUT] = {408, "RequestTimeout", NULL, NULL},
	[ERR_RANGE] = {400, "InvalidParameterException", NULL, NULL},
	[ERR_NOT_ACCEPTABLE] = {400, "InvalidParameterException", NULL, NULL},
	[ERR_NAME_INVALID] = {400, "InvalidParameterException", NULL, NULL},
	[ERR_TAG_INVALID] = {400, "InvalidParameterException", NULL, NULL},
	[ERR_TOO_MANY_TAGS] = {400, "LimitExceededException", NULL, NULL},
	[ERR_DIGEST_INVALID] = {400, "ImageDigestDoesNotMatchException", NULL,
				NULL},
	[ERR_SIZE_INVALID] = {400, "InvalidLayerPartException", NULL, NULL},
	[ERR_REPOSITORY_UNKNOWN] = {400, "RepositoryNotFoundException", NULL,
				    NULL},
	[ERR_MANIFEST_UNKNOWN] = {400, "ImageNotFoundException", NULL, NULL},
	[ERR_MANIFEST_INVALID] = {400, "InvalidParameterException", NULL, NULL},
	[ERR_MANIFEST_BLOB_UNKNOWN] = {400, "LayersNotFoundException", NULL,
				       NULL},
	[ERR_BLOB_UNKNOWN] = {400, "LayersNotFoundException", NULL, NULL},
	[ERR_BLOB_IN_USE] = {400, "InvalidParameterException", NULL, NULL},
	[ERR_UPLOAD_UNKNOWN] = {400, "UploadNotFoundException", NULL, NULL},
	[ERR_UPLOAD_INVALID] = {400, "InvalidLayerException", NULL, NULL},
	[ERR_UPLOAD_OFFSET] = {400, "InvalidLayerPartException", NULL, NULL},
	[ERR_UPLOAD_BUSY] = {400, "InvalidLayerPartException", NULL, NULL},
	[ERR_PAGE_INVALID] = {400, "InvalidParameterException", NULL, NULL},
};

/* A kind that nobody gave a row is our own fault, and told as one. */
static const struct row *row_of(enum err_code code)
{
	bool known =
		code > ERR_NONE && code < ERR_CODE_COUNT && rows[code].json;

	return &rows[known ? code : ERR_INTERNAL];
}

const char *aws_error_code(enum err_code code, bool json)
{
	const struct row *row = row_of(code);

	return json || !row->query ? row->json : row->query;
}

int aws_error_status(enum err_code code, bool json)
{
	int status = row_of(code)->status;

	return json && status == 403 ? 400 : status;
}

bool aws_speaks_json(const struct request *request)
{
	return request_header(request, "X-Amz-Target").len > 0 ||
	       span_starts(request_header(request, "Content-Type"),
			   SPAN_LIT("application/x-amz-json"));
}

static void format_uuid(const char *id, char ret_text[UUID_SIZE])
{
	snprintf(ret_text, UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", id, id + 8,
		 id + 12, id + 16, id + 20);
}

/* The answer's body, and the id that AWS's clients show. */
static struct buf *begin(struct request *request, int status, const char *type,
			 char ret_id[UUID_SIZE])
{
	format_uuid(request->id, ret_id);
	response_header(request, "x-amzn-RequestId", ret_id);
	return response_body(request, status, type);
}

static void write_error(struct request *request, int status, const char *code,
			const char *message)
{
	bool json = aws_speaks_json(request);
	char id[UUID_SIZE];
	struct buf *body =
		begin(request, status, json ? JSON_TYPE : XML_TYPE, id);

	if (json) {
		buf_appendf(body, "{\"__type\":\"%s\",\"message\":", code);
		jsonx_quote(span_of(message), body);
		buf_append_text(body, "}");
		return;
	}
	buf_appendf(body,
		    "<ErrorResponse xmlns=\"" NAMESPACE "\">\n"
		    "<Error><Type>%s</Type><Code>%s</Code>",
		    status < 500 ? "Sender" : "Receiver", code);
	query_element("Message", span_of(message), body);
	buf_appendf(body,
		    "</Error>\n<RequestId>%s</RequestId>\n</ErrorResponse>\n",
		    id);
}

static const char *message_of(const struct err *err)
{
	const char *known = row_of(err->code)->message;

	return err->tell[0] == '\0' && known ? known : err_for_client(err);
}

void aws_error(struct request *request, const struct err *err)
{
	bool json = aws_speaks_json(request);

	write_error(request, aws_error_status(err->code, json),
		    aws_error_code(err->code, json), message_of(err));
}

void aws_error_as(struct request *request, const struct err *err,
		  const char *code, int status)
{
	request->response.header_count = 0;
	buf_clear(&request->response.body);
	write_error(request, status, code, message_of(err));
}

struct buf *aws_xml_begin(struct aws_call *call, const char *operation)
{
	char id[UUID_SIZE];
	struct buf *body = begin(call->request, 200, XML_TYPE, id);

	buf_appendf(body, "<%sResponse xmlns=\"" NAMESPACE "\">\n<%sResult>",
		    operation, operation);
	return body;
}

void aws_xml_end(struct aws_call *call, const char *operation)
{
	char id[UUID_SIZE];

	format_uuid(call->request->id, id);
	buf_appendf(&call->request->response.body,
		    "</%sResult>\n<ResponseMetadata><RequestId>%s</RequestId>"
		    "</ResponseMetadata>\n</%sResponse>\n",
		    operation, id, operation);
}
