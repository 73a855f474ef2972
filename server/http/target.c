/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/target.h"

#include "base/arena.h"
#include "base/enc.h"
#include "base/err.h"

/* Decode the escapes of text once; text itself where there are none. */
static int decode(struct span text, struct arena *arena, struct span *ret_text,
		  struct err *err)
{
	size_t len = 0;

	if (text.len == 0 || !memchr(text.text, '%', text.len)) {
		*ret_text = text;
		return 0;
	}
	char *copy = arena_copy(arena, text.text, text.len);
	if (!copy)
		return err_set(err, ERR_NO_MEMORY, "no memory for a target");
	if (enc_unpercent(text, copy, &len, err) < 0)
		return -1;
	*ret_text = span_make(copy, len);
	return 0;
}

/* "http://host:port/path" without all that stands before the path. */
static struct span without_host(struct span target)
{
	struct span rest;

	if (span_starts(target, SPAN_LIT("http://")))
		rest = span_make(target.text + 7, target.len - 7);
	else if (span_starts(target, SPAN_LIT("https://")))
		rest = span_make(target.text + 8, target.len - 8);
	else
		return target;
	for (size_t i = 0; i < rest.len; i++) {
		if (rest.text[i] == '/')
			return span_make(rest.text + i, rest.len - i);
		if (rest.text[i] == '?')
			break;
	}
	return SPAN_LIT("/");
}

static int check_bytes(struct span target, struct err *err)
{
	for (size_t i = 0; i < target.len; i++) {
		unsigned char c = (unsigned char)target.text[i];

		if (c <= ' ' || c == 0x7f || c == '#')
			return err_set(err, ERR_INVALID,
				       "the target holds a byte that none may");
	}
	return 0;
}

static bool is_dots(struct span component)
{
	return span_equal(component, SPAN_LIT(".")) ||
	       span_equal(component, SPAN_LIT(".."));
}

static int check_components(struct span path, struct err *err)
{
	struct span rest = path;
	struct span component;

	while (span_cut(rest, '/', &component, &rest))
		if (is_dots(component))
			return err_set(err, ERR_INVALID,
				       "the path holds a dot component");
	if (is_dots(rest) || memchr(path.text, '\0', path.len))
		return err_set(err, ERR_INVALID,
			       "the path holds a dot component or a NUL");
	return 0;
}

int target_parse(struct span target, struct arena *arena, struct span *ret_path,
		 struct span *ret_query, struct err *err)
{
	struct span raw = without_host(target);
	struct span query = {NULL, 0};
	struct span path;

	if (check_bytes(target, err) < 0)
		return -1;
	span_cut(raw, '?', &raw, &query);
	if (raw.len == 0 || raw.text[0] != '/')
		return err_set(err, ERR_INVALID, "the target is no path");
	if (decode(raw, arena, &path, err) < 0 ||
	    check_components(path, err) < 0)
		return -1;
	*ret_path = path;
	*ret_query = query;
	return 0;
}

int target_query(struct span query, const char *name, size_t index,
		 struct arena *arena, struct span *ret_value, struct err *err)
{
	struct span rest = query;
	struct span pair;
	bool more = query.len > 0;

	while (more) {
		struct span value = {NULL, 0};
		struct span key;

		more = span_cut(rest, '&', &pair, &rest);
		if (!more)
			pair = rest;
		key = pair;
		span_cut(pair, '=', &key, &value);
		if (decode(key, arena, &key, err) < 0)
			return -1;
		if (!span_equal(key, span_of(name)) || index-- > 0)
			continue;
		if (decode(value, arena, &value, err) < 0)
			return -1;
		*ret_value = value;
		return 1;
	}
	return 0;
}
