/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/jsonx.h"

#define SIZE_MOST 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

/* What parses must be dumped as something that parses to the same. */
static void try_parse(struct span input)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(16 * SIZE_MOST);
	CLEANUP(jsonx_unref) json_t *json = NULL;
	CLEANUP(jsonx_unref) json_t *again = NULL;
	struct err err = ERR_INIT;

	if (jsonx_parse(input, JSONX_DEPTH_MAX, &json, &err) < 0)
		return;
	must(jsonx_dump(json, &text, &err) == 0);
	must(jsonx_parse(buf_span(&text), JSONX_DEPTH_MAX, &again, &err) == 0);
	must(json_equal(json, again));
}

/* Any bytes, quoted, are a JSON string; it is refused only for a NUL, which
 * jsonx_parse() allows in no document. */
static void try_quote(struct span input)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(16 * SIZE_MOST);
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct err err = ERR_INIT;

	jsonx_quote(input, &text);
	must(buf_check(&text, &err) == 0);
	must(!memchr(text.data, '\0', text.len));
	if (input.len && memchr(input.text, '\0', input.len))
		return;
	must(jsonx_parse(buf_span(&text), 1, &json, &err) == 0);
	must(json_is_string(json));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_make((const char *)data, size);

	if (size > SIZE_MOST)
		return 0;
	try_parse(input);
	try_quote(input);
	return 0;
}
