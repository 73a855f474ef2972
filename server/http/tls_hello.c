/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look at the client's hello before GnuTLS reads it.  The HTTP library drops
 * a handshake that fails without a word, so that what a client is most likely
 * to be told is told here.  And GnuTLS refuses a host name that carries a port,
 * which some clients send: such a name is read here and hidden from it.
 */
#include "server/http/tls_hello.h"

#include <limits.h>
#include <string.h>

#include "server/http/tls_context.h"

#define EXTENSION_SERVER_NAME 0
#define EXTENSION_POINT_FORMATS 11
#define EXTENSION_ALPN 16
#define EXTENSION_VERSIONS 43
#define HIDDEN 0xffce /* an extension that nobody knows */
#define TLS_1_2 0x0303
#define TLS_1_3 0x0304

struct reading {
	const unsigned char *start; /* of the hello */
	struct tls_hello *hello;
};

static unsigned read_16(const unsigned char *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static bool is_host_char(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || c == '-' || c == '.';
}

/* The length of a list of one name, its kind, 0 for a host, its length, the
 * name.  The type of the extension stands four bytes before all that. */
static void read_name(const struct reading *reading, const unsigned char *data,
		      unsigned size)
{
	struct tls_hello *hello = reading->hello;
	size_t len = 0;

	if (size < 5 || data[2] != 0)
		return;
	const unsigned char *name = data + 5;
	size_t room = size - 5;

	while (len < room && len < sizeof(hello->host) - 1 &&
	       is_host_char(name[len]))
		len++;
	memcpy(hello->host, name, len);
	hello->host[len] = '\0';
	hello->odd_at = len < room ? (size_t)(data - reading->start) - 4 : 0;
}

static bool has_our_version(const unsigned char *data, unsigned size)
{
	for (unsigned at = 1; at + 1 < size; at += 2) {
		unsigned version = read_16(data + at);

		if (version == TLS_1_2 || version == TLS_1_3)
			return true;
	}
	return false;
}

static bool has_our_protocol(const unsigned char *data, unsigned size)
{
	for (unsigned at = 2; at < size && data[at] < size - at;
	     at += 1u + data[at])
		if (data[at] == 8 && memcmp(data + at + 1, "http/1.", 7) == 0)
			return true;
	return false;
}

static int on_extension(void *context, unsigned id, const unsigned char *data,
			unsigned size)
{
	struct reading *reading = context;

	if (id == EXTENSION_SERVER_NAME)
		read_name(reading, data, size);
	else if (id == EXTENSION_VERSIONS)
		reading->hello->old = !has_our_version(data, size);
	else if (id == EXTENSION_ALPN)
		reading->hello->foreign = !has_our_protocol(data, size);
	return 0;
}

void tls_hello_read(const unsigned char *data, size_t size,
		    struct tls_hello *ret_hello)
{
	struct reading reading = {.start = data, .hello = ret_hello};
	gnutls_datum_t message = {.data = (unsigned char *)(uintptr_t)data,
				  .size = (unsigned)size};

	*ret_hello = (struct tls_hello){0};
	if (size < 2 || size > INT_MAX)
		return;
	ret_hello->old = read_16(data) < TLS_1_2;
	gnutls_ext_raw_parse(&reading, on_extension, &message,
			     GNUTLS_EXT_RAW_FLAG_TLS_CLIENT_HELLO);
}

/* Called when the hello is already part of what both sides sign, and before
 * GnuTLS looks for the host name. */
static int hide_name(gnutls_session_t session, const unsigned char *data,
		     size_t size)
{
	struct tls_link *link = gnutls_session_get_ptr(session);

	(void)data;
	(void)size;
	if (link->odd_name) {
		link->odd_name[0] = HIDDEN >> 8;
		link->odd_name[1] = HIDDEN & 0xff;
	}
	link->odd_name = NULL;
	return 0;
}

static int send_point_formats(gnutls_session_t session, gnutls_buffer_t out)
{
	static const unsigned char uncompressed[] = {1, 0};

	(void)session;
	return gnutls_buffer_append_data(out, uncompressed,
					 sizeof(uncompressed)) < 0
		       ? GNUTLS_E_MEMORY_ERROR
		       : (int)sizeof(uncompressed);
}

/* Every client that sends such names sends this extension, too, and GnuTLS lets
 * us stand in for it.  Where it does not, it refuses the name as ever. */
static void plan_to_hide(gnutls_session_t session)
{
	gnutls_session_ext_register(session, "point formats",
				    EXTENSION_POINT_FORMATS,
				    GNUTLS_EXT_VERSION_NEG, hide_name,
				    send_point_formats, NULL, NULL, NULL,
				    GNUTLS_EXT_FLAG_OVERRIDE_INTERNAL |
					    GNUTLS_EXT_FLAG_CLIENT_HELLO |
					    GNUTLS_EXT_FLAG_TLS12_SERVER_HELLO |
					    GNUTLS_EXT_FLAG_TLS);
}

int tls_on_hello(gnutls_session_t session, unsigned type, unsigned when,
		 unsigned incoming, const gnutls_datum_t *message)
{
	struct tls_link *link = gnutls_session_get_ptr(session);
	struct tls_hello hello;

	(void)type;
	(void)when;
	if (!incoming)
		return 0;
	tls_hello_read(message->data, message->size, &hello);
	if (hello.old)
		return tls_refuse(link, GNUTLS_A_PROTOCOL_VERSION,
				  "TLS older than 1.2");
	if (hello.foreign)
		return tls_refuse(link, GNUTLS_A_NO_APPLICATION_PROTOCOL,
				  "no HTTP/1 among its protocols");
	link->odd_name = hello.odd_at ? message->data + hello.odd_at : NULL;
	if (link->odd_name)
		plan_to_hide(session);
	return tls_present(link, hello.host);
}
