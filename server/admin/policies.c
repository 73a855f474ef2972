/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/policies[/{policy}], POST /api/v1/policies/simulate */
#include "auth/authz.h"
#include "auth/identity_policies.h"
#include "auth/managed.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "server/admin/admin.h"
#include "server/admin/attachments.h"
#include "server/app.h"
#include "server/http/response.h"
#include "storage/refname.h"

#define DOCUMENT_MAX ((size_t)1 << 20) /* bytes of one that is stored */

/* ---- listing ---- */

static void write_summary(struct buf *out, struct span name, bool managed,
			  struct span summary)
{
	jsonx_comma(out);
	buf_append_char(out, '{');
	jsonx_member(out, "name", name);
	admin_bool(out, "managed", managed);
	jsonx_member(out, "summary", summary);
	buf_append_char(out, '}');
}

static int add(void *context, struct span name, struct err *err)
{
	struct admin_list *list = context;

	(void)err;
	write_summary(list->body, name, false, SPAN_LIT(""));
	admin_list_mark(list, name);
	return 0;
}

static int list_policies(struct request *request, struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	size_t count = 0;
	const struct managed *managed = managed_all(&count);
	struct admin_page page;
	struct admin_list list;
	bool more = false;

	if (admin_page(request, &page, err) < 0 ||
	    meta_read_begin(request->app->meta, &tx, err) < 0)
		return -1;
	admin_list_begin(request, "policies", &list);
	for (size_t i = 0; page.after.len == 0 && i < count; i++)
		write_summary(list.body, span_of(managed[i].name), true,
			      span_of(managed[i].summary));
	if (meta_policy_page(tx, request->app->scope.account, page.after,
			     page.limit, add, &list, &more, err) < 0)
		return -1;
	admin_list_end(&list, more);
	return 0;
}

const struct handler admin_policies = {.work = list_policies};

/* ---- one ---- */

static int get_policy(struct request *request, struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	CLEANUP(buf_release) struct buf document = BUF_INIT(DOCUMENT_MAX);
	struct span account = request->app->scope.account;
	struct span name = request->params[0];
	struct span pattern = SPAN_LIT("*");

	if (request_query(request, "pattern", 0, &pattern, err) < 0)
		return -1;
	int found = managed_document(name, account, pattern, &document, err);
	if (found == 0) {
		if (meta_read_begin(request->app->meta, &tx, err) < 0)
			return -1;
		found = meta_policy_find(tx, account, name, &document, err);
	}
	if (found == 0) {
		err_set(err, ERR_NOT_FOUND, "no such policy");
		return err_tell(err, "there is no policy of that name");
	}
	if (found < 0)
		return -1;
	return admin_answer_document(request, &document, err);
}

const struct handler admin_policy = {.work = get_policy};

static int put_policy(struct request *request, struct err *err)
{
	struct identity_by by = admin_by(request);
	struct span document;
	bool made = false;

	if (admin_document(request, &document, err) < 0 ||
	    identity_policy_put(&request->app->identity, &by,
				request->params[0], document, &made, err) < 0)
		return -1;
	admin_done(request);
	if (made)
		response_status(request, 201);
	return 0;
}

const struct handler admin_policy_put = {.work = put_policy};

static int delete_policy(struct request *request, struct err *err)
{
	struct identity_by by = admin_by(request);

	if (identity_policy_delete(&request->app->identity, &by,
				   request->params[0], err) < 0)
		return -1;
	admin_done(request);
	return 0;
}

const struct handler admin_policy_delete = {.work = delete_policy};

/* ---- what would be decided ---- */

static int find_principal(struct request *request, struct span name,
			  struct principal *ret_principal, struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	struct meta_principal row;

	if (span_equal(name, SPAN_LIT("anonymous"))) {
		*ret_principal = PRINCIPAL_ANONYMOUS_INIT;
		return 0;
	}
	if (meta_read_begin(request->app->meta, &tx, err) < 0)
		return -1;
	int found = meta_principal_find(tx, request->app->scope.account, name,
					&row, err);
	if (found < 0)
		return -1;
	if (found == 0) {
		err_set(err, ERR_NOT_FOUND, "no such principal");
		return err_tell(err, "there is no user, robot or role of that "
				     "name");
	}
	principal_from_row(&row, CREDENTIAL_NONE, ret_principal);
	return 0;
}

/* A name, or KIND/NAME: some actions are about several kinds. */
static void read_target(struct authz_question *question)
{
	struct span name = {0};

	if (span_cut(question->target, '/', &question->target_kind, &name))
		question->target = name;
}

static int read_question(const json_t *json, struct span *ret_principal,
			 struct authz_question *question, struct err *err)
{
	struct span action;

	if (admin_text(json, "principal", ret_principal, err) < 0 ||
	    admin_text(json, "action", &action, err) < 0 ||
	    jsonx_text(json, "repository", &question->repository, err) < 0 ||
	    jsonx_text(json, "target", &question->target, err) < 0 ||
	    jsonx_text(json, "source", &question->source, err) < 0 ||
	    jsonx_bool(json, "secure", &question->secure, err) < 0)
		return -1;
	read_target(question);
	question->action = action_find(action);
	if (question->action == ACTION_UNSET) {
		err_set(err, ERR_INVALID, "unknown action");
		return err_tell(err, "no request needs the action \"%.*s\"",
				SPAN_ARG(action));
	}
	if (question->repository.len == 0)
		return 0;
	return refname_check_repository(question->repository, err);
}

static int simulate(struct request *request, struct err *err)
{
	static const char *const members[] = {
		"principal", "action", "repository", "target",
		"source",    "secure", NULL};
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct authz_question question = {.repository = SPAN_LIT(""),
					  .target = SPAN_LIT(""),
					  .source = SPAN_LIT(""),
					  .user_agent = SPAN_LIT("")};
	struct principal principal;
	struct span name;

	if (admin_body(request, members, &json, err) < 0 ||
	    read_question(json, &name, &question, err) < 0 ||
	    find_principal(request, name, &principal, err) < 0)
		return -1;
	question.principal = &principal;
	struct buf *body = admin_answer(request, 200);
	buf_clear(body);
	int done = authz_explain(request->app->authz, &question, body, err);
	principal_release(&principal);
	buf_append_char(body, '\n');
	return done;
}

const struct handler admin_simulate = {.work = simulate};
