/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/seal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/fsx.h"
#include "tests/lib/check.h"
#include "tests/lib/tmpdir.h"

#define KEY "server.key"
#define HEX                                                                    \
	"000102030405060708090a0b0c0d0e0f"                                     \
	"101112131415161718191a1b1c1d1e1f"

static char dir[TMPDIR_SIZE];
static int dir_fd;

static void make_dir(void)
{
	tmpdir_make(dir);
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
	CHECK(dir_fd >= 0);
}

static struct seal *open_seal(void)
{
	struct err err = ERR_INIT;
	struct seal *seal = NULL;

	CHECK(seal_open(dir_fd, KEY, &seal, &err) == 0);
	return seal;
}

static void write_key(const char *text, mode_t mode)
{
	struct err err = ERR_INIT;

	CHECK(fsx_replace_file(dir_fd, KEY, text, strlen(text), mode, &err) ==
	      0);
}

static void read_key(struct buf *out)
{
	struct err err = ERR_INIT;

	CHECK(fsx_read_file(dir_fd, KEY, out, &err) == 0);
}

static void seal_text(struct seal *seal, const char *purpose,
		      const char *secret, struct buf *out)
{
	struct err err = ERR_INIT;

	CHECK(seal_close(seal, span_of(purpose), span_of(secret), out, &err) ==
	      0);
}

/* What came of opening it: a failure must leave out as it was. */
static enum err_code read_seal(struct seal *seal, const char *purpose,
			       struct span sealed, struct buf *out)
{
	struct err err = ERR_INIT;
	size_t before = out->len;
	int rc = seal_read(seal, span_of(purpose), sealed, out, &err);

	CHECK((rc == 0) == (err.code == ERR_NONE));
	CHECK(rc == 0 || out->len == before);
	return err.code;
}

static enum err_code read_back(struct seal *seal, const char *purpose,
			       struct span sealed, const char *want)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(65536);
	enum err_code code = read_seal(seal, purpose, sealed, &text);

	if (code == ERR_NONE)
		CHECK_TEXT(buf_text(&text), want);
	return code;
}

static void test_the_first_start_makes_a_private_file(void)
{
	CLEANUP(buf_release) struct buf first = BUF_INIT(4096);
	CLEANUP(buf_release) struct buf again = BUF_INIT(4096);
	struct stat info;

	make_dir();
	seal_free(open_seal());
	CHECK(fstatat(dir_fd, KEY, &info, AT_SYMLINK_NOFOLLOW) == 0);
	CHECK((info.st_mode & 07777) == 0600);
	read_key(&first);
	CHECK(first.len == 8 + 1 + 64 + 1);
	seal_free(open_seal());
	read_key(&again);
	CHECK_TEXT(buf_text(&again), buf_text(&first));
}

static void test_the_file_may_lie_elsewhere(void)
{
	struct err err = ERR_INIT;
	struct seal *seal = NULL;
	char path[TMPDIR_SIZE + 32];
	struct stat info;

	make_dir();
	snprintf(path, sizeof(path), "%s/absolute.key", dir);
	CHECK(seal_open(AT_FDCWD, path, &seal, &err) == 0);
	seal_free(seal);
	CHECK(stat(path, &info) == 0);
	CHECK(mkdirat(dir_fd, "below", 0700) == 0);
	CHECK(seal_open(dir_fd, "below/a.key", &seal, &err) == 0);
	seal_free(seal);
	CHECK(fstatat(dir_fd, "below/a.key", &info, 0) == 0);
	CHECK(seal_open(dir_fd, "below/", &seal, &err) == -1);
	CHECK(err.code == ERR_INVALID);
	err_clear(&err);
	CHECK(seal_open(dir_fd, "missing/a.key", &seal, &err) == -1);
	CHECK(err.code == ERR_NOT_FOUND);
}

static void test_a_file_that_others_may_read_is_refused(void)
{
	static const mode_t modes[] = {0601, 0602, 0604, 0610,
				       0620, 0640, 0666};

	make_dir();
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		struct err err = ERR_INIT;
		struct seal *seal = NULL;

		write_key("0a0b0c0d " HEX "\n", modes[i]);
		CHECK(seal_open(dir_fd, KEY, &seal, &err) == -1);
		CHECK(err.code == ERR_DENIED);
		CHECK(!seal);
	}
	write_key("0a0b0c0d " HEX "\n", 0400);
	seal_free(open_seal());
}

