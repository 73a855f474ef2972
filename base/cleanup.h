/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

/*
 * Release tied to the declaration: CLEANUP(buf_release) struct buf b = ...;
 * STEAL(p) gives a pointer away and leaves NULL, STEAL_FD(fd) leaves -1.
 */

#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

#define STEAL(pointer)                                                         \
	__extension__({                                                        \
		__typeof__(pointer) stolen_ = (pointer);                       \
		(pointer) = NULL;                                              \
		stolen_;                                                       \
	})

/* Give a descriptor away: *fd becomes -1. */
static inline int cleanup_steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

#define STEAL_FD(fd) cleanup_steal_fd(&(fd))

/* For CLEANUP(cleanup_free): frees what the pointer declared holds. */
static inline void cleanup_free(void *pointer_to_pointer)
{
	free(*(void **)pointer_to_pointer);
}

/* For CLEANUP(cleanup_close): closes the descriptor if it is not -1. */
static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* DEFINE_CLEANUP(thing_free_at, struct thing *, thing_free): a function that
 * CLEANUP can call for a pointer variable; thing_free must accept NULL. */
#define DEFINE_CLEANUP(name, type, free_function)                              \
	static inline void name(type *pointer)                                 \
	{                                                                      \
		free_function(*pointer);                                       \
	}

#endif
