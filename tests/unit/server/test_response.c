/* SPDX-License-Identifier: Apache-2.0 */
/* Filling in answers, without a wire. */
#include "server/http/response.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "server/http/door.h"
#include "server/http/entity.h"
#include "server/http/exchange.h"
#include "tests/lib/check.h"

#define TAG "\"sha256:00\""

static void begin(struct exchange *exchange)
{
	struct request *request = &exchange->request;

	memset(exchange, 0, sizeof(*exchange));
	request->arena = ARENA_INIT(65536);
	request->wire = exchange;
	request->response.body = BUF_INIT(65536);
	exchange->door = DOOR_PLAIN;
}

static void end(struct exchange *exchange)
{
	entity_unref(exchange->request.response.entity);
	buf_release(&exchange->request.response.body);
	arena_release(&exchange->request.arena);
}

static void add_field(struct exchange *exchange, const char *name,
		      const char *value)
{
	exchange->fields[exchange->field_count++] =
		(struct field){.name = span_of(name), .value = span_of(value)};
}

static const char *header(const struct request *request, const char *name)
{
	for (size_t i = 0; i < request->response.header_count; i++)
		if (strcmp(request->response.headers[i].name, name) == 0)
			return request->response.headers[i].value;
	return NULL;
}

static struct entity *make(bool file)
{
	struct entity_head head = {.content_type = SPAN_LIT("a/b"),
				   .digest = SPAN_LIT("sha256:00")};
	struct entity *entity = NULL;
	struct buf body = BUF_INIT(100);
	struct err err = ERR_INIT;

	buf_append_text(&body, "0123456789");
	CHECK((file ? entity_new_file(&head, dup(0), 10, &entity, &err)
		    : entity_new_bytes(&head, &body, &entity, &err)) == 0);
	buf_release(&body);
	return entity;
}

static void test_finds_fields_in_any_case(void)
{
	struct exchange exchange;
	struct request *request = &exchange.request;
	struct request bare = {.wire = NULL};

	begin(&exchange);
	add_field(&exchange, "Accept", "a");
	add_field(&exchange, "aCCEPT", "b");
	CHECK(span_equal(request_header(request, "ACCEPT"), SPAN_LIT("a")));
	CHECK(request_header_count(request, "accept") == 2);
	CHECK(span_equal(request_header_at(request, "accept", 1),
			 SPAN_LIT("b")));
	CHECK(request_header_at(request, "accept", 2).len == 0);
	CHECK(request_header(request, "Accep").len == 0);
	CHECK(request_header(&bare, "Accept").len == 0);
	CHECK(request_header_count(&bare, "Accept") == 0);
	end(&exchange);
}

static void test_a_failure_replaces_the_body_and_keeps_fields(void)
{
	struct exchange exchange;
	struct request *request = &exchange.request;
	struct entity *entity = make(false);
	struct err err = ERR_INIT;

	begin(&exchange);
	response_header(request, "Location", "/x");
	buf_append_text(response_body(request, 200, "text/html"), "half");
	response_entity(request, entity);
	err_set(&err, ERR_NOT_FOUND, "for the log");
	err_tell(&err, "for the client");
	response_error(request, &err);
	CHECK(request->response.status == 404);
	CHECK(!request->response.entity);
	CHECK(request->response.error == ERR_NOT_FOUND);
	CHECK_TEXT(request->response.error_text, "for the log");
	CHECK_TEXT(buf_text(&request->response.body), "for the client\n");
	CHECK_TEXT(header(request, "Location"), "/x");
	CHECK_TEXT(header(request, "Content-Type"),
		   "text/plain; charset=utf-8");
	entity_unref(entity);
	end(&exchange);
}

static void answer_teapot(struct request *request, const struct err *err)
{
	(void)err;
	response_status(request, 418);
}

static void test_asks_the_door_of_the_request(void)
{
	struct exchange exchange;
	struct err err = ERR_INIT;

	begin(&exchange);
	exchange.door = DOOR_OCI;
	door_set(DOOR_OCI, answer_teapot);
	err_set(&err, ERR_INVALID, "x");
	response_error(&exchange.request, &err);
	CHECK(exchange.request.response.status == 418);
	end(&exchange);
}

static void test_the_plain_door_knows_every_failure(void)
{
	for (int code = 1; code < ERR_CODE_COUNT; code++) {
		struct exchange exchange;
		struct err err = ERR_INIT;

		begin(&exchange);
		err_set(&err, (enum err_code)code, "x");
		err_tell(&err, "two\r\nlines");
		response_error(&exchange.request, &err);
		CHECK(exchange.request.response.status >= 400);
		CHECK_TEXT(buf_text(&exchange.request.response.body),
			   "two??lines\n");
		end(&exchange);
	}
}

