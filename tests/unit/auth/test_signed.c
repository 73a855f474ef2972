/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/signed.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "auth/authn.h"
#include "auth/seal.h"
#include "auth/session.h"
#include "auth/used.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/hasher.h"
#include "base/sigv4.h"
#include "storage/meta_credentials.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_faulty.h"
#include "tests/lib/sql_fixture.h"
#include "tests/lib/tmpdir.h"

#define ACCOUNT "000000000000"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define NOW INT64_C(1440938160000)
#define DATE "20150830T123600Z"
#define MINUTE INT64_C(60000)

static struct sql_driver *sql;
static struct meta *meta;
static struct seal *seal;
static struct used *used;

/* ---- who there is ---- */

struct new_key {
	const char *name; /* of its owner, and behind "BERTH" of the key */
	const char *account;
	enum meta_principal_kind kind;
	bool disabled; /* the key */
	bool owner_disabled;
	int64_t expires_ms; /* of its owner */
	int64_t id;	    /* of its owner, once made */
};

static struct new_key eve = {
	.name = "EVE", .account = ACCOUNT, .kind = META_USER};
static struct new_key role = {
	.name = "role", .account = ACCOUNT, .kind = META_ROLE};

static int insert(struct meta_tx *tx, void *context, struct err *err)
{
	CLEANUP(buf_release) struct buf sealed = BUF_INIT(1024);
	struct new_key *new_key = context;
	struct meta_principal owner = {.kind = new_key->kind,
				       .disabled = new_key->owner_disabled,
				       .expires_ms = new_key->expires_ms};
	struct meta_access_key key = {.disabled = new_key->disabled};
	char purpose[64];

	snprintf(owner.name, sizeof(owner.name), "%s", new_key->name);
	snprintf(owner.account, sizeof(owner.account), "%s", new_key->account);
	snprintf(key.id, sizeof(key.id), "BERTH%s", new_key->name);
	snprintf(purpose, sizeof(purpose), "access-key:%s", key.id);
	if (meta_principal_insert(tx, &owner, &key.principal_id, err) < 0 ||
	    seal_close(seal, span_of(purpose), SPAN_LIT(SECRET), &sealed, err) <
		    0)
		return -1;
	new_key->id = key.principal_id;
	return meta_access_key_insert(tx, &key, buf_span(&sealed), err);
}

static void add(struct new_key *new_key)
{
	meta_fixture_write(meta, insert, new_key);
}

static void open_all(void)
{
	char dir[TMPDIR_SIZE];
	struct err err = ERR_INIT;

	atomic_store(&meta_fixture_ms, NOW);
	sql = sql_faulty_new(sql_fixture_new());
	CHECK(meta_open(sql, &meta_fixture_clock, &meta, &err) == 0);
	tmpdir_make(dir);
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	CHECK(fd >= 0 && seal_open(fd, "server.key", &seal, &err) == 0);
	close(fd);
	CHECK(used_new(meta, &meta_fixture_clock, &used, &err) == 0);
	add(&eve);
	add(&role);
}

static void close_all(void)
{
	used_free(used);
	seal_free(seal);
	meta_close(meta);
}

/* ---- requests ---- */

#define FIELDS_MAX 8

struct field {
	const char *name;
	const char *value;
};

/* What the real SDKs sign: botocore's set, unless a test says otherwise. */
struct sent {
	const char *key_id;
	const char *secret;
	const char *date;    /* of the credential's scope */
	const char *headers; /* signed */
	const char *body;    /* what is sent; signed is the same unless: */
	const char *signed_body;
	const char *path;
	const char *signed_date; /* in the text that is signed */
	struct field fields[FIELDS_MAX];
	size_t changed; /* field to change after signing, from 1 */
	const char *changed_to;
};

#define BOTOCORE "content-type;host;x-amz-date"
#define FORM                                                                   \
	{                                                                      \
		"content-type", "application/x-www-form-urlencoded"            \
	}
#define HOST                                                                   \
	{                                                                      \
		"host", "127.0.0.1:5000"                                       \
	}

static const struct sent plain = {.key_id = "BERTHEVE",
				  .secret = SECRET,
				  .date = "20150830",
				  .headers = BOTOCORE,
				  .body = "Action=GetCallerIdentity",
				  .path = "/",
				  .signed_date = DATE,
				  .fields = {FORM, HOST, {"x-amz-date", DATE}}};

static struct span find_field(void *context, const char *name, size_t index)
{
	const struct sent *sent = context;

