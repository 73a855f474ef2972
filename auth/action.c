/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/action.h"

#include <stddef.h>

static const struct row {
	const char *name;
	enum scope_right scope;
} rows[ACTION_COUNT] = {
	[ACTION_UNSET] = {"unset", SCOPE_RIGHT_NONE},
	[ACTION_PUBLIC] = {"public", SCOPE_RIGHT_NONE},
	[ACTION_LOGIN] = {"login", SCOPE_RIGHT_NONE},
	[ACTION_SELF] = {"self", SCOPE_RIGHT_NONE},
	[ACTION_BY_HANDLER] = {"by-handler", SCOPE_RIGHT_NONE},
#define ACTION(name, policy, scope)                                            \
	[ACTION_##name] = {policy, SCOPE_RIGHT_##scope},
#include "auth/actions.def"
#undef ACTION
};

const char *action_name(enum action action)
{
	return rows[action < ACTION_COUNT ? action : ACTION_UNSET].name;
}

enum scope_right action_scope(enum action action)
{
	return rows[action < ACTION_COUNT ? action : ACTION_UNSET].scope;
}

enum action action_find(struct span name)
{
	for (int i = ACTION_BY_HANDLER + 1; i < ACTION_COUNT; i++)
		if (span_equal_nocase(name, span_of(rows[i].name)))
			return (enum action)i;
	return ACTION_UNSET;
}
