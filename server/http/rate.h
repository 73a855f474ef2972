/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_RATE_H
#define SERVER_HTTP_RATE_H

/*
 * How fast clients may ask: a token bucket for each, in a table of fixed size
 * where the emptiest bucket of a set, which is the one that limits least, makes
 * place for a new one.  Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct err;
struct rate;

/* An empty table; ERR_NO_MEMORY, or no randomness.  rate_free accepts NULL. */
int rate_new(struct rate **ret_rate, struct err *err);
void rate_free(struct rate *rate);

/* What one client may do. */
struct rate_limit {
	int64_t per_s;	  /* 1 to 1,000,000 */
	int64_t burst_ms; /* whose worth it may save up; one at least */
};

/* Take one from the bucket of key at a monotonic time: true, or false with the
 * time until there is one again. */
bool rate_take(struct rate *rate, struct span key,
	       const struct rate_limit *limit, int64_t now_us,
	       int64_t *ret_wait_us);

#endif
