/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/condition.h"

#include <inttypes.h>
#include <stdio.h>

#include "auth/policy_parts.h"
#include "base/err.h"
#include "base/jsonx.h"

/* ---- reading ---- */

static const struct operator_row {
	const char *name;
	enum condition_type type;
	enum condition_order order;
	bool negated;
} operators[] = {
	{"StringEquals", CONDITION_TEXT, CONDITION_EQUAL, false},
	{"StringNotEquals", CONDITION_TEXT, CONDITION_EQUAL, true},
	{"StringEqualsIgnoreCase", CONDITION_TEXT_NOCASE, CONDITION_EQUAL,
	 false},
	{"StringNotEqualsIgnoreCase", CONDITION_TEXT_NOCASE, CONDITION_EQUAL,
	 true},
	{"StringLike", CONDITION_LIKE, CONDITION_EQUAL, false},
	{"StringNotLike", CONDITION_LIKE, CONDITION_EQUAL, true},
	{"ArnEquals", CONDITION_ARN, CONDITION_EQUAL, false},
	{"ArnNotEquals", CONDITION_ARN, CONDITION_EQUAL, true},
	{"ArnLike", CONDITION_ARN, CONDITION_EQUAL, false},
	{"ArnNotLike", CONDITION_ARN, CONDITION_EQUAL, true},
	{"IpAddress", CONDITION_ADDRESS, CONDITION_EQUAL, false},
	{"NotIpAddress", CONDITION_ADDRESS, CONDITION_EQUAL, true},
	{"Bool", CONDITION_BOOL, CONDITION_EQUAL, false},
	{"Null", CONDITION_NULL, CONDITION_EQUAL, false},
	{"DateEquals", CONDITION_DATE, CONDITION_EQUAL, false},
	{"DateNotEquals", CONDITION_DATE, CONDITION_EQUAL, true},
	{"DateLessThan", CONDITION_DATE, CONDITION_LESS, false},
	{"DateLessThanEquals", CONDITION_DATE, CONDITION_LESS_EQUAL, false},
	{"DateGreaterThan", CONDITION_DATE, CONDITION_GREATER, false},
	{"DateGreaterThanEquals", CONDITION_DATE, CONDITION_GREATER_EQUAL,
	 false},
	{"NumericEquals", CONDITION_NUMBER, CONDITION_EQUAL, false},
	{"NumericNotEquals", CONDITION_NUMBER, CONDITION_EQUAL, true},
	{"NumericLessThan", CONDITION_NUMBER, CONDITION_LESS, false},
	{"NumericLessThanEquals", CONDITION_NUMBER, CONDITION_LESS_EQUAL,
	 false},
	{"NumericGreaterThan", CONDITION_NUMBER, CONDITION_GREATER, false},
	{"NumericGreaterThanEquals", CONDITION_NUMBER, CONDITION_GREATER_EQUAL,
	 false},
};

static bool cut_prefix(struct span *text, struct span prefix)
{
	if (!span_starts(*text, prefix))
		return false;
	*text = span_make(text->text + prefix.len, text->len - prefix.len);
	return true;
}

static bool cut_suffix(struct span *text, struct span suffix)
{
	if (!span_ends(*text, suffix))
		return false;
	text->len -= suffix.len;
	return true;
}

static bool read_operator(struct span name, struct condition *ret_condition)
{
	struct condition made = {.set = CONDITION_ONE};

	if (cut_prefix(&name, SPAN_LIT("ForAllValues:")))
		made.set = CONDITION_FOR_ALL;
	else if (cut_prefix(&name, SPAN_LIT("ForAnyValue:")))
		made.set = CONDITION_FOR_ANY;
	made.if_exists = cut_suffix(&name, SPAN_LIT("IfExists"));
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		if (!span_equal(name, span_of(operators[i].name)))
			continue;
		made.type = operators[i].type;
		made.order = operators[i].order;
		made.negated = operators[i].negated;
		*ret_condition = made;
		return made.type != CONDITION_NULL ||
		       (made.set == CONDITION_ONE && !made.if_exists);
	}
	return false;
}

