/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_SESSION_H
#define AUTH_SESSION_H

/*
 * Sessions: temporary credentials of the kind that sts:AssumeRole gives out for
 * a role and sts:GetSessionToken for a user, an access key id ("ASIA..."), a
 * secret and a session token.  They are not stored: the session token holds all
 * of it, sealed with the server's key, and whose it is is looked up each time,
 * so that a role that is deleted or disabled ends its sessions at once, and an
 * access key those that were made with it.  Any thread.
 */

#include <stdint.h>

#include "auth/access_key.h"
#include "auth/principal.h"
#include "base/span.h"
#include "storage/meta_credentials.h"

struct buf;
struct clock_source;
struct err;
struct meta_principal;
struct meta_tx;
struct seal;

#define SESSION_POLICY_MAX 2048 /* bytes of a session's own policy */
#define SESSION_SCOPES_MAX 1024 /* bytes of the scopes it is limited to */
#define SESSION_NAME_MAX 64	/* bytes of a session's name */

struct session_credentials {
	char key_id[ACCESS_KEY_ID_SIZE];     /* "ASIA..." */
	char secret[ACCESS_KEY_SECRET_SIZE]; /* wiped by its owner */
	int64_t ends_ms;		     /* wall time */
	char made_with[META_KEY_ID_SIZE];    /* an access key, or "" */
};

/* What a session is to be. */
struct session_wish {
	const struct meta_principal *owner; /* a role, or who has its key;
					       borrowed */
	struct span name;   /* of a role's: 2 to 64 of [A-Za-z0-9_+=,.@-] */
	struct span key;    /* id of the access key it is made with, or "" */
	struct span policy; /* limits it further, or "" */
	struct span scopes; /* the same as scopes (auth/scope.h), or "" */
	int64_t life_ms;    /* from now */
};

/* Make its credentials; the session token is appended to out.  ERR_INVALID for
 * a bad name, ERR_TOO_LARGE for too long a policy or scopes, which its caller
 * has checked. */
int session_make(struct seal *seal, const struct clock_source *clock,
		 const struct session_wish *wish,
		 struct session_credentials *ret_credentials, struct buf *out,
		 struct err *err);

/* Open a token: ERR_UNAUTHENTICATED if it is none of ours,
 * ERR_SIGNATURE_EXPIRED if it has ended.  The principal (with its ceiling, if
 * it has a policy) is to be released; whether its row is still there, and
 * whether the session counts, is the caller's to look up. */
int session_read(struct seal *seal, const struct clock_source *clock,
		 struct span token, struct session_credentials *ret_credentials,
		 struct principal *ret_principal, struct err *err);

/* Is the access key that it was made with, if any, still in use: 1, 0, -1. */
int session_counts(struct meta_tx *tx,
		   const struct session_credentials *credentials,
		   struct err *err);

#endif
