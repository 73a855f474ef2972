/* SPDX-License-Identifier: Apache-2.0 */
#include "server/oci/oci.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/num.h"
#include "conf/conf.h"
#include "server/app.h"
#include "server/cache.h"
#include "server/http/access.h"
#include "storage/refname.h"
#include "storage/registry_lists.h"

#define LOCATION_SIZE 2048 /* external URL, name, kind, digest */
#define LINK_SIZE 4096	   /* path and query, each percent-encoded */

int oci_at(const struct request *request, struct registry_at *ret_at,
	   struct err *err)
{
	struct span name = request->params[ROUTE_NAME];

	if (refname_check_repository(name, err) < 0)
		return -1;
	*ret_at =
		(struct registry_at){.scope = request->app->scope,
				     .repository = name,
				     .actor = span_of(request->principal.name),
				     .source = request->peer,
				     .request_id = span_of(request->id)};
	return 0;
}

int oci_at_push(struct request *request, struct registry_at *ret_at,
		struct err *err)
{
	struct registry_at at;

	if (oci_at(request, &at, err) < 0)
		return -1;
	int may = access_may(request, ACTION_CREATE_REPOSITORY, at.repository,
			     err);
	if (may < 0)
		return -1;
	at.may_create = may > 0;
	*ret_at = at;
	return 0;
}

int oci_page(struct request *request, struct registry_page *ret_page,
	     struct err *err)
{
	size_t max = (size_t)request->app->conf->registry_page_max;
	struct registry_page page = {.limit = max};
	struct err inner = ERR_INIT;
	struct span n = {0};
	uint64_t asked = 0;
	int found = request_query(request, "n", 0, &n, err);

	if (found < 0 ||
	    request_query(request, "last", 0, &page.after, err) < 0)
		return -1;
	if (found == 1) {
		if (num_u64(n, &asked, &inner) < 0)
			return err_set(err, ERR_PAGE_INVALID, "%s", inner.text);
		page.limit = asked < max ? (size_t)asked : max;
	}
	*ret_page = page;
	return 0;
}

void oci_link_next(struct request *request, size_t n, struct span last,
		   const char *query)
{
	CLEANUP(buf_release) struct buf link = BUF_INIT(LINK_SIZE);

	buf_append_char(&link, '<');
	enc_percent(request->path, 1, &link);
	buf_appendf(&link, "?n=%zu&last=", n);
	enc_percent(last, 0, &link);
	if (query[0] != '\0')
		buf_appendf(&link, "&%s", query);
	buf_append_text(&link, ">; rel=\"next\"");
	if (link.failed == ERR_NONE)
		response_header(request, "Link", buf_text(&link));
}

void oci_location(struct request *request, const char *fmt, ...)
{
	const char *base = request->app->conf->server_external_url;
	size_t base_len = strlen(base);
	char path[LOCATION_SIZE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	while (base_len > 0 && base[base_len - 1] == '/')
		base_len--;
	response_headerf(request, "Location", "%.*s%s", (int)base_len, base,
			 path);
}

void oci_warn_volatile(struct request *request)
{
	if (request->app->conf->storage_blobs == CONF_BLOBS_MEMORY)
		response_header(request, "Warning",
				"299 - \"this registry keeps blobs in memory: "
				"they are lost when it stops\"");
}

bool oci_key_make(struct request *request, char kind, struct span name,
		  struct oci_key *ret_key)
{
	char repository[CACHE_REPOSITORY_SIZE];

	if (!request->app->cache)
		return false;
	size_t prefix = cache_repository(
		request->app->scope, request->params[ROUTE_NAME], repository);
	size_t size = prefix + 2 + name.len;
	char *key = arena_alloc(&request->arena, size + 1);

	if (!key)
		return false;
	snprintf(key, size + 1, "%s:%c%.*s", repository, kind, SPAN_ARG(name));
	ret_key->repository = span_make(key, prefix);
	ret_key->whole = span_make(key, size);
	return true;
}
