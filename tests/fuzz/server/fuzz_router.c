/* SPDX-License-Identifier: Apache-2.0 */
/* A target, parsed and routed: params must lie within the path. */
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "server/http/router.h"
#include "server/http/target.h"

static int nothing(struct request *request, struct err *err)
{
	(void)request;
	(void)err;
	return 0;
}

static const struct handler works = {.work = nothing};

#define ROW(pattern)                                                           \
	{                                                                      \
		HTTP_GET, pattern, ACTION_LIST_IMAGES, DOOR_OCI, BODY_NONE, 0, \
			"x", &works                                            \
	}

static const struct route rows[] = {
	ROW("/v2/"),
	ROW("/v2/_catalog"),
	ROW("/v2/{name}/tags/list"),
	ROW("/v2/{name}/manifests/{reference}"),
	ROW("/v2/{name}/blobs/uploads/"),
	ROW("/v2/{name}/blobs/uploads/{id}"),
	ROW("/v2/{name}/blobs/{digest}"),
};

static struct router *make(void)
{
	static const struct route_table table = {rows, sizeof(rows) /
							       sizeof(rows[0])};
	struct router *router = NULL;
	struct err err = ERR_INIT;

	if (router_new(&table, 1, &router, &err) < 0)
		abort();
	return router;
}

static void check_within(struct span part, struct span whole)
{
	if (part.len == 0)
		return;
	if (part.text < whole.text ||
	    part.text + part.len > whole.text + whole.len)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct router *router;
	struct request request = {.method = HTTP_GET,
				  .arena = ARENA_INIT(1u << 20)};
	char allow[ROUTER_ALLOW_SIZE];
	enum door door = DOOR_UNSET;
	struct err err = ERR_INIT;

	if (!router)
		router = make();
	if (target_parse(span_make((const char *)data, size), &request.arena,
			 &request.path, &request.query, &err) == 0) {
		if (router_match(router, &request, allow, &door) ==
		    ROUTER_FOUND)
			for (int i = 0; i < REQUEST_PARAMS_MAX; i++)
				check_within(request.params[i], request.path);
		if (door == DOOR_UNSET ||
		    memchr(request.path.text, 0, request.path.len))
			abort();
	}
	arena_release(&request.arena);
	return 0;
}
