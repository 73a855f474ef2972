/* SPDX-License-Identifier: Apache-2.0 */
/* A whole push with each system call and allocation failing in turn: what was
 * acknowledged is there and whole, what failed is not half there, and the same
 * push succeeds afterwards. */
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hasher.h"
#include "storage/blob_driver.h"
#include "storage/manifest.h"
#include "storage/meta.h"
#include "storage/registry_blobs.h"
#include "storage/registry_manifests.h"
#include "storage/registry_uploads.h"
#include "storage/sql_driver.h"
#include "tests/lib/check.h"
#include "tests/lib/fault.h"
#include "tests/lib/tmpdir.h"

#define BODY_SIZE 1024
#define ROUNDS_MAX 4000 /* a sweep that does not end is a failure */

static const struct registry_at at = {
	.scope = {.account = {.text = "000000000000", .len = 12},
		  .region = {.text = "local", .len = 5}},
	.repository = {.text = "team/app", .len = 8},
	.actor = {.text = "eve", .len = 3},
	.may_create = true,
};

/* Everything there is in one data directory. */
struct store {
	char dir[TMPDIR_SIZE];
	int dir_fd;
	struct blob_driver *blobs;
	struct meta *meta;
	struct registry *registry;
	struct digest digest; /* of the content pushed */
	char body[BODY_SIZE]; /* of the manifest that names it */
};

static void open_store(struct store *store)
{
	const struct registry_config config = {
		.allow_delete = true,
		.create_on_push = true,
		.manifest_max = 1 << 20,
		.descriptors_max = 10,
		.page_max = 10,
		.uploads_max = 100000,
		.uploads_per_repository = 100000,
		.uploads_per_principal = 100000,
		.upload_expiry_ms = 3600000,
	};
	struct blob_disk_config disk = {
		.writers = 1, .buffers_per_stage = 2, .buffers_total = 4};
	struct sql_driver *sql = NULL;
	struct err err = ERR_INIT;

	store->dir_fd = open(store->dir, O_RDONLY | O_DIRECTORY);
	CHECK(store->dir_fd >= 0);
	disk.dir_fd = store->dir_fd;
	CHECK(blob_disk_new(&disk, &store->blobs, &err) == 0);
	CHECK(sql_sqlite_new(store->dir, "berth.db", &sql, &err) == 0);
	CHECK(meta_open(sql, &clock_system, &store->meta, &err) == 0);
	struct registry_parts parts = {.meta = store->meta,
				       .blobs = store->blobs,
				       .clock = &clock_system,
				       .data_dir_fd = -1};
	CHECK(registry_new(&config, &parts, &store->registry, &err) == 0);
	registry_tidy(store->registry);
}

static void close_store(struct store *store)
{
	registry_free(store->registry);
	meta_close(store->meta);
	store->blobs->ops->free(store->blobs);
	close(store->dir_fd);
}

/* Content of its own for each round. */
static void make_content(struct store *store, char text[64], size_t round)
{
	char digest[DIGEST_TEXT_SIZE];
	struct err err = ERR_INIT;

	snprintf(text, 64, "{\"round\":%zu}", round);
	CHECK(hasher_once(DIGEST_SHA256, text, strlen(text), &store->digest,
			  &err) == 0);
	digest_format(&store->digest, digest);
	snprintf(store->body, sizeof(store->body),
		 "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_OCI_IMAGE
		 "\",\"config\":{\"mediaType\":\"application/"
		 "vnd.oci.image.config.v1+json\",\"digest\":\"%s\",\"size\":"
		 "%zu},\"layers\":[]}",
		 digest, strlen(text));
}

static void room(void *context)
{
	CHECK(sem_post(context) == 0);
}

static int append_all(struct upload *upload, const char *text, struct err *err)
{
	size_t done = 0;
	size_t len = strlen(text);
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
	if (rc < 0)
		registry_upload_abandon(upload);
	sem_destroy(&rooms);
	return rc;
}

static int push_blob(struct store *store, const char *text, struct err *err)
{
	struct registry *registry = store->registry;
	struct upload *upload = NULL;
	char id[RAND_UUID_SIZE] = "untouched";

	if (registry_upload_start(registry, &at, DIGEST_SHA256, id, err) < 0) {
		CHECK_TEXT(id, "untouched");
		return -1;
	}
	if (registry_upload_hold(registry, &at, span_of(id), &upload, err) <
	    0) {
		CHECK(!upload);
		return -1;
	}
	if (append_all(upload, text, err) < 0)
		return -1;
	if (registry_upload_pause(upload, err) < 0 ||
	    registry_upload_hold(registry, &at, span_of(id), &upload, err) < 0)
		return -1;
	if (registry_upload_offset(upload) != strlen(text)) {
		registry_upload_abandon(upload);
		return err_set(err, ERR_UPLOAD_OFFSET, "bytes were lost");
	}
	return registry_upload_finish(upload, &at, &store->digest, err);
}

