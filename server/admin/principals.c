/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/users, /robots, /roles: listed, shown, changed, removed */
#include "server/admin/principals.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "server/admin/attachments.h"
#include "server/app.h"
#include "server/http/response.h"

void admin_principal_write(const struct meta_principal *row, struct buf *out)
{
	enum identity_kind kind = (enum identity_kind)row->kind;

	jsonx_member(out, "name", span_of(row->name));
	jsonx_key(out, "arn");
	buf_appendf(out, "\"arn:aws:iam::%s:%s/%s\"", row->account,
		    identity_kind_name(kind), row->name);
	jsonx_member(out, "description", span_of(row->description));
	admin_bool(out, "disabled", row->disabled);
	admin_time(out, "created", row->created_ms);
	switch (row->kind) {
	case META_USER:
		admin_bool(out, "has_password", row->password_hash[0] != '\0');
		break;
	case META_ROBOT:
		admin_time(out, "expires", row->expires_ms);
		break;
	case META_ROLE:
		admin_integer(out, "session_max", row->session_max_s);
		break;
	}
}

/* ---- listing ---- */

static int add(void *context, const struct meta_principal *row, struct err *err)
{
	struct admin_list *list = context;

	(void)err;
	jsonx_comma(list->body);
	buf_append_char(list->body, '{');
	admin_principal_write(row, list->body);
	buf_append_char(list->body, '}');
	admin_list_mark(list, span_of(row->name));
	return 0;
}

static const char *plural(enum identity_kind kind)
{
	switch (kind) {
	case IDENTITY_USER:
		return "users";
	case IDENTITY_ROBOT:
		return "robots";
	case IDENTITY_ROLE:
		return "roles";
	case IDENTITY_GROUP:
		break;
	}
	return "groups";
}

static int list_principals(struct request *request, struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	struct admin_subject subject = admin_subject(request);
	struct admin_page page;
	struct admin_list list;
	bool more = false;

	if (admin_page(request, &page, err) < 0 ||
	    meta_read_begin(request->app->meta, &tx, err) < 0)
		return -1;
	struct meta_principal_query asked = {
		.account = request->app->scope.account,
		.kind = (enum meta_principal_kind)subject.who.kind,
		.after = page.after,
		.limit = page.limit};
	admin_list_begin(request, plural(subject.who.kind), &list);
	if (meta_principal_page(tx, &asked, add, &list, &more, err) < 0)
		return -1;
	admin_list_end(&list, more);
	return 0;
}

const struct handler admin_principals = {.work = list_principals};

/* ---- one ---- */

int admin_principal_answer(struct request *request, struct identity_who who,
			   int status, struct buf **ret_body, struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	struct meta_principal row;

	if (meta_read_begin(request->app->meta, &tx, err) < 0 ||
	    identity_find(tx, request->app->scope.account, who, &row, err) < 0)
		return -1;
	struct buf *body = admin_answer(request, status);
	admin_principal_write(&row, body);
	*ret_body = body;
	return 0;
}

static int answer(struct request *request, struct identity_who who,
		  struct err *err)
{
	struct buf *body = NULL;

	if (admin_principal_answer(request, who, 200, &body, err) < 0)
		return -1;
	buf_append_text(body, "}\n");
	return 0;
}

static int get(struct request *request, struct err *err)
{
	struct admin_subject subject = admin_subject(request);

	return answer(request, subject.who, err);
}

const struct handler admin_principal = {.work = get};

/* ---- changes ---- */

/* What of a kind may change. */
static const char *const *members_of(enum identity_kind kind)
{
	static const char *const user[] = {"description", "disabled", NULL};
	static const char *const robot[] = {"description", "disabled",
					    "expires_in", NULL};
	static const char *const role[] = {"description", "disabled",
					   "session_max", NULL};

	switch (kind) {
	case IDENTITY_ROBOT:
		return robot;
	case IDENTITY_ROLE:
		return role;
	case IDENTITY_USER:
	case IDENTITY_GROUP:
		break;
	}
	return user;
}

static int update(struct request *request, struct err *err)
{
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct identity_by by = admin_by(request);
	struct identity_patch patch = {.description = NULL};
	struct admin_subject subject = admin_subject(request);
	struct span description;
	int64_t session = 0;
	int64_t life = 0;
	bool disabled = false;

	if (admin_body(request, members_of(subject.who.kind), &json, err) < 0)
		return -1;
	int texts = jsonx_text(json, "description", &description, err);
	int flags =
		texts < 0 ? -1 : jsonx_bool(json, "disabled", &disabled, err);
	int sessions =
		flags < 0 ? -1 : jsonx_i64(json, "session_max", &session, err);
	int lives = sessions < 0 ? -1 : admin_life(json, &life, err);
	if (lives < 0)
		return -1;
	patch.description = texts ? &description : NULL;
	patch.disabled = flags ? &disabled : NULL;
	patch.session_max_s = sessions ? &session : NULL;
	patch.life_s = lives ? &life : NULL;
	if (identity_update(&request->app->identity, &by, subject.who, &patch,
			    err) < 0)
		return -1;
	return answer(request, subject.who, err);
}

const struct handler admin_principal_update = {.work = update};

/* Groups, too. */
static int delete (struct request *request, struct err *err)
{
	struct identity_by by = admin_by(request);
	struct admin_subject subject = admin_subject(request);

	if (identity_delete(&request->app->identity, &by, subject.who, err) < 0)
		return -1;
	admin_done(request);
	return 0;
}

const struct handler admin_delete = {.work = delete};
