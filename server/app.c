/* SPDX-License-Identifier: Apache-2.0 */
#include "server/app.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fsx.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/pool.h"
#include "conf/conf.h"
#include "server/admin/admin.h"
#include "server/app_auth.h"
#include "server/aws/aws.h"
#include "server/cache.h"
#include "server/health.h"
#include "server/http/door.h"
#include "server/http/server.h"
#include "server/oci/oci.h"
#include "server/ticker.h"
#include "storage/blob_driver.h"
#include "storage/registry.h"
#include "storage/sql_driver.h"

#define ADDRESS_FILE "berthd.address"
#define DATABASE_FILE "berth.db"
#define LOCK_FILE "berthd.lock"

#define CACHE_BYTES ((size_t)32 << 20) /* manifests kept in memory */
#define CACHE_ENTRY_BYTES ((size_t)1 << 20)
#define BODIES_AT_ONCE 64      /* manifests of the largest size, being pushed */
#define STAGE_BUFFERS 4	       /* 1 MiB each, on their way of one upload */
#define STAGE_BUFFERS_TOTAL 40 /* and of all */

DEFINE_CLEANUP(app_free_at, struct app *, app_free)

/* ---- building, in the order in which one needs the other ---- */

static int open_data(struct app *app, struct err *err)
{
	const char *path = app->conf->storage_data;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "making the data directory %s",
			       path);
	app->data_dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (app->data_dir_fd < 0)
		return err_sys(err, errno, "opening the data directory %s",
			       path);
	int locked =
		fsx_lock_file(app->data_dir_fd, LOCK_FILE, &app->lock_fd, err);
	if (locked == 0)
		return err_set(err, ERR_EXISTS,
			       "another berthd uses the data directory %s",
			       path);
	return locked < 0 ? -1 : 0;
}

static int open_meta(struct app *app, struct err *err)
{
	const struct conf *conf = app->conf;
	struct sql_driver *driver = NULL;
	int made = 0;

	if (conf->storage_database[0] != '\0')
		made = sql_pg_new(conf->storage_database, &driver, err);
	else
		made = sql_sqlite_new(conf->storage_data, DATABASE_FILE,
				      &driver, err);
	if (made < 0)
		return -1;
	return meta_open(driver, app->clock, &app->meta, err);
}

static int open_blobs(struct app *app, struct err *err)
{
	struct blob_disk_config config = {
		.dir_fd = app->data_dir_fd,
		.writers = (size_t)app->conf->storage_blob_writers,
		.direct_io = app->conf->storage_direct_io,
		.buffers_per_stage = STAGE_BUFFERS,
		.buffers_total = STAGE_BUFFERS_TOTAL};

	if (app->conf->storage_blobs == CONF_BLOBS_MEMORY)
		return blob_mem_new(&app->blobs, err);
	return blob_disk_new(&config, &app->blobs, err);
}

/* Descriptors are shared by connections, uploads and the cache: an eighth is
 * for files that are only kept open because they were asked for. */
static size_t cached_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 64;
	return limit.rlim_cur > 16384 ? 2048 : (size_t)limit.rlim_cur / 8;
}

static int open_cache(struct app *app, struct err *err)
{
	struct cache_config config = {.bytes_max = CACHE_BYTES,
				      .files_max = cached_files(),
				      .entry_bytes_max = CACHE_ENTRY_BYTES};

	if (!meta_exclusive(app->meta))
		return 0;
	return cache_new(&config, app->metrics, &app->cache, err);
}

static void repository_changed(void *context, struct meta_scope scope,
			       struct span repository)
{
	struct app *app = context;
	char name[CACHE_REPOSITORY_SIZE];

	if (!app->cache)
		return;
	size_t len = cache_repository(scope, repository, name);
	cache_bump(app->cache, span_make(name, len));
}

