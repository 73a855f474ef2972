/* SPDX-License-Identifier: Apache-2.0 */
/* The exchange of an issuer's token for a session of a role (RFC 8693), for
 * jobs that have nothing but Docker: what comes out is a password. */
#include <inttypes.h>
#include <string.h>

#include "auth/jwt.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "server/app.h"
#include "server/http/response.h"
#include "server/oci/token.h"
#include "server/roles.h"

#define TYPE "urn:ietf:params:oauth:token-type:"
#define SESSION_TOKEN_MAX 16384

static int invalid(struct err *err, const char *text)
{
	err_set(err, ERR_INVALID, "token exchange: %s", text);
	return err_tell(err, "%s", text);
}

static int check_type(struct request *request, struct err *err)
{
	struct span type = {0};

	if (token_form_field(request, "subject_token_type", &type, err) < 0)
		return -1;
	if (span_equal(type, SPAN_LIT(TYPE "jwt")) ||
	    span_equal(type, SPAN_LIT(TYPE "id_token")))
		return 0;
	return invalid(err, "subject_token_type must be " TYPE "jwt or " TYPE
			    "id_token");
}

/* By its own parameter, or as the resource that the token is to be for. */
static int read_role(struct request *request, struct span *ret_role,
		     struct err *err)
{
	int found = token_form_field(request, "role", ret_role, err);

	if (found == 0)
		found = token_form_field(request, "resource", ret_role, err);
	if (found < 0)
		return -1;
	return found ? 0
		     : invalid(err, "role is required: its name, or "
				    "arn:aws:iam::ACCOUNT:role/NAME");
}

/* What sessions may be called: it shows in the log who they are of. */
static void name_session(struct span subject, char ret_name[])
{
	size_t len =
		subject.len < SESSION_NAME_MAX ? subject.len : SESSION_NAME_MAX;

	for (size_t i = 0; i < len; i++) {
		char c = subject.text[i];
		bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') ||
			    (c != '\0' && strchr("_+=,.@-", c));

		ret_name[i] = fine ? c : '-';
	}
	while (len < 2)
		ret_name[len++] = '-';
	ret_name[len] = '\0';
}

static void answer(struct request *request, const struct assumed *assumed,
		   struct span token, struct span scopes)
{
	struct buf *body = response_body(request, 200, "application/json");
	int64_t left_ms = assumed->credentials.ends_ms -
			  clock_wall_ms(request->app->clock);

	buf_append_text(body, "{\"access_token\":");
	jsonx_quote(token, body);
	buf_appendf(body,
		    ",\"issued_token_type\":\"" TYPE "access_token\","
		    "\"token_type\":\"N_A\",\"expires_in\":%" PRId64
		    ",\"username\":\"AWS\"",
		    left_ms / 1000);
	if (scopes.len > 0) {
		buf_append_text(body, ",\"scope\":");
		jsonx_quote(scopes, body);
	}
	buf_append_text(body, "}\n");
	response_header(request, "Cache-Control", "no-store");
}

int token_exchange(struct request *request, struct err *err)
{
	CLEANUP(oidc_identity_release)
	struct oidc_identity identity = {.key_count = 0};
	CLEANUP(buf_wipe) struct buf token = BUF_INIT(SESSION_TOKEN_MAX);
	CLEANUP(roles_wipe) struct assumed assumed;
	struct assume_wish wish = {.life_s = 0};
	struct span shown = {0};
	char name[SESSION_NAME_MAX + 1];

	if (check_type(request, err) < 0 ||
	    read_role(request, &wish.role, err) < 0 ||
	    token_form_field(request, "scope", &wish.scopes, err) < 0)
		return -1;
	int found = token_form_field(request, "subject_token", &shown, err);
	if (found <= 0)
		return found < 0 ? -1
				 : invalid(err, "subject_token is required");
	if (roles_web_identity(request, shown, &identity, err) < 0)
		return -1;
	name_session(identity.subject, name);
	wish.name = span_of(name);
	if (roles_assume_web(request, &identity, &wish, &assumed, &token, err) <
	    0)
		return -1;
	answer(request, &assumed, buf_span(&token), wish.scopes);
	return 0;
}
