/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/repositories[/{name}], /api/v1/images/{name} */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "server/admin/admin.h"
#include "server/admin/attachments.h"
#include "server/app.h"
#include "server/http/access.h"
#include "server/oci/names.h"
#include "storage/meta_images.h"
#include "storage/meta_repositories.h"
#include "storage/refname.h"

/* ---- listing ---- */

/* The names of a page, for a look at each once the transaction has ended. */
struct names_read {
	struct request *request;
	struct span *all; /* in the request's arena */
	size_t count;
};

static int keep_name(void *context, struct span name, struct err *err)
{
	struct names_read *names = context;
	const char *copy =
		arena_copy(&names->request->arena, name.text, name.len);

	if (!copy)
		return err_set(err, ERR_NO_MEMORY, "names of a page");
	names->all[names->count++] = span_make(copy, name.len);
	return 0;
}

static int read_page(struct request *request, const struct admin_page *page,
		     struct names_read *names, bool *ret_more, struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;

	names->request = request;
	names->all =
		arena_alloc(&request->arena, page->limit * sizeof(*names->all));
	if (!names->all)
		return err_set(err, ERR_NO_MEMORY, "names of a page");
	if (meta_read_begin(request->app->meta, &tx, err) < 0)
		return -1;
	return meta_repository_page(tx, request->app->scope, page->after,
				    page->limit, keep_name, names, ret_more,
				    err);
}

/* The page ends behind a name that he may not know. */
static int mark_hidden(struct request *request, struct span name,
		       struct admin_list *list, struct err *err)
{
	CLEANUP(buf_release) struct buf mark = BUF_INIT(NAMES_MARK_SIZE);

	if (names_mark(request->app, name, &mark, err) < 0)
		return -1;
	admin_list_mark(list, buf_span(&mark));
	return 0;
}

/* What the caller may not see is left out, and so the page may be short; it
 * costs no more than a full one. */
static int write_page(struct request *request, const struct names_read *names,
		      bool more, struct err *err)
{
	struct admin_list list;
	int visible = 1;

	admin_list_begin(request, "repositories", &list);
	for (size_t i = 0; i < names->count; i++) {
		visible = access_may_see(request, names->all[i], err);
		if (visible < 0)
			return -1;
		if (visible > 0)
			admin_list_name(&list, names->all[i], err);
	}
	if (more && !visible &&
	    mark_hidden(request, names->all[names->count - 1], &list, err) < 0)
		return -1;
	admin_list_end(&list, more);
	return 0;
}

static int list_repositories(struct request *request, struct err *err)
{
	CLEANUP(buf_release) struct buf mark = BUF_INIT(NAMES_MARK_SIZE);
	struct names_read names = {.count = 0};
	struct admin_page page;
	bool more = false;

	if (admin_page(request, &page, err) < 0 ||
	    names_read_mark(request->app, &page.after, &mark, err) < 0 ||
	    read_page(request, &page, &names, &more, err) < 0)
		return -1;
	return write_page(request, &names, more, err);
}

const struct handler admin_repositories = {.work = list_repositories};

/* ---- one ---- */

static int find_repository(struct request *request, struct meta_tx *tx,
			   int64_t *ret_id, struct err *err)
{
	struct span name = request->params[ROUTE_NAME];
	int found = meta_repository_find(tx, request->app->scope, name, ret_id,
					 err);

	if (found == 0)
		return err_set(err, ERR_REPOSITORY_UNKNOWN, "no repository");
	return found < 0 ? -1 : 0;
}

static int get_repository(struct request *request, struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	struct span name = request->params[ROUTE_NAME];
	struct meta_repository_about about;
	int64_t id = 0;

	if (refname_check_repository(name, err) < 0 ||
	    meta_read_begin(request->app->meta, &tx, err) < 0 ||
	    find_repository(request, tx, &id, err) < 0 ||
	    meta_repository_about(tx, id, &about, err) < 0)
		return -1;
	struct buf *body = admin_answer(request, 200);
	jsonx_member(body, "name", name);
	admin_time(body, "created", about.created_ms);
	admin_integer(body, "tags", about.tags);
	admin_integer(body, "images", about.images);
	admin_integer(body, "bytes", about.bytes);
	buf_append_text(body, "}\n");
	return 0;
}

const struct handler admin_repository = {.work = get_repository};

/* ---- images ---- */

#define TAGS_MAX 1000 /* of an image that are told */

struct images {
	struct admin_list list;
	struct meta_tx *tx;    /* borrowed */
	int64_t repository_id; /* whose they are */
};

static int add_tag(void *context, struct span tag, struct err *err)
{
	struct images *images = context;

	(void)err;
	jsonx_comma(images->list.body);
	jsonx_quote(tag, images->list.body);
	return 0;
}

static int add_image(void *context, const struct meta_image *image,
		     struct err *err)
{
	struct images *images = context;
	struct buf *body = images->list.body;
	bool more = false;

	jsonx_comma(body);
	buf_append_char(body, '{');
	jsonx_member(body, "digest", image->digest);
	jsonx_member(body, "media_type", image->media_type);
	jsonx_member(body, "artifact_type", image->artifact_type);
	admin_integer(body, "bytes", image->size);
	admin_time(body, "pushed", image->pushed_ms);
	jsonx_key(body, "tags");
	buf_append_char(body, '[');
	if (meta_image_tags(images->tx, images->repository_id, image->digest,
			    TAGS_MAX, add_tag, images, &more, err) < 0)
		return -1;
	buf_append_char(body, ']');
	admin_bool(body, "more_tags", more);
	buf_append_char(body, '}');
	admin_list_mark(&images->list, image->digest);
	return 0;
}

static int list_images(struct request *request, struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	struct meta_image_query asked;
	struct images images;
	struct admin_page page;
	bool more = false;

	if (refname_check_repository(request->params[ROUTE_NAME], err) < 0 ||
	    admin_page(request, &page, err) < 0 ||
	    meta_read_begin(request->app->meta, &tx, err) < 0 ||
	    find_repository(request, tx, &asked.repository_id, err) < 0)
		return -1;
	asked.after = page.after;
	asked.limit = page.limit;
	images.tx = tx;
	images.repository_id = asked.repository_id;
	admin_list_begin(request, "images", &images.list);
	if (meta_image_page(tx, &asked, add_image, &images, &more, err) < 0)
		return -1;
	admin_list_end(&images.list, more);
	return 0;
}

const struct handler admin_images = {.work = list_images};
