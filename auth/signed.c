/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/signed.h"

#include <openssl/crypto.h>
#include <stdbool.h>
#include <string.h>

#include "auth/access_key.h"
#include "auth/authn.h"
#include "auth/session.h"
#include "auth/used.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/hasher.h"
#include "base/sigv4.h"
#include "storage/meta_credentials.h"

#define SKEW_MS INT64_C(900000) /* 15 minutes, as AWS allows */
#define HASH_TEXT 64		/* digits of a payload's hash */

/* What is found about a request in turn. */
struct check {
	const struct signed_parts *parts;
	const struct authn_request *request;
	struct sigv4_authorization shown;
	char date[SIGV4_DATE_SIZE];	/* when it was signed */
	char payload[DIGEST_TEXT_SIZE]; /* hash of its body, in digits */
	struct principal principal;	/* who has the key */
	bool refused;			/* no such key, or not in use */
	struct meta_access_key key;	/* unless it is a temporary one */
	struct buf secret;		/* wiped at the end */
};

static void check_release(struct check *check)
{
	buf_wipe(&check->secret);
	principal_release(&check->principal);
}

static int refuse(struct err *err, enum err_code code, const char *text)
{
	err_set(err, code, "%s", text);
	return err_tell(err, "%s", text);
}

static struct span field(const struct check *check, const char *name,
			 size_t index)
{
	return check->request->field(check->request->context, name, index);
}

/* ---- what must hold before any key is looked for ---- */

static int check_skew(const struct check *check, int64_t signed_ms,
		      struct err *err)
{
	int64_t now_ms = clock_wall_ms(check->parts->clock);
	char now[SIGV4_DATE_SIZE];
	char edge[SIGV4_DATE_SIZE];

	if (signed_ms >= now_ms - SKEW_MS && signed_ms <= now_ms + SKEW_MS)
		return 0;
	bool late = signed_ms < now_ms;
	sigv4_format_date(now_ms, now);
	sigv4_format_date(late ? now_ms - SKEW_MS : now_ms + SKEW_MS, edge);
	err_set(err, ERR_SIGNATURE_WRONG, "signed over 15 minutes %s",
		late ? "ago" : "ahead");
	if (late)
		return err_tell(err,
				"Signature expired: %s is now earlier than %s "
				"(%s - 15 min.)",
				check->date, edge, now);
	return err_tell(err,
			"Signature not yet current: %s is still later than %s "
			"(%s + 15 min.)",
			check->date, edge, now);
}

/* The date that was signed: one field of that name, which is covered. */
static int read_date(struct check *check, struct err *err)
{
	const char *name =
		field(check, "x-amz-date", 0).text ? "x-amz-date" : "date";
	struct span text = field(check, name, 0);
	struct err inner = ERR_INIT;
	int64_t signed_ms = 0;

	if (!text.text)
		return refuse(err, ERR_SIGNATURE_INCOMPLETE,
			      "Authorization header requires existence of "
			      "either a 'X-Amz-Date' or a 'Date' header.");
	if (field(check, name, 1).text ||
	    sigv4_parse_date(text, &signed_ms, &inner) < 0)
		return refuse(err, ERR_SIGNATURE_INCOMPLETE,
			      "Date must be in ISO-8601 'basic format', such "
			      "as 20260102T030405Z");
	if (!sigv4_covers(check->shown.headers, span_of(name)))
		return refuse(err, ERR_SIGNATURE_INCOMPLETE,
			      "the date must be a 'SignedHeader'");
	sigv4_format_date(signed_ms, check->date);
	if (!span_equal(check->shown.date, span_make(check->date, 8)))
		return refuse(
			err, ERR_SIGNATURE_WRONG,
			"Date in Credential scope does not match YYYYMMDD "
			"from ISO-8601 version of date from HTTP");
	return check_skew(check, signed_ms, err);
}

/* What says whom a request is for and what it wants must not be changed on its
 * way: every client signs these where it sends them. */
static int check_covered(const struct check *check, struct err *err)
{
	static const char *const names[] = {"content-type", "x-amz-target",
					    "x-amz-security-token"};

	if (!sigv4_covers(check->shown.headers, SPAN_LIT("host")))
		return refuse(err, ERR_SIGNATURE_WRONG,
			      "'Host' must be a 'SignedHeader' in the "
			      "Authorization header");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!field(check, names[i], 0).text)
			continue;
		if (field(check, names[i], 1).text ||
		    !sigv4_covers(check->shown.headers, span_of(names[i]))) {
			err_set(err, ERR_SIGNATURE_WRONG,
				"%s stands twice or is not signed", names[i]);
			return err_tell(err,
					"'%s' must stand once and be a "
					"'SignedHeader' in the Authorization "
					"header",
					names[i]);
		}
	}
	return 0;
}

static int check_payload(struct check *check, struct err *err)
{
	struct span body = check->request->body;
	struct span said = field(check, "x-amz-content-sha256", 0);
	struct digest digest;

	if (hasher_once(DIGEST_SHA256, body.text, body.len, &digest, err) < 0)
		return -1;
	enc_hex(digest.bytes, HASH_TEXT / 2, check->payload);
	if (said.text && (!span_equal(said, span_of(check->payload)) ||
			  field(check, "x-amz-content-sha256", 1).text))
		return refuse(err, ERR_SIGNATURE_WRONG,
			      "The provided 'x-amz-content-sha256' header does "
			      "not match what was computed.");
	return 0;
}

