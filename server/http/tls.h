/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_TLS_H
#define SERVER_HTTP_TLS_H

/*
 * HTTPS: what new handshakes present, and the part of a connection that is TLS.
 * The HTTP library makes the session and drives it; what stands here sets the
 * session up, so that a reload needs no new listener: certificates and limits
 * are taken from what was read last, and a session keeps what it began with.
 *
 * TLS 1.2 and 1.3 with forward secrecy and authenticated encryption only;
 * tickets whose keys rotate by themselves; no renegotiation, no early data.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct span;
struct tls;
struct tls_link;

/* What is wanted from clients. */
enum tls_client_auth {
	TLS_CLIENT_NONE,    /* no certificate */
	TLS_CLIENT_REQUEST, /* one that is verified, or none */
	TLS_CLIENT_REQUIRE, /* one that is verified */
};

/* Files in PEM; lists are separated by commas. */
struct tls_config {
	const char *certificate; /* chains; the first serves unknown names */
	const char *key;	 /* of each chain, in the same order */
	const char *client_ca;	 /* whose certificates clients may have */
	enum tls_client_auth client_auth; /* what is wanted from them */
};

/* Read and check the files: ERR_INVALID with a text for the operator, or what
 * reading them gave.  Warns in the log of a certificate that has expired or is
 * about to. */
int tls_new(const struct tls_config *config, struct tls **ret_tls,
	    struct err *err);

/* Read them again, for new handshakes; on failure everything stays as it was.
 * One thread at a time; connections may come in meanwhile. */
int tls_reload(struct tls *tls, const struct tls_config *config,
	       struct err *err);

/* After the last link; NULL is fine. */
void tls_free(struct tls *tls);

/* What the HTTP library wants to be given for a source of certificates. */
void *tls_certificate_source(void);

/*
 * A link is what we know of one connection's session; its thread's alone.
 * session is the library's, fresh, on that socket; once the library has freed
 * it only tls_link_free() may be called.  NULL without memory.
 */
struct tls_link *tls_link_new(struct tls *tls, void *session, int fd);
void tls_link_free(struct tls_link *link);

/* The handshake is done. */
bool tls_link_ready(struct tls_link *link);

/* The handshake cannot go on before more can be sent. */
bool tls_link_blocked(const struct tls_link *link);

/* Why the handshake was refused, or NULL; a literal. */
const char *tls_link_refusal(const struct tls_link *link);

/* Records that the client has sent since the handshake. */
uint64_t tls_link_heard(const struct tls_link *link);

/* Have what is sent collected, if the kernel has nothing else to send: head and
 * body of a small answer become one record.  Then send it: -1 if not all of it
 * could go out, so that the connection is of no use. */
void tls_link_cork(struct tls_link *link);
int tls_link_uncork(struct tls_link *link);

/* Send bytes past the HTTP library, as send() would, in the session; then say
 * that no more will follow.  -1 if that is not possible at once. */
ssize_t tls_link_send(struct tls_link *link, const void *data, size_t len);
int tls_link_end(struct tls_link *link);

/* The names in the client's certificate, which was verified: "DNS:...",
 * "URI:...", "email:..."; *ret_count may be 0.  Borrowed from the link. */
const struct span *tls_link_names(const struct tls_link *link,
				  size_t *ret_count);

#endif
