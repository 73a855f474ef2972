/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look at the client's hello before GnuTLS reads it.  The HTTP library drops
 * a handshake that fails without a word, so that what a client is most likely
 * to be told is told here.  And GnuTLS refuses a host name that carries a port,
 * which some clients send: such a name is read here and hidden from it.
 */
#include <string.h>

#include "server/http/tls_context.h"

#define EXTENSION_SERVER_NAME 0
#define EXTENSION_POINT_FORMATS 11
#define EXTENSION_ALPN 16
#define EXTENSION_VERSIONS 43
#define TLS_1_2 0x0303
#define TLS_1_3 0x0304

/* What is gathered of a hello. */
struct hello {
	struct tls_link *link;
	bool asks_versions; /* it lists them */
	bool speaks_ours;   /* and one of ours is there */
	bool asks_protocol; /* it lists what it speaks in the session */
	bool speaks_http;   /* and HTTP/1 is there */
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

/* A list of one name: its length, 0 for a host, length of the host, host. */
static void read_name(struct tls_link *link, const unsigned char *data,
		      unsigned size)
{
	size_t len = 0;

	if (size < 5 || data[2] != 0)
		return;
	data += 5;
	size -= 5;
	while (len < size && len < sizeof(link->host) - 1 &&
	       is_host_char(data[len]))
		len++;
	memcpy(link->host, data, len);
	link->host[len] = '\0';
	/* The type of an extension stands four bytes before its content. */
	if (len < size)
		link->odd_name = (uint8_t *)(uintptr_t)data - 5 - 4;
}

static void read_versions(struct hello *hello, const unsigned char *data,
			  unsigned size)
{
	hello->asks_versions = true;
	for (unsigned at = 1; at + 1 < size; at += 2) {
		unsigned version = read_16(data + at);

		if (version == TLS_1_2 || version == TLS_1_3)
			hello->speaks_ours = true;
	}
}

static void read_protocols(struct hello *hello, const unsigned char *data,
			   unsigned size)
{
	unsigned at = 2;

	hello->asks_protocol = true;
	while (at < size && data[at] < size - at) {
		if (data[at] == 8 && memcmp(data + at + 1, "http/1.", 7) == 0)
			hello->speaks_http = true;
		at += 1u + data[at];
	}
}

static int on_extension(void *context, unsigned id, const unsigned char *data,
			unsigned size)
{
	struct hello *hello = context;

	if (id == EXTENSION_SERVER_NAME)
		read_name(hello->link, data, size);
	else if (id == EXTENSION_VERSIONS)
		read_versions(hello, data, size);
	else if (id == EXTENSION_ALPN)
		read_protocols(hello, data, size);
	return 0;
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
		link->odd_name[0] = 0xff;
		link->odd_name[1] = 0xce;
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
	struct hello hello = {.link = gnutls_session_get_ptr(session)};

	(void)type;
	(void)when;
	if (!incoming || message->size < 2)
		return 0;
	hello.link->odd_name = NULL;
	gnutls_ext_raw_parse(&hello, on_extension, message,
			     GNUTLS_EXT_RAW_FLAG_TLS_CLIENT_HELLO);
	if (hello.asks_versions ? !hello.speaks_ours
				: read_16(message->data) < TLS_1_2)
		return tls_refuse(hello.link, GNUTLS_A_PROTOCOL_VERSION,
				  "TLS older than 1.2");
	if (hello.asks_protocol && !hello.speaks_http)
		return tls_refuse(hello.link, GNUTLS_A_NO_APPLICATION_PROTOCOL,
				  "no HTTP/1 among its protocols");
	if (hello.link->odd_name)
		plan_to_hide(session);
	return tls_present(hello.link);
}
