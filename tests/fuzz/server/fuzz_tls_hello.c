/* SPDX-License-Identifier: Apache-2.0 */
/* A client's first message in TLS. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/http/tls_hello.h"

#define HOST "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-."

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_hello hello;

	tls_hello_read(data, size, &hello);
	if (hello.host[strspn(hello.host, HOST)] != '\0')
		abort();
	/* Two bytes of zero are the type of the extension that is hidden. */
	if (hello.odd_at != 0 &&
	    (hello.odd_at + 4 > size || data[hello.odd_at] != 0 ||
	     data[hello.odd_at + 1] != 0))
		abort();
	return 0;
}
