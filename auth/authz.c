/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/authz.h"

#include <stdlib.h>

#include "base/err.h"

struct authz {
	struct authz_config config; /* immutable */
};

int authz_new(const struct authz_config *config, struct authz **ret_authz,
	      struct err *err)
{
	struct authz *authz = calloc(1, sizeof(*authz));

	if (!authz)
		return err_set(err, ERR_NO_MEMORY, "authz");
	authz->config = *config;
	*ret_authz = authz;
	return 0;
}

void authz_free(struct authz *authz)
{
	free(authz);
}

/* What those without a name may do, by what the server was told to allow. */
static bool anonymous_may(enum anonymous_access access, enum action action)
{
	switch (action_scope(action)) {
	case SCOPE_RIGHT_PULL:
	case SCOPE_RIGHT_CATALOG:
		return access != ANONYMOUS_NONE;
	case SCOPE_RIGHT_PUSH:
	case SCOPE_RIGHT_DELETE:
		return access == ANONYMOUS_FULL;
	case SCOPE_RIGHT_NONE:
		break;
	}
	return action == ACTION_PUBLIC || action == ACTION_BY_HANDLER ||
	       (action == ACTION_LOGIN && access != ANONYMOUS_NONE);
}

int authz_quick(struct authz *authz, const struct authz_question *question,
		struct err *err)
{
	return authz_check(authz, question, err) < 0 ? -1 : 1;
}

int authz_check(struct authz *authz, const struct authz_question *question,
		struct err *err)
{
	enum action action = question->action;

	if (anonymous_may(authz->config.anonymous, action))
		return 0;
	if (action == ACTION_READ_METRICS &&
	    (authz->config.public_metrics || question->principal->local))
		return 0;
	if (question->principal->kind == PRINCIPAL_NONE ||
	    question->principal->kind == PRINCIPAL_ANONYMOUS)
		return err_set(err, ERR_UNAUTHENTICATED,
			       "%s is not allowed without credentials",
			       action_name(action));
	if (action != ACTION_UNSET)
		return 0;
	return err_set(err, ERR_DENIED, "%s is not allowed to this user",
		       action_name(action));
}

void authz_forget(struct authz *authz)
{
	(void)authz;
}
