/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/conditional.h"

static struct span skip(struct span text, size_t count)
{
	return span_make(text.text + count, text.len - count);
}

/* Take one entity tag off the front; false if none stands there. */
static bool take_tag(struct span *text, struct span *ret_opaque)
{
	struct span rest = *text;
	const char *end;

	if (span_starts(rest, SPAN_LIT("W/")))
		rest = skip(rest, 2);
	if (rest.len < 2 || rest.text[0] != '"')
		return false;
	end = memchr(rest.text + 1, '"', rest.len - 1);
	if (!end)
		return false;
	*ret_opaque = span_make(rest.text + 1, (size_t)(end - rest.text) - 1);
	*text = skip(rest, ret_opaque->len + 2);
	return true;
}

bool conditional_none_match(struct span field, struct span digest)
{
	struct span rest = span_trim(field);
	struct span opaque;

	if (span_equal(rest, SPAN_LIT("*")))
		return true;
	while (rest.len > 0) {
		if (rest.text[0] == ',') {
			rest = span_trim(skip(rest, 1));
			continue;
		}
		if (!take_tag(&rest, &opaque))
			return false;
		if (span_equal(opaque, digest))
			return true;
		rest = span_trim(rest);
		if (rest.len > 0 && rest.text[0] != ',')
			return false;
	}
	return false;
}

bool conditional_if_range(struct span field, struct span digest)
{
	struct span rest = span_trim(field);

	return rest.len == 0 ||
	       (rest.len == digest.len + 2 && rest.text[0] == '"' &&
		rest.text[rest.len - 1] == '"' &&
		span_equal(span_make(rest.text + 1, rest.len - 2), digest));
}