static int open_registry(struct app *app, struct err *err)
{
	const struct conf *conf = app->conf;
	struct registry_config config = {
		.allow_delete = conf->registry_delete,
		.read_only = conf->registry_read_only,
		.create_on_push =
			conf->registry_create_on_push == CONF_CREATE_ALWAYS,
		.sparse_indexes = conf->registry_sparse_indexes,
		.blob_max = conf->registry_blob_max,
		.manifest_max = conf->registry_manifest_max,
		.descriptors_max = (size_t)conf->registry_descriptors_max,
		.tags_per_push = (size_t)conf->registry_tags_per_push,
		.page_max = (size_t)conf->registry_page_max,
		.uploads_max = conf->limits_uploads,
		.uploads_per_repository = conf->limits_uploads_per_repository,
		.uploads_per_principal = conf->limits_uploads_per_principal,
		.upload_expiry_ms = conf->registry_upload_expiry_ms,
		.low_water = conf->storage_low_water,
		.reserve = conf->storage_reserve};
	struct registry_parts parts = {.meta = app->meta,
				       .blobs = app->blobs,
				       .clock = app->clock,
				       .data_dir_fd = app->data_dir_fd,
				       .changed = repository_changed,
				       .context = app};

	if (conf->storage_blobs == CONF_BLOBS_MEMORY)
		parts.data_dir_fd = -1;
	return registry_new(&config, &parts, &app->registry, err);
}

/* Checking a password takes a core and 16 MiB for a while. */
static int open_pools(struct app *app, struct err *err)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (pool_new("verifier", cores > 0 ? (size_t)cores : 1, &app->verifiers,
		     err) < 0)
		return -1;
	if (pool_new("reader", (size_t)app->conf->server_workers, &app->readers,
		     err) < 0)
		return -1;
	return pool_new("worker", (size_t)app->conf->server_workers,
			&app->workers, err);
}

static int open_router(struct app *app, struct err *err)
{
	const struct route_table tables[] = {
		{oci_routes, oci_route_count},
		{admin_routes, admin_route_count},
		{aws_routes, aws_route_count},
		{health_routes, health_route_count}};

	door_set(DOOR_OCI, oci_error);
	door_set(DOOR_AWS, aws_error);
	door_set(DOOR_PLAIN, health_error);
	door_set(DOOR_ADMIN, admin_error);
	return router_new(tables, sizeof(tables) / sizeof(tables[0]),
			  &app->router, err);
}

static struct tls_config tls_config(const struct conf *conf)
{
	static const enum tls_client_auth auth[] = {
		[CONF_CLIENT_AUTH_NONE] = TLS_CLIENT_NONE,
		[CONF_CLIENT_AUTH_REQUEST] = TLS_CLIENT_REQUEST,
		[CONF_CLIENT_AUTH_REQUIRE] = TLS_CLIENT_REQUIRE};

	return (struct tls_config){.certificate = conf->tls_certificate,
				   .key = conf->tls_key,
				   .client_ca = conf->tls_client_ca,
				   .client_auth = auth[conf->tls_client_auth]};
}

static struct http_config http_config(const struct conf *conf)
{
	return (struct http_config){
		.listen = conf->server_listen,
		.event_loops = (size_t)conf->server_event_loops,
		.header_bytes = conf->limits_header_bytes,
		.target_bytes = conf->limits_target_bytes,
		.connections = (size_t)conf->limits_connections,
		.connections_per_address =
			(size_t)conf->limits_connections_per_address,
		.requests = (size_t)conf->limits_requests,
		.header_timeout_ms = conf->limits_header_timeout_ms,
		.idle_timeout_ms = conf->limits_idle_timeout_ms,
		.body_idle_timeout_ms = conf->limits_body_idle_timeout_ms,
		.body_timeout_ms = conf->limits_body_timeout_ms,
		.drain_timeout_ms = conf->server_drain_timeout_ms,
		.body_max = conf->registry_manifest_max,
		.bodies_max = conf->registry_manifest_max * BODIES_AT_ONCE,
		.access_log = conf->log_access,
		.trusted_proxies = conf->server_trusted_proxies,
		.requests_per_address = conf->limits_requests_per_address,
		.requests_per_principal = conf->limits_requests_per_principal,
		.burst_ms = conf->limits_burst_ms,
		.tls = tls_config(conf)};
}

static void shed_files(struct app *app, size_t count)
{
	if (app->cache)
		cache_shed_files(app->cache, count);
}

static int open_server(struct app *app, struct err *err)
{
	const struct conf *conf = app->conf;
	struct http_access access = {.external_url = conf->server_external_url,
				     .service = conf->auth_service,
				     .basic = conf->auth_challenge ==
					      CONF_CHALLENGE_BASIC};
	struct http_config config = http_config(app->conf);
	struct http_parts parts = {.app = app,
				   .router = app->router,
				   .authn = app->authn,
				   .authz = app->authz,
				   .audit = app->audit,
				   .access = access,
				   .workers = app->workers,
				   .readers = app->readers,
				   .verifiers = app->verifiers,
				   .metrics = app->metrics,
				   .clock = app->clock,
				   .shed_files = shed_files};

	return http_server_new(&config, &parts, &app->server, err);
}

