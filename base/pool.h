/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

/*
 * A bounded pool of worker threads for whatever may wait on a disk, a database
 * or a peer.  Threads start when work waits and none is idle, up to the limit.
 * Jobs are structs that the caller embeds, so that handing one over cannot
 * fail; they start in the order in which they came.  Threads that have idled
 * for some seconds leave, but for a few.
 */

#include <stddef.h>

struct err;
struct pool;

struct pool_job {
	struct pool_job *next;		   /* the pool's while it is queued */
	void (*run)(struct pool_job *job); /* set by the caller */
};

/* name (at most 15 bytes) is what threads are called; threads_max >= 1. */
int pool_new(const char *name, size_t threads_max, struct pool **ret_pool,
	     struct err *err);

/* Run what is queued to its end, stop the threads, free.  NULL is fine. */
void pool_free(struct pool *pool);

/* Queue a job; job stays the caller's and must live until it has run.  If not
 * even one thread can be started the job runs in the calling thread. */
void pool_submit(struct pool *pool, struct pool_job *job);

/* Jobs queued and not started. */
size_t pool_waiting(struct pool *pool);

#endif
