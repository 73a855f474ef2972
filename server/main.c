/* SPDX-License-Identifier: Apache-2.0 */
/* berthd: reads its command line, starts the server, and waits for signals. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/trim.h"
#include "conf/args.h"
#include "conf/conf.h"
#include "conf/explain.h"
#include "server/app.h"

#define EXIT_FAILED 1
#define EXIT_USAGE 2
#define TEXT_MAX ((size_t)1 << 20) /* bytes of --help and the like */

static int print(void (*explain)(struct buf *out))
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(TEXT_MAX);

	explain(&text);
	return fputs(buf_text(&text), stdout) < 0 ? EXIT_FAILED : 0;
}

static void version(struct buf *out)
{
	buf_append_text(out, "berthd " BERTH_VERSION "\n");
}

static int complain(const struct err *err, int status)
{
	fprintf(stderr, "berthd: %s\n", err->text);
	if (status == EXIT_USAGE)
		fprintf(stderr, "berthd: try berthd --help\n");
	return status;
}

static void configure_log(const struct conf *conf)
{
	static const enum log_level levels[] = {[CONF_LOG_DEBUG] = LOG_DEBUG,
						[CONF_LOG_INFO] = LOG_INFO,
						[CONF_LOG_WARN] = LOG_WARN,
						[CONF_LOG_ERROR] = LOG_ERROR};
	bool text =
		conf->log_format == CONF_LOG_TEXT ||
		(conf->log_format == CONF_LOG_AUTO && isatty(STDERR_FILENO));

	log_configure(STDERR_FILENO, text ? LOG_FORMAT_TEXT : LOG_FORMAT_JSON,
		      levels[conf->log_level]);
}

/* As many descriptors as the system lets us have; and few heaps, since each
 * thread's own would keep what it once needed. */
static void tune_process(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	mallopt(M_ARENA_MAX, 2);
	mallopt(M_TRIM_THRESHOLD, 1 << 20);
}

/* What lies in our memory is nobody else's: no core, not even one that is piped
 * to a program, and no other process of this user may look into it. */
