/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/request.h"

#include "server/http/exchange.h"
#include "server/http/target.h"

struct span request_header(const struct request *request, const char *name)
{
	const struct exchange *exchange = request->wire;

	if (!exchange)
		return SPAN_LIT("");
	struct span value = framing_find(exchange->fields,
					 exchange->field_count, name, NULL);

	return value.text ? value : SPAN_LIT("");
}

size_t request_header_count(const struct request *request, const char *name)
{
	const struct exchange *exchange = request->wire;
	size_t count = 0;

	if (exchange)
		framing_find(exchange->fields, exchange->field_count, name,
			     &count);
	return count;
}

struct span request_header_at(const struct request *request, const char *name,
			      size_t index)
{
	const struct exchange *exchange = request->wire;
	struct span wanted = span_of(name);

	for (size_t i = 0; exchange && i < exchange->field_count; i++)
		if (span_equal_nocase(exchange->fields[i].name, wanted) &&
		    index-- == 0)
			return exchange->fields[i].value;
	return SPAN_LIT("");
}

int request_query(struct request *request, const char *name, size_t index,
		  struct span *ret_value, struct err *err)
{
	return target_query(request->query, name, index, &request->arena,
			    ret_value, err);
}

/* A proxy on this machine speaks for others.  The fields are not believed
 * otherwise: to send them can only cost a client something. */
static bool is_forwarded(const struct request *request)
{
	static const char *const fields[] = {
		"Forwarded",	     "Via",
		"X-Forwarded-For",   "X-Forwarded-Host",
		"X-Forwarded-Proto", "X-Real-IP"};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (request_header_count(request, fields[i]) > 0)
			return true;
	return false;
}

bool request_is_local(const struct request *request)
{
	struct span peer = request->peer;

	return (span_equal(peer, SPAN_LIT("::1")) ||
		span_starts(peer, SPAN_LIT("127.")) ||
		span_starts(peer, SPAN_LIT("::ffff:127."))) &&
	       !is_forwarded(request);
}

void exchange_wake(struct exchange *exchange, unsigned bit)
{
	atomic_fetch_or(&exchange->woken, bit);
	exchange->wake(exchange);
}

void request_wake(void *request)
{
	exchange_wake(exchange_of(request), WAKE_ROOM);
}

const char *http_method_name(enum http_method method)
{
	static const char *const names[] = {
		[HTTP_GET] = "GET",	    [HTTP_HEAD] = "HEAD",
		[HTTP_PUT] = "PUT",	    [HTTP_POST] = "POST",
		[HTTP_PATCH] = "PATCH",	    [HTTP_DELETE] = "DELETE",
		[HTTP_OPTIONS] = "OPTIONS", [HTTP_METHOD_COUNT] = "OTHER",
	};

	return names[method <= HTTP_METHOD_COUNT ? method : HTTP_METHOD_COUNT];
}
