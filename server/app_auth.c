/* SPDX-License-Identifier: Apache-2.0 */
#include "server/app_auth.h"

#include <openssl/crypto.h>

#include "auth/audit.h"
#include "auth/authn.h"
#include "auth/authz.h"
#include "auth/bootstrap.h"
#include "auth/oidc.h"
#include "auth/password.h"
#include "auth/rotate.h"
#include "auth/seal.h"
#include "auth/signing.h"
#include "auth/throttle.h"
#include "auth/token.h"
#include "auth/used.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/httpc.h"
#include "base/log.h"
#include "conf/conf.h"
#include "server/app.h"
#include "storage/meta_principals.h"

#define SWEEP_TOKENS_MS 600000
#define KEY_OVERLAP_MS 60000

/* A key is made public for longer than what it signed lives: by what a request
 * may take, and by what clocks may differ. */
static int open_tokens(struct app *app, struct err *err)
{
	const struct conf *conf = app->conf;
	const char *url = conf->server_external_url;
	int64_t life = conf->auth_access_token_life_ms;
	int64_t leeway = conf->auth_clock_leeway_ms;
	struct signing_config keys = {.meta = app->meta,
				      .seal = app->seal,
				      .clock = app->clock,
				      .life_ms = conf->auth_signing_key_life_ms,
				      .overlap_ms = life + 2 * leeway +
						    KEY_OVERLAP_MS};

	if (signing_new(&keys, &app->signing, err) < 0)
		return -1;
	app->tokens = (struct token_config){
		.meta = app->meta,
		.signing = app->signing,
		.clock = app->clock,
		.service = conf->auth_service,
		.issuer = url[0] != '\0' ? url : "berth",
		.access_life_ms = life,
		.refresh_life_ms = conf->auth_refresh_token_life_ms,
		.leeway_ms = leeway};
	return 0;
}

static int open_throttle(struct app *app, struct err *err)
{
	struct throttle_config config = {
		.meta = app->meta,
		.clock = app->clock,
		.free_tries = app->conf->auth_free_tries,
		.wait_max_ms = app->conf->auth_wait_max_ms};

	if (seal_derive(app->seal, "failed-logins", config.key, err) < 0)
		return -1;
	int done = throttle_new(&config, &app->throttle, err);

	OPENSSL_cleanse(config.key, sizeof(config.key));
	return done;
}

static int open_audit(struct app *app, struct err *err)
{
	struct audit_config config = {.meta = app->meta,
				      .clock = app->clock,
				      .metrics = app->metrics,
				      .account = app->scope.account,
				      .retention_ms =
					      app->conf->audit_retention_ms};

	return audit_new(&config, &app->audit, err);
}

static int open_authn(struct app *app, struct err *err)
{
	struct authn_config config = {.meta = app->meta,
				      .clock = app->clock,
				      .account = app->conf->registry_account,
				      .cache_ms =
					      app->conf->auth_password_cache_ms,
				      .tokens = &app->tokens,
				      .seal = app->seal,
				      .throttle = app->throttle,
				      .audit = app->audit,
				      .used = app->used};

	return authn_new(&config, &app->authn, err);
}

static int open_authz(struct app *app, struct err *err)
{
	static const enum anonymous_access access[] = {
		[CONF_ANONYMOUS_NONE] = ANONYMOUS_NONE,
		[CONF_ANONYMOUS_PULL] = ANONYMOUS_PULL,
		[CONF_ANONYMOUS_FULL] = ANONYMOUS_FULL};
	struct authz_config config = {
		.meta = app->meta,
		.clock = app->clock,
		.scope = app->scope,
		.anonymous = access[app->conf->server_anonymous],
		.public_metrics = app->conf->metrics_public};

	return authz_new(&config, &app->authz, err);
}

static int open_oidc(struct app *app, struct err *err)
{
	struct oidc_config config = {.meta = app->meta,
				     .clock = app->clock,
				     .account = app->scope.account,
				     .leeway_ms =
					     app->conf->auth_clock_leeway_ms,
				     .get = httpc_get};

	return oidc_new(&config, &app->oidc, err);
}

static void identity_changed(void *context)
{
	app_identity_changed(context);
}

static void fill_identity(struct app *app)
{
	app->identity = (struct identity){.meta = app->meta,
					  .seal = app->seal,
					  .signing = app->signing,
					  .throttle = app->throttle,
					  .scope = app->scope,
					  .changed = identity_changed,
					  .context = app};
}

int app_auth_open(struct app *app, struct err *err)
{
	const struct conf *conf = app->conf;

	password_set_cost((int)conf->auth_password_cost);
	if (seal_open(app->data_dir_fd, conf->auth_server_key, &app->seal,
		      err) < 0 ||
	    used_new(app->meta, app->clock, &app->used, err) < 0 ||
	    bootstrap_admin(app->meta, app->seal, conf->registry_account,
			    app->data_dir_fd, &app->admin_made, err) < 0)
		return -1;
	if (open_tokens(app, err) < 0 || open_throttle(app, err) < 0 ||
	    open_audit(app, err) < 0 || open_authn(app, err) < 0 ||
	    open_authz(app, err) < 0 || open_oidc(app, err) < 0)
		return -1;
	fill_identity(app);
	return 0;
}

int app_auth_repair(struct app *app, enum conf_action action, struct err *err)
{
	const struct conf *conf = app->conf;

	password_set_cost((int)conf->auth_password_cost);
	if (action == CONF_RESET_ADMIN)
		return bootstrap_reset(app->meta, conf->registry_account,
				       app->data_dir_fd, err);
	if (seal_open(app->data_dir_fd, conf->auth_server_key, &app->seal,
		      err) < 0)
		return -1;
	return rotate_server_key(app->meta, app->seal, app->scope.account, err);
}

void app_auth_close(struct app *app)
{
	oidc_free(app->oidc);
	authz_free(app->authz);
	authn_free(app->authn);
	audit_free(app->audit);
	throttle_free(app->throttle);
	signing_free(app->signing);
	used_free(app->used);
	seal_free(app->seal);
}

void app_identity_changed(struct app *app)
{
	authn_forget(app->authn);
	authz_forget(app->authz);
}

static int read_generation(struct app *app, int64_t *ret_generation,
			   struct err *err)
{
	struct meta_tx *tx = NULL;

	if (meta_read_begin(app->meta, &tx, err) < 0)
		return -1;
	int done = meta_identity_generation(tx, ret_generation, err);

	meta_read_end(tx);
	return done;
}

#define UNKNOWN (-1) /* generation */

/* What another server on the database changed.  As long as that cannot be known
 * nothing is remembered. */
static void look_for_changes(struct app *app)
{
	int64_t generation = UNKNOWN;
	struct err err = ERR_INIT;

	if (meta_exclusive(app->meta))
		return;
	if (read_generation(app, &generation, &err) < 0 &&
	    app->identity_generation != UNKNOWN)
		log_failure(LOG_WARN, "changes_unknown", &err, NULL, 0);
	if (generation == UNKNOWN || generation != app->identity_generation)
		app_identity_changed(app);
	app->identity_generation = generation;
}

static void tidy_tokens(struct app *app)
{
	int64_t now = clock_monotonic_ms(app->clock);

	signing_tidy(app->signing);
	if (now - app->tokens_swept_ms < SWEEP_TOKENS_MS)
		return;
	app->tokens_swept_ms = now;
	token_sweep(&app->tokens);
}

void app_auth_tidy(struct app *app)
{
	look_for_changes(app);
	tidy_tokens(app);
	throttle_tidy(app->throttle);
	used_tidy(app->used);
	authn_tidy(app->authn);
}
