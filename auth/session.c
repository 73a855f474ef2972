/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/session.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "auth/scope.h"
#include "auth/seal.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/num.h"
#include "storage/meta_principals.h"

#define KEY_PREFIX "ASIA" /* as the SDKs know temporary keys */
#define PURPOSE SPAN_LIT("session")
#define FORMAT SPAN_LIT("2") /* of what is sealed; the first of its lines */
#define PLAIN_MAX 4096	     /* bytes that are sealed */

static bool is_session_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.text[i];
		bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') ||
			    (c != '\0' && strchr("_+=,.@-", c));

		if (!fine)
			return false;
	}
	return name.len >= 2 && name.len <= SESSION_NAME_MAX;
}

/* ---- making one ---- */

/* The kinds of principals that have sessions, as a token names them. */
static const struct {
	char letter;
	enum meta_principal_kind row;
	enum principal_kind kind;
} kinds[] = {
	{'u', META_USER, PRINCIPAL_USER},
	{'b', META_ROBOT, PRINCIPAL_ROBOT},
	{'r', META_ROLE, PRINCIPAL_ROLE},
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

static char letter_of(enum meta_principal_kind kind)
{
	for (size_t i = 0; i < KIND_COUNT; i++)
		if (kinds[i].row == kind)
			return kinds[i].letter;
	return '?';
}

/* Lines; the policy comes last and may have several of its own. */
static int write_plain(const struct session_wish *wish,
		       const struct session_credentials *credentials,
		       struct buf *out, struct err *err)
{
	const struct meta_principal *owner = wish->owner;

	buf_reserve(out, PLAIN_MAX);
	buf_append_span(out, FORMAT);
	buf_appendf(out, "\n%s\n%s\n%" PRId64 "\n%c\n%" PRId64 "\n%s\n%s",
		    credentials->key_id, credentials->secret,
		    credentials->ends_ms, letter_of(owner->kind), owner->id,
		    owner->account, owner->name);
	if (owner->kind == META_ROLE)
		buf_appendf(out, "/%.*s", SPAN_ARG(wish->name));
	buf_appendf(out, "\n%s\n", credentials->made_with);
	buf_append_span(out, wish->scopes);
	buf_append_char(out, '\n');
	buf_append_span(out, wish->policy);
	return buf_check(out, err);
}

int session_make(struct seal *seal, const struct clock_source *clock,
		 const struct session_wish *wish,
		 struct session_credentials *ret_credentials, struct buf *out,
		 struct err *err)
{
	CLEANUP(buf_wipe) struct buf plain = BUF_INIT(PLAIN_MAX);
	struct session_credentials credentials = {
		.ends_ms = clock_wall_ms(clock) + wish->life_ms};

	if (strchr(wish->owner->name, '\n'))
		return err_set(err, ERR_INVALID, "a name with a line feed");
	if (wish->owner->kind == META_ROLE && !is_session_name(wish->name)) {
		err_set(err, ERR_INVALID, "the session's name is not valid");
		return err_tell(err, "the session's name must be 2 to 64 "
				     "letters, digits and _+=,.@-");
	}
	if (wish->policy.len > SESSION_POLICY_MAX ||
	    wish->scopes.len > SESSION_SCOPES_MAX ||
	    wish->key.len >= sizeof(credentials.made_with))
		return err_set(err, ERR_TOO_LARGE, "the session's limits");
	if (wish->scopes.len > 0 &&
	    memchr(wish->scopes.text, '\n', wish->scopes.len))
		return err_set(err, ERR_INVALID, "scopes with a line feed");
	if (access_key_make(KEY_PREFIX, credentials.key_id, credentials.secret,
			    err) < 0)
		return -1;
	snprintf(credentials.made_with, sizeof(credentials.made_with), "%.*s",
		 SPAN_ARG(wish->key));
	int made = write_plain(wish, &credentials, &plain, err);

	if (made == 0)
		made = seal_close(seal, PURPOSE, buf_span(&plain), out, err);
	if (made == 0)
		*ret_credentials = credentials;
	OPENSSL_cleanse(&credentials, sizeof(credentials));
	return made;
}

/* ---- reading one ---- */

static bool copy_text(struct span text, char *ret_text, size_t size)
{
	if (text.len == 0 || text.len >= size)
		return false;
	memcpy(ret_text, text.text, text.len);
	ret_text[text.len] = '\0';
	return true;
}

static bool read_kind(struct span text, enum principal_kind *ret_kind)
{
	for (size_t i = 0; i < KIND_COUNT; i++)
		if (text.len == 1 && text.text[0] == kinds[i].letter) {
			*ret_kind = kinds[i].kind;
			return true;
		}
	return false;
}

#define LINES 10 /* before the policy */

struct limits {
	struct span scopes; /* "": by none */
	struct span policy; /* the same */
};

static bool read_plain(struct span text, struct session_credentials *read,
		       struct principal *principal, struct limits *ret_limits)
{
	struct err err = ERR_INIT;
	struct span lines[LINES];

	for (size_t i = 0; i < LINES; i++)
		if (!span_cut(text, '\n', &lines[i], &text))
			return false;
	*ret_limits = (struct limits){.scopes = lines[9], .policy = text};
	return span_equal(lines[0], FORMAT) &&
	       copy_text(lines[1], read->key_id, sizeof(read->key_id)) &&
	       copy_text(lines[2], read->secret, sizeof(read->secret)) &&
	       num_i64(lines[3], &read->ends_ms, &err) == 0 &&
	       read_kind(lines[4], &principal->kind) &&
	       num_i64(lines[5], &principal->id, &err) == 0 &&
	       copy_text(lines[6], principal->account,
			 sizeof(principal->account)) &&
	       copy_text(lines[7], principal->name, sizeof(principal->name)) &&
	       (lines[8].len == 0 ||
		copy_text(lines[8], read->made_with, sizeof(read->made_with)));
}

static int open_token(struct seal *seal, struct span token, struct buf *plain,
		      struct err *err)
{
	struct err inner = ERR_INIT;

	buf_reserve(plain, PLAIN_MAX);
	if (seal_read(seal, PURPOSE, token, plain, &inner) == 0)
		return 0;
	if (inner.code != ERR_CORRUPT && inner.code != ERR_TOO_LARGE) {
		*err = inner;
		return -1;
	}
	return err_set(err, ERR_UNAUTHENTICATED,
		       "the session token is none of ours");
}

int session_read(struct seal *seal, const struct clock_source *clock,
		 struct span token, struct session_credentials *ret_credentials,
		 struct principal *ret_principal, struct err *err)
{
	CLEANUP(buf_wipe) struct buf plain = BUF_INIT(PLAIN_MAX);
	struct principal principal = {.credential = CREDENTIAL_SESSION};
	struct session_credentials read = {.ends_ms = 0};
	struct limits limits = {.scopes = {0}};
	int rc = 0;

	if (open_token(seal, token, &plain, err) < 0)
		return -1;
	if (!read_plain(buf_span(&plain), &read, &principal, &limits))
		rc = err_set(err, ERR_UNAUTHENTICATED,
			     "the session token is of another format");
	else if (read.ends_ms <= clock_wall_ms(clock))
		rc = err_set(err, ERR_SIGNATURE_EXPIRED,
			     "the session has ended");
	else if (limits.scopes.len > 0)
		rc = ceiling_new(limits.scopes, true, limits.policy,
				 &principal.ceiling, err);
	else if (limits.policy.len > 0)
		rc = ceiling_new_policy(limits.policy, &principal.ceiling, err);
	if (rc == 0) {
		principal.ends_ms = read.ends_ms;
		*ret_credentials = read;
		*ret_principal = principal;
	}
	OPENSSL_cleanse(&read, sizeof(read));
	return rc;
}

int session_counts(struct meta_tx *tx,
		   const struct session_credentials *credentials,
		   struct err *err)
{
	struct span id = span_of(credentials->made_with);
	struct meta_access_key key;

	if (id.len == 0)
		return 1;
	int found = meta_access_key_find(tx, id, &key, NULL, err);
	return found > 0 ? !key.disabled : found;
}
