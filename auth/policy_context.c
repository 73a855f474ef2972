/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/policy_context.h"

#include <stdint.h>

#include "auth/policy.h"

/* Longer than any value or text that a request or a policy can bring. */
#define SCRATCH_MAX 65536

struct policy_context
policy_context_init(const struct policy_question *question)
{
	return (struct policy_context){.question = question,
				       .value = BUF_INIT(SCRATCH_MAX),
				       .variable = BUF_INIT(SCRATCH_MAX),
				       .expanded = BUF_INIT(SCRATCH_MAX)};
}

void policy_context_release(struct policy_context *context)
{
	buf_release(&context->value);
	buf_release(&context->variable);
	buf_release(&context->expanded);
}

/* ---- keys ---- */

/* What follows from who asks.  Of a role's session it is the role's name. */
static struct span own_value(const struct policy_question *question,
			     struct span key)
{
	if (question->principal_account.len == 0)
		return SPAN_LIT("");
	if (span_equal_nocase(key, SPAN_LIT("aws:PrincipalAccount")))
		return question->principal_account;
	if (span_equal_nocase(key, SPAN_LIT("aws:PrincipalArn")))
		return question->role_arn.len > 0 ? question->role_arn
						  : question->principal_arn;
	return SPAN_LIT("");
}

static bool row_value(const struct policy_question *question, struct span key,
		      size_t index, struct span *ret_value)
{
	for (size_t i = 0; i < question->key_count; i++) {
		if (!span_equal_nocase(question->keys[i].name, key))
			continue;
		if (index == 0) {
			*ret_value = question->keys[i].value;
			return true;
		}
		index--;
	}
	return false;
}

static bool find_value(struct policy_context *context, struct span key,
		       size_t index, struct buf *scratch,
		       struct span *ret_value)
{
	const struct policy_question *question = context->question;
	struct span own = own_value(question, key);

	if (own.len > 0) {
		*ret_value = own;
		return index == 0;
	}
	if (row_value(question, key, index, ret_value))
		return true;
	if (index > 0 || !question->look_up)
		return false;
	context->contextual = true;
	buf_clear(scratch);
	if (question->look_up(question->context, key, scratch) != 1)
		return false;
	context->failed |= scratch->failed != ERR_NONE;
	*ret_value = buf_span(scratch);
	return true;
}

bool policy_context_value(struct policy_context *context, struct span key,
			  size_t index, struct span *ret_value)
{
	return find_value(context, key, index, &context->value, ret_value);
}

/* ---- variables ---- */

static void append_literal(struct buf *out, struct span text, bool pattern)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.text[i];

		if (pattern && (c == '*' || c == '?' || c == '\0'))
			buf_append_char(out, '\0');
		buf_append_char(out, c);
	}
}

/* "name, 'default'": the part in quotes. */
static bool default_value(struct span *name, struct span *ret_value)
{
	struct span value = {0};

	if (!span_cut(*name, ',', name, &value))
		return false;
	value = span_trim(value);
	if (value.len < 2 || value.text[0] != '\'' ||
	    value.text[value.len - 1] != '\'')
		return false;
	*ret_value = span_make(value.text + 1, value.len - 2);
	return true;
}

static bool fill_in(struct policy_context *context, struct span name,
		    bool pattern)
{
	struct span value = name;
	struct span otherwise = {0};
	bool has_default = false;

	if (name.len != 1 || !strchr("*?$", name.text[0])) {
		has_default = default_value(&name, &otherwise);
		if (!find_value(context, span_trim(name), 0, &context->variable,
				&value)) {
			if (!has_default)
				return false;
			value = otherwise;
		}
	}
	append_literal(&context->expanded, value, pattern);
	return true;
}

bool policy_context_expand(struct policy_context *context,
			   const struct policy_text *text, bool pattern,
			   struct span *ret_text)
{
	struct span rest = text->text;

	if (!text->variables) {
		*ret_text = rest;
		return true;
	}
	buf_clear(&context->expanded);
	while (rest.len > 0) {
		struct span name = {0};

		if (!span_starts(rest, SPAN_LIT("${"))) {
			buf_append_char(&context->expanded, rest.text[0]);
			rest = span_make(rest.text + 1, rest.len - 1);
			continue;
		}
		rest = span_make(rest.text + 2, rest.len - 2);
		if (!span_cut(rest, '}', &name, &rest) ||
		    !fill_in(context, name, pattern))
			return false;
	}
	context->failed |= context->expanded.failed != ERR_NONE;
	*ret_text = buf_span(&context->expanded);
	return true;
}

/* ---- patterns ---- */

static char fold_case(char c, bool fold)
{
	return fold && c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* How much of the pattern the byte takes; 0: it does not match there. */
static size_t glob_step(struct span pattern, size_t at, char c, bool fold)
{
	if (at == pattern.len)
		return 0;
	if (pattern.text[at] == '?')
		return 1;
	size_t escape = pattern.text[at] == '\0' && at + 1 < pattern.len;
	bool same = fold_case(pattern.text[at + escape], fold) ==
		    fold_case(c, fold);
	return same ? 1 + escape : 0;
}

/* Only the last star is ever tried again: what stood before it has matched as
 * early as it could.  So the time is at most the product of the lengths. */
bool policy_glob(struct span pattern, struct span text, bool fold)
{
	size_t star = SIZE_MAX;
	size_t at = 0;
	size_t mark = 0;

	for (size_t i = 0; i < text.len;) {
		if (at < pattern.len && pattern.text[at] == '*') {
			star = at++;
			mark = i;
			continue;
		}
		size_t step = glob_step(pattern, at, text.text[i], fold);
		if (step > 0) {
			at += step;
			i++;
		} else if (star != SIZE_MAX) {
			at = star + 1;
			i = ++mark;
		} else {
			return false;
		}
	}
	while (at < pattern.len && pattern.text[at] == '*')
		at++;
	return at == pattern.len;
}

bool policy_matches(struct span pattern, struct span text)
{
	return policy_glob(pattern, text, false);
}
