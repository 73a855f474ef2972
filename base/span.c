/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"

static unsigned char lower(char c)
{
	unsigned char byte = (unsigned char)c;

	return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
}

bool span_equal_nocase(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.text[i]) != lower(b.text[i]))
			return false;
	return true;
}

bool span_starts(struct span s, struct span prefix)
{
	return s.len >= prefix.len &&
	       span_equal(span_make(s.text, prefix.len), prefix);
}

bool span_ends(struct span s, struct span suffix)
{
	if (s.len < suffix.len)
		return false;
	if (suffix.len == 0)
		return true;
	return span_equal(span_make(s.text + (s.len - suffix.len), suffix.len),
			  suffix);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct span span_trim(struct span s)
{
	while (s.len > 0 && is_blank(s.text[s.len - 1]))
		s.len--;
	while (s.len > 0 && is_blank(s.text[0])) {
		s.text++;
		s.len--;
	}
	return s;
}

static void cut_at(struct span s, size_t at, struct span *ret_before,
		   struct span *ret_after)
{
	*ret_before = span_make(s.text, at);
	*ret_after = span_make(s.text + at + 1, s.len - at - 1);
}

bool span_cut(struct span s, char separator, struct span *ret_before,
	      struct span *ret_after)
{
	const char *at = s.len ? memchr(s.text, separator, s.len) : NULL;

	if (!at)
		return false;
	cut_at(s, (size_t)(at - s.text), ret_before, ret_after);
	return true;
}

bool span_cut_last(struct span s, char separator, struct span *ret_before,
		   struct span *ret_after)
{
	const char *at = s.len ? memrchr(s.text, separator, s.len) : NULL;

	if (!at)
		return false;
	cut_at(s, (size_t)(at - s.text), ret_before, ret_after);
	return true;
}
