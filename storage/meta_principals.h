/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_META_PRINCIPALS_H
#define STORAGE_META_PRINCIPALS_H

/*
 * Who may be known to an account: users and robots, which log in, and roles,
 * which are assumed.  A name belongs to one principal of the account, whatever
 * its kind, and differs from every other in more than case.  An id is never
 * used again.
 *
 * Every change of this family of tables (principals, groups, policies, keys,
 * tokens) calls meta_identity_changed() in its transaction, so that each server
 * on the database learns within a second that what it remembers is stale.
 */

#include "storage/meta.h"

struct buf;

enum meta_principal_kind { META_USER = 1, META_ROBOT = 2, META_ROLE = 3 };

#define META_ACCOUNT_SIZE 13	     /* bytes of an account, with its NUL */
#define META_PRINCIPAL_NAME_SIZE 129 /* bytes of a name, with its NUL */
#define META_PASSWORD_HASH_SIZE 256  /* as auth/password.h makes them */
#define META_DESCRIPTION_SIZE 257    /* bytes, with the NUL */

struct meta_principal {
	int64_t id;				     /* never used again */
	enum meta_principal_kind kind;		     /* what it is */
	char account[META_ACCOUNT_SIZE];	     /* whose it is */
	char name[META_PRINCIPAL_NAME_SIZE];	     /* "admin" */
	char password_hash[META_PASSWORD_HASH_SIZE]; /* "": has none */
	char description[META_DESCRIPTION_SIZE];     /* for people */
	bool disabled;	       /* its credentials are refused */
	int64_t created_ms;    /* wall time */
	int64_t expires_ms;    /* refused from then on; 0: never */
	int64_t session_max_s; /* of a role: its longest session */
};

/* By name within the account, or by id: 1 / 0 / -1. */
int meta_principal_find(struct meta_tx *tx, struct span account,
			struct span name, struct meta_principal *ret_principal,
			struct err *err);
int meta_principal_get(struct meta_tx *tx, int64_t id,
		       struct meta_principal *ret_principal, struct err *err);

/* 0 if there is one of that id, else -1 ERR_NOT_FOUND. */
int meta_principal_check(struct meta_tx *tx, int64_t id, struct err *err);

/* A new one with account, kind, name and all else of *principal but the id and
 * the time; ERR_EXISTS if the name is taken. */
int meta_principal_insert(struct meta_tx *tx,
			  const struct meta_principal *principal,
			  int64_t *ret_id, struct err *err);

/* Store description, disabled, expires_ms and session_max_s of the row of that
 * id; ERR_NOT_FOUND if there is none. */
int meta_principal_update(struct meta_tx *tx,
			  const struct meta_principal *principal,
			  struct err *err);

/* Another password hash; its refresh tokens end.  ERR_NOT_FOUND. */
int meta_principal_set_password(struct meta_tx *tx, int64_t id,
				const char *hash, struct err *err);

/* The same without ending anything: a hash of the same password that costs
 * more.  No change of identity. */
int meta_principal_rehash(struct meta_tx *tx, int64_t id, const char *hash,
			  struct err *err);

/* Remove one with everything that is its own: memberships, attachments, keys,
 * tokens, certificates.  ERR_NOT_FOUND. */
int meta_principal_delete(struct meta_tx *tx, int64_t id, struct err *err);

/* One row of a listing, borrowed for the call.  0 goes on, -1 stops. */
typedef int meta_principal_fn(void *context,
			      const struct meta_principal *principal,
			      struct err *err);

/* Which principals to list. */
struct meta_principal_query {
	struct span account;	       /* whose */
	enum meta_principal_kind kind; /* of which kind */
	struct span after;	       /* names behind it, in byte order */
	size_t limit;		       /* at most */
};

/* As meta_repository_page(). */
int meta_principal_page(struct meta_tx *tx,
			const struct meta_principal_query *asked,
			meta_principal_fn *each, void *context, bool *ret_more,
			struct err *err);

/* Who may assume a role: a policy document, "" for nobody. */
int meta_role_trust(struct meta_tx *tx, int64_t id, struct buf *out,
		    struct err *err);
int meta_role_set_trust(struct meta_tx *tx, int64_t id, struct span document,
			struct err *err);

/*
 * Names in client certificates that stand for a principal: "DNS:build.example",
 * "URI:spiffe://example/ci", "email:ci@example".  Add: ERR_EXISTS,
 * ERR_NOT_FOUND (no such principal).  Remove: 1 or 0 if it was not there. Page:
 * those of one principal.
 */
int meta_certificate_find(struct meta_tx *tx, struct span account,
			  struct span name, int64_t *ret_principal_id,
			  struct err *err);
int meta_certificate_add(struct meta_tx *tx, struct span account,
			 struct span name, int64_t principal_id,
			 struct err *err);
int meta_certificate_remove(struct meta_tx *tx, struct span account,
			    struct span name, int64_t principal_id,
			    struct err *err);
int meta_certificate_list(struct meta_tx *tx, int64_t principal_id,
			  int (*each)(void *context, struct span name,
				      struct err *err),
			  void *context, struct err *err);

/* Note in this transaction that identities or policies changed. */
int meta_identity_changed(struct meta_tx *tx, struct err *err);

/* A number that grows with every such change, of whichever server. */
int meta_identity_generation(struct meta_tx *tx, int64_t *ret_generation,
			     struct err *err);

#endif
