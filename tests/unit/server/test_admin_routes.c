/* SPDX-License-Identifier: Apache-2.0 */
/* docs/openapi.json says what the admin API's table of routes says. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "server/admin/admin.h"
#include "tests/lib/check.h"

#define DOCUMENT BERTH_SOURCE "/docs/openapi.json"

static json_t *read_document(void)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(4u << 20);
	char piece[4096];
	struct err err = ERR_INIT;
	json_t *json = NULL;
	size_t got = 0;
	FILE *file = fopen(DOCUMENT, "re");

	CHECK(file);
	while ((got = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_append(&text, piece, got);
	fclose(file);
	CHECK(jsonx_parse(buf_span(&text), JSONX_DEPTH_MAX, &json, &err) == 0);
	return json;
}

static json_t *operation_of(const json_t *document, const struct route *route)
{
	const json_t *path = json_object_get(json_object_get(document, "paths"),
					     route->pattern);
	char method[16];

	snprintf(method, sizeof(method), "%s", http_method_name(route->method));
	for (char *c = method; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return json_object_get(path, method);
}

/* What "$ref" leads to, or the value itself. */
static const json_t *follow(const json_t *document, const json_t *value)
{
	struct span ref =
		span_of(json_string_value(json_object_get(value, "$ref")));
	const json_t *at = document;
	struct span part;

	if (ref.len == 0)
		return value;
	CHECK(span_cut(ref, '/', &part, &ref));
	CHECK(span_equal(part, SPAN_LIT("#")));
	while (ref.len > 0) {
		char name[128];

		if (!span_cut(ref, '/', &part, &ref)) {
			part = ref;
			ref = SPAN_LIT("");
		}
		snprintf(name, sizeof(name), "%.*s", SPAN_ARG(part));
		at = json_object_get(at, name);
	}
	CHECK(at);
	return at;
}

/* The placeholders in their order are the parameters "in": "path". */
static void check_placeholders(const json_t *document, const json_t *operation,
			       const char *pattern)
{
	const json_t *list = json_object_get(operation, "parameters");
	size_t at = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = follow(document, json_array_get(list, i));
		const char *name =
			json_string_value(json_object_get(one, "name"));
		const char *place =
			json_string_value(json_object_get(one, "in"));
		char want[64];

		CHECK(name && place);
		if (strcmp(place, "path") != 0)
			continue;
		snprintf(want, sizeof(want), "{%s}", name);
		const char *found = strstr(pattern + at, want);
		CHECK(found);
		CHECK(!memchr(pattern + at, '{',
			      (size_t)(found - pattern) - at));
		at = (size_t)(found - pattern) + strlen(want);
	}
	CHECK(!strchr(pattern + at, '{'));
}

static void test_every_route_is_documented_with_its_action(void)
{
	CLEANUP(jsonx_unref) json_t *document = read_document();

	for (size_t i = 0; i < admin_route_count; i++) {
		const struct route *route = &admin_routes[i];
		const json_t *operation = operation_of(document, route);

		if (!operation)
			fprintf(stderr, "%s %s\n",
				http_method_name(route->method),
				route->pattern);
		CHECK(operation);
		CHECK_TEXT(json_string_value(json_object_get(operation,
							     "x-berth-action")),
			   action_name(route->action));
		check_placeholders(document, operation, route->pattern);
		CHECK(route->body == BODY_BUFFERED);
		if (route->method == HTTP_POST || route->method == HTTP_PATCH)
			CHECK(json_object_get(operation, "requestBody"));
		CHECK(route->door == DOOR_ADMIN);
	}
}

static void test_nothing_is_documented_that_is_not_there(void)
{
	CLEANUP(jsonx_unref) json_t *document = read_document();
	const char *path = NULL;
	json_t *operations = NULL;
	size_t count = 0;

	json_object_foreach(json_object_get(document, "paths"), path,
			    operations) count += json_object_size(operations);
	CHECK(count == admin_route_count);
}

/* Client libraries are made from these names. */
static void test_operations_have_names_of_their_own(void)
{
	CLEANUP(jsonx_unref) json_t *document = read_document();
	CLEANUP(jsonx_unref) json_t *seen = json_object();

	for (size_t i = 0; i < admin_route_count; i++) {
		const json_t *operation =
			operation_of(document, &admin_routes[i]);
		const char *id = json_string_value(
			json_object_get(operation, "operationId"));

		CHECK(id && !json_object_get(seen, id));
		CHECK(json_object_set_new(seen, id, json_true()) == 0);
	}
}

/* Whoever may do it, is asked about: only what everybody may know and what is
 * about oneself is without an action of a policy. */
static void test_only_few_routes_are_for_everybody(void)
{
	static const char *const open[] = {"/api/v1", "/api/v1/whoami",
					   "/api/v1/repositories"};

	for (size_t i = 0; i < admin_route_count; i++) {
		const struct route *route = &admin_routes[i];
		bool own = strncmp(route->pattern, "/api/v1/me/", 11) == 0;

		CHECK((route->action == ACTION_SELF) == own);
		CHECK(route->action != ACTION_PUBLIC &&
		      route->action != ACTION_BY_HANDLER);
		if (route->action != ACTION_LOGIN)
			continue;
		bool known = false;
		for (size_t k = 0; k < sizeof(open) / sizeof(open[0]); k++)
			known |= strcmp(open[k], route->pattern) == 0;
		CHECK(known && route->method == HTTP_GET);
	}
}

static void test_the_router_takes_the_table(void)
{
	const struct route_table table = {admin_routes, admin_route_count};
	struct router *router = NULL;
	struct err err = ERR_INIT;

	CHECK(router_new(&table, 1, &router, &err) == 0);
	router_free(router);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_every_route_is_documented_with_its_action),
		CHECK_CASE(test_nothing_is_documented_that_is_not_there),
		CHECK_CASE(test_operations_have_names_of_their_own),
		CHECK_CASE(test_only_few_routes_are_for_everybody),
		CHECK_CASE(test_the_router_takes_the_table),
	};

	return CHECK_RUN(argc, argv, cases);
}
