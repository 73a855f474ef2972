/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/options.h"

#define NAME_MAX_BYTES 256
#define WIDTH 78	  /* columns of text */
#define INDENT 24	  /* columns before what a flag does */
#define COMMAND_INDENT 28 /* columns before what a command does */

/* Words of text in lines that start at a column; the first line is there. */
static void wrap(const char *text, size_t indent, struct buf *out)
{
	size_t column = indent;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column > indent && column + 1 + len > WIDTH) {
			buf_appendf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			buf_append_char(out, ' ');
			column++;
		}
		buf_append(out, text, len);
		column += len;
		text += len;
		text += strspn(text, " ");
	}
	buf_append_char(out, '\n');
}

static void flag_rows(const struct flag *flags, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		char head[64];

		snprintf(head, sizeof(head), "%s%s%s", flags[i].name,
			 flags[i].argument ? " " : "",
			 flags[i].argument ? flags[i].argument : "");
		buf_appendf(out, "  %-*s", INDENT - 2, head);
		if (strlen(head) > INDENT - 3)
			buf_appendf(out, "\n%*s", INDENT, "");
		wrap(flags[i].text, INDENT, out);
	}
}

static void global_rows(struct buf *out)
{
	size_t count;
	const struct flag *flags = options_global_flags(&count);

	buf_append_text(out, "\nFlags of every command:\n");
	flag_rows(flags, count, out);
}

static void command_row(const struct command *command, struct buf *out)
{
	CLEANUP(buf_release) struct buf name = BUF_INIT(NAME_MAX_BYTES);

	commands_full_name(command, &name);
	buf_appendf(out, "  %-*s", COMMAND_INDENT - 2, buf_text(&name));
	wrap(command->summary, COMMAND_INDENT, out);
}

static void table_rows(const struct command_table *table, struct buf *out)
{
	buf_appendf(out, "\n%s:\n", table->title);
	for (size_t i = 0; i < table->count; i++)
		command_row(&table->commands[i], out);
}

void help_program(struct buf *out)
{
	const struct command_table *table;

	buf_append_text(out,
			"usage: berth [FLAG ...] COMMAND [ARGUMENT ...]\n\n"
			"Works with the images of a container image registry, "
			"and administers it.\n");
	for (size_t i = 0; (table = commands_table(i)); i++)
		table_rows(table, out);
	global_rows(out);
	buf_append_text(out, "\nberth COMMAND --help explains a command.\n");
}

void help_group(const char *group, struct buf *out)
{
	const struct command *command;

	buf_appendf(out,
		    "usage: berth %s COMMAND [ARGUMENT ...]\n\n"
		    "Commands:\n",
		    group);
	for (size_t i = 0; (command = commands_at(i)); i++)
		if (command->group && strcmp(command->group, group) == 0)
			command_row(command, out);
	buf_appendf(out, "\nberth %s COMMAND --help explains a command.\n",
		    group);
}

void help_command(const struct command *command, struct buf *out)
{
	buf_append_text(out, "usage: berth ");
	commands_full_name(command, out);
	buf_appendf(out, "%s%s%s\n\n",
		    command->flag_count > 0 ? " [FLAG ...]" : "",
		    command->synopsis[0] ? " " : "", command->synopsis);
	wrap(command->text, 0, out);
	if (command->flag_count > 0)
		buf_append_text(out, "\nFlags:\n");
	flag_rows(command->flags, command->flag_count, out);
	global_rows(out);
}
