/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_META_POLICIES_H
#define STORAGE_META_POLICIES_H

/*
 * Policy documents: those with names, which are attached to principals and
 * groups; those of repositories; and the registry's own.  Documents are the
 * bytes that were set: whoever sets one has checked them
 * (auth/policy.h).  Ready-made policies (auth/managed.h) have no row: only
 * their attachments do.
 */

#include "storage/meta_principals.h"
#include "storage/meta_repositories.h"

struct buf;

/* ---- policies with names ---- */

/* The document of a policy: 1 appended to out, 0, -1. */
int meta_policy_find(struct meta_tx *tx, struct span account, struct span name,
		     struct buf *out, struct err *err);

/* Make or replace: 1 replaced, 0 new, -1. */
int meta_policy_put(struct meta_tx *tx, struct span account, struct span name,
		    struct span document, struct err *err);

/* Remove: 1, or 0 if there was none; -1 ERR_CONFLICT while it is attached. */
int meta_policy_delete(struct meta_tx *tx, struct span account,
		       struct span name, struct err *err);

/* As meta_repository_page(). */
int meta_policy_page(struct meta_tx *tx, struct span account, struct span after,
		     size_t limit, meta_name_fn *each, void *context,
		     bool *ret_more, struct err *err);

/* ---- attachments ---- */

enum meta_holder_kind { META_HOLDER_PRINCIPAL = 1, META_HOLDER_GROUP = 2 };

/* Whom a policy is attached to. */
struct meta_holder {
	enum meta_holder_kind kind; /* which table the id is of */
	int64_t id;		    /* of the principal or group */
};

/* Attach a policy for repositories of a pattern ("*": all; ready-made policies
 * use it), or detach it: 1 done, 0 it was so already, -1; ERR_NOT_FOUND if the
 * holder to attach it to is not there. */
int meta_policy_attach(struct meta_tx *tx, struct meta_holder holder,
		       struct span account, struct span policy,
		       struct span pattern, struct err *err);
int meta_policy_detach(struct meta_tx *tx, struct meta_holder holder,
		       struct span policy, struct span pattern,
		       struct err *err);

/* One attachment, borrowed for the call. */
struct meta_attachment {
	struct span policy;   /* its name */
	struct span pattern;  /* of repositories */
	struct span document; /* of a policy with a row, else "" */
	struct span group;    /* that brought it, or "" */
};
typedef int meta_attachment_fn(void *context,
			       const struct meta_attachment *attachment,
			       struct err *err);

/* What is attached to the holder itself, by policy and pattern. */
int meta_policy_attached(struct meta_tx *tx, struct meta_holder holder,
			 meta_attachment_fn *each, void *context,
			 struct err *err);

/* What a principal has, by itself and through its groups: what decides. */
int meta_policy_effective(struct meta_tx *tx, int64_t principal_id,
			  meta_attachment_fn *each, void *context,
			  struct err *err);

/* ---- policies of repositories, and of the registry ---- */

/* The document of a repository's policy: 1 / 0 / -1. */
int meta_repository_policy(struct meta_tx *tx, int64_t repository_id,
			   struct buf *out, struct err *err);

/* Whether any repository has one: 1 / 0 / -1. */
int meta_repository_policy_any(struct meta_tx *tx, struct err *err);

/* Set it; "" removes it.  1 there was one, 0 there was none, -1. */
int meta_repository_set_policy(struct meta_tx *tx, int64_t repository_id,
			       struct span document, struct err *err);

/* The same for the registry of an account and region. */
int meta_registry_policy(struct meta_tx *tx, struct meta_scope scope,
			 struct buf *out, struct err *err);
int meta_registry_set_policy(struct meta_tx *tx, struct meta_scope scope,
			     struct span document, struct err *err);

#endif
