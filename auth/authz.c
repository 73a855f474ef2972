/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/authz.h"

#include <stdlib.h>

#include "auth/authz_parts.h"
#include "auth/decisions.h"
#include "auth/grants.h"
#include "auth/scope.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "storage/refname.h"

#define SHORT_MAX 512 /* bytes of what a client brings to a pattern */

DEFINE_CLEANUP(authz_free_at, struct authz *, authz_free)

int authz_new(const struct authz_config *config, struct authz **ret_authz,
	      struct err *err)
{
	CLEANUP(authz_free_at) struct authz *authz = calloc(1, sizeof(*authz));

	if (!authz)
		return err_set(err, ERR_NO_MEMORY, "authz");
	authz->config = *config;
	if (decisions_new(&authz->decisions, err) < 0 ||
	    grant_cache_new(&authz->cache, err) < 0)
		return -1;
	*ret_authz = STEAL(authz);
	return 0;
}

void authz_free(struct authz *authz)
{
	if (!authz)
		return;
	decisions_free(authz->decisions);
	grant_cache_free(authz->cache);
	free(authz);
}

/* Whoever reads the database from now on sees the change; what was read before
 * is of an earlier generation. */
void authz_forget(struct authz *authz)
{
	atomic_fetch_add(&authz->generation, 1);
	grant_cache_clear(authz->cache);
}

/* ---- rules that need no policy ---- */

static bool is_known(const struct principal *principal)
{
	return principal->kind != PRINCIPAL_NONE &&
	       principal->kind != PRINCIPAL_ANONYMOUS;
}

/* What those without a name may do, by what the server was told to allow. */
static bool anonymous_may(enum anonymous_access access, enum action action)
{
	switch (action_scope(action)) {
	case SCOPE_RIGHT_PULL:
	case SCOPE_RIGHT_CATALOG:
		return access != ANONYMOUS_NONE;
	case SCOPE_RIGHT_PUSH:
	case SCOPE_RIGHT_DELETE:
		return access == ANONYMOUS_FULL;
	case SCOPE_RIGHT_NONE:
		break;
	}
	return action == ACTION_LOGIN && access != ANONYMOUS_NONE;
}

/* What a temporary credential made would outlive it. */
static bool is_himself(const struct principal *principal)
{
	return principal->kind == PRINCIPAL_USER && !principal->ceiling &&
	       principal->credential != CREDENTIAL_SESSION;
}

static enum authz_rule rule(bool allows, const char *why, const char *why_not,
			    const char **ret_why)
{
	*ret_why = allows ? why : why_not;
	return allows ? AUTHZ_ALLOWS : AUTHZ_REFUSES;
}

/* What is about no repository and nobody but who asks. */
static enum authz_rule rule_of_own(const struct authz *authz,
				   const struct authz_question *question,
				   const char **ret_why)
{
	const struct principal *principal = question->principal;
	enum action action = question->action;

	if (action == ACTION_PUBLIC || action == ACTION_BY_HANDLER)
		return rule(true, "it needs no permission", "", ret_why);
	if (action == ACTION_LOGIN)
		return rule(
			is_known(principal) ||
				anonymous_may(authz->config.anonymous, action),
			"whoever is known may", "only who is known may",
			ret_why);
	if (action == ACTION_SELF)
		return rule(is_himself(principal), "it is about himself",
			    "only a user himself may, with a credential that "
			    "is neither limited nor temporary",
			    ret_why);
	if (action == ACTION_UNSET || principal->kind == PRINCIPAL_NONE)
		return rule(false, "", "nobody is known", ret_why);
	return AUTHZ_POLICIES;
}

enum authz_rule authz_rule_of(const struct authz *authz,
			      const struct authz_question *question,
			      const char **ret_why)
{
	const struct principal *principal = question->principal;
	enum action action = question->action;
	enum authz_rule own = rule_of_own(authz, question, ret_why);

	if (own != AUTHZ_POLICIES)
		return own;
	if (principal->ceiling &&
	    !ceiling_covers(principal->ceiling, action, question->repository))
		return rule(false, "",
			    "the credential's scope does not cover it",
			    ret_why);
	if (anonymous_may(authz->config.anonymous, action) ||
	    (action == ACTION_READ_METRICS &&
	     (authz->config.public_metrics || principal->local)))
		return rule(true, "the server's configuration lets anybody", "",
			    ret_why);
	if (action == ACTION_DESCRIBE_REPOSITORIES &&
	    question->repository.len == 0 && is_known(principal))
		return rule(true, "a listing shows what he may see", "",
			    ret_why);
	return AUTHZ_POLICIES;
}

/* ---- refusing ---- */