static void test_a_damaged_file_is_refused_and_kept(void)
{
	static const char *const damaged[] = {
		"",
		"\n",
		"0a0b0c0d",
		"0a0b0c0d " HEX "00\n",
		"0a0b0c0d " HEX "\n\n",
		"0a0b0c0d " HEX "\r\n",
		"0a0b0c0D " HEX "\n",
		"0a0b0c " HEX "\n",
		"0a0b0c0d  " HEX "\n",
		"0a0b0c0d " HEX "\n0a0b0c0d " HEX "\n",
		"0a0b0c0d " HEX "\nx",
	};

	make_dir();
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		CLEANUP(buf_release) struct buf kept = BUF_INIT(4096);
		struct err err = ERR_INIT;
		struct seal *seal = NULL;

		write_key(damaged[i], 0600);
		CHECK(seal_open(dir_fd, KEY, &seal, &err) == -1);
		CHECK(err.code == ERR_CORRUPT);
		CHECK(!strstr(err.text, "0102030405"));
		read_key(&kept);
		CHECK_TEXT(buf_text(&kept), damaged[i]);
	}
	write_key("0a0b0c0d " HEX, 0600);
	seal_free(open_seal());
}

static void test_a_seal_opens_for_its_purpose_alone(void)
{
	CLEANUP(buf_release) struct buf sealed = BUF_INIT(4096);
	CLEANUP(buf_release) struct buf again = BUF_INIT(4096);

	make_dir();
	struct seal *seal = open_seal();
	seal_text(seal, "access-key:A", "hidden", &sealed);
	seal_text(seal, "access-key:A", "hidden", &again);
	CHECK(!span_equal(buf_span(&sealed), buf_span(&again)));
	CHECK(read_back(seal, "access-key:A", buf_span(&sealed), "hidden") ==
	      ERR_NONE);
	CHECK(read_back(seal, "access-key:B", buf_span(&sealed), "") ==
	      ERR_CORRUPT);
	CHECK(read_back(seal, "", buf_span(&sealed), "") == ERR_CORRUPT);
	buf_clear(&sealed);
	seal_text(seal, "", "", &sealed);
	CHECK(read_back(seal, "", buf_span(&sealed), "") == ERR_NONE);
	seal_free(seal);
}

/* Sealed by another implementation: what is stored stays readable. */
static void test_reads_what_was_always_written(void)
{
	make_dir();
	write_key("0a0b0c0d " HEX "\n", 0600);
	struct seal *seal = open_seal();
	CHECK(read_back(seal, "access-key:BERTH1",
			SPAN_LIT("0a0b0c0d."
				 "AAECAwQFBgcICQoLJG2kaaCGtjvlLuX41IzB0MmiXvAHs"
				 "QFxZg6Zj9A"),
			"correct horse") == ERR_NONE);
	seal_free(seal);
}

static void test_every_change_of_a_seal_is_seen(void)
{
	CLEANUP(buf_release) struct buf sealed = BUF_INIT(4096);
	CLEANUP(buf_release) struct buf text = BUF_INIT(4096);

	make_dir();
	struct seal *seal = open_seal();
	seal_text(seal, "p", "a secret", &sealed);
	for (size_t at = 0; at < sealed.len; at++) {
		char kept = sealed.data[at];

		sealed.data[at] = kept == 'A' ? 'B' : 'A';
		CHECK(read_seal(seal, "p", buf_span(&sealed), &text) ==
		      ERR_CORRUPT);
		sealed.data[at] = kept;
		CHECK(read_seal(seal, "p", span_make(sealed.data, at), &text) ==
		      ERR_CORRUPT);
	}
	CHECK(read_seal(seal, "p", buf_span(&sealed), &text) == ERR_NONE);
	seal_free(seal);
}

static void test_what_is_too_large_is_refused(void)
{
	CLEANUP(buf_release) struct buf big = BUF_INIT(200000);
	CLEANUP(buf_release) struct buf out = BUF_INIT(200000);
	struct err err = ERR_INIT;

	make_dir();
	struct seal *seal = open_seal();
	while (big.len < 65536)
		buf_append_char(&big, 'x');
	CHECK(seal_close(seal, SPAN_LIT("p"), buf_span(&big), &out, &err) == 0);
	CHECK(read_back(seal, "p", buf_span(&out), buf_text(&big)) == ERR_NONE);
	buf_append_char(&big, 'x');
	CHECK(seal_close(seal, SPAN_LIT("p"), buf_span(&big), &out, &err) ==
	      -1);
	CHECK(err.code == ERR_TOO_LARGE);
	seal_free(seal);
}

