/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/fsx.h"
#include "base/span.h"
#include "cli/progress.h"

#define BLOCK ((size_t)1 << 18)		  /* bytes moved at once */
#define ENTRIES_MAX 1000000		  /* of an archive */
#define DOCUMENT_MAX ((uint64_t)16 << 20) /* bytes of a document */
#define NAME_MAX_BYTES 4096

DEFINE_CLEANUP(reader_free, struct archive *, archive_read_free)
DEFINE_CLEANUP(writer_free, struct archive *, archive_write_free)
DEFINE_CLEANUP(entry_free, struct archive_entry *, archive_entry_free)

static int refuse(struct err *err, const char *why)
{
	err_set(err, ERR_INVALID, "archive refused: %s", why);
	return err_tell(err, "the archive is refused: %s", why);
}

/* ---- reading ---- */

/* One archive being unpacked. */
struct unpacking {
	struct archive *archive;
	int dir_fd;	  /* where to */
	uint64_t left;	  /* bytes that may still be written */
	bool has_version; /* oci-layout was there */
};

static bool is_document(struct span name)
{
	return span_equal(name, SPAN_LIT("oci-layout")) ||
	       span_equal(name, SPAN_LIT("index.json"));
}

/* "blobs/sha256/<hex>", and nothing like it. */
static bool is_blob(struct span name)
{
	char text[DIGEST_TEXT_SIZE];
	struct err ignored = ERR_INIT;
	struct digest digest;

	if (!span_starts(name, SPAN_LIT("blobs/")) ||
	    name.len - 6 >= sizeof(text))
		return false;
	memcpy(text, name.text + 6, name.len - 6);
	for (size_t i = 0; i < name.len - 6; i++)
		if (text[i] == ':')
			return false;
	char *slash = memchr(text, '/', name.len - 6);
	if (!slash)
		return false;
	*slash = ':';
	return digest_parse(text, name.len - 6, &digest, &ignored) == 0;
}

static bool leaves_the_folder(struct span name)
{
	struct span part = {0};
	struct span rest = name;

	if (name.len > 0 && name.text[0] == '/')
		return true;
	while (span_cut(rest, '/', &part, &rest))
		if (span_equal(part, SPAN_LIT("..")))
			return true;
	return span_equal(rest, SPAN_LIT(".."));
}

static struct span without_dot(struct span name)
{
	while (span_starts(name, SPAN_LIT("./")))
		name = span_make(name.text + 2, name.len - 2);
	return name;
}

/* The file to be, its folders made. */
static int make_file(int dir_fd, const char *name, int *ret_fd, struct err *err)
{
	char folder[NAME_MAX_BYTES];
	const char *slash = name;
	int fd;

	while ((slash = strchr(slash, '/')) != NULL) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - name),
			 name);
		if (mkdirat(dir_fd, folder, 0700) < 0 && errno != EEXIST)
			return err_sys(err, errno, "making folder %s", folder);
		slash++;
	}
	fd = openat(dir_fd, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST)
		return refuse(err, "a file is in it twice");
	if (fd < 0)
		return err_sys(err, errno, "making %s", name);
	*ret_fd = fd;
	return 0;
}

static int copy_data(struct unpacking *unpacking, int fd, uint64_t max,
		     struct err *err)
{
	CLEANUP(cleanup_free) char *block = malloc(BLOCK);
	uint64_t done = 0;
	ssize_t got = 1;

	if (!block)
		return err_set(err, ERR_NO_MEMORY, "unpacking");
	while (got > 0) {
		if (progress_interrupted())
			return err_set(err, ERR_UNAVAILABLE, "interrupted");
		got = archive_read_data(unpacking->archive, block, BLOCK);
		if (got < 0)
			return refuse(err, "it is cut short or damaged");
		done += (uint64_t)got;
		if (done > max || (uint64_t)got > unpacking->left) {
			err_set(err, ERR_TOO_LARGE, "over --max-size");
			return err_tell(err, "the archive unpacks to more than "
					     "--max-size allows");
		}
		unpacking->left -= (uint64_t)got;
		if (fsx_write_all(fd, block, (size_t)got, err) < 0)
			return err_tell(err,
					"unpacking the archive: %s; "
					"$TMPDIR says where to",
					err->text);
	}
	return 0;
}

