/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions that are told in words, and the assuming of roles. */
#include <stdlib.h>
#include <string.h>

#include "auth/authz_parts.h"
#include "auth/grants.h"
#include "auth/scope.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "storage/meta_principals.h"

#define WORDS_MAX 65536

/* ---- explaining ---- */

static const char *effect_name(enum policy_effect effect)
{
	switch (effect) {
	case POLICY_ALLOW:
		return "allowed";
	case POLICY_EXPLICIT_DENY:
		return "explicitDeny";
	case POLICY_IMPLICIT_DENY:
		break;
	}
	return "implicitDeny";
}

static void add_text(struct buf *out, const char *name, struct span text)
{
	buf_appendf(out, ",\"%s\":", name);
	jsonx_quote(text, out);
}

static void in_words(enum policy_effect effect,
		     const struct policy_reason *reason, bool damaged,
		     struct buf *out)
{
	if (damaged) {
		buf_append_text(out, "a policy that counts is damaged, so that "
				     "nothing is allowed; the log tells which");
		return;
	}
	if (reason->statement == 0) {
		buf_append_text(
			out, reason->source.len > 0
				     ? "the session's policy does not allow it"
			     : reason->cross_account
				     ? "both accounts must allow it, and do not"
				     : "no statement allows it");
		return;
	}
	buf_appendf(out, "statement %zu", reason->statement);
	if (reason->sid.len > 0)
		buf_appendf(out, " (%.*s)", SPAN_ARG(reason->sid));
	buf_appendf(out, " of %.*s", SPAN_ARG(reason->source));
	if (reason->group.len > 0)
		buf_appendf(out, ", which the group %.*s brings,",
			    SPAN_ARG(reason->group));
	buf_append_text(out,
			effect == POLICY_ALLOW ? " allows it" : " denies it");
}

static void write_reason(enum policy_effect effect,
			 const struct policy_reason *reason, bool damaged,
			 struct buf *out)
{
	CLEANUP(buf_release) struct buf words = BUF_INIT(WORDS_MAX);

	in_words(effect, reason, damaged, &words);
	buf_appendf(out, "{\"decision\":\"%s\"", effect_name(effect));
	add_text(out, "reason", buf_span(&words));
	add_text(out, "policy", reason->source);
	add_text(out, "group", reason->group);
	add_text(out, "sid", reason->sid);
	buf_appendf(out,
		    ",\"statement\":%zu,\"identity\":\"%s\","
		    "\"repository\":\"%s\",\"cross_account\":%s",
		    reason->statement,
		    reason->identity_allows ? "allows" : "does not allow",
		    reason->resource_allows ? "allows" : "does not allow",
		    reason->cross_account ? "true" : "false");
}

static void write_rule(enum authz_rule found, const char *why, struct buf *out)
{
	buf_appendf(out, "{\"decision\":\"%s\"",
		    found == AUTHZ_ALLOWS ? "allowed" : "implicitDeny");
	add_text(out, "reason", span_of(why));
	buf_append_text(out, ",\"missing_context_keys\":[]}");
}

int authz_explain(struct authz *authz, const struct authz_question *question,
		  struct buf *out, struct err *err)
{
	CLEANUP(authz_asked_release) struct authz_asked asked;
	CLEANUP(authz_facts_release) struct authz_facts facts = {0};
	CLEANUP(buf_release) struct buf missing = BUF_INIT(WORDS_MAX);
	struct policy_reason reason;
	const char *why = NULL;
	enum authz_rule found = authz_rule_of(authz, question, &why);
	uint64_t generation = atomic_load(&authz->generation);

	if (authz_ask(authz, question, &asked, err) < 0 ||
	    authz_get_facts(authz, question, generation, true, &facts, err) < 0)
		return -1;
	if (found != AUTHZ_POLICIES) {
		write_rule(found, why, out);
		return buf_check(out, err);
	}
	asked.missing = &missing;
	enum policy_effect effect = authz_decide(&facts, &asked, &reason);
	write_reason(effect, &reason,
		     authz_facts_damaged(&facts, question->action), out);
	buf_appendf(out, ",\"missing_context_keys\":[%s]}", buf_text(&missing));
	if (buf_check(&missing, err) < 0)
		return -1;
	return buf_check(out, err);
}

