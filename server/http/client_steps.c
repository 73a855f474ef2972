/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of the pipeline that look at a client as such: where it really is,
 * and how often it asks. */
#include "base/err.h"
#include "base/ip.h"
#include "server/http/account.h"
#include "server/http/exchange.h"
#include "server/http/pipeline.h"
#include "server/http/rate.h"
#include "server/http/steps.h"

enum step_result step_origin(struct exchange *exchange)
{
	forwarded_apply(&exchange->pipeline->forwarded, &exchange->request);
	return STEP_NEXT;
}

static enum step_result take(struct exchange *exchange, struct span key,
			     const _Atomic int64_t *per_s)
{
	struct pipeline *pipeline = exchange->pipeline;
	struct rate_limit limit = {
		.per_s = atomic_load_explicit(per_s, memory_order_relaxed),
		.burst_ms = atomic_load_explicit(&pipeline->burst_ms,
						 memory_order_relaxed)};
	struct err err = ERR_INIT;
	int64_t wait_us = 0;

	if (limit.per_s == 0 ||
	    rate_take(pipeline->rate, key, &limit, account_now_us(), &wait_us))
		return STEP_NEXT;
	err_set(&err, ERR_TOO_MANY, "requests per second over the limit");
	err.after_s = (int)((wait_us + 999999) / 1000000);
	return step_fail(exchange, &err);
}

/* Probes of the server's health are never held up. */
enum step_result step_address_rate(struct exchange *exchange)
{
	struct pipeline *pipeline = exchange->pipeline;
	struct err err = ERR_INIT;
	struct ip ip;

	if (exchange->request.route->action == ACTION_PUBLIC ||
	    atomic_load_explicit(&pipeline->per_address,
				 memory_order_relaxed) == 0 ||
	    ip_parse(exchange->request.peer, &ip, &err) < 0)
		return STEP_NEXT;
	ip = ip_client(&ip);
	return take(exchange, span_make((const char *)&ip, sizeof(ip)),
		    &pipeline->per_address);
}

enum step_result step_principal_rate(struct exchange *exchange)
{
	const struct principal *principal = &exchange->request.principal;

	if (principal->id == 0)
		return STEP_NEXT;
	return take(
		exchange,
		span_make((const char *)&principal->id, sizeof(principal->id)),
		&exchange->pipeline->per_principal);
}
