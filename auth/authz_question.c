/* SPDX-License-Identifier: Apache-2.0 */
/* A question as policies see it. */
#include <inttypes.h>
#include <string.h>

#include "auth/authz_parts.h"
#include "base/clock.h"
#include "base/jsonx.h"

#define ARN_MAX 2048 /* bytes; names are checked, but not all of them here */

/* What an action that is about no repository is about. */
static const char *const types[ACTION_COUNT] = {
	[ACTION_ASSUME_ROLE] = "role",
	[ACTION_ASSUME_ROLE_WEB_IDENTITY] = "role",
	[ACTION_LIST_USERS] = "user",
	[ACTION_GET_USER] = "user",
	[ACTION_CREATE_USER] = "user",
	[ACTION_UPDATE_USER] = "user",
	[ACTION_DELETE_USER] = "user",
	[ACTION_LIST_GROUPS] = "group",
	[ACTION_GET_GROUP] = "group",
	[ACTION_CREATE_GROUP] = "group",
	[ACTION_UPDATE_GROUP] = "group",
	[ACTION_DELETE_GROUP] = "group",
	[ACTION_ADD_TO_GROUP] = "group",
	[ACTION_REMOVE_FROM_GROUP] = "group",
	[ACTION_LIST_ROLES] = "role",
	[ACTION_GET_ROLE] = "role",
	[ACTION_CREATE_ROLE] = "role",
	[ACTION_UPDATE_ROLE] = "role",
	[ACTION_DELETE_ROLE] = "role",
	[ACTION_LIST_POLICIES] = "policy",
	[ACTION_GET_POLICY] = "policy",
	[ACTION_PUT_POLICY] = "policy",
	[ACTION_DELETE_POLICY] = "policy",
	[ACTION_LIST_ISSUERS] = "oidc-provider",
	[ACTION_PUT_ISSUER] = "oidc-provider",
	[ACTION_DELETE_ISSUER] = "oidc-provider",
	[ACTION_LIST_ROBOTS] = "robot",
	[ACTION_GET_ROBOT] = "robot",
	[ACTION_CREATE_ROBOT] = "robot",
	[ACTION_UPDATE_ROBOT] = "robot",
	[ACTION_DELETE_ROBOT] = "robot",
};

void authz_repository_arn(struct meta_scope scope, struct span repository,
			  struct buf *out)
{
	buf_appendf(out, "arn:aws:ecr:%.*s:%.*s:repository/%.*s",
		    SPAN_ARG(scope.region), SPAN_ARG(scope.account),
		    SPAN_ARG(repository));
}

void authz_resource_arn(const struct authz *authz,
			const struct authz_question *question, struct buf *out)
{
	struct meta_scope scope = authz->config.scope;
	struct span kind = question->target_kind;

	if (kind.len == 0 && types[question->action])
		kind = span_of(types[question->action]);
	if (question->repository.len > 0)
		authz_repository_arn(scope, question->repository, out);
	else if (question->target.len > 0)
		buf_appendf(out, "arn:aws:iam::%.*s:%.*s/%.*s",
			    SPAN_ARG(scope.account), SPAN_ARG(kind),
			    SPAN_ARG(question->target));
	else
		buf_append_char(out, '*');
}

/* ---- what goes with the request ---- */

static int time_value(const struct authz_asked *asked, bool seconds,
		      struct buf *out)
{
	int64_t now = clock_wall_ms(asked->clock);
	char text[CLOCK_TEXT_SIZE];

	clock_format(now, text);
	if (seconds)
		buf_appendf(out, "%" PRId64, now / 1000);
	else
		buf_append_text(out, text);
	return 1;
}

static int text_value(struct span text, struct buf *out)
{
	buf_append_span(out, text);
	return text.len > 0;
}

