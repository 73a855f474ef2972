/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/bootstrap.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/access_key.h"
#include "auth/password.h"
#include "auth/seal.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "storage/meta_audit.h"
#include "storage/meta_credentials.h"
#include "storage/meta_logins.h"
#include "storage/meta_policies.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"
#include "tests/lib/tmpdir.h"

#define ACCOUNT "000000000000"
#define PREFIX "user=admin\npassword="

static struct meta *meta;
static struct seal *seal;
static int dir_fd;

static void open_all(const char *password)
{
	char dir[TMPDIR_SIZE];
	struct err err = ERR_INIT;

	if (password)
		setenv("BERTH_ADMIN_PASSWORD", password, 1);
	else
		unsetenv("BERTH_ADMIN_PASSWORD");
	tmpdir_make(dir);
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
	CHECK(dir_fd >= 0 && seal_open(dir_fd, "server.key", &seal, &err) == 0);
	unsetenv("BERTH_ADMIN_ACCESS_KEY_ID");
	unsetenv("BERTH_ADMIN_SECRET_ACCESS_KEY");
	meta = meta_fixture_open();
}

static void close_all(void)
{
	meta_close(meta);
	seal_free(seal);
	close(dir_fd);
}

static bool bootstrap(void)
{
	struct err err = ERR_INIT;
	bool written = false;
	int rc = bootstrap_admin(meta, seal, ACCOUNT, dir_fd, &written, &err);

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

static uint64_t count_writes(void)
{
	struct meta_counts counts;

	meta_read_counts(meta, &counts);
	return counts.writes;
}

static bool admin_key_is(struct span id, struct span secret)
{
	CLEANUP(buf_release) struct buf sealed = BUF_INIT(1024);
	CLEANUP(buf_release) struct buf opened = BUF_INIT(1024);
	struct meta_tx *tx = meta_fixture_read(meta);
	struct meta_access_key key;
	struct err err = ERR_INIT;
	int found = meta_access_key_find(tx, id, &key, &sealed, &err);

	meta_read_end(tx);
	CHECK(found == 1);
	CHECK(access_key_open(seal, key.id, buf_span(&sealed), &opened, &err) ==
	      0);
	return key.principal_id == admin().id && !key.disabled &&
	       span_equal(buf_span(&opened), secret);
}

static void say_key(const char *id, const char *secret)
{
	setenv("BERTH_ADMIN_ACCESS_KEY_ID", id, 1);
	setenv("BERTH_ADMIN_SECRET_ACCESS_KEY", secret, 1);
}

#define FIRST "first-secret-of-key"
#define SECOND "second-secret-of-key"

static void test_the_environment_says_the_access_key(void)
{
	open_all("the password");
	say_key("AKIAFIRST", FIRST);
	CHECK(!bootstrap());
	CHECK(admin_key_is(SPAN_LIT("AKIAFIRST"), SPAN_LIT(FIRST)));

	uint64_t writes = count_writes();
	say_key("AKIAFIRST", FIRST);
	CHECK(!bootstrap());
	CHECK(count_writes() == writes);

	say_key("AKIAFIRST", SECOND);
	CHECK(!bootstrap());
	CHECK(admin_key_is(SPAN_LIT("AKIAFIRST"), SPAN_LIT(SECOND)));
	say_key("AKIASECOND", FIRST);
	CHECK(!bootstrap());
	CHECK(admin_key_is(SPAN_LIT("AKIAFIRST"), SPAN_LIT(SECOND)));
	CHECK(admin_key_is(SPAN_LIT("AKIASECOND"), SPAN_LIT(FIRST)));
	CHECK(admin_has(SPAN_LIT("the password")));
	close_all();
}

static void test_a_key_that_cannot_be_is_refused(void)
{
	static const struct {
		const char *id;
		const char *secret;
	} cases[] = {
		{"AKIAFIRST", ""},	{"", FIRST},
		{"AKI", FIRST},		{"AKIA/A", FIRST},
		{"AKIAFIRST", "short"},
	};
	struct err err = ERR_INIT;
	bool written = false;

	open_all("the password");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		err_clear(&err);
		say_key(cases[i].id, cases[i].secret);
		CHECK(bootstrap_admin(meta, seal, ACCOUNT, dir_fd, &written,
				      &err) == -1);
		CHECK(err.code == ERR_INVALID);
	}
	close_all();
}

