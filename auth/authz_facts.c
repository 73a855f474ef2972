/* SPDX-License-Identifier: Apache-2.0 */
/* The policies that count for a question, from the cache or the database. */
#include <inttypes.h>
#include <stdio.h>

#include "auth/authz_parts.h"
#include "auth/grants.h"
#include "auth/scope.h"
#include "base/err.h"
#include "storage/meta_policies.h"
#include "storage/refname.h"

#define KEY_SIZE (REFNAME_REPOSITORY_MAX + 8)

struct reading {
	struct authz *authz;
	const struct authz_question *question;
	uint64_t generation;
	bool may_wait;	    /* for the database */
	struct meta_tx *tx; /* begun when it is needed; or NULL */
};

typedef int read_fn(struct reading *reading, struct grants **ret_grants,
		    struct err *err);

static int of_principal(struct reading *reading, struct grants **ret_grants,
			struct err *err)
{
	return grants_of_principal(
		reading->tx, span_of(reading->question->principal->account),
		reading->question->principal->id, ret_grants, err);
}

static int of_repository(struct reading *reading, struct grants **ret_grants,
			 struct err *err)
{
	return grants_of_repository(reading->tx, reading->authz->config.scope,
				    reading->question->repository, ret_grants,
				    err);
}

static int of_registry(struct reading *reading, struct grants **ret_grants,
		       struct err *err)
{
	return grants_of_registry(reading->tx, reading->authz->config.scope,
				  ret_grants, err);
}

static int begin(struct reading *reading, struct err *err)
{
	return reading->tx ? 0
			   : meta_read_begin(reading->authz->config.meta,
					     &reading->tx, err);
}

/* 1 it is there, 0 it would have to be waited for, -1. */
static int get(struct reading *reading, struct span key, read_fn *read,
	       struct grants **ret_grants, struct err *err)
{
	struct grant_cache *cache = reading->authz->cache;

	*ret_grants = grant_cache_get(cache, reading->generation, key);
	if (*ret_grants)
		return 1;
	if (!reading->may_wait)
		return 0;
	if (begin(reading, err) < 0 || read(reading, ret_grants, err) < 0)
		return -1;
	grant_cache_put(cache, reading->generation, key, *ret_grants);
	return 1;
}

/* Most registries have no policies of repositories: then no repository needs a
 * look. */
static int look_for_any(struct reading *reading, struct err *err)
{
	_Atomic uint64_t *without = &reading->authz->without;

	if (!reading->may_wait || begin(reading, err) < 0)
		return reading->may_wait ? -1 : 0;
	int any = meta_repository_policy_any(reading->tx, err);
	if (any == 0)
		atomic_store(without, reading->generation + 1);
	return any < 0 ? -1 : 1;
}

static bool none_has_any(const struct reading *reading)
{
	return atomic_load(&reading->authz->without) == reading->generation + 1;
}

static int get_own(struct reading *reading, struct grants **ret_grants,
		   struct err *err)
{
	struct span name = reading->question->repository;
	char key[KEY_SIZE];
	int len = snprintf(key, sizeof(key), "r%.*s", SPAN_ARG(name));
	struct span whole = span_make(key, (size_t)len);

	*ret_grants = grant_cache_get(reading->authz->cache,
				      reading->generation, whole);
	if (*ret_grants)
		return 1;
	int looked = look_for_any(reading, err);
	if (looked <= 0 || none_has_any(reading))
		return looked;
	return get(reading, whole, of_repository, ret_grants, err);
}

/* A name that is none has no policy, and no place in the cache. */
static int get_repository(struct reading *reading, struct grants **ret_grants,
			  struct err *err)
{
	struct span name = reading->question->repository;

	if (name.len == 0 || name.len > REFNAME_REPOSITORY_MAX ||
	    none_has_any(reading))
		return 1;
	return get_own(reading, ret_grants, err);
}

static int get_principal(struct reading *reading, struct grants **ret_grants,
			 struct err *err)
{
	const struct principal *principal = reading->question->principal;
	char key[KEY_SIZE];

	if (principal->id == 0)
		return 1;
	int len = snprintf(key, sizeof(key), "p%" PRId64, principal->id);
	return get(reading, span_make(key, (size_t)len), of_principal,
		   ret_grants, err);
}

/* It is compiled anew for each decision, of which most are kept. */
static int get_session(struct reading *reading, struct grants **ret_grants,
		       struct err *err)
{
	const struct ceiling *ceiling = reading->question->principal->ceiling;
	struct span document = SPAN_LIT("");

	if (ceiling)
		document = ceiling_policy(ceiling);
	if (document.len == 0)
		return 1;
	if (!reading->may_wait)
		return 0;
	return grants_of_document(POLICY_IDENTITY, SPAN_LIT("session policy"),
				  document, ret_grants, err) < 0
		       ? -1
		       : 1;
}

int authz_get_facts(struct authz *authz, const struct authz_question *question,
		    uint64_t generation, bool may_wait,
		    struct authz_facts *facts, struct err *err)
{
	struct reading reading = {.authz = authz,
				  .question = question,
				  .generation = generation,
				  .may_wait = may_wait};

	int got = get_session(&reading, &facts->session, err);
	if (got > 0)
		got = get_principal(&reading, &facts->principal, err);
	if (got > 0)
		got = get_repository(&reading, &facts->repository, err);
	if (got > 0)
		got = get(&reading, SPAN_LIT("g"), of_registry,
			  &facts->registry, err);
	meta_read_end(reading.tx);
	return got;
}

void authz_facts_release(struct authz_facts *facts)
{
	grants_unref(facts->principal);
	grants_unref(facts->repository);
	grants_unref(facts->registry);
	grants_unref(facts->session);
}

/* ---- deciding ---- */

/* Whoever may set the policy anew must be able to. */
static bool mends_repository(enum action action)
{
	return action == ACTION_GET_REPOSITORY_POLICY ||
	       action == ACTION_SET_REPOSITORY_POLICY ||
	       action == ACTION_DELETE_REPOSITORY_POLICY;
}

static bool mends_registry(enum action action)
{
	return action == ACTION_GET_REGISTRY_POLICY ||
	       action == ACTION_PUT_REGISTRY_POLICY ||
	       action == ACTION_DELETE_REGISTRY_POLICY;
}

static bool is_damaged(const struct grants *grants)
{
	return grants && grants->damaged;
}

bool authz_facts_damaged(const struct authz_facts *facts, enum action action)
{
	return is_damaged(facts->principal) || is_damaged(facts->session) ||
	       (is_damaged(facts->repository) && !mends_repository(action)) ||
	       (is_damaged(facts->registry) && !mends_registry(action));
}

enum policy_effect authz_decide(const struct authz_facts *facts,
				const struct authz_asked *asked,
				struct policy_reason *ret_reason)
{
	struct policy_set set = {.repository = grants_policy(facts->repository),
				 .registry = grants_policy(facts->registry),
				 .session = grants_policy(facts->session)};

	if (authz_facts_damaged(facts, asked->original->action)) {
		*ret_reason = (struct policy_reason){.statement = 0};
		return POLICY_EXPLICIT_DENY;
	}
	if (facts->principal) {
		set.identity = facts->principal->sources;
		set.identity_count = facts->principal->count;
	}
	return policy_decide(&set, &asked->question, ret_reason);
}