static void harden_process(const struct conf *conf)
{
	const struct rlimit none = {0, 0};

	if (conf->server_core_dumps)
		return;
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

static void block_signals(sigset_t *ret_signals)
{
	sigemptyset(ret_signals);
	sigaddset(ret_signals, SIGTERM);
	sigaddset(ret_signals, SIGINT);
	sigaddset(ret_signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, ret_signals, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void reload(struct app *app, const struct conf_args *args)
{
	CLEANUP(buf_release) struct buf restart = BUF_INIT(TEXT_MAX);
	CLEANUP(conf_free_at) struct conf *conf = NULL;
	struct err err = ERR_INIT;

	if (conf_reload(args, app->conf, &conf, &restart, &err) < 0) {
		log_failure(LOG_ERROR, "reload_refused", &err, NULL, 0);
		return;
	}
	configure_log(conf);
	app_reload(app, conf);
	log_event(LOG_INFO, "reloaded",
		  LOG_TEXT("needs_restart", buf_text(&restart)));
}

/* Until SIGTERM or SIGINT. */
static void wait_for_signals(struct app *app, const struct conf_args *args,
			     const sigset_t *signals)
{
	for (;;) {
		int got = sigwaitinfo(signals, NULL);

		if (got == SIGHUP)
			reload(app, args);
		if (got == SIGTERM || got == SIGINT)
			return;
	}
}

/* ---- a password within the address of the database ---- */

/* "//user:password@host", or a parameter of that name. */
static bool has_password(struct span url)
{
	struct span rest = url;
	struct span host = {0};
	struct span name = {0};

	for (size_t i = 0; i + 9 <= url.len; i++)
		if (memcmp(url.text + i, "password=", 9) == 0)
			return true;
	return span_cut(url, '/', &name, &rest) &&
	       span_cut_last(rest, '@', &rest, &host) &&
	       span_cut(rest, ':', &name, &host);
}

static void overwrite(char **argv, struct span text)
{
	for (int i = 1; argv[i]; i++)
		if (text.text >= argv[i] &&
		    text.text < argv[i] + strlen(argv[i]))
			memset(argv[i] + (text.text - argv[i]), 'x', text.len);
}

/* Command lines can be read by everybody on the machine: keep what says the
 * database elsewhere, and overwrite what it was. */
static int hide_password(struct conf_args *args, char **argv, struct err *err)
{
	for (size_t i = 0; i < args->override_count; i++) {
		struct conf_override *said = &args->overrides[i];

		if (!span_equal(said->section, SPAN_LIT("storage")) ||
		    !span_equal(said->name, SPAN_LIT("database")) ||
		    !has_password(said->value))
			continue;
		char *copy = strndup(said->value.text, said->value.len);
		if (!copy)
			return err_set(err, ERR_NO_MEMORY, "command line");
		overwrite(argv, said->value);
		said->value = span_of(copy);
	}
	return 0;
}

static void warn_of_password(const struct conf *conf, const char *path)
{
	struct stat info;

	if (!path || !has_password(span_of(conf->storage_database)) ||
	    stat(path, &info) < 0 || (info.st_mode & 0077) == 0)
		return;
	log_event(LOG_WARN, "config_readable", LOG_TEXT("file", path),
		  LOG_TEXT("advice", "it holds the password of the database: "
				     "chmod 600"));
}

static void tell_credentials(const struct app *app)
{
	if (app->admin_made)
		log_event(LOG_INFO, "administrator_made",
			  LOG_TEXT("user", "admin"),
			  LOG_TEXT("credentials", "admin.credentials in the "
						  "data directory"));
}

static int serve(struct conf *conf, const struct conf_args *args)
{
	struct app *app = NULL;
	struct err err = ERR_INIT;
	sigset_t signals;

	block_signals(&signals);
	harden_process(conf);
	tune_process();
	configure_log(conf);
	warn_of_password(conf, args->config);
	if (app_new(conf, &app, &err) < 0 || app_start(app, &err) < 0) {
		log_failure(LOG_ERROR, "start_failed", &err, NULL, 0);
		app_free(app);
		return complain(&err, EXIT_FAILED);
	}
	tell_credentials(app);
	trim_code();
	wait_for_signals(app, args, &signals);
	log_write(LOG_INFO, "stopping", NULL, 0);
	app_free(app);
	log_write(LOG_INFO, "stopped", NULL, 0);
	log_flush();
	return 0;
}

static int check(struct conf *conf)
{
	struct err err = ERR_INIT;
	int rc = app_check(conf, &err);

	conf_free(conf);
	if (rc < 0)
		return complain(&err, EXIT_USAGE);
	puts("the configuration is valid");
	return 0;
}

/* Something that wants no server to run. */
static int repair(struct conf *conf, enum conf_action action)
{
	struct err err = ERR_INIT;

	harden_process(conf);
	configure_log(conf);
	if (app_repair(conf, action, &err) < 0)
		return complain(&err, EXIT_FAILED);
	puts(action == CONF_RESET_ADMIN
		     ? "the password is in admin.credentials in the data folder"
		     : "everything is sealed with a new key");
	return 0;
}

int main(int argc, char **argv)
{
	struct conf_args args;
	struct conf *conf = NULL;
	struct err err = ERR_INIT;

	if (conf_args_parse(argc, argv, &args, &err) < 0 ||
	    hide_password(&args, argv, &err) < 0)
		return complain(&err, EXIT_USAGE);
	if (args.action == CONF_HELP)
		return print(conf_help);
	if (args.action == CONF_EXAMPLE)
		return print(conf_example);
	if (args.action == CONF_VERSION)
		return print(version);
	if (conf_load(&args, &conf, &err) < 0)
		return complain(&err, EXIT_USAGE);
	if (args.action == CONF_CHECK)
		return check(conf);
	if (args.action == CONF_RESET_ADMIN || args.action == CONF_ROTATE_KEY)
		return repair(conf, args.action);
	return serve(conf, &args);
}
