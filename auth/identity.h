/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_IDENTITY_H
#define AUTH_IDENTITY_H

/*
 * Changes of who is known and of what they may do: the use cases behind the
 * admin API.  Each is one transaction together with its row of the audit log;
 * after it, and before it is answered, whoever remembers identities is told.
 * Whether the caller may do it was asked before (auth/authz.h).
 *
 * This header has principals and groups; identity_credentials.h what they show,
 * identity_policies.h what they may do, identity_trust.h whom else we believe.
 *
 * Common failures: ERR_INVALID with what is wrong, ERR_NOT_FOUND, ERR_EXISTS
 * for a name that is taken; ERR_CONFLICT for what would leave the account
 * without an enabled user who is an administrator.  Secrets that are handed
 * out are wiped by whoever gets them.  Every function may wait.  Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "storage/meta_groups.h"
#include "storage/meta_principals.h"

struct err;
struct meta_holder;
struct seal;
struct signing;
struct throttle;
struct token_secret;

/* What the use cases work on; all is borrowed, and immutable once filled. */
struct identity {
	struct meta *meta;	   /* rows */
	struct seal *seal;	   /* closes secrets of access keys */
	struct signing *signing;   /* keys that sign access tokens */
	struct throttle *throttle; /* slows guessing old passwords; or NULL */
	struct meta_scope scope;   /* whose principals; region of policies */
	/* Called after a change was committed, or may have been: whoever
	 * remembers identities or policies forgets.  Must not wait. */
	void (*changed)(void *context);
	void *context; /* handed to changed */
};

/* Who makes a change, for the audit log. */
struct identity_by {
	struct span actor;	/* the principal's name */
	struct span source;	/* the client's address */
	struct span request_id; /* of its request */
};

/* What a name is of. */
enum identity_kind {
	IDENTITY_GROUP = 0,
	IDENTITY_USER = META_USER,
	IDENTITY_ROBOT = META_ROBOT,
	IDENTITY_ROLE = META_ROLE,
};

struct identity_who {
	enum identity_kind kind; /* of the name */
	struct span name;	 /* of the user, robot, role or group */
};

/* "user", "robot", "role", "group". */
const char *identity_kind_name(enum identity_kind kind);

#define IDENTITY_PASSWORD_MIN 8	     /* bytes; PASSWORD_MAX at most */
#define IDENTITY_SESSION_MIN_S 900   /* of a role's longest session */
#define IDENTITY_SESSION_MAX_S 43200 /* the same */
#define IDENTITY_LIFE_MAX_S ((int64_t)100 * 366 * 24 * 3600)

/* The principal of that name and kind; -1 ERR_NOT_FOUND.  And the group. */
int identity_find(struct meta_tx *tx, struct span account,
		  struct identity_who who, struct meta_principal *ret_principal,
		  struct err *err);
int identity_find_group(struct meta_tx *tx, struct span account,
			struct span name, struct meta_group *ret_group,
			struct err *err);

/* Either of them, as what policies are attached to. */
int identity_find_holder(struct meta_tx *tx, struct span account,
			 struct identity_who who,
			 struct meta_holder *ret_holder, struct err *err);

/* ---- principals ---- */

/* A policy to be attached. */
struct identity_grant {
	struct span policy;  /* its name */
	struct span pattern; /* of repositories; "*" */
};

#define IDENTITY_GRANTS_MAX 100 /* in one wish */

/* What a new principal is to be. */
struct identity_wish {
	struct identity_who who; /* not a group */
	struct span description; /* for people, or "" */
	struct span password;	 /* of a user; .text NULL: none */
	int64_t life_s;		 /* of a robot: from now; 0: never ends */
	int64_t session_max_s;	 /* of a role */
	struct span trust;	 /* of a role: a policy document, or "" */
	const struct identity_grant *grants; /* attached from the start */
	size_t grant_count;		     /* of grants */
};

/* Make it.  A robot gets an API token that ends when it does. */
int identity_create(const struct identity *identity,
		    const struct identity_by *by,
		    const struct identity_wish *wish,
		    struct token_secret *ret_token, struct err *err);

/* What is to change; NULL: stays as it is. */
struct identity_patch {
	const struct span *description; /* for people */
	const bool *disabled;		/* of principals */
	const int64_t *life_s;		/* of robots: from now; 0: never ends */
	const int64_t *session_max_s;	/* of roles */
};

/* Change a principal, or a group. */
int identity_update(const struct identity *identity,
		    const struct identity_by *by, struct identity_who who,
		    const struct identity_patch *patch, struct err *err);

/* Remove it (a group, too) with everything that is its own. */
int identity_delete(const struct identity *identity,
		    const struct identity_by *by, struct identity_who who,
		    struct err *err);

/* ---- groups ---- */

/* A new group without members. */
int identity_group_create(const struct identity *identity,
			  const struct identity_by *by, struct span name,
			  struct span description, struct err *err);

/* Put a user or robot into a group: done if it is in it already. */
int identity_group_add(const struct identity *identity,
		       const struct identity_by *by, struct span group,
		       struct span member, struct err *err);

/* Take one out; ERR_NOT_FOUND if it is not in it. */
int identity_group_remove(const struct identity *identity,
			  const struct identity_by *by, struct span group,
			  struct span member, struct err *err);

#endif
