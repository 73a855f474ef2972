/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/authz.h"

#include <stdbool.h>

#include "base/err.h"

/* What those without a name may do, by what the server was told to allow. */
static bool anonymous_may(enum anonymous_access access, enum action action)
{
	switch (action) {
	case ACTION_LOGIN:
	case ACTION_PULL:
	case ACTION_CATALOG:
		return access != ANONYMOUS_NONE;
	case ACTION_PUSH:
	case ACTION_DELETE:
		return access == ANONYMOUS_FULL;
	case ACTION_PUBLIC:
		return true;
	case ACTION_METRICS:
	case ACTION_UNSET:
	case ACTION_COUNT:
		return false;
	}
	return false;
}

/* The rights of a user who is no administrator come with the policies; until
 * there are some he has what everybody has. */
int authz_check(const struct authz *authz, const struct principal *principal,
		enum action action, struct span repository, struct err *err)
{
	(void)repository;
	if (anonymous_may(authz->anonymous, action))
		return 0;
	if (action == ACTION_METRICS &&
	    (authz->public_metrics || principal->local))
		return 0;
	if (principal->kind != PRINCIPAL_USER)
		return err_set(err, ERR_UNAUTHENTICATED,
			       "%s is not allowed without credentials",
			       action_name(action));
	if (principal->administrator && action != ACTION_UNSET)
		return 0;
	return err_set(err, ERR_DENIED, "%s is not allowed to this user",
		       action_name(action));
}
