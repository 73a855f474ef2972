/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/layout.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fsx.h"
#include "base/hasher.h"
#include "cli/archive.h"
#include "cli/scratch.h"
#include "tests/lib/check.h"
#include "tests/lib/fault.h"
#include "tests/lib/tmpdir.h"

#define TYPE SPAN_LIT("application/vnd.oci.image.manifest.v1+json")
#define TEXT "what the blob holds"
#define SWEPT (FAULT_ALL & ~FAULT_CLOSE)

DEFINE_CLEANUP(layout_close_at, struct layout *, layout_close)

static char dir[TMPDIR_SIZE];
static char folder[TMPDIR_SIZE + 16];
static char archive[TMPDIR_SIZE + 16];
static struct layout_entry entry;

/* The paths of a case, and the one blob that it is about. */
static void prepare(void)
{
	struct err err = ERR_INIT;

	tmpdir_make(dir);
	snprintf(folder, sizeof(folder), "%s/layout", dir);
	snprintf(archive, sizeof(archive), "%s/a.tar", dir);
	entry.media_type = TYPE;
	entry.name = SPAN_LIT("latest");
	entry.content.size = strlen(TEXT);
	CHECK(hasher_once(DIGEST_SHA256, TEXT, strlen(TEXT),
			  &entry.content.digest, &err) == 0);
}

static int add_blob(struct layout *layout, struct err *err)
{
	int fd = -1;

	if (layout_begin_blob(layout, &fd, err) < 0)
		return -1;
	if (fsx_write_all(fd, TEXT, strlen(TEXT), err) < 0) {
		layout_cancel_blob(layout, fd);
		return -1;
	}
	return layout_end_blob(layout, fd, &entry.content, err);
}

static int write_layout(struct err *err)
{
	CLEANUP(layout_close_at) struct layout *layout = NULL;

	if (layout_create(folder, &layout, err) < 0 ||
	    add_blob(layout, err) < 0)
		return -1;
	return layout_add_entry(layout, &entry, err);
}

static int read_layout(struct err *err)
{
	CLEANUP(layout_close_at) struct layout *layout = NULL;
	CLEANUP(buf_release) struct buf out = BUF_INIT(100);

	if (layout_open(folder, &layout, err) < 0 ||
	    layout_read_blob(layout, &entry.content, &out, err) < 0)
		return -1;
	CHECK_TEXT(buf_text(&out), TEXT);
	CHECK(json_array_size(layout_entries(layout)) == 1);
	return 0;
}

static int pack(const json_t *digests, struct err *err)
{
	CLEANUP(layout_close_at) struct layout *layout = NULL;

	if (layout_open(folder, &layout, err) < 0)
		return -1;
	return archive_write_layout(layout_dir_fd(layout), digests, archive,
				    err);
}

/* A failure is told, leaks nothing, and the next try succeeds. */
static void check_round(int rc, const struct err *err, size_t descriptors)
{
	CHECK((rc == 0) == (err->code == ERR_NONE));
	CHECK(fault_open_descriptors() == descriptors);
}

static void writing_is_all_or_told(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(SWEPT);
	struct err err = ERR_INIT;

	prepare();
	while (fault_next(&sweep)) {
		size_t descriptors = fault_open_descriptors();

		err_clear(&err);
		fault_on(&sweep);
		int rc = write_layout(&err);
		fault_off(&sweep);
		check_round(rc, &err, descriptors);
		if (rc < 0)
			CHECK(write_layout(&(struct err){0}) == 0);
		CHECK(read_layout(&(struct err){0}) == 0);
		CHECK(scratch_remove(folder, &err) == 0);
	}
	CHECK(sweep.round >= 30);
}

static void reading_is_right_or_told(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(SWEPT | FAULT_LOOK);
	struct err err = ERR_INIT;

	prepare();
	CHECK(write_layout(&err) == 0);
	while (fault_next(&sweep)) {
		size_t descriptors = fault_open_descriptors();

		err_clear(&err);
		fault_on(&sweep);
		int rc = read_layout(&err);
		fault_off(&sweep);
		check_round(rc, &err, descriptors);
		CHECK((rc == 0) == !sweep.fired);
		CHECK(read_layout(&(struct err){0}) == 0);
	}
	CHECK(sweep.round >= 10);
}

/* The archive is the old one or the new one, never a part of one. */
static void an_archive_appears_whole(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(SWEPT);
	char digest[DIGEST_TEXT_SIZE];
	json_t *digests = json_object();
	struct err err = ERR_INIT;

	prepare();
	CHECK(write_layout(&err) == 0);
	digest_format(&entry.content.digest, digest);
	CHECK(json_object_set_new(digests, digest, json_true()) == 0);
	while (fault_next(&sweep)) {
		size_t descriptors = fault_open_descriptors();
		struct stat info = {0};

		err_clear(&err);
		unlink(archive);
		fault_on(&sweep);
		int rc = pack(digests, &err);
		fault_off(&sweep);
		check_round(rc, &err, descriptors);
		if (stat(archive, &info) == 0)
			CHECK(info.st_size > 3 * 1024);
		else
			CHECK(rc < 0);
		CHECK(pack(digests, &(struct err){0}) == 0);
	}
	CHECK(sweep.round >= 10);
	json_decref(digests);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(writing_is_all_or_told),
		CHECK_CASE(reading_is_right_or_told),
		CHECK_CASE(an_archive_appears_whole),
	};

	return CHECK_RUN(argc, argv, cases);
}
