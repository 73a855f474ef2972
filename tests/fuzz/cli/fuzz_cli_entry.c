/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/jsonx.h"
#include "cli/layout.h"
#include "cli/target.h"
#include "cli/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Only what is a manifest with a digest gets through. */
static void check_entry(const json_t *entry)
{
	struct err err = ERR_INIT;
	struct tree_item item;
	struct span tag;

	target_tag_of(layout_entry_name(entry), &tag);
	if (tree_entry(entry, &item, &err) == 1 &&
	    (!item.is_manifest || !tree_is_manifest(item.media_type) ||
	     item.content.size > INT64_MAX))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	json_t *json = NULL;

	if (jsonx_parse(span_make((const char *)data, size), JSONX_DEPTH_MAX,
			&json, &err) < 0)
		return 0;
	check_entry(json);
	for (size_t i = 0; i < json_array_size(json); i++)
		check_entry(json_array_get(json, i));
	json_decref(json);
	return 0;
}
