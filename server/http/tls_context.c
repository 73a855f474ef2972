/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/tls_context.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/lock.h"

/* AES first: where the processor has it nothing is faster, and blobs are long.
 * Whatever is not listed is not spoken. */
#define RULES                                                                  \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:"     \
	"+ECDHE-RSA:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:"                    \
	"+CHACHA20-POLY1305:-MAC-ALL:+AEAD:-GROUP-ALL:+GROUP-X25519:"          \
	"+GROUP-SECP256R1:+GROUP-SECP384R1:%SERVER_PRECEDENCE"

struct tls {
	struct lock lock;	     /* guards current */
	struct tls_context *current; /* a reference */
};

DEFINE_CLEANUP(context_unref_at, struct tls_context *, tls_context_unref)

void tls_context_unref(struct tls_context *context)
{
	if (!context || atomic_fetch_sub_explicit(&context->references, 1,
						  memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < context->pair_count; i++)
		tls_pair_release(&context->pairs[i]);
	free(context->pairs);
	if (context->rules)
		gnutls_priority_deinit(context->rules);
	if (context->tickets.data) {
		gnutls_memset(context->tickets.data, 0, context->tickets.size);
		gnutls_free(context->tickets.data);
	}
	free(context);
}

/* Every chain's clients have the same authorities. */
static int read_client_ca(struct tls_context *context,
			  const struct tls_config *config, struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(TLS_FILE_MAX);

	if (context->client_auth == TLS_CLIENT_NONE)
		return 0;
	if (tls_read_file(span_of(config->client_ca), false, &text, err) < 0)
		return -1;
	gnutls_datum_t pem = tls_datum(&text);

	for (size_t i = 0; i < context->pair_count; i++) {
		gnutls_certificate_credentials_t credentials =
			context->pairs[i].credentials;
		int found = gnutls_certificate_set_x509_trust_mem(
			credentials, &pem, GNUTLS_X509_FMT_PEM);

		if (found <= 0)
			return err_set(err, ERR_INVALID,
				       "%s holds no certificates",
				       config->client_ca);
		gnutls_certificate_set_verify_function(credentials,
						       tls_verify_client);
	}
	return 0;
}

static int make_rules(struct tls_context *context, struct err *err)
{
	int rc = gnutls_priority_init(&context->rules, RULES, NULL);

	if (rc == 0)
		rc = gnutls_session_ticket_key_generate(&context->tickets);
	if (rc < 0)
		return err_set(err, ERR_UNAVAILABLE, "TLS: %s",
			       gnutls_strerror(rc));
	return 0;
}

static int context_new(const struct tls_config *config,
		       struct tls_context **ret_context, struct err *err)
{
	CLEANUP(context_unref_at)
	struct tls_context *context = calloc(1, sizeof(*context));

	if (!context)
		return err_set(err, ERR_NO_MEMORY, "no memory for TLS");
	atomic_init(&context->references, 1);
	context->client_auth = config->client_auth;
	if (make_rules(context, err) < 0 ||
	    tls_pairs_read(context, config, err) < 0 ||
	    read_client_ca(context, config, err) < 0)
		return -1;
	*ret_context = STEAL(context);
	return 0;
}

int tls_new(const struct tls_config *config, struct tls **ret_tls,
	    struct err *err)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (!tls)
		return err_set(err, ERR_NO_MEMORY, "no memory for TLS");
	if (context_new(config, &tls->current, err) < 0) {
		free(tls);
		return -1;
	}
	lock_init(&tls->lock);
	*ret_tls = tls;
	return 0;
}

int tls_reload(struct tls *tls, const struct tls_config *config,
	       struct err *err)
{
	struct tls_context *fresh = NULL;

	if (context_new(config, &fresh, err) < 0)
		return -1;
	lock_take(&tls->lock);
	struct tls_context *old = tls->current;

	tls->current = fresh;
	lock_drop(&tls->lock);
	tls_context_unref(old);
	return 0;
}

struct tls_context *tls_context_of(struct tls *tls)
{
	lock_take(&tls->lock);
	struct tls_context *context = tls->current;

	atomic_fetch_add_explicit(&context->references, 1,
				  memory_order_relaxed);
	lock_drop(&tls->lock);
	return context;
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	tls_context_unref(tls->current);
	lock_release(&tls->lock);
	free(tls);
}