	for (size_t i = 0; i < FIELDS_MAX && sent->fields[i].name; i++)
		if (strcmp(sent->fields[i].name, name) == 0 && index-- == 0)
			return span_of(sent->fields[i].value);
	return (struct span){0};
}

static void hash(const char *body, char ret_text[65])
{
	struct digest digest;
	struct err err = ERR_INIT;

	CHECK(hasher_once(DIGEST_SHA256, body, strlen(body), &digest, &err) ==
	      0);
	enc_hex(digest.bytes, 32, ret_text);
}

static void sign(struct sent *sent, struct buf *header)
{
	char payload[65];
	struct err err = ERR_INIT;
	char signature[65];
	struct sigv4_request request = {.method = SPAN_LIT("POST"),
					.path = span_of(sent->path),
					.date = span_of(sent->signed_date),
					.payload_hash = {payload, 64},
					.field = find_field,
					.context = sent};
	struct sigv4_authorization scope = {.date = span_of(sent->date),
					    .region = SPAN_LIT("eu-central-1"),
					    .service = SPAN_LIT("sts"),
					    .headers = span_of(sent->headers)};

	hash(sent->signed_body ? sent->signed_body : sent->body, payload);
	CHECK(sigv4_sign(&request, &scope, span_of(sent->secret), signature,
			 &err) == 0);
	buf_appendf(header,
		    "AWS4-HMAC-SHA256 Credential=%s/%s/eu-central-1/sts/"
		    "aws4_request, SignedHeaders=%s, Signature=%s",
		    sent->key_id, sent->date, sent->headers, signature);
	if (sent->changed)
		sent->fields[sent->changed - 1].value = sent->changed_to;
}

static int verify_header(struct sent *sent, struct span header,
			 struct principal *ret_principal, struct err *err)
{
	struct signed_parts parts = {.meta = meta,
				     .seal = seal,
				     .clock = &meta_fixture_clock,
				     .account = SPAN_LIT(ACCOUNT),
				     .used = used};
	struct authn_request request = {.header = header,
					.method = SPAN_LIT("POST"),
					.path = SPAN_LIT("/"),
					.body = span_of(sent->body),
					.field = find_field,
					.context = sent};
	int rc = signed_verify(&parts, &request, ret_principal, err);

	CHECK((rc == 0) == (err->code == ERR_NONE));
	return rc;
}

static enum err_code verify(struct sent sent, struct principal *ret_principal)
{
	CLEANUP(buf_release) struct buf header = BUF_INIT(4096);
	struct err err = ERR_INIT;

	sign(&sent, &header);
	ret_principal->kind = PRINCIPAL_NONE;
	int rc = verify_header(&sent, buf_span(&header), ret_principal, &err);
	CHECK((rc == 0) == (ret_principal->kind != PRINCIPAL_NONE));
	return err.code;
}

static enum err_code code_of(struct sent sent)
{
	struct principal principal;
	enum err_code code = verify(sent, &principal);

	if (code == ERR_NONE)
		principal_release(&principal);
	return code;
}

/* ---- what is right ---- */

static void test_who_signed_is_known(void)
{
	struct principal principal;

	open_all();
	CHECK(verify(plain, &principal) == ERR_NONE);
	CHECK(principal.kind == PRINCIPAL_USER && principal.id == eve.id);
	CHECK(principal.credential == CREDENTIAL_ACCESS_KEY);
	CHECK(!principal.ceiling);
	CHECK_TEXT(principal.name, "EVE");
	CHECK_TEXT(principal.account, ACCOUNT);
	close_all();
}

static void test_what_real_clients_sign_is_right(void)
{
	const char *go = "amz-sdk-invocation-id;amz-sdk-request;content-length;"
			 "content-type;host;x-amz-date;x-amz-target";
	const char *js = "content-type;host;x-amz-content-sha256;x-amz-date;"
			 "x-amz-target;x-amz-user-agent";
	struct sent sent = plain;
	char payload[65];

	open_all();
	hash(plain.body, payload);
	sent.headers = go;
	sent.fields[3] = (struct field){"amz-sdk-invocation-id", "a-b-c"};
	sent.fields[4] = (struct field){"amz-sdk-request", "attempt=1; max=3"};
	sent.fields[5] = (struct field){"content-length", "24"};
	sent.fields[6] = (struct field){"x-amz-target", "A.B"};
	CHECK(code_of(sent) == ERR_NONE);
	sent = plain;
	sent.headers = js;
	sent.fields[3] = (struct field){"x-amz-content-sha256", payload};
	sent.fields[4] = (struct field){"x-amz-target", "A.B"};
	sent.fields[5] = (struct field){"x-amz-user-agent", "aws-sdk-js/3"};
	CHECK(code_of(sent) == ERR_NONE);
	sent = plain;
	sent.headers = "content-type;date;host";
	sent.fields[2] =
		(struct field){"date", "Sun, 30 Aug 2015 12:36:00 GMT"};
	CHECK(code_of(sent) == ERR_NONE);
	close_all();
}

