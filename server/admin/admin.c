/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admin/admin.h"

#include <inttypes.h>
#include <openssl/crypto.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "base/num.h"
#include "server/app.h"
#include "server/http/response.h"
#include "server/oci/oci.h"

#define PAGE_DEFAULT 100
#define PAGE_MAX 1000

/* ---- what it is answered ---- */

/* Fields that stand on every answer; an answer that is replaced by a failure
 * has them already. */
void admin_protect(struct request *request)
{
	const struct response *response = &request->response;

	for (size_t i = 0; i < response->header_count; i++)
		if (strcmp(response->headers[i].name, "Cache-Control") == 0)
			return;
	response_header(request, "Cache-Control", "no-store");
	response_header(request, "X-Content-Type-Options", "nosniff");
}

/* The status is that of the other door; the code is ours. */
void admin_error(struct request *request, const struct err *err)
{
	struct buf *body = admin_answer(request, oci_error_status(err->code));

	jsonx_key(body, "error");
	buf_append_char(body, '{');
	jsonx_member(body, "code", span_of(err_code_name(err->code)));
	jsonx_member(body, "message", span_of(err_for_client(err)));
	buf_append_text(body, "}}\n");
}

struct buf *admin_answer(struct request *request, int status)
{
	struct buf *body = response_body(request, status, "application/json");

	admin_protect(request);
	buf_append_char(body, '{');
	return body;
}

void admin_done(struct request *request)
{
	response_status(request, 204);
	admin_protect(request);
}

int admin_answer_document(struct request *request, const struct buf *document,
			  struct err *err)
{
	if (buf_check(document, err) < 0)
		return -1;
	struct buf *body = admin_answer(request, 200);
	buf_clear(body);
	buf_append_span(body, buf_span(document));
	return 0;
}

void admin_time(struct buf *out, const char *name, int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE];

	jsonx_key(out, name);
	if (wall_ms == 0) {
		buf_append_text(out, "null");
		return;
	}
	clock_format(wall_ms, text);
	jsonx_quote(span_of(text), out);
}

void admin_bool(struct buf *out, const char *name, bool value)
{
	jsonx_key(out, name);
	buf_append_text(out, value ? "true" : "false");
}

void admin_integer(struct buf *out, const char *name, int64_t value)
{
	jsonx_key(out, name);
	buf_appendf(out, "%" PRId64, value);
}

void admin_list_begin(struct request *request, const char *name,
		      struct admin_list *ret_list)
{
	*ret_list = (struct admin_list){.body = admin_answer(request, 200),
					.account = request->app->scope.account};
	jsonx_key(ret_list->body, name);
	buf_append_char(ret_list->body, '[');
}

void admin_list_mark(struct admin_list *list, struct span last)
{
	if (last.len >= sizeof(list->last))
		return;
	memcpy(list->last, last.text, last.len);
	list->last[last.len] = '\0';
}

int admin_list_name(void *context, struct span name, struct err *err)
{
	struct admin_list *list = context;

	(void)err;
	jsonx_comma(list->body);
	jsonx_quote(name, list->body);
	admin_list_mark(list, name);
	return 0;
}

void admin_list_end(struct admin_list *list, bool more)
{
	buf_append_char(list->body, ']');
	jsonx_key(list->body, "next");
	if (more)
		jsonx_quote(span_of(list->last), list->body);
	else
		buf_append_text(list->body, "null");
	buf_append_text(list->body, "}\n");
}

/* ---- what a request says ---- */

struct identity_by admin_by(const struct request *request)
{
	return (struct identity_by){.actor = span_of(request->principal.name),
				    .source = request->peer,
				    .request_id = span_of(request->id)};
}

struct admin_subject admin_subject(const struct request *request)
{
	static const struct {
		const char *prefix;
		enum identity_kind kind;
	} kinds[] = {{"/api/v1/users", IDENTITY_USER},
		     {"/api/v1/robots", IDENTITY_ROBOT},
		     {"/api/v1/roles", IDENTITY_ROLE},
		     {"/api/v1/groups", IDENTITY_GROUP}};
	struct span pattern = span_of(request->route->pattern);
	struct admin_subject subject = {.rest = request->params[0]};

