/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent, from the command line by the rows of a call. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/fsx.h"
#include "base/jsonx.h"
#include "base/num.h"
#include "cli/api.h"
#include "cli/options.h"
#include "cli/prompt.h"

#define DOCUMENT_MAX ((size_t)1 << 20) /* bytes of a file */
#define SECRET_MAX 4096
#define TEXT_MAX 16384
#define HOST_SIZE 256

static int refuse(struct err *err, const char *what, const char *why)
{
	err_set(err, ERR_INVALID, "bad usage");
	return err_tell(err, "%s: %s", what, why);
}

/* ---- values ---- */

static const void *place_of(const struct options *options,
			    const struct api_member *member)
{
	return (const char *)options + member->place;
}

static const char *text_of(const struct options *options,
			   const struct api_member *member)
{
	if (member->kind == API_ARGUMENT)
		return options->names[member->place];
	return *(const char *const *)place_of(options, member);
}

static int make_seconds(const char *text, json_t **ret_value, struct err *err)
{
	struct err inner = ERR_INIT;
	int64_t ms = 0;

	if (!text)
		return 0;
	if (num_duration(span_of(text), &ms, &inner) < 0)
		return refuse(err, text, "no duration such as 12h or 30d");
	*ret_value = json_integer(ms / 1000);
	return 0;
}

static json_t *make_words(const struct option_values *values)
{
	json_t *array = values->count > 0 ? json_array() : NULL;

	for (size_t i = 0; i < values->count; i++)
		json_array_append_new(array, json_string(values->at[i]));
	return array;
}

static json_t *make_joined(const struct option_values *values)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(TEXT_MAX);

	for (size_t i = 0; i < values->count; i++)
		buf_appendf(&text, "%s%s", i > 0 ? " " : "", values->at[i]);
	return values->count > 0 ? json_string(buf_text(&text)) : NULL;
}

/* "push-pull:team/" with a star behind it is a policy and its pattern. */
static json_t *make_grants(const struct option_values *values)
{
	json_t *array = values->count > 0 ? json_array() : NULL;

	for (size_t i = 0; i < values->count; i++) {
		struct span whole = span_of(values->at[i]);
		struct span policy = whole;
		struct span pattern = SPAN_LIT("*");

		span_cut(whole, ':', &policy, &pattern);
		json_array_append_new(array, json_pack("{s:s%, s:s%}", "policy",
						       policy.text, policy.len,
						       "pattern", pattern.text,
						       pattern.len));
	}
	return array;
}

static int make_document(const char *path, json_t **ret_value, struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(DOCUMENT_MAX);
	struct err inner = ERR_INIT;

	if (!path)
		return 0;
	if (strcmp(path, "-") == 0)
		path = "/dev/stdin";
	if (fsx_read_file(AT_FDCWD, path, &text, &inner) < 0 ||
	    jsonx_parse(buf_span(&text), JSONX_DEPTH_MAX, ret_value, &inner) <
		    0)
		return refuse(err, path, inner.text);
	return 0;
}

static int make_secret(json_t **ret_value, struct err *err)
{
	CLEANUP(buf_release) struct buf secret = BUF_INIT(SECRET_MAX);
	struct err inner = ERR_INIT;

	if (isatty(STDIN_FILENO)) {
		if (prompt_new_secret("New password: ", &secret, err) < 0)
			return -1;
	} else {
		prompt_read(stdin, &secret, &inner);
	}
	if (secret.len == 0)
		return refuse(err, "the new password",
			      "it is read from "
			      "standard input, which "
			      "has none");
	*ret_value = json_stringn(secret.data, secret.len);
	explicit_bzero(secret.data, secret.len);
	return *ret_value ? 0 : err_set(err, ERR_NO_MEMORY, "password");
}

static json_t *make_host(void)
{
	char name[HOST_SIZE] = "";
	char text[HOST_SIZE + 32];

	gethostname(name, sizeof(name) - 1);
	snprintf(text, sizeof(text), "berth login on %s", name);
	return json_string(text);
}

/* *ret_value stays NULL where nothing was given. */
static int make_value(const struct options *options,
		      const struct api_member *member, json_t **ret_value,
		      struct err *err)
{
	const char *text;

