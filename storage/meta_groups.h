/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_META_GROUPS_H
#define STORAGE_META_GROUPS_H

/* Groups of users and robots: they carry policies, nothing else. */

#include "storage/meta_principals.h"
#include "storage/meta_repositories.h"

struct meta_group {
	int64_t id;				 /* never used again */
	char account[META_ACCOUNT_SIZE];	 /* whose it is */
	char name[META_PRINCIPAL_NAME_SIZE];	 /* "developers" */
	char description[META_DESCRIPTION_SIZE]; /* for people */
	int64_t created_ms;			 /* wall time */
};

/* By name within the account: 1 / 0 / -1. */
int meta_group_find(struct meta_tx *tx, struct span account, struct span name,
		    struct meta_group *ret_group, struct err *err);

/* A new one with account, name, description; ERR_EXISTS. */
int meta_group_insert(struct meta_tx *tx, const struct meta_group *group,
		      int64_t *ret_id, struct err *err);

/* Store the description of the row of that id; ERR_NOT_FOUND. */
int meta_group_update(struct meta_tx *tx, const struct meta_group *group,
		      struct err *err);

/* Remove it with its memberships and attachments; ERR_NOT_FOUND. */
int meta_group_delete(struct meta_tx *tx, int64_t id, struct err *err);

typedef int meta_group_fn(void *context, const struct meta_group *group,
			  struct err *err);

/* As meta_principal_page(). */
int meta_group_page(struct meta_tx *tx, struct span account, struct span after,
		    size_t limit, meta_group_fn *each, void *context,
		    bool *ret_more, struct err *err);

/* Put a user or robot of the same account in, take it out: 1 done, 0 it was so
 * already, -1; ERR_NOT_FOUND if there is no such group or member to put in. */
int meta_group_add(struct meta_tx *tx, int64_t group_id, int64_t principal_id,
		   struct err *err);
int meta_group_remove(struct meta_tx *tx, int64_t group_id,
		      int64_t principal_id, struct err *err);

/* Names of a group's members after `after`, and of the groups that a principal
 * is in; in byte order, as meta_repository_page(). */
int meta_group_members(struct meta_tx *tx, int64_t group_id, struct span after,
		       size_t limit, meta_name_fn *each, void *context,
		       bool *ret_more, struct err *err);
int meta_group_of(struct meta_tx *tx, int64_t principal_id, meta_name_fn *each,
		  void *context, struct err *err);

#endif
