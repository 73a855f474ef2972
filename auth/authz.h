/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_AUTHZ_H
#define AUTH_AUTHZ_H

/*
 * The one decision: may this principal do this action to this repository.  Pure
 * but for the configuration it was given; never waits; any thread.
 */

#include <stdbool.h>

#include "auth/action.h"
#include "auth/principal.h"
#include "base/span.h"

struct err;

/* What requests without credentials may do: nothing, read, or write too. */
enum anonymous_access { ANONYMOUS_NONE, ANONYMOUS_PULL, ANONYMOUS_FULL };

struct authz {
	enum anonymous_access anonymous; /* what those without a name may do */
	bool public_metrics;		 /* anybody may read the metrics */
};

/* 0 allowed; -1 ERR_UNAUTHENTICATED (log in first) or ERR_DENIED.  repository
 * is "" for actions on none. */
int authz_check(const struct authz *authz, const struct principal *principal,
		enum action action, struct span repository, struct err *err);

#endif