static int check_kind(struct archive_entry *entry, struct err *err)
{
	if (archive_entry_filetype(entry) != AE_IFREG ||
	    archive_entry_hardlink(entry) || archive_entry_symlink(entry))
		return refuse(err, "a link or a device has the name of a part "
				   "of the layout");
	if (archive_entry_sparse_count(entry) > 0)
		return refuse(err, "a part of the layout is a file with holes");
	return 0;
}

static int unpack_entry(struct unpacking *unpacking,
			struct archive_entry *entry, struct err *err)
{
	CLEANUP(cleanup_close) int fd = -1;
	const char *path = archive_entry_pathname(entry);

	/* A name that cannot even be written here is none of ours. */
	if (!path)
		return 0;
	struct span name = span_make(path, strlen(path));

	if (leaves_the_folder(name))
		return refuse(err, "a name in it is absolute or has ..");
	name = without_dot(name);
	bool document = is_document(name);
	if (!document && !is_blob(name))
		return 0;
	if (check_kind(entry, err) < 0 ||
	    make_file(unpacking->dir_fd, name.text, &fd, err) < 0)
		return -1;
	if (span_equal(name, SPAN_LIT("oci-layout")))
		unpacking->has_version = true;
	return copy_data(unpacking, fd, document ? DOCUMENT_MAX : UINT64_MAX,
			 err);
}

static int open_archive(const char *path, struct archive **ret_archive,
			struct err *err)
{
	CLEANUP(reader_free) struct archive *archive = archive_read_new();

	if (!archive)
		return err_set(err, ERR_NO_MEMORY, "archive");
	archive_read_support_format_tar(archive);
	archive_read_support_filter_gzip(archive);
	archive_read_support_filter_zstd(archive);
	if (archive_read_open_filename(archive, path, BLOCK) != ARCHIVE_OK) {
		err_set(err, ERR_IO, "opening %s", path);
		return err_tell(err, "%s cannot be read as an archive: %s",
				path, archive_error_string(archive));
	}
	*ret_archive = STEAL(archive);
	return 0;
}

int archive_read_layout(const char *path, int dir_fd, uint64_t max_bytes,
			struct err *err)
{
	CLEANUP(reader_free) struct archive *archive = NULL;
	struct unpacking unpacking = {.dir_fd = dir_fd, .left = max_bytes};
	struct archive_entry *entry = NULL;

	if (open_archive(path, &archive, err) < 0)
		return -1;
	unpacking.archive = archive;
	for (size_t count = 0; count < ENTRIES_MAX; count++) {
		int got = archive_read_next_header(archive, &entry);

		if (got == ARCHIVE_EOF)
			return unpacking.has_version
				       ? 0
				       : refuse(err, "it holds no OCI layout");
		if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
			return refuse(err, "it is no tar archive, cut short or "
					   "damaged");
		if (unpack_entry(&unpacking, entry, err) < 0)
			return -1;
	}
	return refuse(err, "it has too many entries");
}

/* ---- writing ---- */

static int tell_writing(struct archive *archive, struct err *err)
{
	err_set(err, ERR_IO, "writing the archive: %s",
		archive_error_string(archive));
	return err_tell(err, "writing the archive: %s",
			archive_error_string(archive));
}

static int pack_data(struct archive *archive, int fd, uint64_t size,
		     struct err *err)
{
	CLEANUP(cleanup_free) char *block = malloc(BLOCK);

