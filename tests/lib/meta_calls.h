/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_META_CALLS_H
#define TESTS_LIB_META_CALLS_H

/*
 * Every function of the metadata that runs a statement, as one row of a table:
 * for tests that hold for all of them.  The calls run on a database filled by
 * meta_calls_fill(), each succeeds there, and what it gives back goes into its
 * output.
 */

#include <stddef.h>

#include "storage/meta.h"

struct meta_call_output {
	unsigned char bytes[4096]; /* what the call's ret_ parameters hold */
};

struct meta_call {
	const char *name; /* the function */
	/* Run it with outputs in output; 0 or -1. */
	int (*run)(struct meta_tx *tx, struct meta_call_output *output,
		   struct err *err);
};

extern const struct meta_call meta_calls[];
extern const size_t meta_calls_count;

/* Make what the calls look for. */
void meta_calls_fill(struct meta *meta);

#endif
