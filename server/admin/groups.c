/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/groups..., and the groups of a user or robot */
#include "base/err.h"
#include "base/jsonx.h"
#include "server/admin/admin.h"
#include "server/admin/attachments.h"
#include "server/app.h"
#include "server/http/response.h"

static void write_group(const struct meta_group *group, struct buf *out)
{
	buf_append_char(out, '{');
	jsonx_member(out, "name", span_of(group->name));
	jsonx_member(out, "description", span_of(group->description));
	admin_time(out, "created", group->created_ms);
	buf_append_char(out, '}');
}

static int add(void *context, const struct meta_group *group, struct err *err)
{
	struct admin_list *list = context;

	(void)err;
	jsonx_comma(list->body);
	write_group(group, list->body);
	admin_list_mark(list, span_of(group->name));
	return 0;
}

static int list_groups(struct request *request, struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	struct admin_page page;
	struct admin_list list;
	bool more = false;

	if (admin_page(request, &page, err) < 0 ||
	    meta_read_begin(request->app->meta, &tx, err) < 0)
		return -1;
	admin_list_begin(request, "groups", &list);
	if (meta_group_page(tx, request->app->scope.account, page.after,
			    page.limit, add, &list, &more, err) < 0)
		return -1;
	admin_list_end(&list, more);
	return 0;
}

const struct handler admin_groups = {.work = list_groups};

static int answer(struct request *request, struct span name, int status,
		  struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	struct meta_group group;

	if (meta_read_begin(request->app->meta, &tx, err) < 0 ||
	    identity_find_group(tx, request->app->scope.account, name, &group,
				err) < 0)
		return -1;
	struct buf *body = admin_answer(request, status);
	buf_clear(body);
	write_group(&group, body);
	buf_append_char(body, '\n');
	return 0;
}

static int get_group(struct request *request, struct err *err)
{
	return answer(request, request->params[0], 200, err);
}

const struct handler admin_group = {.work = get_group};

static int create_group(struct request *request, struct err *err)
{
	static const char *const members[] = {"name", "description", NULL};
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct identity_by by = admin_by(request);
	struct span description = SPAN_LIT("");
	struct span name;

	if (admin_body(request, members, &json, err) < 0 ||
	    admin_text(json, "name", &name, err) < 0 ||
	    jsonx_text(json, "description", &description, err) < 0 ||
	    identity_group_create(&request->app->identity, &by, name,
				  description, err) < 0 ||
	    answer(request, name, 201, err) < 0)
		return -1;
	response_headerf(request, "Location", "/api/v1/groups/%.*s",
			 SPAN_ARG(name));
	return 0;
}

const struct handler admin_group_create = {.work = create_group};

static int update_group(struct request *request, struct err *err)
{
	static const char *const members[] = {"description", NULL};
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct identity_by by = admin_by(request);
	struct identity_who who = {.name = request->params[0]};
	struct identity_patch patch = {.description = NULL};
	struct span description;

	if (admin_body(request, members, &json, err) < 0)
		return -1;
	int found = jsonx_text(json, "description", &description, err);
	patch.description = found > 0 ? &description : NULL;
	if (found < 0 ||
	    identity_update(&request->app->identity, &by, who, &patch, err) < 0)
		return -1;
	return answer(request, who.name, 200, err);
}

const struct handler admin_group_update = {.work = update_group};

/* ---- members ---- */

static int list_members(struct request *request, struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	struct meta_group group;
	struct admin_page page;
	struct admin_list list;
	bool more = false;

	if (admin_page(request, &page, err) < 0 ||
	    meta_read_begin(request->app->meta, &tx, err) < 0 ||
	    identity_find_group(tx, request->app->scope.account,
				request->params[0], &group, err) < 0)
		return -1;
	admin_list_begin(request, "members", &list);
	if (meta_group_members(tx, group.id, page.after, page.limit,
			       admin_list_name, &list, &more, err) < 0)
		return -1;
	admin_list_end(&list, more);
	return 0;
}

const struct handler admin_group_members = {.work = list_members};

static int add_member(struct request *request, struct err *err)
{
	struct identity_by by = admin_by(request);

	if (identity_group_add(&request->app->identity, &by, request->params[0],
			       request->params[1], err) < 0)
		return -1;
	admin_done(request);
	return 0;
}

const struct handler admin_member_add = {.work = add_member};

static int remove_member(struct request *request, struct err *err)
{
	struct identity_by by = admin_by(request);

	if (identity_group_remove(&request->app->identity, &by,
				  request->params[0], request->params[1],
				  err) < 0)
		return -1;
	admin_done(request);
	return 0;
}

const struct handler admin_member_remove = {.work = remove_member};

static int list_groups_of(struct request *request, struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	struct admin_subject subject = admin_subject(request);
	struct meta_principal member;
	struct admin_list list;

	if (meta_read_begin(request->app->meta, &tx, err) < 0 ||
	    identity_find(tx, request->app->scope.account, subject.who, &member,
			  err) < 0)
		return -1;
	admin_list_begin(request, "groups", &list);
	if (meta_group_of(tx, member.id, admin_list_name, &list, err) < 0)
		return -1;
	buf_append_text(list.body, "]}\n");
	return 0;
}

const struct handler admin_groups_of = {.work = list_groups_of};
