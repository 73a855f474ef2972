/* SPDX-License-Identifier: Apache-2.0 */
/* POST /api/v1/users, /robots, /roles */
#include <openssl/crypto.h>

#include "auth/token.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "server/admin/principals.h"
#include "server/admin/tokens.h"
#include "server/app.h"
#include "server/http/access.h"
#include "server/http/response.h"

#define SESSION_DEFAULT_S 3600

static int create(struct request *request, const struct identity_wish *wish,
		  struct token_secret *ret_token, struct buf **ret_body,
		  struct err *err)
{
	struct identity_by by = admin_by(request);

	if (identity_create(&request->app->identity, &by, wish, ret_token,
			    err) < 0 ||
	    admin_principal_answer(request, wish->who, 201, ret_body, err) < 0)
		return -1;
	/* A name has no character that a path would have to encode. */
	response_headerf(request, "Location", "%s/%.*s",
			 request->route->pattern, SPAN_ARG(wish->who.name));
	return 0;
}

static int read_wish(const json_t *json, struct identity_wish *wish,
		     struct err *err)
{
	if (admin_text(json, "name", &wish->who.name, err) < 0)
		return -1;
	return jsonx_text(json, "description", &wish->description, err) < 0 ? -1
									    : 0;
}

/* ---- users ---- */

static int create_user(struct request *request, struct err *err)
{
	static const char *const members[] = {"name", "description", "password",
					      NULL};
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct identity_wish wish = {.who.kind = IDENTITY_USER};
	struct buf *body = NULL;

	if (admin_body(request, members, &json, err) < 0 ||
	    read_wish(json, &wish, err) < 0 ||
	    jsonx_text(json, "password", &wish.password, err) < 0 ||
	    create(request, &wish, NULL, &body, err) < 0)
		return -1;
	buf_append_text(body, "}\n");
	return 0;
}

const struct handler admin_user_create = {.work = create_user};

/* ---- robots ---- */

static int read_grant(json_t *json, struct identity_grant *ret_grant,
		      struct err *err)
{
	static const char *const members[] = {"policy", "pattern", NULL};
	struct identity_grant grant = {.pattern = SPAN_LIT("*")};

	if (admin_members(json, members, err) < 0 ||
	    admin_text(json, "policy", &grant.policy, err) < 0 ||
	    jsonx_text(json, "pattern", &grant.pattern, err) < 0)
		return -1;
	*ret_grant = grant;
	return 0;
}

/* Into the request's arena. */
static int read_grants(struct request *request, const json_t *json,
		       struct identity_wish *wish, struct err *err)
{
	json_t *array = NULL;
	int found = jsonx_array(json, "policies", &array, err);

	if (found <= 0)
		return found;
	size_t count = json_array_size(array);
	if (count > IDENTITY_GRANTS_MAX) {
		err_set(err, ERR_INVALID, "too many policies");
		return err_tell(err, "\"policies\" has more than %d entries",
				IDENTITY_GRANTS_MAX);
	}
	struct identity_grant *grants =
		arena_alloc(&request->arena, (count + 1) * sizeof(*grants));
	if (!grants)
		return err_set(err, ERR_NO_MEMORY, "policies of a robot");
	for (size_t i = 0; i < count; i++)
		if (read_grant(json_array_get(array, i), &grants[i], err) < 0)
			return -1;
	wish->grants = grants;
	wish->grant_count = count;
	return 0;
}

/* Who may make robots must not give them more than he may give. */
static int check_grants(struct request *request,
			const struct identity_wish *wish, struct err *err)
{
	if (wish->grant_count == 0)
		return 0;
	return access_check_target(request, ACTION_ATTACH_POLICY, "robot",
				   wish->who.name, err);
}

static int create_robot(struct request *request, struct err *err)
{
	static const char *const members[] = {"name", "description",
					      "expires_in", "policies", NULL};
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct identity_wish wish = {.who.kind = IDENTITY_ROBOT};
	struct token_secret secret;
	struct buf *body = NULL;

	if (admin_body(request, members, &json, err) < 0 ||
	    read_wish(json, &wish, err) < 0 ||
	    admin_life(json, &wish.life_s, err) < 0 ||
	    read_grants(request, json, &wish, err) < 0 ||
	    check_grants(request, &wish, err) < 0 ||
	    create(request, &wish, &secret, &body, err) < 0)
		return -1;
	jsonx_key(body, "token");
	buf_append_char(body, '{');
	admin_token_write(&secret, body);
	buf_append_text(body, "}\n");
	OPENSSL_cleanse(&secret, sizeof(secret));
	return 0;
}

const struct handler admin_robot_create = {.work = create_robot};

/* ---- roles ---- */

static int create_role(struct request *request, struct err *err)
{
	static const char *const members[] = {"name", "description",
					      "session_max", "trust", NULL};
	CLEANUP(jsonx_unref) json_t *json = NULL;
	CLEANUP(buf_release) struct buf trust = BUF_INIT(ADMIN_BODY_MAX);
	struct identity_wish wish = {.who.kind = IDENTITY_ROLE,
				     .session_max_s = SESSION_DEFAULT_S};
	json_t *document = NULL;
	struct buf *body = NULL;

	if (admin_body(request, members, &json, err) < 0 ||
	    read_wish(json, &wish, err) < 0 ||
	    jsonx_i64(json, "session_max", &wish.session_max_s, err) < 0 ||
	    jsonx_object(json, "trust", &document, err) < 0)
		return -1;
	if (document && jsonx_dump(document, &trust, err) < 0)
		return -1;
	wish.trust = buf_span(&trust);
	if (create(request, &wish, NULL, &body, err) < 0)
		return -1;
	buf_append_text(body, "}\n");
	return 0;
}

const struct handler admin_role_create = {.work = create_role};
