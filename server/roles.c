/* SPDX-License-Identifier: Apache-2.0 */
#include "server/roles.h"

#include <string.h>

#include "auth/audit.h"
#include "auth/policy.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "server/app.h"
#include "server/http/access.h"
#include "storage/meta_audit.h"

#define NOTE_MAX 2048 /* bytes of what the audit log is told */

void roles_wipe(struct assumed *assumed)
{
	explicit_bzero(assumed, sizeof(*assumed));
}

static void note(struct request *request, struct span actor,
		 const struct assume_wish *wish, const struct err *err)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT(NOTE_MAX);
	bool failed = err->code != ERR_NONE;

	buf_append_text(&detail, "{\"session\":");
	jsonx_quote(wish->name, &detail);
	if (failed)
		buf_appendf(&detail, ",\"code\":\"%s\"",
			    err_code_name(err->code));
	buf_append_char(&detail, '}');

	const struct meta_audit entry = {
		.kind = SPAN_LIT("role.assume"),
		.outcome = !failed		     ? SPAN_LIT("ok")
			   : err->code == ERR_DENIED ? SPAN_LIT("denied")
						     : SPAN_LIT("failed"),
		.actor = actor,
		.source = request->peer,
		.request_id = span_of(request->id),
		.target = wish->role,
		.detail = detail.failed == ERR_NONE ? buf_span(&detail)
						    : SPAN_LIT("")};
	audit_note(request->app->audit, &entry);
}

static int assume(struct request *request,
		  const struct authz_question *question,
		  const struct assume_wish *wish, struct assumed *ret_assumed,
		  struct buf *token, struct err *err)
{
	const struct app *app = request->app;
	const struct assume_parts parts = {.meta = app->meta,
					   .seal = app->seal,
					   .authz = app->authz,
					   .clock = app->clock,
					   .account = app->scope.account};

	return assume_role(&parts, question, wish, ret_assumed, token, err);
}

int roles_assume(struct request *request, const struct assume_wish *wish,
		 struct assumed *ret_assumed, struct buf *token,
		 struct err *err)
{
	struct authz_question question =
		access_question(request, ACTION_ASSUME_ROLE, SPAN_LIT(""));
	int done = assume(request, &question, wish, ret_assumed, token, err);

	note(request, span_of(request->principal.name), wish, err);
	return done;
}

/* "ISSUER SUBJECT": no principal's name has a blank in it. */
static void write_actor(const struct oidc_identity *identity, struct buf *out)
{
	buf_append_span(out, identity->issuer);
	buf_append_char(out, ' ');
	buf_append_span(out, identity->subject);
}

int roles_web_identity(struct request *request, struct span token,
		       struct oidc_identity *ret_identity, struct err *err)
{
	const struct assume_wish wish = {.life_s = 0};

	if (oidc_verify(request->app->oidc, token, ret_identity, err) == 0)
		return 0;
	note(request, SPAN_LIT(""), &wish, err);
	return -1;
}

/* Whoever else signed the request: a web identity speaks for itself alone. */
static int assume_as(struct request *request,
		     const struct oidc_identity *identity,
		     const struct assume_wish *wish,
		     struct assumed *ret_assumed, struct buf *token,
		     struct err *err)
{
	const struct principal nobody = PRINCIPAL_ANONYMOUS_INIT;
	struct authz_question question = access_question(
		request, ACTION_ASSUME_ROLE_WEB_IDENTITY, SPAN_LIT(""));
	struct assume_wish whole = *wish;
	struct policy_key *keys = arena_alloc(
		&request->arena, (identity->key_count + 1) * sizeof(*keys));

	if (!keys)
		return err_set(err, ERR_NO_MEMORY, "keys of a web identity");
	memcpy(keys, identity->keys, identity->key_count * sizeof(*keys));
	keys[identity->key_count] = (struct policy_key){
		SPAN_LIT("sts:RoleSessionName"), wish->name};
	whole.keys = keys;
	whole.key_count = identity->key_count + 1;
	whole.federated = identity->issuer;
	question.principal = &nobody;
	return assume(request, &question, &whole, ret_assumed, token, err);
}

int roles_assume_web(struct request *request,
		     const struct oidc_identity *identity,
		     const struct assume_wish *wish,
		     struct assumed *ret_assumed, struct buf *token,
		     struct err *err)
{
	CLEANUP(buf_release) struct buf actor = BUF_INIT(NOTE_MAX);
	int done = assume_as(request, identity, wish, ret_assumed, token, err);

	write_actor(identity, &actor);
	note(request, buf_span(&actor), wish, err);
	return done;
}
