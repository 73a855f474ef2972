/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_THROTTLE_H
#define AUTH_THROTTLE_H

/*
 * Slows password guessing down, and cannot be used to lock anybody out.
 * Failures are counted per (name, address), per address, and per name over all
 * addresses that never logged in by that name: someone who did lately from
 * where he is now is never held up by what others do.  Beyond a few free tries
 * the wait doubles with each failure up to a ceiling; counts halve with time.
 * They are written to the database behind, at most once a second, so that a
 * restart forgives nothing.  A bounded table: the stalest makes place.  Any
 * thread.
 */

#include <stdint.h>

#include "base/span.h"

struct clock_source;
struct err;
struct meta;
struct throttle;

struct throttle_config {
	struct meta *meta;		  /* borrowed */
	const struct clock_source *clock; /* borrowed */
	int64_t free_tries;  /* per (name, address) before it slows down */
	int64_t wait_max_ms; /* the longest wait */
	uint8_t key[32];     /* names are stored hashed with it */
};

/* Reads what the last start knew. */
int throttle_new(const struct throttle_config *config,
		 struct throttle **ret_throttle, struct err *err);
void throttle_free(struct throttle *throttle); /* NULL is fine; writes */

/* May a password be tried now?  0, or -1 ERR_TOO_MANY with err->after_s.  Does
 * not wait.  The answer is the same for names that do not exist. */
int throttle_ask(struct throttle *throttle, struct span name,
		 struct span source, struct err *err);

/* What came of it. */
void throttle_failed(struct throttle *throttle, struct span name,
		     struct span source);
void throttle_succeeded(struct throttle *throttle, struct span name,
			struct span source);

/* About every second, one thread at a time: write what changed; may wait. */
void throttle_tidy(struct throttle *throttle);

#endif
