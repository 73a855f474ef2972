/* SPDX-License-Identifier: Apache-2.0 */
/* HTTPS with each allocation and each look at a file failing in turn. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "server/http/tls.h"
#include "tests/lib/check.h"
#include "tests/lib/fault.h"
#include "tests/lib/http_client.h"
#include "tests/lib/http_fixture.h"
#include "tests/lib/tmpdir.h"

#define GET "GET /%s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"

struct files {
	char dir[TMPDIR_SIZE];
	char certificate[TMPDIR_SIZE + 16];
	char key[TMPDIR_SIZE + 16];
	struct tls_config config;
};

static X509 *sign(EVP_PKEY *key)
{
	X509 *certificate = X509_new();
	X509_NAME *name = X509_NAME_new();
	const unsigned char common[] = "localhost";

	CHECK(certificate && name);
	CHECK(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common, -1,
					 -1, 0));
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 60L * 24 * 3600);
	X509_set_subject_name(certificate, name);
	X509_set_issuer_name(certificate, name);
	X509_set_pubkey(certificate, key);
	CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
	X509_NAME_free(name);
	return certificate;
}

static void make_files(struct files *files)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = sign(key);

	tmpdir_make(files->dir);
	snprintf(files->certificate, sizeof(files->certificate), "%s/chain",
		 files->dir);
	snprintf(files->key, sizeof(files->key), "%s/key", files->dir);
	FILE *chain = fopen(files->certificate, "w");
	FILE *secret = fopen(files->key, "w");

	CHECK(chain && secret);
	CHECK(chmod(files->key, 0600) == 0);
	CHECK(PEM_write_X509(chain, certificate) == 1);
	CHECK(PEM_write_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL));
	CHECK(fclose(chain) == 0 && fclose(secret) == 0);
	X509_free(certificate);
	EVP_PKEY_free(key);
	files->config = (struct tls_config){.certificate = files->certificate,
					    .key = files->key,
					    .client_ca = files->certificate,
					    .client_auth = TLS_CLIENT_REQUEST};
}

static void test_reads_its_files_or_says_why(void)
{
	struct fault_sweep sweep =
		FAULT_SWEEP(FAULT_MEMORY | FAULT_OPEN | FAULT_READ);
	struct files files;

	make_files(&files);
	size_t open = fault_open_descriptors();

	while (fault_next(&sweep)) {
		struct tls *tls = NULL;
		struct err err = ERR_INIT;

		fault_on(&sweep);
		int rc = tls_new(&files.config, &tls, &err);

		fault_off(&sweep);
		CHECK((rc == 0) == !sweep.fired);
		CHECK((rc < 0) == (err.code != ERR_NONE));
		CHECK((rc == 0) == (tls != NULL));
		tls_free(tls);
	}
	CHECK(sweep.round > 10);
	CHECK(fault_open_descriptors() == open);
}

static void test_a_reload_that_fails_changes_nothing(void)
{
	struct fault_sweep sweep =
		FAULT_SWEEP(FAULT_MEMORY | FAULT_OPEN | FAULT_READ);
	struct err err = ERR_INIT;
	struct tls *tls = NULL;
	struct files files;

	make_files(&files);
	CHECK(tls_new(&files.config, &tls, &err) == 0);
	while (fault_next(&sweep)) {
		struct err why = ERR_INIT;

		fault_on(&sweep);
		int rc = tls_reload(tls, &files.config, &why);

		fault_off(&sweep);
		CHECK((rc == 0) == !sweep.fired);
		CHECK(tls_reload(tls, &files.config, &err) == 0);
	}
	CHECK(sweep.round > 10);
	tls_free(tls);
}

/* The status that a new connection gets, 0 if none. */
static int ask(SSL_CTX *context, const char *address, const char *what)
{
	struct http_client client;
	char text[200];
	int status = 0;

	http_client_open(&client, address);
	SSL *ssl = SSL_new(context);

	CHECK(ssl && SSL_set_fd(ssl, client.fd) == 1);
	snprintf(text, sizeof(text), GET, what);
	if (SSL_connect(ssl) == 1 &&
	    SSL_write(ssl, text, (int)strlen(text)) > 0) {
		int got = SSL_read(ssl, text, sizeof(text) - 1);

		text[got > 0 ? got : 0] = '\0';
		if (sscanf(text, "HTTP/1.1 %d", &status) != 1)
			status = 0;
	}
	SSL_free(ssl);
	http_client_close(&client);
	return status;
}

static void sweep_requests(SSL_CTX *context, const char *address,
			   const char *what)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY);

	CHECK(ask(context, address, what) == 200);
	while (fault_next(&sweep)) {
		fault_on(&sweep);
		int got = ask(context, address, what);

		fault_off(&sweep);
		CHECK(got == 200 || got == 0 || got == 500 || got == 503);
		CHECK(got == 200 || sweep.fired);
		CHECK(ask(context, address, what) == 200);
	}
	CHECK(sweep.round > 1);
}

static void test_memory_that_lacks_costs_one_connection(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	struct files files;
	struct app app;

	signal(SIGPIPE, SIG_IGN);
	make_files(&files);
	http_fixture_init(&app);
	app.config.tls = files.config;
	http_fixture_start(&app);
	sweep_requests(context, app.address, "memory");
	sweep_requests(context, app.address, "file");
	sweep_requests(context, app.address, "work");
	http_fixture_stop(&app);
	SSL_CTX_free(context);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_reads_its_files_or_says_why),
		CHECK_CASE(test_a_reload_that_fails_changes_nothing),
		CHECK_CASE(test_memory_that_lacks_costs_one_connection),
	};

	return CHECK_RUN(argc, argv, cases);
}