/* ---- what is not ---- */

static void test_whatever_was_signed_must_be_as_it_was(void)
{
	struct sent sent = plain;

	open_all();
	sent.secret = "another";
	CHECK(code_of(sent) == ERR_SIGNATURE_WRONG);
	sent = plain;
	sent.signed_body = "Action=GetSessionToken";
	CHECK(code_of(sent) == ERR_SIGNATURE_WRONG);
	sent = plain;
	sent.path = "/other";
	CHECK(code_of(sent) == ERR_SIGNATURE_WRONG);
	for (size_t i = 1; i <= 2; i++) {
		sent = plain;
		sent.changed = i;
		sent.changed_to = "changed";
		CHECK(code_of(sent) == ERR_SIGNATURE_WRONG);
	}
	sent = plain;
	sent.changed = 3;
	sent.changed_to = "20150830T123601Z";
	CHECK(code_of(sent) == ERR_SIGNATURE_WRONG);
	CHECK(code_of(plain) == ERR_NONE);
	close_all();
}

static void test_what_matters_must_be_signed(void)
{
	struct sent sent = plain;

	open_all();
	sent.headers = "content-type;x-amz-date";
	CHECK(code_of(sent) == ERR_SIGNATURE_WRONG);
	sent.headers = "host;x-amz-date";
	CHECK(code_of(sent) == ERR_SIGNATURE_WRONG);
	sent.headers = "content-type;host";
	CHECK(code_of(sent) == ERR_SIGNATURE_INCOMPLETE);
	sent = plain;
	sent.fields[3] = (struct field){"x-amz-target", "A.B"};
	CHECK(code_of(sent) == ERR_SIGNATURE_WRONG);
	sent.headers = BOTOCORE ";x-amz-target";
	CHECK(code_of(sent) == ERR_NONE);
	sent.fields[4] = (struct field){"x-amz-target", "A.C"};
	CHECK(code_of(sent) == ERR_SIGNATURE_WRONG);
	close_all();
}

static void test_a_payload_hash_must_agree(void)
{
	struct sent sent = plain;
	char payload[65];

	open_all();
	hash(plain.body, payload);
	sent.fields[3] = (struct field){"x-amz-content-sha256", payload};
	CHECK(code_of(sent) == ERR_NONE);
	sent.fields[3].value = "UNSIGNED-PAYLOAD";
	CHECK(code_of(sent) == ERR_SIGNATURE_WRONG);
	sent.fields[3].value = "";
	CHECK(code_of(sent) == ERR_SIGNATURE_WRONG);
	sent.fields[3].value = payload;
	sent.fields[4] = sent.fields[3];
	CHECK(code_of(sent) == ERR_SIGNATURE_WRONG);
	close_all();
}

static void test_the_clocks_may_differ_by_15_minutes(void)
{
	static const struct {
		int64_t later_ms;
		enum err_code want;
		const char *tell;
	} cases[] = {
		{15 * MINUTE, ERR_NONE, NULL},
		{15 * MINUTE + 1, ERR_SIGNATURE_WRONG,
		 "Signature expired: 20150830T123600Z is now earlier than "
		 "20150830T123600Z (20150830T125100Z - 15 min.)"},
		{-15 * MINUTE, ERR_NONE, NULL},
		{-15 * MINUTE - 1, ERR_SIGNATURE_WRONG,
		 "Signature not yet current: 20150830T123600Z is still later "
		 "than 20150830T123559Z (20150830T122059Z + 15 min.)"},
	};

	open_all();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(buf_release) struct buf header = BUF_INIT(4096);
		struct principal principal;
		struct sent sent = plain;
		struct err err = ERR_INIT;

		atomic_store(&meta_fixture_ms, NOW + cases[i].later_ms);
		sign(&sent, &header);
		verify_header(&sent, buf_span(&header), &principal, &err);
		CHECK(err.code == cases[i].want);
		if (cases[i].tell)
			CHECK_TEXT(err_for_client(&err), cases[i].tell);
	}
	close_all();
}

