/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fsx.h"
#include "base/hasher.h"
#include "base/jsonx.h"

#define VERSION_FILE "oci-layout"
#define INDEX_FILE "index.json"
#define PARTIAL_FILE ".partial"
#define VERSION_JSON "{\"imageLayoutVersion\":\"1.0.0\"}"
#define EMPTY_INDEX                                                            \
	"{\"schemaVersion\":2,\"mediaType\":"                                  \
	"\"application/vnd.oci.image.index.v1+json\",\"manifests\":[]}"
#define NAME_ANNOTATION "org.opencontainers.image.ref.name"
#define BLOCK ((size_t)1 << 20) /* bytes read at once when hashing */

struct layout {
	int dir_fd;
	json_t *index;	 /* owned */
	json_t *entries; /* borrowed from index */
};

DEFINE_CLEANUP(layout_close_at, struct layout *, layout_close)
DEFINE_CLEANUP(hasher_free_at, struct hasher *, hasher_free)

void layout_close(struct layout *layout)
{
	if (!layout)
		return;
	json_decref(layout->index);
	if (layout->dir_fd >= 0)
		close(layout->dir_fd);
	free(layout);
}

json_t *layout_entries(const struct layout *layout)
{
	return layout->entries;
}

/* ---- opening ---- */

static int not_a_layout(struct err *err, const char *why)
{
	err_set(err, ERR_INVALID, "not an OCI image layout: %s", why);
	return err_tell(err, "not an OCI image layout: %s", why);
}

static int read_json(int dir_fd, const char *name, json_t **ret_json,
		     struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LAYOUT_JSON_MAX);

	if (fsx_read_file(dir_fd, name, &text, err) < 0)
		return err_wrap(err, "reading %s", name);
	if (jsonx_parse(buf_span(&text), JSONX_DEPTH_MAX, ret_json, err) < 0)
		return err_wrap(err, "reading %s", name);
	return 0;
}

static int check_version(int dir_fd, struct err *err)
{
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct err inner = ERR_INIT;
	struct span version = {0};

	if (read_json(dir_fd, VERSION_FILE, &json, &inner) < 0)
		return not_a_layout(err, inner.text);
	if (!json_is_object(json) ||
	    jsonx_text(json, "imageLayoutVersion", &version, &inner) != 1)
		return not_a_layout(err, "oci-layout has no version");
	if (!span_starts(version, SPAN_LIT("1.")))
		return not_a_layout(err, "it is of another version than 1");
	return 0;
}

static int load_index(struct layout *layout, struct err *err)
{
	struct err inner = ERR_INIT;

	if (read_json(layout->dir_fd, INDEX_FILE, &layout->index, &inner) < 0)
		return not_a_layout(err, inner.text);
	if (!json_is_object(layout->index) ||
	    jsonx_array(layout->index, "manifests", &layout->entries, &inner) !=
		    1)
		return not_a_layout(err, "index.json has no manifests");
	return 0;
}

static int open_folder(const char *path, struct layout **ret_layout,
		       struct err *err)
{
	CLEANUP(layout_close_at)
	struct layout *layout = calloc(1, sizeof(*layout));

	if (!layout)
		return err_set(err, ERR_NO_MEMORY, "layout");
	layout->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (layout->dir_fd < 0)
		return err_sys(err, errno, "opening %s", path);
	*ret_layout = STEAL(layout);
	return 0;
}

int layout_open(const char *path, struct layout **ret_layout, struct err *err)
{
	CLEANUP(layout_close_at) struct layout *layout = NULL;

	if (open_folder(path, &layout, err) < 0 ||
	    check_version(layout->dir_fd, err) < 0 ||
	    load_index(layout, err) < 0)
		return -1;
	*ret_layout = STEAL(layout);
	return 0;
}

