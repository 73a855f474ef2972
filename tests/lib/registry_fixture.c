/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/registry_fixture.h"

#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hasher.h"
#include "storage/blob_driver.h"
#include "storage/meta_events.h"
#include "storage/registry_blobs.h"
#include "storage/registry_uploads.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

#define CASES_MAX 32
#define WAYS_MAX 4

#define SCOPE                                                                  \
	{                                                                      \
		.account = {.text = "000000000000", .len = 12},                \
		.region = {.text = "local", .len = 5},                         \
	}

const struct registry_at fixture_at = {
	.scope = SCOPE,
	.repository = {.text = "team/app", .len = 8},
	.actor = {.text = "eve", .len = 3},
	.may_create = true,
};
const struct registry_at fixture_other_repository = {
	.scope = SCOPE,
	.repository = {.text = "team/other", .len = 10},
	.actor = {.text = "eve", .len = 3},
	.may_create = true,
};
const struct registry_at fixture_other_actor = {
	.scope = SCOPE,
	.repository = {.text = "team/app", .len = 8},
	.actor = {.text = "mallory", .len = 7},
	.may_create = true,
};

/* ---- the ways a case runs ---- */

static bool on_disk;

static void use(bool postgres, bool disk)
{
	sql_fixture_use(postgres);
	on_disk = disk;
}

static void use_sqlite_disk(void)
{
	use(false, true);
}

static void use_sqlite_memory(void)
{
	use(false, false);
}

static void use_postgres_disk(void)
{
	use(true, true);
}

static void use_postgres_memory(void)
{
	use(true, false);
}

static const struct {
	const char *name;
	void (*before)(void);
} ways[WAYS_MAX] = {
	{"sqlite_and_disk", use_sqlite_disk},
	{"sqlite_and_memory", use_sqlite_memory},
	{"postgres_and_disk", use_postgres_disk},
	{"postgres_and_memory", use_postgres_memory},
};

int registry_fixture_run(int argc, char **argv, const struct check_case *cases,
			 size_t count)
{
	static struct check_case all[WAYS_MAX * CASES_MAX];
	static char names[WAYS_MAX * CASES_MAX][160];
	size_t used = getenv("BERTH_TEST_POSTGRES") ? WAYS_MAX : 2;
	size_t total = 0;

	CHECK(count <= CASES_MAX);
	for (size_t way = 0; way < used; way++)
		for (size_t i = 0; i < count; i++) {
			snprintf(names[total], sizeof(names[total]), "%s_on_%s",
				 cases[i].name, ways[way].name);
			all[total] =
				(struct check_case){.name = names[total],
						    .run = cases[i].run,
						    .before = ways[way].before};
			total++;
		}
	return check_run(argc, argv, all, total);
}

bool registry_fixture_on_disk(void)
{
	return on_disk;
}

/* ---- opening ---- */

static int keep_number(void *context, const struct meta_event_row *row,
		       struct err *err)
{
	(void)err;
	*(int64_t *)context = row->number;
	return 0;
}

/* On the thread that made the change: what it sees was committed before.  While
 * the database is made to fail it may see nothing. */
static void note_change(void *context, struct meta_scope scope,
			struct span repository)
{
	struct registry_fixture *fixture = context;
	struct meta_tx *tx = NULL;
	struct err err = ERR_INIT;
	int64_t newest = 0;

	CHECK(repository.len > 0);
	atomic_fetch_add(&fixture->changes, 1);
	if (meta_read_begin(fixture->meta, &tx, &err) < 0)
		return;
	if (meta_event_page(tx, scope, 0, 1000, keep_number, &newest, &err) ==
	    0)
		atomic_store(&fixture->events_seen, newest);
	meta_read_end(tx);
}

static struct blob_driver *new_blobs(struct registry_fixture *fixture)
{
	const struct blob_disk_config config = {.dir_fd = fixture->dir_fd,
						.writers = 2,
						.buffers_per_stage = 2,
						.buffers_total = 8};
	struct blob_driver *driver = NULL;
	struct err err = ERR_INIT;
	int rc = on_disk ? blob_disk_new(&config, &driver, &err)
			 : blob_mem_new(&driver, &err);

	CHECK(rc == 0);
	return blob_faulty_new(driver, &(struct blob_faulty_plan){0});
}