/* A wider token may help who has one, logging in who has not. */
int authz_refuse(const struct authz *authz,
		 const struct authz_question *question, struct err *err)
{
	CLEANUP(buf_release) struct buf arn = BUF_INIT(2048);
	CLEANUP(buf_release) struct buf resource = BUF_INIT(16384);
	const char *action = action_name(question->action);

	if (question->principal->credential == CREDENTIAL_BEARER)
		return err_set(err, ERR_SCOPE,
			       "%s is not allowed, or the token does not cover "
			       "it",
			       action);
	if (!is_known(question->principal))
		return err_set(err, ERR_UNAUTHENTICATED,
			       "%s is not allowed without credentials", action);
	principal_arn(question->principal, &arn);
	authz_resource_arn(authz, question, &resource);
	err_set(err, ERR_DENIED, "%s is not allowed to this principal", action);
	return err_tell(err,
			"User: %s is not authorized to perform: %s on "
			"resource: %s",
			buf_text(&arn), action, buf_text(&resource));
}

/* ---- deciding ---- */

/* What is about a person is asked too seldom to be kept. */
static bool is_kept(const struct authz_question *question)
{
	return question->target.len == 0 &&
	       question->repository.len <= REFNAME_REPOSITORY_MAX;
}

static enum decision find_decision(struct authz *authz,
				   const struct authz_question *question,
				   uint64_t generation)
{
	if (!is_kept(question))
		return DECISION_UNKNOWN;
	struct decision_key key =
		decisions_key(authz->decisions, generation, question);
	return decisions_find(authz->decisions, &key);
}

static uint64_t generation_of(struct authz *authz)
{
	return atomic_load_explicit(&authz->generation, memory_order_acquire);
}

/* 1 decided, 0 it would have to be waited for, -1.  The generation was taken
 * before anything is read. */
static int decide(struct authz *authz, const struct authz_question *question,
		  uint64_t generation, bool may_wait,
		  enum policy_effect *ret_effect, struct err *err)
{
	CLEANUP(authz_asked_release) struct authz_asked asked = {0};
	CLEANUP(authz_facts_release) struct authz_facts facts = {0};
	struct policy_reason reason;
	int got = authz_get_facts(authz, question, generation, may_wait, &facts,
				  err);

	if (got <= 0)
		return got;
	if (authz_ask(authz, question, &asked, err) < 0)
		return -1;
	*ret_effect = authz_decide(&facts, &asked, &reason);
	if (reason.contextual || !is_kept(question))
		return 1;
	struct decision_key key =
		decisions_key(authz->decisions, generation, question);
	decisions_keep(authz->decisions, &key,
		       *ret_effect == POLICY_ALLOW ? DECISION_ALLOWED
						   : DECISION_DENIED);
	return 1;
}

/* What policies say: 1 allowed, 0 it would have to be waited for, -1. */
static int ask_policies(struct authz *authz,
			const struct authz_question *question,
			uint64_t generation, bool may_wait, struct err *err)
{
	enum policy_effect effect = POLICY_IMPLICIT_DENY;
	int decided =
		decide(authz, question, generation, may_wait, &effect, err);

	if (decided <= 0)
		return decided;
	return effect == POLICY_ALLOW ? 1 : authz_refuse(authz, question, err);
}

/* Matching takes at most the product of lengths: what the client brings must be
 * short, or an event loop should not do it. */
static bool is_short(const struct authz_question *question)
{
	return question->user_agent.len <= SHORT_MAX &&
	       question->repository.len <= REFNAME_REPOSITORY_MAX &&
	       question->target.len <= SHORT_MAX;
}

static int ask(struct authz *authz, const struct authz_question *question,
	       bool may_wait, struct err *err)
{
	uint64_t generation = generation_of(authz);
	const char *why = NULL;

	switch (authz_rule_of(authz, question, &why)) {
	case AUTHZ_ALLOWS:
		return 1;
	case AUTHZ_REFUSES:
		return authz_refuse(authz, question, err);
	case AUTHZ_POLICIES:
		break;
	}
	switch (find_decision(authz, question, generation)) {
	case DECISION_ALLOWED:
		return 1;
	case DECISION_DENIED:
		return authz_refuse(authz, question, err);
	case DECISION_UNKNOWN:
		break;
	}
	if (!may_wait && !is_short(question))
		return 0;
	return ask_policies(authz, question, generation, may_wait, err);
}

int authz_quick(struct authz *authz, const struct authz_question *question,
		struct err *err)
{
	return ask(authz, question, false, err);
}

int authz_check(struct authz *authz, const struct authz_question *question,
		struct err *err)
{
	return ask(authz, question, true, err) < 0 ? -1 : 0;
}
