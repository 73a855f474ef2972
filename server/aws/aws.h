/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_AWS_AWS_H
#define SERVER_AWS_AWS_H

/*
 * The AWS API: POST / in either of two protocols.  JSON 1.1 names its operation
 * in X-Amz-Target; Query names it in a form ("Action", "Version") and is
 * answered in XML.  server/aws/targets.def has a row for each operation.
 */

#include <stddef.h>

#include "base/span.h"
#include "server/aws/query.h"
#include "server/http/request.h"
#include "server/http/router.h"

struct err;

/* The row of the API (dispatch.c). */
extern const struct route aws_routes[];
extern const size_t aws_route_count;

/* One call of an operation, on a worker. */
struct aws_call {
	struct request *request; /* the pipeline's */
	struct query query;	 /* its form, in the Query protocol */
	const char *code;	 /* set by aws_fail(): what the failure is
				    called, NULL: as its kind is */
	int status;		 /* the same: its HTTP status */
};

/* Does it and answers; -1 with err set, perhaps by aws_fail(). */
typedef int aws_operation_fn(struct aws_call *call, struct err *err);

/* The operations, by file. */
#define AWS_SIGNED(protocol, name, function) aws_operation_fn function;
#define AWS_UNSIGNED(protocol, name, function) aws_operation_fn function;
#include "server/aws/targets.def"
#undef AWS_SIGNED
#undef AWS_UNSIGNED

/* Fail with an error of the service's own (code: a literal such as
 * "MalformedPolicyDocument"), which the client is told with that text; returns
 * -1. */
int aws_fail(struct aws_call *call, struct err *err, int status,
	     const char *code, const char *text);

/* Begin the answer of a Query operation: append to it what stands in its
 * ...Result element, then call aws_xml_end(). */
struct buf *aws_xml_begin(struct aws_call *call, const char *operation);
void aws_xml_end(struct aws_call *call, const char *operation);

/* Tell a failure in the form of the protocol that the client speaks
 * (aws_error.c). */
void aws_error(struct request *request, const struct err *err);

/* The same by a name and a status of its own. */
void aws_error_as(struct request *request, const struct err *err,
		  const char *code, int status);

/* What failures are called in JSON (Query: in XML): "AccessDeniedException"
 * ("AccessDenied"), and their HTTP status. */
const char *aws_error_code(enum err_code code, bool json);
int aws_error_status(enum err_code code, bool json);

/* True if a request speaks JSON, false if Query. */
bool aws_speaks_json(const struct request *request);

#endif
