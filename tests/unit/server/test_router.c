/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/router.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tests/lib/check.h"

static int nothing(struct request *request, struct err *err)
{
	(void)request;
	(void)err;
	return 0;
}

static int no_chunk(struct request *request, const void *data, size_t len,
		    size_t *ret_taken, struct err *err)
{
	(void)request;
	(void)data;
	(void)err;
	*ret_taken = len;
	return 0;
}

static const struct handler works = {.work = nothing};
static const struct handler streams = {.chunk = no_chunk, .work = nothing};
static const struct handler asks_body = {.work = nothing,
					 .credentials = nothing};
static const struct handler empty = {.close = NULL};

#define ROW(method, pattern, label)                                            \
	{                                                                      \
		method, pattern, ACTION_LIST_IMAGES, DOOR_OCI, BODY_NONE, 0,   \
			label, &works                                          \
	}

static const struct route oci[] = {
	ROW(HTTP_GET, "/v2/", "base"),
	ROW(HTTP_GET, "/v2/_catalog", "catalog"),
	ROW(HTTP_GET, "/v2/{name}/tags/list", "tags"),
	ROW(HTTP_GET, "/v2/{name}/manifests/{reference}", "manifest"),
	ROW(HTTP_PUT, "/v2/{name}/manifests/{reference}", "manifest"),
	ROW(HTTP_POST, "/v2/{name}/blobs/uploads/", "start"),
	ROW(HTTP_PATCH, "/v2/{name}/blobs/uploads/{id}", "upload"),
	ROW(HTTP_GET, "/v2/{name}/blobs/{digest}", "blob"),
};
static const struct route plain[] = {
	{HTTP_GET, "/healthz", ACTION_PUBLIC, DOOR_PLAIN, BODY_NONE, 0,
	 "health", &works},
};

static struct router *make(void)
{
	const struct route_table tables[] = {
		{oci, sizeof(oci) / sizeof(oci[0])},
		{plain, sizeof(plain) / sizeof(plain[0])},
	};
	struct router *router = NULL;
	struct err err = ERR_INIT;

	CHECK(router_new(tables, 2, &router, &err) == 0);
	return router;
}

static void test_finds_names_of_every_shape(void)
{
	static const struct {
		enum http_method method;
		const char *path;
		const char *label; /* NULL: no such path */
		const char *first;
		const char *second;
	} cases[] = {
		{HTTP_GET, "/v2/", "base", "", ""},
		{HTTP_GET, "/v2/_catalog", "catalog", "", ""},
		{HTTP_GET, "/v2/a/tags/list", "tags", "a", ""},
		{HTTP_GET, "/v2/a/b/c/tags/list", "tags", "a/b/c", ""},
		{HTTP_GET, "/v2/a/manifests/x", "manifest", "a", "x"},
		{HTTP_GET, "/v2/blobs/manifests/x", "manifest", "blobs", "x"},
		{HTTP_GET, "/v2/a/manifests/b/manifests/x", "manifest",
		 "a/manifests/b", "x"},
		{HTTP_GET, "/v2/manifests/manifests/manifests", "manifest",
		 "manifests", "manifests"},
		{HTTP_GET, "/v2/a/blobs/uploads/manifests/x", "manifest",
		 "a/blobs/uploads", "x"},
		{HTTP_POST, "/v2/a/blobs/uploads/", "start", "a", ""},
		{HTTP_PATCH, "/v2/a/blobs/uploads/u-1", "upload", "a", "u-1"},
		{HTTP_GET, "/v2/a/blobs/sha256:00", "blob", "a", "sha256:00"},
		{HTTP_GET, "/healthz", "health", "", ""},
		{HTTP_GET, "/v2", NULL, "", ""},
		{HTTP_GET, "/v2/a", NULL, "", ""},
		{HTTP_GET, "/v2//tags/list", NULL, "", ""},
		{HTTP_GET, "/v2/a//b/tags/list", NULL, "", ""},
		{HTTP_GET, "/v2/tags/list", NULL, "", ""},
		{HTTP_GET, "/v2/a/manifests/", NULL, "", ""},
		{HTTP_GET, "/v2/a/tags/list/", NULL, "", ""},
		{HTTP_GET, "/healthz/", NULL, "", ""},
		{HTTP_GET, "", NULL, "", ""},
		{HTTP_GET, "v2/", NULL, "", ""},
	};
	struct router *router = make();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct request request = {.method = cases[i].method,
					  .path = span_of(cases[i].path)};
		char allow[ROUTER_ALLOW_SIZE];
		enum door door = DOOR_UNSET;
		enum router_result got =
			router_match(router, &request, allow, &door);

		if ((got == ROUTER_FOUND) != (cases[i].label != NULL))
			fprintf(stderr, "case %s\n", cases[i].path);
		CHECK(door != DOOR_UNSET);
		if (!cases[i].label) {
			CHECK(got == ROUTER_NO_PATH && !request.route);
			continue;
		}
		CHECK(got == ROUTER_FOUND);
		CHECK_TEXT(request.route->label, cases[i].label);
		CHECK(span_equal(request.params[0], span_of(cases[i].first)));
		CHECK(span_equal(request.params[1], span_of(cases[i].second)));
	}
	router_free(router);
}

