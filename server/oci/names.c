/* SPDX-License-Identifier: Apache-2.0 */
#include "server/oci/names.h"

#include <string.h>

#include "auth/seal.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "server/app.h"
#include "server/oci/oci.h"

#define PURPOSE SPAN_LIT("catalog")

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

int names_mark(const struct app *app, struct span name, struct buf *out,
	       struct err *err)
{
	buf_append_char(out, '~');
	if (seal_close(app->seal, PURPOSE, name, out, err) < 0)
		return -1;
	return buf_check(out, err);
}

int names_read_mark(const struct app *app, struct span *after,
		    struct buf *scratch, struct err *err)
{
	struct err inner = ERR_INIT;

	if (!span_starts(*after, SPAN_LIT("~")))
		return 0;
	if (seal_read(app->seal, PURPOSE,
		      span_make(after->text + 1, after->len - 1), scratch,
		      &inner) < 0) {
		err_set(err, ERR_INVALID, "a mark that is none of ours");
		return err_tell(err, "where to go on from is none of this "
				     "registry's marks");
	}
	*after = buf_span(scratch);
	return 0;
}
