/* SPDX-License-Identifier: Apache-2.0 */
#include "server/oci/names.h"

#include <string.h>

#include "base/jsonx.h"
#include "server/oci/oci.h"

int names_add(void *context, struct span name, struct err *err)
{
	struct names *names = context;

	(void)err;
	if (names->count++ > 0)
		buf_append_char(names->body, ',');
	jsonx_quote(name, names->body);
	if (name.len < sizeof(names->last)) {
		memcpy(names->last, name.text, name.len);
		names->last[name.len] = '\0';
	}
	return 0;
}

void names_link(struct request *request, const struct names *names,
		size_t limit, bool more)
{
	if (more && names->count > 0)
		oci_link_next(request, limit, span_of(names->last), "");
}
