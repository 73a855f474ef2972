/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/audit, /export, /verify, /head */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "base/num.h"
#include "server/admin/admin.h"
#include "server/admin/attachments.h"
#include "server/app.h"
#include "server/http/response.h"
#include "storage/meta_audit.h"

#define VERIFY_ROWS 5000 /* checked in one request */
#define LINK_SIZE 4096	 /* bytes of the next page's address */

/* ---- what is asked for ---- */

static int read_number(struct request *request, const char *name,
		       int64_t *ret_number, struct err *err)
{
	struct err inner = ERR_INIT;
	struct span text;
	int64_t number = 0;
	int found = request_query(request, name, 0, &text, err);

	if (found <= 0)
		return found;
	if (num_i64(text, &number, &inner) < 0 || number < 0) {
		err_set(err, ERR_PAGE_INVALID, "%s is no number", name);
		return err_tell(err,
				"?%s= must be a whole number that is not "
				"negative",
				name);
	}
	*ret_number = number;
	return 0;
}

static int read_time(struct request *request, const char *name, int64_t *ret_ms,
		     struct err *err)
{
	struct err inner = ERR_INIT;
	struct span text;
	int found = request_query(request, name, 0, &text, err);

	if (found <= 0)
		return found;
	if (clock_parse(text, ret_ms, &inner) < 0) {
		err_set(err, ERR_INVALID, "%s is no time", name);
		return err_tell(err, "?%s= is a time as 2026-01-02T03:04:05Z",
				name);
	}
	return 0;
}

static int read_order(struct request *request, int64_t *before, struct err *err)
{
	struct span order = SPAN_LIT("ascending");

	if (request_query(request, "order", 0, &order, err) < 0)
		return -1;
	bool descending = span_equal(order, SPAN_LIT("descending"));
	if (!descending && !span_equal(order, SPAN_LIT("ascending"))) {
		err_set(err, ERR_INVALID, "order is not known");
		return err_tell(err, "?order= is ascending or descending");
	}
	if (descending && *before == 0)
		*before = INT64_MAX;
	return 0;
}

static int read_filter(struct request *request,
		       struct meta_audit_filter *ret_filter, struct err *err)
{
	struct meta_audit_filter filter = {.kind = SPAN_LIT(""),
					   .actor = SPAN_LIT(""),
					   .target = SPAN_LIT("")};

	if (read_number(request, "after", &filter.after, err) < 0 ||
	    read_number(request, "before", &filter.before, err) < 0 ||
	    read_time(request, "since", &filter.since_ms, err) < 0 ||
	    read_time(request, "until", &filter.until_ms, err) < 0 ||
	    request_query(request, "kind", 0, &filter.kind, err) < 0 ||
	    request_query(request, "actor", 0, &filter.actor, err) < 0 ||
	    request_query(request, "target", 0, &filter.target, err) < 0)
		return -1;
	*ret_filter = filter;
	return 0;
}

/* ---- entries ---- */

struct entries {
	struct buf *body;
	int64_t last; /* number of the newest entry written */
	bool lines;   /* one on each line */
};

static int write_entry(void *context, const struct meta_audit_row *row,
		       struct err *err)
{
	struct entries *entries = context;
	const struct meta_audit *entry = &row->entry;
	struct buf *out = entries->body;

	(void)err;
	if (!entries->lines)
		jsonx_comma(out);
	buf_append_char(out, '{');
	admin_integer(out, "number", row->number);
	admin_time(out, "at", row->at_ms);
	jsonx_member(out, "kind", entry->kind);
	jsonx_member(out, "outcome", entry->outcome);
	jsonx_member(out, "actor", entry->actor);
	jsonx_member(out, "source", entry->source);
	jsonx_member(out, "request_id", entry->request_id);
	jsonx_member(out, "target", entry->target);
	jsonx_member(out, "before", entry->before);
	jsonx_member(out, "after", entry->after);
	jsonx_key(out, "detail");
	buf_append_span(out, entry->detail.len > 0 ? entry->detail
						   : SPAN_LIT("null"));
	jsonx_member(out, "hash", row->hash);
	buf_append_text(out, entries->lines ? "}\n" : "}");
	entries->last = row->number;
	return 0;
}

static int list_entries(struct request *request, struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	struct entries entries = {.lines = false};
	struct meta_audit_filter filter;
	struct admin_page page;
	bool more = false;

	if (admin_page(request, &page, err) < 0 ||
	    read_filter(request, &filter, err) < 0 ||
	    read_order(request, &filter.before, err) < 0 ||
	    meta_read_begin(request->app->meta, &tx, err) < 0)
		return -1;
	entries.body = admin_answer(request, 200);
	jsonx_key(entries.body, "entries");
	buf_append_char(entries.body, '[');
	if (meta_audit_page(tx, request->app->scope.account, &filter,
			    page.limit, write_entry, &entries, &more, err) < 0)
		return -1;
	buf_append_char(entries.body, ']');
	if (more)
		admin_integer(entries.body, "next", entries.last);
	else
		buf_append_text(entries.body, ",\"next\":null");
	buf_append_text(entries.body, "}\n");
	return 0;
}

