/* SPDX-License-Identifier: Apache-2.0 */
/* Chains and keys: read, checked, and matched with each other. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fsx.h"
#include "base/log.h"
#include "server/http/tls_context.h"

#define PATH_SIZE 1024		   /* bytes of a path, with its NUL */
#define KEY_ID_SIZE 64		   /* bytes of a fingerprint */
#define SOON_S (14 * 24 * 60 * 60) /* before its end a chain is told of */

static void wipe(struct buf *buf)
{
	if (buf->data)
		OPENSSL_cleanse(buf->data, buf->cap);
	buf_release(buf);
}

/* Growing would leave copies of a secret behind. */
int tls_read_file(struct span path, bool secret, struct buf *out,
		  struct err *err)
{
	char name[PATH_SIZE];
	struct stat info;

	if (path.len == 0 || path.len >= sizeof(name))
		return err_set(err, ERR_INVALID, "a path is empty or too long");
	snprintf(name, sizeof(name), "%.*s", SPAN_ARG(path));
	if (stat(name, &info) < 0)
		return err_sys(err, errno, "%s", name);
	if (secret && (info.st_mode & (S_IWGRP | S_IRWXO)))
		return err_set(err, ERR_INVALID,
			       "%s is secret and others may read or change it: "
			       "chmod 600 it",
			       name);
	if (!S_ISREG(info.st_mode) || info.st_size > (off_t)TLS_FILE_MAX)
		return err_set(err, ERR_INVALID, "%s is no file, or too long",
			       name);
	buf_reserve(out, (size_t)info.st_size + 1);
	if (fsx_read_file(AT_FDCWD, name, out, err) < 0)
		return -1;
	return buf_check(out, err);
}

gnutls_datum_t tls_datum(const struct buf *buf)
{
	return (gnutls_datum_t){.data = (unsigned char *)buf->data,
				.size = (unsigned)buf->len};
}

static int complain(struct err *err, int rc, struct span chain, struct span key)
{
	return err_set(
		err, rc == GNUTLS_E_MEMORY_ERROR ? ERR_NO_MEMORY : ERR_INVALID,
		"%.*s and %.*s are no chain with its key: %s", SPAN_ARG(chain),
		SPAN_ARG(key), gnutls_strerror(rc));
}

static int read_pair(struct tls_pair *pair, struct span chain, struct span key,
		     struct err *err)
{
	CLEANUP(buf_release) struct buf chain_text = BUF_INIT(TLS_FILE_MAX);
	CLEANUP(wipe) struct buf key_text = BUF_INIT(TLS_FILE_MAX);
	gnutls_x509_crt_t *list = NULL;
	unsigned count = 0;

	if (tls_read_file(chain, false, &chain_text, err) < 0 ||
	    tls_read_file(key, true, &key_text, err) < 0)
		return -1;
	gnutls_datum_t chain_pem = tls_datum(&chain_text);
	gnutls_datum_t key_pem = tls_datum(&key_text);
	int rc = gnutls_certificate_set_x509_key_mem(
		pair->credentials, &chain_pem, &key_pem, GNUTLS_X509_FMT_PEM);

	if (rc < 0)
		return complain(err, rc, chain, key);
	rc = gnutls_certificate_get_x509_crt(pair->credentials, 0, &list,
					     &count);
	if (rc < 0)
		return complain(err, rc, chain, key);
	pair->leaf = list[0];
	for (unsigned i = 1; i < count; i++)
		gnutls_x509_crt_deinit(list[i]);
	gnutls_free(list);
	return 0;
}

static void warn_of_its_end(const struct tls_pair *pair, struct span path)
{
	int64_t now_s = clock_wall_ms(&clock_system) / 1000;
	int64_t end_s = gnutls_x509_crt_get_expiration_time(pair->leaf);

	if (end_s - now_s > SOON_S)
		return;
	log_event(LOG_WARN,
		  end_s > now_s ? "certificate_expires_soon"
				: "certificate_has_expired",
		  LOG_SPAN("certificate", path),
		  LOG_NUMBER("seconds_left", end_s - now_s));
}

/* The next of a list, which loses it; false at its end. */
static bool next(struct span *list, struct span *ret_path)
{
	struct span rest = {0};

	if (!list->text)
		return false;
	if (!span_cut(*list, ',', ret_path, &rest))
		*ret_path = *list;
	*list = rest;
	*ret_path = span_trim(*ret_path);
	return true;
}

static size_t entries(struct span list)
{
	struct span ignored;
	size_t count = 0;

	while (next(&list, &ignored))
		count++;
	return count;
}

int tls_pairs_read(struct tls_context *context, const struct tls_config *config,
		   struct err *err)
{
	struct span chains = span_of(config->certificate);
	struct span keys = span_of(config->key);
	struct span chain = {0};
	struct span key = {0};

	context->pairs = calloc(entries(chains) + 1, sizeof(*context->pairs));
	if (!context->pairs)
		return err_set(err, ERR_NO_MEMORY, "no memory for TLS");
	while (next(&chains, &chain)) {
		struct tls_pair *pair = &context->pairs[context->pair_count++];

		if (!next(&keys, &key))
			return err_set(err, ERR_INVALID,
				       "there are fewer keys than chains");
		if (gnutls_certificate_allocate_credentials(
			    &pair->credentials) < 0)
			return err_set(err, ERR_NO_MEMORY, "no memory for TLS");
		if (read_pair(pair, chain, key, err) < 0)
			return -1;
		warn_of_its_end(pair, chain);
	}
	return 0;
}

void tls_pair_release(struct tls_pair *pair)
{
	if (pair->leaf)
		gnutls_x509_crt_deinit(pair->leaf);
	if (pair->credentials)
		gnutls_certificate_free_credentials(pair->credentials);
}
