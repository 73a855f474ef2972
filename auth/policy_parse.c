/* SPDX-License-Identifier: Apache-2.0 */
/* Reading policy documents, strictly: what is not understood might have been
 * meant to deny. */
#include <stdlib.h>

#include "auth/policy_parts.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/jsonx.h"

#define DEPTH_MAX 8		    /* of a document's JSON */
#define ARENA_MAX ((size_t)4 << 20) /* more than any document can take */

DEFINE_CLEANUP(policy_unref_at, struct policy *, policy_unref)

int policy_invalid(const struct policy_parser *parser, struct span name,
		   const char *what)
{
	char where[40] = "";

	if (parser->statement > 0)
		snprintf(where, sizeof(where),
			 "Statement %zu: ", parser->statement);
	err_set(parser->err, ERR_INVALID, "%s%s", where, what);
	if (name.len > 0)
		return err_tell(parser->err, "%s\"%.*s\": %s", where,
				SPAN_ARG(name), what);
	return err_tell(parser->err, "%s%s", where, what);
}

int policy_no_memory(const struct policy_parser *parser)
{
	return err_set(parser->err, ERR_NO_MEMORY, "policy document");
}

/* Each variable must be closed. */
static bool variables_closed(struct span text)
{
	struct span before = {0};

	while (span_cut(text, '$', &before, &text))
		if (text.len > 0 && text.text[0] == '{' &&
		    !span_cut(text, '}', &before, &text))
			return false;
	return true;
}

static bool has_variables(struct span text)
{
	for (size_t i = 1; i < text.len; i++)
		if (text.text[i - 1] == '$' && text.text[i] == '{')
			return true;
	return false;
}

int policy_read_text(const struct policy_parser *parser, struct span text,
		     bool variables, struct policy_text *ret_text)
{
	struct policy_text made = {.variables = variables &&
						parser->variables &&
						has_variables(text)};

	if (made.variables && !variables_closed(text))
		return policy_invalid(parser, text,
				      "a variable has no closing brace");
	made.text = span_make(arena_copy(parser->arena, text.text, text.len),
			      text.len);
	if (!made.text.text)
		return policy_no_memory(parser);
	*ret_text = made;
	return 0;
}

/* ---- Action and Resource ---- */

/* What the actions of a document may begin with, or NULL. */
static const char *service_of(enum policy_kind kind)
{
	switch (kind) {
	case POLICY_REPOSITORY:
	case POLICY_REGISTRY:
		return "ecr";
	case POLICY_TRUST:
		return "sts";
	case POLICY_IDENTITY:
		break;
	}
	return NULL;
}

static int check_action(const struct policy_parser *parser, struct span text)
{
	const char *service = service_of(parser->kind);
	struct span before = {0};
	struct span after = {0};

	if (span_equal(text, SPAN_LIT("*")) && parser->kind != POLICY_TRUST)
		return 0;
	if (!span_cut(text, ':', &before, &after) || before.len == 0 ||
	    after.len == 0)
		return policy_invalid(parser, text,
				      "an action is \"*\" or "
				      "\"service:Name\"");
	if (service && !span_equal_nocase(before, span_of(service)))
		return policy_invalid(parser, text,
				      "this kind of policy has no actions of "
				      "that service");
	return 0;
}

static int check_resource(const struct policy_parser *parser, struct span text)
{
	if (span_equal(text, SPAN_LIT("*")) ||
	    span_starts(text, SPAN_LIT("arn:")))
		return 0;
	return policy_invalid(parser, text,
			      "a resource is \"*\" or begins with \"arn:\"");
}

typedef int check_fn(const struct policy_parser *parser, struct span text);

/* One text or a list of them. */
static int read_texts(const struct policy_parser *parser, const char *element,
		      const json_t *value, bool variables, check_fn *check,
		      struct policy_texts *ret_texts)
{
	bool several = json_is_array(value);
	size_t count = several ? json_array_size(value) : 1;

	if (count == 0)
		return policy_invalid(parser, span_of(element),
				      "the list is empty");
	struct policy_text *list =
		arena_alloc(parser->arena, count * sizeof(*list));
	if (!list)
		return policy_no_memory(parser);
	for (size_t i = 0; i < count; i++) {
		const json_t *one = several ? json_array_get(value, i) : value;

		if (!json_is_string(one))
			return policy_invalid(parser, span_of(element),
					      "must be a text or a list of "
					      "texts");
		struct span text = span_make(json_string_value(one),
					     json_string_length(one));
		if (check(parser, text) < 0 ||
		    policy_read_text(parser, text, variables, &list[i]) < 0)
			return -1;
	}
	*ret_texts = (struct policy_texts){.list = list, .count = count};
	return 0;
}