static int push_manifest(struct store *store, struct err *err)
{
	struct registry_push push = {.reference = {.tag = SPAN_LIT("latest")},
				     .body = span_of(store->body)};
	struct registry_pushed pushed = {.subject = "untouched"};
	int rc = registry_manifest_put(store->registry, &at, &push, &pushed,
				       err);

	CHECK(rc == 0 || strcmp(pushed.subject, "untouched") == 0);
	return rc;
}

static int push(struct store *store, const char *text, bool *ret_blob,
		struct err *err)
{
	*ret_blob = false;
	if (push_blob(store, text, err) < 0)
		return -1;
	*ret_blob = true;
	return push_manifest(store, err);
}

/* The blob reads back as it was pushed: or why not. */
static enum err_code read_blob(struct store *store, const char *text)
{
	struct blob_reader reader = {.fd = -1};
	struct err err = ERR_INIT;
	char data[64];
	size_t got = 0;

	if (registry_blob_open(store->registry, &at, &store->digest, &reader,
			       &err) < 0)
		return err.code;
	CHECK(store->blobs->ops->read_at(&reader, 0, data, sizeof(data), &got,
					 &err) == 0);
	CHECK(got == strlen(text) && memcmp(data, text, got) == 0);
	registry_blob_close(store->registry, &reader);
	return ERR_NONE;
}

static bool tag_is_there(struct store *store)
{
	struct reference tag = {.tag = SPAN_LIT("latest")};
	struct meta_stored stored;
	struct err err = ERR_INIT;
	bool same = false;

	memset(&stored, 0, sizeof(stored));
	if (registry_manifest_get(store->registry, &at, &tag, &stored, &err) ==
	    0)
		same = span_equal(buf_span(&stored.body), span_of(store->body));
	meta_stored_release(&stored);
	return same;
}

/* No upload is held, so nobody waits for ever. */
static void check_nothing_held(struct store *store)
{
	struct registry_counts counts;

	registry_read_counts(store->registry, &counts);
	CHECK(counts.uploads_active == 0);
}

static void check_after(struct store *store, const char *text, bool blob,
			bool all)
{
	enum err_code code = read_blob(store, text);

	CHECK(code == ERR_NONE || code == ERR_BLOB_UNKNOWN ||
	      code == ERR_REPOSITORY_UNKNOWN);
	CHECK(!blob || code == ERR_NONE);
	CHECK(!all || tag_is_there(store));
	CHECK(code == ERR_NONE || !tag_is_there(store));
	check_nothing_held(store);
}

/* least: how many calls there must be for the sweep to mean something. */
static void sweep_push(struct fault_sweep sweep, size_t least)
{
	struct store store = {.dir_fd = -1};
	size_t descriptors = fault_open_descriptors();

	tmpdir_make(store.dir);
	open_store(&store);
	while (fault_next(&sweep)) {
		struct err err = ERR_INIT;
		char text[64];
		bool blob = false;

		CHECK(sweep.round < ROUNDS_MAX);
		make_content(&store, text, sweep.round);
		fault_on(&sweep);
		int rc = push(&store, text, &blob, &err);
		fault_off(&sweep);
		CHECK((rc == 0) == (err.code == ERR_NONE));
		CHECK(rc == 0 || sweep.fired);
		CHECK(rc == 0 || err.text[0] != '\0');
		check_after(&store, text, blob, rc == 0);

		err_clear(&err);
		if (push(&store, text, &blob, &err) < 0)
			fprintf(stderr, "round %zu: %s\n", sweep.round,
				err.text);
		CHECK(err.code == ERR_NONE);
		check_after(&store, text, true, true);
	}
	CHECK(sweep.round >= least);
	close_store(&store);
	CHECK(fault_open_descriptors() == descriptors);

	/* What was acknowledged last survives a start. */
	open_store(&store);
	CHECK(tag_is_there(&store));
	close_store(&store);
}

static void test_a_push_with_memory_running_out(void)
{
	sweep_push(FAULT_SWEEP(FAULT_MEMORY), 20);
}

static void test_a_push_on_a_failing_disk(void)
{
	sweep_push(FAULT_SWEEP(FAULT_OPEN | FAULT_READ | FAULT_WRITE |
			       FAULT_NAME | FAULT_STATE),
		   5);
}

static void test_a_push_that_cannot_be_made_durable(void)
{
	sweep_push(FAULT_SWEEP(FAULT_SYNC | FAULT_CLOSE), 3);
}

static void test_a_push_without_randomness(void)
{
	sweep_push(FAULT_SWEEP(FAULT_RANDOM | FAULT_OPEN), 3);
}

static void test_a_push_with_short_and_interrupted_calls(void)
{
	sweep_push(FAULT_SWEEP_HOW(FAULT_DISK, FAULT_INTERRUPTED), 3);
	sweep_push(FAULT_SWEEP_HOW(FAULT_READ | FAULT_WRITE, FAULT_SHORT), 1);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_push_with_memory_running_out),
		CHECK_CASE(test_a_push_on_a_failing_disk),
		CHECK_CASE(test_a_push_that_cannot_be_made_durable),
		CHECK_CASE(test_a_push_without_randomness),
		CHECK_CASE(test_a_push_with_short_and_interrupted_calls),
	};

	return CHECK_RUN(argc, argv, cases);
}
