/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/scope.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/hasher.h"
#include "storage/refname.h"

#define ID_SIZE 16 /* bytes of a ceiling's id */

static const struct {
	const char *name;
	unsigned right;
} actions[] = {
	{"pull", SCOPE_RIGHT_PULL},
	{"push", SCOPE_RIGHT_PUSH},
	{"delete", SCOPE_RIGHT_DELETE},
};

#define REPOSITORY_RIGHTS                                                      \
	(SCOPE_RIGHT_PULL | SCOPE_RIGHT_PUSH | SCOPE_RIGHT_DELETE)

/* ---- the grammar ---- */

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_word(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_lower(text.text[i]) &&
		    !(text.text[i] >= '0' && text.text[i] <= '9'))
			return false;
	return text.len > 0;
}

static int refuse(struct err *err, const char *why)
{
	err_set(err, ERR_INVALID, "scope: %s", why);
	return err_tell(err,
			"a scope is not of the form "
			"repository:NAME:pull,push,delete: %s",
			why);
}

/* A type with the class that it may have in parentheses, which means nothing:
 * true with the type alone. */
static bool read_type(struct span *type)
{
	struct span class = {0};

	if (span_cut(*type, '(', type, &class)) {
		if (!span_ends(class, SPAN_LIT(")")))
			return false;
		class.len--;
		if (!is_word(class))
			return false;
	}
	return is_word(*type);
}

static unsigned right_of(struct span action)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (span_equal(span_of(actions[i].name), action))
			return actions[i].right;
	return span_equal(action, SPAN_LIT("*")) ? REPOSITORY_RIGHTS : 0;
}

/* False if one is no action at all; those that are not known count for none. */
static bool read_actions(struct span text, unsigned *ret_rights)
{
	bool more = true;

	*ret_rights = 0;
	while (more) {
		struct span action = text;

		more = span_cut(text, ',', &action, &text);
		*ret_rights |= right_of(action);
		for (size_t i = 0; i < action.len; i++)
			if (!is_lower(action.text[i]) &&
			    !span_equal(action, SPAN_LIT("*")))
				return false;
	}
	return true;
}

/* A name with stars in it: no repository may have another character. */
static bool is_pattern(struct span name)
{
	bool star = false;

	for (size_t i = 0; i < name.len; i++) {
		char c = name.text[i];

		star = star || c == '*';
		if (!is_word(span_make(&c, 1)) &&
		    (c == '\0' || !strchr("*./_-", c)))
			return false;
	}
	return star && name.len <= REFNAME_REPOSITORY_MAX;
}

/* 1 with a scope, 0 it is of a kind that we do not know, -1. */
static int read_scope(struct span text, bool patterns, struct scope *ret_scope,
		      struct err *err)
{
	struct scope scope = {.catalog = false};
	struct err inner = ERR_INIT;
	struct span type = {0};
	struct span list = {0};

	if (!span_cut(text, ':', &type, &text) ||
	    !span_cut_last(text, ':', &scope.name, &list))
		return refuse(err, "it has less than two colons");
	if (!read_type(&type))
		return refuse(err, "its type is not in lower-case letters");
	if (!read_actions(list, &scope.rights))
		return refuse(err, "an action is not in lower-case letters");
	if (span_equal(type, SPAN_LIT("registry"))) {
		scope.catalog = span_equal(scope.name, SPAN_LIT("catalog"));
		if (!scope.catalog || !span_equal(list, SPAN_LIT("*")))
			return 0;
		scope.rights = SCOPE_RIGHT_CATALOG;
	} else if (!span_equal(type, SPAN_LIT("repository"))) {
		return 0;
	} else if (!(patterns && is_pattern(scope.name)) &&
		   refname_check_repository(scope.name, &inner) < 0) {
		return refuse(err, "its name is not that of a repository");
	}
	*ret_scope = scope;
	return scope.rights != 0;
}

int scope_each(struct span text, bool patterns, scope_fn *each, void *context,
	       struct err *err)
{
	size_t count = 0;

	if (text.len > SCOPE_TEXT_MAX)
		return err_set(err, ERR_TOO_LARGE, "scopes of %zu bytes",
			       text.len);
	while (text.len > 0) {
		struct span one = text;
		struct scope scope;

		if (!span_cut(text, ' ', &one, &text))
			text.len = 0;
		if (one.len == 0)
			continue;
		if (++count > SCOPES_MAX)
			return err_set(err, ERR_TOO_LARGE,
				       "more than %d scopes", SCOPES_MAX);
		int known = read_scope(one, patterns, &scope, err);
		if (known < 0 || (known && each(context, &scope, err) < 0))
			return -1;
	}
	return 0;
}

void scope_write(const struct scope *scope, struct buf *out)
{
	const char *comma = "";

	if (scope->catalog) {
		buf_append_text(out, "registry:catalog:*");
		return;
	}
	buf_appendf(out, "repository:%.*s:", SPAN_ARG(scope->name));
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (!(scope->rights & actions[i].right))
			continue;
		buf_append_text(out, comma);
		buf_append_text(out, actions[i].name);
		comma = ",";
	}
}

/* ---- ceilings ---- */

struct ceiling {
	atomic_uint refs;
	uint8_t id[ID_SIZE];  /* of all that follows */
	bool scoped;	      /* limited by its scopes; else by policy alone */
	struct scope *scopes; /* owned; their names borrow from ->text */
	size_t count;	      /* of scopes */
	struct span policy;   /* borrows from ->text */
	struct span scope;    /* the scopes as text, also from there */
	char text[];	      /* both, behind one another */
};

