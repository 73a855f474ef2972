/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/policy.h"

#include <stdlib.h>

#include "auth/policy_parts.h"

struct policy *policy_ref(struct policy *policy)
{
	if (policy)
		atomic_fetch_add_explicit(&policy->references, 1,
					  memory_order_relaxed);
	return policy;
}

void policy_unref(struct policy *policy)
{
	if (!policy || atomic_fetch_sub_explicit(&policy->references, 1,
						 memory_order_acq_rel) > 1)
		return;
	arena_release(&policy->arena);
	free(policy);
}

/* ---- principals ---- */

/* An account in an allowing statement hands the decision to the account: its
 * own policies must allow, too. */
enum who_match { WHO_NOT, WHO_BY_ACCOUNT, WHO_HIMSELF };

/* The issuer of a web identity, as Principal writes it. */
static struct span issuer_host(struct span issuer)
{
	struct span scheme = SPAN_LIT("https://");

	if (span_starts(issuer, scheme))
		issuer = span_make(issuer.text + scheme.len,
				   issuer.len - scheme.len);
	return issuer;
}

static enum who_match one_matches(const struct policy_who *who,
				  const struct policy_question *question,
				  bool deny)
{
	bool federated = question->federated.len > 0;

	switch (who->kind) {
	case POLICY_WHO_ANYBODY:
		return federated && !deny ? WHO_NOT : WHO_HIMSELF;
	case POLICY_WHO_ACCOUNT:
		return span_equal(who->text, question->principal_account)
			       ? WHO_BY_ACCOUNT
			       : WHO_NOT;
	case POLICY_WHO_ARN:
		return span_equal(who->text, question->principal_arn) ||
				       span_equal(who->text, question->role_arn)
			       ? WHO_HIMSELF
			       : WHO_NOT;
	case POLICY_WHO_FEDERATED:
		return federated && span_equal(who->text,
					       issuer_host(question->federated))
			       ? WHO_HIMSELF
			       : WHO_NOT;
	case POLICY_WHO_SERVICE:
		break;
	}
	return WHO_NOT;
}

/* As with Amazon, an account in NotPrincipal spares nobody of it: who is to be
 * spared is named himself. */
static enum who_match who_matches(const struct policy_statement *statement,
				  const struct policy_question *question)
{
	enum who_match best = WHO_NOT;

	if (statement->who_count == 0)
		return WHO_HIMSELF;
	for (size_t i = 0; i < statement->who_count; i++) {
		enum who_match one = one_matches(&statement->who[i], question,
						 statement->deny);
		if (one > best)
			best = one;
	}
	if (!statement->not_principal)
		return best;
	return best == WHO_HIMSELF ? WHO_NOT : WHO_HIMSELF;
}

/* ---- statements ---- */

static bool action_matches(const struct policy_statement *statement,
			   struct span action)
{
	for (size_t i = 0; i < statement->actions.count; i++)
		if (policy_glob(statement->actions.list[i].text, action, true))
			return !statement->not_action;
	return statement->not_action;
}

static bool resource_matches(const struct policy_statement *statement,
			     struct policy_context *context)
{
	struct span pattern = {0};

	if (statement->resources.count == 0)
		return true;
	for (size_t i = 0; i < statement->resources.count; i++)
		if (policy_context_expand(context,
					  &statement->resources.list[i], true,
					  &pattern) &&
		    policy_glob(pattern, context->question->resource, false))
			return !statement->not_resource;
	return statement->not_resource;
}

static bool conditions_hold(const struct policy_statement *statement,
			    struct policy_context *context)
{
	for (size_t i = 0; i < statement->condition_count; i++)
		if (!condition_holds(&statement->conditions[i], context))
			return false;
	return true;
}

static enum who_match applies(const struct policy_statement *statement,
			      struct policy_context *context)
{
	enum who_match who = who_matches(statement, context->question);

	if (who == WHO_NOT ||
	    !action_matches(statement, context->question->action) ||
	    !resource_matches(statement, context) ||
	    !conditions_hold(statement, context))
		return WHO_NOT;
	return who;
}

/* ---- documents ---- */

/* What some documents say, and by which statement. */
struct verdict {
	bool denied;		/* allowed means nothing then */
	enum who_match allowed; /* the strongest */
	struct span source;	/* name of the document that decided */
	struct span group;	/* that brought it */
	struct span sid;	/* of its statement */
	size_t statement;	/* from 1 */
};

static void decided_by(struct verdict *verdict,
		       const struct policy_source *source, size_t index)
{
	verdict->source = source->name;
	verdict->group = source->group;
	verdict->sid = source->policy->statements[index].sid;
	verdict->statement = index + 1;
}

/* Nothing undoes a denial, so the first ends it. */
static void judge(const struct policy_source *source,
		  struct policy_context *context, struct verdict *verdict)
{
	const struct policy *policy = source->policy;