static void test_a_value_without_memory_is_remembered(void)
{
	struct exchange exchange;
	struct err err = ERR_INIT;

	begin(&exchange);
	exchange.request.arena = ARENA_INIT(0);
	response_header(&exchange.request, "Location", "/x");
	CHECK(buf_check(&exchange.request.response.body, &err) == -1);
	CHECK(err.code == ERR_NO_MEMORY);
	end(&exchange);
}

struct entity_case {
	const char *none_match;
	const char *range;
	const char *if_range;
	bool file;
	enum http_method method;
	int status;
	uint64_t first;
	uint64_t length;
};

static void check_entity(const struct entity_case *c)
{
	struct exchange exchange;
	struct request *request = &exchange.request;
	struct entity *entity = make(c->file);

	begin(&exchange);
	request->method = c->method;
	if (c->none_match)
		add_field(&exchange, "If-None-Match", c->none_match);
	if (c->range)
		add_field(&exchange, "Range", c->range);
	if (c->if_range)
		add_field(&exchange, "If-Range", c->if_range);
	response_entity(request, entity);
	CHECK(request->response.status == c->status);
	if (c->status == 416) {
		CHECK_TEXT(header(request, "Content-Range"), "bytes */10");
	} else {
		CHECK(request->response.entity == entity);
		CHECK(request->response.first == c->first);
		CHECK(request->response.length == c->length);
	}
	entity_unref(entity);
	end(&exchange);
}

static void test_answers_conditions_and_ranges(void)
{
	static const struct entity_case cases[] = {
		{NULL, NULL, NULL, true, HTTP_GET, 200, 0, 10},
		{NULL, NULL, NULL, false, HTTP_GET, 200, 0, 10},
		{TAG, NULL, NULL, true, HTTP_GET, 304, 0, 0},
		{TAG, NULL, NULL, false, HTTP_HEAD, 304, 0, 0},
		{TAG, "bytes=0-1", NULL, true, HTTP_GET, 304, 0, 0},
		{"\"x\"", "bytes=0-1", NULL, true, HTTP_GET, 206, 0, 2},
		{NULL, "bytes=5-", NULL, true, HTTP_GET, 206, 5, 5},
		{NULL, "bytes=5-", TAG, true, HTTP_GET, 206, 5, 5},
		{NULL, "bytes=5-", "\"x\"", true, HTTP_GET, 200, 0, 10},
		{NULL, "bytes=50-", "\"x\"", true, HTTP_GET, 200, 0, 10},
		{NULL, "bytes=50-", NULL, true, HTTP_GET, 416, 0, 0},
		{NULL, "bytes=0-1,3-4", NULL, true, HTTP_GET, 200, 0, 10},
		{NULL, "bytes=5-", NULL, true, HTTP_HEAD, 200, 0, 10},
		{NULL, "bytes=5-", NULL, false, HTTP_GET, 200, 0, 10},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_entity(&cases[i]);
}

static void test_an_entity_knows_its_head(void)
{
	struct entity *entity = make(false);

	CHECK(entity_size(entity) == 10 && entity_fd(entity) == -1);
	CHECK(span_equal(entity_content_type(entity), SPAN_LIT("a/b")));
	CHECK(span_equal(entity_digest(entity), SPAN_LIT("sha256:00")));
	CHECK(entity_ref(entity) == entity);
	entity_unref(entity);
	entity_unref(entity);
	entity_unref(NULL);
}

/* An answer to a push says each tag in a field of its own; so many as may be
 * configured must fit beside the others. */
static void test_every_tag_of_a_push_has_a_field(void)
{
	static const struct {
		const char *name;
		int64_t max;
	} options[] = {
#define OPTION(section, name, type, def, min, max, ...)                        \
	{#section "." #name, max},
#include "conf/options.def"
#undef OPTION
	};
	bool seen = false;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (strcmp(options[i].name, "registry.tags_per_push") != 0)
			continue;
		CHECK(options[i].max + 8 <= RESPONSE_HEADERS_MAX);
		seen = true;
	}
	CHECK(seen);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_every_tag_of_a_push_has_a_field),
		CHECK_CASE(test_finds_fields_in_any_case),
		CHECK_CASE(test_a_failure_replaces_the_body_and_keeps_fields),
		CHECK_CASE(test_asks_the_door_of_the_request),
		CHECK_CASE(test_the_plain_door_knows_every_failure),
		CHECK_CASE(test_a_value_without_memory_is_remembered),
		CHECK_CASE(test_answers_conditions_and_ranges),
		CHECK_CASE(test_an_entity_knows_its_head),
	};

	return CHECK_RUN(argc, argv, cases);
}
