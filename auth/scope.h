/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_SCOPE_H
#define AUTH_SCOPE_H

/*
 * Scopes as Docker's token protocol writes them,
 * "repository:team/app:pull,push registry:catalog:*", and a credential's
 * ceiling: the scopes that it is limited to.  Pure; any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/action.h"
#include "base/span.h"

struct buf;
struct ceiling;
struct err;

#define SCOPE_TEXT_MAX 8192 /* bytes of all scopes of a request or token */
#define SCOPES_MAX 100	    /* of them; further ones are ERR_TOO_LARGE */

/* One scope; spans borrow from the text. */
struct scope {
	bool catalog;	  /* registry:catalog; else a repository */
	struct span name; /* of the repository, or a pattern with * where
			     the reader allows that */
	unsigned rights;  /* SCOPE_RIGHT_ bits; "*" is all of them */
};

/*
 * Read a list that is separated by blanks, calling each() for what is known:
 * what has another type or no known action is dropped, as the protocol wants.
 * ERR_INVALID for what the grammar does not allow: the name must be a
 * repository name (refname rules; with patterns also "*" in it), split at the
 * first and last colon; a class "(...)" behind the type is ignored.
 */
typedef int scope_fn(void *context, const struct scope *scope, struct err *err);
int scope_each(struct span text, bool patterns, scope_fn *each, void *context,
	       struct err *err);

/* Append it in the grammar's form: "repository:a/b:pull,push". */
void scope_write(const struct scope *scope, struct buf *out);

/* ---- ceilings: immutable once made, counted references, any thread ---- */

/*
 * From a list of scopes ("" covers nothing); patterns: "team/" and a star
 * cover what begins with "team/".  policy is the document that limits a role's
 * session besides, or "".  Both are copied.  ERR_INVALID, ERR_TOO_LARGE,
 * ERR_NO_MEMORY.
 */
int ceiling_new(struct span scopes, bool patterns, struct span policy,
		struct ceiling **ret_ceiling, struct err *err);
struct ceiling *ceiling_ref(struct ceiling *ceiling); /* NULL is fine */
void ceiling_unref(struct ceiling *ceiling);	      /* NULL is fine */

/* True if its scopes cover the action on the repository ("" for none).  What
 * anybody who is known may do is covered by all.  Its policy is not asked. */
bool ceiling_covers(const struct ceiling *ceiling, enum action action,
		    struct span repository);

/* 16 bytes that differ for ceilings that differ: part of a cache's key. */
const uint8_t *ceiling_id(const struct ceiling *ceiling);

/* The scopes it was made from; borrowed. */
struct span ceiling_text(const struct ceiling *ceiling);

/* One that is limited by a role's session's policy (an AssumeRole Policy
 * parameter) alone, and by no scopes; and that policy, "" if there is none. */
int ceiling_new_policy(struct span document, struct ceiling **ret_ceiling,
		       struct err *err);
struct span ceiling_policy(const struct ceiling *ceiling);

#endif
