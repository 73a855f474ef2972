/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_META_PAGE_H
#define STORAGE_META_PAGE_H

/* Walking the rows of a listing.  For the meta_*.c files only. */

#include "storage/meta_repositories.h"
#include "storage/meta_tx.h"

/*
 * Tell the first column of each row, limit at most, of a query that was bound
 * with meta_query_limit(): *ret_more is whether there was a row behind.
 */
int meta_page_names(struct meta_query *query, size_t limit, meta_name_fn *each,
		    void *context, bool *ret_more, struct err *err);

#endif
