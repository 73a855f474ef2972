/* SPDX-License-Identifier: Apache-2.0 */
/* What shells complete: commands, the commands of a group, and flags. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "docs/generate.h"

#define HEAD                                                                   \
	"# SPDX-License-Identifier: Apache-2.0\n"                              \
	"# Generated from the tables in cli/.\n"

static void flag_names(const struct flag *flags, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++)
		buf_appendf(out, "%s%s", i > 0 ? " " : "", flags[i].name);
}

/* True for the first command of its group. */
static bool opens_group(size_t index)
{
	const struct command *command = commands_at(index);

	for (size_t i = 0; i < index; i++) {
		const char *group = commands_at(i)->group;

		if (group && command->group &&
		    strcmp(group, command->group) == 0)
			return false;
	}
	return command->group != NULL;
}

/* Words that may stand first. */
static void first_words(struct buf *out)
{
	const struct command *command;

	for (size_t i = 0; (command = commands_at(i)); i++) {
		if (command->group && !opens_group(i))
			continue;
		buf_appendf(out, "%s%s", i > 0 ? " " : "",
			    command->group ? command->group : command->name);
	}
}

/* Words that may stand behind a group. */
static void second_words(const char *group, struct buf *out)
{
	const struct command *command;
	const char *before = "";

	for (size_t i = 0; (command = commands_at(i)); i++) {
		if (!command->group || strcmp(command->group, group) != 0)
			continue;
		buf_appendf(out, "%s%s", before, command->name);
		before = " ";
	}
}

/* A case for each group: what may follow it. */
static void group_cases(const char *form, struct buf *out)
{
	const struct command *command;

	for (size_t i = 0; (command = commands_at(i)); i++) {
		if (!opens_group(i))
			continue;
		buf_appendf(out, "\t%s) %s=\"", command->group, form);
		second_words(command->group, out);
		buf_append_text(out, "\" ;;\n");
	}
}

/* A case for each command that has flags of its own. */
static void flag_cases(struct buf *out)
{
	const struct command *command;

	for (size_t i = 0; (command = commands_at(i)); i++) {
		if (command->flag_count == 0)
			continue;
		buf_append_text(out, "\t\"");
		commands_full_name(command, out);
		buf_append_text(out, "\") flags+=\" ");
		flag_names(command->flags, command->flag_count, out);
		buf_append_text(out, "\" ;;\n");
	}
}

static void global_flag_names(struct buf *out)
{
	size_t count;
	const struct flag *flags = options_global_flags(&count);

	flag_names(flags, count, out);
}

void generate_bash(struct buf *out)
{
	buf_append_text(out, HEAD "_berth() {\n"
				  "\tlocal word=${COMP_WORDS[COMP_CWORD]} i\n"
				  "\tlocal first= second= seconds= flags=\"");
	global_flag_names(out);
	buf_append_text(out, "\"\n\tlocal firsts=\"");
	first_words(out);
	buf_append_text(out,
			"\"\n"
			"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
			"\t\t[[ ${COMP_WORDS[i]} == -* ]] && continue\n"
			"\t\tif [[ -z $first ]]; then\n"
			"\t\t\t[[ \" $firsts \" == *\" ${COMP_WORDS[i]} \"* ]] "
			"&&\n\t\t\t\tfirst=${COMP_WORDS[i]}\n"
			"\t\telif [[ -z $second ]]; then\n"
			"\t\t\tsecond=${COMP_WORDS[i]}\n"
			"\t\tfi\n"
			"\tdone\n"
			"\tcase $first in\n");
	group_cases("seconds", out);
	buf_append_text(out, "\tesac\n"
			     "\tcase \"$first${seconds:+ $second}\" in\n");
	flag_cases(out);
	buf_append_text(out, "\tesac\n"
			     "\tif [[ $word == -* ]]; then\n"
			     "\t\tCOMPREPLY=($(compgen -W \"$flags\" -- "
			     "\"$word\"))\n"
			     "\telif [[ -z $first ]]; then\n"
			     "\t\tCOMPREPLY=($(compgen -W \"$firsts\" -- "
			     "\"$word\"))\n"
			     "\telif [[ -n $seconds && -z $second ]]; then\n"
			     "\t\tCOMPREPLY=($(compgen -W \"$seconds\" -- "
			     "\"$word\"))\n"
			     "\tfi\n"
			     "}\n"
			     "complete -o default -F _berth berth\n");
}

