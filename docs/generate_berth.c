/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "docs/generate.h"

#define NAME_MAX_BYTES 256

static void flags_list(const struct flag *flags, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		buf_append_text(out, ".TP\n.B ");
		generate_roff(flags[i].name, out);
		if (flags[i].argument) {
			buf_append_char(out, ' ');
			generate_roff(flags[i].argument, out);
		}
		buf_append_char(out, '\n');
		generate_roff(flags[i].text, out);
		buf_append_char(out, '\n');
	}
}

static void command_section(const struct command *command, struct buf *out)
{
	CLEANUP(buf_release) struct buf name = BUF_INIT(NAME_MAX_BYTES);

	commands_full_name(command, &name);
	buf_append_text(out, ".SS ");
	generate_roff(buf_text(&name), out);
	if (command->synopsis[0])
		buf_append_char(out, ' ');
	generate_roff(command->synopsis, out);
	buf_append_char(out, '\n');
	generate_roff(command->text, out);
	buf_append_char(out, '\n');
	flags_list(command->flags, command->flag_count, out);
}

static void commands_sections(struct buf *out)
{
	const struct command_table *table;

	for (size_t i = 0; (table = commands_table(i)); i++) {
		buf_append_text(out, ".SH \"COMMANDS: ");
		generate_roff(table->title, out);
		buf_append_text(out, "\"\n");
		for (size_t k = 0; k < table->count; k++)
			command_section(&table->commands[k], out);
	}
}

void generate_berth(struct buf *out)
{
	size_t count;
	const struct flag *flags = options_global_flags(&count);

	buf_append_text(
		out, ".\\\" SPDX-License-Identifier: Apache-2.0\n"
		     ".\\\" Generated from cli/commands.c and cli/options.c.\n"
		     ".TH BERTH 1 \"\" \"Berth\" \"User commands\"\n"
		     ".SH NAME\nberth \\- work with a container image "
		     "registry\n"
		     ".SH SYNOPSIS\n.B berth\n.RI [ FLAG \" ...] \" COMMAND "
		     "\" [\" ARGUMENT \" ...]\"\n"
		     ".SH DESCRIPTION\n"
		     "Lists, shows and deletes what a registry holds, and "
		     "moves images between it and folders or archives; "
		     "administers who may do what, and shows what was done.\n"
		     "REPO names a repository without the registry's address, "
		     "which --registry gives. Results go to standard output, "
		     "progress and failures to standard error.\n");
	commands_sections(out);
	buf_append_text(out, ".SH OPTIONS\nEvery command takes these, before "
			     "or behind its name.\n");
	flags_list(flags, count, out);
	buf_append_text(
		out, ".SH ENVIRONMENT\n"
		     ".TP\n.B BERTH_REGISTRY\nAddress of the registry.\n"
		     ".TP\n.BR BERTH_USER \", \" BERTH_PASSWORD\n"
		     "Who asks.\n"
		     ".TP\n.B TMPDIR\nWhere import unpacks an archive.\n"
		     ".TP\n.B DOCKER_CONFIG\nFolder of the file in which "
		     "logins are kept (default ~/.docker).\n"
		     ".SH FILES\n.TP\n.I ~/.docker/config.json\n"
		     "Where login keeps its token, with mode 0600, and where "
		     "docker keeps its own; a credential helper that it names "
		     "is used in its place.\n"
		     ".TP\n.I PATH.partial\n"
		     "What an interrupted export to an archive has fetched so "
		     "far. The next one goes on with it.\n"
		     ".SH \"EXIT STATUS\"\n"
		     "0 if all went well, 1 if something failed, 2 for wrong "
		     "usage.\n"
		     ".SH \"SEE ALSO\"\n.BR berthd (8)\n");
}
