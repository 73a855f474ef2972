/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/*
 * Time behind a struct, so that tests can hold it.  Wall time is for what is
 * stored or shown, monotonic time for every deadline.  Any thread.
 */

#include <stdint.h>

#include "base/span.h"

struct err;

struct clock_source {
	/* Milliseconds since 1970-01-01 UTC; may jump. */
	int64_t (*wall_ms)(void *context);
	/* Milliseconds from an unknown start; never runs backwards. */
	int64_t (*monotonic_ms)(void *context);
	void *context; /* handed to both; borrowed */
};

/* The system's clocks. */
extern const struct clock_source clock_system;

static inline int64_t clock_wall_ms(const struct clock_source *clock)
{
	return clock->wall_ms(clock->context);
}

static inline int64_t clock_monotonic_ms(const struct clock_source *clock)
{
	return clock->monotonic_ms(clock->context);
}

/* "2026-01-02T03:04:05.678Z" */
#define CLOCK_TEXT_SIZE 32 /* bytes, with the NUL */
void clock_format(int64_t wall_ms, char ret_text[CLOCK_TEXT_SIZE]);

/* Read it back, from the year 1 on; the milliseconds may be left out.
 * ERR_INVALID. */
int clock_parse(struct span text, int64_t *ret_wall_ms, struct err *err);

#endif
