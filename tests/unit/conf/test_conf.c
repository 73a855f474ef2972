/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "tests/lib/check.h"
#include "tests/lib/tmpdir.h"

/* Write text to a file of a fresh folder. */
static void write_file(const char *text, char path[TMPDIR_SIZE + 16])
{
	char dir[TMPDIR_SIZE];

	tmpdir_make(dir);
	snprintf(path, TMPDIR_SIZE + 16, "%s/berth.yaml", dir);
	FILE *file = fopen(path, "w");

	CHECK(file);
	CHECK(fputs(text, file) >= 0);
	CHECK(fclose(file) == 0);
}

/* args for a file of that text and up to one flag. */
static struct conf_args args_for(const char *path, char *flag)
{
	char *argv[] = {"berthd", flag};
	struct conf_args args = {0};
	struct err err = ERR_INIT;

	CHECK(conf_args_parse(flag ? 2 : 1, argv, &args, &err) == 0);
	args.config = path;
	return args;
}

static struct conf *load(const char *text, char *flag)
{
	char path[TMPDIR_SIZE + 16];
	struct conf *conf = NULL;
	struct err err = ERR_INIT;

	write_file(text, path);
	struct conf_args args = args_for(path, flag);

	if (conf_load(&args, &conf, &err) < 0)
		fprintf(stderr, "%s\n", err.text);
	CHECK(conf);
	CHECK(err.code == ERR_NONE);
	return conf;
}

/* The message is FILE, then want. */
static void refuses(const char *text, char *flag, const char *want)
{
	char path[TMPDIR_SIZE + 16];
	struct conf *conf = NULL;
	struct err err = ERR_INIT;

	write_file(text, path);
	struct conf_args args = args_for(path, flag);

	CHECK(conf_load(&args, &conf, &err) == -1);
	CHECK(!conf);
	CHECK(err.code == ERR_INVALID);
	size_t len = strlen(path);

	if (strncmp(err.text, path, len) == 0)
		CHECK_TEXT(err.text + len, want);
	else
		CHECK_TEXT(err.text, want);
}

static void test_without_a_file_the_defaults_count(void)
{
	CLEANUP(conf_free_at) struct conf *conf = NULL;
	struct conf_args args = args_for(NULL, NULL);
	struct err err = ERR_INIT;

	CHECK(conf_load(&args, &conf, &err) == 0);
	CHECK_TEXT(conf->server_listen, "127.0.0.1:5000");
	CHECK_TEXT(conf->listen_host, "127.0.0.1");
	CHECK(conf->listen_port == 5000);
	CHECK(!conf->listen_ipv6);
	CHECK(conf->server_anonymous == CONF_ANONYMOUS_NONE);
	CHECK(conf->registry_manifest_max == 4 * 1024 * 1024);
	CHECK(conf->limits_body_timeout_ms == 6 * 3600 * 1000);
	CHECK(conf->storage_direct_io);
	CHECK_TEXT(conf->storage_database, "");
}

static void test_the_file_overrides_defaults_and_flags_the_file(void)
{
	const char *text = "server:\n  workers: 5\n  listen: 127.0.0.1:1\n";
	CLEANUP(conf_free_at)
	struct conf *conf = load(text, "--listen=127.0.0.9:2");

	CHECK(conf->server_workers == 5);
	CHECK(conf->listen_port == 2);
	CHECK_TEXT(conf->listen_host, "127.0.0.9");
}

static void test_the_last_flag_counts(void)
{
	CLEANUP(conf_free_at) struct conf *conf = NULL;
	char *argv[] = {"berthd", "--set=log.level=warn",
			"--set=log.level=error"};
	struct conf_args args = {0};
	struct err err = ERR_INIT;

	CHECK(conf_args_parse(3, argv, &args, &err) == 0);
	CHECK(conf_load(&args, &conf, &err) == 0);
	CHECK(conf->log_level == CONF_LOG_ERROR);
}

static void test_names_file_line_and_option(void)
{
	refuses("server:\n  workers: none\n", NULL,
		": line 2: server.workers: must be a number: 1 to 1024");
	refuses("log:\n\n\n  level: loud\n", NULL,
		": line 4: log.level: must be a choice: one of "
		"debug|info|warn|error");
	refuses("\n\nserver:\n  listen: nowhere\n", NULL,
		": line 4: server.listen: must be HOST:PORT");
}

