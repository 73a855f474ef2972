/* SPDX-License-Identifier: Apache-2.0 */
#include "server/health.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "base/metrics.h"
#include "server/app.h"
#include "server/http/response.h"
#include "server/oci/oci.h"
#include "storage/meta_blobs.h"
#include "storage/registry.h"

#define TEXT "text/plain; charset=utf-8"

void health_error(struct request *request, const struct err *err)
{
	int status = oci_error_status(err->code);
	struct buf *body = response_body(request, status, TEXT);

	buf_appendf(body, "%s\n", err_for_client(err));
	if (status == 503)
		response_header(request, "Retry-After", "1");
}

static int get_health(struct request *request, struct err *err)
{
	(void)err;
	buf_append_text(response_body(request, 200, TEXT), "ok\n");
	return 1;
}

static const struct handler healthz = {.quick = get_health};

/* A full disk leaves a registry that people still pull from: it is ready, and
 * says so in its metrics and answers. */
static int get_ready(struct request *request, struct err *err)
{
	struct err down = ERR_INIT;

	if (meta_ping(request->app->meta, &down) < 0) {
		err_set(err, ERR_UNAVAILABLE, "%s", down.text);
		return err_tell(err, "not ready: the database does not answer");
	}
	buf_append_text(response_body(request, 200, TEXT), "ready\n");
	return 0;
}

static const struct handler readyz = {.work = get_ready};

/* ---- metrics ---- */

DEFINE_CLEANUP(read_end, struct meta_tx *, meta_read_end)

static int count_blobs(struct app *app, uint64_t *ret_count,
		       uint64_t *ret_bytes, struct err *err)
{
	CLEANUP(read_end) struct meta_tx *tx = NULL;

	if (meta_read_begin(app->meta, &tx, err) < 0)
		return -1;
	return meta_blob_totals(tx, ret_count, ret_bytes, err);
}

static void append_gauge(struct buf *body, const char *name, const char *help,
			 uint64_t value)
{
	buf_appendf(body, "# HELP %s %s\n# TYPE %s gauge\n%s %llu\n", name,
		    help, name, name, (unsigned long long)value);
}

/* The store's figures come from the database and may be missing; the others
 * are always there. */
static int get_metrics(struct request *request, struct err *err)
{
	struct app *app = request->app;
	struct buf *body =
		response_body(request, 200, "text/plain; version=0.0.4");
	struct err missing = ERR_INIT;
	uint64_t blobs = 0;
	uint64_t bytes = 0;

	(void)err;
	metrics_write(app->metrics, body);
	if (count_blobs(app, &blobs, &bytes, &missing) < 0)
		return 0;
	append_gauge(body, "berth_blobs", "Blobs stored, each content once.",
		     blobs);
	append_gauge(body, "berth_blob_bytes", "Bytes in stored blobs.", bytes);
	return 0;
}

static const struct handler metrics = {.work = get_metrics};

const struct route health_routes[] = {
	{HTTP_GET, "/healthz", ACTION_PUBLIC, DOOR_PLAIN, BODY_NONE, 0,
	 "healthz", &healthz},
	{HTTP_HEAD, "/healthz", ACTION_PUBLIC, DOOR_PLAIN, BODY_NONE, 0,
	 "healthz", &healthz},
	{HTTP_GET, "/readyz", ACTION_PUBLIC, DOOR_PLAIN, BODY_NONE, 0, "readyz",
	 &readyz},
	{HTTP_HEAD, "/readyz", ACTION_PUBLIC, DOOR_PLAIN, BODY_NONE, 0,
	 "readyz", &readyz},
	{HTTP_GET, "/metrics", ACTION_READ_METRICS, DOOR_PLAIN, BODY_NONE, 0,
	 "metrics", &metrics},
	{HTTP_HEAD, "/metrics", ACTION_READ_METRICS, DOOR_PLAIN, BODY_NONE, 0,
	 "metrics", &metrics},
};

const size_t health_route_count =
	sizeof(health_routes) / sizeof(health_routes[0]);

static int64_t uploads_active(void *context)
{
	struct registry_counts counts;

	registry_read_counts(context, &counts);
	return counts.uploads_active;
}

static int64_t uploads_idle(void *context)
{
	struct registry_counts counts;

	registry_read_counts(context, &counts);
	return counts.uploads_idle;
}

static int64_t free_bytes(void *context)
{
	struct registry_counts counts;

	registry_read_counts(context, &counts);
	return counts.free_bytes < INT64_MAX ? (int64_t)counts.free_bytes : -1;
}

static int64_t full(void *context)
{
	struct registry_counts counts;

	registry_read_counts(context, &counts);
	return counts.full;
}

static int64_t commits(void *context)
{
	struct meta_counts counts;

	meta_read_counts(context, &counts);
	return (int64_t)counts.commits;
}

static int64_t writes(void *context)
{
	struct meta_counts counts;

	meta_read_counts(context, &counts);
	return (int64_t)counts.writes;
}

int health_register(struct app *app, struct err *err)
{
	const struct {
		const char *name;
		const char *help;
		int64_t (*value)(void *context);
		void *context;
	} rows[] = {
		{"berth_uploads_active", "Uploads that a request writes to.",
		 uploads_active, app->registry},
		{"berth_uploads_idle", "Uploads open between two requests.",
		 uploads_idle, app->registry},
		{"berth_store_free_bytes",
		 "Bytes that the store has room for, -1 if not bounded.",
		 free_bytes, app->registry},
		{"berth_store_full",
		 "1 while pushes are refused for lack of room.", full,
		 app->registry},
		{"berth_database_commits", "Commits, each a group of writes.",
		 commits, app->meta},
		{"berth_database_writes", "Writes that were committed.", writes,
		 app->meta},
	};
	struct metric *build = NULL;

	if (metrics_add(app->metrics, METRIC_GAUGE, "berth_build_info",
			"version=\"" BERTH_VERSION "\"",
			"1, with what this program is.", &build, err) < 0)
		return -1;
	metric_set(build, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (metrics_add_callback(app->metrics, rows[i].name, "",
					 rows[i].help, rows[i].value,
					 rows[i].context, err) < 0)
			return -1;
	return 0;
}
