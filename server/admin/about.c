/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/v1, GET /api/v1/whoami */
#include "base/cleanup.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "server/admin/admin.h"
#include "server/admin/attachments.h"
#include "server/app.h"
#include "storage/meta_groups.h"

static int about(struct request *request, struct err *err)
{
	struct buf *body = admin_answer(request, 200);

	(void)err;
	jsonx_member(body, "api", SPAN_LIT("v1"));
	jsonx_member(body, "version", SPAN_LIT(BERTH_VERSION));
	jsonx_member(body, "account", request->app->scope.account);
	jsonx_member(body, "region", request->app->scope.region);
	buf_append_text(body, "}\n");
	return 0;
}

const struct handler admin_about = {.work = about};

static const char *kind_name(enum principal_kind kind)
{
	switch (kind) {
	case PRINCIPAL_USER:
		return "user";
	case PRINCIPAL_ROBOT:
		return "robot";
	case PRINCIPAL_ROLE:
		return "role";
	case PRINCIPAL_NONE:
	case PRINCIPAL_ANONYMOUS:
		break;
	}
	return "anonymous";
}

static const char *credential_name(enum credential credential)
{
	switch (credential) {
	case CREDENTIAL_NONE:
		return "none";
	case CREDENTIAL_PASSWORD:
		return "password";
	case CREDENTIAL_API_TOKEN:
		return "api-token";
	case CREDENTIAL_BEARER:
		return "bearer";
	case CREDENTIAL_ACCESS_KEY:
		return "access-key";
	case CREDENTIAL_SESSION:
		return "session";
	case CREDENTIAL_CERTIFICATE:
		return "certificate";
	}
	return "none";
}

/* Groups and policies of who has a row. */
static int write_given(struct request *request, struct buf *body,
		       struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	struct meta_holder holder = {.kind = META_HOLDER_PRINCIPAL,
				     .id = request->principal.id};
	struct admin_list groups = {.body = body};

	if (meta_read_begin(request->app->meta, &tx, err) < 0)
		return -1;
	jsonx_key(body, "groups");
	buf_append_char(body, '[');
	if (holder.id != 0 &&
	    meta_group_of(tx, holder.id, admin_list_name, &groups, err) < 0)
		return -1;
	buf_append_char(body, ']');
	if (holder.id != 0)
		return admin_attachments_write(tx, holder, body, err);
	buf_append_text(body, ",\"policies\":[]");
	return 0;
}

static int whoami(struct request *request, struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(1024);
	const struct principal *principal = &request->principal;
	struct buf *body = admin_answer(request, 200);

	jsonx_member(body, "kind", span_of(kind_name(principal->kind)));
	jsonx_member(body, "name", span_of(principal->name));
	jsonx_member(body, "account", span_of(principal->account));
	principal_arn(principal, &text);
	jsonx_member(body, "arn", buf_span(&text));
	buf_clear(&text);
	principal_unique_id(principal, &text);
	jsonx_member(body, "id", buf_span(&text));
	jsonx_member(body, "credential",
		     span_of(credential_name(principal->credential)));
	admin_bool(body, "limited", principal->ceiling != NULL);
	if (buf_check(&text, err) < 0 || write_given(request, body, err) < 0)
		return -1;
	buf_append_text(body, "}\n");
	return 0;
}

const struct handler admin_whoami = {.work = whoami};
