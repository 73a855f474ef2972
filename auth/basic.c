/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A name and a password; or a token as the password: an API token whatever the
 * name is, and a session's behind the name AWS, as ECR's clients send it.
 * Whether a name is known shows neither in the answer nor in the time it takes.
 */
#include <stdio.h>
#include <string.h>

#include "auth/method.h"
#include "auth/throttle.h"
#include "auth/token.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/utf8.h"

#define CREDENTIALS_MAX 16384 /* bytes of a decoded "user:password" */
#define TOKEN_USER SPAN_LIT("AWS")

struct login {
	struct buf text;      /* "user:password"; wiped */
	struct span name;     /* borrows from it */
	struct span password; /* the same */
};

static void login_release(struct login *login)
{
	buf_wipe(&login->text);
}

static int read_login(struct span rest, struct login *login,
		      struct finding *finding, struct err *err)
{
	struct err inner = ERR_INIT;

	rest = span_trim(rest);
	buf_reserve(&login->text, rest.len);
	if (buf_check(&login->text, &inner) < 0 ||
	    enc_unbase64(rest, &login->text, &inner) < 0) {
		if (inner.code == ERR_NO_MEMORY)
			return err_set(err, ERR_NO_MEMORY, "credentials");
		return method_refuse(finding, "malformed", err);
	}
	if (!span_cut(buf_span(&login->text), ':', &login->name,
		      &login->password))
		return method_refuse(finding, "malformed", err);
	return 0;
}

static bool is_token(const struct login *login)
{
	return span_equal(login->name, TOKEN_USER) ||
	       span_starts(login->password, SPAN_LIT(TOKEN_API_PREFIX));
}

/* Asked once more by the thread that checks the password: many may have been
 * let in before the first of them was found wrong. */
static enum authn_answer weigh(struct authn *authn,
			       const struct authn_request *request,
			       struct span rest, struct finding *finding,
			       struct err *err)
{
	CLEANUP(login_release)
	struct login login = {.text = BUF_INIT(CREDENTIALS_MAX)};

	if (read_login(rest, &login, finding, err) < 0)
		return AUTHN_REFUSED;
	if (is_token(&login))
		return AUTHN_LOOK_UP;
	if (throttle_ask(authn->config.throttle, login.name, request->source,
			 err) < 0)
		return AUTHN_REFUSED;
	return AUTHN_PASSWORD;
}

/* ---- passwords ---- */

/* What no database takes as text is nobody's name. */
static bool may_be_name(struct span name)
{
	if (name.len == 0 || name.len >= META_PRINCIPAL_NAME_SIZE ||
	    memchr(name.text, '\0', name.len))
		return false;
	while (name.len > 0) {
		size_t length = utf8_length(name);

		if (length == 0)
			return false;
		name = span_make(name.text + length, name.len - length);
	}
	return true;
}

static int find_row(struct authn *authn, struct span name,
		    struct meta_principal *ret_row, struct err *err)
{
	struct meta_tx *tx = NULL;

	if (!may_be_name(name))
		return 0;
	if (meta_read_begin(authn->config.meta, &tx, err) < 0)
		return -1;
	int found = meta_principal_find(tx, span_of(authn->config.account),
					name, ret_row, err);
	meta_read_end(tx);
	return found;
}

/* A name that nobody has costs the same hash as one that somebody has. */
static int compare(struct authn *authn, const struct login *login,
		   struct meta_principal *row, struct finding *finding,
		   struct err *err)
{
	int found = find_row(authn, login->name, row, err);

	if (found < 0)
		return -1;
	bool has_one = found && row->password_hash[0] != '\0';
	int right = password_verify(login->password,
				    has_one ? row->password_hash : authn->decoy,
				    err);
	if (right < 0)
		return -1;
	if (!found)
		return method_refuse(finding, "unknown name", err);
	if (!has_one || !right) {
		snprintf(finding->actor, sizeof(finding->actor), "%s",
			 row->name);
		return method_refuse(finding, "wrong password", err);
	}
	return method_take(authn, row, CREDENTIAL_PASSWORD, finding, err);
}

static int check_password(struct authn *authn, const struct login *login,
			  struct span source, struct finding *finding,
			  struct err *err)
{
	struct throttle *throttle = authn->config.throttle;
	struct meta_principal row = {.id = 0};

	if (compare(authn, login, &row, finding, err) < 0) {
		if (err->code == ERR_UNAUTHENTICATED)
			throttle_failed(throttle, login->name, source);
		return -1;
	}
	throttle_succeeded(throttle, login->name, source);
	if (password_is_cheap(row.password_hash))
		rehash_note(authn->rehash, row.id, row.password_hash,
			    login->password);
	return 0;
}

static int verify(struct authn *authn, const struct authn_request *request,
		  struct span rest, struct finding *finding, struct err *err)
{
	CLEANUP(login_release)
	struct login login = {.text = BUF_INIT(CREDENTIALS_MAX)};

	if (read_login(rest, &login, finding, err) < 0)
		return -1;
	if (span_starts(login.password, SPAN_LIT(TOKEN_API_PREFIX)))
		return method_api_token(authn, login.password, finding, err);
	if (span_equal(login.name, TOKEN_USER))
		return method_session_token(authn, login.password, finding,
					    err);
	return check_password(authn, &login, request->source, finding, err);
}

const struct method method_basic = {
	.scheme = "Basic",
	.tell = "the user name or the password is wrong",
	.weigh = weigh,
	.verify = verify};
