/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of the pipeline that find out who asks, and whether he may. */
#include "base/err.h"
#include "server/http/access.h"
#include "server/http/exchange.h"
#include "server/http/pipeline.h"
#include "server/http/steps.h"

#define VERIFYING_MAX 512 /* passwords that wait to be checked */

static void verify(struct exchange *exchange)
{
	struct authn_request shown = access_credentials(&exchange->request);

	authn_verify(exchange->pipeline->parts.authn, &shown,
		     &exchange->request.principal, &exchange->failure);
}

/* A flood of wrong passwords must neither take the workers from those who are
 * known, nor make those who are not known yet wait without end. */
static enum step_result to_verifier(struct exchange *exchange)
{
	struct pool *verifiers = exchange->pipeline->parts.verifiers;

	if (pool_waiting(verifiers) >= VERIFYING_MAX)
		return step_refuse(exchange, ERR_TOO_MANY, 503,
				   "passwords to be checked over the limit");
	return step_to_pool(exchange, verifiers, verify);
}

/* Only a body that is kept whole can be checked before anything is done. */
static enum step_result await_body(struct exchange *exchange)
{
	if (exchange->request.route->body != BODY_BUFFERED)
		return step_refuse(exchange, ERR_UNAUTHENTICATED, 0,
				   "signed requests are not taken here");
	exchange->after_body = true;
	return STEP_NEXT;
}

static enum step_result find_out(struct exchange *exchange)
{
	const struct http_parts *parts = &exchange->pipeline->parts;
	struct request *request = &exchange->request;
	struct authn_request shown = access_credentials(request);
	struct err err = ERR_INIT;

	switch (authn_quick(parts->authn, &shown, &request->principal, &err)) {
	case AUTHN_REFUSED:
		return step_fail(exchange, &err);
	case AUTHN_KNOWN:
		return STEP_NEXT;
	case AUTHN_LOOK_UP:
		return step_to_pool(exchange, parts->readers, verify);
	case AUTHN_PASSWORD:
		return to_verifier(exchange);
	case AUTHN_BODY:
		break;
	}
	if (exchange->after_body)
		return step_to_pool(exchange, parts->readers, verify);
	return await_body(exchange);
}

enum step_result step_authenticate(struct exchange *exchange)
{
	struct request *request = &exchange->request;

	if (request->route->action == ACTION_PUBLIC) {
		request->principal = PRINCIPAL_ANONYMOUS_INIT;
		return STEP_NEXT;
	}
	if (request_header_count(request, "Authorization") > 1)
		return step_refuse(exchange, ERR_INVALID, 0,
				   "more than one Authorization");
	if (request->route->handler->credentials)
		return await_body(exchange);
	return find_out(exchange);
}

/* What a signature covers, or what says who asks, is there now. */
enum step_result step_verify_body(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	const struct handler *handler = request->route->handler;
	struct err err = ERR_INIT;

	if (!exchange->after_body)
		return STEP_NEXT;
	if (buf_check(&request->body, &err) < 0 ||
	    (handler->credentials && handler->credentials(request, &err) < 0))
		return step_fail(exchange, &err);
	return find_out(exchange);
}

/* What stands in the first placeholder is what its own name says. */
static struct span kind_of(const struct route *route)
{
	struct span rest = span_of(route->pattern);
	struct span kind = {0};

	if (!span_cut(rest, '{', &kind, &rest) ||
	    !span_cut(rest, '}', &kind, &rest))
		return SPAN_LIT("");
	return kind;
}

/* What a route is about is in its first placeholder: a repository, or somebody
 * or something that has a name. */
static struct authz_question question_of(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	bool named = router_names_repository(exchange->pipeline->parts.router,
					     request->route);
	struct span first = request->params[ROUTE_NAME];
	struct authz_question question = access_question(
		request, request->route->action, named ? first : SPAN_LIT(""));

	if (named)
		return question;
	question.target = first;
	question.target_kind = kind_of(request->route);
	return question;
}

static void check_access(struct exchange *exchange)
{
	struct authz_question question = question_of(exchange);

	if (authz_check(exchange->pipeline->parts.authz, &question,
			&exchange->failure) < 0)
		access_denied(&exchange->request, &question);
}

static enum step_result authorise(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	enum action action = request->route->action;
	struct err err = ERR_INIT;

	if (action == ACTION_PUBLIC)
		return STEP_NEXT;
	enum step_result limited = step_principal_rate(exchange);
	if (limited != STEP_NEXT)
		return limited;
	if (action == ACTION_BY_HANDLER)
		return STEP_NEXT;
	if (action == ACTION_READ_METRICS)
		request->principal.local = request_is_local(request);

	struct authz_question question = question_of(exchange);
	int allowed =
		authz_quick(exchange->pipeline->parts.authz, &question, &err);
	if (allowed < 0) {
		access_denied(request, &question);
		return step_fail(exchange, &err);
	}
	return allowed ? STEP_NEXT
		       : step_to_pool(exchange,
				      exchange->pipeline->parts.readers,
				      check_access);
}

enum step_result step_authorise(struct exchange *exchange)
{
	return exchange->after_body ? STEP_NEXT : authorise(exchange);
}

enum step_result step_authorise_body(struct exchange *exchange)
{
	return exchange->after_body ? authorise(exchange) : STEP_NEXT;
}
