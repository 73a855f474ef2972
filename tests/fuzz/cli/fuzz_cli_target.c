/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is accepted must, put together again, be what came in. */
static void check_target(struct span text)
{
	char reference[TARGET_REFERENCE_SIZE];
	char again[1024];
	struct err err = ERR_INIT;
	struct target target;

	if (target_parse(text, &target, &err) < 0) {
		if (err.code != ERR_INVALID || !err.tell[0])
			abort();
		return;
	}
	target_reference(&target, reference);
	if (!target.has_digest && !target.tag[0])
		snprintf(again, sizeof(again), "%s", target.repository);
	else
		snprintf(again, sizeof(again), "%s%c%s", target.repository,
			 target.has_digest ? '@' : ':', reference);
	if (!span_equal(span_of(again), text))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_make((const char *)data, size);
	struct err err = ERR_INIT;
	struct span tag;

	check_target(text);
	if (target_tag_of(text, &tag) &&
	    (refname_check_tag(tag, &err) < 0 || !span_ends(text, tag)))
		abort();
	return 0;
}
