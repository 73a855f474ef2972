/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_DECISIONS_H
#define AUTH_DECISIONS_H

/*
 * Decisions that hold for more than one request, for event loops: no lock, no
 * allocation.  A fixed number; old ones make place.  Any thread.
 *
 * A decision is found by a keyed hash of 126 bits over all that it follows
 * from, the generation of the policies among it: after a change of any of them
 * what was kept before is never found again.
 */

#include <stdint.h>

#include "base/span.h"

struct authz_question;
struct decisions;
struct err;

enum decision { DECISION_UNKNOWN, DECISION_ALLOWED, DECISION_DENIED };

/* ERR_NO_MEMORY, or no randomness.  decisions_free accepts NULL. */
int decisions_new(struct decisions **ret_decisions, struct err *err);
void decisions_free(struct decisions *decisions);

/* What a question is found by. */
struct decision_key {
	uint64_t hash[2]; /* independent of each other */
};

/* The key of a question under that generation of the policies. */
struct decision_key decisions_key(const struct decisions *decisions,
				  uint64_t generation,
				  const struct authz_question *question);

/* What was decided, if it is still there. */
enum decision decisions_find(const struct decisions *decisions,
			     const struct decision_key *key);

/* Keep what was decided. */
void decisions_keep(struct decisions *decisions, const struct decision_key *key,
		    enum decision decision);

#endif
