/* SPDX-License-Identifier: Apache-2.0 */
/* The client's certificate: verified, and the names in it. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "server/http/tls_context.h"

#define NAMES_MAX 64   /* of one certificate; further ones are left */
#define NAME_SIZE 1024 /* bytes of a name, without its kind */
#define NAMES_SEEN 256 /* that are looked at */
#define NAMES_BYTES (NAMES_MAX * (NAME_SIZE + 8)) /* of all names */

/* How the names of each kind begin; NULL: of no use to us. */
static const char *kind_of(int type)
{
	switch (type) {
	case GNUTLS_SAN_DNSNAME:
		return "DNS:";
	case GNUTLS_SAN_URI:
		return "URI:";
	case GNUTLS_SAN_RFC822NAME:
		return "email:";
	default:
		return NULL;
	}
}

/* Names with odd bytes are left out: they could be shown for others. */
static bool is_clean(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return false;
	return len > 0;
}

/* One block holds the spans and, behind them, their text. */
static int keep(struct tls_link *link, const struct buf *text,
		const size_t *ends, size_t count)
{
	struct span *names = malloc(count * sizeof(*names) + text->len + 1);

	if (!names)
		return -1;
	char *copy = (char *)(names + count);
	size_t from = 0;

	memcpy(copy, buf_text(text), text->len);
	for (size_t i = 0; i < count; i++) {
		names[i] = span_make(copy + from, ends[i] - from);
		from = ends[i];
	}
	link->names = names;
	link->name_count = count;
	return 0;
}

static int read_names(struct tls_link *link, gnutls_x509_crt_t certificate)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(NAMES_BYTES);
	size_t ends[NAMES_MAX];
	size_t count = 0;

	for (unsigned i = 0; i < NAMES_SEEN && count < NAMES_MAX; i++) {
		char name[NAME_SIZE];
		size_t len = sizeof(name);
		int type = gnutls_x509_crt_get_subject_alt_name(
			certificate, i, name, &len, NULL);

		if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (type < 0 || !kind_of(type) || !is_clean(name, len))
			continue;
		buf_append_text(&text, kind_of(type));
		buf_append(&text, name, len);
		ends[count++] = text.len;
	}
	if (text.failed != ERR_NONE)
		return -1;
	return keep(link, &text, ends, count);
}

static int refuse_status(struct tls_link *link, unsigned status)
{
	if (status & GNUTLS_CERT_EXPIRED)
		return tls_refuse(link, GNUTLS_A_CERTIFICATE_EXPIRED,
				  "its certificate has expired");
	if (status & GNUTLS_CERT_SIGNER_NOT_FOUND)
		return tls_refuse(link, GNUTLS_A_UNKNOWN_CA,
				  "its certificate is of no authority that we "
				  "trust");
	return tls_refuse(link, GNUTLS_A_BAD_CERTIFICATE,
			  "its certificate is not valid for a client");
}

static int admit(struct tls_link *link, const gnutls_datum_t *certificate)
{
	gnutls_typed_vdata_st purpose = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT};
	gnutls_x509_crt_t parsed = NULL;
	unsigned status = 0;

	if (gnutls_certificate_verify_peers(link->session, &purpose, 1,
					    &status) < 0 ||
	    status != 0)
		return refuse_status(link, status);
	int rc = gnutls_x509_crt_init(&parsed);

	if (rc == 0)
		rc = gnutls_x509_crt_import(parsed, certificate,
					    GNUTLS_X509_FMT_DER);
	if (rc == 0)
		rc = read_names(link, parsed);
	if (parsed)
		gnutls_x509_crt_deinit(parsed);
	if (rc < 0)
		return tls_refuse(link, GNUTLS_A_INTERNAL_ERROR,
				  "no memory for its certificate");
	return 0;
}

int tls_verify_client(gnutls_session_t session)
{
	struct tls_link *link = gnutls_session_get_ptr(session);
	unsigned count = 0;
	const gnutls_datum_t *chain =
		gnutls_certificate_get_peers(session, &count);

	if (chain && count > 0)
		return admit(link, &chain[0]);
	if (link->context->client_auth != TLS_CLIENT_REQUIRE)
		return 0;
	return tls_refuse(link,
			  gnutls_protocol_get_version(session) >= GNUTLS_TLS1_3
				  ? GNUTLS_A_CERTIFICATE_REQUIRED
				  : GNUTLS_A_HANDSHAKE_FAILURE,
			  "it showed no certificate");
}
