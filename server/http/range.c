/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/range.h"

#include "base/err.h"
#include "base/num.h"

/* A position; one too large to be a number is beyond any content.  False if it
 * is no number at all. */
static bool read_position(struct span text, uint64_t *ret_value)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < text.len; i++)
		if (text.text[i] < '0' || text.text[i] > '9')
			return false;
	if (text.len == 0)
		return false;
	if (num_u64(text, ret_value, &err) < 0)
		*ret_value = UINT64_MAX;
	return true;
}

static enum range_result read_suffix(struct span text, uint64_t size,
				     uint64_t *ret_first, uint64_t *ret_length)
{
	uint64_t count;

	if (!read_position(text, &count))
		return RANGE_WHOLE;
	if (count == 0 || size == 0)
		return RANGE_UNSATISFIABLE;
	if (count > size)
		count = size;
	*ret_first = size - count;
	*ret_length = count;
	return RANGE_PART;
}

enum range_result range_read(struct span field, uint64_t size,
			     uint64_t *ret_first, uint64_t *ret_length)
{
	struct span unit;
	struct span set;
	struct span from;
	struct span to;
	uint64_t first;
	uint64_t last = UINT64_MAX;

	if (!span_cut(field, '=', &unit, &set) ||
	    !span_equal_nocase(unit, SPAN_LIT("bytes")) ||
	    !span_cut(span_trim(set), '-', &from, &to))
		return RANGE_WHOLE;
	if (from.len == 0)
		return read_suffix(to, size, ret_first, ret_length);
	if (!read_position(from, &first) ||
	    (to.len > 0 && !read_position(to, &last)))
		return RANGE_WHOLE;
	if (first >= size || last < first)
		return RANGE_UNSATISFIABLE;
	if (last > size - 1)
		last = size - 1;
	*ret_first = first;
	*ret_length = last - first + 1;
	return RANGE_PART;
}
