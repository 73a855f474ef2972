/* SPDX-License-Identifier: Apache-2.0 */
/* PUT /api/v1/users/{user}/password, PUT /api/v1/me/password */
#include "auth/identity_credentials.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "server/admin/admin.h"
#include "server/app.h"

static int set_password(struct request *request, struct err *err)
{
	static const char *const members[] = {"password", NULL};
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct identity_by by = admin_by(request);
	struct span password;

	if (admin_body(request, members, &json, err) < 0 ||
	    admin_text(json, "password", &password, err) < 0 ||
	    identity_set_password(&request->app->identity, &by,
				  request->params[0], password, err) < 0)
		return -1;
	admin_done(request);
	return 0;
}

const struct handler admin_password_set = {.work = set_password};

static int check_user(const struct principal *principal, struct err *err)
{
	if (principal->kind == PRINCIPAL_USER)
		return 0;
	err_set(err, ERR_DENIED, "only users have passwords");
	return err_tell(err, "only users have passwords");
}

static int change_password(struct request *request, struct err *err)
{
	static const char *const members[] = {"old", "new", NULL};
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct identity_by by = admin_by(request);
	struct span password;
	struct span old;

	if (check_user(&request->principal, err) < 0 ||
	    admin_body(request, members, &json, err) < 0 ||
	    admin_text(json, "old", &old, err) < 0 ||
	    admin_text(json, "new", &password, err) < 0 ||
	    identity_change_password(&request->app->identity, &by,
				     span_of(request->principal.name), old,
				     password, err) < 0)
		return -1;
	admin_done(request);
	return 0;
}

const struct handler admin_password_change = {.work = change_password};