	if (!block)
		return err_set(err, ERR_NO_MEMORY, "packing");
	for (uint64_t at = 0; at < size;) {
		size_t len = size - at < BLOCK ? (size_t)(size - at) : BLOCK;

		if (progress_interrupted())
			return err_set(err, ERR_UNAVAILABLE, "interrupted");
		if (fsx_pread_all(fd, block, len, at, err) < 0)
			return -1;
		if (archive_write_data(archive, block, len) != (ssize_t)len)
			return tell_writing(archive, err);
		at += len;
	}
	return 0;
}

/* No owner and no time: the same content makes the same archive. */
static int pack_file(struct archive *archive, int dir_fd, const char *name,
		     struct err *err)
{
	CLEANUP(entry_free) struct archive_entry *entry = archive_entry_new();
	CLEANUP(cleanup_close)
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat info;

	if (fd < 0 || fstat(fd, &info) < 0)
		return err_sys(err, errno, "packing %s", name);
	if (!entry)
		return err_set(err, ERR_NO_MEMORY, "packing");
	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, info.st_size);
	archive_entry_set_mtime(entry, 0, 0);
	if (archive_write_header(archive, entry) != ARCHIVE_OK)
		return tell_writing(archive, err);
	return pack_data(archive, fd, (uint64_t)info.st_size, err);
}

static int pack_blobs(struct archive *archive, int dir_fd,
		      const json_t *digests, struct err *err)
{
	const char *digest;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)digests, digest, value)
	{
		char name[DIGEST_TEXT_SIZE + 8];

		(void)value;
		snprintf(name, sizeof(name), "blobs/%s", digest);
		char *colon = strchr(name, ':');
		if (!colon)
			return err_set(err, ERR_INTERNAL, "no digest");
		*colon = '/';
		if (pack_file(archive, dir_fd, name, err) < 0)
			return -1;
	}
	return 0;
}

static int pack(int fd, int dir_fd, const json_t *digests, struct err *err)
{
	CLEANUP(writer_free) struct archive *archive = archive_write_new();

	if (!archive)
		return err_set(err, ERR_NO_MEMORY, "archive");
	archive_write_set_format_pax_restricted(archive);
	archive_write_set_bytes_in_last_block(archive, 1);
	if (archive_write_open_fd(archive, fd) != ARCHIVE_OK)
		return tell_writing(archive, err);
	if (pack_file(archive, dir_fd, "oci-layout", err) < 0 ||
	    pack_file(archive, dir_fd, "index.json", err) < 0 ||
	    pack_blobs(archive, dir_fd, digests, err) < 0)
		return -1;
	if (archive_write_close(archive) != ARCHIVE_OK)
		return tell_writing(archive, err);
	return fsx_sync(fd, err);
}

/* The folder that path lies in. */
static int open_parent(const char *path, int *ret_fd, struct err *err)
{
	const char *slash = strrchr(path, '/');
	CLEANUP(cleanup_free)
	char *parent =
		slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	int fd;

	if (!parent)
		return err_set(err, ERR_NO_MEMORY, "path");
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "opening folder %s", parent);
	*ret_fd = fd;
	return 0;
}

int archive_write_layout(int dir_fd, const json_t *digests, const char *path,
			 struct err *err)
{
	CLEANUP(buf_release) struct buf temp = BUF_INIT(NAME_MAX_BYTES);
	CLEANUP(cleanup_close) int parent_fd = -1;
	CLEANUP(cleanup_close) int fd = -1;

	buf_appendf(&temp, "%s.new-XXXXXX", path);
	if (buf_check(&temp, err) < 0 || open_parent(path, &parent_fd, err) < 0)
		return -1;
	fd = mkostemp(temp.data, O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "making %s", buf_text(&temp));
	if (pack(fd, dir_fd, digests, err) < 0) {
		unlink(temp.data);
		return -1;
	}
	if (fchmod(fd, 0644) < 0 || rename(temp.data, path) < 0) {
		err_sys(err, errno, "putting %s in place", path);
		unlink(temp.data);
		return -1;
	}
	return fsx_sync(parent_fd, err);
}
