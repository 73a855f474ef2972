/* SPDX-License-Identifier: Apache-2.0 */
/* Seals, scopes and tokens while memory or the disk fails. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "auth/jwt.h"
#include "auth/scope.h"
#include "auth/seal.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "tests/lib/check.h"
#include "tests/lib/fault.h"
#include "tests/lib/tmpdir.h"

#define FORGED                                                                 \
	"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9."                           \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
	"AAAAAAAAAAAAAAAAAA"

static struct jwt_key *make_key(void)
{
	struct jwt_key *key = NULL;
	struct err err = ERR_INIT;

	CHECK(jwt_key_generate(&key, &err) == 0);
	return key;
}

static json_t *make_claims(void)
{
	json_t *claims = json_pack("{s:s}", "sub", "eve");

	CHECK(claims);
	return claims;
}

static void sign(const struct jwt_key *key, struct buf *token)
{
	json_t *claims = make_claims();
	struct err err = ERR_INIT;

	CHECK(jwt_sign(key, SPAN_LIT("k"), claims, token, &err) == 0);
	json_decref(claims);
}

static void test_a_token_is_signed_whole_or_not(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY);

	while (fault_next(&sweep)) {
		CLEANUP(buf_release) struct buf token = BUF_INIT(65536);
		CLEANUP(jsonx_unref) json_t *claims = make_claims();
		struct jwt_key *key = make_key();
		struct err err = ERR_INIT;
		json_t *read = NULL;

		fault_on(&sweep);
		int rc = jwt_sign(key, SPAN_LIT("k"), claims, &token, &err);
		fault_off(&sweep);
		CHECK((rc == 0) == (err.code == ERR_NONE));
		CHECK(rc == 0 || err.code == ERR_NO_MEMORY);
		if (rc == 0)
			CHECK(jwt_verify(key, buf_span(&token), &read, &err) ==
			      0);
		json_decref(read);
		jwt_key_unref(key);
	}
	CHECK(sweep.round > 5);
}

/* A right token may be refused then, a forged one is never taken. */
static void test_no_fault_makes_a_token_right(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY);
	CLEANUP(buf_release) struct buf token = BUF_INIT(65536);
	struct jwt_key *key = make_key();

	sign(key, &token);
	while (fault_next(&sweep)) {
		struct err err = ERR_INIT;
		struct err forged = ERR_INIT;
		json_t *claims = NULL;
		json_t *none = NULL;

		fault_on(&sweep);
		int rc = jwt_verify(key, buf_span(&token), &claims, &err);
		int bad = rc < 0 ? -1
				 : jwt_verify(key, SPAN_LIT(FORGED), &none,
					      &forged);
		fault_off(&sweep);
		CHECK((rc == 0) == (claims != NULL));
		CHECK(bad == -1 && !none);
		CHECK(rc == 0 || err.code == ERR_NO_MEMORY ||
		      err.code == ERR_UNAUTHENTICATED);
		json_decref(claims);
	}
	CHECK(sweep.round > 5);
	jwt_key_unref(key);
}

static void test_keys_are_read_and_written_whole_or_not(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY);

	while (fault_next(&sweep)) {
		CLEANUP(buf_wipe) struct buf der = BUF_INIT(4096);
		struct jwt_key *key = make_key();
		struct jwt_key *again = NULL;
		struct jwt_key *public = NULL;
		json_t *jwk = NULL;
		struct err err = ERR_INIT;

		fault_on(&sweep);
		int rc = jwt_key_export(key, &der, &err);
		if (rc == 0)
			rc = jwt_key_import(buf_span(&der), &again, &err);
		if (rc == 0)
			jwk = jwt_key_to_jwk(again);
		if (jwk)
			rc = jwt_key_from_jwk(jwk, &public, &err);
		fault_off(&sweep);
		CHECK((rc == 0) == (err.code == ERR_NONE));
		CHECK(rc < 0 || again);
		CHECK((public != NULL) == (jwk && rc == 0));
		json_decref(jwk);
		jwt_key_unref(public);
		jwt_key_unref(again);
		jwt_key_unref(key);
	}
	CHECK(sweep.round > 5);
}

