/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_page.h"

int meta_page_names(struct meta_query *query, size_t limit, meta_name_fn *each,
		    void *context, bool *ret_more, struct err *err)
{
	size_t told = 0;
	int rc = 0;

	while ((rc = meta_query_step(query, err)) > 0 && told < limit) {
		if (each(context, meta_column_text(query, 0), err) < 0)
			return -1;
		told++;
	}
	if (rc < 0)
		return -1;
	*ret_more = rc > 0;
	return 0;
}
