/* SPDX-License-Identifier: Apache-2.0 */
/* The token service of Docker's protocol, GET and POST /token, and the keys
 * that its tokens are verified with. */
#include "auth/token.h"

#include <inttypes.h>
#include <openssl/crypto.h>

#include "auth/jwt.h"
#include "auth/signing.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "server/app.h"
#include "server/oci/oci.h"
#include "server/oci/token.h"

/* What a client wants. */
struct wish {
	struct span scopes; /* a list */
	bool keeps;	    /* a refresh token, too */
	struct span client; /* what it calls itself, or "" */
	struct span has;    /* the refresh token that it showed, or "" */
};

static void wipe_secret(struct token_secret *secret)
{
	OPENSSL_cleanse(secret, sizeof(*secret));
}

static void add_text(struct buf *body, const char *name, struct span value)
{
	buf_appendf(body, ",\"%s\":", name);
	jsonx_quote(value, body);
}

static void answer(struct request *request, struct span token,
		   struct span granted, struct span refresh)
{
	const struct app *app = request->app;
	struct buf *body = response_body(request, 200, "application/json");
	char issued[CLOCK_TEXT_SIZE];

	clock_format(clock_wall_ms(app->clock), issued);
	buf_appendf(body, "{\"expires_in\":%" PRId64,
		    token_access_life_s(&app->tokens, &request->principal));
	add_text(body, "issued_at", span_of(issued));
	add_text(body, "token", token);
	add_text(body, "access_token", token);
	add_text(body, "scope", granted);
	if (refresh.len > 0)
		add_text(body, "refresh_token", refresh);
	buf_append_text(body, "}\n");
	response_header(request, "Cache-Control", "no-store");
}

/* Only a password is worth a token that stands for it: what is limited or ends
 * by itself would be limited no more. */
static bool may_keep(const struct principal *principal)
{
	return principal->credential == CREDENTIAL_PASSWORD &&
	       !principal->ceiling && principal->id != 0;
}

static int give(struct request *request, const struct wish *wish,
		struct err *err)
{
	CLEANUP(buf_release) struct buf granted = BUF_INIT(TOKEN_SCOPES_MAX);
	CLEANUP(buf_release) struct buf token = BUF_INIT(JWT_BYTES_MAX);
	CLEANUP(wipe_secret) struct token_secret secret = {.text = ""};
	struct span refresh = wish->has;

	if (token_grant(request, wish->scopes, &granted, err) < 0 ||
	    token_access_make(&request->app->tokens, &request->principal,
			      buf_span(&granted), &token, err) < 0)
		return -1;
	if (wish->keeps && refresh.len == 0 && may_keep(&request->principal)) {
		if (token_refresh_make(request, wish->client, &secret, err) < 0)
			return -1;
		refresh = span_of(secret.text);
	}
	answer(request, buf_span(&token), buf_span(&granted), refresh);
	return 0;
}

static int wrong_service(const struct request *request, struct err *err)
{
	err_set(err, ERR_INVALID, "a token for another service");
	return err_tell(err, "this is the service %s",
			request->app->tokens.service);
}

/* ---- GET ---- */

/* Every scope parameter is a list; blanks may come as "+". */
static int read_scopes(struct request *request, struct buf *out,
		       struct err *err)
{
	struct span value;
	int found = 0;

	for (size_t i = 0;
	     (found = request_query(request, "scope", i, &value, err)) > 0;
	     i++) {
		buf_append_char(out, ' ');
		for (size_t at = 0; at < value.len; at++)
			buf_append_char(out, value.text[at] == '+'
						     ? ' '
						     : value.text[at]);
	}
	return found < 0 ? -1 : buf_check(out, err);
}

/* An access token that could be shown for another would never end. */
static int check_credential(const struct principal *principal, struct err *err)
{
	if (principal->credential != CREDENTIAL_BEARER)
		return 0;
	err_set(err, ERR_UNAUTHENTICATED, "an access token shown for another");
	return err_tell(err, "an access token is not worth another: come with "
			     "a password or a refresh token");
}

static int get_token(struct request *request, struct err *err)
{
	CLEANUP(buf_release) struct buf scopes = BUF_INIT(TOKEN_SCOPES_MAX);
	struct span service = {0};
	struct span offline = {0};
	struct wish wish = {.keeps = false};

	if (check_credential(&request->principal, err) < 0 ||
	    request_query(request, "service", 0, &service, err) < 0 ||
	    request_query(request, "offline_token", 0, &offline, err) < 0 ||
	    request_query(request, "client_id", 0, &wish.client, err) < 0 ||
	    read_scopes(request, &scopes, err) < 0)
		return -1;
	if (service.len > 0 &&
	    !span_equal(service, span_of(request->app->tokens.service)))
		return wrong_service(request, err);
	wish.scopes = buf_span(&scopes);
	wish.keeps = span_equal(offline, SPAN_LIT("true"));
	return give(request, &wish, err);
}

const struct handler oci_token_get = {.work = get_token};

/* ---- POST ---- */

static int required(struct request *request, const char *name,
		    struct span *ret_value, struct err *err)
{
	int found = token_form_field(request, name, ret_value, err);

	if (found != 0)
		return found < 0 ? -1 : 0;
	err_set(err, ERR_INVALID, "token form without %s", name);
	return err_tell(err, "%s is required", name);
}

/* Who asks by a password was found out before this. */
static int read_grant(struct request *request, struct wish *wish,
		      struct err *err)
{
	struct span grant = {0};

	if (required(request, "grant_type", &grant, err) < 0)
		return -1;
	if (span_equal(grant, SPAN_LIT("password")))
		return check_credential(&request->principal, err);
	if (!span_equal(grant, SPAN_LIT("refresh_token"))) {
		err_set(err, ERR_INVALID, "another grant_type");
		return err_tell(err, "grant_type must be password or "
				     "refresh_token");
	}
	if (required(request, "refresh_token", &wish->has, err) < 0)
		return -1;
	return token_refresh_use(request, wish->has, err);
}

static int post_token(struct request *request, struct err *err)
{
	struct span service = {0};
	struct span access = {0};
	struct span grant = {0};
	struct wish wish = {.keeps = false};

	if (token_form_field(request, "grant_type", &grant, err) < 0)
		return -1;
	if (span_equal(grant, SPAN_LIT(TOKEN_EXCHANGE)))
		return token_exchange(request, err);
	if (required(request, "service", &service, err) < 0 ||
	    required(request, "client_id", &wish.client, err) < 0 ||
	    token_form_field(request, "access_type", &access, err) < 0 ||
	    token_form_field(request, "scope", &wish.scopes, err) < 0)
		return -1;
	if (!span_equal(service, span_of(request->app->tokens.service)))
		return wrong_service(request, err);
	wish.keeps = span_equal(access, SPAN_LIT("offline"));
	if (read_grant(request, &wish, err) < 0)
		return -1;
	return give(request, &wish, err);
}

const struct handler oci_token_post = {.credentials = token_form_credentials,
				       .work = post_token};

/* ---- the keys ---- */

static int get_keys(struct request *request, struct err *err)
{
	struct buf *body = response_body(request, 200, "application/json");

	response_header(request, "Cache-Control", "max-age=60");
	return signing_jwks(request->app->signing, body, err) < 0 ? -1 : 1;
}

const struct handler oci_keys = {.quick = get_keys};
