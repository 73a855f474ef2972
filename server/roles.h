/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_ROLES_H
#define SERVER_ROLES_H

/*
 * Roles assumed by a request, through whichever door: by who signed it, or by a
 * web identity that it brings.  The audit log hears of it.  For handlers, on a
 * worker.
 */

#include "auth/assume.h"
#include "auth/oidc.h"
#include "server/http/request.h"

struct buf;
struct err;

/* Who sent the request assumes a role; as assume_role(). */
int roles_assume(struct request *request, const struct assume_wish *wish,
		 struct assumed *ret_assumed, struct buf *token,
		 struct err *err);

/* Verify a web identity, as oidc_verify(); the caller releases it. */
int roles_web_identity(struct request *request, struct span token,
		       struct oidc_identity *ret_identity, struct err *err);

/* As roles_assume(), for whom a verified web identity speaks of. */
int roles_assume_web(struct request *request,
		     const struct oidc_identity *identity,
		     const struct assume_wish *wish,
		     struct assumed *ret_assumed, struct buf *token,
		     struct err *err);

/* For CLEANUP: what was given out is overwritten. */
void roles_wipe(struct assumed *assumed);

#endif
