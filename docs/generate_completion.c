/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/options.h"
#include "docs/generate.h"

static void flag_names(const struct flag *flags, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++)
		buf_appendf(out, " %s", flags[i].name);
}

static void command_rows(struct buf *out)
{
	size_t count;
	const struct command *commands = commands_all(&count);

	for (size_t i = 0; i < count; i++) {
		if (commands[i].flag_count == 0)
			continue;
		buf_appendf(out, "\t\t%s) flags+=\"", commands[i].name);
		flag_names(commands[i].flags, commands[i].flag_count, out);
		buf_append_text(out, "\" ;;\n");
	}
}

void generate_completion(struct buf *out)
{
	size_t count;
	size_t command_count;
	const struct flag *flags = options_global_flags(&count);
	const struct command *commands = commands_all(&command_count);

	buf_append_text(out, "# SPDX-License-Identifier: Apache-2.0\n"
			     "# Generated from cli/commands.c and "
			     "cli/options.c.\n"
			     "_berth() {\n"
			     "\tlocal word=${COMP_WORDS[COMP_CWORD]} i\n"
			     "\tlocal commands=\"");
	for (size_t i = 0; i < command_count; i++)
		buf_appendf(out, "%s%s", i > 0 ? " " : "", commands[i].name);
	buf_append_text(out, "\" command=\n\tlocal flags=\"");
	flag_names(flags, count, out);
	buf_append_text(out, "\"\n"
			     "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
			     "\t\tcase \" $commands \" in\n"
			     "\t\t*\" ${COMP_WORDS[i]} \"*) "
			     "command=${COMP_WORDS[i]} && break ;;\n"
			     "\t\tesac\n"
			     "\tdone\n"
			     "\tcase $command in\n");
	command_rows(out);
	buf_append_text(out, "\tesac\n"
			     "\tif [[ $word == -* ]]; then\n"
			     "\t\tCOMPREPLY=($(compgen -W \"$flags\" -- "
			     "\"$word\"))\n"
			     "\telif [[ -z $command ]]; then\n"
			     "\t\tCOMPREPLY=($(compgen -W \"$commands\" -- "
			     "\"$word\"))\n"
			     "\tfi\n"
			     "}\n"
			     "complete -o default -F _berth berth\n");
}