	switch (member->kind) {
	case API_END:
		return 0;
	case API_ARGUMENT:
	case API_TEXT:
		text = text_of(options, member);
		*ret_value = text ? json_string(text) : NULL;
		return 0;
	case API_SWITCH:
		if (*(const bool *)place_of(options, member))
			*ret_value = json_true();
		return 0;
	case API_TRUE:
		*ret_value = json_true();
		return 0;
	case API_FALSE:
		*ret_value = json_false();
		return 0;
	case API_SECONDS:
		return make_seconds(text_of(options, member), ret_value, err);
	case API_WORDS:
		*ret_value = make_words(place_of(options, member));
		return 0;
	case API_JOINED:
		*ret_value = make_joined(place_of(options, member));
		return 0;
	case API_GRANTS:
		*ret_value = make_grants(place_of(options, member));
		return 0;
	case API_DOCUMENT:
		return make_document(text_of(options, member), ret_value, err);
	case API_NEW_SECRET:
		return make_secret(ret_value, err);
	case API_HOST:
		*ret_value = make_host();
		return 0;
	}
	return 0;
}

/* ---- the body ---- */

int api_body(const struct options *options, const struct api_member *members,
	     json_t **ret_body, struct err *err)
{
	CLEANUP(jsonx_unref) json_t *body = NULL;

	for (size_t i = 0; i < API_MEMBERS_MAX && members[i].kind != API_END;
	     i++) {
		json_t *value = NULL;

		if (!body && members[i].name)
			body = json_object();
		if (make_value(options, &members[i], &value, err) < 0)
			return -1;
		if (!members[i].name)
			body = value;
		else if (value)
			json_object_set_new(body, members[i].name, value);
	}
	*ret_body = STEAL(body);
	return 0;
}

/* ---- the address ---- */

/* "user/alice" as it stands in an address: "users/alice". */
static int write_holder(const char *holder, struct buf *out, struct err *err)
{
	static const char *const kinds[] = {"user", "robot", "role", "group"};
	struct span kind = {0};
	struct span name = {0};

	if (span_cut(span_of(holder), '/', &kind, &name) && name.len > 0)
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			if (span_equal(kind, span_of(kinds[i]))) {
				buf_appendf(out, "%ss/", kinds[i]);
				enc_percent(name, 0, out);
				return 0;
			}
	return refuse(err, holder,
		      "name it as user/NAME, robot/NAME, role/NAME or "
		      "group/NAME");
}

/* One "{...}" of a path. */
static int write_placeholder(const struct options *options, struct span what,
			     struct buf *out, struct err *err)
{
	struct span word = {0};
	struct span place = {0};

	if (span_equal(what, SPAN_LIT("repository"))) {
		buf_append_text(out, options->target.repository);
		return 0;
	}
	if (span_equal(what, SPAN_LIT("of"))) {
		if (options->of)
			return write_holder(options->of, out, err);
		buf_append_text(out, "me");
		return 0;
	}
	if (span_cut(what, ' ', &word, &place))
		return write_holder(options->names[place.text[0] - '0'], out,
				    err);
	enc_percent(span_of(options->names[what.text[0] - '0']), 0, out);
	return 0;
}

static int write_query(const struct options *options,
		       const struct api_member *members, struct buf *out,
		       struct err *err)
{
	char before = '?';

	for (size_t i = 0; i < API_MEMBERS_MAX && members[i].kind != API_END;
	     i++) {
		CLEANUP(jsonx_unref) json_t *value = NULL;

		if (make_value(options, &members[i], &value, err) < 0)
			return -1;
		if (!value)
			continue;
		buf_appendf(out, "%c%s=", before, members[i].name);
		enc_percent(span_of(json_is_true(value)
					    ? "true"
					    : json_string_value(value)),
			    0, out);
		before = '&';
	}
	return 0;
}

int api_path(const struct options *options, const struct api_call *call,
	     struct buf *out, struct err *err)
{
	struct span rest = span_of(call->path);
	struct span before = {0};
	struct span what = {0};

	while (span_cut(rest, '{', &before, &rest)) {
		buf_append_span(out, before);
		span_cut(rest, '}', &what, &rest);
		if (write_placeholder(options, what, out, err) < 0)
			return -1;
	}
	buf_append_span(out, rest);
	if (write_query(options, call->query, out, err) < 0)
		return -1;
	return buf_check(out, err);
}
