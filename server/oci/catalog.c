/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v2/_catalog */
#include "base/err.h"
#include "server/app.h"
#include "server/http/response.h"
#include "server/oci/names.h"
#include "server/oci/oci.h"
#include "storage/registry_lists.h"

static int list_repositories(struct request *request, struct err *err)
{
	struct names names = {.count = 0};
	struct registry_page page;
	struct registry_at at = {.scope = request->app->scope,
				 .actor = span_of(request->principal.name),
				 .source = request->peer,
				 .request_id = span_of(request->id)};
	bool more = false;

	if (oci_page(request, &page, err) < 0)
		return -1;
	names.body = response_body(request, 200, "application/json");
	page.context = &names;
	buf_append_text(names.body, "{\"repositories\":[");
	if (registry_repositories(request->app->registry, &at, &page, names_add,
				  &more, err) < 0)
		return -1;
	buf_append_text(names.body, "]}\n");
	names_link(request, &names, page.limit, more);
	return 0;
}

const struct handler oci_catalog = {.work = list_repositories};
