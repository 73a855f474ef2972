/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#include <string.h>

#include "base/buf.h"

static const struct command_table *const tables[] = {
	&commands_images, &commands_access, &commands_people,
	&commands_policies};

#define TABLE_COUNT (sizeof(tables) / sizeof(tables[0]))

const struct command_table *commands_table(size_t index)
{
	return index < TABLE_COUNT ? tables[index] : NULL;
}

const struct command *commands_at(size_t index)
{
	for (size_t i = 0; i < TABLE_COUNT; i++) {
		if (index < tables[i]->count)
			return &tables[i]->commands[index];
		index -= tables[i]->count;
	}
	return NULL;
}

static bool is_group(const struct command *command, const char *group)
{
	if (!command->group || !group)
		return command->group == group;
	return strcmp(command->group, group) == 0;
}

const struct command *commands_find(const char *group, const char *name)
{
	const struct command *command;

	for (size_t i = 0; (command = commands_at(i)); i++)
		if (is_group(command, group) &&
		    strcmp(command->name, name) == 0)
			return command;
	return NULL;
}

const char *commands_group(const char *name)
{
	const struct command *command;

	for (size_t i = 0; (command = commands_at(i)); i++)
		if (command->group && strcmp(command->group, name) == 0)
			return command->group;
	return NULL;
}

void commands_full_name(const struct command *command, struct buf *out)
{
	if (command->group)
		buf_appendf(out, "%s ", command->group);
	buf_append_text(out, command->name);
}