/* The id is somebody else's: his key must not become the administrator's. */
static int take_id(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_principal eve = {
		.kind = META_USER, .account = ACCOUNT, .name = "eve"};
	struct meta_access_key key = {.id = "AKIAEVE"};

	(void)context;
	if (meta_principal_insert(tx, &eve, &key.principal_id, err) < 0)
		return -1;
	CLEANUP(buf_release) struct buf sealed = BUF_INIT(1024);
	if (access_key_seal(seal, key.id, SPAN_LIT(FIRST), &sealed, err) < 0)
		return -1;
	return meta_access_key_insert(tx, &key, buf_span(&sealed), err);
}

static void test_a_key_of_another_is_left_alone(void)
{
	struct err err = ERR_INIT;
	bool written = false;

	open_all("the password");
	meta_fixture_write(meta, take_id, NULL);
	say_key("AKIAEVE", FIRST);
	CHECK(bootstrap_admin(meta, seal, ACCOUNT, dir_fd, &written, &err) ==
	      -1);
	CHECK(err.code == ERR_INVALID);
	close_all();
}

static void test_a_random_password_is_written_once(void)
{
	struct stat info;
	char text[512] = "";
	struct span rest = {0};
	struct span line = {0};

	open_all(NULL);
	CHECK(bootstrap());
	CHECK(fstatat(dir_fd, "admin.credentials", &info, 0) == 0);
	CHECK((info.st_mode & 07777) == 0600);
	int fd = openat(dir_fd, "admin.credentials", O_RDONLY);
	ssize_t got = read(fd, text, sizeof(text) - 1);
	close(fd);
	CHECK(strncmp(text, PREFIX, strlen(PREFIX)) == 0);
	CHECK(text[strlen(PREFIX) + 24] == '\n');
	rest = span_make(text, (size_t)got);
	CHECK(span_cut(rest, '\n', &line, &rest) &&
	      span_cut(rest, '\n', &line, &rest) &&
	      span_cut(rest, '\n', &line, &rest));
	CHECK(span_starts(line, SPAN_LIT("access_key_id=BERTH")));
	struct span id = span_make(line.text + 14, line.len - 14);
	CHECK(span_cut(rest, '\n', &line, &rest) && rest.len == 0);
	CHECK(span_starts(line, SPAN_LIT("secret_access_key=")));
	CHECK(line.len == 18 + 40);
	CHECK(admin_key_is(id, span_make(line.text + 18, 40)));
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
	setenv("BERTH_ADMIN_PASSWORD", "first secret", 1);
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
	CHECK(bootstrap_admin(meta, seal, ACCOUNT, -1, &written, &err) == -1);
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
	CHECK(bootstrap_admin(meta, seal, ACCOUNT, dir_fd, &written, &err) ==
	      -1);
	CHECK(err.code == ERR_INVALID);
	close_all();
}

/* Also where it could not be followed. */
static void test_the_environment_is_wiped(void)
{
	static char password[] = "BERTH_ADMIN_PASSWORD=the password";
	static char secret[] = "BERTH_ADMIN_SECRET_ACCESS_KEY=" FIRST;
	struct err err = ERR_INIT;
	bool written = false;

	open_all(NULL);
	CHECK(putenv(password) == 0 && putenv(secret) == 0);
	CHECK(bootstrap_admin(meta, seal, ACCOUNT, dir_fd, &written, &err) ==
	      -1);
	CHECK(!getenv("BERTH_ADMIN_PASSWORD"));
	CHECK(!getenv("BERTH_ADMIN_SECRET_ACCESS_KEY"));
	CHECK_TEXT(password, "BERTH_ADMIN_PASSWORD=");
	CHECK(!memmem(password, sizeof(password), "the", 3));
	CHECK(!memmem(secret, sizeof(secret), "first", 5));
	close_all();
}

/* ---- the reset ---- */

static void read_password(char ret_password[25])
{
	char text[512] = "";
	int fd = openat(dir_fd, "admin.credentials", O_RDONLY);

	CHECK(fd >= 0);
	ssize_t got = read(fd, text, sizeof(text) - 1);
	close(fd);
	CHECK(got == (ssize_t)strlen(PREFIX) + 25);
	CHECK(strncmp(text, PREFIX, strlen(PREFIX)) == 0);
	memcpy(ret_password, text + strlen(PREFIX), 24);
	ret_password[24] = '\0';
}