static int make_empty(int dir_fd, struct err *err)
{
	if (faccessat(dir_fd, VERSION_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (fsx_replace_file(dir_fd, INDEX_FILE, EMPTY_INDEX,
			     strlen(EMPTY_INDEX), 0644, err) < 0)
		return -1;
	return fsx_replace_file(dir_fd, VERSION_FILE, VERSION_JSON,
				strlen(VERSION_JSON), 0644, err);
}

static int make_blob_folders(int dir_fd, struct err *err)
{
	CLEANUP(cleanup_close) int blobs_fd = -1;

	if (fsx_make_dir(dir_fd, "blobs", 0755, err) < 0 ||
	    fsx_open_dir(dir_fd, "blobs", &blobs_fd, err) < 0)
		return -1;
	for (int algo = 0; algo < DIGEST_ALGO_COUNT; algo++)
		if (fsx_make_dir(blobs_fd,
				 digest_algo_name((enum digest_algo)algo), 0755,
				 err) < 0)
			return -1;
	return 0;
}

int layout_create(const char *path, struct layout **ret_layout, struct err *err)
{
	CLEANUP(layout_close_at) struct layout *layout = NULL;

	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return err_sys(err, errno, "making %s", path);
	if (open_folder(path, &layout, err) < 0 ||
	    make_empty(layout->dir_fd, err) < 0 ||
	    check_version(layout->dir_fd, err) < 0 ||
	    make_blob_folders(layout->dir_fd, err) < 0 ||
	    load_index(layout, err) < 0)
		return -1;
	*ret_layout = STEAL(layout);
	return 0;
}

/* ---- blobs ---- */

/* The folder of an algorithm's blobs, not through any link. */
static int open_blobs(const struct layout *layout, enum digest_algo algo,
		      int *ret_fd, struct err *err)
{
	CLEANUP(cleanup_close) int blobs_fd = -1;

	if (fsx_open_dir(layout->dir_fd, "blobs", &blobs_fd, err) < 0)
		return -1;
	return fsx_open_dir(blobs_fd, digest_algo_name(algo), ret_fd, err);
}

static const char *hex_of(const struct digest *digest,
			  char text[DIGEST_TEXT_SIZE])
{
	digest_format(digest, text);
	return strchr(text, ':') + 1;
}

static int verify(int fd, const struct digest *digest, uint64_t *ret_size,
		  struct err *err)
{
	CLEANUP(hasher_free_at) struct hasher *hasher = NULL;
	CLEANUP(cleanup_free) char *block = malloc(BLOCK);
	struct digest have;
	uint64_t size = 0;
	ssize_t got = 1;

	if (!block)
		return err_set(err, ERR_NO_MEMORY, "verifying a blob");
	if (hasher_new(digest->algo, &hasher, err) < 0)
		return -1;
	while (got != 0) {
		got = pread(fd, block, BLOCK, (off_t)size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys(err, errno, "reading a blob");
		if (hasher_update(hasher, block, (size_t)got, err) < 0)
			return -1;
		size += (uint64_t)got;
	}
	if (hasher_digest(hasher, &have, err) < 0)
		return -1;
	if (!digest_equal(&have, digest)) {
		err_set(err, ERR_CORRUPT, "a blob is not its digest");
		return err_tell(err, "a blob does not have the content that "
				     "its name says; the copy is damaged");
	}
	*ret_size = size;
	return 0;
}

int layout_open_blob(struct layout *layout, const struct digest *digest,
		     int *ret_fd, uint64_t *ret_size, struct err *err)
{
	CLEANUP(cleanup_close) int folder_fd = -1;
	CLEANUP(cleanup_close) int fd = -1;
	char text[DIGEST_TEXT_SIZE];
	struct stat info;
	uint64_t size = 0;

	if (open_blobs(layout, digest->algo, &folder_fd, err) < 0)
		return -1;
	fd = openat(folder_fd, hex_of(digest, text),
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return err_sys(err, errno, "opening blob %s", text);
	if (fstat(fd, &info) < 0)
		return err_sys(err, errno, "looking at blob %s", text);
	if (!S_ISREG(info.st_mode))
		return err_set(err, ERR_CORRUPT, "blob %s is no regular file",
			       text);
	if (verify(fd, digest, &size, err) < 0)
		return err_wrap(err, "%s", text);
	*ret_fd = STEAL_FD(fd);
	*ret_size = size;
	return 0;
}

int layout_read_blob(struct layout *layout, const struct digest *digest,
		     struct buf *out, struct err *err)
{
	CLEANUP(cleanup_close) int fd = -1;
	uint64_t size = 0;

	if (layout_open_blob(layout, digest, &fd, &size, err) < 0)
		return -1;
	if (size > out->max - out->len)
		return err_set(err, ERR_TOO_LARGE, "a manifest is too large");
	buf_reserve(out, (size_t)size);
	if (buf_check(out, err) < 0 ||
	    fsx_pread_all(fd, out->data + out->len, (size_t)size, 0, err) < 0)
		return -1;
	out->len += (size_t)size;
	out->data[out->len] = '\0';
	return 0;
}

int layout_has_blob(struct layout *layout, const struct digest *digest,
		    struct err *err)
{
	CLEANUP(cleanup_close) int fd = -1;
	struct err inner = ERR_INIT;
	uint64_t size = 0;

	if (layout_open_blob(layout, digest, &fd, &size, &inner) == 0)
		return 1;
	if (inner.code == ERR_NOT_FOUND || inner.code == ERR_CORRUPT)
		return 0;
	return err_set(err, inner.code, "%s", inner.text);
}

int layout_begin_blob(struct layout *layout, int *ret_fd, struct err *err)
{
	int fd = openat(layout->dir_fd, PARTIAL_FILE,
			O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			0644);

	if (fd < 0)
		return err_sys(err, errno, "making a file in the layout");
	*ret_fd = fd;
	return 0;
}

static int put_in_place(struct layout *layout, int fd,
			const struct digest *digest, struct err *err)
{
	CLEANUP(cleanup_close) int folder_fd = -1;
	char text[DIGEST_TEXT_SIZE];
	uint64_t size = 0;

	if (verify(fd, digest, &size, err) < 0 || fsx_sync(fd, err) < 0 ||
	    open_blobs(layout, digest->algo, &folder_fd, err) < 0)
		return -1;
	if (renameat(layout->dir_fd, PARTIAL_FILE, folder_fd,
		     hex_of(digest, text)) < 0)
		return err_sys(err, errno, "putting blob %s in place", text);
	return fsx_sync(folder_fd, err);
}

int layout_end_blob(struct layout *layout, int fd, const struct digest *digest,
		    struct err *err)
{
	int done = put_in_place(layout, fd, digest, err);

	if (done < 0)
		layout_cancel_blob(layout, fd);
	else
		close(fd);
	return done;
}

void layout_cancel_blob(struct layout *layout, int fd)
{
	close(fd);
	unlinkat(layout->dir_fd, PARTIAL_FILE, 0);
}

/* ---- index.json ---- */

static bool has_name(const json_t *entry, struct span name)
{
	const json_t *annotations = json_object_get(entry, "annotations");
	const char *text = json_string_value(
		json_object_get(annotations, NAME_ANNOTATION));

	return text && span_equal(span_of(text), name);
}

static bool has_digest(const json_t *entry, const char *digest)
{
	const char *text = json_string_value(json_object_get(entry, "digest"));

	return text && strcmp(text, digest) == 0;
}

/* Drop what has the name, or, for a nameless entry, what is the same. */
static void drop_entry(json_t *entries, struct span name, const char *digest)
{
	for (size_t i = json_array_size(entries); i-- > 0;) {
		const json_t *entry = json_array_get(entries, i);
		bool same = name.len > 0 ? has_name(entry, name)
					 : has_digest(entry, digest);

		if (same)
			json_array_remove(entries, i);
	}
}

static json_t *make_entry(const struct layout_entry *entry, const char *digest)
{
	json_t *json =
		json_pack("{s:s%, s:s, s:I}", "mediaType",
			  entry->media_type.text, entry->media_type.len,
			  "digest", digest, "size", (json_int_t)entry->size);

	if (!json || entry->name.len == 0)
		return json;
	json_t *annotations = json_pack("{s:s%}", NAME_ANNOTATION,
					entry->name.text, entry->name.len);
	if (json_object_set_new(json, "annotations", annotations) == 0)
		return json;
	json_decref(json);
	return NULL;
}

int layout_add_entry(struct layout *layout, const struct layout_entry *entry,
		     struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LAYOUT_JSON_MAX);
	char digest[DIGEST_TEXT_SIZE];

	digest_format(&entry->digest, digest);
	drop_entry(layout->entries, entry->name, digest);
	if (json_array_append_new(layout->entries, make_entry(entry, digest)) <
	    0)
		return err_set(err, ERR_NO_MEMORY, "index.json");
	if (jsonx_dump(layout->index, &text, err) < 0)
		return -1;
	return fsx_replace_file(layout->dir_fd, INDEX_FILE, text.data, text.len,
				0644, err);
}
