/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/scope.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int write_one(void *context, const struct scope *scope, struct err *err)
{
	struct buf *out = context;

	(void)err;
	if (out->len > 0)
		buf_append_char(out, ' ');
	scope_write(scope, out);
	return 0;
}

static int rewrite(struct span text, bool patterns, struct buf *out)
{
	struct err err = ERR_INIT;

	return scope_each(text, patterns, write_one, out, &err);
}

/* What is accepted reads the same when it was written again, and makes a
 * ceiling that covers no repository which it does not name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_release) struct buf once = BUF_INIT(SIZE_MAX);
	CLEANUP(buf_release) struct buf twice = BUF_INIT(SIZE_MAX);
	struct span text = span_make((const char *)data, size);
	struct ceiling *ceiling = NULL;
	struct err err = ERR_INIT;

	if (rewrite(text, true, &once) < 0)
		return 0;
	/* "*" grows into all the rights it stands for. */
	if (once.len <= SCOPE_TEXT_MAX &&
	    (rewrite(buf_span(&once), true, &twice) < 0 ||
	     !span_equal(buf_span(&once), buf_span(&twice))))
		abort();
	if (rewrite(text, false, &twice) < 0)
		return 0;
	if (ceiling_new(text, false, SPAN_LIT(""), &ceiling, &err) < 0 ||
	    ceiling_covers(ceiling, ACTION_PUT_IMAGE, SPAN_LIT("no/such/")) ||
	    ceiling_covers(ceiling, ACTION_DELETE_USER, SPAN_LIT("")))
		abort();
	ceiling_unref(ceiling);
	return 0;
}