static void test_a_ceiling_is_made_whole_or_not(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY);
	struct ceiling *first = NULL;
	struct err none = ERR_INIT;

	/* libcrypto does not survive a fault while it starts. */
	CHECK(ceiling_new(SPAN_LIT(""), false, SPAN_LIT(""), &first, &none) ==
	      0);
	ceiling_unref(first);
	while (fault_next(&sweep)) {
		struct ceiling *ceiling = NULL;
		struct err err = ERR_INIT;

		fault_on(&sweep);
		int rc = ceiling_new(SPAN_LIT("repository:a:pull"), false,
				     SPAN_LIT("{}"), &ceiling, &err);
		fault_off(&sweep);
		CHECK((rc == 0) == (ceiling != NULL));
		CHECK(rc == 0 || err.code == ERR_NO_MEMORY);
		if (ceiling)
			CHECK(!ceiling_covers(ceiling, ACTION_PUT_IMAGE,
					      SPAN_LIT("a")));
		ceiling_unref(ceiling);
	}
	CHECK(sweep.round >= 3);
}

/* Whatever went wrong at the first start: the next one finds a whole file or
 * none, and what was sealed by then opens. */
static void test_the_servers_key_is_made_whole_or_not(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(
		FAULT_MEMORY | (FAULT_DISK & ~FAULT_CLOSE) | FAULT_RANDOM);

	while (fault_next(&sweep)) {
		CLEANUP(buf_release) struct buf sealed = BUF_INIT(4096);
		CLEANUP(buf_wipe) struct buf text = BUF_INIT(4096);
		struct seal *seal = NULL;
		struct seal *again = NULL;
		char dir[TMPDIR_SIZE];
		struct err err = ERR_INIT;
		struct err none = ERR_INIT;

		tmpdir_make(dir);
		int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		size_t descriptors = fault_open_descriptors();
		fault_on(&sweep);
		int rc = seal_open(dir_fd, "server.key", &seal, &err);
		if (rc == 0)
			rc = seal_close(seal, SPAN_LIT("p"), SPAN_LIT("x"),
					&sealed, &err);
		fault_off(&sweep);
		CHECK((rc == 0) == (err.code == ERR_NONE));
		CHECK(seal_open(dir_fd, "server.key", &again, &none) == 0);
		if (rc == 0)
			CHECK(seal_read(again, SPAN_LIT("p"), buf_span(&sealed),
					&text, &none) == 0);
		seal_free(again);
		seal_free(seal);
		CHECK(fault_open_descriptors() == descriptors);
		close(dir_fd);
	}
	CHECK(sweep.round > 10);
}

/* A key that could not be stored seals nothing. */
static void test_a_new_key_is_stored_or_not_used(void)
{
	struct fault_sweep sweep =
		FAULT_SWEEP(FAULT_MEMORY | (FAULT_DISK & ~FAULT_CLOSE));

	while (fault_next(&sweep)) {
		CLEANUP(buf_release) struct buf sealed = BUF_INIT(4096);
		CLEANUP(buf_wipe) struct buf text = BUF_INIT(4096);
		struct seal *seal = NULL;
		struct seal *again = NULL;
		char dir[TMPDIR_SIZE];
		struct err err = ERR_INIT;
		struct err none = ERR_INIT;

		tmpdir_make(dir);
		int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		CHECK(seal_open(dir_fd, "server.key", &seal, &none) == 0);
		fault_on(&sweep);
		int rc = seal_add_key(seal, &err);
		fault_off(&sweep);
		CHECK((rc == 0) == (err.code == ERR_NONE));
		CHECK(seal_close(seal, SPAN_LIT("p"), SPAN_LIT("x"), &sealed,
				 &none) == 0);
		CHECK(seal_open(dir_fd, "server.key", &again, &none) == 0);
		CHECK(seal_read(again, SPAN_LIT("p"), buf_span(&sealed), &text,
				&none) == 0);
		seal_free(again);
		seal_free(seal);
		close(dir_fd);
	}
	CHECK(sweep.round > 5);
}

static const struct check_case cases[] = {
	CHECK_CASE(test_a_token_is_signed_whole_or_not),
	CHECK_CASE(test_no_fault_makes_a_token_right),
	CHECK_CASE(test_keys_are_read_and_written_whole_or_not),
	CHECK_CASE(test_a_ceiling_is_made_whole_or_not),
	CHECK_CASE(test_the_servers_key_is_made_whole_or_not),
	CHECK_CASE(test_a_new_key_is_stored_or_not_used),
};

int main(int argc, char **argv)
{
	fault_wrap_libraries();
	return CHECK_RUN(argc, argv, cases);
}
