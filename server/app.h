/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_APP_H
#define SERVER_APP_H

/*
 * The composition root: builds every object from the configuration, hands each
 * to those that need it, and tears all down in reverse order.  Handlers find
 * here what they work on.
 */

#include <stdbool.h>

#include "auth/identity.h"
#include "auth/token.h"
#include "conf/args.h"
#include "storage/meta.h"

struct audit;
struct authn;
struct authz;
struct blob_driver;
struct cache;
struct clock_source;
struct conf;
struct err;
struct http_server;
struct metrics;
struct oidc;
struct pool;
struct registry;
struct router;
struct seal;
struct signing;
struct throttle;
struct ticker;
struct used;

struct app {
	struct conf *conf;		  /* owned; as the server started */
	const struct clock_source *clock; /* borrowed */
	int data_dir_fd;		  /* owned; -1 */
	int lock_fd;			  /* owned; holds the data directory */
	struct metrics *metrics;	  /* owned */
	struct meta *meta;		  /* owned */
	struct blob_driver *blobs;	  /* owned */
	struct registry *registry;	  /* owned */
	struct cache *cache;	     /* owned; NULL where others write too */
	struct seal *seal;	     /* owned; the server's key */
	struct signing *signing;     /* owned; signs access tokens */
	struct token_config tokens;  /* how tokens are made and verified */
	int64_t tokens_swept_ms;     /* monotonic; the ticker's */
	struct oidc *oidc;	     /* owned; issuers of web identities */
	struct used *used;	     /* owned; when keys were used */
	struct throttle *throttle;   /* owned; failed logins */
	struct audit *audit;	     /* owned; writes failures down */
	int64_t identity_generation; /* the ticker's: as last read */
	struct authn *authn;	     /* owned */
	struct authz *authz;	     /* owned */
	struct identity identity;    /* changes of who is known; a value */
	struct pool *workers;	     /* owned */
	struct pool *readers;	     /* owned */
	struct pool *verifiers;	     /* owned; one thread per core */
	struct router *router;	     /* owned */
	struct http_server *server;  /* owned */
	struct ticker *ticker;	     /* owned; runs the registry's tidying */
	struct meta_scope scope;     /* account and region of every request */
	bool admin_made; /* the first administrator was made by this start */
};

/*
 * Build everything up to a listener that does not accept yet.  conf is taken,
 * also if this fails.  On failure nothing is left.
 */
int app_new(struct conf *conf, struct app **ret_app, struct err *err);

/* What is done while no server runs, CONF_RESET_ADMIN or CONF_ROTATE_KEY.  conf
 * is taken.  ERR_EXISTS if a server has the data directory. */
int app_repair(struct conf *conf, enum conf_action action, struct err *err);

/* Check what a configuration names and only a start would read. */
int app_check(const struct conf *conf, struct err *err);

/* Start serving: DATA/berthd.address tells where. */
int app_start(struct app *app, struct err *err);

/* Take over what SIGHUP may change from a new configuration, which is only
 * looked at. */
void app_reload(struct app *app, const struct conf *conf);

/* Identities or policies have changed: forget what is remembered of them.  To
 * be called after every such change, before it is answered.  Any thread. */
void app_identity_changed(struct app *app);

/* Stop serving, let what is under way end, and free everything.  NULL is
 * fine. */
void app_free(struct app *app);

#endif
