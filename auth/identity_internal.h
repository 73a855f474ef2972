/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_IDENTITY_INTERNAL_H
#define AUTH_IDENTITY_INTERNAL_H

/* Between the identity*.c files; nothing else includes this. */

#include "auth/identity.h"
#include "base/buf.h"

#define IDENTITY_DETAIL_MAX 4096 /* bytes of an entry's detail */

/* A change under way: what every transaction here is handed. */
struct identity_change {
	const struct identity *identity; /* borrowed */
	const struct identity_by *by;	 /* borrowed */
	struct identity_who who;	 /* whom it is about */
};

/* Run it as one transaction, and tell what remembers identities. */
int identity_write(const struct identity_change *change, meta_work_fn *work,
		   void *context, struct err *err);

/* What an entry of the audit log says besides who, whom and where. */
struct identity_entry {
	const char *kind;   /* "key.create"; NULL: VERB of the kind changed */
	const char *verb;   /* "create": makes "user.create" */
	struct span target; /* "": the name in change->who */
	struct span before; /* a document as it was: its digest is noted */
	struct span after;  /* the same as it is now */
	const struct buf *detail; /* a JSON object, or NULL */
};

/* Append it, by whom and about whom the change says. */
int identity_note(struct meta_tx *tx, const struct identity_change *change,
		  const struct identity_entry *entry, struct err *err);

/* ERR_INVALID unless it is 1 to 64 of [A-Za-z0-9+=,.@_-]; of users, up to 128
 * where there is an "@". */
int identity_check_name(struct identity_who who, struct err *err);

/* ERR_INVALID unless it is UTF-8 without control characters, and fits. */
int identity_check_description(struct span description, struct err *err);

/* ERR_INVALID unless it is of a length that a password may have. */
int identity_check_password(struct span password, struct err *err);

/* Seconds from now, as a wall time; 0 stays 0.  ERR_INVALID. */
int identity_ends_ms(struct meta_tx *tx, int64_t life_s, int64_t *ret_ms,
		     struct err *err);

struct meta_holder;

/* Attach a policy that there is, for a pattern that it can have: 1, 0 it was so
 * already, -1. */
struct identity_grant;
int identity_attach_in(struct meta_tx *tx, struct span account,
		       struct meta_holder holder,
		       const struct identity_grant *grant, struct err *err);

/* True if a holder has the administrator's policy, by itself or its groups. */
int identity_is_administrator(struct meta_tx *tx, struct meta_holder holder,
			      bool *ret_is, struct err *err);

/* ERR_CONFLICT if there is no enabled user with the administrator's policy
 * (any more). */
int identity_keep_administrator(struct meta_tx *tx, struct span account,
				struct err *err);

#endif
