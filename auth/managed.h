/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_MANAGED_H
#define AUTH_MANAGED_H

/*
 * The ready-made policies, which are named as Amazon's are meant:
 *
 *   administrator  everything; only for all repositories at once
 *   power-user     pull, push, make repositories, look at policies and
 *                  findings; not delete, nor change policies: what
 *                  AmazonEC2ContainerRegistryPowerUser allows, and to make
 *                  repositories, since a push makes them here
 *   read-only      AmazonEC2ContainerRegistryReadOnly: pull and look
 *   pull-only      AmazonEC2ContainerRegistryPullOnly: pull
 *   push-pull      pull and push, which may make the repository
 *
 * All but administrator hold for the repositories that the pattern of their
 * attachment matches, and none of these for users, roles and the like.
 * Immutable; any thread.
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
 * pattern ("team/" and a star) appended to out; 0 if there is none; -1
 * ERR_INVALID: no such pattern can match. */
int managed_document(struct span name, struct span account, struct span pattern,
		     struct buf *out, struct err *err);

#endif
