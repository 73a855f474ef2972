/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/router.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"

#define PATTERN_PARTS_MAX 8 /* components of a pattern */
#define PATH_PARTS_MAX 160  /* components of a path */

/* A pattern, cut at its slashes. */
struct pattern {
	struct span parts[PATTERN_PARTS_MAX];
	size_t count;
	size_t name;	     /* index of {name}, or count where there is none */
	struct span literal; /* what stands before the first placeholder */
};

struct router {
	struct route *rows;	  /* a copy of every table's; owned */
	struct pattern *patterns; /* one per row; owned */
	size_t count;
};

/* A path, cut at its slashes. */
struct path {
	struct span parts[PATH_PARTS_MAX];
	size_t count;
};

static bool is_placeholder(struct span part)
{
	return part.len > 2 && part.text[0] == '{' &&
	       part.text[part.len - 1] == '}';
}

/* Cut text at its slashes; false if there are too many parts. */
static bool cut_parts(struct span text, struct span *parts, size_t max,
		      size_t *ret_count)
{
	struct span rest = text;
	size_t count = 0;
	bool more;

	do {
		if (count == max)
			return false;
		more = span_cut(rest, '/', &parts[count], &rest);
		if (!more)
			parts[count] = rest;
		count++;
	} while (more);
	*ret_count = count;
	return true;
}

static bool pattern_init(struct pattern *pattern, const char *text)
{
	const char *brace = strchr(text, '{');
	size_t placeholders = 0;

	if (text[0] != '/' || !cut_parts(span_of(text + 1), pattern->parts,
					 PATTERN_PARTS_MAX, &pattern->count))
		return false;
	pattern->literal =
		span_make(text, brace ? (size_t)(brace - text) : strlen(text));
	pattern->name = pattern->count;
	for (size_t i = 0; i < pattern->count; i++) {
		if (!is_placeholder(pattern->parts[i]))
			continue;
		if (span_equal(pattern->parts[i], SPAN_LIT("{name}"))) {
			if (placeholders != ROUTE_NAME)
				return false;
			pattern->name = i;
		}
		placeholders++;
	}
	return placeholders <= REQUEST_PARAMS_MAX;
}

static bool handler_fits(const struct route *row)
{
	const struct handler *handler = row->handler;

	if (!handler)
		return false;
	if (row->body == BODY_STREAMED)
		return handler->chunk && handler->work;
	if (handler->credentials && row->body != BODY_BUFFERED)
		return false;
	return !handler->open && !handler->chunk &&
	       (handler->work || handler->quick);
}

static bool row_fits(const struct route *row)
{
	return row->action > ACTION_UNSET && row->action < ACTION_COUNT &&
	       row->door > DOOR_UNSET && row->door < DOOR_COUNT &&
	       row->method < HTTP_METHOD_COUNT && row->label && row->pattern &&
	       handler_fits(row);
}

static int router_fill(struct router *router, const struct route_table *tables,
		       size_t count, struct err *err)
{
	for (size_t t = 0; t < count; t++) {
		for (size_t i = 0; i < tables[t].count; i++) {
			const struct route *row = &tables[t].routes[i];

			if (!row_fits(row) ||
			    !pattern_init(&router->patterns[router->count],
					  row->pattern))
				return err_set(err, ERR_INTERNAL,
					       "route %s %s cannot be used",
					       http_method_name(row->method),
					       row->pattern ? row->pattern
							    : "(none)");
			router->rows[router->count++] = *row;
		}
	}
	return 0;
}

DEFINE_CLEANUP(router_free_at, struct router *, router_free)

int router_new(const struct route_table *tables, size_t count,
	       struct router **ret_router, struct err *err)
{
	size_t rows = 1;

	for (size_t t = 0; t < count; t++)
		rows += tables[t].count;
	CLEANUP(router_free_at)
	struct router *router = calloc(1, sizeof(*router));
	if (!router)
		return err_set(err, ERR_NO_MEMORY, "no memory for routes");
	router->rows = calloc(rows, sizeof(*router->rows));
	router->patterns = calloc(rows, sizeof(*router->patterns));
	if (!router->rows || !router->patterns)
		return err_set(err, ERR_NO_MEMORY, "no memory for routes");
	if (router_fill(router, tables, count, err) < 0)
		return -1;
	*ret_router = STEAL(router);
	return 0;
}

