/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_SIGNED_H
#define AUTH_SIGNED_H

/*
 * Requests that are signed with an access key or with a role's temporary key
 * (Signature Version 4).  Nothing is remembered from one to the next: a
 * signature is over one request.
 */

#include <stdint.h>

#include "auth/principal.h"
#include "base/span.h"

struct authn_request;
struct clock_source;
struct err;
struct meta;
struct seal;
struct used;

struct signed_parts {
	struct meta *meta;		  /* borrowed */
	struct seal *seal;		  /* borrowed */
	const struct clock_source *clock; /* borrowed */
	struct span account;		  /* whose keys count; borrowed */
	struct used *used; /* is told which key was used; NULL: nobody is */
};

/*
 * Verify the signature of a request and find who made it; may wait.  The clock
 * of the client may differ by 15 minutes.  -1 with one of the ERR_SIGNATURE_
 * codes, in constant time where secrets are compared; others when the database
 * fails.
 */
int signed_verify(const struct signed_parts *parts,
		  const struct authn_request *request,
		  struct principal *ret_principal, struct err *err);

#endif
