/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

/*
 * A growable run of bytes with a ceiling.  A failure (no memory, over the
 * ceiling) sticks: later appends do nothing, and buf_check() reports it once at
 * the end, so that a long run of appends needs one check.  The data always ends
 * in a NUL that len does not count.  One thread at a time.
 */

#include <stddef.h>

#include "base/err.h"
#include "base/span.h"

struct buf {
	char *data;	      /* owned; NULL until something was appended */
	size_t len;	      /* bytes used */
	size_t cap;	      /* bytes allocated, the NUL's among them */
	size_t max;	      /* len never grows past this */
	enum err_code failed; /* NO_MEMORY or TOO_LARGE once it has failed */
};

#define BUF_INIT(ceiling) ((struct buf){.max = (ceiling)})

/* Free the bytes; the buffer is empty and usable afterwards. */
void buf_release(struct buf *buf);

/* The same for a secret, which is overwritten first.  Growing may leave copies:
 * buf_reserve() what it needs before it is appended. */
void buf_wipe(struct buf *buf);

/* Forget the content and any failure, keep the memory. */
void buf_clear(struct buf *buf);

/* Add bytes, a C string, a span, one byte, or what printf() would print. */
void buf_append(struct buf *buf, const void *data, size_t len);
void buf_append_text(struct buf *buf, const char *text);
void buf_append_span(struct buf *buf, struct span span);
void buf_append_char(struct buf *buf, char c);
void buf_appendf(struct buf *buf, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Make room for len bytes more; a failure sticks as with an append. */
void buf_reserve(struct buf *buf, size_t len);

/* 0 if every append so far held, else -1 with err set to what failed. */
int buf_check(const struct buf *buf, struct err *err);

/* The content, borrowed until the next change. */
static inline struct span buf_span(const struct buf *buf)
{
	return span_make(buf->data ? buf->data : "", buf->len);
}

/* The content as a C string, borrowed until the next change; never NULL. */
static inline const char *buf_text(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

/* Give the bytes away (free() them); NULL if empty.  Then it is empty. */
char *buf_steal(struct buf *buf);

#endif
