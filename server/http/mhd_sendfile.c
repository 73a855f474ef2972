/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library sends files in steps of 128 KiB, however much the socket takes,
 * and each ends a burst of segments and wakes the client: a fifth more
 * processor time than in large steps.  It counts as sent what sendfile64() says
 * was sent, and the dynamic linker prefers a function of the program to the C
 * library's, so that the program can take larger steps.
 */
#include "server/http/mhd_sendfile.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LIBRARY_STEP (128u << 10)
#define STEP (1u << 20)	       /* bytes: others wait meanwhile */
#define DESCRIPTORS (1u << 16) /* above, steps are the library's */

#ifdef SYS_sendfile64
#define SENDFILE SYS_sendfile64
#else
#define SENDFILE SYS_sendfile
#endif

/* By descriptor: a page of it that is not used costs nothing. */
static _Atomic uint64_t ends[DESCRIPTORS];

void sendfile_until(int in, uint64_t end)
{
	if (in >= 0 && (unsigned)in < DESCRIPTORS)
		atomic_store_explicit(&ends[in], end, memory_order_relaxed);
}

/* How much of the part is left; 0 if unknown. */
static uint64_t left_of(int in, int64_t offset)
{
	uint64_t end = 0;

	if (in >= 0 && (unsigned)in < DESCRIPTORS)
		end = atomic_load_explicit(&ends[in], memory_order_relaxed);
	return end > (uint64_t)offset ? end - (uint64_t)offset : 0;
}

/* The library has the kernel hold back what does not fill a segment until the
 * last step, which for all it knows is still to come. */
static void push(int out)
{
	int one = 1;

	setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

ssize_t sendfile64(int out, int in, int64_t *offset, size_t count)
{
	uint64_t left = 0;

	if (count == LIBRARY_STEP && offset)
		left = left_of(in, *offset);
	if (left <= count)
		return syscall(SENDFILE, out, in, offset, count);
	count = left < STEP ? (size_t)left : STEP;
	ssize_t sent = syscall(SENDFILE, out, in, offset, count);

	if (sent > 0 && (uint64_t)sent == left)
		push(out);
	return sent;
}
