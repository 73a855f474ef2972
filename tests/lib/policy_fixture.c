/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/policy_fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tests/lib/check.h"

#define ACCOUNT "000000000000"
#define KEYS_MAX 32

static struct {
	char text[1024];
	char arn[256];
	char role[256];
	char resource[512];
	struct policy_key keys[KEYS_MAX];
	size_t key_count;
	struct policy_key looked_up[KEYS_MAX];
	size_t looked_up_count;
	struct policy_question question;
} made;

void policy_fixture_document(const char *text, struct buf *out)
{
	bool whole = strstr(text, "'Statement'") != NULL;

	if (!whole)
		buf_append_text(out,
				"{\"Version\":\"2012-10-17\",\"Statement\":[");
	for (; *text; text++)
		buf_append_char(out, *text == '\''  ? '"'
				     : *text == '`' ? '\''
						    : *text);
	if (!whole)
		buf_append_text(out, "]}");
}

struct policy *policy_fixture_parse(enum policy_kind kind, const char *text)
{
	struct buf json = BUF_INIT(POLICY_BYTES_MAX);
	struct policy *policy = NULL;
	struct err err = ERR_INIT;

	if (!text)
		return NULL;
	policy_fixture_document(text, &json);
	if (policy_parse(kind, buf_span(&json), &policy, &err) < 0)
		check_fail(text, 0, err.tell);
	buf_release(&json);
	return policy;
}

static int look_up(void *context, struct span name, struct buf *out)
{
	(void)context;
	for (size_t i = 0; i < made.looked_up_count; i++) {
		if (!span_equal_nocase(made.looked_up[i].name, name))
			continue;
		buf_append_span(out, made.looked_up[i].value);
		return 1;
	}
	return 0;
}

static void make_keys(const char *keys)
{
	struct span rest = SPAN_LIT("");

	made.key_count = 0;
	made.looked_up_count = 0;
	if (keys) {
		snprintf(made.text, sizeof(made.text), "%s", keys);
		rest = span_of(made.text);
	}
	while (rest.len > 0) {
		struct policy_key key;
		struct span row = rest;

		if (!span_cut(rest, ';', &row, &rest))
			rest = SPAN_LIT("");
		CHECK(span_cut(row, '=', &key.name, &key.value));
		if (key.name.text[0] == '~') {
			key.name.text++;
			key.name.len--;
			made.looked_up[made.looked_up_count++] = key;
		} else {
			made.keys[made.key_count++] = key;
		}
	}
}

static void make_who(const char *who, struct policy_question *question)
{
	const char *at = strchr(who, '@');
	const char *slash = strchr(who, '/');
	const char *account = at ? at + 1 : ACCOUNT;
	int len = at ? (int)(at - who) : (int)strlen(who);

	made.role[0] = '\0';
	if (slash) {
		snprintf(made.arn, sizeof(made.arn),
			 "arn:aws:sts::%s:assumed-role/%.*s", account, len,
			 who);
		snprintf(made.role, sizeof(made.role),
			 "arn:aws:iam::%s:role/%.*s", account,
			 (int)(slash - who), who);
	} else {
		snprintf(made.arn, sizeof(made.arn),
			 "arn:aws:iam::%s:user/%.*s", account, len, who);
	}
	question->principal_arn =
		len > 0 ? span_of(made.arn) : SPAN_LIT("anonymous");
	question->principal_account = len > 0 ? span_of(account) : SPAN_LIT("");
	question->role_arn = span_of(made.role);
}

const struct policy_question *
policy_fixture_question(const struct policy_case *row)
{
	const char *resource = row->resource ? row->resource : "team/app";
	struct policy_question question = {
		.action = span_of(row->action ? row->action
					      : "ecr:BatchGetImage"),
		.resource_account = SPAN_LIT(ACCOUNT),
		.look_up = look_up};

	make_who(row->who ? row->who : "alice", &question);
	make_keys(row->keys);
	question.keys = made.keys;
	question.key_count = made.key_count;
	if (strcmp(resource, "*") == 0)
		snprintf(made.resource, sizeof(made.resource), "*");
	else
		snprintf(made.resource, sizeof(made.resource),
			 "arn:aws:ecr:local:%s:repository/%s", ACCOUNT,
			 resource);
	question.resource = span_of(made.resource);
	made.question = question;
	return &made.question;
}

enum policy_effect policy_fixture_decide(const struct policy_case *row,
					 struct policy_reason *ret_reason)
{
	struct policy *parts[] = {
		policy_fixture_parse(POLICY_IDENTITY, row->identity),
		policy_fixture_parse(POLICY_IDENTITY, row->group),
		policy_fixture_parse(POLICY_REPOSITORY, row->repository),
		policy_fixture_parse(POLICY_REGISTRY, row->registry),
		policy_fixture_parse(POLICY_IDENTITY, row->session)};
	struct policy_source identity[] = {
		{.policy = parts[0], .name = SPAN_LIT("own")},
		{.policy = parts[1],
		 .name = SPAN_LIT("shared"),
		 .group = SPAN_LIT("developers")}};
	struct policy_set set = {.identity = identity,
				 .identity_count = 2,
				 .repository = parts[2],
				 .registry = parts[3],
				 .session = parts[4]};
	enum policy_effect effect =
		policy_decide(&set, policy_fixture_question(row), ret_reason);

	/* What reason says is of the documents: it must not be read later. */
	if (ret_reason)
		ret_reason->sid = SPAN_LIT("");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		policy_unref(parts[i]);
	return effect;
}

void policy_fixture_check(const struct policy_case *rows, size_t count)
{
	size_t wrong = 0;

	for (size_t i = 0; i < count; i++) {
		if (policy_fixture_decide(&rows[i], NULL) == rows[i].want)
			continue;
		fprintf(stderr, "row %zu is not decided as wanted\n", i);
		wrong++;
	}
	CHECK(wrong == 0);
}
