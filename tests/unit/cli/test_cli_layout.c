/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/layout.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fsx.h"
#include "base/hasher.h"
#include "cli/archive.h"
#include "tests/lib/check.h"
#include "tests/lib/tmpdir.h"

#define TYPE SPAN_LIT("application/vnd.oci.image.manifest.v1+json")

static char dir[TMPDIR_SIZE];
static char place[TMPDIR_SIZE + 200];

/* A path below the case's folder, until the next call. */
static const char *below(const char *name)
{
	snprintf(place, sizeof(place), "%s/%s", dir, name);
	return place;
}

static struct layout *create(void)
{
	struct layout *layout = NULL;
	struct err err = ERR_INIT;

	tmpdir_make(dir);
	CHECK(layout_create(below("layout"), &layout, &err) == 0);
	return layout;
}

static struct content content_of(enum digest_algo algo, const char *text)
{
	struct content content = {.size = strlen(text)};
	struct err err = ERR_INIT;

	CHECK(hasher_once(algo, text, strlen(text), &content.digest, &err) ==
	      0);
	return content;
}

static int add(struct layout *layout, const struct content *content,
	       const char *text, struct err *err)
{
	int fd = -1;

	CHECK(layout_begin_blob(layout, &fd, err) == 0);
	CHECK(fsx_write_all(fd, text, strlen(text), err) == 0);
	return layout_end_blob(layout, fd, content, err);
}

static void gives_back_what_was_added(void)
{
	struct layout *layout = create();

	for (int algo = 0; algo < DIGEST_ALGO_COUNT; algo++) {
		struct content content =
			content_of((enum digest_algo)algo, "some bytes");
		struct buf out = BUF_INIT(100);
		struct err err = ERR_INIT;

		CHECK(layout_has_blob(layout, &content, &err) == 0);
		CHECK(add(layout, &content, "some bytes", &err) == 0);
		CHECK(layout_has_blob(layout, &content, &err) == 1);
		CHECK(layout_read_blob(layout, &content, &out, &err) == 0);
		CHECK_TEXT(buf_text(&out), "some bytes");
		buf_release(&out);
	}
	layout_close(layout);
}

static void empty_content_is_content(void)
{
	struct layout *layout = create();
	struct content content = content_of(DIGEST_SHA256, "");
	struct buf out = BUF_INIT(100);
	struct err err = ERR_INIT;

	CHECK(add(layout, &content, "", &err) == 0);
	CHECK(layout_read_blob(layout, &content, &out, &err) == 0);
	CHECK(out.len == 0);
	buf_release(&out);
	layout_close(layout);
}

static void takes_nothing_under_another_name(void)
{
	struct layout *layout = create();
	struct content content = content_of(DIGEST_SHA256, "some bytes");
	struct err err = ERR_INIT;

	CHECK(add(layout, &content, "some bytez", &err) == -1);
	CHECK(err.code == ERR_CORRUPT);
	err_clear(&err);
	content.size++;
	CHECK(add(layout, &content, "some bytes", &err) == -1);
	CHECK(err.code == ERR_CORRUPT);
	err_clear(&err);
	content.size--;
	CHECK(layout_has_blob(layout, &content, &err) == 0);
	CHECK(access(below("layout/.partial"), F_OK) == -1);
	layout_close(layout);
}

static void a_ceiling_holds(void)
{
	struct layout *layout = create();
	struct content content = content_of(DIGEST_SHA256, "some bytes");
	struct buf out = BUF_INIT(9);
	struct err err = ERR_INIT;

	CHECK(add(layout, &content, "some bytes", &err) == 0);
	CHECK(layout_read_blob(layout, &content, &out, &err) == -1);
	CHECK(err.code == ERR_TOO_LARGE);
	buf_release(&out);
	layout_close(layout);
}

static void one_process_writes(void)
{
	struct layout *layout = create();
	struct layout *second = NULL;
	struct err err = ERR_INIT;

	CHECK(layout_create(below("layout"), &second, &err) == -1);
	CHECK(err.code == ERR_CONFLICT);
	CHECK(!second);
	err_clear(&err);
	layout_close(layout);
	CHECK(layout_create(below("layout"), &second, &err) == 0);
	layout_close(second);
}

