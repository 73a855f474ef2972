/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/docker_config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fsx.h"
#include "tests/lib/check.h"
#include "tests/lib/tmpdir.h"

#define URL "http://127.0.0.1:5000/"
#define TEXT_MAX 4096

static char folder[TMPDIR_SIZE];

/* A folder of its own for each case; with its configuration unless NULL. */
static void begin(const char *config)
{
	struct err err = ERR_INIT;

	tmpdir_make(folder);
	setenv("DOCKER_CONFIG", folder, 1);
	if (!config)
		return;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(fsx_replace_file(fd, "config.json", config, strlen(config), 0644,
			       &err) == 0);
	close(fd);
}

static void check_login(const char *user, const char *password)
{
	struct buf name = BUF_INIT(TEXT_MAX);
	struct buf secret = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;

	int found = docker_config_get(URL, &name, &secret, &err);

	CHECK(found == (user != NULL));
	if (user) {
		CHECK_TEXT(buf_text(&name), user);
		CHECK_TEXT(buf_text(&secret), password);
	}
	buf_release(&name);
	buf_release(&secret);
}

static void put(const char *user, const char *password, const char *want)
{
	struct buf where = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;

	CHECK(docker_config_put(URL, user, password, &where, &err) == 0);
	CHECK(strstr(buf_text(&where), want));
	buf_release(&where);
}

static void check_file(const char *has, const char *has_not)
{
	struct buf text = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;
	char path[TMPDIR_SIZE + 16];
	struct stat info;

	snprintf(path, sizeof(path), "%s/config.json", folder);
	CHECK(stat(path, &info) == 0);
	CHECK((info.st_mode & 0777) == 0600);
	CHECK(fsx_read_file(AT_FDCWD, path, &text, &err) == 0);
	CHECK(strstr(buf_text(&text), has));
	CHECK(!strstr(buf_text(&text), has_not));
	buf_release(&text);
}

static void the_host_is_what_docker_calls_it(void)
{
	static const struct {
		const char *url;
		const char *want;
	} rows[] = {
		{"http://127.0.0.1:5000", "127.0.0.1:5000"},
		{"https://registry.example/", "registry.example"},
		{"https://registry.example:8443/a/b", "registry.example:8443"},
		{"registry.example", "registry.example"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf host = BUF_INIT(TEXT_MAX);

		docker_config_host(rows[i].url, &host);
		CHECK_TEXT(buf_text(&host), rows[i].want);
		buf_release(&host);
	}
}

static void what_was_kept_is_found(void)
{
	struct err err = ERR_INIT;

	begin(NULL);
	check_login(NULL, NULL);
	put("eve", "brt_a:b", "config.json");
	check_login("eve", "brt_a:b");
	check_file("127.0.0.1:5000", "brt_a");
	put("eve", "other", "config.json");
	check_login("eve", "other");
	CHECK(docker_config_remove(URL, &err) == 1);
	check_login(NULL, NULL);
	CHECK(docker_config_remove(URL, &err) == 0);
}

static void what_others_keep_stays(void)
{
	begin("{\"psFormat\":\"table\",\"auths\":{\"other.example\":{\"auth\":"
	      "\"YTpi\"}}}");
	put("eve", "secret", "config.json");
	check_file("psFormat", "never there");
	check_file("other.example", "never there");
	check_login("eve", "secret");
}

static void a_folder_is_made(void)
{
	char below[TMPDIR_SIZE + 16];

	begin(NULL);
	snprintf(below, sizeof(below), "%s/new", folder);
	setenv("DOCKER_CONFIG", below, 1);
	put("eve", "secret", "new/config.json");
	check_login("eve", "secret");
}

static void a_broken_file_is_told_and_left(void)
{
	struct buf where = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;

	begin("{\"auths\":");
	CHECK(docker_config_put(URL, "eve", "x", &where, &err) < 0);
	CHECK(strstr(err_for_client(&err), "config.json cannot be read"));
}

/* A credential helper that keeps what it is told in a file. */
static void install_helper(void)
{
	static const char script[] =
		"#!/bin/sh\n"
		"kept=$DOCKER_CONFIG/kept\n"
		"case $1 in\n"
		"store) cat >\"$kept\" ;;\n"
		"get) [ -f \"$kept\" ] || exit 1; cat \"$kept\" ;;\n"
		"erase) [ -f \"$kept\" ] || exit 1; rm \"$kept\" ;;\n"
		"esac\n";
	char path[TMPDIR_SIZE + 64];
	struct err err = ERR_INIT;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(fsx_replace_file(fd, "docker-credential-test", script,
			       sizeof(script) - 1, 0700, &err) == 0);
	close(fd);
	snprintf(path, sizeof(path), "%s:%s", folder, getenv("PATH"));
	setenv("PATH", path, 1);
}

static void a_helper_keeps_it_where_one_is_named(void)
{
	struct err err = ERR_INIT;

	begin("{\"credHelpers\":{\"127.0.0.1:5000\":\"test\"}}");
	install_helper();
	check_login(NULL, NULL);
	put("eve", "in the ring", "docker-credential-test");
	check_login("eve", "in the ring");
	CHECK(docker_config_remove(URL, &err) == 1);
	check_login(NULL, NULL);
	CHECK(docker_config_remove(URL, &err) == 0);
}

static void a_helper_that_is_not_there_is_told(void)
{
	struct buf where = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;

	begin("{\"credsStore\":\"no-such-helper\"}");
	CHECK(docker_config_put(URL, "eve", "x", &where, &err) < 0);
	CHECK(strstr(err_for_client(&err), "docker-credential-no-such-helper"));
	err_clear(&err);
	begin("{\"credsStore\":\"../../bin/sh\"}");
	CHECK(docker_config_put(URL, "eve", "x", &where, &err) < 0);
	buf_release(&where);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(the_host_is_what_docker_calls_it),
		CHECK_CASE(what_was_kept_is_found),
		CHECK_CASE(what_others_keep_stays),
		CHECK_CASE(a_folder_is_made),
		CHECK_CASE(a_broken_file_is_told_and_left),
		CHECK_CASE(a_helper_keeps_it_where_one_is_named),
		CHECK_CASE(a_helper_that_is_not_there_is_told),
	};

	return CHECK_RUN(argc, argv, cases);
}