/* Rotation: a new key in front, all sealed anew, the old one dropped. */
static void test_keys_are_changed_in_steps(void)
{
	CLEANUP(buf_release) struct buf old = BUF_INIT(4096);
	CLEANUP(buf_release) struct buf new = BUF_INIT(4096);
	struct err err = ERR_INIT;

	make_dir();
	struct seal *seal = open_seal();
	seal_text(seal, "p", "old", &old);
	CHECK(seal_add_key(seal, &err) == 0);
	seal_text(seal, "p", "new", &new);
	CHECK(!span_equal(span_make(old.data, 8), span_make(new.data, 8)));
	seal_free(seal);

	seal = open_seal();
	CHECK(read_back(seal, "p", buf_span(&old), "old") == ERR_NONE);
	CHECK(read_back(seal, "p", buf_span(&new), "new") == ERR_NONE);
	CHECK(seal_drop_old_keys(seal, &err) == 0);
	CHECK(read_back(seal, "p", buf_span(&old), "old") == ERR_CORRUPT);
	seal_free(seal);

	seal = open_seal();
	CHECK(read_back(seal, "p", buf_span(&old), "old") == ERR_CORRUPT);
	CHECK(read_back(seal, "p", buf_span(&new), "new") == ERR_NONE);
	seal_free(seal);
}

static void test_keys_do_not_pile_up(void)
{
	struct err err = ERR_INIT;

	make_dir();
	struct seal *seal = open_seal();
	for (int i = 1; i < 16; i++)
		CHECK(seal_add_key(seal, &err) == 0);
	CHECK(seal_add_key(seal, &err) == -1);
	CHECK(err.code == ERR_TOO_MANY);
	seal_free(seal);
	seal_free(open_seal());
}

/* What the file does not hold is not used either. */
static void test_a_key_that_could_not_be_written_does_not_seal(void)
{
	CLEANUP(buf_release) struct buf sealed = BUF_INIT(4096);
	struct err err = ERR_INIT;

	make_dir();
	struct seal *seal = open_seal();
	CHECK(unlinkat(dir_fd, KEY, 0) == 0);
	CHECK(rmdir(dir) == 0);
	CHECK(seal_add_key(seal, &err) == -1);
	seal_text(seal, "p", "x", &sealed);
	err_clear(&err);
	CHECK(seal_drop_old_keys(seal, &err) == -1);
	CHECK(read_back(seal, "p", buf_span(&sealed), "x") == ERR_NONE);
	seal_free(seal);
}

static void check_derived(struct seal *seal, const char *use, const char *want)
{
	struct err err = ERR_INIT;
	uint8_t key[32];
	char hex[65];

	CHECK(seal_derive(seal, use, key, &err) == 0);
	enc_hex(key, sizeof(key), hex);
	CHECK_TEXT(hex, want);
}

static void test_keys_for_other_uses_are_derived_from_the_first(void)
{
	make_dir();
	write_key("0a0b0c0d " HEX "\n", 0600);
	struct seal *seal = open_seal();
	check_derived(seal, "one",
		      "86f937820fb9ebc041f85c3181249f167ef066aa702059af756d6c69"
		      "22ef69e5");
	check_derived(seal, "two",
		      "91832f4ceddd839c4f6f65a5649835eafbb32950c2113bc98f3be3d1"
		      "baf2fbd2");
	seal_free(seal);
}

static const struct check_case cases[] = {
	CHECK_CASE(test_the_first_start_makes_a_private_file),
	CHECK_CASE(test_the_file_may_lie_elsewhere),
	CHECK_CASE(test_a_file_that_others_may_read_is_refused),
	CHECK_CASE(test_a_damaged_file_is_refused_and_kept),
	CHECK_CASE(test_a_seal_opens_for_its_purpose_alone),
	CHECK_CASE(test_reads_what_was_always_written),
	CHECK_CASE(test_every_change_of_a_seal_is_seen),
	CHECK_CASE(test_what_is_too_large_is_refused),
	CHECK_CASE(test_keys_are_changed_in_steps),
	CHECK_CASE(test_keys_do_not_pile_up),
	CHECK_CASE(test_a_key_that_could_not_be_written_does_not_seal),
	CHECK_CASE(test_keys_for_other_uses_are_derived_from_the_first),
};

int main(int argc, char **argv)
{
	return CHECK_RUN(argc, argv, cases);
}