/* A text, or a bare true, false or number, as text; "" if it is none. */
#define SCALAR_SIZE 64 /* bytes of what is not a text, with a NUL */
static struct span scalar_text(const json_t *value, char scratch[SCALAR_SIZE])
{
	if (json_is_string(value))
		return span_make(json_string_value(value),
				 json_string_length(value));
	if (json_is_boolean(value))
		return json_is_true(value) ? SPAN_LIT("true")
					   : SPAN_LIT("false");
	if (json_is_integer(value))
		snprintf(scratch, SCALAR_SIZE, "%" JSON_INTEGER_FORMAT,
			 json_integer_value(value));
	else if (json_is_real(value))
		snprintf(scratch, SCALAR_SIZE, "%.15g", json_real_value(value));
	else
		return (struct span){0};
	return span_of(scratch);
}

static bool takes_variables(enum condition_type type)
{
	return type == CONDITION_TEXT || type == CONDITION_TEXT_NOCASE ||
	       type == CONDITION_LIKE || type == CONDITION_ARN;
}

static int read_value(const struct policy_parser *parser,
		      const struct condition *condition, const json_t *value,
		      struct condition_value *ret_value)
{
	char scratch[SCALAR_SIZE];
	struct span text = scalar_text(value, scratch);

	if (!text.text)
		return policy_invalid(parser, condition->key,
				      "a value of the Condition is no text");
	if (takes_variables(condition->type))
		return policy_read_text(parser, text, true, &ret_value->text);
	if (!condition_value_read(condition->type, text, ret_value))
		return policy_invalid(parser, condition->key,
				      "a value of the Condition is not what "
				      "its operator compares");
	return 0;
}

static int read_values(const struct policy_parser *parser, const json_t *value,
		       struct condition *condition)
{
	bool several = json_is_array(value);
	size_t count = several ? json_array_size(value) : 1;

	if (count == 0)
		return policy_invalid(parser, condition->key,
				      "the Condition has no value");
	struct condition_value *values =
		arena_alloc(parser->arena, count * sizeof(*values));
	if (!values)
		return policy_no_memory(parser);
	for (size_t i = 0; i < count; i++) {
		const json_t *one = several ? json_array_get(value, i) : value;

		if (read_value(parser, condition, one, &values[i]) < 0)
			return -1;
	}
	condition->values = values;
	condition->value_count = count;
	return 0;
}

/* One operator with all its keys. */
static int read_keys(const struct policy_parser *parser, const char *name,
		     json_t *keys, struct condition *conditions, size_t *count)
{
	struct condition condition;
	const char *key = NULL;
	json_t *value = NULL;

	if (!read_operator(span_of(name), &condition))
		return policy_invalid(parser, span_of(name),
				      "the Condition has an unknown operator");
	if (!json_is_object(keys) || json_object_size(keys) == 0)
		return policy_invalid(parser, span_of(name),
				      "an operator of the Condition has no "
				      "keys");
	json_object_foreach(keys, key, value)
	{
		condition.key =
			span_of(arena_copy(parser->arena, key, strlen(key)));
		if (!condition.key.text)
			return policy_no_memory(parser);
		if (!strchr(key, ':'))
			return policy_invalid(parser, span_of(key),
					      "a key of the Condition has no "
					      "\"service:\" in front");
		if (read_values(parser, value, &condition) < 0)
			return -1;
		conditions[(*count)++] = condition;
	}
	return 0;
}

int condition_read(const struct policy_parser *parser, const json_t *value,
		   const struct condition **ret_conditions, size_t *ret_count)
{
	const char *name = NULL;
	json_t *keys = NULL;
	size_t total = 0;
	size_t count = 0;

	if (!json_is_object(value))
		return policy_invalid(parser, SPAN_LIT(""),
				      "Condition must be an object");
	json_object_foreach((json_t *)(uintptr_t)value, name, keys) total +=
		json_object_size(keys);
	struct condition *conditions =
		arena_alloc(parser->arena, (total + 1) * sizeof(*conditions));
	if (!conditions)
		return policy_no_memory(parser);
	json_object_foreach((json_t *)(uintptr_t)value, name,
			    keys) if (read_keys(parser, name, keys, conditions,
						&count) < 0) return -1;
	*ret_conditions = conditions;
	*ret_count = count;
	return 0;
}

/* ---- holding ---- */

