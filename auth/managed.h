/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_MANAGED_H
#define AUTH_MANAGED_H

/*
 * The ready-made policies: administrator, power-user, read-only, pull-only and
 * push-pull.  All but administrator hold for the repositories that the pattern
 * of their attachment matches.  Immutable; any thread.
 */

#include <stddef.h>

#include "base/span.h"

struct buf;
struct err;

struct managed {
	const char *name;    /* "push-pull" */
	const char *summary; /* one line, for people */
};

/* All of them, in the order in which help shows them. */
const struct managed *managed_all(size_t *ret_count);

/* 1 if there is one of that name, with its document for repositories of a
 * pattern appended to out; 0 if there is none; -1 ERR_INVALID pattern. */
int managed_document(struct span name, struct span account, struct span pattern,
		     struct buf *out, struct err *err);

#endif
