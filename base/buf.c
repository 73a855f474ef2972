/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAP_FIRST 64 /* bytes of the first allocation */

void buf_release(struct buf *buf)
{
	free(buf->data);
	*buf = BUF_INIT(buf->max);
}

void buf_wipe(struct buf *buf)
{
	if (buf->data)
		explicit_bzero(buf->data, buf->cap);
	buf_release(buf);
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	buf->failed = ERR_NONE;
	if (buf->data)
		buf->data[0] = '\0';
}

/* At least need bytes, at most what the ceiling can use: doubling keeps the
 * cost of many small appends linear. */
static size_t next_cap(const struct buf *buf, size_t need)
{
	size_t top = buf->max < SIZE_MAX ? buf->max + 1 : SIZE_MAX;
	size_t cap = buf->cap ? buf->cap : CAP_FIRST;

	while (cap < need && cap <= top / 2)
		cap *= 2;
	if (cap < need || cap > top)
		cap = top;
	return cap;
}

void buf_reserve(struct buf *buf, size_t len)
{
	if (buf->failed)
		return;
	if (len > buf->max - buf->len || len > SIZE_MAX - 1 - buf->len) {
		buf->failed = ERR_TOO_LARGE;
		return;
	}
	size_t need = buf->len + len + 1;
	if (need <= buf->cap)
		return;

	size_t cap = next_cap(buf, need);
	char *data = realloc(buf->data, cap);
	if (!data) {
		buf->failed = ERR_NO_MEMORY;
		return;
	}
	buf->data = data;
	buf->cap = cap;
	buf->data[buf->len] = '\0';
}

void buf_append(struct buf *buf, const void *data, size_t len)
{
	if (len == 0)
		return;
	buf_reserve(buf, len);
	if (buf->failed)
		return;
	memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_append_text(struct buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
}

void buf_append_span(struct buf *buf, struct span span)
{
	buf_append(buf, span.text, span.len);
}

void buf_append_char(struct buf *buf, char c)
{
	buf_append(buf, &c, 1);
}

/* Print into the room there is; returns the bytes the whole text needs. */
__attribute__((format(printf, 2, 0))) static int
print_in_room(struct buf *buf, const char *fmt, va_list args)
{
	size_t room = buf->cap ? buf->cap - buf->len : 0;

	return vsnprintf(room ? buf->data + buf->len : NULL, room, fmt, args);
}

void buf_appendf(struct buf *buf, const char *fmt, ...)
{
	va_list args;

	if (buf->failed)
		return;
	va_start(args, fmt);
	int len = print_in_room(buf, fmt, args);
	va_end(args);
	if (len < 0) {
		buf->failed = ERR_TOO_LARGE;
	} else if (buf->cap == 0 || (size_t)len >= buf->cap - buf->len) {
		buf_reserve(buf, (size_t)len);
		if (!buf->failed) {
			va_start(args, fmt);
			len = print_in_room(buf, fmt, args);
			va_end(args);
		}
	}
	if (!buf->failed)
		buf->len += (size_t)len;
	else if (buf->data)
		buf->data[buf->len] = '\0';
}

int buf_check(const struct buf *buf, struct err *err)
{
	if (buf->failed == ERR_NONE)
		return 0;
	if (buf->failed == ERR_NO_MEMORY)
		return err_set(err, ERR_NO_MEMORY, "no memory for a buffer");
	return err_set(err, ERR_TOO_LARGE, "a text is over %zu bytes",
		       buf->max);
}

char *buf_steal(struct buf *buf)
{
	char *data = NULL;

	if (buf->len > 0) {
		data = buf->data;
		buf->data = NULL;
	}
	buf_release(buf);
	return data;
}
