/* SPDX-License-Identifier: Apache-2.0 */
/* Whether this is a registry, and what it has beyond the specification. */
#include "base/err.h"
#include "server/http/response.h"
#include "server/oci/oci.h"

static int get_base(struct request *request, struct err *err)
{
	(void)err;
	buf_append_text(response_body(request, 200, "application/json"), "{}");
	response_header(request, "Docker-Distribution-API-Version",
			"registry/2.0");
	return 1;
}

const struct handler oci_base = {.quick = get_base};

static int get_extensions(struct request *request, struct err *err)
{
	(void)err;
	buf_append_text(response_body(request, 200, "application/json"),
			"{\"extensions\":["
			"{\"name\":\"_catalog\","
			"\"url\":\"https://github.com/opencontainers/"
			"distribution-spec/blob/main/extensions/README.md\","
			"\"description\":\"lists the repositories\","
			"\"endpoints\":[\"/v2/_catalog\"]},"
			"{\"name\":\"_oci\","
			"\"url\":\"https://github.com/opencontainers/"
			"distribution-spec/blob/main/extensions/_oci.md\","
			"\"description\":\"lists the extensions\","
			"\"endpoints\":[\"/v2/_oci/ext/discover\"]}]}\n");
	return 1;
}

const struct handler oci_extensions = {.quick = get_extensions};