static void list(struct layout *layout, const char *text, const char *name)
{
	struct layout_entry entry = {.media_type = TYPE,
				     .content = content_of(DIGEST_SHA256, text),
				     .name = span_of(name)};
	struct err err = ERR_INIT;

	CHECK(layout_add_entry(layout, &entry, &err) == 0);
}

static size_t listed(void)
{
	struct layout *layout = NULL;
	struct err err = ERR_INIT;
	size_t count;

	CHECK(layout_open(below("layout"), &layout, &err) == 0);
	count = json_array_size(layout_entries(layout));
	layout_close(layout);
	return count;
}

static void a_name_stands_once(void)
{
	struct layout *layout = create();
	struct err err = ERR_INIT;

	list(layout, "a", "one");
	list(layout, "a", "two");
	CHECK(listed() == 2);
	list(layout, "b", "one");
	CHECK(listed() == 2);
	list(layout, "a", "");
	list(layout, "b", "");
	list(layout, "b", "");
	CHECK(listed() == 4);
	CHECK(layout_clear_entries(layout, &err) == 0);
	CHECK(listed() == 0);
	layout_close(layout);
}

static void is_no_layout(const char *file, const char *text)
{
	struct layout *layout = NULL;
	struct err err = ERR_INIT;
	int dir_fd;

	layout_close(create());
	dir_fd = open(below("layout"), O_RDONLY | O_DIRECTORY);
	CHECK(dir_fd >= 0);
	if (text)
		CHECK(fsx_replace_file(dir_fd, file, text, strlen(text), 0600,
				       &err) == 0);
	else
		CHECK(unlinkat(dir_fd, file, 0) == 0);
	close(dir_fd);
	CHECK(layout_open(below("layout"), &layout, &err) == -1);
	CHECK(err.code == ERR_INVALID);
	CHECK(strstr(err_for_client(&err), "not an OCI image layout"));
	CHECK(!layout);
}

static void says_what_is_no_layout(void)
{
	is_no_layout("oci-layout", NULL);
	is_no_layout("oci-layout", "");
	is_no_layout("oci-layout", "{}");
	is_no_layout("oci-layout", "{\"imageLayoutVersion\":\"2.0.0\"}");
	is_no_layout("index.json", NULL);
	is_no_layout("index.json", "[]");
	is_no_layout("index.json", "{\"manifests\":7}");
}

/* Written, read to another folder, and written again: the same bytes. */
static void an_archive_comes_back(void)
{
	struct layout *layout = create();
	struct content content = content_of(DIGEST_SHA512, "some bytes");
	char digest[DIGEST_TEXT_SIZE];
	json_t *digests = json_object();
	struct err err = ERR_INIT;
	int fd;

	CHECK(add(layout, &content, "some bytes", &err) == 0);
	digest_format(&content.digest, digest);
	CHECK(json_object_set_new(digests, digest, json_true()) == 0);
	CHECK(archive_write_layout(layout_dir_fd(layout), digests,
				   below("a.tar"), &err) == 0);
	layout_close(layout);
	CHECK(mkdir(below("unpacked"), 0700) == 0);
	fd = open(below("unpacked"), O_RDONLY | O_DIRECTORY);
	CHECK(fd >= 0);
	CHECK(archive_read_layout(below("a.tar"), fd, 1000, &err) == 0);
	close(fd);
	CHECK(layout_open(below("unpacked"), &layout, &err) == 0);
	CHECK(layout_has_blob(layout, &content, &err) == 1);
	layout_close(layout);
	json_decref(digests);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(gives_back_what_was_added),
		CHECK_CASE(empty_content_is_content),
		CHECK_CASE(takes_nothing_under_another_name),
		CHECK_CASE(a_ceiling_holds),
		CHECK_CASE(one_process_writes),
		CHECK_CASE(a_name_stands_once),
		CHECK_CASE(says_what_is_no_layout),
		CHECK_CASE(an_archive_comes_back),
	};

	return CHECK_RUN(argc, argv, cases);
}
