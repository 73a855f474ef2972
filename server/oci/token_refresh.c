/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refresh tokens: what a client keeps in place of a password.  Each has one
 * owner and one service, is stored as a hash, and ends when it was not used for
 * long, when its owner's password changes, or with its owner.
 */
#include <string.h>

#include "auth/token.h"
#include "auth/used.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "server/app.h"
#include "server/http/request.h"
#include "server/oci/token.h"
#include "storage/meta_credentials.h"
#include "storage/meta_principals.h"

#define PER_PRINCIPAL_MAX 1024 /* the oldest ends when there would be more */
#define SERVICE_MAX 256	       /* bytes of a service's name */
#define PUT_OFF_PARTS 32 /* a new end is stored after this part of a life */

DEFINE_CLEANUP(read_end, struct meta_tx *, meta_read_end)

/* ---- making ---- */

struct making {
	struct meta_token row;
	struct span service;
};

struct living {
	int64_t now_ms;
	size_t count;		       /* that have not ended */
	char oldest[META_KEY_ID_SIZE]; /* of these */
};

static int count_living(void *context, const struct meta_token *token,
			struct span scope, struct err *err)
{
	struct living *living = context;

	(void)scope;
	(void)err;
	if (token->expires_ms != 0 && token->expires_ms <= living->now_ms)
		return 0;
	if (living->count++ == 0)
		memcpy(living->oldest, token->id, sizeof(living->oldest));
	return 0;
}

/* One that makes place for another ends now, and is swept like all that have
 * ended: nobody has to forget anything for that. */
static int make_work(struct meta_tx *tx, void *context, struct err *err)
{
	const struct making *making = context;
	struct living living = {.now_ms = meta_tx_now_ms(tx)};

	if (meta_token_list(tx, making->row.principal_id, META_TOKEN_REFRESH,
			    count_living, &living, err) < 0)
		return -1;
	if (living.count >= PER_PRINCIPAL_MAX &&
	    meta_token_used(tx, span_of(living.oldest), living.now_ms, err) < 0)
		return -1;
	return meta_token_insert(tx, &making->row, making->service, err);
}

int token_refresh_make(struct request *request, struct span client,
		       struct token_secret *ret_secret, struct err *err)
{
	struct app *app = request->app;
	struct making making = {
		.row = {.kind = META_TOKEN_REFRESH,
			.principal_id = request->principal.id,
			.expires_ms = clock_wall_ms(app->clock) +
				      app->tokens.refresh_life_ms},
		.service = span_of(app->tokens.service)};
	struct token_secret secret;

	if (token_secret_make(TOKEN_REFRESH_PREFIX, &secret, err) < 0)
		return -1;
	memcpy(making.row.id, secret.id, sizeof(making.row.id));
	memcpy(making.row.hash, secret.hash, sizeof(making.row.hash));
	if (client.len < sizeof(making.row.description))
		memcpy(making.row.description, client.text, client.len);
	if (meta_write(app->meta, make_work, &making, err) < 0)
		return -1;
	*ret_secret = secret;
	return 0;
}

/* ---- using ---- */

static int refuse(struct err *err, const char *why)
{
	err_set(err, ERR_UNAUTHENTICATED, "refresh token: %s", why);
	return err_tell(err, "the refresh token is not valid any more: log in "
			     "again");
}

static int find(const struct app *app, struct span text,
		struct meta_token *ret_token, struct meta_principal *ret_owner,
		struct err *err)
{
	CLEANUP(buf_release) struct buf service = BUF_INIT(SERVICE_MAX);
	CLEANUP(read_end) struct meta_tx *tx = NULL;

	if (meta_read_begin(app->meta, &tx, err) < 0)
		return -1;
	int found = token_find(tx, TOKEN_REFRESH_PREFIX, text, ret_token,
			       &service, err);
	if (found < 0)
		return -1;
	if (!found)
		return refuse(err, "none of that text, or it has ended");
	if (!span_equal(buf_span(&service), span_of(app->tokens.service)))
		return refuse(err, "for another service");
	found = meta_principal_get(tx, ret_token->principal_id, ret_owner, err);
	if (found < 0)
		return -1;
	if (!found || ret_owner->disabled ||
	    (ret_owner->expires_ms != 0 &&
	     ret_owner->expires_ms <= clock_wall_ms(app->clock)))
		return refuse(err, "its owner is gone or disabled");
	return 0;
}

struct putting_off {
	struct span id;
	int64_t expires_ms;
};

static int put_off_work(struct meta_tx *tx, void *context, struct err *err)
{
	const struct putting_off *to = context;

	return meta_token_used(tx, to->id, to->expires_ms, err);
}

/* Its end moves with each use, but is not stored for each. */
static int put_off(const struct app *app, const struct meta_token *token,
		   struct err *err)
{
	int64_t life = app->tokens.refresh_life_ms;
	int64_t ends = clock_wall_ms(app->clock) + life;
	struct putting_off to = {.id = span_of(token->id), .expires_ms = ends};

	if (ends - token->expires_ms >= life / PUT_OFF_PARTS)
		return meta_write(app->meta, put_off_work, &to, err);
	used_note(app->used, USED_TOKEN, to.id, token->used_ms);
	return 0;
}

int token_refresh_use(struct request *request, struct span text,
		      struct err *err)
{
	const struct app *app = request->app;
	struct meta_principal owner;
	struct meta_token token;

	if (find(app, text, &token, &owner, err) < 0 ||
	    put_off(app, &token, err) < 0)
		return -1;
	principal_release(&request->principal);
	principal_from_row(&owner, CREDENTIAL_API_TOKEN, &request->principal);
	return 0;
}
