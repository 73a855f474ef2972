/* SPDX-License-Identifier: Apache-2.0 */
/* POST /: which operation is meant, and may it be asked for like this. */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/sigv4.h"
#include "server/aws/aws.h"
#include "server/http/response.h"

#define BODY_MAX ((uint64_t)1 << 20)
#define NAME_SIZE 128 /* bytes of "VERSION.ACTION", with the NUL */

enum protocol { QUERY, JSON };

static const struct target {
	enum protocol protocol;
	bool is_signed;
	const char *name;
	aws_operation_fn *run;
} targets[] = {
#define AWS_SIGNED(protocol, name, function) {protocol, true, name, function},
#define AWS_UNSIGNED(protocol, name, function)                                 \
	{protocol, false, name, function},
#include "server/aws/targets.def"
#undef AWS_SIGNED
#undef AWS_UNSIGNED
};

static const struct target *find_target(enum protocol protocol,
					struct span name)
{
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		if (targets[i].protocol == protocol &&
		    span_equal(name, span_of(targets[i].name)))
			return &targets[i];
	return NULL;
}

int aws_fail(struct aws_call *call, struct err *err, int status,
	     const char *code, const char *text)
{
	call->status = status;
	call->code = code;
	err_set(err, ERR_INVALID, "%s", code);
	return err_tell(err, "%s", text);
}

/* ---- which ---- */

static int find_json(struct aws_call *call, const struct target **ret_target,
		     struct err *err)
{
	struct span name = request_header(call->request, "X-Amz-Target");
	const struct target *target = find_target(JSON, name);

	if (!target)
		return aws_fail(call, err, 400, "UnknownOperationException",
				"there is no such operation here");
	*ret_target = target;
	return 0;
}

static int find_query(struct aws_call *call, const struct target **ret_target,
		      struct err *err)
{
	CLEANUP(buf_release) struct buf name = BUF_INIT(NAME_SIZE);
	struct request *request = call->request;
	const struct target *target = NULL;

	if (query_parse(buf_span(&request->body), &request->arena, &call->query,
			err) < 0)
		return -1;
	struct span action = query_get(&call->query, "Action");
	if (action.len == 0)
		return aws_fail(call, err, 400, "MissingAction",
				"the request names no action");
	buf_append_span(&name, query_get(&call->query, "Version"));
	buf_append_char(&name, '.');
	buf_append_span(&name, action);
	if (name.failed == ERR_NONE)
		target = find_target(QUERY, buf_span(&name));
	if (!target)
		return aws_fail(call, err, 400, "InvalidAction",
				"could not find that operation for that "
				"version");
	*ret_target = target;
	return 0;
}

/* A browser sends a password that it keeps wherever a page tells it to; a
 * signature it cannot make. */
static bool is_signed(const struct request *request)
{
	struct span header = request_header(request, "Authorization");

	return span_starts(header, SPAN_LIT(SIGV4_SCHEME " "));
}

static int run(struct aws_call *call, struct err *err)
{
	const struct target *target = NULL;
	int found = aws_speaks_json(call->request)
			    ? find_json(call, &target, err)
			    : find_query(call, &target, err);

	if (found < 0)
		return -1;
	if (target->is_signed && !is_signed(call->request))
		return err_set(err, ERR_SIGNATURE_MISSING, "%s must be signed",
			       target->name);
	return target->run(call, err);
}

static int dispatch(struct request *request, struct err *err)
{
	struct aws_call call = {.request = request};

	if (run(&call, err) == 0)
		return 0;
	if (!call.code)
		return -1;
	response_error(request, err);
	aws_error_as(request, err, call.code, call.status);
	err_clear(err);
	return 0;
}

static const struct handler handler = {.work = dispatch};

const struct route aws_routes[] = {
	{HTTP_POST, "/", ACTION_BY_HANDLER, DOOR_AWS, BODY_BUFFERED, BODY_MAX,
	 "aws", &handler},
};

const size_t aws_route_count = sizeof(aws_routes) / sizeof(aws_routes[0]);
