/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/identity_policies.h"

#include <stdio.h>
#include <string.h>

#include "auth/identity_trust.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "storage/meta_policies.h"
#include "tests/lib/identity_fixture.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

#define ID &identity_fixture
#define BY &identity_fixture_by
#define EVE FIXTURE_USER("eve")
#define OTHER                                                                  \
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\","     \
	"\"Action\":\"ecr:*\",\"Resource\":\"*\"}]}"

static void must_fail(int rc, struct err *err, enum err_code code)
{
	if (rc != -1 || err->code != code)
		fprintf(stderr, "rc %d, code %s: %s\n", rc,
			err_code_name(err->code), err->text);
	CHECK(rc == -1 && err->code == code);
	err_clear(err);
}

static void must(int rc, struct err *err)
{
	if (rc != 0)
		fprintf(stderr, "%s: %s\n", err_code_name(err->code),
			err->text);
	CHECK(rc == 0);
}

static int put(const char *name, const char *document, bool *ret_new,
	       struct err *err)
{
	return identity_policy_put(ID, BY, span_of(name), span_of(document),
				   ret_new, err);
}

static void check_stored(const char *want)
{
	CLEANUP(buf_release) struct buf document = BUF_INIT(4096);
	struct meta_tx *tx = meta_fixture_read(identity_fixture.meta);
	struct err err = ERR_INIT;

	CHECK(meta_policy_find(tx, meta_fixture_scope.account,
			       SPAN_LIT("stored"), &document, &err) >= 0);
	meta_read_end(tx);
	CHECK_TEXT(buf_text(&document), want);
}

static void test_a_document_is_kept_byte_for_byte(void)
{
	struct err err = ERR_INIT;
	bool made = true;

	identity_fixture_open(NULL);
	must(put("stored", OTHER, &made, &err), &err);
	CHECK(!made);
	check_stored(OTHER);
	must_fail(put("stored", "{}", &made, &err), &err, ERR_INVALID);
	must_fail(put("stored", "", &made, &err), &err, ERR_INVALID);
	must_fail(put("stored", FIXTURE_TRUST, &made, &err), &err, ERR_INVALID);
	must_fail(put("a b", OTHER, &made, &err), &err, ERR_INVALID);
	check_stored(OTHER);
	must(put("fresh", OTHER, &made, &err), &err);
	CHECK(made);
	must(put("stored", " " OTHER "\n", &made, &err), &err);
	check_stored(" " OTHER "\n");
	identity_fixture_close();
}

static void test_the_digests_are_those_before_and_after(void)
{
	struct err err = ERR_INIT;
	bool made = false;
	char first[4096];
	char second[4096];

	identity_fixture_open(NULL);
	must(put("a", FIXTURE_POLICY, &made, &err), &err);
	snprintf(first, sizeof(first), "%s", identity_fixture_entry());
	must(put("a", OTHER, &made, &err), &err);
	snprintf(second, sizeof(second), "%s", identity_fixture_entry());
	/* "policy.put by admin on a BEFORE AFTER " */
	const char *made_of = strstr(first, "sha256:");
	CHECK(made_of && strstr(first, "on a  sha256:"));
	CHECK(strncmp(strstr(second, "sha256:"), made_of, 71) == 0);
	CHECK(strncmp(strstr(second, "sha256:") + 72, "sha256:", 7) == 0);
	CHECK(strncmp(strstr(second, "sha256:") + 72, made_of, 71) != 0);
	must(identity_policy_delete(ID, BY, SPAN_LIT("a"), &err), &err);
	CHECK(strncmp(strstr(identity_fixture_entry(), "sha256:"),
		      strstr(second, "sha256:") + 72, 71) == 0);
	identity_fixture_close();
}

static void test_ready_made_policies_stay(void)
{
	static const char *const names[] = {"administrator", "pull-only",
					    "push-pull", "Administrator"};
	struct err err = ERR_INIT;
	bool made = false;

	identity_fixture_open(NULL);
	for (size_t i = 0; i < 4; i++) {
		must_fail(put(names[i], OTHER, &made, &err), &err,
			  ERR_CONFLICT);
		must_fail(
			identity_policy_delete(ID, BY, span_of(names[i]), &err),
			&err, ERR_CONFLICT);
	}
	must_fail(identity_policy_delete(ID, BY, SPAN_LIT("none"), &err), &err,
		  ERR_NOT_FOUND);
	identity_fixture_close();
}

static void test_an_attached_policy_is_not_deleted(void)
{
	struct identity_grant grant = {SPAN_LIT("stored"), SPAN_LIT("*")};
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	must(identity_attach(ID, BY, FIXTURE_GROUP("team"), &grant, &err),
	     &err);
	CHECK(identity_policy_delete(ID, BY, SPAN_LIT("stored"), &err) == -1);
	CHECK(err.code == ERR_CONFLICT && strstr(err.tell, "attached"));
	err_clear(&err);
	check_stored(FIXTURE_POLICY);
	must(identity_detach(ID, BY, FIXTURE_GROUP("team"), &grant, &err),
	     &err);
	must(identity_policy_delete(ID, BY, SPAN_LIT("stored"), &err), &err);
	identity_fixture_close();
}