static void open_on(struct registry_fixture *fixture, struct sql_driver *below)
{
	struct err err = ERR_INIT;

	fixture->sql = sql_faulty_new(below);
	CHECK(meta_open(fixture->sql, &meta_fixture_clock, &fixture->meta,
			&err) == 0);
	if (!fixture->blobs)
		fixture->blobs = new_blobs(fixture);
	struct registry_parts parts = {.meta = fixture->meta,
				       .blobs = fixture->blobs,
				       .clock = &meta_fixture_clock,
				       .data_dir_fd = fixture->dir_fd,
				       .changed = note_change,
				       .context = fixture};
	CHECK(registry_new(&fixture->config, &parts, &fixture->registry,
			   &err) == 0);
}

void registry_fixture_open(struct registry_fixture *fixture)
{
	memset(fixture, 0, sizeof(*fixture));
	fixture->config = (struct registry_config){
		.allow_delete = true,
		.create_on_push = true,
		.manifest_max = 4 << 20,
		.descriptors_max = 1000,
		.tags_per_push = 10,
		.page_max = 100,
		.uploads_max = 1000,
		.uploads_per_repository = 1000,
		.uploads_per_principal = 1000,
		.upload_expiry_ms = 3600000,
	};
	tmpdir_make(fixture->dir);
	fixture->dir_fd = open(fixture->dir, O_RDONLY | O_DIRECTORY);
	CHECK(fixture->dir_fd >= 0);
	open_on(fixture, sql_fixture_new());
}

static void close_all(struct registry_fixture *fixture, bool blobs)
{
	registry_free(fixture->registry);
	meta_close(fixture->meta);
	if (!blobs)
		return;
	fixture->blobs->ops->free(fixture->blobs);
	fixture->blobs = NULL;
}

void registry_fixture_close(struct registry_fixture *fixture)
{
	close_all(fixture, true);
	close(fixture->dir_fd);
}

void registry_fixture_reopen(struct registry_fixture *fixture)
{
	close_all(fixture, on_disk);
	open_on(fixture, sql_fixture_again());
}

/* ---- pushing ---- */

struct digest fixture_digest(const char *text)
{
	struct err err = ERR_INIT;
	struct digest digest;

	CHECK(hasher_once(DIGEST_SHA256, text, strlen(text), &digest, &err) ==
	      0);
	return digest;
}

static void room(void *context)
{
	CHECK(sem_post(context) == 0);
}

int fixture_append(struct upload *upload, const char *text, struct err *err)
{
	size_t len = strlen(text);
	size_t done = 0;
	sem_t rooms;
	int rc = 0;

	CHECK(sem_init(&rooms, 0, 0) == 0);
	while (rc == 0 && done < len) {
		size_t taken = 0;

		rc = registry_upload_append(upload,
					    span_make(text + done, len - done),
					    &taken, room, &rooms, err);
		done += taken;
		if (rc == 0 && done < len)
			CHECK(sem_wait(&rooms) == 0);
	}
	sem_destroy(&rooms);
	return rc;
}

int fixture_try_push(struct registry_fixture *fixture,
		     const struct registry_at *at, const char *text,
		     struct err *err)
{
	struct digest digest = fixture_digest(text);
	struct upload *upload = NULL;
	char id[RAND_UUID_SIZE];

	if (registry_upload_start(fixture->registry, at, DIGEST_SHA256, id,
				  err) < 0 ||
	    registry_upload_hold(fixture->registry, at, span_of(id), &upload,
				 err) < 0)
		return -1;
	if (fixture_append(upload, text, err) < 0) {
		registry_upload_abandon(upload);
		return -1;
	}
	return registry_upload_finish(upload, at, &digest, err);
}

struct digest fixture_push(struct registry_fixture *fixture,
			   const struct registry_at *at, const char *text)
{
	struct err err = ERR_INIT;
	int rc = fixture_try_push(fixture, at, text, &err);

	if (rc < 0)
		fprintf(stderr, "push: %s\n", err.text);
	CHECK(rc == 0);
	return fixture_digest(text);
}

void fixture_start(struct registry_fixture *fixture,
		   const struct registry_at *at, const char *text,
		   char ret_id[RAND_UUID_SIZE])
{
	struct upload *upload = NULL;
	struct err err = ERR_INIT;

	CHECK(registry_upload_start(fixture->registry, at, DIGEST_SHA256,
				    ret_id, &err) == 0);
	CHECK(registry_upload_hold(fixture->registry, at, span_of(ret_id),
				   &upload, &err) == 0);
	CHECK(fixture_append(upload, text, &err) == 0);
	CHECK(registry_upload_pause(upload, &err) == 0);
}

