/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_TLS_CONTEXT_H
#define SERVER_HTTP_TLS_CONTEXT_H

/* Between the tls_*.c files: nothing else includes this. */

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/span.h"
#include "server/http/tls.h"

struct buf;

#define TLS_FILE_MAX ((size_t)1 << 20) /* bytes of one file */

/* A chain with its key, and whose certificates clients may have. */
struct tls_pair {
	gnutls_certificate_credentials_t credentials; /* owned */
	gnutls_x509_crt_t leaf; /* the server's own, for its names; owned */
};

/* All that one reading of the files gave.  Immutable and reference-counted;
 * any thread. */
struct tls_context {
	atomic_uint references;		  /* the last one dropped frees it */
	struct tls_pair *pairs;		  /* owned */
	size_t pair_count;		  /* at least one */
	gnutls_priority_t rules;	  /* versions and algorithms; owned */
	gnutls_datum_t tickets;		  /* what their keys come from; owned */
	enum tls_client_auth client_auth; /* what is wanted from clients */
};

/* See tls.h. */
struct tls_link {
	struct tls_context *context; /* a reference */
	gnutls_session_t session;    /* the HTTP library's; borrowed */
	uint8_t *odd_name;	     /* the type of an extension to hide */
	const char *refusal;	     /* why there is no session; NULL */
	struct span *names;	     /* of the client's certificate; owned */
	size_t name_count;	     /* of them */
	bool ready;		     /* the handshake is done */
	int fd;			     /* the socket; borrowed */
	bool corked;		     /* records are collected */
};

/* One reference less; the last frees it.  NULL is fine. */
void tls_context_unref(struct tls_context *context);

/* A reference to what was read last (tls_context.c). */
struct tls_context *tls_context_of(struct tls *tls);

/* Read the chains and keys of config (tls_pair.c). */
int tls_pairs_read(struct tls_context *context, const struct tls_config *config,
		   struct err *err);
void tls_pair_release(struct tls_pair *pair);

/* Append the file to out; a secret one must not be everybody's to read
 * (tls_pair.c). */
int tls_read_file(struct span path, bool secret, struct buf *out,
		  struct err *err);

/* The bytes of a buffer, borrowed (tls_pair.c). */
gnutls_datum_t tls_datum(const struct buf *buf);

/* Called for a session when its hello came in (tls_hello.c) and when the
 * client's certificate did, or none (tls_client.c). */
int tls_on_hello(gnutls_session_t session, unsigned type, unsigned when,
		 unsigned incoming, const gnutls_datum_t *message);
int tls_verify_client(gnutls_session_t session);

/* Present the chain made out for that host, else the first (tls_link.c). */
int tls_present(struct tls_link *link, const char *host);

/* Note why, tell the client, and return what ends the handshake
 * (tls_link.c). */
int tls_refuse(struct tls_link *link, gnutls_alert_description_t alert,
	       const char *why);

#endif
