/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_ACCESS_H
#define SERVER_HTTP_ACCESS_H

/*
 * Who asks and may they, in terms of a request: what authn and authz are shown
 * of it, and the challenge of a 401.
 */

#include "auth/action.h"
#include "auth/authn.h"
#include "auth/authz.h"
#include "server/http/request.h"

struct err;

/* What authn is shown; borrows from the request. */
struct authn_request access_credentials(struct request *request);

/* The question whether the request may do that to a repository ("" for none);
 * borrows from the request. */
struct authz_question access_question(struct request *request,
				      enum action action,
				      struct span repository);

/* The answer to a question was no: remembered, for the audit log if that comes
 * to be what the request is answered with. */
void access_denied(struct request *request,
		   const struct authz_question *question);

/* The request fails with err: have the audit log know if that is a denial.
 * That an anonymous client is asked to log in is none. */
void access_note_failure(struct request *request, const struct err *err);

/* For handlers, on a worker: may the request do that, too?  0, or -1 as
 * authz_check(). */
int access_check(struct request *request, enum action action,
		 struct span repository, struct err *err);

/* The same as a question: 1 it may, 0 not, -1 if that cannot be told. */
int access_may(struct request *request, enum action action,
	       struct span repository, struct err *err);

/* May the request know that there is a repository of that name, which a listing
 * shows to those who may describe or pull it?  As access_may(). */
int access_may_see(struct request *request, struct span repository,
		   struct err *err);

/* As access_check() about somebody: a "user", "role" ... of that name. */
int access_check_target(struct request *request, enum action action,
			const char *kind, struct span target, struct err *err);

/* For whoever sets a policy: ERR_CONFLICT if the request could not set it
 * again, were that document the policy of the repository ("": of the registry).
 */
int access_keeps(struct request *request, enum action action,
		 struct span repository, struct span document, struct err *err);

/* Add WWW-Authenticate for a failure that is answered with 401: where to get a
 * token and for what, and Basic for what is not the registry's API. */
void access_challenge(struct request *request, const struct err *err);

#endif
