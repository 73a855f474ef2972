/* SPDX-License-Identifier: Apache-2.0 */
#include "server/oci/accept.h"

#include "server/http/request.h"

/* "q=0", "q=0.0" ...: explicitly not wanted. */
static bool is_refused(struct span parameters)
{
	struct span one = {0};

	while (parameters.len > 0) {
		if (!span_cut(parameters, ';', &one, &parameters)) {
			one = parameters;
			parameters = span_make(NULL, 0);
		}
		one = span_trim(one);
		if (one.len < 3 || (one.text[0] != 'q' && one.text[0] != 'Q') ||
		    one.text[1] != '=')
			continue;
		for (size_t i = 2; i < one.len; i++)
			if (one.text[i] != '0' && one.text[i] != '.')
				return false;
		return true;
	}
	return false;
}

static bool range_covers(struct span range, struct span type)
{
	struct span wanted = {0};
	struct span rest = {0};

	if (span_equal_nocase(range, type) ||
	    span_equal(range, SPAN_LIT("*/*")) ||
	    span_equal(range, SPAN_LIT("*")))
		return true;
	return span_cut(range, '/', &wanted, &rest) &&
	       span_equal(rest, SPAN_LIT("*")) && type.len > wanted.len &&
	       type.text[wanted.len] == '/' &&
	       span_equal_nocase(wanted, span_make(type.text, wanted.len));
}

bool accept_value_allows(struct span value, struct span type)
{
	while (value.len > 0) {
		struct span item = value;
		struct span parameters = {0};

		if (!span_cut(value, ',', &item, &value))
			value = span_make(NULL, 0);
		struct span range = item;
		span_cut(item, ';', &range, &parameters);
		if (range_covers(span_trim(range), type) &&
		    !is_refused(parameters))
			return true;
	}
	return false;
}

bool accept_allows(const struct request *request, struct span type)
{
	size_t count = request_header_count(request, "Accept");
	bool empty = true;

	for (size_t i = 0; i < count; i++) {
		struct span value = request_header_at(request, "Accept", i);

		if (accept_value_allows(value, type))
			return true;
		empty = empty && span_trim(value).len == 0;
	}
	return empty;
}
