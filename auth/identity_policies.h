/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_IDENTITY_POLICIES_H
#define AUTH_IDENTITY_POLICIES_H

/* What principals may do, and what may be done to repositories.  Documents are
 * checked (auth/policy.h) and kept byte for byte.  See identity.h. */

#include "auth/identity.h"

/* Make or replace a policy with a name; *ret_new tells which.  ERR_CONFLICT for
 * the name of a ready-made one. */
int identity_policy_put(const struct identity *identity,
			const struct identity_by *by, struct span name,
			struct span document, bool *ret_new, struct err *err);

/* ERR_CONFLICT while it is attached, and for a ready-made one. */
int identity_policy_delete(const struct identity *identity,
			   const struct identity_by *by, struct span name,
			   struct err *err);

/* Attach a policy: done if it is attached already.  The pattern of one that is
 * not ready-made is "*". */
int identity_attach(const struct identity *identity,
		    const struct identity_by *by, struct identity_who who,
		    const struct identity_grant *grant, struct err *err);

/* ERR_NOT_FOUND if it is not attached itself for that pattern. */
int identity_detach(const struct identity *identity,
		    const struct identity_by *by, struct identity_who who,
		    const struct identity_grant *grant, struct err *err);

/* Say who may assume a role; "" for nobody. */
int identity_role_trust(const struct identity *identity,
			const struct identity_by *by, struct span role,
			struct span document, struct err *err);

/* Set the policy of a repository or of the registry; "" removes it, and is
 * ERR_NOT_FOUND if there was none.  ERR_REPOSITORY_UNKNOWN. */
int identity_repository_policy(const struct identity *identity,
			       const struct identity_by *by,
			       struct span repository, struct span document,
			       struct err *err);
int identity_registry_policy(const struct identity *identity,
			     const struct identity_by *by, struct span document,
			     struct err *err);

#endif
