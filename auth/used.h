/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_USED_H
#define AUTH_USED_H

/*
 * When access keys and tokens were last seen.  A request only notes it in
 * memory, and only if its row does not say so to the minute; used_tidy() writes
 * what was noted.  A bounded number is noted from one write to the next: what
 * found no place is noted by a later request.  Any thread.
 */

#include <stdint.h>

#include "base/span.h"

struct clock_source;
struct err;
struct meta;
struct used;

/* meta and clock are borrowed.  used_free accepts NULL. */
int used_new(struct meta *meta, const struct clock_source *clock,
	     struct used **ret_used, struct err *err);
void used_free(struct used *used);

/* What has an id of its own. */
enum used_kind { USED_ACCESS_KEY = 1, USED_TOKEN };

/* The one of that id was used just now; used_ms is what its row says.  Neither
 * waits nor fails. */
void used_note(struct used *used, enum used_kind kind, struct span id,
	       int64_t used_ms);

/* About every second: write what was noted.  May wait. */
void used_tidy(struct used *used);

#endif
