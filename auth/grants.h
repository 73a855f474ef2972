/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_GRANTS_H
#define AUTH_GRANTS_H

/*
 * The policies that count for a principal, a repository or the registry, read
 * from the database and compiled; and a bounded cache of them.  A row that
 * cannot be understood may have been meant to deny: it makes the whole damaged,
 * and is logged.  Any thread; reading waits for the database.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/policy.h"
#include "base/arena.h"
#include "storage/meta.h"

struct err;
struct grant_cache;

struct grants {
	atomic_uint references;	       /* counted */
	bool damaged;		       /* nothing may be allowed by them */
	struct policy_source *sources; /* with a reference on each policy */
	size_t count;		       /* of sources */
	size_t bytes;		       /* about what they take */
	struct arena names;	       /* what sources are called */
};

/* 0 with a reference, or -1: the database, ERR_NO_MEMORY. */
int grants_of_principal(struct meta_tx *tx, struct span account, int64_t id,
			struct grants **ret_grants, struct err *err);

/* The same of one document, named so; a repository that is not there has none,
 * and takes as long. */
int grants_of_repository(struct meta_tx *tx, struct meta_scope scope,
			 struct span repository, struct grants **ret_grants,
			 struct err *err);
int grants_of_registry(struct meta_tx *tx, struct meta_scope scope,
		       struct grants **ret_grants, struct err *err);

/* One that is not stored: a session's policy, a role's trust. */
int grants_of_document(enum policy_kind kind, struct span name,
		       struct span document, struct grants **ret_grants,
		       struct err *err);

/* Another reference, and its end; NULL is fine. */
struct grants *grants_ref(struct grants *grants);
void grants_unref(struct grants *grants);

/* The policy of one document, or NULL. */
const struct policy *grants_policy(const struct grants *grants);

/* ---- cache ---- */

/* An empty one: ERR_NO_MEMORY, or no randomness.  grant_cache_free accepts
 * NULL. */
int grant_cache_new(struct grant_cache **ret_cache, struct err *err);
void grant_cache_free(struct grant_cache *cache);

/* What is kept under that key, read under that generation: a reference, or
 * NULL. */
struct grants *grant_cache_get(struct grant_cache *cache, uint64_t generation,
			       struct span key);

/* Keep it; takes its own reference. */
void grant_cache_put(struct grant_cache *cache, uint64_t generation,
		     struct span key, struct grants *grants);

/* Drop everything. */
void grant_cache_clear(struct grant_cache *cache);

#endif
