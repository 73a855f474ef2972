/* SPDX-License-Identifier: Apache-2.0 */
/* The policies that count for a question, from the cache or the database. */
#include <inttypes.h>
#include <stdio.h>

#include "auth/authz_parts.h"
#include "auth/grants.h"
#include "auth/scope.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "storage/refname.h"

#define KEY_SIZE (REFNAME_REPOSITORY_MAX + 8)

/* Reading: a transaction that is begun when it is needed. */
struct reading {
	struct authz *authz;
	const struct authz_question *question;
	uint64_t generation;
	struct meta_tx *tx; /* or NULL */
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

static int get(struct reading *reading, struct span key, read_fn *read,
	       struct grants **ret_grants, struct err *err)
{
	struct grant_cache *cache = reading->authz->cache;

	*ret_grants = grant_cache_get(cache, reading->generation, key);
	if (*ret_grants)
		return 0;
	if (!reading->tx &&
	    meta_read_begin(reading->authz->config.meta, &reading->tx, err) < 0)
		return -1;
	if (read(reading, ret_grants, err) < 0)
		return -1;
	grant_cache_put(cache, reading->generation, key, *ret_grants);
	return 0;
}

/* A name that is none has no policy, and no place in the cache. */
static int get_repository(struct reading *reading, struct grants **ret_grants,
			  struct err *err)
{
	struct span name = reading->question->repository;
	char key[KEY_SIZE];

	if (name.len == 0)
		return 0;
	if (name.len > REFNAME_REPOSITORY_MAX)
		return grants_of_document(POLICY_REPOSITORY, SPAN_LIT(""),
					  SPAN_LIT(""), ret_grants, err);
	int len = snprintf(key, sizeof(key), "r%.*s", SPAN_ARG(name));
	return get(reading, span_make(key, (size_t)len), of_repository,
		   ret_grants, err);
}

static int get_principal(struct reading *reading, struct grants **ret_grants,
			 struct err *err)
{
	const struct principal *principal = reading->question->principal;
	char key[KEY_SIZE];

	if (principal->id == 0)
		return 0;
	int len = snprintf(key, sizeof(key), "p%" PRId64, principal->id);
	return get(reading, span_make(key, (size_t)len), of_principal,
		   ret_grants, err);
}

static int get_session(const struct authz_question *question,
		       struct grants **ret_grants, struct err *err)
{
	const struct ceiling *ceiling = question->principal->ceiling;
	struct span document = SPAN_LIT("");

	if (ceiling)
		document = ceiling_policy(ceiling);
	if (document.len == 0)
		return 0;
	return grants_of_document(POLICY_IDENTITY, SPAN_LIT("session policy"),
				  document, ret_grants, err);
}

int authz_read_facts(struct authz *authz, const struct authz_question *question,
		     uint64_t generation, struct authz_facts *facts,
		     struct err *err)
{
	struct reading reading = {
		.authz = authz, .question = question, .generation = generation};

	int done = get_principal(&reading, &facts->principal, err);
	if (done == 0)
		done = get_repository(&reading, &facts->repository, err);
	if (done == 0)
		done = get(&reading, SPAN_LIT("g"), of_registry,
			   &facts->registry, err);
	meta_read_end(reading.tx);
	return done < 0 ? -1 : get_session(question, &facts->session, err);
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