static void tick(void *context)
{
	struct app *app = context;

	registry_tidy(app->registry);
	app_auth_tidy(app);
	if (app->cache)
		cache_tidy(app->cache);
}

/* Just the struct; conf is taken. */
static struct app *app_alloc(struct conf *conf, struct err *err)
{
	struct app *app = calloc(1, sizeof(*app));

	if (!app) {
		conf_free(conf);
		err_set(err, ERR_NO_MEMORY, "app");
		return NULL;
	}
	app->conf = conf;
	app->clock = &clock_system;
	app->data_dir_fd = -1;
	app->lock_fd = -1;
	app->scope.account = span_of(conf->registry_account);
	app->scope.region = span_of(conf->registry_region);
	return app;
}

int app_new(struct conf *conf, struct app **ret_app, struct err *err)
{
	CLEANUP(app_free_at) struct app *app = app_alloc(conf, err);

	if (!app)
		return -1;
	if (open_data(app, err) < 0 || metrics_new(&app->metrics, err) < 0 ||
	    open_meta(app, err) < 0 || open_blobs(app, err) < 0 ||
	    open_cache(app, err) < 0 || open_registry(app, err) < 0 ||
	    app_auth_open(app, err) < 0 || open_pools(app, err) < 0 ||
	    open_router(app, err) < 0 || health_register(app, err) < 0 ||
	    open_server(app, err) < 0)
		return -1;
	*ret_app = STEAL(app);
	return 0;
}

int app_repair(struct conf *conf, enum conf_action action, struct err *err)
{
	CLEANUP(app_free_at) struct app *app = app_alloc(conf, err);

	if (!app || open_data(app, err) < 0 || open_meta(app, err) < 0)
		return -1;
	return app_auth_repair(app, action, err);
}

int app_check(const struct conf *conf, struct err *err)
{
	struct tls_config config = tls_config(conf);
	struct tls *tls = NULL;

	if (conf->tls_certificate[0] && tls_new(&config, &tls, err) < 0)
		return -1;
	tls_free(tls);
	return 0;
}

/* ---- running ---- */

/* The registry tidies once before anybody pushes: see registry_tidy(). */
int app_start(struct app *app, struct err *err)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT(256);

	registry_tidy(app->registry);
	if (ticker_new(tick, app, &app->ticker, err) < 0 ||
	    http_server_start(app->server, err) < 0)
		return -1;
	buf_appendf(&line, "%s\n", http_server_address(app->server));
	if (buf_check(&line, err) < 0 ||
	    fsx_replace_file(app->data_dir_fd, ADDRESS_FILE, line.data,
			     line.len, 0644, err) < 0)
		return -1;
	log_event(LOG_INFO, "listening",
		  LOG_TEXT("address", http_server_address(app->server)),
		  LOG_BOOL("tls", app->conf->tls_certificate[0] != '\0'),
		  LOG_TEXT("metadata", meta_driver_name(app->meta)),
		  LOG_TEXT("blobs", app->blobs->ops->name),
		  LOG_TEXT("version", BERTH_VERSION));
	return 0;
}

void app_reload(struct app *app, const struct conf *conf)
{
	struct http_config config = http_config(conf);
	struct err err = ERR_INIT;

	if (http_server_reconfigure(app->server, &config, &err) < 0)
		log_failure(LOG_ERROR, "certificates_kept", &err, NULL, 0);
}

/* ---- tearing down, in reverse ---- */

static void stop_serving(struct app *app)
{
	if (!app->server)
		return;
	http_server_stop(app->server);
	unlinkat(app->data_dir_fd, ADDRESS_FILE, 0);
}

void app_free(struct app *app)
{
	if (!app)
		return;
	stop_serving(app);
	ticker_free(app->ticker);
	pool_free(app->workers);
	pool_free(app->readers);
	pool_free(app->verifiers);
	http_server_free(app->server);
	router_free(app->router);
	app_auth_close(app);
	registry_free(app->registry);
	cache_free(app->cache);
	if (app->blobs)
		app->blobs->ops->free(app->blobs);
	meta_close(app->meta);
	metrics_free(app->metrics);
	cleanup_close(&app->lock_fd);
	cleanup_close(&app->data_dir_fd);
	conf_free(app->conf);
	free(app);
}