static int look_up(void *context, struct span name, struct buf *out)
{
	const struct authz_asked *asked = context;
	const struct authz_question *original = asked->original;
	int found = 0;

	if (span_equal_nocase(name, SPAN_LIT("aws:SourceIp")))
		found = text_value(original->source, out);
	else if (span_equal_nocase(name, SPAN_LIT("aws:UserAgent")))
		found = text_value(original->user_agent, out);
	else if (span_equal_nocase(name, SPAN_LIT("aws:SecureTransport")))
		found = text_value(original->secure ? SPAN_LIT("true")
						    : SPAN_LIT("false"),
				   out);
	else if (span_equal_nocase(name, SPAN_LIT("aws:CurrentTime")))
		found = time_value(asked, false, out);
	else if (span_equal_nocase(name, SPAN_LIT("aws:EpochTime")))
		found = time_value(asked, true, out);
	if (found == 0 && asked->missing) {
		if (asked->missing->len > 0)
			buf_append_char(asked->missing, ',');
		jsonx_quote(name, asked->missing);
	}
	return found;
}

/* ---- what goes with the principal ---- */

static void ask_who(const struct principal *principal,
		    struct authz_asked *asked)
{
	struct span role = span_of(principal->name);
	struct span session = {0};

	principal_arn(principal, &asked->arn);
	principal_unique_id(principal, &asked->unique);
	if (principal->kind != PRINCIPAL_ROLE)
		return;
	span_cut(role, '/', &role, &session);
	buf_appendf(&asked->role, "arn:aws:iam::%s:role/%.*s",
		    principal->account, SPAN_ARG(role));
}

static size_t ask_keys(const struct principal *principal,
		       struct authz_asked *asked)
{
	static const char *const kinds[] = {[PRINCIPAL_NONE] = "Anonymous",
					    [PRINCIPAL_ANONYMOUS] = "Anonymous",
					    [PRINCIPAL_USER] = "User",
					    [PRINCIPAL_ROBOT] = "User",
					    [PRINCIPAL_ROLE] = "AssumedRole"};
	bool has_name = principal->kind == PRINCIPAL_USER ||
			principal->kind == PRINCIPAL_ROBOT;

	asked->keys[0] = (struct policy_key){SPAN_LIT("aws:PrincipalType"),
					     span_of(kinds[principal->kind])};
	asked->keys[1] = (struct policy_key){SPAN_LIT("aws:userid"),
					     buf_span(&asked->unique)};
	asked->keys[2] = (struct policy_key){SPAN_LIT("aws:username"),
					     span_of(principal->name)};
	return has_name ? 3 : 2;
}

int authz_ask(const struct authz *authz, const struct authz_question *question,
	      struct authz_asked *ret_asked, struct err *err)
{
	const struct principal *principal = question->principal;

	*ret_asked = (struct authz_asked){.original = question,
					  .clock = authz->config.clock,
					  .arn = BUF_INIT(ARN_MAX),
					  .role = BUF_INIT(ARN_MAX),
					  .unique = BUF_INIT(ARN_MAX),
					  .resource = BUF_INIT(16384)};
	ask_who(principal, ret_asked);
	authz_resource_arn(authz, question, &ret_asked->resource);
	ret_asked->question = (struct policy_question){
		.principal_arn = buf_span(&ret_asked->arn),
		.principal_account = span_of(principal->account),
		.role_arn = buf_span(&ret_asked->role),
		.federated = SPAN_LIT(""),
		.action = span_of(action_name(question->action)),
		.resource = buf_span(&ret_asked->resource),
		.resource_account = authz->config.scope.account,
		.keys = ret_asked->keys,
		.key_count = ask_keys(principal, ret_asked),
		.look_up = look_up,
		.context = ret_asked};
	if (buf_check(&ret_asked->arn, err) < 0 ||
	    buf_check(&ret_asked->role, err) < 0 ||
	    buf_check(&ret_asked->unique, err) < 0)
		return -1;
	return buf_check(&ret_asked->resource, err);
}

void authz_asked_release(struct authz_asked *asked)
{
	buf_release(&asked->arn);
	buf_release(&asked->role);
	buf_release(&asked->unique);
	buf_release(&asked->resource);
}
