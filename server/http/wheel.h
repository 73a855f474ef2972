/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_WHEEL_H
#define SERVER_HTTP_WHEEL_H

/*
 * A coarse timer wheel: entries lie in slots by when somebody should look at
 * them next, and a turn costs only what is due.  An entry whose deadline moves
 * back and forth all the time stays where it is: whoever looks at it decides
 * what is due, and places it anew.  One thread at a time.
 */

#include <stdint.h>

#include "base/list.h"

#define WHEEL_SLOTS 64

struct wheel {
	struct list slots[WHEEL_SLOTS]; /* by the tick at which they are due */
	int64_t tick_ms;		/* between two slots */
	int64_t turn; /* ticks since the clock's start, already looked at */
};

/* tick_ms must be positive. */
void wheel_init(struct wheel *wheel, int64_t tick_ms, int64_t now_ms);

/* Place an entry so that it is due at when_ms, at most WHEEL_SLOTS ticks from
 * now.  The entry must be in no list. */
void wheel_place(struct wheel *wheel, struct list *entry, int64_t when_ms);

/* Move everything that is due to the end of a list. */
void wheel_take_due(struct wheel *wheel, int64_t now_ms, struct list *ret_due);

#endif
