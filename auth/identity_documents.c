/* SPDX-License-Identifier: Apache-2.0 */
/* The documents that belong to something: a role's trust, the policies of
 * repositories and of the registry. */
#include "auth/identity_internal.h"
#include "auth/identity_policies.h"
#include "auth/policy.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "storage/meta_policies.h"
#include "storage/meta_repositories.h"

#define DOCUMENT_MAX ((size_t)1 << 20) /* as in identity_policies.c */

struct set {
	struct identity_change change;
	struct span repository;
	struct span document;
};

/* "" is no document, and removes one. */
static int set_document(struct set *set, enum policy_kind kind,
			meta_work_fn *work, struct err *err)
{
	struct policy *policy = NULL;

	if (set->document.len > 0 &&
	    policy_parse(kind, set->document, &policy, err) < 0)
		return -1;
	policy_unref(policy);
	return identity_write(&set->change, work, set, err);
}

static int note(struct meta_tx *tx, const struct set *set, const char *kind,
		const struct buf *before, struct err *err)
{
	struct identity_entry entry = {.kind = kind,
				       .target = set->repository,
				       .before = buf_span(before),
				       .after = set->document};

	if (buf_check(before, err) < 0)
		return -1;
	return identity_note(tx, &set->change, &entry, err);
}

static int no_policy(struct err *err)
{
	err_set(err, ERR_NOT_FOUND, "no policy is set");
	return err_tell(err, "no policy is set here");
}

/* ---- trust ---- */

static int trust_work(struct meta_tx *tx, void *context, struct err *err)
{
	CLEANUP(buf_release) struct buf before = BUF_INIT(DOCUMENT_MAX);
	const struct set *set = context;
	struct meta_principal role;

	if (identity_find(tx, set->change.identity->scope.account,
			  set->change.who, &role, err) < 0 ||
	    meta_role_trust(tx, role.id, &before, err) < 0 ||
	    meta_role_set_trust(tx, role.id, set->document, err) < 0)
		return -1;
	return note(tx, set, "role.trust", &before, err);
}

int identity_role_trust(const struct identity *identity,
			const struct identity_by *by, struct span role,
			struct span document, struct err *err)
{
	struct set set = {
		.change = {.identity = identity,
			   .by = by,
			   .who = {.kind = IDENTITY_ROLE, .name = role}},
		.document = document};

	return set_document(&set, POLICY_TRUST, trust_work, err);
}

/* ---- policies of repositories, and of the registry ---- */

static int repository_work(struct meta_tx *tx, void *context, struct err *err)
{
	CLEANUP(buf_release) struct buf before = BUF_INIT(DOCUMENT_MAX);
	const struct set *set = context;
	int64_t id = 0;
	int found = meta_repository_find(tx, set->change.identity->scope,
					 set->repository, &id, err);

	if (found == 0)
		return err_set(err, ERR_REPOSITORY_UNKNOWN, "no repository");
	if (found < 0 || meta_repository_policy(tx, id, &before, err) < 0)
		return -1;
	int was = meta_repository_set_policy(tx, id, set->document, err);
	if (was < 0)
		return -1;
	if (was == 0 && set->document.len == 0)
		return no_policy(err);
	return note(tx, set,
		    set->document.len > 0 ? "repository-policy.set"
					  : "repository-policy.delete",
		    &before, err);
}

int identity_repository_policy(const struct identity *identity,
			       const struct identity_by *by,
			       struct span repository, struct span document,
			       struct err *err)
{
	struct set set = {.change = {.identity = identity, .by = by},
			  .repository = repository,
			  .document = document};

	return set_document(&set, POLICY_REPOSITORY, repository_work, err);
}

static int registry_work(struct meta_tx *tx, void *context, struct err *err)
{
	CLEANUP(buf_release) struct buf before = BUF_INIT(DOCUMENT_MAX);
	const struct set *set = context;
	struct meta_scope scope = set->change.identity->scope;

	if (meta_registry_policy(tx, scope, &before, err) < 0)
		return -1;
	int was = meta_registry_set_policy(tx, scope, set->document, err);
	if (was < 0)
		return -1;
	if (was == 0 && set->document.len == 0)
		return no_policy(err);
	return note(tx, set,
		    set->document.len > 0 ? "registry-policy.set"
					  : "registry-policy.delete",
		    &before, err);
}

int identity_registry_policy(const struct identity *identity,
			     const struct identity_by *by, struct span document,
			     struct err *err)
{
	struct set set = {.change = {.identity = identity, .by = by},
			  .document = document};

	return set_document(&set, POLICY_REGISTRY, registry_work, err);
}
