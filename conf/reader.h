/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_READER_H
#define CONF_READER_H

/*
 * The YAML of a configuration file: a mapping of sections, each a mapping of
 * names to scalars, and nothing else.  Lists, anchors, aliases, tags and second
 * documents are refused, and so is a file over READER_BYTES_MAX.
 */

#include <stddef.h>

#include "base/span.h"

struct err;

#define READER_BYTES_MAX ((size_t)256 * 1024) /* of one file */

struct reader_item {
	struct span section; /* borrowed for the call */
	struct span name;    /* borrowed for the call; empty: the section opens,
			      * and is told of even if it holds nothing */
	struct span value;   /* borrowed for the call */
	size_t line;	     /* of the name, from 1 */
};

/* Called for each item in order.  -1 with err set ends the reading. */
typedef int reader_item_fn(void *context, const struct reader_item *item,
			   struct err *err);

/*
 * Read text, calling on_item for each thing found.  Fails with ERR_INVALID and
 * "line N: ..." for what is not such a file, ERR_TOO_LARGE, ERR_NO_MEMORY, or
 * what on_item set, with the line put before it.
 */
int reader_parse(struct span text, reader_item_fn *on_item, void *context,
		 struct err *err);

#endif
