/* SPDX-License-Identifier: Apache-2.0 */
/* What a token may be given of what was asked for. */
#include "auth/scope.h"
#include "base/buf.h"
#include "base/err.h"
#include "server/http/access.h"
#include "server/oci/token.h"

_Static_assert(TOKEN_SCOPES_MAX <= SCOPE_TEXT_MAX,
	       "what is asked for can be read");

/* The scopes asked for, each repository once. */
struct asked {
	struct scope scopes[SCOPES_MAX];
	size_t count; /* of scopes */
};

static int add_scope(void *context, const struct scope *scope, struct err *err)
{
	struct asked *asked = context;

	for (size_t i = 0; i < asked->count; i++) {
		struct scope *known = &asked->scopes[i];

		if (known->catalog == scope->catalog &&
		    span_equal(known->name, scope->name)) {
			known->rights |= scope->rights;
			return 0;
		}
	}
	if (asked->count == SCOPES_MAX)
		return err_set(err, ERR_TOO_LARGE, "more than %d scopes",
			       SCOPES_MAX);
	asked->scopes[asked->count++] = *scope;
	return 0;
}

/* One that cannot be read grants nothing, and is no reason to refuse the
 * others. */
static int read_scopes(struct span text, struct asked *asked, struct err *err)
{
	while (text.len > 0) {
		struct err inner = ERR_INIT;
		struct span one = text;

		if (!span_cut(text, ' ', &one, &text))
			text.len = 0;
		if (scope_each(one, false, add_scope, asked, &inner) < 0 &&
		    inner.code != ERR_INVALID) {
			*err = inner;
			return -1;
		}
	}
	return 0;
}

static int grant_scope(struct request *request, struct scope *scope,
		       struct err *err)
{
	static const struct {
		unsigned right;
		enum action action; /* that stands for it */
	} rows[] = {
		{SCOPE_RIGHT_PULL, ACTION_BATCH_GET_IMAGE},
		{SCOPE_RIGHT_PUSH, ACTION_PUT_IMAGE},
		{SCOPE_RIGHT_DELETE, ACTION_BATCH_DELETE_IMAGE},
		{SCOPE_RIGHT_CATALOG, ACTION_DESCRIBE_REPOSITORIES},
	};
	struct span name = scope->catalog ? SPAN_LIT("") : scope->name;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!(scope->rights & rows[i].right))
			continue;
		int allowed = access_may(request, rows[i].action, name, err);
		if (allowed < 0)
			return -1;
		if (!allowed)
			scope->rights &= ~rows[i].right;
	}
	return 0;
}

int token_grant(struct request *request, struct span asked, struct buf *granted,
		struct err *err)
{
	struct asked list = {.count = 0};

	if (read_scopes(asked, &list, err) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++) {
		if (grant_scope(request, &list.scopes[i], err) < 0)
			return -1;
		if (list.scopes[i].rights == 0)
			continue;
		if (granted->len > 0)
			buf_append_char(granted, ' ');
		scope_write(&list.scopes[i], granted);
	}
	return buf_check(granted, err);
}
