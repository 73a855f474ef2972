/* SPDX-License-Identifier: Apache-2.0 */
/* The part of a connection that is TLS. */
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "server/http/tls_context.h"

/* It is never called: a session has credentials of ours, or none. */
static int no_certificate(void)
{
	return -1;
}

void *tls_certificate_source(void)
{
	return (void *)(intptr_t)no_certificate;
}

int tls_present(struct tls_link *link, const char *host)
{
	struct tls_context *context = link->context;
	struct tls_pair *pair = &context->pairs[0];

	for (size_t i = 0; host[0] && i < context->pair_count; i++) {
		if (gnutls_x509_crt_check_hostname(context->pairs[i].leaf,
						   host)) {
			pair = &context->pairs[i];
			break;
		}
	}
	return gnutls_credentials_set(link->session, GNUTLS_CRD_CERTIFICATE,
				      pair->credentials);
}

int tls_refuse(struct tls_link *link, gnutls_alert_description_t alert,
	       const char *why)
{
	link->refusal = why;
	gnutls_alert_send(link->session, GNUTLS_AL_FATAL, alert);
	return GNUTLS_E_CERTIFICATE_ERROR;
}

/* A session that is resumed shows no certificate again, so that there are
 * tickets only where none is wanted. */
static int prepare(struct tls_link *link)
{
	struct tls_context *context = link->context;
	gnutls_session_t session = link->session;
	int rc = gnutls_priority_set(session, context->rules);

	if (rc == 0)
		rc = tls_present(link, "");
	if (rc == 0 && context->client_auth == TLS_CLIENT_NONE)
		rc = gnutls_session_ticket_enable_server(session,
							 &context->tickets);
	gnutls_certificate_server_set_request(
		session, context->client_auth == TLS_CLIENT_NONE
				 ? GNUTLS_CERT_IGNORE
				 : GNUTLS_CERT_REQUEST);
	gnutls_session_set_ptr(session, link);
	gnutls_handshake_set_hook_function(session,
					   GNUTLS_HANDSHAKE_CLIENT_HELLO,
					   GNUTLS_HOOK_PRE, tls_on_hello);
	return rc;
}

struct tls_link *tls_link_new(struct tls *tls, void *session, int fd)
{
	struct tls_link *link = calloc(1, sizeof(*link));

	gnutls_credentials_clear(session);
	if (!link)
		return NULL;
	link->context = tls_context_of(tls);
	link->session = session;
	link->fd = fd;
	if (prepare(link) < 0) {
		gnutls_credentials_clear(session);
		tls_link_free(link);
		return NULL;
	}
	return link;
}

void tls_link_free(struct tls_link *link)
{
	if (!link)
		return;
	tls_context_unref(link->context);
	free(link->names);
	free(link);
}

/* No call says whether a handshake is over.  This one refuses before; what
 * there is to bind to differs from one version to the next. */
bool tls_link_ready(struct tls_link *link)
{
	gnutls_datum_t binding = {0};
	gnutls_channel_binding_t type =
		gnutls_protocol_get_version(link->session) < GNUTLS_TLS1_3
			? GNUTLS_CB_TLS_UNIQUE
			: GNUTLS_CB_TLS_EXPORTER;

	if (link->ready)
		return true;
	link->ready =
		gnutls_session_channel_binding(link->session, type, &binding) !=
		GNUTLS_E_CHANNEL_BINDING_NOT_AVAILABLE;
	gnutls_free(binding.data);
	return link->ready;
}

bool tls_link_blocked(const struct tls_link *link)
{
	return gnutls_record_get_direction(link->session) == 1;
}

const char *tls_link_refusal(const struct tls_link *link)
{
	return link->refusal;
}

/* Up to TLS 1.2 the keys of what follows protect the handshake's last message,
 * too. */
uint64_t tls_link_heard(const struct tls_link *link)
{
	unsigned char number[8] = {0};
	uint64_t count = 0;

	gnutls_record_get_state(link->session, 1, NULL, NULL, NULL, number);
	for (size_t i = 0; i < sizeof(number); i++)
		count = count << 8 | number[i];
	if (count > 0 &&
	    gnutls_protocol_get_version(link->session) < GNUTLS_TLS1_3)
		count--;
	return count;
}

void tls_link_cork(struct tls_link *link)
{
	int unsent = 1;

	if (ioctl(link->fd, SIOCOUTQ, &unsent) < 0 || unsent > 0)
		return;
	gnutls_record_cork(link->session);
	link->corked = true;
}

int tls_link_uncork(struct tls_link *link)
{
	if (!link->corked)
		return 0;
	link->corked = false;
	if (gnutls_record_uncork(link->session, 0) < 0)
		return -1;
	/* The HTTP library has corked the socket before it sent the head, and
	 * would uncork it when it sent the body, which was with it: the kernel
	 * would hold a small answer back for 200 ms. */
	return setsockopt(link->fd, IPPROTO_TCP, TCP_CORK, &(int){0},
			  sizeof(int));
}

ssize_t tls_link_send(struct tls_link *link, const void *data, size_t len)
{
	if (!tls_link_ready(link) ||
	    gnutls_record_send(link->session, data, len) != (ssize_t)len)
		return -1;
	return (ssize_t)len;
}

int tls_link_end(struct tls_link *link)
{
	return gnutls_bye(link->session, GNUTLS_SHUT_WR) == 0 ? 0 : -1;
}

const struct span *tls_link_names(const struct tls_link *link,
				  size_t *ret_count)
{
	*ret_count = link->name_count;
	return link->names;
}