static int count_scope(void *context, const struct scope *scope,
		       struct err *err)
{
	size_t *count = context;

	(void)scope;
	(void)err;
	(*count)++;
	return 0;
}

static int keep_scope(void *context, const struct scope *scope, struct err *err)
{
	struct ceiling *ceiling = context;

	(void)err;
	ceiling->scopes[ceiling->count++] = *scope;
	return 0;
}

static int read_scopes(struct ceiling *ceiling, bool patterns, struct err *err)
{
	size_t count = 0;

	if (scope_each(ceiling->scope, patterns, count_scope, &count, err) < 0)
		return -1;
	ceiling->scopes = calloc(count ? count : 1, sizeof(struct scope));
	if (!ceiling->scopes)
		return err_set(err, ERR_NO_MEMORY, "ceiling");
	return scope_each(ceiling->scope, patterns, keep_scope, ceiling, err);
}

/* Where the scopes end and what kind it is are part of it: "a" and "b" are not
 * "ab". */
static int make_id(struct ceiling *ceiling, struct err *err)
{
	struct digest digest;
	CLEANUP(buf_release) struct buf all = BUF_INIT(SIZE_MAX);

	buf_appendf(&all, "%d %zu ", ceiling->scoped, ceiling->scope.len);
	buf_append_span(&all, ceiling->scope);
	buf_append_span(&all, ceiling->policy);
	if (buf_check(&all, err) < 0 ||
	    hasher_once(DIGEST_SHA256, all.data, all.len, &digest, err) < 0)
		return -1;
	memcpy(ceiling->id, digest.bytes, ID_SIZE);
	return 0;
}

DEFINE_CLEANUP(ceiling_unref_at, struct ceiling *, ceiling_unref)

static struct ceiling *ceiling_alloc(struct span scopes, struct span policy)
{
	struct ceiling *ceiling =
		calloc(1, sizeof(*ceiling) + scopes.len + policy.len + 1);

	if (!ceiling)
		return NULL;
	atomic_init(&ceiling->refs, 1);
	if (scopes.len > 0)
		memcpy(ceiling->text, scopes.text, scopes.len);
	if (policy.len > 0)
		memcpy(ceiling->text + scopes.len, policy.text, policy.len);
	ceiling->scope = span_make(ceiling->text, scopes.len);
	ceiling->policy = span_make(ceiling->text + scopes.len, policy.len);
	return ceiling;
}

int ceiling_new(struct span scopes, bool patterns, struct span policy,
		struct ceiling **ret_ceiling, struct err *err)
{
	CLEANUP(ceiling_unref_at)
	struct ceiling *ceiling = ceiling_alloc(scopes, policy);

	if (!ceiling)
		return err_set(err, ERR_NO_MEMORY, "ceiling");
	ceiling->scoped = true;
	if (read_scopes(ceiling, patterns, err) < 0 ||
	    make_id(ceiling, err) < 0)
		return -1;
	*ret_ceiling = STEAL(ceiling);
	return 0;
}

int ceiling_new_policy(struct span document, struct ceiling **ret_ceiling,
		       struct err *err)
{
	CLEANUP(ceiling_unref_at)
	struct ceiling *ceiling = ceiling_alloc(SPAN_LIT(""), document);

	if (!ceiling)
		return err_set(err, ERR_NO_MEMORY, "ceiling");
	if (make_id(ceiling, err) < 0)
		return -1;
	*ret_ceiling = STEAL(ceiling);
	return 0;
}

struct ceiling *ceiling_ref(struct ceiling *ceiling)
{
	if (ceiling)
		atomic_fetch_add(&ceiling->refs, 1);
	return ceiling;
}

void ceiling_unref(struct ceiling *ceiling)
{
	if (!ceiling || atomic_fetch_sub(&ceiling->refs, 1) != 1)
		return;
	free(ceiling->scopes);
	free(ceiling);
}

/* A star stands for any bytes, none among them: what follows the last one met
 * is tried again one byte further on. */
static bool matches(struct span pattern, struct span name)
{
	size_t at = 0;
	size_t in = 0;
	size_t star = SIZE_MAX;
	size_t from = 0;

	while (in < name.len) {
		if (at < pattern.len && pattern.text[at] == '*') {
			star = ++at;
			from = in;
		} else if (at < pattern.len &&
			   pattern.text[at] == name.text[in]) {
			at++;
			in++;
		} else if (star != SIZE_MAX) {
			at = star;
			in = ++from;
		} else {
			return false;
		}
	}
	while (at < pattern.len && pattern.text[at] == '*')
		at++;
	return at == pattern.len;
}

bool ceiling_covers(const struct ceiling *ceiling, enum action action,
		    struct span repository)
{
	unsigned right = action_scope(action);

	if (!ceiling->scoped || action == ACTION_PUBLIC ||
	    action == ACTION_LOGIN || action == ACTION_BY_HANDLER)
		return true;
	for (size_t i = 0; i < ceiling->count; i++) {
		const struct scope *scope = &ceiling->scopes[i];

		if ((scope->rights & right) &&
		    (scope->catalog || matches(scope->name, repository)))
			return true;
	}
	return false;
}

const uint8_t *ceiling_id(const struct ceiling *ceiling)
{
	return ceiling->id;
}

struct span ceiling_text(const struct ceiling *ceiling)
{
	return ceiling->scope;
}

struct span ceiling_policy(const struct ceiling *ceiling)
{
	return ceiling->policy;
}
