/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/access.h"

#include <stdio.h>

#include "auth/audit.h"
#include "auth/scope.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "server/http/exchange.h"
#include "server/http/pipeline.h"
#include "storage/meta_audit.h"
#include "storage/refname.h"

#define CHALLENGE_SIZE 2048 /* bytes: two repository names and the realm */

/* A field that is empty is another thing than none. */
static struct span field_at(void *context, const char *name, size_t index)
{
	if (index >= request_header_count(context, name))
		return (struct span){0};
	return request_header_at(context, name, index);
}

/* The path as it was sent: a signature covers its bytes. */
static struct span sent_path(const struct request *request)
{
	struct span path = request->target;
	struct span query = {0};

	span_cut(path, '?', &path, &query);
	return path;
}

struct authn_request access_credentials(struct request *request)
{
	struct span header = request->credentials;

	if (header.len == 0)
		header = request_header(request, "Authorization");
	return (struct authn_request){
		.header = header,
		.source = request->peer,
		.id = span_of(request->id),
		.certificate = request->certificate,
		.certificate_count = request->certificate_count,
		.method = span_of(http_method_name(request->method)),
		.path = sent_path(request),
		.query = request->query,
		.body = buf_span(&request->body),
		.field = field_at,
		.context = request};
}

struct authz_question access_question(struct request *request,
				      enum action action,
				      struct span repository)
{
	return (struct authz_question){
		.principal = &request->principal,
		.action = action,
		.repository = repository,
		.source = request->peer,
		.user_agent = request_header(request, "User-Agent"),
		.secure = request->secure};
}

static struct authz *authz_of(struct request *request)
{
	return exchange_of(request)->pipeline->parts.authz;
}

void access_denied(struct request *request,
		   const struct authz_question *question)
{
	struct exchange *exchange = exchange_of(request);
	struct span target = question->repository.len ? question->repository
						      : question->target;

	exchange->denied = question->action;
	snprintf(exchange->denied_target, sizeof(exchange->denied_target),
		 "%.*s", SPAN_ARG(target));
}

static bool is_denial(const struct request *request, const struct err *err)
{
	if (err->code == ERR_UNAUTHENTICATED)
		return request->principal.kind != PRINCIPAL_NONE &&
		       request->principal.kind != PRINCIPAL_ANONYMOUS;
	return err->code == ERR_DENIED || err->code == ERR_SCOPE;
}

void access_note_failure(struct request *request, const struct err *err)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT(256);
	struct exchange *exchange = exchange_of(request);
	struct audit *audit = exchange->pipeline->parts.audit;

	if (!audit || exchange->denied == ACTION_UNSET ||
	    !is_denial(request, err))
		return;
	buf_appendf(&detail, "{\"action\":\"%s\",\"code\":\"%s\"}",
		    action_name(exchange->denied), err_code_name(err->code));

	struct meta_audit entry = {.kind = SPAN_LIT("access.denied"),
				   .outcome = SPAN_LIT("denied"),
				   .actor = span_of(request->principal.name),
				   .source = request->peer,
				   .request_id = span_of(request->id),
				   .target = span_of(exchange->denied_target),
				   .detail = buf_span(&detail)};
	audit_note(audit, &entry);
}

static int ask(struct request *request, const struct authz_question *question,
	       struct err *err)
{
	if (authz_check(authz_of(request), question, err) == 0)
		return 0;
	access_denied(request, question);
	return -1;
}

int access_check(struct request *request, enum action action,
		 struct span repository, struct err *err)
{
	struct authz_question question =
		access_question(request, action, repository);

	return ask(request, &question, err);
}

static int may(struct request *request, const struct authz_question *question,
	       struct err *err)
{
	struct err why = ERR_INIT;

	if (authz_check(authz_of(request), question, &why) == 0)
		return 1;
	if (why.code == ERR_DENIED || why.code == ERR_SCOPE ||
	    why.code == ERR_UNAUTHENTICATED)
		return 0;
	*err = why;
	return -1;
}

int access_may(struct request *request, enum action action,
	       struct span repository, struct err *err)
{
	struct authz_question question =
		access_question(request, action, repository);

	return may(request, &question, err);
}

/* A token that lists covers no pulls: these are asked about without it, unless
 * it limits by more than scopes.  One that does not list shows what it is good
 * for. */
int access_may_see(struct request *request, struct span repository,
		   struct err *err)
{
	struct principal principal = request->principal;
	struct authz_question question =
		access_question(request, ACTION_BATCH_GET_IMAGE, repository);
	int seen = access_may(request, ACTION_DESCRIBE_REPOSITORIES, repository,
			      err);

	if (seen != 0)
		return seen;
	if (principal.ceiling && ceiling_policy(principal.ceiling).len == 0 &&
	    ceiling_covers(principal.ceiling, ACTION_DESCRIBE_REPOSITORIES,
			   SPAN_LIT("")))
		principal.ceiling = NULL;
	question.principal = &principal;
	return may(request, &question, err);
}