const struct handler admin_audit = {.work = list_entries};

static void link_parameter(struct request *request, const char *name,
			   struct buf *out)
{
	struct err ignored = ERR_INIT;
	struct span value = {0};

	if (request_query(request, name, 0, &value, &ignored) != 1)
		return;
	buf_appendf(out, "&%s=", name);
	enc_percent(value, 0, out);
}

/* The same question from the last entry on. */
static void link_next(struct request *request, int64_t last, size_t limit)
{
	static const char *const kept[] = {"since", "until", "kind", "actor",
					   "target"};
	CLEANUP(buf_release) struct buf link = BUF_INIT(LINK_SIZE);

	buf_appendf(&link, "</api/v1/audit/export?limit=%zu&after=%" PRId64,
		    limit, last);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		link_parameter(request, kept[i], &link);
	buf_append_text(&link, ">; rel=\"next\"");
	if (link.failed == ERR_NONE)
		response_header(request, "Link", buf_text(&link));
}

static int export_entries(struct request *request, struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	struct entries entries = {.lines = true};
	struct meta_audit_filter filter;
	struct admin_page page;
	bool more = false;

	if (admin_page(request, &page, err) < 0 ||
	    read_filter(request, &filter, err) < 0 ||
	    meta_read_begin(request->app->meta, &tx, err) < 0)
		return -1;
	filter.before = 0;
	entries.body = response_body(request, 200, "application/x-ndjson");
	admin_protect(request);
	if (meta_audit_page(tx, request->app->scope.account, &filter,
			    page.limit, write_entry, &entries, &more, err) < 0)
		return -1;
	if (more)
		link_next(request, entries.last, page.limit);
	return 0;
}

const struct handler admin_audit_export = {.work = export_entries};

/* ---- the chain ---- */

static int read_check(const json_t *json, struct meta_audit_check *check,
		      struct err *err)
{
	struct span hash = SPAN_LIT("");
	int64_t rows = 0;

	if (jsonx_i64(json, "number", &check->number, err) < 0 ||
	    jsonx_text(json, "hash", &hash, err) < 0 ||
	    jsonx_i64(json, "rows", &rows, err) < 0)
		return -1;
	bool fine =
		check->number >= 0 && rows >= 0 &&
		hash.len == (check->number > 0 ? META_AUDIT_HASH_SIZE - 1 : 0);
	if (!fine) {
		err_set(err, ERR_INVALID, "no place in the chain");
		return err_tell(err, "send what the last answer said in "
				     "\"number\", \"hash\" and \"rows\"");
	}
	check->rows = (uint64_t)rows;
	snprintf(check->hash, sizeof(check->hash), "%.*s", SPAN_ARG(hash));
	return 0;
}

static void write_check(const struct meta_audit_check *check, struct buf *out)
{
	admin_integer(out, "number", check->number);
	jsonx_member(out, "hash", span_of(check->hash));
	admin_integer(out, "rows", (int64_t)check->rows);
	admin_bool(out, "done", check->done);
	if (check->broken != 0) {
		admin_integer(out, "broken", check->broken);
		jsonx_member(out, "why", span_of(check->why));
	} else {
		buf_append_text(out, ",\"broken\":null,\"why\":null");
	}
	buf_append_text(out, "}\n");
}

static int verify(struct request *request, struct err *err)
{
	static const char *const members[] = {"number", "hash", "rows", NULL};
	CLEANUP(jsonx_unref) json_t *json = NULL;
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	struct meta_audit_check check = {.number = 0};

	if (admin_body(request, members, &json, err) < 0 ||
	    read_check(json, &check, err) < 0 ||
	    meta_read_begin(request->app->meta, &tx, err) < 0 ||
	    meta_audit_verify(tx, request->app->scope.account, &check,
			      VERIFY_ROWS, err) < 0)
		return -1;
	write_check(&check, admin_answer(request, 200));
	return 0;
}

const struct handler admin_audit_verify = {.work = verify};

static int head(struct request *request, struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	char hash[META_AUDIT_HASH_SIZE] = "";
	int64_t number = 0;

	if (meta_read_begin(request->app->meta, &tx, err) < 0 ||
	    meta_audit_head(tx, request->app->scope.account, &number, hash,
			    err) < 0)
		return -1;
	struct buf *body = admin_answer(request, 200);
	admin_integer(body, "number", number);
	jsonx_member(body, "hash", span_of(hash));
	buf_append_text(body, "}\n");
	return 0;
}

const struct handler admin_audit_head = {.work = head};