	for (size_t i = 0; policy && i < policy->statement_count; i++) {
		const struct policy_statement *statement =
			&policy->statements[i];

		if (verdict->denied ||
		    (!statement->deny && verdict->allowed == WHO_HIMSELF))
			continue;
		enum who_match match = applies(statement, context);
		if (match == WHO_NOT)
			continue;
		if (statement->deny)
			verdict->denied = true;
		else if (match > verdict->allowed)
			verdict->allowed = match;
		else
			continue;
		decided_by(verdict, source, i);
	}
}

/* ---- the decision ---- */

enum side { IDENTITY, RESOURCE, SESSION, SIDES };

static enum policy_effect conclude(const struct policy_context *context,
				   const struct verdict *decisive,
				   struct policy_reason *reason,
				   struct policy_reason *ret_reason)
{
	if (decisive) {
		reason->source = decisive->source;
		reason->group = decisive->group;
		reason->sid = decisive->sid;
		reason->statement = decisive->statement;
	}
	reason->contextual = context->contextual || context->failed;
	if (ret_reason)
		*ret_reason = *reason;
	if (context->failed || !decisive)
		return POLICY_IMPLICIT_DENY;
	if (decisive->denied)
		return POLICY_EXPLICIT_DENY;
	return decisive->statement > 0 ? POLICY_ALLOW : POLICY_IMPLICIT_DENY;
}

static void judge_all(const struct policy_set *set,
		      struct policy_context *context,
		      struct verdict verdicts[SIDES])
{
	const struct policy_source others[] = {
		{set->repository, SPAN_LIT("repository policy"), {0}},
		{set->registry, SPAN_LIT("registry policy"), {0}},
		{set->session, SPAN_LIT("session policy"), {0}},
	};

	for (size_t i = 0; i < set->identity_count; i++)
		judge(&set->identity[i], context, &verdicts[IDENTITY]);
	judge(&others[0], context, &verdicts[RESOURCE]);
	judge(&others[1], context, &verdicts[RESOURCE]);
	judge(&others[2], context, &verdicts[SESSION]);
}

static bool by_identity_alone(const struct policy_question *question)
{
	return span_equal_nocase(question->action,
				 SPAN_LIT("ecr:GetAuthorizationToken"));
}

/* What each side says for itself, as far as it is its own to say. */
static struct policy_reason sides_of(const struct policy_question *question,
				     const struct verdict verdicts[SIDES])
{
	bool cross = question->principal_account.len > 0 &&
		     !span_equal(question->principal_account,
				 question->resource_account);
	enum who_match resource = verdicts[RESOURCE].allowed;

	return (struct policy_reason){
		.cross_account = cross,
		.identity_allows = verdicts[IDENTITY].allowed != WHO_NOT &&
				   !verdicts[IDENTITY].denied,
		.resource_allows =
			resource >= (cross ? WHO_BY_ACCOUNT : WHO_HIMSELF) &&
			!verdicts[RESOURCE].denied &&
			!by_identity_alone(question)};
}

/* The verdict that decides, or NULL if nobody allows. */
static const struct verdict *decisive_of(const struct policy_set *set,
					 const struct policy_question *question,
					 const struct policy_reason *sides,
					 struct verdict verdicts[SIDES])
{
	bool both = sides->cross_account && !by_identity_alone(question);

	for (int side = 0; side < SIDES; side++)
		if (verdicts[side].denied)
			return &verdicts[side];
	if (set->session && verdicts[SESSION].allowed == WHO_NOT) {
		verdicts[SESSION].source = SPAN_LIT("session policy");
		return &verdicts[SESSION];
	}
	if (both && !(sides->identity_allows && sides->resource_allows))
		return NULL;
	if (sides->identity_allows)
		return &verdicts[IDENTITY];
	return sides->resource_allows ? &verdicts[RESOURCE] : NULL;
}

enum policy_effect policy_decide(const struct policy_set *set,
				 const struct policy_question *question,
				 struct policy_reason *ret_reason)
{
	struct policy_context context = policy_context_init(question);
	struct verdict verdicts[SIDES] = {0};

	judge_all(set, &context, verdicts);
	policy_context_release(&context);

	struct policy_reason reason = sides_of(question, verdicts);
	const struct verdict *decisive =
		decisive_of(set, question, &reason, verdicts);
	return conclude(&context, decisive, &reason, ret_reason);
}

enum policy_effect policy_trusts(const struct policy *trust,
				 const struct policy_question *question,
				 struct policy_reason *ret_reason)
{
	const struct policy_source source = {.policy = trust,
					     .name = SPAN_LIT("trust policy")};
	struct policy_context context = policy_context_init(question);
	struct verdict verdict = {.denied = false};

	judge(&source, &context, &verdict);
	policy_context_release(&context);

	struct policy_reason reason = {
		.cross_account = !span_equal(question->principal_account,
					     question->resource_account),
		.resource_allows =
			verdict.allowed == WHO_HIMSELF && !verdict.denied};
	return conclude(&context, &verdict, &reason, ret_reason);
}