	if (span_starts(pattern, SPAN_LIT("/api/v1/me/"))) {
		subject.who.name = span_of(request->principal.name);
		subject.who.kind = IDENTITY_USER;
		return subject;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (span_starts(pattern, span_of(kinds[i].prefix)))
			subject.who.kind = kinds[i].kind;
	subject.who.name = request->params[0];
	subject.rest = request->params[1];
	return subject;
}

/* A form of another site's page can send only other types than this. */
static int check_type(const struct request *request, struct err *err)
{
	struct span type = request_header(request, "Content-Type");
	struct span parameters = {0};

	span_cut(type, ';', &type, &parameters);
	if (span_equal_nocase(span_trim(type), SPAN_LIT("application/json")))
		return 0;
	err_set(err, ERR_INVALID, "content type is not JSON");
	return err_tell(err, "send Content-Type: application/json");
}

int admin_members(json_t *json, const char *const *members, struct err *err)
{
	const char *name = NULL;
	json_t *value = NULL;

	if (!json_is_object(json)) {
		err_set(err, ERR_INVALID, "no JSON object");
		return err_tell(err, "a JSON object is wanted");
	}
	json_object_foreach(json, name, value)
	{
		size_t i = 0;

		while (members[i] && strcmp(members[i], name) != 0)
			i++;
		if (members[i])
			continue;
		err_set(err, ERR_INVALID, "unknown member");
		return err_tell(err, "\"%.64s\" is not known here", name);
	}
	return 0;
}

int admin_body(struct request *request, const char *const *members,
	       json_t **ret_json, struct err *err)
{
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct span body = buf_span(&request->body);

	if (check_type(request, err) < 0)
		return -1;
	if (body.len == 0)
		body = SPAN_LIT("{}");
	int parsed = jsonx_parse(body, JSONX_DEPTH_MAX, &json, err);
	/* It may have held a password. */
	if (request->body.len > 0)
		OPENSSL_cleanse(request->body.data, request->body.len);
	if (parsed < 0 || admin_members(json, members, err) < 0)
		return -1;
	*ret_json = STEAL(json);
	return 0;
}

int admin_document(struct request *request, struct span *ret_document,
		   struct err *err)
{
	if (check_type(request, err) < 0)
		return -1;
	if (request->body.len == 0) {
		err_set(err, ERR_INVALID, "no document");
		return err_tell(err, "the body must be a policy document");
	}
	*ret_document = buf_span(&request->body);
	return 0;
}

int admin_text(const json_t *json, const char *name, struct span *ret_text,
	       struct err *err)
{
	int found = jsonx_text(json, name, ret_text, err);

	if (found != 0)
		return found < 0 ? -1 : 0;
	err_set(err, ERR_INVALID, "member %s is missing", name);
	return err_tell(err, "\"%s\" is missing", name);
}

int admin_life(const json_t *json, int64_t *ret_life_s, struct err *err)
{
	int64_t life = 0;

	if (json_is_null(json_object_get(json, "expires_in"))) {
		*ret_life_s = 0;
		return 1;
	}
	int found = jsonx_i64(json, "expires_in", &life, err);
	if (found <= 0)
		return found;
	/* Said as a number it is one: 0 would be taken for never. */
	*ret_life_s = life > 0 ? life : -1;
	return 1;
}

int admin_page(struct request *request, struct admin_page *ret_page,
	       struct err *err)
{
	struct admin_page page = {.after = SPAN_LIT(""), .limit = PAGE_DEFAULT};
	struct err inner = ERR_INIT;
	struct span limit = {0};
	uint64_t asked = 0;
	int found = request_query(request, "limit", 0, &limit, err);

	if (found < 0 ||
	    request_query(request, "after", 0, &page.after, err) < 0)
		return -1;
	if (found > 0) {
		if (num_u64(limit, &asked, &inner) < 0 || asked == 0) {
			err_set(err, ERR_PAGE_INVALID, "limit is not valid");
			return err_tell(err, "limit must be a whole number "
					     "from 1 on");
		}
		page.limit = asked < PAGE_MAX ? (size_t)asked : PAGE_MAX;
	}
	*ret_page = page;
	return 0;
}

int admin_query(struct request *request, const char *name,
		struct span *ret_value, struct err *err)
{
	int found = request_query(request, name, 0, ret_value, err);

	if (found != 0)
		return found < 0 ? -1 : 0;
	err_set(err, ERR_INVALID, "parameter %s is missing", name);
	return err_tell(err, "the parameter ?%s= is missing", name);
}

int admin_flag(struct request *request, const char *name, bool *ret_flag,
	       struct err *err)
{
	struct span value = SPAN_LIT("false");

	if (request_query(request, name, 0, &value, err) < 0)
		return -1;
	bool said = span_equal(value, SPAN_LIT("true"));
	if (!said && !span_equal(value, SPAN_LIT("false"))) {
		err_set(err, ERR_INVALID, "parameter %s is no truth value",
			name);
		return err_tell(err, "?%s= is true or false", name);
	}
	*ret_flag = said;
	return 0;
}
