/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_META_CALL_ROWS_H
#define TESTS_LIB_META_CALL_ROWS_H

/* What the files of meta_calls share; nobody else includes this. */

#include "base/span.h"
#include "tests/lib/meta_calls.h"

/* The function of each row. */
#define CALL(function)                                                         \
	int call_##function(struct meta_tx *tx,                                \
			    struct meta_call_output *output, struct err *err);
#include "tests/lib/meta_calls.def"
#undef CALL

/* The head of one, where it is defined. */
#define ROW(function)                                                          \
	int call_##function(struct meta_tx *tx,                                \
			    struct meta_call_output *output, struct err *err)

/* A call whose outputs are one type: declare `ret` over the output's bytes. */
#define RET(type)                                                              \
	_Static_assert(sizeof(type) <= sizeof(struct meta_call_output),        \
		       "an output must fit");                                  \
	type *ret = (type *)(void *)output->bytes

/* A look-up must find: what one answered, as 0 or -1. */
int meta_call_found(int rc, struct err *err);

/* Takes any name of a listing. */
int meta_call_no_name(void *context, struct span name, struct err *err);

/* What the calls of identities look for, and those of what a principal shows
 * and did. */
void meta_calls_fill_identities(struct meta_tx *tx);
void meta_calls_fill_credentials(struct meta_tx *tx, int64_t principal_id);

#endif
