/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/sigv4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Lines of "name:value". */
static struct span find_field(void *context, const char *name, size_t index)
{
	struct span lines = *(const struct span *)context;
	struct span line = {0};
	struct span field = {0};
	struct span value = {0};

	while (span_cut(lines, '\n', &line, &lines))
		if (span_cut(line, ':', &field, &value) &&
		    span_equal(field, span_of(name)) && index-- == 0)
			return value;
	return (struct span){0};
}

/* It has a line for each field that is signed: nothing brings one of its own.
 */
static void check_canonical(const struct buf *canonical, struct span headers)
{
	size_t lines = 7;
	size_t found = 0;

	for (size_t i = 0; i < headers.len; i++)
		lines += headers.text[i] == ';';
	for (size_t i = 0; i < canonical->len; i++)
		found += canonical->data[i] == '\n';
	if (found + 1 != lines)
		abort();
}

static void check_date(struct span text)
{
	struct err err = ERR_INIT;
	char again[SIGV4_DATE_SIZE];
	int64_t wall_ms = 0;

	if (sigv4_parse_date(text, &wall_ms, &err) < 0)
		return;
	sigv4_format_date(wall_ms, again);
	if (text.len == sizeof(again) - 1 && !span_equal(text, span_of(again)))
		abort();
}

/* The first line is a header, the second a target, the third a date, the others
 * are fields. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_make((const char *)data, size);
	struct span header = {0};
	struct sigv4_authorization parsed;
	struct sigv4_request request = {.method = SPAN_LIT("POST"),
					.payload_hash =
						SPAN_LIT("UNSIGNED-PAYLOAD"),
					.field = find_field,
					.context = &rest};
	struct buf out = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;
	char signature[65] = "";

	if (!span_cut(rest, '\n', &header, &rest) ||
	    !span_cut(rest, '\n', &request.path, &rest) ||
	    !span_cut(rest, '\n', &request.date, &rest))
		return 0;
	span_cut(request.path, '?', &request.path, &request.query);
	check_date(request.date);
	if (sigv4_parse(header, &parsed, &err) < 0)
		return 0;
	if (sigv4_canonical(&request, parsed.headers, &out, &err) == 0) {
		check_canonical(&out, parsed.headers);
		if (sigv4_sign(&request, &parsed, SPAN_LIT("secret"), signature,
			       &err) < 0 ||
		    strlen(signature) != 64)
			abort();
	}
	buf_release(&out);
	return 0;
}
