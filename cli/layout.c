/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
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

struct span layout_entry_name(const json_t *entry)
{
	const json_t *annotations = json_object_get(entry, "annotations");

	return span_of(json_string_value(
		json_object_get(annotations, NAME_ANNOTATION)));
}

int layout_dir_fd(const struct layout *layout)
{
	return layout->dir_fd;
}

/* ---- opening ---- */

static int not_a_layout(struct err *err, const char *why)
{
	err_set(err, ERR_INVALID, "not an OCI image layout: %s", why);
	return err_tell(err, "not an OCI image layout: %s", why);
}

/* Open a file that somebody else made: no link, no device, no pipe. */
static int open_regular(int dir_fd, const char *name, int *ret_fd,
			uint64_t *ret_size, struct err *err)
{
	CLEANUP(cleanup_close)
	int fd = openat(dir_fd, name,
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat info;

	if (fd < 0 && errno == ELOOP)
		return err_set(err, ERR_CORRUPT, "%s is a link", name);
	if (fd < 0)
		return err_sys(err, errno, "opening %s", name);
	if (fstat(fd, &info) < 0)
		return err_sys(err, errno, "looking at %s", name);
	if (!S_ISREG(info.st_mode))
		return err_set(err, ERR_CORRUPT, "%s is no regular file", name);
	*ret_fd = STEAL_FD(fd);
	*ret_size = (uint64_t)info.st_size;
	return 0;
}

/* Append the first size bytes of a file. */
static int read_whole(int fd, uint64_t size, struct buf *out, struct err *err)
{
	if (size > out->max - out->len)
		return err_set(err, ERR_TOO_LARGE, "over %zu bytes", out->max);
	buf_reserve(out, (size_t)size);
	if (buf_check(out, err) < 0 ||
	    (size > 0 &&
	     fsx_pread_all(fd, out->data + out->len, (size_t)size, 0, err) < 0))
		return -1;
	out->len += (size_t)size;
	if (out->data)
		out->data[out->len] = '\0';
	return 0;
}

static int read_json(int dir_fd, const char *name, json_t **ret_json,
		     struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LAYOUT_JSON_MAX);
	CLEANUP(cleanup_close) int fd = -1;
	uint64_t size = 0;

	if (open_regular(dir_fd, name, &fd, &size, err) < 0)
		return -1;
	if (read_whole(fd, size, &text, err) < 0 ||
	    jsonx_parse(buf_span(&text), JSONX_DEPTH_MAX, ret_json, err) < 0)
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
		return err_sys(err, errno, "opening folder %s", path);
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

/* The lock goes with the descriptor. */
static int lock_folder(const struct layout *layout, struct err *err)
{
	if (flock(layout->dir_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return err_sys(err, errno, "locking the layout");
	err_set(err, ERR_CONFLICT, "the layout is locked");
	return err_tell(err, "another process writes to this layout; try again "
			     "when it has ended");
}

int layout_create(const char *path, struct layout **ret_layout, struct err *err)
{
	CLEANUP(layout_close_at) struct layout *layout = NULL;

	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return err_sys(err, errno, "making %s", path);
	if (open_folder(path, &layout, err) < 0 ||
	    lock_folder(layout, err) < 0 ||
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

static int hash_file(int fd, const struct content *content,
		     struct digest *ret_digest, struct err *err)
{
	CLEANUP(hasher_free_at) struct hasher *hasher = NULL;
	CLEANUP(cleanup_free) char *block = malloc(BLOCK);
	uint64_t at = 0;

	if (!block)
		return err_set(err, ERR_NO_MEMORY, "verifying a blob");
	if (hasher_new(content->digest.algo, &hasher, err) < 0)
		return -1;
	while (at < content->size) {
		uint64_t left = content->size - at;
		size_t len = left < BLOCK ? (size_t)left : BLOCK;

		if (fsx_pread_all(fd, block, len, at, err) < 0 ||
		    hasher_update(hasher, block, len, err) < 0)
			return -1;
		at += len;
	}
	return hasher_digest(hasher, ret_digest, err);
}

static int refuse_content(const struct content *content, struct err *err)
{
	char text[DIGEST_TEXT_SIZE];

	digest_format(&content->digest, text);
	err_set(err, ERR_CORRUPT, "%s has other content", text);
	return err_tell(err,
			"%s does not have the content that its name and size "
			"say; the copy is damaged",
			text);
}

static int verify(int fd, const struct content *content, struct err *err)
{
	struct digest have;

	if (hash_file(fd, content, &have, err) < 0)
		return -1;
	if (!digest_equal(&have, &content->digest))
		return refuse_content(content, err);
	return 0;
}

/* The length first: a file of holes could be hashed for years. */
int layout_reopen_blob(struct layout *layout, const struct content *content,
		       int *ret_fd, struct err *err)
{
	CLEANUP(cleanup_close) int folder_fd = -1;
	CLEANUP(cleanup_close) int fd = -1;
	char text[DIGEST_TEXT_SIZE];
	uint64_t size = 0;

	if (open_blobs(layout, content->digest.algo, &folder_fd, err) < 0 ||
	    open_regular(folder_fd, hex_of(&content->digest, text), &fd, &size,
			 err) < 0)
		return -1;
	if (size != content->size)
		return refuse_content(content, err);
	*ret_fd = STEAL_FD(fd);
	return 0;
}

int layout_open_blob(struct layout *layout, const struct content *content,
		     int *ret_fd, struct err *err)
{
	CLEANUP(cleanup_close) int fd = -1;

	if (layout_reopen_blob(layout, content, &fd, err) < 0 ||
	    verify(fd, content, err) < 0)
		return -1;
	*ret_fd = STEAL_FD(fd);
	return 0;
}

int layout_read_blob(struct layout *layout, const struct content *content,
		     struct buf *out, struct err *err)
{
	CLEANUP(cleanup_close) int fd = -1;

	if (content->size > out->max - out->len)
		return err_set(err, ERR_TOO_LARGE,
			       "a manifest is over %zu "
			       "bytes",
			       out->max);
	if (layout_open_blob(layout, content, &fd, err) < 0)
		return -1;
	return read_whole(fd, content->size, out, err);
}

int layout_has_blob(struct layout *layout, const struct content *content,
		    struct err *err)
{
	CLEANUP(cleanup_close) int fd = -1;
	struct err inner = ERR_INIT;

	if (layout_open_blob(layout, content, &fd, &inner) == 0)
		return 1;
	if (inner.code == ERR_NOT_FOUND || inner.code == ERR_CORRUPT)
		return 0;
	return err_set(err, inner.code, "%s", inner.text);
}

int layout_begin_blob(struct layout *layout, int *ret_fd, struct err *err)
{
	int fd;

	unlinkat(layout->dir_fd, PARTIAL_FILE, 0);
	fd = openat(layout->dir_fd, PARTIAL_FILE,
		    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return err_sys(err, errno, "making a file in the layout");
	*ret_fd = fd;
	return 0;
}

static int put_in_place(struct layout *layout, int fd,
			const struct content *content, struct err *err)
{
	CLEANUP(cleanup_close) int folder_fd = -1;
	char text[DIGEST_TEXT_SIZE];
	struct stat info;

	if (fstat(fd, &info) < 0)
		return err_sys(err, errno, "looking at a blob");
	if ((uint64_t)info.st_size != content->size)
		return refuse_content(content, err);
	if (verify(fd, content, err) < 0 || fsx_sync(fd, err) < 0 ||
	    open_blobs(layout, content->digest.algo, &folder_fd, err) < 0)
		return -1;
	if (renameat(layout->dir_fd, PARTIAL_FILE, folder_fd,
		     hex_of(&content->digest, text)) < 0)
		return err_sys(err, errno, "putting blob %s in place", text);
	return fsx_sync(folder_fd, err);
}

int layout_end_blob(struct layout *layout, int fd,
		    const struct content *content, struct err *err)
{
	int done = put_in_place(layout, fd, content, err);

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

static bool has_digest(const json_t *entry, const char *digest)
{
	const char *text = json_string_value(json_object_get(entry, "digest"));

	return text && strcmp(text, digest) == 0;
}

/* Drop what the new entry stands for from now on. */
static void drop_entry(json_t *entries, struct span name, const char *digest)
{
	for (size_t i = json_array_size(entries); i-- > 0;) {
		const json_t *entry = json_array_get(entries, i);
		bool same = span_equal(layout_entry_name(entry), name) &&
			    (name.len > 0 || has_digest(entry, digest));

		if (same)
			json_array_remove(entries, i);
	}
}

static json_t *make_entry(const struct layout_entry *entry, const char *digest)
{
	json_t *json = json_pack("{s:s%, s:s, s:I}", "mediaType",
				 entry->media_type.text, entry->media_type.len,
				 "digest", digest, "size",
				 (json_int_t)entry->content.size);

	if (!json || entry->name.len == 0)
		return json;
	json_t *annotations = json_pack("{s:s%}", NAME_ANNOTATION,
					entry->name.text, entry->name.len);
	if (json_object_set_new(json, "annotations", annotations) == 0)
		return json;
	json_decref(json);
	return NULL;
}

static int store_index(struct layout *layout, struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(LAYOUT_JSON_MAX);

	if (jsonx_dump(layout->index, &text, err) < 0)
		return -1;
	return fsx_replace_file(layout->dir_fd, INDEX_FILE, text.data, text.len,
				0644, err);
}

int layout_add_entry(struct layout *layout, const struct layout_entry *entry,
		     struct err *err)
{
	char digest[DIGEST_TEXT_SIZE];

	digest_format(&entry->content.digest, digest);
	drop_entry(layout->entries, entry->name, digest);
	if (json_array_append_new(layout->entries, make_entry(entry, digest)) <
	    0)
		return err_set(err, ERR_NO_MEMORY, "index.json");
	return store_index(layout, err);
}

int layout_clear_entries(struct layout *layout, struct err *err)
{
	if (json_array_size(layout->entries) == 0)
		return 0;
	json_array_clear(layout->entries);
	return store_index(layout, err);
}