int access_check_target(struct request *request, enum action action,
			const char *kind, struct span target, struct err *err)
{
	struct authz_question question =
		access_question(request, action, SPAN_LIT(""));

	question.target = target;
	question.target_kind = span_of(kind);
	return ask(request, &question, err);
}

int access_keeps(struct request *request, enum action action,
		 struct span repository, struct span document, struct err *err)
{
	struct authz_question question =
		access_question(request, action, repository);
	struct err refused = ERR_INIT;

	if (authz_suppose(authz_of(request), &question, document, &refused) ==
	    0)
		return 0;
	if (refused.code != ERR_DENIED && refused.code != ERR_SCOPE &&
	    refused.code != ERR_UNAUTHENTICATED) {
		*err = refused;
		return -1;
	}
	err_set(err, ERR_CONFLICT, "the policy would lock out who sets it");
	return err_tell(err, "with this policy you could not set another one; "
			     "say force if that is meant");
}

/* ---- the challenge ---- */

/* A host as it may stand in a quoted string; a client that sends another gets
 * no realm from us. */
static bool is_host(struct span host)
{
	for (size_t i = 0; i < host.len; i++) {
		char c = host.text[i];
		bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '.' || c == '-' ||
			    c == '_' || c == ':' || c == '[' || c == ']';

		if (!fine)
			return false;
	}
	return host.len > 0 && host.len <= 255;
}

static void write_realm(const struct request *request,
			const struct http_access *access, struct buf *out)
{
	struct span url = span_of(access->external_url);
	struct span host = request_header(request, "Host");

	while (url.len > 0 && url.text[url.len - 1] == '/')
		url.len--;
	if (url.len > 0)
		buf_append_span(out, url);
	else
		buf_appendf(
			out, "%s://%.*s", request->secure ? "https" : "http",
			SPAN_ARG(is_host(host) ? host : SPAN_LIT("localhost")));
	buf_append_text(out, "/token");
}

/* What the token must be good for.  A push pulls, too: clients ask whether the
 * registry has a layer before they send it. */
static void write_scope(struct request *request, struct buf *out)
{
	const struct route *route = request->route;
	struct span name = request->params[ROUTE_NAME];
	struct err err = ERR_INIT;
	struct span from = {0};

	switch (action_scope(route->action)) {
	case SCOPE_RIGHT_NONE:
		return;
	case SCOPE_RIGHT_CATALOG:
		buf_append_text(out, ",scope=\"registry:catalog:*\"");
		return;
	case SCOPE_RIGHT_PULL:
	case SCOPE_RIGHT_PUSH:
	case SCOPE_RIGHT_DELETE:
		break;
	}
	if (refname_check_repository(name, &err) < 0)
		return;
	buf_appendf(out, ",scope=\"repository:%.*s:%s", SPAN_ARG(name),
		    action_scope(route->action) == SCOPE_RIGHT_PULL ? "pull"
		    : action_scope(route->action) == SCOPE_RIGHT_PUSH
			    ? "pull,push"
			    : "delete");
	if (route->action == ACTION_INITIATE_LAYER_UPLOAD &&
	    request_query(request, "from", 0, &from, &err) == 1 &&
	    refname_check_repository(from, &err) == 0 &&
	    !span_equal(from, name))
		buf_appendf(out, " repository:%.*s:pull", SPAN_ARG(from));
	buf_append_char(out, '"');
}

/* The token service itself is asked with a password. */
static bool offers_tokens(const struct request *request,
			  const struct http_access *access)
{
	return !access->basic && request->route &&
	       request->route->door == DOOR_OCI &&
	       request->route->action != ACTION_BY_HANDLER;
}

/* What was wrong with the token that came, if one did: it is none that counts,
 * or it counts and does not cover this. */
static void write_error(const struct request *request, const struct err *err,
			struct buf *out)
{
	struct span header = request_header(request, "Authorization");
	struct span scheme = {0};
	struct span token = {0};

	if (!span_cut(header, ' ', &scheme, &token) ||
	    !span_equal_nocase(scheme, SPAN_LIT("Bearer")))
		return;
	if (err->code == ERR_SCOPE || request->principal.kind != PRINCIPAL_NONE)
		buf_append_text(out, ",error=\"insufficient_scope\"");
	else
		buf_append_text(out, ",error=\"invalid_token\"");
}

void access_challenge(struct request *request, const struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(CHALLENGE_SIZE);
	const struct http_access *access =
		&exchange_of(request)->pipeline->parts.access;

	if (offers_tokens(request, access)) {
		buf_append_text(&text, "Bearer realm=\"");
		write_realm(request, access, &text);
		buf_appendf(&text, "\",service=\"%s\"", access->service);
		write_scope(request, &text);
		write_error(request, err, &text);
		response_header(request, "Cache-Control", "no-store");
	} else {
		buf_append_text(&text,
				"Basic realm=\"berth\", charset=\"UTF-8\"");
	}
	if (text.failed == ERR_NONE)
		response_header(request, "WWW-Authenticate", buf_text(&text));
}
