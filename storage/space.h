/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_SPACE_H
#define STORAGE_SPACE_H

/*
 * Stopping before the disk is full: pushes are refused below a low-water mark,
 * and a reserve file is given up when even deletes could not be written, and
 * taken back when there is room again.  Any thread; only space_look() waits.
 */

#include <stdint.h>

struct blob_driver;
struct err;
struct space;

struct space_config {
	uint64_t low_water; /* free bytes below which pushes stop */
	uint64_t reserve;   /* bytes of the reserve file; 0: none */
	int dir_fd;	    /* where the reserve lies; borrowed; -1: none */
};

/* blobs is borrowed.  Takes a first look. */
int space_new(const struct space_config *config, struct blob_driver *blobs,
	      struct space **ret_space, struct err *err);
void space_free(struct space *space);

/* Ask the store how much is free, and see to the reserve.  Called about once a
 * second, by one thread. */
void space_look(struct space *space);

/* 0 while pushes may go on, else -1 with ERR_NO_SPACE.  Never waits. */
int space_check(const struct space *space, struct err *err);

/* Free bytes as last seen; UINT64_MAX where there is no bound. */
uint64_t space_free_bytes(const struct space *space);

#endif
