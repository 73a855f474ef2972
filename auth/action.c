/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/action.h"

static const char *const names[ACTION_COUNT] = {
	[ACTION_UNSET] = "unset",     [ACTION_PUBLIC] = "public",
	[ACTION_LOGIN] = "login",     [ACTION_PULL] = "pull",
	[ACTION_PUSH] = "push",	      [ACTION_DELETE] = "delete",
	[ACTION_CATALOG] = "catalog", [ACTION_METRICS] = "metrics",
};

const char *action_name(enum action action)
{
	return action < ACTION_COUNT ? names[action] : "unset";
}