static void test_a_date_must_be_there_once_and_fit(void)
{
	struct sent sent = plain;

	open_all();
	sent.date = "20150829";
	CHECK(code_of(sent) == ERR_SIGNATURE_WRONG);
	sent = plain;
	sent.fields[2].name = "x-other";
	sent.headers = "content-type;host;x-other";
	CHECK(code_of(sent) == ERR_SIGNATURE_INCOMPLETE);
	sent = plain;
	sent.fields[2].value = "2015-08-30T12:36:00Z";
	CHECK(code_of(sent) == ERR_SIGNATURE_INCOMPLETE);
	sent = plain;
	sent.fields[3] = (struct field){"x-amz-date", DATE};
	CHECK(code_of(sent) == ERR_SIGNATURE_INCOMPLETE);
	close_all();
}

static void test_a_header_must_be_whole(void)
{
	struct principal principal = {.kind = PRINCIPAL_NONE};
	struct sent sent = plain;
	struct err err = ERR_INIT;

	open_all();
	CHECK(verify_header(&sent, SPAN_LIT("AWS4-HMAC-SHA256 Signature=00"),
			    &principal, &err) == -1);
	CHECK(err.code == ERR_SIGNATURE_INCOMPLETE);
	CHECK(err.tell[0] != '\0' && principal.kind == PRINCIPAL_NONE);
	close_all();
}

/* Each says the same as a key that is not there. */
static void test_keys_that_do_not_count(void)
{
	struct new_key keys[] = {
		{.name = "off",
		 .account = ACCOUNT,
		 .kind = META_USER,
		 .disabled = true},
		{.name = "gone",
		 .account = ACCOUNT,
		 .kind = META_ROBOT,
		 .owner_disabled = true},
		{.name = "old",
		 .account = ACCOUNT,
		 .kind = META_ROBOT,
		 .expires_ms = NOW},
		{.name = "far", .account = "111111111111", .kind = META_USER},
	};
	struct new_key young = {.name = "young",
				.account = ACCOUNT,
				.kind = META_ROBOT,
				.expires_ms = NOW + 1};
	struct principal principal;
	struct sent sent = plain;
	char id[64];

	open_all();
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		add(&keys[i]);
		snprintf(id, sizeof(id), "BERTH%s", keys[i].name);
		sent.key_id = id;
		sent.secret = SECRET;
		CHECK(code_of(sent) == ERR_SIGNATURE_KEY);
		sent.secret = "wrong";
		CHECK(code_of(sent) == ERR_SIGNATURE_KEY);
	}
	sent.key_id = "BERTHNOBODY";
	CHECK(code_of(sent) == ERR_SIGNATURE_KEY);
	add(&young);
	sent.key_id = "BERTHyoung";
	sent.secret = SECRET;
	CHECK(verify(sent, &principal) == ERR_NONE);
	CHECK(principal.kind == PRINCIPAL_ROBOT);
	close_all();
}

/* ---- temporary keys ---- */

static void make_session(struct session_credentials *ret_credentials,
			 struct buf *token)
{
	struct meta_principal owner = {.id = role.id,
				       .kind = META_ROLE,
				       .account = ACCOUNT,
				       .name = "role"};
	struct session_wish wish = {.owner = &owner,
				    .name = SPAN_LIT("ci"),
				    .policy = SPAN_LIT("{}"),
				    .life_ms = MINUTE};
	struct err err = ERR_INIT;

	CHECK(session_make(seal, &meta_fixture_clock, &wish, ret_credentials,
			   token, &err) == 0);
}

static int disable(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_principal row;

	(void)context;
	CHECK(meta_principal_get(tx, role.id, &row, err) == 1);
	row.disabled = true;
	return meta_principal_update(tx, &row, err);
}

static int delete (struct meta_tx *tx, void *context, struct err *err)
{
	(void)context;
	return meta_principal_delete(tx, role.id, err);
}

