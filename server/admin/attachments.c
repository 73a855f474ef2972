/* SPDX-License-Identifier: Apache-2.0 */
/* .../policies[/{policy}] of users, robots, roles and groups */
#include "server/admin/attachments.h"

#include "auth/identity_policies.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "server/admin/admin.h"
#include "server/app.h"

static int write_attachment(void *context,
			    const struct meta_attachment *attachment,
			    struct err *err)
{
	struct buf *out = context;

	(void)err;
	jsonx_comma(out);
	buf_append_char(out, '{');
	jsonx_member(out, "policy", attachment->policy);
	jsonx_member(out, "pattern", attachment->pattern);
	jsonx_key(out, "group");
	if (attachment->group.len > 0)
		jsonx_quote(attachment->group, out);
	else
		buf_append_text(out, "null");
	buf_append_char(out, '}');
	return 0;
}

int admin_attachments_write(struct meta_tx *tx, struct meta_holder holder,
			    struct buf *out, struct err *err)
{
	jsonx_key(out, "policies");
	buf_append_char(out, '[');
	int rc = holder.kind == META_HOLDER_GROUP
			 ? meta_policy_attached(tx, holder, write_attachment,
						out, err)
			 : meta_policy_effective(tx, holder.id,
						 write_attachment, out, err);
	buf_append_char(out, ']');
	return rc < 0 ? -1 : 0;
}

static int list(struct request *request, struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	struct admin_subject subject = admin_subject(request);
	struct meta_holder holder;

	if (meta_read_begin(request->app->meta, &tx, err) < 0 ||
	    identity_find_holder(tx, request->app->scope.account, subject.who,
				 &holder, err) < 0)
		return -1;
	struct buf *body = admin_answer(request, 200);
	if (admin_attachments_write(tx, holder, body, err) < 0)
		return -1;
	buf_append_text(body, "}\n");
	return 0;
}

const struct handler admin_attachments = {.work = list};

static int read_grant(struct request *request, struct span policy,
		      struct identity_grant *ret_grant, struct err *err)
{
	struct identity_grant grant = {.pattern = SPAN_LIT("*")};

	if (request_query(request, "pattern", 0, &grant.pattern, err) < 0)
		return -1;
	grant.policy = policy;
	*ret_grant = grant;
	return 0;
}

static int attach(struct request *request, struct err *err)
{
	struct identity_by by = admin_by(request);
	struct admin_subject subject = admin_subject(request);
	struct identity_grant grant;

	if (read_grant(request, subject.rest, &grant, err) < 0 ||
	    identity_attach(&request->app->identity, &by, subject.who, &grant,
			    err) < 0)
		return -1;
	admin_done(request);
	return 0;
}

const struct handler admin_attach = {.work = attach};

static int detach(struct request *request, struct err *err)
{
	struct identity_by by = admin_by(request);
	struct admin_subject subject = admin_subject(request);
	struct identity_grant grant;

	if (read_grant(request, subject.rest, &grant, err) < 0 ||
	    identity_detach(&request->app->identity, &by, subject.who, &grant,
			    err) < 0)
		return -1;
	admin_done(request);
	return 0;
}

const struct handler admin_detach = {.work = detach};