static void test_unknown_names_are_errors(void)
{
	refuses("servers:\n  workers: 1\n", NULL,
		": line 1: there is no section servers");
	refuses("servers:\n", NULL, ": line 1: there is no section servers");
	refuses("server:\n  worker: 1\n", NULL,
		": line 2: there is no option server.worker");
	refuses("server:\n  \"a\\nb\\e\": 1\n", NULL,
		": line 2: there is no option server.a?b?");
	refuses("", "--set=server.worker=1",
		"command line: there is no option server.worker");
	refuses("", "--set=x.y=1", "command line: there is no section x");
}

static void test_what_stands_twice_is_an_error(void)
{
	refuses("log:\n  level: info\n  level: info\n", NULL,
		": line 3: log.level stands twice");
	refuses("log:\n  level: info\nlog:\n  access: true\n", NULL,
		": line 3: section log stands twice");
}

static void test_the_command_line_is_blamed_for_its_own(void)
{
	refuses("", "--anonymous=maybe",
		"command line: server.anonymous: must be a choice: one of "
		"none|pull|full");
	refuses("server:\n  listen: 127.0.0.1:1\n", "--listen=127.0.0.1:99999",
		"command line: server.listen: the port must be a number up to "
		"65535");
}

static void test_plain_http_stays_on_loopback(void)
{
	const char *why = "command line: server.listen: plain HTTP is served "
			  "on loopback addresses only; set tls.certificate "
			  "and tls.key, or say server.insecure_http: true or "
			  "--insecure-http";

	refuses("", "--listen=0.0.0.0:5000", why);
	refuses("", "--listen=192.168.1.1:5000", why);
	refuses("", "--listen=[::]:5000", why);
	refuses("", "--listen=[2001:db8::1]:5000", why);
	conf_free(load("server:\n  insecure_http: true\n",
		       "--listen=0.0.0.0:5000"));
	conf_free(load("tls:\n  certificate: a\n  key: b\n",
		       "--listen=0.0.0.0:5000"));
}

