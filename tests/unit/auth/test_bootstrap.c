/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/bootstrap.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/password.h"
#include "base/err.h"
#include "storage/meta_policies.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"
#include "tests/lib/tmpdir.h"

#define ACCOUNT "000000000000"
#define PREFIX "user=admin\npassword="

static struct meta *meta;
static int dir_fd;

static void open_all(const char *password)
{
	char dir[TMPDIR_SIZE];

	if (password)
		setenv("BERTH_ADMIN_PASSWORD", password, 1);
	else
		unsetenv("BERTH_ADMIN_PASSWORD");
	tmpdir_make(dir);
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
	CHECK(dir_fd >= 0);
	meta = meta_fixture_open();
}

static void close_all(void)
{
	meta_close(meta);
	close(dir_fd);
}

static bool bootstrap(void)
{
	struct err err = ERR_INIT;
	bool written = false;
	int rc = bootstrap_admin(meta, ACCOUNT, dir_fd, &written, &err);

	if (rc < 0)
		fprintf(stderr, "%s\n", err.text);
	CHECK(rc == 0);
	return written;
}

static int count_administrator(void *context,
			       const struct meta_attachment *attachment,
			       struct err *err)
{
	int *count = context;

	(void)err;
	CHECK(span_equal(attachment->policy, SPAN_LIT("administrator")));
	CHECK(span_equal(attachment->pattern, SPAN_LIT("*")));
	++*count;
	return 0;
}

static struct meta_principal admin(void)
{
	struct meta_tx *tx = meta_fixture_read(meta);
	struct meta_principal user = {.id = 0};
	struct err err = ERR_INIT;

	CHECK(meta_principal_find(tx, SPAN_LIT(ACCOUNT), SPAN_LIT("admin"),
				  &user, &err) == 1);
	CHECK(user.kind == META_USER && !user.disabled);
	struct meta_holder holder = {META_HOLDER_PRINCIPAL, user.id};
	int attached = 0;
	CHECK(meta_policy_attached(tx, holder, count_administrator, &attached,
				   &err) == 0);
	CHECK(attached == 1);
	meta_read_end(tx);
	return user;
}

static bool admin_has(struct span password)
{
	struct err err = ERR_INIT;
	struct meta_principal user = admin();

	return password_verify(password, user.password_hash, &err) == 1;
}

static void test_a_random_password_is_written_once(void)
{
	struct stat info;
	char text[256] = "";

	open_all(NULL);
	CHECK(bootstrap());
	CHECK(fstatat(dir_fd, "admin.credentials", &info, 0) == 0);
	CHECK((info.st_mode & 07777) == 0600);
	int fd = openat(dir_fd, "admin.credentials", O_RDONLY);
	ssize_t got = read(fd, text, sizeof(text) - 1);
	close(fd);
	CHECK(got == (ssize_t)(strlen(PREFIX) + 24 + 1));
	CHECK(strncmp(text, PREFIX, strlen(PREFIX)) == 0);
	CHECK(text[got - 1] == '\n');
	CHECK(admin_has(span_make(text + strlen(PREFIX), 24)));

	CHECK(unlinkat(dir_fd, "admin.credentials", 0) == 0);
	CHECK(!bootstrap());
	CHECK(faccessat(dir_fd, "admin.credentials", F_OK, 0) < 0);
	CHECK(admin_has(span_make(text + strlen(PREFIX), 24)));
	close_all();
}

static void test_the_environment_says_the_password(void)
{
	open_all("first secret");
	CHECK(!bootstrap());
	CHECK(faccessat(dir_fd, "admin.credentials", F_OK, 0) < 0);
	CHECK(admin_has(SPAN_LIT("first secret")));

	struct meta_principal before = admin();
	CHECK(!bootstrap());
	struct meta_principal same = admin();
	CHECK_TEXT(same.password_hash, before.password_hash);

	setenv("BERTH_ADMIN_PASSWORD", "second secret", 1);
	CHECK(!bootstrap());
	CHECK(admin_has(SPAN_LIT("second secret")));
	CHECK(!admin_has(SPAN_LIT("first secret")));
	CHECK(admin().id == before.id);

	setenv("BERTH_ADMIN_PASSWORD", "", 1);
	CHECK(!bootstrap());
	CHECK(admin_has(SPAN_LIT("second secret")));
	close_all();
}

/* A file that cannot be written makes no user whose password nobody knows. */
static void test_no_file_no_user(void)
{
	struct err err = ERR_INIT;
	bool written = false;

	open_all(NULL);
	CHECK(bootstrap_admin(meta, ACCOUNT, -1, &written, &err) == -1);
	CHECK(err.code != ERR_NONE);
	CHECK(!written);
	CHECK(bootstrap());
	close_all();
}

static void test_a_password_that_cannot_be_is_refused(void)
{
	static char text[PASSWORD_MAX + 2];
	struct err err = ERR_INIT;
	bool written = false;

	memset(text, 'x', PASSWORD_MAX + 1);
	open_all(text);
	CHECK(bootstrap_admin(meta, ACCOUNT, dir_fd, &written, &err) == -1);
	CHECK(err.code == ERR_INVALID);
	close_all();
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_random_password_is_written_once),
		CHECK_CASE(test_the_environment_says_the_password),
		CHECK_CASE(test_no_file_no_user),
		CHECK_CASE(test_a_password_that_cannot_be_is_refused),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
