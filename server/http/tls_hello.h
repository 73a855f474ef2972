/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_TLS_HELLO_H
#define SERVER_HTTP_TLS_HELLO_H

/* What a client's first message asks for, as far as we look.  Pure. */

#include <stdbool.h>
#include <stddef.h>

#define TLS_HOST_SIZE 256 /* bytes of a host name, with its NUL */

struct tls_hello {
	char host[TLS_HOST_SIZE]; /* without a port; "" if none is named */
	size_t odd_at; /* the place of the type of the extension that names it,
			  if it names more than a host; else 0 */
	bool old;      /* it speaks no version of ours */
	bool foreign;  /* it says what it speaks in TLS: no HTTP/1 */
};

/* Read a ClientHello, without the header of its message.  Of one that is
 * malformed what came before the fault. */
void tls_hello_read(const unsigned char *data, size_t size,
		    struct tls_hello *ret_hello);

#endif
