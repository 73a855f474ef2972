/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/http_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "auth/authn.h"
#include "auth/authz.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/metrics.h"
#include "base/pool.h"
#include "server/http/entity.h"
#include "server/http/router.h"
#include "tests/lib/check.h"
#include "tests/lib/tmpdir.h"

#define SLOW_PIECE 1000 /* bytes that "slow" takes at a time */
#define DIGEST_A                                                               \
	"sha256:"                                                              \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B                                                               \
	"sha256:"                                                              \
	"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct app *verifying; /* whose server asks */

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* The stand-in for auth/authn.c. */
static void become(struct principal *principal, const char *name)
{
	*principal = (struct principal){.kind = PRINCIPAL_USER};
	snprintf(principal->name, sizeof(principal->name), "%s", name);
}

enum authn_answer authn_quick(struct authn *authn,
			      const struct authn_request *request,
			      struct principal *ret_principal, struct err *err)
{
	struct span header = request->header;

	(void)authn;
	if (span_equal(header, SPAN_LIT("quick"))) {
		become(ret_principal, "quick");
		return AUTHN_KNOWN;
	}
	if (span_equal(header, SPAN_LIT("wrong"))) {
		err_set(err, ERR_UNAUTHENTICATED, "wrong");
		return AUTHN_REFUSED;
	}
	if (span_equal(header, SPAN_LIT("signed")))
		return AUTHN_BODY;
	if (header.len > 0)
		return AUTHN_PASSWORD;
	*ret_principal = PRINCIPAL_ANONYMOUS_INIT;
	return AUTHN_KNOWN;
}

int authn_verify(struct authn *authn, const struct authn_request *request,
		 struct principal *ret_principal, struct err *err)
{
	struct span header = request->header;

	(void)authn;
	atomic_fetch_add(&verifying->verified, 1);
	while (span_equal(header, SPAN_LIT("stuck")) &&
	       !atomic_load(&verifying->release))
		nap();
	if (span_equal(header, SPAN_LIT("signed")) &&
	    span_equal(request->body, SPAN_LIT("the signed body"))) {
		become(ret_principal, "signer");
		return 0;
	}
	if (!span_equal(header, SPAN_LIT("slow")))
		return err_set(err, ERR_UNAUTHENTICATED, "unknown");
	become(ret_principal, "slow");
	return 0;
}

/* The stand-in for auth/authz.c: everybody may do everything but what "asked"
 * needs a worker for. */
int authz_quick(struct authz *authz, const struct authz_question *question,
		struct err *err)
{
	(void)authz;
	(void)err;
	return span_equal(question->user_agent, SPAN_LIT("ask")) ? 0 : 1;
}

int authz_check(struct authz *authz, const struct authz_question *question,
		struct err *err)
{
	(void)authz;
	if (question->principal->kind == PRINCIPAL_ANONYMOUS)
		return err_set(err, ERR_DENIED, "denied");
	return 0;
}

int authz_suppose(struct authz *authz, const struct authz_question *question,
		  struct span document, struct err *err)
{
	(void)document;
	return authz_check(authz, question, err);
}

/* The application. */
static int answer_text(struct request *request, const char *text)
{
	buf_append_text(response_body(request, 200, "text/plain"), text);
	return 0;
}

static int memory_quick(struct request *request, struct err *err)
{
	(void)err;
	response_entity(request, request->app->memory);
	return 1;
}

static int file_quick(struct request *request, struct err *err)
{
	(void)err;
	response_entity(request, request->app->file);
	return 1;
}

static int work_work(struct request *request, struct err *err)
{
	(void)err;
	return answer_text(request, "worked\n");
}

static int stall_work(struct request *request, struct err *err)
{
	(void)err;
	atomic_fetch_add(&request->app->stalled, 1);
	while (!atomic_load(&request->app->release))
		nap();
	return answer_text(request, "released\n");
}

static int fields_quick(struct request *request, struct err *err)
{
	struct span value;

	for (size_t i = 0; i < 64; i++) {
		if (request_query(request, "f", i, &value, err) != 1)
			break;
		response_headerf(request, "F", "%.*s", SPAN_ARG(value));
	}
	buf_append_text(response_body(request, 200, "text/plain"), "fields\n");
	return 1;
}

