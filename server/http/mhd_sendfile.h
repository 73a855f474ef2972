/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_MHD_SENDFILE_H
#define SERVER_HTTP_MHD_SENDFILE_H

/* How much of a file the HTTP library sends at a time. */

#include <stdint.h>
#include <sys/types.h>

/* The part of the file that is sent through this descriptor, which no other
 * answer has, ends there. */
void sendfile_until(int in, uint64_t end);

/* The C library's, for the HTTP library: as its manual says, but for sending
 * more than count of a file whose end is known.  Nothing else calls it. */
__attribute__((visibility("default"))) ssize_t
sendfile64(int out, int in, int64_t *offset, size_t count);

#endif