/* ---- assuming roles ---- */

/* A role with who is trusted to assume it. */
static int read_role(struct authz *authz, int64_t id,
		     struct meta_principal *ret_role, struct grants **ret_trust,
		     struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(WORDS_MAX);
	struct meta_tx *tx = NULL;

	if (meta_read_begin(authz->config.meta, &tx, err) < 0)
		return -1;
	int found = meta_principal_get(tx, id, ret_role, err);
	if (found == 1 && (ret_role->kind != META_ROLE || ret_role->disabled))
		found = 0;
	if (found == 1 && meta_role_trust(tx, id, &text, err) < 0)
		found = -1;
	meta_read_end(tx);
	if (found <= 0)
		return found;
	return grants_of_document(POLICY_TRUST, SPAN_LIT("trust policy"),
				  buf_span(&text), ret_trust, err) < 0
		       ? -1
		       : 1;
}

/* The keys of a web identity behind those of the principal. */
static struct policy_key *join_keys(const struct authz_asked *asked,
				    const struct policy_key *keys, size_t count)
{
	size_t own = asked->question.key_count;
	struct policy_key *all = calloc(own + count + 1, sizeof(*all));

	if (!all)
		return NULL;
	memcpy(all, asked->question.keys, own * sizeof(*all));
	if (count > 0)
		memcpy(all + own, keys, count * sizeof(*all));
	return all;
}

/* The role must trust him, and nothing of his own may stand against it; where
 * the role trusts but his account, his policies must allow it, too. */
static bool may_assume(const struct authz_facts *facts,
		       const struct grants *trust, struct authz_asked *asked)
{
	struct policy_set set = {.repository = grants_policy(trust),
				 .session = grants_policy(facts->session)};

	if (trust->damaged ||
	    authz_facts_damaged(facts, asked->original->action))
		return false;
	if (facts->principal) {
		set.identity = facts->principal->sources;
		set.identity_count = facts->principal->count;
	}
	return policy_trusts(set.repository, &asked->question, NULL) ==
		       POLICY_ALLOW &&
	       policy_decide(&set, &asked->question, NULL) == POLICY_ALLOW;
}

static bool is_covered(const struct authz_question *question)
{
	const struct principal *principal = question->principal;

	return !principal->ceiling ||
	       ceiling_covers(principal->ceiling, question->action,
			      SPAN_LIT(""));
}

DEFINE_CLEANUP(grants_unref_at, struct grants *, grants_unref)

int authz_assume(struct authz *authz, const struct authz_question *question,
		 int64_t role_id, struct span federated,
		 const struct policy_key *keys, size_t key_count,
		 struct err *err)
{
	CLEANUP(authz_asked_release) struct authz_asked asked = {0};
	CLEANUP(authz_facts_release) struct authz_facts facts = {0};
	CLEANUP(grants_unref_at) struct grants *trust = NULL;
	CLEANUP(cleanup_free) struct policy_key *all = NULL;
	struct authz_question about = *question;
	struct meta_principal role;
	uint64_t generation = atomic_load(&authz->generation);
	int found = read_role(authz, role_id, &role, &trust, err);

	if (found < 0)
		return -1;
	if (found == 0 || !is_covered(question))
		return authz_refuse(authz, question, err);
	about.target = span_of(role.name);
	if (authz_ask(authz, &about, &asked, err) < 0 ||
	    authz_get_facts(authz, &about, generation, true, &facts, err) < 0)
		return -1;
	all = join_keys(&asked, keys, key_count);
	if (!all)
		return err_set(err, ERR_NO_MEMORY, "keys of a web identity");
	asked.question.federated = federated;
	asked.question.keys = all;
	asked.question.key_count += key_count;
	return may_assume(&facts, trust, &asked)
		       ? 0
		       : authz_refuse(authz, &about, err);
}
