/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/enc.h"
#include "base/err.h"
#include "server/aws/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What an element holds cannot end it, nor begin another. */
static void check_element(struct span text)
{
	struct buf out = BUF_INIT(1 << 22);
	size_t tags = 0;

	query_element("A", text, &out);
	for (size_t i = 0; i < out.len; i++)
		tags += out.data[i] == '<';
	if (out.failed != ERR_NONE || tags != 2)
		abort();
	buf_release(&out);
}

/* What was read, written again, is read as the same. */
static void check_again(const struct query *query)
{
	struct arena arena = ARENA_INIT(1 << 22);
	struct buf form = BUF_INIT(1 << 22);
	struct err err = ERR_INIT;
	struct query again;

	for (size_t i = 0; i < query->count; i++) {
		enc_percent(query->fields[i].name, 0, &form);
		buf_append_char(&form, '=');
		enc_percent(query->fields[i].value, 0, &form);
		buf_append_char(&form, '&');
	}
	if (form.len <= QUERY_BYTES_MAX) {
		if (query_parse(buf_span(&form), &arena, &again, &err) < 0 ||
		    again.count != query->count)
			abort();
		for (size_t i = 0; i < query->count; i++)
			if (!span_equal(again.fields[i].name,
					query->fields[i].name) ||
			    !span_equal(again.fields[i].value,
					query->fields[i].value))
				abort();
	}
	buf_release(&form);
	arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_make((const char *)data, size);
	struct arena arena = ARENA_INIT(1 << 22);
	struct err err = ERR_INIT;
	struct query query;

	check_element(text);
	if (query_parse(text, &arena, &query, &err) == 0)
		check_again(&query);
	else if (err.code != ERR_INVALID && err.code != ERR_TOO_LARGE)
		abort();
	arena_release(&arena);
	return 0;
}
