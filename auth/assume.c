/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/assume.h"

#include <stdio.h>
#include <string.h>

#include "auth/action.h"
#include "auth/authz.h"
#include "auth/policy.h"
#include "auth/scope.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "storage/meta_principals.h"

DEFINE_CLEANUP(policy_unref_at, struct policy *, policy_unref)

static int invalid(struct err *err, const char *text)
{
	err_set(err, ERR_INVALID, "%s", text);
	return err_tell(err, "%s", text);
}

/* The name in "arn:aws:iam::ACCOUNT:role/NAME", or what is no such text as it
 * is; "" for a role of another account, which we have none of. */
static struct span role_name(struct span text, struct span account)
{
	struct span before = SPAN_LIT("arn:aws:iam::");
	struct span owner = {0};
	struct span rest = {0};

	if (!span_starts(text, SPAN_LIT("arn:")))
		return text;
	if (!span_starts(text, before))
		return SPAN_LIT("");
	text = span_make(text.text + before.len, text.len - before.len);
	if (!span_cut(text, ':', &owner, &rest) ||
	    !span_equal(owner, account) ||
	    !span_starts(rest, SPAN_LIT("role/")))
		return SPAN_LIT("");
	return span_make(rest.text + 5, rest.len - 5);
}

/* A name that no row can have is one that none has. */
static bool may_be_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.text[i] <= ' ' || name.text[i] > '~')
			return false;
	return name.len > 0 && name.len < META_PRINCIPAL_NAME_SIZE;
}

static bool may_be_used(const struct meta_principal *row, int64_t now_ms)
{
	return !row->disabled && (!row->expires_ms || row->expires_ms > now_ms);
}

static int find_role(const struct assume_parts *parts, struct span name,
		     struct meta_principal *ret_role, struct err *err)
{
	struct meta_tx *tx = NULL;

	if (!may_be_name(name))
		return 0;
	if (meta_read_begin(parts->meta, &tx, err) < 0)
		return -1;
	int found =
		meta_principal_find(tx, parts->account, name, ret_role, err);
	meta_read_end(tx);
	if (found <= 0)
		return found;
	return ret_role->kind == META_ROLE &&
	       may_be_used(ret_role, clock_wall_ms(parts->clock));
}

/* In the words of AWS, whatever it was: which roles there are is not told to
 * those who may not assume them. */
static int deny(const struct authz_question *question,
		const struct assume_wish *wish, struct span account,
		struct err *err)
{
	CLEANUP(buf_release) struct buf arn = BUF_INIT(ERR_TEXT_SIZE);
	const char *action = action_name(question->action);

	err_clear(err);
	err_set(err, ERR_DENIED, "%s is not allowed", action);
	if (wish->federated.len > 0)
		return err_tell(err, "Not authorized to perform %s", action);
	principal_arn(question->principal, &arn);
	return err_tell(err,
			"User: %s is not authorized to perform: %s on "
			"resource: arn:aws:iam::%.*s:role/%.*s",
			buf_text(&arn), action, SPAN_ARG(account),
			SPAN_ARG(role_name(wish->role, account)));
}

static int read_life(const struct meta_principal *role,
		     const struct authz_question *question, int64_t asked_s,
		     int64_t *ret_life_ms, struct err *err)
{
	int64_t max_s =
		role->session_max_s ? role->session_max_s : ASSUME_LIFE_S;
	int64_t life_s = asked_s		 ? asked_s
			 : max_s < ASSUME_LIFE_S ? max_s
						 : ASSUME_LIFE_S;

	if (asked_s && asked_s < ASSUME_LIFE_MIN_S)
		return invalid(err, "DurationSeconds must be at least 900");
	if (life_s > max_s)
		return invalid(err, "The requested DurationSeconds exceeds the "
				    "MaxSessionDuration set for this role.");
	if (question->principal->kind == PRINCIPAL_ROLE &&
	    life_s > ASSUME_LIFE_S)
		return invalid(err, "The requested DurationSeconds exceeds the "
				    "1 hour session limit for roles assumed by "
				    "role chaining.");
	*ret_life_ms = life_s * 1000;
	return 0;
}

/* What limits a session is read each time that it is used: it must be
 * readable. */
static int check_limits(const struct assume_wish *wish, struct err *err)
{
	CLEANUP(policy_unref_at) struct policy *policy = NULL;
	struct ceiling *ceiling = NULL;

	if (wish->policy.len > 0 &&
	    policy_parse(POLICY_IDENTITY, wish->policy, &policy, err) < 0)
		return -1;
	if (wish->scopes.len > 0 &&
	    ceiling_new(wish->scopes, true, SPAN_LIT(""), &ceiling, err) < 0)
		return -1;
	ceiling_unref(ceiling);
	return 0;
}

static int give(const struct assume_parts *parts,
		const struct meta_principal *role,
		const struct assume_wish *wish, int64_t life_ms,
		struct assumed *assumed, struct buf *token, struct err *err)
{
	const struct session_wish session = {.owner = role,
					     .name = wish->name,
					     .policy = wish->policy,
					     .scopes = wish->scopes,
					     .life_ms = life_ms};

	if (session_make(parts->seal, parts->clock, &session,
			 &assumed->credentials, token, err) < 0)
		return -1;
	principal_from_row(role, CREDENTIAL_SESSION, &assumed->principal);
	snprintf(assumed->principal.name, sizeof(assumed->principal.name),
		 "%s/%.*s", role->name, SPAN_ARG(wish->name));
	assumed->policy_percent =
		(wish->policy.len * 100 + SESSION_POLICY_MAX - 1) /
		SESSION_POLICY_MAX;
	return 0;
}

int assume_role(const struct assume_parts *parts,
		const struct authz_question *question,
		const struct assume_wish *wish, struct assumed *ret_assumed,
		struct buf *token, struct err *err)
{
	struct authz_question asked = *question;
	struct meta_principal role;
	int64_t life_ms = 0;

	asked.target = role_name(wish->role, parts->account);
	int found = find_role(parts, asked.target, &role, err);
	if (found < 0)
		return -1;
	if (!found)
		return deny(question, wish, parts->account, err);
	if (authz_assume(parts->authz, &asked, role.id, wish->federated,
			 wish->keys, wish->key_count, err) < 0)
		return err->code == ERR_DENIED ||
				       err->code == ERR_UNAUTHENTICATED
			       ? deny(question, wish, parts->account, err)
			       : -1;
	if (read_life(&role, question, wish->life_s, &life_ms, err) < 0 ||
	    check_limits(wish, err) < 0)
		return -1;
	return give(parts, &role, wish, life_ms, ret_assumed, token, err);
}
