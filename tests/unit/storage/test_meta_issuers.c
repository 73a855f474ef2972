/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_issuers.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

#define ACCOUNT "000000000000"
#define OTHER "111111111111"

static int64_t changes(struct meta_tx *tx)
{
	struct err err = ERR_INIT;
	int64_t value = 0;

	CHECK(meta_identity_generation(tx, &value, &err) == 0);
	return value;
}

static int note(void *context, const struct meta_issuer *issuer,
		struct err *err)
{
	char *log = context;
	size_t used = strlen(log);

	(void)err;
	snprintf(log + used, 256 - used, "%s ", issuer->url);
	return 0;
}

static int rows(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_issuer issuer = {
		.account = ACCOUNT,
		.url = "https://token.example",
		.audiences = "a b",
		.jwks_url = "https://keys.example",
		.ca_file = "/etc/ca.pem",
		.private_addresses = true,
	};
	struct meta_issuer got = {.created_ms = -1};
	struct span account = SPAN_LIT(ACCOUNT);
	struct span url = SPAN_LIT("https://token.example");
	char log[256] = "";

	(void)context;
	CHECK(meta_issuer_find(tx, account, url, &got, err) == 0);
	CHECK(got.created_ms == -1);
	int64_t before = changes(tx);
	CHECK(meta_issuer_put(tx, &issuer, err) == 0);
	CHECK(meta_issuer_find(tx, account, url, &got, err) == 1);
	CHECK_TEXT(got.account, issuer.account);
	CHECK_TEXT(got.url, issuer.url);
	CHECK_TEXT(got.audiences, "a b");
	CHECK_TEXT(got.jwks_url, "https://keys.example");
	CHECK_TEXT(got.ca_file, "/etc/ca.pem");
	CHECK(got.private_addresses && got.created_ms == meta_fixture_ms);

	memset(issuer.audiences, 'a', sizeof(issuer.audiences) - 1);
	issuer.jwks_url[0] = '\0';
	issuer.private_addresses = false;
	CHECK(meta_issuer_put(tx, &issuer, err) == 1);
	CHECK(meta_issuer_find(tx, account, url, &got, err) == 1);
	CHECK_TEXT(got.audiences, issuer.audiences);
	CHECK_TEXT(got.jwks_url, "");
	CHECK(!got.private_addresses);

	snprintf(issuer.url, sizeof(issuer.url), "https://a.example");
	CHECK(meta_issuer_put(tx, &issuer, err) == 0);
	snprintf(issuer.account, sizeof(issuer.account), OTHER);
	CHECK(meta_issuer_put(tx, &issuer, err) == 0);
	CHECK(changes(tx) == before + 4);
	CHECK(meta_issuer_list(tx, account, note, log, err) == 0);
	CHECK_TEXT(log, "https://a.example https://token.example ");
	CHECK(meta_issuer_delete(tx, account, url, err) == 1);
	CHECK(meta_issuer_delete(tx, account, url, err) == 0);
	CHECK(changes(tx) == before + 5);
	CHECK(meta_issuer_find(tx, account, url, &got, err) == 0);
	return 0;
}

/* One that is replaced was made when it was made. */
static int put(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_issuer issuer = {.account = ACCOUNT, .url = "https://a"};

	(void)context;
	return meta_issuer_put(tx, &issuer, err) < 0 ? -1 : 0;
}

static void test_rows(void)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_write(meta, rows, NULL);
	meta_close(meta);
}

static void test_a_replaced_one_keeps_its_age(void)
{
	struct meta *meta = meta_fixture_open();
	struct meta_issuer got;
	struct err err = ERR_INIT;

	meta_fixture_ms = 100;
	meta_fixture_write(meta, put, NULL);
	meta_fixture_ms = 200;
	meta_fixture_write(meta, put, NULL);
	struct meta_tx *tx = meta_fixture_read(meta);
	CHECK(meta_issuer_find(tx, SPAN_LIT(ACCOUNT), SPAN_LIT("https://a"),
			       &got, &err) == 1);
	CHECK(got.created_ms == 100);
	meta_read_end(tx);
	meta_close(meta);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_rows),
		CHECK_CASE(test_a_replaced_one_keeps_its_age),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
