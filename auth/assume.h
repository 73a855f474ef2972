/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_ASSUME_H
#define AUTH_ASSUME_H

/*
 * Assuming roles: what sts:AssumeRole, sts:AssumeRoleWithWebIdentity and the
 * exchange of tokens have in common.  May wait for the database; any thread.
 */

#include <stddef.h>
#include <stdint.h>

#include "auth/principal.h"
#include "auth/session.h"
#include "base/span.h"

struct authz;
struct authz_question;
struct buf;
struct clock_source;
struct err;
struct meta;
struct policy_key;
struct seal;

#define ASSUME_LIFE_MIN_S 900
#define ASSUME_LIFE_S 3600 /* unless something else is asked for */

struct assume_parts {
	struct meta *meta;		  /* borrowed */
	struct seal *seal;		  /* borrowed */
	struct authz *authz;		  /* borrowed */
	const struct clock_source *clock; /* borrowed */
	struct span account;		  /* whose roles; borrowed */
};

/* What is asked for; all is borrowed. */
struct assume_wish {
	struct span role;   /* its name, or "arn:aws:iam::ACCOUNT:role/NAME" */
	struct span name;   /* of the session */
	struct span policy; /* limits the session, or "" */
	struct span scopes; /* limit it, too, or "" */
	int64_t life_s;	    /* 0: the usual */
	struct span federated;	       /* issuer of a web identity, or "" */
	const struct policy_key *keys; /* of the request's context */
	size_t key_count;	       /* of keys */
};

struct assumed {
	struct session_credentials credentials; /* wiped by its owner */
	struct principal principal; /* the session; has no ceiling here */
	size_t policy_percent;	    /* of the longest policy, that was used */
};

/*
 * Assume a role, if its trust policy lets the question's principal (or, with a
 * web identity, the issuer and its claims) do the question's action.  The
 * session token is appended to token.
 *
 * ERR_DENIED, which tells the same of a role that is not there; ERR_INVALID and
 * ERR_TOO_LARGE for a wish that cannot be.
 */
int assume_role(const struct assume_parts *parts,
		const struct authz_question *question,
		const struct assume_wish *wish, struct assumed *ret_assumed,
		struct buf *token, struct err *err);

#endif