void generate_zsh(struct buf *out)
{
	buf_append_text(out, "#compdef berth\n" HEAD
			     "local first= second= seconds= i flags=\"");
	global_flag_names(out);
	buf_append_text(out, "\"\nlocal firsts=\"");
	first_words(out);
	buf_append_text(out, "\"\n"
			     "for ((i = 2; i < CURRENT; i++)); do\n"
			     "\t[[ $words[i] == -* ]] && continue\n"
			     "\tif [[ -z $first ]]; then\n"
			     "\t\t[[ \" $firsts \" == *\" $words[i] \"* ]] && "
			     "first=$words[i]\n"
			     "\telif [[ -z $second ]]; then\n"
			     "\t\tsecond=$words[i]\n"
			     "\tfi\n"
			     "done\n"
			     "case $first in\n");
	group_cases("seconds", out);
	buf_append_text(out, "esac\ncase \"$first${seconds:+ $second}\" in\n");
	flag_cases(out);
	buf_append_text(out, "esac\n"
			     "if [[ $words[CURRENT] == -* ]]; then\n"
			     "\tcompadd -- ${=flags}\n"
			     "elif [[ -z $first ]]; then\n"
			     "\tcompadd -- ${=firsts}\n"
			     "elif [[ -n $seconds && -z $second ]]; then\n"
			     "\tcompadd -- ${=seconds}\n"
			     "else\n"
			     "\t_files\n"
			     "fi\n");
}

/* A text as fish takes it between single quotes. */
static void fish_quote(const char *text, struct buf *out)
{
	buf_append_char(out, '\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			buf_append_char(out, '\\');
		buf_append_char(out, *text);
	}
	buf_append_char(out, '\'');
}

static void fish_flag(const struct flag *flag, const char *condition,
		      struct buf *out)
{
	buf_appendf(out, "complete -c berth%s -l %s%s -d ", condition,
		    flag->name + 2, flag->argument ? " -r" : "");
	fish_quote(flag->text, out);
	buf_append_char(out, '\n');
}

static void fish_command(const struct command *command, struct buf *out)
{
	char condition[256];

	if (command->group)
		buf_appendf(out,
			    "complete -c berth -f -n '__fish_seen_subcommand_"
			    "from %s' -a %s -d ",
			    command->group, command->name);
	else
		buf_appendf(out,
			    "complete -c berth -f -n __fish_use_subcommand "
			    "-a %s -d ",
			    command->name);
	fish_quote(command->summary, out);
	buf_append_char(out, '\n');
	if (command->group)
		snprintf(condition, sizeof(condition),
			 " -n '__fish_seen_subcommand_from %s; and "
			 "__fish_seen_subcommand_from %s'",
			 command->group, command->name);
	else
		snprintf(condition, sizeof(condition),
			 " -n '__fish_seen_subcommand_from %s'", command->name);
	for (size_t i = 0; i < command->flag_count; i++)
		fish_flag(&command->flags[i], condition, out);
}

void generate_fish(struct buf *out)
{
	const struct command *command;
	size_t count;
	const struct flag *flags = options_global_flags(&count);

	buf_append_text(out, HEAD);
	for (size_t i = 0; i < count; i++)
		fish_flag(&flags[i], "", out);
	for (size_t i = 0; (command = commands_at(i)); i++) {
		if (opens_group(i))
			buf_appendf(out,
				    "complete -c berth -f -n "
				    "__fish_use_subcommand -a %s\n",
				    command->group);
		fish_command(command, out);
	}
}
