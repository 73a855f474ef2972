/* SPDX-License-Identifier: Apache-2.0 */
#include "server/oci/content_range.h"

#include "base/err.h"
#include "base/num.h"

#define OFFSET_MAX ((uint64_t)INT64_MAX - 1) /* the length must fit as well */

static int refuse(struct err *err)
{
	err_set(err, ERR_UPLOAD_INVALID, "Content-Range cannot be read");
	return err_tell(err, "Content-Range must be FIRST-LAST, both offsets "
			     "of bytes");
}

/* "/total" or "/star" behind the range: known, but not needed. */
static bool total_is_fine(struct span total, const struct content_range *range)
{
	struct err inner = ERR_INIT;
	uint64_t bytes = 0;

	if (span_equal(total, SPAN_LIT("*")))
		return true;
	return num_u64(total, &bytes, &inner) == 0 && range->last < bytes;
}

int content_range_parse(struct span text, struct content_range *ret_range,
			struct err *err)
{
	struct err inner = ERR_INIT;
	struct content_range range = {0};
	struct span first = {0};
	struct span last = {0};
	struct span total = SPAN_LIT("*");
	struct span rest = span_trim(text);

	if (span_starts(rest, SPAN_LIT("bytes ")))
		rest = span_make(rest.text + 6, rest.len - 6);
	span_cut(rest, '/', &rest, &total);
	if (!span_cut(rest, '-', &first, &last) ||
	    num_u64(first, &range.first, &inner) < 0 ||
	    num_u64(last, &range.last, &inner) < 0)
		return refuse(err);
	if (range.last < range.first || range.last > OFFSET_MAX ||
	    !total_is_fine(total, &range))
		return refuse(err);
	*ret_range = range;
	return 0;
}
