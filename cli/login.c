/* SPDX-License-Identifier: Apache-2.0 */
/* A login is an API token of its own, so that it can be ended by itself and no
 * password lies on the disk. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "cli/api.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/docker_config.h"
#include "cli/print.h"
#include "cli/prompt.h"
#include "cli/session.h"

#define TOKEN_PREFIX "brt_" /* auth/token.h: brt_ID_SECRET */
#define TOKENS "/api/v1/me/tokens"
#define TEXT_MAX 4096

static const struct api_member description[] = {
	{"description", API_TEXT, offsetof(struct options, description)},
	{NULL, API_END, 0}};
static const struct api_member host[] = {{"description", API_HOST, 0},
					 {NULL, API_END, 0}};

static int make_token(struct session *session, json_t **ret_reply,
		      struct err *err)
{
	const struct options *options = session->options;
	CLEANUP(jsonx_unref) json_t *body = NULL;

	if (api_body(options, options->description ? description : host, &body,
		     err) < 0)
		return -1;
	return api_ask(session, "POST", TOKENS, body, ret_reply, err);
}

static int whose(struct session *session, struct buf *name, struct err *err)
{
	CLEANUP(jsonx_unref) json_t *who = NULL;
	struct span text = {0};

	if (api_ask(session, "GET", "/api/v1/whoami", NULL, &who, err) < 0 ||
	    jsonx_text(who, "name", &text, err) < 0)
		return -1;
	buf_append_span(name, text);
	return buf_check(name, err);
}

int login_run(struct session *session, struct err *err)
{
	CLEANUP(jsonx_unref) json_t *reply = NULL;
	CLEANUP(buf_release) struct buf name = BUF_INIT(TEXT_MAX);
	CLEANUP(buf_release) struct buf where = BUF_INIT(TEXT_MAX);
	const char *registry = session->options->registry;

	if (whose(session, &name, err) < 0 ||
	    make_token(session, &reply, err) < 0)
		return -1;
	const char *token = json_string_value(json_object_get(reply, "token"));

	if (!token)
		return err_set(err, ERR_INVALID, "the server gave no token");
	if (docker_config_put(registry, buf_text(&name), token, &where, err) <
	    0)
		return -1;
	if (session->options->json)
		return print_json(json_pack("{s:s, s:s, s:s}", "registry",
					    registry, "name", buf_text(&name),
					    "kept", buf_text(&where)),
				  err);
	if (!session->options->quiet)
		printf("logged in to %s as %s; the token is kept in %s\n",
		       registry, buf_text(&name), buf_text(&where));
	return 0;
}

/* Where it is one of ours it ends on the server, too. */
static int end_token(struct session *session, struct span token,
		     struct err *err)
{
	CLEANUP(jsonx_unref) json_t *reply = NULL;
	CLEANUP(buf_release) struct buf path = BUF_INIT(TEXT_MAX);
	struct span prefix = {0};
	struct span rest = {0};
	struct span id = {0};

	if (!span_starts(token, SPAN_LIT(TOKEN_PREFIX)) ||
	    !span_cut(token, '_', &prefix, &rest) ||
	    !span_cut(rest, '_', &id, &rest))
		return 0;
	buf_append_text(&path, TOKENS "/");
	enc_percent(id, 0, &path);
	return api_ask(session, "DELETE", buf_text(&path), NULL, &reply, err);
}

/* The entry goes whatever the server says: it may not be there any more. */
int logout_run(struct session *session, struct err *err)
{
	CLEANUP(buf_release) struct buf user = BUF_INIT(TEXT_MAX);
	CLEANUP(buf_release) struct buf token = BUF_INIT(TEXT_MAX);
	const char *registry = session->options->registry;
	struct err ended = ERR_INIT;
	int found = docker_config_get(registry, &user, &token, err);

	if (found < 0)
		return -1;
	if (found == 0) {
		err_set(err, ERR_NOT_FOUND, "not logged in");
		return err_tell(err, "you are not logged in to %s", registry);
	}
	int done = end_token(session, buf_span(&token), &ended);

	explicit_bzero(token.data, token.len);
	if (docker_config_remove(registry, err) < 0)
		return -1;
	if (done < 0)
		fprintf(stderr,
			"berth: the token could not be ended on the server: "
			"%s\n",
			err_for_client(&ended));
	if (!session->options->quiet)
		printf("logged out of %s\n", registry);
	return 0;
}

int password_run(struct session *session, struct err *err)
{
	CLEANUP(buf_release) struct buf old = BUF_INIT(TEXT_MAX);
	CLEANUP(buf_release) struct buf new = BUF_INIT(TEXT_MAX);
	CLEANUP(jsonx_unref) json_t *body = NULL;
	CLEANUP(jsonx_unref) json_t *reply = NULL;

	if (prompt_secret("Password: ", &old, err) < 0 ||
	    prompt_new_secret("New password: ", &new, err) < 0)
		return -1;
	body = json_pack("{s:s, s:s}", "old", buf_text(&old), "new",
			 buf_text(&new));
	explicit_bzero(old.data, old.cap);
	explicit_bzero(new.data, new.cap);
	if (!body)
		return err_set(err, ERR_INVALID, "the password is no text");
	if (api_ask(session, "PUT", "/api/v1/me/password", body, &reply, err) <
	    0)
		return -1;
	if (!session->options->quiet)
		puts("your password is changed");
	return 0;
}