/* ---- looking ---- */

enum err_code fixture_pull(struct registry_fixture *fixture,
			   const struct registry_at *at, const char *text)
{
	struct digest digest = fixture_digest(text);
	struct blob_reader reader = {.fd = -1};
	struct err err = ERR_INIT;
	char data[4096];
	size_t got = 0;

	CHECK(strlen(text) < sizeof(data));
	if (registry_blob_open(fixture->registry, at, &digest, &reader, &err) <
	    0)
		return err.code;
	CHECK(reader.size == strlen(text));
	CHECK(fixture->blobs->ops->read_at(&reader, 0, data, sizeof(data), &got,
					   &err) == 0);
	CHECK(got == strlen(text) && memcmp(data, text, got) == 0);
	registry_blob_close(fixture->registry, &reader);
	return ERR_NONE;
}

static int count_one(void *context, const struct blob_listed *listed,
		     struct err *err)
{
	(void)listed;
	(void)err;
	++*(size_t *)context;
	return 0;
}

size_t fixture_published(struct registry_fixture *fixture)
{
	struct err err = ERR_INIT;
	size_t count = 0;

	CHECK(fixture->blobs->ops->each(fixture->blobs, count_one, &count,
					&err) == 0);
	return count;
}

size_t fixture_stages(struct registry_fixture *fixture)
{
	struct err err = ERR_INIT;
	size_t count = 0;

	CHECK(fixture->blobs->ops->each_stage(fixture->blobs, count_one, &count,
					      &err) == 0);
	return count;
}

static int print_event(void *context, const struct meta_event_row *row,
		       struct err *err)
{
	char *log = context;
	size_t used = strlen(log);

	(void)err;
	CHECK(used < FIXTURE_LOG_SIZE - 100);
	CHECK(row->event.actor.len > 0);
	snprintf(log + used, FIXTURE_LOG_SIZE - used, "%.*s %.*s %.*s;",
		 SPAN_ARG(row->event.kind), SPAN_ARG(row->event.repository),
		 SPAN_ARG(row->event.tag));
	return 0;
}

void fixture_events(struct registry_fixture *fixture,
		    char ret_log[FIXTURE_LOG_SIZE])
{
	struct meta_tx *tx = meta_fixture_read(fixture->meta);
	struct err err = ERR_INIT;

	ret_log[0] = '\0';
	CHECK(meta_event_page(tx, fixture_at.scope, 0, 1000, print_event,
			      ret_log, &err) == 0);
	meta_read_end(tx);
}

int fixture_state(struct registry_fixture *fixture, const struct digest *digest,
		  struct meta_blob *ret_blob)
{
	struct meta_tx *tx = meta_fixture_read(fixture->meta);
	struct meta_blob blob = {.id = 0};
	struct err err = ERR_INIT;
	int found = meta_blob_find(tx, digest, &blob, &err);

	CHECK(found >= 0);
	meta_read_end(tx);
	if (ret_blob)
		*ret_blob = blob;
	return found ? (int)blob.state : -1;
}

static int condemn_work(struct meta_tx *tx, void *context, struct err *err)
{
	return meta_blob_condemn(tx, *(int64_t *)context, err) == 1 ? 0 : -1;
}

static int begin_work(struct meta_tx *tx, void *context, struct err *err)
{
	return meta_blob_begin_delete(tx, *(int64_t *)context, err) == 1 ? 0
									 : -1;
}

void fixture_condemn(struct registry_fixture *fixture,
		     const struct digest *digest)
{
	struct meta_blob blob;

	CHECK(fixture_state(fixture, digest, &blob) == META_BLOB_LIVE);
	meta_fixture_write(fixture->meta, condemn_work, &blob.id);
	CHECK(fixture_state(fixture, digest, &blob) == META_BLOB_CONDEMNED);
}

void fixture_begin_delete(struct registry_fixture *fixture,
			  const struct digest *digest)
{
	struct meta_blob blob;

	fixture_condemn(fixture, digest);
	fixture_state(fixture, digest, &blob);
	meta_fixture_write(fixture->meta, begin_work, &blob.id);
	CHECK(fixture_state(fixture, digest, NULL) == -1);
}