static void test_what_is_attached_is_there_and_fits(void)
{
	const struct {
		struct identity_grant grant;
		enum err_code code;
	} cases[] = {
		{{SPAN_LIT("none"), SPAN_LIT("*")}, ERR_NOT_FOUND},
		{{SPAN_LIT("none"), SPAN_LIT("a")}, ERR_INVALID},
		{{SPAN_LIT("stored"), SPAN_LIT("team/*")}, ERR_INVALID},
		{{SPAN_LIT("administrator"), SPAN_LIT("team/*")}, ERR_INVALID},
	};
	struct identity_grant pull = {SPAN_LIT("pull-only"), SPAN_LIT("a/*")};
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		must_fail(identity_attach(ID, BY, EVE, &cases[i].grant, &err),
			  &err, cases[i].code);
	must(identity_attach(ID, BY, EVE, &pull, &err), &err);
	int64_t entries = identity_fixture_entries();
	must(identity_attach(ID, BY, EVE, &pull, &err), &err);
	CHECK(identity_fixture_entries() == entries);
	pull.pattern = SPAN_LIT("b/*");
	must_fail(identity_detach(ID, BY, EVE, &pull, &err), &err,
		  ERR_NOT_FOUND);
	must_fail(identity_attach(ID, BY, FIXTURE_USER("nobody"), &pull, &err),
		  &err, ERR_NOT_FOUND);
	identity_fixture_close();
}

static void test_each_place_takes_its_kind_of_document(void)
{
	struct span repository = SPAN_LIT("a/b");
	struct span none = SPAN_LIT("");
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	must_fail(identity_repository_policy(ID, BY, repository,
					     SPAN_LIT(FIXTURE_POLICY), &err),
		  &err, ERR_INVALID);
	must_fail(identity_registry_policy(ID, BY, SPAN_LIT("[]"), &err), &err,
		  ERR_INVALID);
	must_fail(identity_role_trust(ID, BY, SPAN_LIT("role"),
				      SPAN_LIT(FIXTURE_REGISTRY_POLICY), &err),
		  &err, ERR_INVALID);
	must_fail(identity_role_trust(ID, BY, SPAN_LIT("eve"),
				      SPAN_LIT(FIXTURE_TRUST), &err),
		  &err, ERR_NOT_FOUND);
	must_fail(identity_repository_policy(
			  ID, BY, SPAN_LIT("none"),
			  SPAN_LIT(FIXTURE_REPOSITORY_POLICY), &err),
		  &err, ERR_REPOSITORY_UNKNOWN);
	must_fail(identity_registry_policy(ID, BY, none, &err), &err,
		  ERR_NOT_FOUND);
	must(identity_repository_policy(ID, BY, repository, none, &err), &err);
	must_fail(identity_repository_policy(ID, BY, repository, none, &err),
		  &err, ERR_NOT_FOUND);
	identity_fixture_close();
}

/* ---- whom else we believe ---- */

static void test_an_issuer_has_an_address_of_its_kind(void)
{
	static const char *const bad[] = {"",
					  "https://",
					  "http://issuer.example",
					  "HTTPS://issuer.example",
					  "https://issuer.example/?a",
					  "https://issuer.example/#a",
					  "https://issuer.example/a b",
					  "https://issuer.example/\"",
					  "https://issuer.example/\x7f",
					  "file:///etc/passwd"};
	struct meta_issuer issuer = {.audiences = "berth"};
	struct err err = ERR_INIT;
	bool made = true;

	identity_fixture_open(NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(issuer.url, sizeof(issuer.url), "%s", bad[i]);
		must_fail(identity_issuer_put(ID, BY, &issuer, &made, &err),
			  &err, ERR_INVALID);
	}
	snprintf(issuer.url, sizeof(issuer.url), "https://issuer.example");
	snprintf(issuer.jwks_url, sizeof(issuer.jwks_url), "file:///keys");
	must_fail(identity_issuer_put(ID, BY, &issuer, &made, &err), &err,
		  ERR_INVALID);
	issuer.jwks_url[0] = '\0';
	must(identity_issuer_put(ID, BY, &issuer, &made, &err), &err);
	CHECK(!made);
	must_fail(identity_issuer_delete(ID, BY, SPAN_LIT("https://no.example"),
					 &err),
		  &err, ERR_NOT_FOUND);
	identity_fixture_close();
}

static void test_a_name_in_certificates_stands_for_one(void)
{
	static const char *const bad[] = {"",	  "DNS:",    "build.example",
					  "IP:1", "dns:a",   "DNS:a b",
					  "CN=a", "DNS:a\n", "email:"};
	struct identity_who robot = FIXTURE_ROBOT("robot");
	struct span name = SPAN_LIT("URI:spiffe://example/ci");
	struct err err = ERR_INIT;

	identity_fixture_open(NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		must_fail(identity_certificate_add(ID, BY, robot,
						   span_of(bad[i]), &err),
			  &err, ERR_INVALID);
	must(identity_certificate_add(ID, BY, robot, name, &err), &err);
	must_fail(identity_certificate_add(ID, BY, EVE, name, &err), &err,
		  ERR_EXISTS);
	must_fail(identity_certificate_remove(ID, BY, EVE, name, &err), &err,
		  ERR_NOT_FOUND);
	must(identity_certificate_remove(ID, BY, robot, name, &err), &err);
	identity_fixture_close();
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_document_is_kept_byte_for_byte),
		CHECK_CASE(test_the_digests_are_those_before_and_after),
		CHECK_CASE(test_ready_made_policies_stay),
		CHECK_CASE(test_an_attached_policy_is_not_deleted),
		CHECK_CASE(test_what_is_attached_is_there_and_fits),
		CHECK_CASE(test_each_place_takes_its_kind_of_document),
		CHECK_CASE(test_an_issuer_has_an_address_of_its_kind),
		CHECK_CASE(test_a_name_in_certificates_stands_for_one),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