static void test_says_which_methods_there_are(void)
{
	struct router *router = make();
	struct request request = {.method = HTTP_DELETE,
				  .path = SPAN_LIT("/v2/a/manifests/x")};
	char allow[ROUTER_ALLOW_SIZE];
	enum door door = DOOR_UNSET;

	CHECK(router_match(router, &request, allow, &door) == ROUTER_NO_METHOD);
	CHECK_TEXT(allow, "GET, PUT, OPTIONS");
	CHECK(door == DOOR_OCI && !request.route);
	request.method = HTTP_HEAD;
	CHECK(router_match(router, &request, allow, &door) == ROUTER_NO_METHOD);
	request.method = HTTP_METHOD_COUNT;
	CHECK(router_match(router, &request, allow, &door) == ROUTER_NO_METHOD);
	router_free(router);
}

static void test_names_the_nearest_door(void)
{
	static const struct {
		const char *path;
		enum door want;
	} cases[] = {
		{"/v2/nothing", DOOR_OCI},  {"/v2", DOOR_OCI},
		{"/v2x", DOOR_PLAIN},	    {"/", DOOR_PLAIN},
		{"/healthz/x", DOOR_PLAIN}, {"/V2/", DOOR_PLAIN},
	};
	struct router *router = make();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct request request = {.method = HTTP_GET,
					  .path = span_of(cases[i].path)};
		char allow[ROUTER_ALLOW_SIZE];
		enum door door = DOOR_UNSET;

		CHECK(router_match(router, &request, allow, &door) ==
		      ROUTER_NO_PATH);
		CHECK(door == cases[i].want);
	}
	router_free(router);
}

static void test_knows_which_rows_have_a_repository(void)
{
	struct router *router = make();

	CHECK(!router_names_repository(router, router_row(router, 0)));
	CHECK(router_names_repository(router, router_row(router, 2)));
	CHECK(router_row(router, 8) && !router_row(router, 9));
	router_free(router);
}

static void test_endless_paths_match_nothing(void)
{
	struct router *router = make();
	char path[4096] = "/v2";
	char allow[ROUTER_ALLOW_SIZE];
	enum door door;

	for (size_t i = strlen(path); i + 2 < sizeof(path); i += 2)
		memcpy(path + i, "/a", 3);
	struct request request = {.method = HTTP_GET, .path = span_of(path)};

	CHECK(router_match(router, &request, allow, &door) == ROUTER_NO_PATH);
	router_free(router);
}

static void test_refuses_rows_that_lack_something(void)
{
	static const struct route bad[] = {
		{HTTP_GET, "/a", ACTION_UNSET, DOOR_OCI, BODY_NONE, 0, "a",
		 &works},
		{HTTP_GET, "/a", ACTION_COUNT, DOOR_OCI, BODY_NONE, 0, "a",
		 &works},
		{HTTP_GET, "/a", ACTION_LIST_IMAGES, DOOR_UNSET, BODY_NONE, 0,
		 "a", &works},
		{HTTP_GET, "/a", ACTION_LIST_IMAGES, DOOR_OCI, BODY_NONE, 0,
		 NULL, &works},
		{HTTP_GET, "/a", ACTION_LIST_IMAGES, DOOR_OCI, BODY_NONE, 0,
		 "a", NULL},
		{HTTP_GET, "/a", ACTION_LIST_IMAGES, DOOR_OCI, BODY_NONE, 0,
		 "a", &empty},
		{HTTP_GET, NULL, ACTION_LIST_IMAGES, DOOR_OCI, BODY_NONE, 0,
		 "a", &works},
		{HTTP_GET, "a", ACTION_LIST_IMAGES, DOOR_OCI, BODY_NONE, 0, "a",
		 &works},
		{HTTP_PUT, "/a", ACTION_LIST_IMAGES, DOOR_OCI, BODY_STREAMED, 0,
		 "a", &works},
		{HTTP_PUT, "/a", ACTION_LIST_IMAGES, DOOR_OCI, BODY_BUFFERED, 0,
		 "a", &streams},
		{HTTP_GET, "/a", ACTION_BY_HANDLER, DOOR_OCI, BODY_NONE, 0, "a",
		 &asks_body},
		{HTTP_GET, "/{id}/{name}", ACTION_LIST_IMAGES, DOOR_OCI,
		 BODY_NONE, 0, "a", &works},
		{HTTP_GET, "/{a}/{b}/{c}/{d}", ACTION_LIST_IMAGES, DOOR_OCI,
		 BODY_NONE, 0, "a", &works},
		{HTTP_METHOD_COUNT, "/a", ACTION_LIST_IMAGES, DOOR_OCI,
		 BODY_NONE, 0, "a", &works},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct route_table table = {&bad[i], 1};
		struct router *router = NULL;
		struct err err = ERR_INIT;

		CHECK(router_new(&table, 1, &router, &err) == -1);
		CHECK(err.code == ERR_INTERNAL && !router);
	}
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_finds_names_of_every_shape),
		CHECK_CASE(test_says_which_methods_there_are),
		CHECK_CASE(test_names_the_nearest_door),
		CHECK_CASE(test_knows_which_rows_have_a_repository),
		CHECK_CASE(test_endless_paths_match_nothing),
		CHECK_CASE(test_refuses_rows_that_lack_something),
	};

	return CHECK_RUN(argc, argv, cases);
}
