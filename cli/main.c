/* SPDX-License-Identifier: Apache-2.0 */
/* berth: reads its command line and runs one command. */
#include <stdio.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/session.h"

#define EXIT_FAILED 1
#define EXIT_USAGE 2
#define HELP_MAX ((size_t)1 << 20) /* bytes */

static int complain(const struct err *err)
{
	const char *text = err->tell[0] ? err->tell : err->text;

	fputs("berth: ", stderr);
	print_clean(span_of(text), stderr);
	fputc('\n', stderr);
	return EXIT_FAILED;
}

/* As far as the command line could be understood. */
static int complain_usage(const struct err *err, const struct options *options)
{
	CLEANUP(buf_release) struct buf name = BUF_INIT(HELP_MAX);

	complain(err);
	if (options->command)
		commands_full_name(options->command, &name);
	else if (options->group)
		buf_append_text(&name, options->group);
	fprintf(stderr, "berth: try berth %s%s--help\n", buf_text(&name),
		name.len > 0 ? " " : "");
	return EXIT_USAGE;
}

static int print_help(const struct options *options)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(HELP_MAX);

	if (options->command)
		help_command(options->command, &text);
	else if (options->group)
		help_group(options->group, &text);
	else
		help_program(&text);
	return fputs(buf_text(&text), stdout) < 0 ? EXIT_FAILED : 0;
}

static int run(const struct options *options)
{
	CLEANUP(session_release) struct session session = {0};
	struct err err = ERR_INIT;

	progress_catch_signals();
	if (session_init(options, &session, &err) < 0 ||
	    options->command->run(&session, &err) < 0)
		return complain(&err);
	return 0;
}

int main(int argc, char **argv)
{
	struct options options = {0};
	struct err err = ERR_INIT;
	int status = 0;

	if (options_parse(argc, argv, &options, &err) < 0)
		return complain_usage(&err, &options);
	if (options.help)
		status = print_help(&options);
	else if (options.version)
		puts("berth " BERTH_VERSION);
	else
		status = run(&options);
	if (fflush(stdout) != 0 && status == 0) {
		perror("berth");
		status = EXIT_FAILED;
	}
	return status;
}
