/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens, as a bearer shows them or as passwords. */
#include <openssl/crypto.h>

#include "auth/method.h"
#include "auth/scope.h"
#include "auth/session.h"
#include "auth/token.h"
#include "auth/used.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "storage/meta_credentials.h"

/* Find the token and its owner in one view of the database. */
static int find_api_token(struct authn *authn, struct span text,
			  struct meta_token *token, struct buf *scope,
			  struct finding *finding, struct err *err)
{
	struct meta_tx *tx = NULL;

	if (meta_read_begin(authn->config.meta, &tx, err) < 0)
		return -1;
	int found = token_find(tx, TOKEN_API_PREFIX, text, token, scope, err);

	if (found == 0)
		found = method_refuse(finding, "unknown API token", err);
	else if (found > 0)
		found = method_take_id(authn, tx, token->principal_id,
				       CREDENTIAL_API_TOKEN, finding, err);
	meta_read_end(tx);
	return found;
}

int method_api_token(struct authn *authn, struct span text,
		     struct finding *finding, struct err *err)
{
	CLEANUP(buf_release) struct buf scope = BUF_INIT(SCOPE_TEXT_MAX);
	struct meta_token token;

	if (find_api_token(authn, text, &token, &scope, finding, err) < 0 ||
	    buf_check(&scope, err) < 0)
		return -1;
	if (scope.len > 0 && ceiling_new(buf_span(&scope), true, SPAN_LIT(""),
					 &finding->principal.ceiling, err) < 0)
		return -1;
	finding->principal.ends_ms = token.expires_ms;
	if (token.expires_ms && token.expires_ms < finding->ends_ms)
		finding->ends_ms = token.expires_ms;
	used_note(authn->config.used, USED_TOKEN, span_of(token.id),
		  token.used_ms);
	return 0;
}

static int read_session(struct authn *authn, struct span text,
			struct principal *ret_session,
			struct session_credentials *ret_credentials,
			struct finding *finding, struct err *err)
{
	struct err inner = ERR_INIT;

	if (session_read(authn->config.seal, authn->config.clock, text,
			 ret_credentials, ret_session, &inner) == 0) {
		OPENSSL_cleanse(&ret_credentials->secret,
				sizeof(ret_credentials->secret));
		return 0;
	}
	if (inner.code == ERR_UNAUTHENTICATED)
		return method_refuse(finding, "no session token", err);
	if (inner.code == ERR_SIGNATURE_EXPIRED)
		return method_refuse(finding, "session has ended", err);
	*err = inner;
	return -1;
}

int method_session_token(struct authn *authn, struct span text,
			 struct finding *finding, struct err *err)
{
	CLEANUP(principal_release) struct principal session = {.id = 0};
	struct session_credentials credentials;
	struct meta_tx *tx = NULL;

	if (read_session(authn, text, &session, &credentials, finding, err) <
		    0 ||
	    meta_read_begin(authn->config.meta, &tx, err) < 0)
		return -1;
	int done = session_counts(tx, &credentials, err);
	if (done == 0)
		done = method_refuse(finding, "its access key is not in use",
				     err);
	else if (done > 0)
		done = method_take_id(authn, tx, session.id, CREDENTIAL_SESSION,
				      finding, err);
	meta_read_end(tx);
	if (done < 0)
		return -1;
	if (session.kind != finding->principal.kind)
		return method_refuse(finding, "session of another kind", err);
	if (credentials.ends_ms < finding->ends_ms)
		finding->ends_ms = credentials.ends_ms;
	principal_copy(&session, &finding->principal);
	return 0;
}

static int verify(struct authn *authn, const struct authn_request *request,
		  struct span rest, struct finding *finding, struct err *err)
{
	struct span text = span_trim(rest);

	(void)request;
	if (span_starts(text, SPAN_LIT(TOKEN_API_PREFIX)))
		return method_api_token(authn, text, finding, err);
	if (token_access_verify(authn->config.tokens, text, &finding->principal,
				&finding->ends_ms, err) == 0)
		return 0;
	if (err->code == ERR_UNAUTHENTICATED)
		finding->reason = "no access token, or it has ended";
	return -1;
}

const struct method method_bearer = {
	.scheme = "Bearer",
	.tell = "the token is not valid, or has ended; get another",
	.takes = AUTHN_LOOK_UP,
	.verify = verify};
