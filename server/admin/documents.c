/* SPDX-License-Identifier: Apache-2.0 */
/* A role's trust, the policies of repositories and of the registry */
#include "auth/identity_policies.h"
#include "base/err.h"
#include "server/admin/admin.h"
#include "server/admin/attachments.h"
#include "server/app.h"
#include "server/http/access.h"
#include "storage/meta_repositories.h"
#include "storage/refname.h"

#define DOCUMENT_MAX ((size_t)1 << 20) /* bytes of one that is stored */

/* Answer with what was read, if there is anything. */
static int answer(struct request *request, const struct buf *document,
		  struct err *err)
{
	if (document->len > 0 || document->failed)
		return admin_answer_document(request, document, err);
	err_set(err, ERR_NOT_FOUND, "no policy is set");
	return err_tell(err, "no policy is set here");
}

/* ---- trust ---- */

static int get_trust(struct request *request, struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	CLEANUP(buf_release) struct buf document = BUF_INIT(DOCUMENT_MAX);
	struct admin_subject subject = admin_subject(request);
	struct meta_principal role;

	if (meta_read_begin(request->app->meta, &tx, err) < 0 ||
	    identity_find(tx, request->app->scope.account, subject.who, &role,
			  err) < 0 ||
	    meta_role_trust(tx, role.id, &document, err) < 0)
		return -1;
	return answer(request, &document, err);
}

const struct handler admin_trust = {.work = get_trust};

static int put_trust(struct request *request, struct err *err)
{
	struct identity_by by = admin_by(request);
	struct span document;

	if (admin_document(request, &document, err) < 0 ||
	    identity_role_trust(&request->app->identity, &by,
				request->params[0], document, err) < 0)
		return -1;
	admin_done(request);
	return 0;
}

const struct handler admin_trust_put = {.work = put_trust};

/* ---- policies of repositories ---- */

static int get_repository_policy(struct request *request, struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	CLEANUP(buf_release) struct buf document = BUF_INIT(DOCUMENT_MAX);
	struct span name = request->params[ROUTE_NAME];
	int64_t id = 0;

	if (refname_check_repository(name, err) < 0 ||
	    meta_read_begin(request->app->meta, &tx, err) < 0)
		return -1;
	int found =
		meta_repository_find(tx, request->app->scope, name, &id, err);
	if (found == 0)
		return err_set(err, ERR_REPOSITORY_UNKNOWN, "no repository");
	if (found < 0 || meta_repository_policy(tx, id, &document, err) < 0)
		return -1;
	return answer(request, &document, err);
}

const struct handler admin_repository_policy = {.work = get_repository_policy};

static int put_repository_policy(struct request *request, struct err *err)
{
	struct identity_by by = admin_by(request);
	struct span name = request->params[ROUTE_NAME];
	struct span document;
	bool force = false;

	if (refname_check_repository(name, err) < 0 ||
	    admin_flag(request, "force", &force, err) < 0 ||
	    admin_document(request, &document, err) < 0)
		return -1;
	if (!force && access_keeps(request, ACTION_SET_REPOSITORY_POLICY, name,
				   document, err) < 0)
		return -1;
	if (identity_repository_policy(&request->app->identity, &by, name,
				       document, err) < 0)
		return -1;
	admin_done(request);
	return 0;
}

const struct handler admin_repository_policy_put = {
	.work = put_repository_policy};

static int delete_repository_policy(struct request *request, struct err *err)
{
	struct identity_by by = admin_by(request);
	struct span name = request->params[ROUTE_NAME];

	if (refname_check_repository(name, err) < 0 ||
	    identity_repository_policy(&request->app->identity, &by, name,
				       SPAN_LIT(""), err) < 0)
		return -1;
	admin_done(request);
	return 0;
}

const struct handler admin_repository_policy_delete = {
	.work = delete_repository_policy};

/* ---- the registry's ---- */

static int get_registry_policy(struct request *request, struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	CLEANUP(buf_release) struct buf document = BUF_INIT(DOCUMENT_MAX);

	if (meta_read_begin(request->app->meta, &tx, err) < 0 ||
	    meta_registry_policy(tx, request->app->scope, &document, err) < 0)
		return -1;
	return answer(request, &document, err);
}

const struct handler admin_registry_policy = {.work = get_registry_policy};

static int put_registry_policy(struct request *request, struct err *err)
{
	struct identity_by by = admin_by(request);
	struct span document;
	bool force = false;

	if (admin_flag(request, "force", &force, err) < 0 ||
	    admin_document(request, &document, err) < 0)
		return -1;
	if (!force && access_keeps(request, ACTION_PUT_REGISTRY_POLICY,
				   SPAN_LIT(""), document, err) < 0)
		return -1;
	if (identity_registry_policy(&request->app->identity, &by, document,
				     err) < 0)
		return -1;
	admin_done(request);
	return 0;
}

const struct handler admin_registry_policy_put = {.work = put_registry_policy};

static int delete_registry_policy(struct request *request, struct err *err)
{
	struct identity_by by = admin_by(request);

	if (identity_registry_policy(&request->app->identity, &by, SPAN_LIT(""),
				     err) < 0)
		return -1;
	admin_done(request);
	return 0;
}

const struct handler admin_registry_policy_delete = {
	.work = delete_registry_policy};
