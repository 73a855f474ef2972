/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/options.h"
#include "docs/generate.h"

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

static void commands_section(struct buf *out)
{
	size_t count;
	const struct command *commands = commands_all(&count);

	buf_append_text(out, ".SH COMMANDS\n");
	for (size_t i = 0; i < count; i++) {
		buf_append_text(out, ".SS ");
		generate_roff(commands[i].name, out);
		if (commands[i].synopsis[0])
			buf_append_char(out, ' ');
		generate_roff(commands[i].synopsis, out);
		buf_append_char(out, '\n');
		generate_roff(commands[i].text, out);
		buf_append_char(out, '\n');
		flags_list(commands[i].flags, commands[i].flag_count, out);
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
		     ".SH NAME\nberth \\- work with the images of a container "
		     "image registry\n"
		     ".SH SYNOPSIS\n.B berth\n.RI [ FLAG \" ...] \" COMMAND "
		     "\" [\" ARGUMENT \" ...]\"\n"
		     ".SH DESCRIPTION\n"
		     "Lists, shows and deletes what a registry holds, and "
		     "moves images between it and folders or archives.\n"
		     "REPO names a repository without the registry's address, "
		     "which --registry gives. Results go to standard output, "
		     "progress and failures to standard error.\n");
	commands_section(out);
	buf_append_text(out, ".SH OPTIONS\nEvery command takes these, before "
			     "or behind its name.\n");
	flags_list(flags, count, out);
	buf_append_text(
		out, ".SH ENVIRONMENT\n"
		     ".TP\n.B BERTH_REGISTRY\nAddress of the registry.\n"
		     ".TP\n.BR BERTH_USER \", \" BERTH_PASSWORD\n"
		     "Who asks.\n"
		     ".TP\n.B TMPDIR\nWhere import unpacks an archive.\n"
		     ".SH FILES\n.TP\n.I PATH.partial\n"
		     "What an interrupted export to an archive has fetched so "
		     "far. The next one goes on with it.\n"
		     ".SH \"EXIT STATUS\"\n"
		     "0 if all went well, 1 if something failed, 2 for wrong "
		     "usage.\n"
		     ".SH \"SEE ALSO\"\n.BR berthd (8)\n");
}