/* ---- statements ---- */

/* Which of two elements that exclude each other is there: *ret_value of it, or
 * NULL; *ret_not: it is the second. */
static int choose(const struct policy_parser *parser, const json_t *json,
		  const char *const names[2], const json_t **ret_value,
		  bool *ret_not)
{
	const json_t *plain = json_object_get(json, names[0]);
	const json_t *inverse = json_object_get(json, names[1]);

	if (plain && inverse)
		return policy_invalid(parser, span_of(names[1]),
				      "excludes the element without Not");
	*ret_value = plain ? plain : inverse;
	*ret_not = inverse != NULL;
	return 0;
}

static int read_principal(const struct policy_parser *parser,
			  const json_t *json,
			  struct policy_statement *statement)
{
	static const char *const names[] = {"Principal", "NotPrincipal"};
	const json_t *value = NULL;

	if (choose(parser, json, names, &value, &statement->not_principal) < 0)
		return -1;
	if (parser->kind == POLICY_IDENTITY)
		return value ? policy_invalid(parser, span_of(names[0]),
					      "an identity's policy has no "
					      "principals")
			     : 0;
	if (!value)
		return policy_invalid(parser, span_of(names[0]), "is missing");
	if (statement->not_principal && !statement->deny)
		return policy_invalid(parser, span_of(names[1]),
				      "is only for Effect Deny");
	return policy_read_who(parser, value, statement);
}

static int read_actions(const struct policy_parser *parser, const json_t *json,
			struct policy_statement *statement)
{
	static const char *const names[] = {"Action", "NotAction"};
	const json_t *value = NULL;

	if (choose(parser, json, names, &value, &statement->not_action) < 0)
		return -1;
	if (!value)
		return policy_invalid(parser, span_of(names[0]), "is missing");
	return read_texts(parser, names[statement->not_action], value, false,
			  check_action, &statement->actions);
}

static int read_resources(const struct policy_parser *parser,
			  const json_t *json,
			  struct policy_statement *statement)
{
	static const char *const names[] = {"Resource", "NotResource"};
	const json_t *value = NULL;
	bool has = parser->kind == POLICY_IDENTITY ||
		   parser->kind == POLICY_REGISTRY;

	if (choose(parser, json, names, &value, &statement->not_resource) < 0)
		return -1;
	if (!has && value)
		return policy_invalid(parser, span_of(names[0]),
				      "this kind of policy is about what it is "
				      "set on");
	if (!has)
		return 0;
	if (!value)
		return policy_invalid(parser, span_of(names[0]), "is missing");
	return read_texts(parser, names[statement->not_resource], value, true,
			  check_resource, &statement->resources);
}

static int read_effect(const struct policy_parser *parser, const json_t *json,
		       struct policy_statement *statement)
{
	const char *effect = json_string_value(json_object_get(json, "Effect"));

	if (effect && strcmp(effect, "Deny") == 0)
		statement->deny = true;
	else if (!effect || strcmp(effect, "Allow") != 0)
		return policy_invalid(parser, SPAN_LIT(""),
				      "Effect must be Allow or Deny");
	return 0;
}

static int read_sid(const struct policy_parser *parser, const json_t *json,
		    struct policy_statement *statement)
{
	const json_t *sid = json_object_get(json, "Sid");
	struct policy_text text = {.variables = false};

	if (!sid)
		return 0;
	if (!json_is_string(sid))
		return policy_invalid(parser, SPAN_LIT("Sid"),
				      "must be a text");
	if (policy_read_text(parser, span_of(json_string_value(sid)), false,
			     &text) < 0)
		return -1;
	statement->sid = text.text;
	return 0;
}

static int check_elements(const struct policy_parser *parser,
			  const json_t *json, const char *const *known,
			  size_t count)
{
	const char *name = NULL;
	json_t *value = NULL;

	json_object_foreach((json_t *)(uintptr_t)json, name, value)
	{
		bool found = false;

		for (size_t i = 0; i < count && !found; i++)
			found = strcmp(name, known[i]) == 0;
		if (!found)
			return policy_invalid(parser, span_of(name),
					      "is no element of a policy");
	}
	return 0;
}