/* ---- the key ---- */

static void append_decoy(struct check *check)
{
	buf_clear(&check->secret);
	buf_append_text(&check->secret, "no key has this secret, and no wish");
	check->refused = true;
}

/* What its row says about who has the key; a missing one refuses it. */
static int find_owner(struct check *check, struct meta_tx *tx, int64_t id,
		      struct err *err)
{
	struct span account = check->parts->account;
	struct meta_principal row;
	int found = meta_principal_get(tx, id, &row, err);

	if (found < 0)
		return -1;
	if (!found || row.disabled ||
	    !span_equal(span_of(row.account), account) ||
	    (row.expires_ms &&
	     row.expires_ms <= clock_wall_ms(check->parts->clock)))
		check->refused = true;
	else if (check->principal.kind == PRINCIPAL_NONE)
		principal_from_row(&row, CREDENTIAL_ACCESS_KEY,
				   &check->principal);
	return 0;
}

static int find_key(struct check *check, struct meta_tx *tx, struct err *err)
{
	CLEANUP(buf_release) struct buf sealed = BUF_INIT(1024);
	int found = meta_access_key_find(tx, check->shown.key_id, &check->key,
					 &sealed, err);

	if (found <= 0) {
		append_decoy(check);
		return found;
	}
	check->refused = check->key.disabled;
	if (access_key_open(check->parts->seal, check->key.id,
			    buf_span(&sealed), &check->secret, err) < 0)
		return -1;
	return find_owner(check, tx, check->key.principal_id, err);
}

/* The token itself says what the secret is, and that it is ours. */
static int find_session(struct check *check, struct span token,
			struct meta_tx *tx, struct err *err)
{
	struct session_credentials credentials;

	if (session_read(check->parts->seal, check->parts->clock, token,
			 &credentials, &check->principal, err) < 0) {
		if (err->code != ERR_UNAUTHENTICATED)
			return -1;
		err_clear(err);
		append_decoy(check);
		return 0;
	}
	buf_append_text(&check->secret, credentials.secret);
	OPENSSL_cleanse(credentials.secret, sizeof(credentials.secret));
	int counts = session_counts(tx, &credentials, err);
	if (counts < 0)
		return -1;
	check->refused = !counts || !span_equal(span_of(credentials.key_id),
						check->shown.key_id);
	return find_owner(check, tx, check->principal.id, err);
}

static int find_secret(struct check *check, struct err *err)
{
	struct span token = field(check, "x-amz-security-token", 0);
	struct meta_tx *tx = NULL;

	buf_reserve(&check->secret, SIGV4_SECRET_MAX);
	if (meta_read_begin(check->parts->meta, &tx, err) < 0)
		return -1;
	int found = token.text ? find_session(check, token, tx, err)
			       : find_key(check, tx, err);
	meta_read_end(tx);
	return found < 0 ? -1 : buf_check(&check->secret, err);
}

/* ---- the signature ---- */

static int check_signature(const struct check *check, struct err *err)
{
	const struct authn_request *request = check->request;
	const struct sigv4_request made = {.method = request->method,
					   .path = request->path,
					   .query = request->query,
					   .date = span_of(check->date),
					   .payload_hash =
						   span_of(check->payload),
					   .field = request->field,
					   .context = request->context};
	struct err inner = ERR_INIT;
	char signature[65];

	if (sigv4_sign(&made, &check->shown, buf_span(&check->secret),
		       signature, &inner) < 0) {
		if (inner.code == ERR_NO_MEMORY || inner.code == ERR_INTERNAL) {
			*err = inner;
			return -1;
		}
		return err_set(err, ERR_SIGNATURE_WRONG, "%s", inner.text);
	}
	bool same = CRYPTO_memcmp(signature, check->shown.signature.text,
				  sizeof(signature) - 1) == 0;

	OPENSSL_cleanse(signature, sizeof(signature));
	/* A key that does not count is told as one whatever was signed. */
	if (check->refused)
		return err_set(err, ERR_SIGNATURE_KEY,
			       "the key or who has it is not in use");
	if (!same)
		return err_set(err, ERR_SIGNATURE_WRONG,
			       "the signature is another one");
	return 0;
}

int signed_verify(const struct signed_parts *parts,
		  const struct authn_request *request,
		  struct principal *ret_principal, struct err *err)
{
	CLEANUP(check_release)
	struct check check = {.parts = parts,
			      .request = request,
			      .secret = BUF_INIT(SIGV4_SECRET_MAX)};

	if (sigv4_parse(request->header, &check.shown, err) < 0) {
		err->code = ERR_SIGNATURE_INCOMPLETE;
		return -1;
	}
	if (read_date(&check, err) < 0 || check_covered(&check, err) < 0 ||
	    check_payload(&check, err) < 0 || find_secret(&check, err) < 0 ||
	    check_signature(&check, err) < 0)
		return -1;
	if (parts->used && check.principal.credential == CREDENTIAL_ACCESS_KEY)
		used_note(parts->used, USED_ACCESS_KEY, check.shown.key_id,
			  check.key.used_ms);
	*ret_principal = check.principal;
	check.principal.ceiling = NULL;
	return 0;
}
