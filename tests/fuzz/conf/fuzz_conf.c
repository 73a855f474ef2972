/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"
#include "conf/option.h"
#include "conf/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A value that was taken must be taken again as it is written out. */
static void set_twice(const struct conf_option *option, struct span value)
{
	struct conf *first = calloc(1, sizeof(*first));
	struct conf *second = calloc(1, sizeof(*second));
	struct buf text = BUF_INIT(READER_BYTES_MAX);
	struct err err = ERR_INIT;

	if (!first || !second)
		abort();
	if (conf_option_set(first, option, value, &err) == 0) {
		conf_option_format(first, option, &text);
		if (conf_option_set(second, option, buf_span(&text), &err) <
			    0 ||
		    !conf_option_equal(first, second, option))
			abort();
	} else if (err.code != ERR_INVALID) {
		abort();
	}
	buf_release(&text);
	conf_free(first);
	conf_free(second);
}

static int on_item(void *context, const struct reader_item *item,
		   struct err *err)
{
	const struct conf_option *option =
		conf_option_find(item->section, item->name);

	(void)context;
	(void)err;
	if (item->line == 0)
		abort();
	if (option)
		set_twice(option, item->value);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	int rc = reader_parse(span_make((const char *)data, size), on_item,
			      NULL, &err);

	if ((rc < 0) != (err.code != ERR_NONE))
		abort();
	return 0;
}
