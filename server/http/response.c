/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/response.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "server/http/conditional.h"
#include "server/http/door.h"
#include "server/http/entity_impl.h"
#include "server/http/exchange.h"
#include "server/http/range.h"

#define HEADER_VALUE_MAX 8192 /* bytes of one value that we make */

void response_status(struct request *request, int status)
{
	request->response.status = status;
}

static void put(struct request *request, const char *name, const char *value)
{
	struct response *response = &request->response;

	/* Out of memory: as with the buffers, it becomes a 500. */
	if (!value) {
		response->body.failed = ERR_NO_MEMORY;
		return;
	}
	for (const char *c = value; *c; c++)
		assert((unsigned char)*c >= ' ' && *c != 0x7f);
	assert(response->header_count < RESPONSE_HEADERS_MAX);
	response->headers[response->header_count++] =
		(struct response_header){.name = name, .value = value};
}

void response_header(struct request *request, const char *name,
		     const char *value)
{
	put(request, name, arena_copy(&request->arena, value, strlen(value)));
}

void response_headerf(struct request *request, const char *name,
		      const char *fmt, ...)
{
	char value[HEADER_VALUE_MAX];
	va_list args;

	va_start(args, fmt);
	int len = vsnprintf(value, sizeof(value), fmt, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(value)) {
		request->response.body.failed = ERR_TOO_LARGE;
		return;
	}
	put(request, name, arena_copy(&request->arena, value, (size_t)len));
}

struct buf *response_body(struct request *request, int status,
			  const char *content_type)
{
	struct response *response = &request->response;

	response->status = status;
	response->body.max = RESPONSE_BODY_MAX;
	put(request, "Content-Type", content_type);
	return &response->body;
}

/* What a failure replaces: everything but the header fields that do not speak
 * of the body. */
static void forget(struct response *response)
{
	size_t kept = 0;

	for (size_t i = 0; i < response->header_count; i++)
		if (strcmp(response->headers[i].name, "Content-Type") != 0)
			response->headers[kept++] = response->headers[i];
	response->header_count = kept;
	entity_unref(response->entity);
	response->entity = NULL;
	buf_release(&response->body);
	response->status = 0;
}

void response_error(struct request *request, const struct err *err)
{
	struct response *response = &request->response;
	const struct exchange *exchange = request->wire;
	enum door door = request->route ? request->route->door
			 : exchange	? exchange->door
					: DOOR_PLAIN;

	forget(response);
	response->error = err->code;
	snprintf(response->error_text, sizeof(response->error_text), "%s",
		 err->text);
	door_error(door, request, err);
}

static void answer_entity(struct request *request, struct entity *entity,
			  int status, uint64_t first, uint64_t length)
{
	struct response *response = &request->response;

	entity_ref(entity);
	entity_unref(response->entity);
	response->entity = entity;
	response->status = status;
	response->first = first;
	response->length = length;
}

static void answer_unsatisfiable(struct request *request,
				 const struct entity *entity)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_RANGE, "range is not satisfiable");
	response_headerf(request, "Content-Range", "bytes */%" PRIu64,
			 entity->size);
	response_error(request, &err);
	request->response.status = 416;
}

void response_entity(struct request *request, struct entity *entity)
{
	struct span digest = entity_digest(entity);
	uint64_t first = 0;
	uint64_t length = entity->size;

	if (conditional_none_match(request_header(request, "If-None-Match"),
				   digest)) {
		answer_entity(request, entity, 304, 0, 0);
		return;
	}
	struct span range = SPAN_LIT("");

	if (entity->fd >= 0 && request->method == HTTP_GET)
		range = request_header(request, "Range");
	if (range.len == 0 ||
	    !conditional_if_range(request_header(request, "If-Range"),
				  digest)) {
		answer_entity(request, entity, 200, 0, length);
		return;
	}
	switch (range_read(range, entity->size, &first, &length)) {
	case RANGE_WHOLE:
		answer_entity(request, entity, 200, 0, entity->size);
		break;
	case RANGE_PART:
		answer_entity(request, entity, 206, first, length);
		break;
	case RANGE_UNSATISFIABLE:
		answer_unsatisfiable(request, entity);
		break;
	}
}
