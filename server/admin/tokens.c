/* SPDX-License-Identifier: Apache-2.0 */
/* .../tokens[/{id}] of users and robots, and one's own */
#include "server/admin/tokens.h"

#include <openssl/crypto.h>

#include "auth/identity_credentials.h"
#include "auth/token.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "server/admin/admin.h"
#include "server/admin/attachments.h"
#include "server/app.h"
#include "storage/meta_credentials.h"

static int add(void *context, const struct meta_token *token, struct span scope,
	       struct err *err)
{
	struct buf *out = context;

	(void)err;
	jsonx_comma(out);
	buf_append_char(out, '{');
	jsonx_member(out, "id", span_of(token->id));
	jsonx_member(out, "description", span_of(token->description));
	jsonx_member(out, "scope", scope);
	admin_time(out, "created", token->created_ms);
	admin_time(out, "expires", token->expires_ms);
	admin_time(out, "used", token->used_ms);
	buf_append_char(out, '}');
	return 0;
}

static int list(struct request *request, struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	struct admin_subject subject = admin_subject(request);
	struct meta_principal owner;

	if (meta_read_begin(request->app->meta, &tx, err) < 0 ||
	    identity_find(tx, request->app->scope.account, subject.who, &owner,
			  err) < 0)
		return -1;
	struct buf *body = admin_answer(request, 200);
	jsonx_key(body, "tokens");
	buf_append_char(body, '[');
	if (meta_token_list(tx, owner.id, META_TOKEN_API, add, body, err) < 0)
		return -1;
	buf_append_text(body, "]}\n");
	return 0;
}

const struct handler admin_tokens = {.work = list};

void admin_token_write(const struct token_secret *secret, struct buf *out)
{
	jsonx_member(out, "id", span_of(secret->id));
	jsonx_member(out, "token", span_of(secret->text));
	buf_append_char(out, '}');
}

/* The routes of administrators are for whoever their policies allow, however
 * he came; there the policies decide. */
int admin_check_lasting(const struct request *request, struct err *err)
{
	enum credential credential = request->principal.credential;
	bool own = span_starts(span_of(request->route->pattern),
			       SPAN_LIT("/api/v1/me/"));

	if (!own || (credential != CREDENTIAL_API_TOKEN &&
		     credential != CREDENTIAL_BEARER))
		return 0;
	err_set(err, ERR_DENIED, "a token must not make credentials");
	return err_tell(err, "a token cannot make further credentials of its "
			     "owner; come with a password or an access key");
}

static int create(struct request *request, struct err *err)
{
	static const char *const members[] = {"description", "scope",
					      "expires_in", NULL};
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct identity_by by = admin_by(request);
	struct identity_token_wish wish = {.description = SPAN_LIT("")};
	struct admin_subject subject = admin_subject(request);
	struct token_secret secret;

	if (admin_check_lasting(request, err) < 0 ||
	    admin_body(request, members, &json, err) < 0 ||
	    jsonx_text(json, "description", &wish.description, err) < 0 ||
	    jsonx_text(json, "scope", &wish.scope, err) < 0 ||
	    admin_life(json, &wish.life_s, err) < 0 ||
	    identity_token_create(&request->app->identity, &by, subject.who,
				  &wish, &secret, err) < 0)
		return -1;
	struct buf *body = admin_answer(request, 201);
	admin_token_write(&secret, body);
	buf_append_char(body, '\n');
	OPENSSL_cleanse(&secret, sizeof(secret));
	return 0;
}

const struct handler admin_token_create = {.work = create};

static int delete (struct request *request, struct err *err)
{
	struct identity_by by = admin_by(request);
	struct admin_subject subject = admin_subject(request);

	if (identity_token_delete(&request->app->identity, &by, subject.who,
				  subject.rest, err) < 0)
		return -1;
	admin_done(request);
	return 0;
}

const struct handler admin_token_delete = {.work = delete};