static void test_a_temporary_key_needs_its_token(void)
{
	CLEANUP(buf_release) struct buf token = BUF_INIT(8192);
	struct session_credentials credentials;
	struct principal principal;
	struct sent sent = plain;

	open_all();
	make_session(&credentials, &token);
	sent.key_id = credentials.key_id;
	sent.secret = credentials.secret;
	CHECK(code_of(sent) == ERR_SIGNATURE_KEY);
	sent.fields[3] =
		(struct field){"x-amz-security-token", buf_text(&token)};
	CHECK(code_of(sent) == ERR_SIGNATURE_WRONG);
	sent.headers = BOTOCORE ";x-amz-security-token";
	CHECK(verify(sent, &principal) == ERR_NONE);
	CHECK(principal.kind == PRINCIPAL_ROLE && principal.id == role.id);
	CHECK(principal.credential == CREDENTIAL_SESSION && principal.ceiling);
	CHECK_TEXT(principal.name, "role/ci");
	principal_release(&principal);
	sent.secret = SECRET;
	CHECK(code_of(sent) == ERR_SIGNATURE_WRONG);
	sent.secret = credentials.secret;
	sent.key_id = "BERTHEVE";
	CHECK(code_of(sent) == ERR_SIGNATURE_KEY);
	sent.key_id = credentials.key_id;
	sent.fields[3].value = "nonsense";
	CHECK(code_of(sent) == ERR_SIGNATURE_KEY);
	sent.fields[3].value = "";
	CHECK(code_of(sent) == ERR_SIGNATURE_KEY);
	close_all();
}

static void test_a_session_ends_with_its_time_or_its_role(void)
{
	CLEANUP(buf_release) struct buf token = BUF_INIT(8192);
	struct session_credentials credentials;
	struct sent sent = plain;

	open_all();
	make_session(&credentials, &token);
	sent.key_id = credentials.key_id;
	sent.secret = credentials.secret;
	sent.headers = BOTOCORE ";x-amz-security-token";
	sent.fields[3] =
		(struct field){"x-amz-security-token", buf_text(&token)};
	CHECK(code_of(sent) == ERR_NONE);
	atomic_fetch_add(&meta_fixture_ms, MINUTE);
	CHECK(code_of(sent) == ERR_SIGNATURE_EXPIRED);
	atomic_fetch_sub(&meta_fixture_ms, MINUTE);
	meta_fixture_write(meta, disable, NULL);
	CHECK(code_of(sent) == ERR_SIGNATURE_KEY);
	meta_fixture_write(meta, delete, NULL);
	CHECK(code_of(sent) == ERR_SIGNATURE_KEY);
	close_all();
}

/* ---- besides ---- */

static int64_t used_ms(const char *id)
{
	struct meta_tx *tx = meta_fixture_read(meta);
	struct meta_access_key key;
	struct err err = ERR_INIT;

	CHECK(meta_access_key_find(tx, span_of(id), &key, NULL, &err) == 1);
	meta_read_end(tx);
	return key.used_ms;
}

static void test_only_a_right_signature_uses_a_key(void)
{
	struct sent sent = plain;

	open_all();
	sent.secret = "wrong";
	CHECK(code_of(sent) == ERR_SIGNATURE_WRONG);
	used_tidy(used);
	CHECK(used_ms("BERTHEVE") == 0);
	CHECK(code_of(plain) == ERR_NONE);
	CHECK(used_ms("BERTHEVE") == 0);
	used_tidy(used);
	CHECK(used_ms("BERTHEVE") == NOW);
	close_all();
}

static void test_a_failing_database_is_no_wrong_signature(void)
{
	open_all();
	sql_faulty_arm(sql, SQL_FAULTY_STEP, 0, 1);
	enum err_code code = code_of(plain);
	CHECK(sql_faulty_disarm(sql));
	CHECK(code != ERR_NONE && code != ERR_SIGNATURE_WRONG &&
	      code != ERR_SIGNATURE_KEY);
	CHECK(code_of(plain) == ERR_NONE);
	close_all();
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_who_signed_is_known),
		CHECK_CASE(test_what_real_clients_sign_is_right),
		CHECK_CASE(test_whatever_was_signed_must_be_as_it_was),
		CHECK_CASE(test_what_matters_must_be_signed),
		CHECK_CASE(test_a_payload_hash_must_agree),
		CHECK_CASE(test_the_clocks_may_differ_by_15_minutes),
		CHECK_CASE(test_a_date_must_be_there_once_and_fit),
		CHECK_CASE(test_a_header_must_be_whole),
		CHECK_CASE(test_keys_that_do_not_count),
		CHECK_CASE(test_a_temporary_key_needs_its_token),
		CHECK_CASE(test_a_session_ends_with_its_time_or_its_role),
		CHECK_CASE(test_only_a_right_signature_uses_a_key),
		CHECK_CASE(test_a_failing_database_is_no_wrong_signature),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