void router_free(struct router *router)
{
	if (!router)
		return;
	free(router->rows);
	free(router->patterns);
	free(router);
}

const struct route *router_row(const struct router *router, size_t index)
{
	return index < router->count ? &router->rows[index] : NULL;
}

bool router_names_repository(const struct router *router,
			     const struct route *route)
{
	const struct pattern *pattern = &router->patterns[route - router->rows];

	return pattern->name < pattern->count;
}

/* One part of a pattern against one of a path. */
static bool part_matches(struct span part, struct span component)
{
	if (is_placeholder(part))
		return component.len > 0;
	return span_equal(part, component);
}

/* The components that {name} spans: one text again, none of them empty. */
static bool join_name(const struct path *path, size_t first, size_t end,
		      struct span *ret_name)
{
	for (size_t i = first; i < end; i++)
		if (path->parts[i].len == 0)
			return false;
	const struct span *last = &path->parts[end - 1];

	*ret_name = span_make(
		path->parts[first].text,
		(size_t)(last->text + last->len - path->parts[first].text));
	return true;
}

/* From the right, so that a name may hold components of any text. */
static bool pattern_matches(const struct pattern *pattern,
			    const struct path *path,
			    struct span params[REQUEST_PARAMS_MAX])
{
	bool spans = pattern->name < pattern->count;
	size_t extra = path->count - pattern->count;
	size_t filled = 0;

	if (path->count < pattern->count || (extra > 0 && !spans))
		return false;
	for (size_t i = pattern->count; i-- > 0;) {
		size_t at = i > pattern->name ? i + extra : i;

		if (i != pattern->name &&
		    !part_matches(pattern->parts[i], path->parts[at]))
			return false;
	}
	for (size_t i = 0; i < pattern->count; i++) {
		if (i == pattern->name) {
			if (!join_name(path, i, i + extra + 1,
				       &params[filled++]))
				return false;
		} else if (is_placeholder(pattern->parts[i])) {
			size_t at = i > pattern->name ? i + extra : i;

			params[filled++] = path->parts[at];
		}
	}
	return true;
}

enum door router_door(const struct router *router, struct span path)
{
	enum door door = DOOR_PLAIN;
	size_t longest = 1;

	for (size_t i = 0; i < router->count; i++) {
		struct span literal = router->patterns[i].literal;

		if (literal.len > 1 && literal.text[literal.len - 1] == '/')
			literal.len--;
		if (literal.len <= longest || !span_starts(path, literal) ||
		    (path.len > literal.len && path.text[literal.len] != '/'))
			continue;
		longest = literal.len;
		door = router->rows[i].door;
	}
	return door;
}

static void write_allow(unsigned methods, char ret_allow[ROUTER_ALLOW_SIZE])
{
	size_t used = 0;

	ret_allow[0] = '\0';
	for (int i = 0; i < HTTP_METHOD_COUNT; i++)
		if (methods & 1u << i)
			used += (size_t)snprintf(
				ret_allow + used, ROUTER_ALLOW_SIZE - used,
				"%s%s", used ? ", " : "",
				http_method_name((enum http_method)i));
}

enum router_result router_match(const struct router *router,
				struct request *request,
				char ret_allow[ROUTER_ALLOW_SIZE],
				enum door *ret_door)
{
	struct path path;
	unsigned methods = 0;

	if (request->path.len == 0 || request->path.text[0] != '/' ||
	    !cut_parts(span_make(request->path.text + 1, request->path.len - 1),
		       path.parts, PATH_PARTS_MAX, &path.count)) {
		*ret_door = DOOR_PLAIN;
		return ROUTER_NO_PATH;
	}
	for (size_t i = 0; i < router->count; i++) {
		struct span params[REQUEST_PARAMS_MAX] = {0};

		if (!pattern_matches(&router->patterns[i], &path, params))
			continue;
		if (methods == 0)
			*ret_door = router->rows[i].door;
		methods |= 1u << router->rows[i].method;
		if (router->rows[i].method != request->method)
			continue;
		memcpy(request->params, params, sizeof(params));
		request->route = &router->rows[i];
		*ret_door = router->rows[i].door;
		return ROUTER_FOUND;
	}
	if (methods == 0) {
		*ret_door = router_door(router, request->path);
		return ROUTER_NO_PATH;
	}
	write_allow(methods | 1u << HTTP_OPTIONS, ret_allow);
	return ROUTER_NO_METHOD;
}
