/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/refname.h"

#include <string.h>

#include "base/err.h"

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Bytes of the separator that starts at text[at]: ".", "_", "__" or any number
 * of "-"; 0 if there is none. */
static size_t separator_length(struct span text, size_t at)
{
	size_t end = at;

	switch (text.text[at]) {
	case '.':
		return 1;
	case '_':
		return at + 1 < text.len && text.text[at + 1] == '_' ? 2 : 1;
	case '-':
		while (end < text.len && text.text[end] == '-')
			end++;
		return end - at;
	default:
		return 0;
	}
}

/* One part of a name between slashes: alphanumeric runs joined by separators.
 */
static bool is_component(struct span text)
{
	size_t at = 0;

	for (;;) {
		size_t run = at;

		while (at < text.len && is_lower_alnum(text.text[at]))
			at++;
		if (at == run)
			return false;
		if (at == text.len)
			return true;

		size_t separator = separator_length(text, at);
		if (separator == 0)
			return false;
		at += separator;
	}
}

int refname_check_repository(struct span name, struct err *err)
{
	struct span rest = name;
	struct span component;

	if (name.len > REFNAME_REPOSITORY_MAX)
		return err_set(err, ERR_NAME_INVALID,
			       "repository name has %zu bytes, over %d",
			       name.len, REFNAME_REPOSITORY_MAX);
	while (span_cut(rest, '/', &component, &rest))
		if (!is_component(component))
			return err_set(err, ERR_NAME_INVALID,
				       "repository name has a bad component");
	if (!is_component(rest))
		return err_set(err, ERR_NAME_INVALID,
			       "repository name has a bad last component");
	return 0;
}

static bool is_tag_start(char c)
{
	return is_lower_alnum(c) || (c >= 'A' && c <= 'Z') || c == '_';
}

int refname_check_tag(struct span tag, struct err *err)
{
	if (tag.len == 0 || tag.len > REFNAME_TAG_MAX)
		return err_set(err, ERR_TAG_INVALID,
			       "tag has %zu bytes, not 1 to %d", tag.len,
			       REFNAME_TAG_MAX);
	if (!is_tag_start(tag.text[0]))
		return err_set(err, ERR_TAG_INVALID,
			       "tag starts with a character it may not");
	for (size_t i = 1; i < tag.len; i++) {
		char c = tag.text[i];

		if (!is_tag_start(c) && c != '.' && c != '-')
			return err_set(err, ERR_TAG_INVALID,
				       "tag has a character it may not");
	}
	return 0;
}

int refname_parse_digest(struct span text, struct digest *ret_digest,
			 struct err *err)
{
	struct err inner = ERR_INIT;

	if (digest_parse(text.text, text.len, ret_digest, &inner) < 0)
		return err_set(err, ERR_DIGEST_INVALID, "%s", inner.text);
	return 0;
}

int refname_parse_reference(struct span text, struct reference *ret_reference,
			    struct err *err)
{
	struct reference found = {.is_digest = false};

	if (text.len > 0 && memchr(text.text, ':', text.len)) {
		found.is_digest = true;
		if (refname_parse_digest(text, &found.digest, err) < 0)
			return -1;
	} else {
		found.tag = text;
		if (refname_check_tag(text, err) < 0)
			return -1;
	}
	*ret_reference = found;
	return 0;
}