static int echo_work(struct request *request, struct err *err)
{
	(void)err;
	buf_append_span(response_body(request, 200, "text/plain"),
			buf_span(&request->body));
	return 0;
}

static int name_quick(struct request *request, struct err *err)
{
	(void)err;
	buf_append_span(response_body(request, 200, "text/plain"),
			request->params[ROUTE_NAME]);
	return 1;
}

struct upload {
	struct request *request;
	struct pool_job job; /* wakes the request */
	size_t bytes;
	bool slow;
	bool fails;
	bool late;
};

static void wake_request(struct pool_job *job)
{
	struct upload *upload =
		(void *)((char *)job - offsetof(struct upload, job));

	request_wake(upload->request);
}

static int stream_open(struct request *request, struct err *err)
{
	struct span how = request->params[0];
	struct upload *upload = calloc(1, sizeof(*upload));

	if (!upload)
		return err_set(err, ERR_NO_MEMORY, "no memory for an upload");
	atomic_fetch_add(&request->app->opened, 1);
	request->state = upload;
	upload->request = request;
	upload->job.run = wake_request;
	upload->slow = span_equal(how, SPAN_LIT("slow"));
	upload->fails = span_equal(how, SPAN_LIT("fail"));
	upload->late = span_equal(how, SPAN_LIT("late"));
	if (span_equal(how, SPAN_LIT("refuse")))
		return err_set(err, ERR_DENIED, "open refuses");
	return 0;
}

static int stream_chunk(struct request *request, const void *data, size_t len,
			size_t *ret_taken, struct err *err)
{
	struct upload *upload = request->state;

	(void)data;
	atomic_store(&request->app->piece, len);
	if (upload->fails)
		return err_set(err, ERR_UPLOAD_INVALID, "chunk fails");
	if (upload->slow && len > SLOW_PIECE) {
		len = SLOW_PIECE;
		pool_submit(request->app->workers, &upload->job);
	}
	upload->bytes += len;
	*ret_taken = len;
	return 0;
}

static int stream_work(struct request *request, struct err *err)
{
	const struct upload *upload = request->state;

	if (upload->late)
		return err_set(err, ERR_DIGEST_INVALID, "work fails");
	buf_appendf(response_body(request, 201, "text/plain"), "%zu",
		    upload->bytes);
	return 0;
}

static void stream_close(struct request *request)
{
	atomic_fetch_add(&request->app->closed, 1);
	free(request->state);
}

static const struct handler memory = {.quick = memory_quick};
static const struct handler file = {.quick = file_quick};
static const struct handler worker = {.work = work_work};
static const struct handler stall = {.work = stall_work};
static const struct handler fields = {.quick = fields_quick};
static const struct handler echo = {.work = echo_work};
static const struct handler name = {.quick = name_quick};
static const struct handler stream = {.open = stream_open,
				      .chunk = stream_chunk,
				      .work = stream_work,
				      .close = stream_close};

static const struct route routes[] = {
	{HTTP_GET, "/memory", ACTION_LIST_IMAGES, DOOR_PLAIN, BODY_NONE, 0,
	 "memory", &memory},
	{HTTP_HEAD, "/memory", ACTION_LIST_IMAGES, DOOR_PLAIN, BODY_NONE, 0,
	 "memory", &memory},
	{HTTP_GET, "/file", ACTION_LIST_IMAGES, DOOR_PLAIN, BODY_NONE, 0,
	 "file", &file},
	{HTTP_HEAD, "/file", ACTION_LIST_IMAGES, DOOR_PLAIN, BODY_NONE, 0,
	 "file", &file},
	{HTTP_GET, "/work", ACTION_PUBLIC, DOOR_PLAIN, BODY_NONE, 0, "work",
	 &worker},
	{HTTP_GET, "/login", ACTION_LOGIN, DOOR_PLAIN, BODY_NONE, 0, "login",
	 &worker},
	{HTTP_GET, "/stall", ACTION_PUBLIC, DOOR_PLAIN, BODY_NONE, 0, "stall",
	 &stall},
	{HTTP_GET, "/fields", ACTION_PUBLIC, DOOR_PLAIN, BODY_NONE, 0, "fields",
	 &fields},
	{HTTP_PUT, "/echo", ACTION_PUT_IMAGE, DOOR_PLAIN, BODY_BUFFERED, 65536,
	 "echo", &echo},
	{HTTP_PUT, "/stream/{id}", ACTION_PUT_IMAGE, DOOR_PLAIN, BODY_STREAMED,
	 0, "stream", &stream},
	{HTTP_GET, "/v2/{name}/tags/list", ACTION_LIST_IMAGES, DOOR_OCI,
	 BODY_NONE, 0, "tags", &name},
};