/* Disabled, expired, without the policy, with tokens, and held up. */
static int break_admin(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_principal *user = context;
	struct meta_holder holder = {META_HOLDER_PRINCIPAL, user->id};
	struct meta_token token = {.id = "t",
				   .kind = META_TOKEN_API,
				   .principal_id = user->id,
				   .hash = "x"};
	struct meta_login login = {
		.subject = "s", .failures = 100, .failed_ms = 1};

	user->disabled = true;
	user->expires_ms = 1;
	if (meta_principal_update(tx, user, err) < 0 ||
	    meta_policy_detach(tx, holder, SPAN_LIT("administrator"),
			       SPAN_LIT("*"), err) < 0 ||
	    meta_token_insert(tx, &token, SPAN_LIT(""), err) < 0)
		return -1;
	token.kind = META_TOKEN_REFRESH;
	snprintf(token.id, sizeof(token.id), "r");
	if (meta_token_insert(tx, &token, SPAN_LIT("berth"), err) < 0)
		return -1;
	return meta_login_put(tx, &login, err);
}

static int count_login(void *context, const struct meta_login *login,
		       struct err *err)
{
	int *count = context;

	(void)login;
	(void)err;
	++*count;
	return 0;
}

static void check_reset(void)
{
	struct meta_tx *tx = meta_fixture_read(meta);
	struct meta_token token;
	struct err err = ERR_INIT;
	char hash[META_AUDIT_HASH_SIZE];
	int64_t number = 0;
	int logins = 0;

	CHECK(meta_token_find(tx, SPAN_LIT("t"), &token, NULL, &err) == 0);
	CHECK(meta_token_find(tx, SPAN_LIT("r"), &token, NULL, &err) == 0);
	CHECK(meta_login_list(tx, 0, 10, count_login, &logins, &err) == 0);
	CHECK(logins == 0);
	CHECK(meta_audit_head(tx, SPAN_LIT(ACCOUNT), &number, hash, &err) == 1);
	CHECK(number == 1);
	meta_read_end(tx);
	CHECK(admin().expires_ms == 0);
}

static void test_a_reset_makes_him_an_administrator_again(void)
{
	struct err err = ERR_INIT;
	char password[25];

	open_all("lost");
	CHECK(!bootstrap());
	struct meta_principal before = admin();
	meta_fixture_write(meta, break_admin, &before);
	CHECK(bootstrap_reset(meta, ACCOUNT, dir_fd, &err) == 0);
	read_password(password);
	CHECK(admin().id == before.id);
	CHECK(admin_has(span_of(password)));
	CHECK(!admin_has(SPAN_LIT("lost")));
	check_reset();
	close_all();
}

static int remove_admin(struct meta_tx *tx, void *context, struct err *err)
{
	const struct meta_principal *user = context;

	return meta_principal_delete(tx, user->id, err);
}

static int insert_role(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_principal role = {
		.kind = META_ROLE, .account = ACCOUNT, .name = "admin"};

	(void)context;
	return meta_principal_insert(tx, &role, &role.id, err);
}

static void test_a_reset_makes_him_if_he_is_gone(void)
{
	struct err err = ERR_INIT;
	char password[25];

	open_all("lost");
	CHECK(!bootstrap());
	struct meta_principal before = admin();
	meta_fixture_write(meta, remove_admin, &before);
	CHECK(bootstrap_reset(meta, ACCOUNT, dir_fd, &err) == 0);
	read_password(password);
	CHECK(admin().id != before.id);
	CHECK(admin_has(span_of(password)));
	before = admin();
	meta_fixture_write(meta, remove_admin, &before);
	meta_fixture_write(meta, insert_role, NULL);
	CHECK(bootstrap_reset(meta, ACCOUNT, dir_fd, &err) == -1);
	CHECK(err.code == ERR_EXISTS);
	close_all();
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_random_password_is_written_once),
		CHECK_CASE(test_the_environment_says_the_password),
		CHECK_CASE(test_the_environment_says_the_access_key),
		CHECK_CASE(test_a_key_that_cannot_be_is_refused),
		CHECK_CASE(test_a_key_of_another_is_left_alone),
		CHECK_CASE(test_no_file_no_user),
		CHECK_CASE(test_a_password_that_cannot_be_is_refused),
		CHECK_CASE(test_the_environment_is_wiped),
		CHECK_CASE(test_a_reset_makes_him_an_administrator_again),
		CHECK_CASE(test_a_reset_makes_him_if_he_is_gone),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
