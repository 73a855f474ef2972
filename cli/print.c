/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/print.h"

#include "base/cleanup.h"
#include "base/err.h"

#define GAP 2	      /* blanks between two columns */
#define COLUMNS_MAX 8 /* columns of a table */

void print_clean(struct span text, FILE *out)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.text[i];

		fputc(c < 0x20 || c == 0x7f ? '?' : c, out);
	}
}

int print_json(json_t *json, struct err *err)
{
	CLEANUP(cleanup_free)
	char *text = json_dumps(json, JSON_INDENT(2) | JSON_ENCODE_ANY);

	json_decref(json);
	if (!text)
		return err_set(err, ERR_NO_MEMORY, "output");
	puts(text);
	return 0;
}

static const char *cell(const json_t *rows, size_t row, size_t column)
{
	const char *text = json_string_value(
		json_array_get(json_array_get(rows, row), column));

	return text ? text : "";
}

static void measure(const json_t *rows, size_t columns, size_t *widths)
{
	for (size_t row = 0; row < json_array_size(rows); row++)
		for (size_t i = 0; i < columns; i++) {
			size_t len = strlen(cell(rows, row, i));

			widths[i] = len > widths[i] ? len : widths[i];
		}
}

void print_table(const json_t *rows)
{
	size_t widths[COLUMNS_MAX] = {0};
	size_t columns = json_array_size(json_array_get(rows, 0));

	columns = columns < COLUMNS_MAX ? columns : COLUMNS_MAX;
	measure(rows, columns, widths);
	for (size_t row = 0; row < json_array_size(rows); row++) {
		for (size_t i = 0; i < columns; i++) {
			const char *text = cell(rows, row, i);
			size_t pad = widths[i] + GAP - strlen(text);

			print_clean(span_of(text), stdout);
			if (i + 1 < columns)
				printf("%*s", (int)pad, "");
		}
		putchar('\n');
	}
}