/* Six parts; the last is all the rest. */
static struct span arn_part(struct span *rest, bool last)
{
	struct span part = *rest;

	if (last || !span_cut(*rest, ':', &part, rest))
		*rest = SPAN_LIT("");
	return part;
}

static bool arn_matches(struct span pattern, struct span arn)
{
	if (!span_starts(arn, SPAN_LIT("arn:")))
		return false;
	if (span_equal(pattern, SPAN_LIT("*")))
		return true;
	for (int i = 0; i < 6; i++)
		if (!policy_glob(arn_part(&pattern, i == 5),
				 arn_part(&arn, i == 5), false))
			return false;
	return true;
}

static bool block_holds(const struct condition_block *block,
			const struct condition_block *address)
{
	if (address->bits != 128)
		return false;
	for (unsigned bit = 0; bit < block->bits; bit += 8) {
		unsigned left = block->bits - bit;
		unsigned mask = left >= 8 ? 0xff : 0xff00U >> left;
		unsigned differ =
			block->bytes[bit / 8] ^ address->bytes[bit / 8];

		if (differ & mask & 0xff)
			return false;
	}
	return true;
}

static bool in_order(enum condition_order order, double value, double bound)
{
	switch (order) {
	case CONDITION_EQUAL:
		return value >= bound && value <= bound;
	case CONDITION_LESS:
		return value < bound;
	case CONDITION_LESS_EQUAL:
		return value <= bound;
	case CONDITION_GREATER:
		return value > bound;
	case CONDITION_GREATER_EQUAL:
		return value >= bound;
	}
	return false;
}

/* A policy's value against one of the request. */
static bool value_matches(const struct condition *condition,
			  struct policy_context *context,
			  const struct condition_value *wanted,
			  const struct condition_value *value)
{
	bool pattern = condition->type == CONDITION_LIKE ||
		       condition->type == CONDITION_ARN;
	struct span text = {0};

	if (takes_variables(condition->type) &&
	    !policy_context_expand(context, &wanted->text, pattern, &text))
		return false;
	switch (condition->type) {
	case CONDITION_TEXT:
		return span_equal(text, value->text.text);
	case CONDITION_TEXT_NOCASE:
		return span_equal_nocase(text, value->text.text);
	case CONDITION_LIKE:
		return policy_glob(text, value->text.text, false);
	case CONDITION_ARN:
		return arn_matches(text, value->text.text);
	case CONDITION_ADDRESS:
		return block_holds(&wanted->block, &value->block);
	case CONDITION_BOOL:
	case CONDITION_NULL:
	case CONDITION_DATE:
	case CONDITION_NUMBER:
		break;
	}
	return in_order(condition->order, value->number, wanted->number);
}

static bool any_matches(const struct condition *condition,
			struct policy_context *context, struct span text)
{
	struct condition_value value = {.number = 0};

	if (!condition_value_read(condition->type, text, &value))
		return false;
	for (size_t i = 0; i < condition->value_count; i++)
		if (value_matches(condition, context, &condition->values[i],
				  &value))
			return true;
	return false;
}

static bool null_holds(const struct condition *condition, bool absent)
{
	for (size_t i = 0; i < condition->value_count; i++)
		if (absent == (condition->values[i].number != 0))
			return true;
	return false;
}

/* As Amazon's does, ForAnyValue with ...IfExists does not hold without the
 * key: it is about single values, and there are none. */
bool condition_holds(const struct condition *condition,
		     struct policy_context *context)
{
	size_t matched = 0;
	size_t count = 0;
	struct span text = {0};

	if (condition->type == CONDITION_NULL)
		return null_holds(condition,
				  !policy_context_value(context, condition->key,
							0, &text));
	for (; policy_context_value(context, condition->key, count, &text);
	     count++)
		matched += any_matches(condition, context, text);
	switch (condition->set) {
	case CONDITION_FOR_ALL:
		return condition->negated ? matched == 0 : matched == count;
	case CONDITION_FOR_ANY:
		return condition->negated ? matched < count : matched > 0;
	case CONDITION_ONE:
		break;
	}
	if (count == 0)
		return condition->if_exists || condition->negated;
	return (matched > 0) != condition->negated;
}