static void make_entities(struct app *app)
{
	struct err err = ERR_INIT;
	struct buf body = BUF_INIT(4096);
	struct entity_head head = {.content_type = SPAN_LIT("text/plain"),
				   .digest = SPAN_LIT(DIGEST_A),
				   .immutable = true};
	char dir[TMPDIR_SIZE];
	char block[4096];

	for (int i = 0; i < 100; i++)
		buf_append_text(&body, "memory\n");
	CHECK(entity_new_bytes(&head, &body, &app->memory, &err) == 0);
	tmpdir_make(dir);
	snprintf(app->file_path, sizeof(app->file_path), "%s/file", dir);
	int fd = open(app->file_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	for (size_t i = 0; i < FIXTURE_FILE_SIZE / sizeof(block); i++) {
		memset(block, 'a' + (int)(i % 26), sizeof(block));
		CHECK(write(fd, block, sizeof(block)) == sizeof(block));
	}
	head.digest = SPAN_LIT(DIGEST_B);
	CHECK(entity_new_file(&head, fd, FIXTURE_FILE_SIZE, &app->file, &err) ==
	      0);
}

static void shed(struct app *app, size_t count)
{
	atomic_fetch_add(&app->shed, count);
}

void http_fixture_init(struct app *app)
{
	memset(app, 0, sizeof(*app));
	app->config = (struct http_config){
		.listen = "127.0.0.1:0",
		.event_loops = 2,
		.header_bytes = 16384,
		.target_bytes = 4096,
		.connections = 4096,
		.requests = 4096,
		.header_timeout_ms = 10000,
		.idle_timeout_ms = 30000,
		.body_idle_timeout_ms = 10000,
		.body_timeout_ms = 60000,
		.drain_timeout_ms = 5000,
		.body_max = 4u << 20,
		.bodies_max = 64u << 20,
		.access_log = false,
	};
}

struct http_parts http_fixture_parts(struct app *app)
{
	return (struct http_parts){
		.app = app,
		.router = app->router,
		.access = {.external_url = "",
			   .service = "test",
			   .basic = true},
		.workers = app->workers,
		.readers = app->workers,
		.verifiers = app->verifiers,
		.metrics = app->metrics,
		.clock = &clock_system,
		.shed_files = shed,
	};
}

void http_fixture_start(struct app *app)
{
	static const struct route_table table = {
		routes, sizeof(routes) / sizeof(routes[0])};
	struct err err = ERR_INIT;

	verifying = app;
	make_entities(app);
	CHECK(metrics_new(&app->metrics, &err) == 0);
	CHECK(pool_new("worker", 4, &app->workers, &err) == 0);
	CHECK(pool_new("verifier", 2, &app->verifiers, &err) == 0);
	CHECK(router_new(&table, 1, &app->router, &err) == 0);
	struct http_parts parts = http_fixture_parts(app);

	CHECK(http_server_new(&app->config, &parts, &app->server, &err) == 0);
	app->address = http_server_address(app->server);
	CHECK(http_server_start(app->server, &err) == 0);
}

static void *stop(void *context)
{
	struct app *app = context;

	http_server_stop(app->server);
	return NULL;
}

void http_fixture_stop_begin(struct app *app)
{
	CHECK(pthread_create(&app->stopper, NULL, stop, app) == 0);
	app->stopping = true;
}

void http_fixture_stop(struct app *app)
{
	atomic_store(&app->release, true);
	if (app->stopping)
		CHECK(pthread_join(app->stopper, NULL) == 0);
	http_server_stop(app->server);
	pool_free(app->workers);
	pool_free(app->verifiers);
	http_server_free(app->server);
	router_free(app->router);
	metrics_free(app->metrics);
	entity_unref(app->memory);
	entity_unref(app->file);
}
