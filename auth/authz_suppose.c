/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/authz_parts.h"
#include "auth/grants.h"
#include "base/cleanup.h"
#include "base/err.h"

DEFINE_CLEANUP(policy_unref_at, struct policy *, policy_unref)

/* Put a document in the place of what was read. */
static int replace(struct grants **grants, enum policy_kind kind,
		   struct span document, struct err *err)
{
	CLEANUP(policy_unref_at) struct policy *policy = NULL;
	struct grants *other = NULL;

	/* What is malformed is said to be, and not taken for damaged. */
	if (policy_parse(kind, document, &policy, err) < 0 ||
	    grants_of_document(kind, SPAN_LIT("new policy"), document, &other,
			       err) < 0)
		return -1;
	grants_unref(*grants);
	*grants = other;
	return 0;
}

int authz_suppose(struct authz *authz, const struct authz_question *question,
		  struct span document, struct err *err)
{
	CLEANUP(authz_asked_release) struct authz_asked asked;
	CLEANUP(authz_facts_release) struct authz_facts facts = {0};
	bool named = question->repository.len > 0;
	struct policy_reason reason;
	const char *why = NULL;

	if (authz_ask(authz, question, &asked, err) < 0 ||
	    authz_get_facts(authz, question, authz->generation, true, &facts,
			    err) < 0)
		return -1;
	if ((named ? replace(&facts.repository, POLICY_REPOSITORY, document,
			     err)
		   : replace(&facts.registry, POLICY_REGISTRY, document, err)) <
	    0)
		return -1;
	switch (authz_rule_of(authz, question, &why)) {
	case AUTHZ_ALLOWS:
		return 0;
	case AUTHZ_REFUSES:
		return authz_refuse(authz, question, err);
	case AUTHZ_POLICIES:
		break;
	}
	if (authz_decide(&facts, &asked, &reason) == POLICY_ALLOW)
		return 0;
	return authz_refuse(authz, question, err);
}
