/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/response.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/enc.h"
#include "base/err.h"
#include "base/num.h"
#include "base/span.h"
#include "bench/wire.h"

#define DISCARD_MAX ((size_t)64 * 1024 * 1024)

/* Where in a chunked body we are. */
enum {
	CHUNK_SIZE,  /* in the digits of the size */
	CHUNK_SKIP,  /* behind them, up to the end of the line */
	CHUNK_DATA,  /* in the bytes */
	CHUNK_END,   /* in the line end behind them */
	CHUNK_TRAIL, /* in the lines behind the last chunk */
};

void response_begin(struct response *response, bool no_body)
{
	response->head_len = 0;
	response->head_done = false;
	response->no_body = no_body;
	response->chunked = false;
	response->closes = false;
	response->status = 0;
	response->left = 0;
	response->body = 0;
	response->chunk_state = CHUNK_SIZE;
	response->chunk_last = false;
	response->location[0] = '\0';
}

/* The value of the line if it is the field called name, else NULL. */
static const char *field(const char *line, size_t len, const char *name,
			 size_t *ret_len)
{
	size_t at = strlen(name);

	if (len <= at || line[at] != ':' || strncasecmp(line, name, at) != 0)
		return NULL;
	at++;
	while (at < len && line[at] == ' ')
		at++;
	*ret_len = len - at;
	return line + at;
}

/* Keep path and query of a location, which may be a whole URL. */
static void keep_location(struct response *response, const char *value,
			  size_t len)
{
	const char *scheme = memmem(value, len, "://", 3);

	if (scheme) {
		const char *end = value + len;
		const char *path =
			memchr(scheme + 3, '/', (size_t)(end - scheme - 3));

		if (!path)
			return;
		value = path;
		len = (size_t)(end - path);
	}
	if (len >= sizeof(response->location))
		return;
	memcpy(response->location, value, len);
	response->location[len] = '\0';
}

static int read_field(struct response *response, const char *line, size_t len)
{
	struct err err = ERR_INIT;
	const char *value;
	size_t value_len;

	value = field(line, len, "content-length", &value_len);
	if (value)
		return num_u64(span_make(value, value_len), &response->left,
			       &err);
	value = field(line, len, "transfer-encoding", &value_len);
	if (value)
		response->chunked = true;
	value = field(line, len, "connection", &value_len);
	if (value && value_len == 5 && !strncasecmp(value, "close", 5))
		response->closes = true;
	value = field(line, len, "location", &value_len);
	if (value)
		keep_location(response, value, value_len);
	return 0;
}

/* "HTTP/1.1 200 OK" and the fields, each ending in CR LF. */
static int read_head(struct response *response, size_t len)
{
	const char *line = response->head;
	const char *end = line + len;
	uint64_t status;
	struct err err = ERR_INIT;

	if (len < 12 || memcmp(line, "HTTP/1.", 7) != 0 ||
	    num_u64(span_make(line + 9, 3), &status, &err) < 0)
		return -1;
	response->status = (unsigned int)status;
	response->closes = line[7] == '0';
	while (line < end) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));

		if (!stop)
			break;
		if (stop > line &&
		    read_field(response, line, (size_t)(stop - line - 1)) < 0)
			return -1;
		line = stop + 1;
	}
	if (response->no_body || status == 204 || status == 304) {
		response->left = 0;
		response->chunked = false;
	}
	response->head_done = true;
	return 0;
}

/* One byte that is no data of a chunk; true at the end of the body. */
static bool chunk_byte(struct response *response, char c)
{
	int digit = enc_hex_digit(c);

	if (response->chunk_state == CHUNK_SIZE && digit >= 0) {
		response->left = response->left * 16 + (uint64_t)digit;
		return false;
	}
	if (response->chunk_state == CHUNK_SIZE)
		response->chunk_state = CHUNK_SKIP;
	if (c != '\n') {
		/* a line with anything in it is a trailer */
		if (response->chunk_state == CHUNK_TRAIL && c != '\r')
			response->chunk_last = false;
		return false;
	}
	if (response->chunk_state == CHUNK_END) {
		response->chunk_state = CHUNK_SIZE;
		return false;
	}
	if (response->chunk_state == CHUNK_TRAIL && response->chunk_last)
		return true;
	if (response->chunk_state == CHUNK_SKIP && response->left) {
		response->chunk_state = CHUNK_DATA;
		return false;
	}
	response->chunk_state = CHUNK_TRAIL;
	response->chunk_last = true;
	return false;
}

static enum response_state eat_chunked(struct response *response,
				       const char *data, size_t len)
{
	size_t at = 0;

	while (at < len) {
		size_t some = len - at;

		if (response->chunk_state != CHUNK_DATA) {
			if (chunk_byte(response, data[at++]))
				return RESPONSE_DONE;
			continue;
		}
		if (some > response->left)
			some = (size_t)response->left;
		at += some;
		response->left -= some;
		response->body += some;
		if (!response->left)
			response->chunk_state = CHUNK_END;
	}
	return RESPONSE_MORE;
}

/* Body bytes that were read; DONE when they were the last. */
static enum response_state eat(struct response *response, const char *data,
			       size_t len)
{
	if (response->chunked)
		return eat_chunked(response, data, len);
	if (len > response->left)
		return RESPONSE_BROKEN;
	response->left -= len;
	response->body += len;
	return response->left ? RESPONSE_MORE : RESPONSE_DONE;
}

static enum response_state after_recv(ssize_t got)
{
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return RESPONSE_MORE;
	return RESPONSE_BROKEN;
}

static enum response_state read_body(struct response *response,
				     struct wire *wire)
{
	for (;;) {
		enum response_state state;
		ssize_t got;

		if (response->chunked)
			got = wire_recv(wire, response->head,
					sizeof(response->head));
		else if (response->left < DISCARD_MAX)
			got = wire_discard(wire, (size_t)response->left);
		else
			got = wire_discard(wire, DISCARD_MAX);
		if (got <= 0)
			return after_recv(got);
		state = eat(response, response->head, (size_t)got);
		if (state != RESPONSE_MORE)
			return state;
	}
}

enum response_state response_read(struct response *response, struct wire *wire)
{
	const char *end;
	size_t head_len;
	ssize_t got;

	if (response->head_done)
		return read_body(response, wire);
	if (response->head_len == sizeof(response->head))
		return RESPONSE_BROKEN;
	got = wire_recv(wire, response->head + response->head_len,
			sizeof(response->head) - response->head_len);
	if (got <= 0)
		return after_recv(got);
	response->head_len += (size_t)got;
	end = memmem(response->head, response->head_len, "\r\n\r\n", 4);
	if (!end)
		return RESPONSE_MORE;
	head_len = (size_t)(end - response->head) + 4;
	if (read_head(response, head_len) < 0)
		return RESPONSE_BROKEN;
	if (response->head_len > head_len ||
	    (!response->left && !response->chunked)) {
		enum response_state state =
			eat(response, response->head + head_len,
			    response->head_len - head_len);

		if (state != RESPONSE_MORE)
			return state;
	}
	return read_body(response, wire);
}