static int read_statement(const struct policy_parser *parser,
			  const json_t *json,
			  struct policy_statement *ret_statement)
{
	static const char *const known[] = {
		"Sid",		"Effect",      "Principal",
		"NotPrincipal", "Action",      "NotAction",
		"Resource",	"NotResource", "Condition"};
	const json_t *conditions = json_object_get(json, "Condition");

	if (!json_is_object(json))
		return policy_invalid(parser, SPAN_LIT(""),
				      "must be an object");
	if (check_elements(parser, json, known,
			   sizeof(known) / sizeof(known[0])) < 0 ||
	    read_sid(parser, json, ret_statement) < 0 ||
	    read_effect(parser, json, ret_statement) < 0 ||
	    read_principal(parser, json, ret_statement) < 0 ||
	    read_actions(parser, json, ret_statement) < 0 ||
	    read_resources(parser, json, ret_statement) < 0)
		return -1;
	if (!conditions)
		return 0;
	return condition_read(parser, conditions, &ret_statement->conditions,
			      &ret_statement->condition_count);
}

static int read_statements(struct policy_parser *parser, const json_t *json,
			   struct policy *policy)
{
	const json_t *value = json_object_get(json, "Statement");
	bool several = json_is_array(value);
	size_t count = several ? json_array_size(value) : 1;

	if (!value)
		return policy_invalid(parser, SPAN_LIT("Statement"),
				      "is missing");
	if (count == 0 || count > POLICY_STATEMENTS_MAX)
		return policy_invalid(parser, SPAN_LIT("Statement"),
				      "must be one or a list of 1 to 256");
	struct policy_statement *list =
		arena_alloc(parser->arena, count * sizeof(*list));
	if (!list)
		return policy_no_memory(parser);
	for (size_t i = 0; i < count; i++) {
		const json_t *one = several ? json_array_get(value, i) : value;

		parser->statement = i + 1;
		if (read_statement(parser, one, &list[i]) < 0)
			return -1;
	}
	policy->statements = list;
	policy->statement_count = count;
	return 0;
}

/* ---- documents ---- */

static int read_version(struct policy_parser *parser, const json_t *json)
{
	const json_t *id = json_object_get(json, "Id");
	const json_t *value = json_object_get(json, "Version");
	const char *version = json_string_value(value);

	if (id && !json_is_string(id))
		return policy_invalid(parser, SPAN_LIT("Id"), "must be a text");
	parser->variables = version && strcmp(version, "2012-10-17") == 0;
	if (!value || parser->variables ||
	    (version && strcmp(version, "2008-10-17") == 0))
		return 0;
	return policy_invalid(parser, SPAN_LIT(""),
			      "Version must be 2012-10-17 or 2008-10-17");
}

static int read_document(struct policy_parser *parser, struct span document,
			 struct policy *policy)
{
	static const char *const known[] = {"Version", "Id", "Statement"};
	CLEANUP(jsonx_unref) json_t *json = NULL;

	if (document.len > POLICY_BYTES_MAX)
		return policy_invalid(parser, SPAN_LIT(""),
				      "a policy has at most 20480 bytes");
	if (jsonx_parse(document, DEPTH_MAX, &json, parser->err) < 0)
		return -1;
	if (!json_is_object(json))
		return policy_invalid(parser, SPAN_LIT(""),
				      "a policy must be an object");
	if (check_elements(parser, json, known,
			   sizeof(known) / sizeof(known[0])) < 0 ||
	    read_version(parser, json) < 0)
		return -1;
	return read_statements(parser, json, policy);
}

int policy_parse(enum policy_kind kind, struct span document,
		 struct policy **ret_policy, struct err *err)
{
	CLEANUP(policy_unref_at)
	struct policy *policy = calloc(1, sizeof(*policy));

	if (!policy)
		return err_set(err, ERR_NO_MEMORY, "policy");
	atomic_init(&policy->references, 1);
	policy->arena = ARENA_INIT(ARENA_MAX);
	struct policy_parser parser = {
		.kind = kind, .arena = &policy->arena, .err = err};
	if (read_document(&parser, document, policy) < 0)
		return -1;
	*ret_policy = STEAL(policy);
	return 0;
}
