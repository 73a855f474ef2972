/* SPDX-License-Identifier: Apache-2.0 */
/* Reading Principal and NotPrincipal. */
#include "auth/policy_parts.h"
#include "base/jsonx.h"

#define ACCOUNT_DIGITS 12

static bool is_account(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.text[i] < '0' || text.text[i] > '9')
			return false;
	return text.len == ACCOUNT_DIGITS;
}

/* "arn:PARTITION:iam::ACCOUNT:user/NAME" and the like. */
static bool read_arn(struct span text, struct policy_who *ret_who)
{
	struct span parts[5] = {{0}};
	struct span rest = text;

	for (size_t i = 0; i < 5; i++)
		if (!span_cut(rest, ':', &parts[i], &rest))
			return false;
	if (!span_equal(parts[0], SPAN_LIT("arn")) || parts[1].len == 0 ||
	    (!span_equal(parts[2], SPAN_LIT("iam")) &&
	     !span_equal(parts[2], SPAN_LIT("sts"))) ||
	    parts[3].len > 0 || !is_account(parts[4]) || rest.len == 0)
		return false;
	bool root = span_equal(rest, SPAN_LIT("root"));
	ret_who->kind = root ? POLICY_WHO_ACCOUNT : POLICY_WHO_ARN;
	ret_who->text = root ? parts[4] : text;
	return true;
}

static bool read_aws(struct span text, struct policy_who *ret_who)
{
	if (span_equal(text, SPAN_LIT("*"))) {
		ret_who->kind = POLICY_WHO_ANYBODY;
		return true;
	}
	if (is_account(text)) {
		ret_who->kind = POLICY_WHO_ACCOUNT;
		ret_who->text = text;
		return true;
	}
	return !memchr(text.text, '*', text.len) &&
	       !memchr(text.text, '?', text.len) &&
	       !memchr(text.text, '$', text.len) && read_arn(text, ret_who);
}

/* "https://HOST", "HOST", or "arn:aws:iam::ACCOUNT:oidc-provider/HOST". */
static bool read_federated(struct span text, struct policy_who *ret_who)
{
	static const char provider[] = "oidc-provider/";
	struct span scheme = SPAN_LIT("https://");

	if (span_starts(text, SPAN_LIT("arn:"))) {
		struct policy_who arn = {.text = {0}};

		if (!read_arn(text, &arn) || arn.kind != POLICY_WHO_ARN)
			return false;
		for (int i = 0; i < 5; i++)
			span_cut(text, ':', &arn.text, &text);
		if (!span_starts(text, span_of(provider)))
			return false;
		scheme = span_of(provider);
	}
	if (span_starts(text, scheme))
		text = span_make(text.text + scheme.len, text.len - scheme.len);
	ret_who->kind = POLICY_WHO_FEDERATED;
	ret_who->text = text;
	return text.len > 0 && !memchr(text.text, '*', text.len);
}

static bool read_service(struct span text, struct policy_who *ret_who)
{
	ret_who->kind = POLICY_WHO_SERVICE;
	ret_who->text = text;
	return text.len > 0 && !memchr(text.text, '*', text.len);
}

static const struct who_row {
	const char *name;
	bool (*read)(struct span text, struct policy_who *ret_who);
} rows[] = {
	{"AWS", read_aws},
	{"Federated", read_federated},
	{"Service", read_service},
};

static const struct who_row *row_of(const char *name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static int read_one(const struct policy_parser *parser,
		    const struct who_row *row, const json_t *value,
		    struct policy_who *ret_who)
{
	struct span text = {0};
	struct policy_text copy = {.variables = false};

	if (json_is_string(value))
		text = span_make(json_string_value(value),
				 json_string_length(value));
	if (text.len == 0 || !row->read(text, ret_who))
		return policy_invalid(parser, text, "is no principal");
	if (policy_read_text(parser, ret_who->text, false, &copy) < 0)
		return -1;
	ret_who->text = copy.text;
	return 0;
}

static int read_row(const struct policy_parser *parser, const char *name,
		    const json_t *value, struct policy_who *who, size_t *count)
{
	const struct who_row *row = row_of(name);
	bool several = json_is_array(value);
	size_t size = several ? json_array_size(value) : 1;

	if (!row)
		return policy_invalid(parser, span_of(name),
				      "a principal is of AWS, Federated or "
				      "Service");
	if (size == 0)
		return policy_invalid(parser, span_of(name),
				      "the list is empty");
	for (size_t i = 0; i < size; i++)
		if (read_one(parser, row,
			     several ? json_array_get(value, i) : value,
			     &who[(*count)++]) < 0)
			return -1;
	return 0;
}

int policy_read_who(const struct policy_parser *parser, const json_t *value,
		    struct policy_statement *statement)
{
	json_t *object = (json_t *)(uintptr_t)value;
	const char *name = NULL;
	json_t *entry = NULL;
	size_t total = 1;

	json_object_foreach(object, name, entry) total +=
		json_is_array(entry) ? json_array_size(entry) : 1;
	struct policy_who *who =
		arena_alloc(parser->arena, total * sizeof(*who));
	if (!who)
		return policy_no_memory(parser);
	statement->who = who;
	if (json_is_string(value) &&
	    strcmp(json_string_value(value), "*") == 0) {
		who[0].kind = POLICY_WHO_ANYBODY;
		statement->who_count = 1;
		return 0;
	}
	if (json_object_size(value) == 0)
		return policy_invalid(parser, SPAN_LIT("Principal"),
				      "must be \"*\" or an object");
	json_object_foreach(object, name,
			    entry) if (read_row(parser, name, entry, who,
						&statement->who_count) <
				       0) return -1;
	return 0;
}
