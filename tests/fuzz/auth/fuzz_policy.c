/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/policy.h"
#include "base/buf.h"
#include "base/err.h"

#define KEYS_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct policy *parsed(enum policy_kind kind, struct span text)
{
	struct policy *policy = NULL;
	struct err err = ERR_INIT;

	if (policy_parse(kind, text, &policy, &err) < 0) {
		if (policy || err.code != ERR_INVALID)
			abort();
		return NULL;
	}
	return policy;
}

static struct span take_line(struct span *rest)
{
	struct span line = *rest;

	if (!span_cut(*rest, '\n', &line, rest))
		*rest = SPAN_LIT("");
	return line;
}

/* The second half of the keys is only looked up. */
struct keys {
	struct policy_key rows[KEYS_MAX];
	size_t count;
};

static int look_up(void *context, struct span name, struct buf *out)
{
	const struct keys *keys = context;

	for (size_t i = keys->count / 2; i < keys->count; i++)
		if (span_equal_nocase(keys->rows[i].name, name)) {
			buf_append_span(out, keys->rows[i].value);
			return 1;
		}
	return 0;
}

static void take_keys(struct span *rest, struct keys *keys)
{
	for (;;) {
		struct span line = take_line(rest);
		struct policy_key key;

		if (line.len == 0 || keys->count == KEYS_MAX ||
		    !span_cut(line, '=', &key.name, &key.value))
			return;
		keys->rows[keys->count++] = key;
	}
}

static void decide(const struct policy_set *set,
		   const struct policy_question *question,
		   const struct policy *deny_all)
{
	struct policy_source both[2] = {{.policy = deny_all}};
	struct policy_set denied = *set;
	struct policy_reason reason;
	enum policy_effect effect = policy_decide(set, question, &reason);

	if (policy_decide(set, question, NULL) != effect)
		abort();
	if (effect == POLICY_ALLOW && !reason.identity_allows &&
	    !reason.resource_allows)
		abort();
	if (effect == POLICY_EXPLICIT_DENY && reason.statement == 0)
		abort();
	if (set->identity_count > 0)
		both[1] = set->identity[0];
	denied.identity = both;
	denied.identity_count = 2;
	if (policy_decide(&denied, question, NULL) != POLICY_EXPLICIT_DENY)
		abort();
}

/* A line each with action, resource, principal, account; keys; an empty line;
 * the document.  It is tried as each kind.  The same question has the same
 * answer, an answer has its reason, and a denial wins. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_make((const char *)data, size);
	struct keys keys = {.count = 0};
	struct policy_question question = {.look_up = look_up,
					   .context = &keys};

	if (memchr(data, '\0', size))
		return 0;
	question.action = take_line(&rest);
	question.resource = take_line(&rest);
	question.principal_arn = take_line(&rest);
	question.principal_account = take_line(&rest);
	question.resource_account = SPAN_LIT("000000000000");
	take_keys(&rest, &keys);
	question.keys = keys.rows;
	question.key_count = keys.count / 2;

	struct policy *deny_all = parsed(
		POLICY_IDENTITY,
		SPAN_LIT("{\"Statement\":{\"Effect\":\"Deny\",\"Action\":"
			 "\"*\",\"Resource\":\"*\"}}"));
	struct policy *identity = parsed(POLICY_IDENTITY, rest);
	struct policy *repository = parsed(POLICY_REPOSITORY, rest);
	struct policy *registry = parsed(POLICY_REGISTRY, rest);
	struct policy *trust = parsed(POLICY_TRUST, rest);
	struct policy_source source = {.policy = identity};
	struct policy_set set = {.identity = &source,
				 .identity_count = 1,
				 .repository = repository,
				 .registry = registry};

	decide(&set, &question, deny_all);
	set.session = identity;
	decide(&set, &question, deny_all);
	policy_trusts(trust, &question, NULL);
	policy_unref(deny_all);
	policy_unref(identity);
	policy_unref(repository);
	policy_unref(registry);
	policy_unref(trust);
	return 0;
}
