/* SPDX-License-Identifier: Apache-2.0 */
#include "server/aws/query.h"

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* "+" stands for a blank, and only an escaped one for itself. */
static int decode(struct span text, struct arena *arena, struct span *ret_text,
		  struct err *err)
{
	char *copy = arena_copy(arena, text.text, text.len);
	size_t len = 0;

	if (!copy)
		return err_set(err, ERR_NO_MEMORY, "no memory for a form");
	for (size_t i = 0; i < text.len; i++)
		if (copy[i] == '+')
			copy[i] = ' ';
	if (enc_unpercent(span_make(copy, text.len), copy, &len, err) < 0)
		return -1;
	*ret_text = span_make(copy, len);
	return 0;
}

static const struct query_field *find(const struct query *query,
				      struct span name)
{
	for (size_t i = 0; i < query->count; i++)
		if (span_equal(query->fields[i].name, name))
			return &query->fields[i];
	return NULL;
}

static int read_field(struct span text, struct arena *arena,
		      struct query_field *field, struct err *err)
{
	struct span value = SPAN_LIT("");

	span_cut(text, '=', &text, &value);
	if (decode(text, arena, &field->name, err) < 0)
		return -1;
	return decode(value, arena, &field->value, err);
}

int query_parse(struct span form, struct arena *arena, struct query *ret_query,
		struct err *err)
{
	struct query query = {.count = 0};
	struct query_field *fields = NULL;

	if (form.len > QUERY_BYTES_MAX)
		return err_set(err, ERR_TOO_LARGE, "form over the limit");
	fields = arena_alloc(arena, QUERY_FIELDS_MAX * sizeof(*fields));
	if (!fields)
		return err_set(err, ERR_NO_MEMORY, "no memory for a form");
	query.fields = fields;
	while (form.text) {
		struct span text = form;
		struct span rest = {0};

		span_cut(form, '&', &text, &rest);
		form = rest;
		if (text.len == 0)
			continue;
		if (query.count == QUERY_FIELDS_MAX)
			return err_set(err, ERR_TOO_LARGE,
				       "fields of a form over the limit");
		if (read_field(text, arena, &fields[query.count], err) < 0)
			return -1;
		/* Which one counts would be the reader's choice. */
		if (find(&query, fields[query.count].name))
			return err_set(err, ERR_INVALID,
				       "a field of a form stands twice");
		query.count++;
	}
	*ret_query = query;
	return 0;
}

struct span query_get(const struct query *query, const char *name)
{
	const struct query_field *field = find(query, span_of(name));

	return field ? field->value : (struct span){0};
}

bool query_has(const struct query *query, const char *prefix)
{
	for (size_t i = 0; i < query->count; i++)
		if (span_starts(query->fields[i].name, span_of(prefix)))
			return true;
	return false;
}

/* ---- XML ---- */

static const char *entity_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\r':
		return "&#xD;";
	default:
		return NULL;
	}
}

/* Most control characters, and U+FFFE and U+FFFF, are in no XML document. */
static bool is_xml(const char *text, size_t len)
{
	unsigned char c = (unsigned char)text[0];

	if (len == 1)
		return c >= ' ' || c == '\t' || c == '\n' || c == '\r';
	return len != 3 || (memcmp(text, "\xef\xbf\xbe", 3) != 0 &&
			    memcmp(text, "\xef\xbf\xbf", 3) != 0);
}

void query_escape(struct span text, struct buf *out)
{
	while (text.len > 0) {
		size_t len = utf8_length(text);
		const char *entity = entity_of(text.text[0]);

		if (entity)
			buf_append_text(out, entity);
		else if (len > 0 && is_xml(text.text, len))
			buf_append(out, text.text, len);
		else
			buf_append_text(out, REPLACEMENT);
		len = len > 0 ? len : 1;
		text = span_make(text.text + len, text.len - len);
	}
}

void query_element(const char *name, struct span text, struct buf *out)
{
	buf_appendf(out, "<%s>", name);
	query_escape(text, out);
	buf_appendf(out, "</%s>", name);
}