static void test_loopback_has_many_names(void)
{
	static const struct {
		char *flag;
		const char *host;
		bool ipv6;
	} rows[] = {
		{"--listen=127.0.0.1:0", "127.0.0.1", false},
		{"--listen=127.255.3.4:0", "127.255.3.4", false},
		{"--listen=localhost:0", "127.0.0.1", false},
		{"--listen=[::1]:0", "::1", true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CLEANUP(conf_free_at)
		struct conf *conf = load("", rows[i].flag);

		CHECK_TEXT(conf->listen_host, rows[i].host);
		CHECK(conf->listen_ipv6 == rows[i].ipv6);
		CHECK(conf->listen_port == 0);
	}
}

static void test_addresses_are_numeric(void)
{
	const char *why = "command line: server.listen: the address must be "
			  "numeric (IPv6 in brackets) or localhost";

	refuses("", "--listen=registry.example.com:80", why);
	refuses("", "--listen=:80", why);
	refuses("", "--listen=::1:80", why);
	refuses("", "--listen=[]:80", why);
	refuses("", "--listen=127.1:80", why);
	refuses("", "--listen=127.0.0.1:",
		"command line: server.listen: the port must be a number up to "
		"65535");
}

static void test_forms_of_names_and_addresses(void)
{
	refuses("registry:\n  account: 12345678901x\n", NULL,
		": line 2: registry.account: must be twelve digits");
	refuses("registry:\n  region: EU\n", NULL,
		": line 2: registry.region: must be lower-case letters, digits "
		"and dashes");
	refuses("storage:\n  database: mysql://x\n", NULL,
		": line 2: storage.database: must be empty (SQLite) or start "
		"with postgresql://");
	refuses("server:\n  roles: registry,scheduler\n", NULL,
		": line 2: server.roles: the only role there is, is registry");
	refuses("server:\n  external_url: https://x/y\n", NULL,
		": line 2: server.external_url: must be http:// or https:// "
		"and a host, without a path");
	refuses("server:\n  external_url: \"https://\"\n", NULL,
		": line 2: server.external_url: must be http:// or https:// "
		"and a host, without a path");
	conf_free(load("server:\n  external_url: https://x.example:8443\n"
		       "  roles: registry , registry\nstorage:\n  database: "
		       "postgresql://u@h/n\n",
		       NULL));
}

static void test_options_fit_each_other(void)
{
	refuses("storage:\n  low_water: 1MiB\n  reserve: 2MiB\n", NULL,
		": line 3: storage.reserve: must not be larger than "
		"storage.low_water");
	refuses("limits:\n  body_timeout: 30s\n", NULL,
		"limits.body_idle_timeout: must not be longer than "
		"limits.body_timeout");
	refuses("tls:\n  certificate: a\n", NULL,
		"tls.key: must list a key for each file in tls.certificate");
	refuses("tls:\n  certificate: a, b\n  key: a\n", NULL,
		": line 3: tls.key: must list a key for each file in "
		"tls.certificate");
	refuses("tls:\n  client_auth: request\n", NULL,
		": line 2: tls.client_auth: needs tls.certificate and tls.key");
	refuses("tls:\n  certificate: a\n  key: b\n  client_auth: require\n",
		NULL, ": line 4: tls.client_auth: needs tls.client_ca");
}

static void test_a_missing_file_is_named(void)
{
	struct conf *conf = NULL;
	struct conf_args args = args_for("/nonexistent/berth.yaml", NULL);
	struct err err = ERR_INIT;

	CHECK(conf_load(&args, &conf, &err) == -1);
	CHECK(err.code == ERR_NOT_FOUND);
	CHECK(strstr(err.text, "/nonexistent/berth.yaml"));
}

/* Write other over the file of args, and load anew. */
static int reload(const struct conf_args *args, const char *other,
		  const struct conf *current, struct conf **ret_conf,
		  struct buf *restart, struct err *err)
{
	FILE *file = fopen(args->config, "w");

	CHECK(file);
	CHECK(fputs(other, file) >= 0);
	CHECK(fclose(file) == 0);
	return conf_reload(args, current, ret_conf, restart, err);
}

static void test_a_reload_keeps_what_needs_a_restart(void)
{
	CLEANUP(conf_free_at) struct conf *old = NULL;
	CLEANUP(conf_free_at) struct conf *new = NULL;
	CLEANUP(buf_release) struct buf restart = BUF_INIT(4096);
	char path[TMPDIR_SIZE + 16];
	struct err err = ERR_INIT;

	write_file("", path);
	struct conf_args args = args_for(path, NULL);

	CHECK(conf_load(&args, &old, &err) == 0);
	CHECK(reload(&args,
		     "server:\n  workers: 9\n  listen: 127.0.0.1:9\n"
		     "log:\n  level: error\nstorage:\n  data: /other\n",
		     old, &new, &restart, &err) == 0);
	CHECK(new->log_level == CONF_LOG_ERROR);
	CHECK(new->server_workers == old->server_workers);
	CHECK(new->listen_port == 5000);
	CHECK_TEXT(new->server_listen, "127.0.0.1:5000");
	CHECK_TEXT(new->storage_data, "./data");
	CHECK_TEXT(buf_text(&restart),
		   "server.listen, server.workers, storage.data");
}

static void test_a_failed_reload_changes_nothing(void)
{
	CLEANUP(conf_free_at) struct conf *old = NULL;
	CLEANUP(buf_release) struct buf restart = BUF_INIT(4096);
	struct conf *new = NULL;
	char path[TMPDIR_SIZE + 16];
	struct err err = ERR_INIT;

	write_file("", path);
	struct conf_args args = args_for(path, NULL);

	CHECK(conf_load(&args, &old, &err) == 0);
	CHECK(reload(&args, "log:\n  level: loud\n", old, &new, &restart,
		     &err) == -1);
	CHECK(!new);
	CHECK(restart.len == 0);
	CHECK(old->log_level == CONF_LOG_INFO);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_without_a_file_the_defaults_count),
		CHECK_CASE(test_the_file_overrides_defaults_and_flags_the_file),
		CHECK_CASE(test_the_last_flag_counts),
		CHECK_CASE(test_names_file_line_and_option),
		CHECK_CASE(test_unknown_names_are_errors),
		CHECK_CASE(test_what_stands_twice_is_an_error),
		CHECK_CASE(test_the_command_line_is_blamed_for_its_own),
		CHECK_CASE(test_plain_http_stays_on_loopback),
		CHECK_CASE(test_loopback_has_many_names),
		CHECK_CASE(test_addresses_are_numeric),
		CHECK_CASE(test_forms_of_names_and_addresses),
		CHECK_CASE(test_options_fit_each_other),
		CHECK_CASE(test_a_missing_file_is_named),
		CHECK_CASE(test_a_reload_keeps_what_needs_a_restart),
		CHECK_CASE(test_a_failed_reload_changes_nothing),
	};

	return CHECK_RUN(argc, argv, cases);
}
