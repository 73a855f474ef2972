/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/authn.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/password.h"
#include "auth/signed.h"
#include "auth/verified.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/sigv4.h"
#include "base/utf8.h"
#include "storage/meta.h"
#include "storage/meta_principals.h"

#define CREDENTIALS_MAX 1024 /* bytes of a decoded "user:password" */

struct authn {
	struct authn_config config;	/* immutable */
	struct verified *verified;	/* what was checked lately; owned */
	char decoy[PASSWORD_HASH_SIZE]; /* a hash that no password has */
};

int authn_new(const struct authn_config *config, struct authn **ret_authn,
	      struct err *err)
{
	struct authn *authn = calloc(1, sizeof(*authn));

	if (!authn)
		return err_set(err, ERR_NO_MEMORY, "authn");
	authn->config = *config;
	if (password_decoy(authn->decoy, err) < 0 ||
	    verified_new(&authn->verified, err) < 0) {
		authn_free(authn);
		return -1;
	}
	*ret_authn = authn;
	return 0;
}

void authn_free(struct authn *authn)
{
	if (!authn)
		return;
	verified_free(authn->verified);
	free(authn);
}

void authn_forget(struct authn *authn)
{
	verified_clear(authn->verified);
}

static int refuse(struct err *err, const char *why)
{
	err_set(err, ERR_UNAUTHENTICATED, "%s", why);
	return err_tell(err, "the user name or the password is wrong");
}

enum authn_answer authn_quick(struct authn *authn,
			      const struct authn_request *request,
			      struct principal *ret_principal, struct err *err)
{
	struct span header = request->header;
	int64_t now = clock_monotonic_ms(authn->config.clock);
	struct span scheme = {0};
	struct span rest = {0};

	if (header.len == 0) {
		*ret_principal = PRINCIPAL_ANONYMOUS_INIT;
		return AUTHN_KNOWN;
	}
	if (verified_find(authn->verified, header, now, ret_principal))
		return AUTHN_KNOWN;
	if (span_starts(header, SPAN_LIT(SIGV4_SCHEME)))
		return AUTHN_BODY;
	if (!span_cut(header, ' ', &scheme, &rest) ||
	    !span_equal_nocase(scheme, SPAN_LIT("Basic"))) {
		refuse(err, "not the Basic scheme");
		return AUTHN_REFUSED;
	}
	return AUTHN_PASSWORD;
}

static int find_user(struct authn *authn, struct span name,
		     struct meta_principal *ret_user, struct err *err)
{
	struct meta_tx *tx = NULL;

	if (meta_read_begin(authn->config.meta, &tx, err) < 0)
		return -1;
	int found = meta_principal_find(tx, span_of(authn->config.account),
					name, ret_user, err);
	meta_read_end(tx);
	return found;
}

/* What no database takes as text is nobody's name. */
static bool may_be_name(struct span name)
{
	if (name.len == 0 || name.len >= PRINCIPAL_NAME_SIZE ||
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

/* A name that nobody has costs the same hash as one that somebody has. */
static int check_user(struct authn *authn, struct span name,
		      struct span password, struct principal *ret_principal,
		      struct err *err)
{
	struct meta_principal user = {.disabled = true};
	struct principal principal = {.kind = PRINCIPAL_USER,
				      .credential = CREDENTIAL_PASSWORD};
	int found = 0;

	if (may_be_name(name))
		found = find_user(authn, name, &user, err);
	if (found < 0)
		return -1;
	int right = password_verify(password,
				    found && user.kind == META_USER
					    ? user.password_hash
					    : authn->decoy,
				    err);
	if (right < 0)
		return -1;
	if (!found || !right || user.kind != META_USER || user.disabled)
		return refuse(err, "no such user, or another password");
	memcpy(principal.name, name.text, name.len);
	principal.id = user.id;
	snprintf(principal.account, sizeof(principal.account), "%s",
		 authn->config.account);
	*ret_principal = principal;
	return 0;
}

static void wipe(struct buf *credentials)
{
	if (credentials->data)
		OPENSSL_cleanse(credentials->data, credentials->cap);
	buf_release(credentials);
}

static int verify_signed(struct authn *authn,
			 const struct authn_request *request,
			 struct principal *ret_principal, struct err *err)
{
	const struct signed_parts parts = {
		.meta = authn->config.meta,
		.seal = authn->config.seal,
		.clock = authn->config.clock,
		.account = span_of(authn->config.account),
		.used = authn->config.used};

	return signed_verify(&parts, request, ret_principal, err);
}

int authn_verify(struct authn *authn, const struct authn_request *request,
		 struct principal *ret_principal, struct err *err)
{
	struct span header = request->header;
	CLEANUP(wipe) struct buf credentials = BUF_INIT(CREDENTIALS_MAX);
	struct err inner = ERR_INIT;
	struct span rest = {0};
	struct span name = {0};
	enum authn_answer answer =
		authn_quick(authn, request, ret_principal, err);

	if (answer == AUTHN_KNOWN || answer == AUTHN_REFUSED)
		return answer == AUTHN_KNOWN ? 0 : -1;
	if (answer == AUTHN_BODY)
		return verify_signed(authn, request, ret_principal, err);
	span_cut(header, ' ', &name, &rest);
	if (enc_unbase64(span_trim(rest), &credentials, &inner) < 0) {
		if (inner.code == ERR_NO_MEMORY)
			return err_set(err, ERR_NO_MEMORY, "credentials");
		return refuse(err, "credentials are not base64");
	}
	if (!span_cut(buf_span(&credentials), ':', &name, &rest))
		return refuse(err, "credentials have no colon");

	/* The generation before the look-up: what was forgotten meanwhile must
	 * not be remembered again. */
	uint64_t generation = verified_generation(authn->verified);
	if (check_user(authn, name, rest, ret_principal, err) < 0)
		return -1;
	verified_keep(authn->verified, header, generation,
		      clock_monotonic_ms(authn->config.clock) +
			      authn->config.cache_ms,
		      ret_principal);
	return 0;
}
