/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

/*
 * A borrowed run of bytes that need not end in NUL.  It owns nothing and lives
 * no longer than the bytes it points at.  text may be NULL only if len is 0.
 */

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *text; /* borrowed */
	size_t len;	  /* bytes */
};

/* printf("%.*s", SPAN_ARG(s)) */
#define SPAN_ARG(s) (int)(s).len, (s).text

/* The span of a string literal. */
#define SPAN_LIT(literal)                                                      \
	((struct span){.text = (literal), .len = sizeof(literal) - 1})

/* The span of a whole C string; NULL gives the empty span. */
static inline struct span span_of(const char *text)
{
	return (struct span){.text = text, .len = text ? strlen(text) : 0};
}

/* The span of len bytes from text on. */
static inline struct span span_make(const char *text, size_t len)
{
	return (struct span){.text = text, .len = len};
}

/* Same bytes, case included. */
static inline bool span_equal(struct span a, struct span b)
{
	return a.len == b.len &&
	       (a.len == 0 || memcmp(a.text, b.text, a.len) == 0);
}

/* Same bytes but for the case of ASCII letters. */
bool span_equal_nocase(struct span a, struct span b);

/* s starts with (ends in) the other. */
bool span_starts(struct span s, struct span prefix);
bool span_ends(struct span s, struct span suffix);

/* s without the blanks and tabs at its ends. */
struct span span_trim(struct span s);

/*
 * Cut s at the first (last) separator: true with what stands before it in
 * *ret_before and behind it in *ret_after; false, with both untouched, where
 * there is none.
 */
bool span_cut(struct span s, char separator, struct span *ret_before,
	      struct span *ret_after);
bool span_cut_last(struct span s, char separator, struct span *ret_before,
		   struct span *ret_after);

#endif
