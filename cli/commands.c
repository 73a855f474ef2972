/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#include <string.h>

static const struct flag tags_flags[] = {
	{"--list", NULL, "Say for each tag which manifest it stands for.",
	 offsetof(struct options, list)},
};

static const struct flag inspect_flags[] = {
	{"--raw", NULL, "Print the manifest's bytes and nothing else.",
	 offsetof(struct options, raw)},
};

static const struct flag delete_flags[] = {
	{"--yes", NULL, "Do not ask; needed where there is no terminal.",
	 offsetof(struct options, yes)},
};

static const struct flag export_flags[] = {
	{"--referrers", NULL,
	 "Export what refers to the image, too, such as signatures.",
	 offsetof(struct options, referrers)},
};

static const struct flag import_flags[] = {
	{"--max-size", "SIZE",
	 "Refuse an archive that unpacks to more than this (default 256GiB).",
	 offsetof(struct options, max_size)},
};

#define FLAGS(table)                                                           \
	.flags = (table), .flag_count = sizeof(table) / sizeof((table)[0])

static const struct command commands[] = {
	{.name = "repositories",
	 .synopsis = "",
	 .summary = "List the repositories",
	 .text = "Lists every repository that you may see, one a line.",
	 .run = browse_repositories},
	{.name = "tags",
	 .synopsis = "REPO",
	 .summary = "List the tags of a repository",
	 .text = "Lists the tags of a repository, one a line.",
	 .arguments = {ARGUMENT_REPOSITORY},
	 FLAGS(tags_flags),
	 .run = browse_tags},
	{.name = "inspect",
	 .synopsis = "REPO[:TAG|@DIGEST]",
	 .summary = "Show an image",
	 .text = "Shows the manifest of an image, its layers and their sizes, "
		 "or the platforms of one that is for several. Without a tag "
		 "it is the tag latest.",
	 .arguments = {ARGUMENT_REFERENCE},
	 FLAGS(inspect_flags),
	 .run = inspect_run},
	{.name = "delete",
	 .synopsis = "REPO:TAG|REPO@DIGEST",
	 .summary = "Delete a tag or a manifest",
	 .text = "Deletes a tag, or a manifest with all tags that stand for "
		 "it. It asks first.",
	 .arguments = {ARGUMENT_EXACT},
	 FLAGS(delete_flags),
	 .run = delete_run},
	{.name = "export",
	 .synopsis = "REPO[:TAG|@DIGEST] PATH",
	 .summary = "Write an image to a folder or an archive",
	 .text = "Writes an image with everything that it names to an OCI "
		 "layout: an archive if PATH ends in .tar, else a folder, to "
		 "which several images may be exported. What is there already "
		 "is not fetched again, so an export that was interrupted "
		 "goes on when it is run again.",
	 .arguments = {ARGUMENT_REFERENCE, ARGUMENT_PATH},
	 FLAGS(export_flags),
	 .run = export_run},
	{.name = "import",
	 .synopsis = "PATH REPO[:TAG]",
	 .summary = "Push the images of a folder or an archive",
	 .text = "Pushes the images of an OCI layout: a folder, or an archive "
		 "(.tar, also compressed with gzip or zstd). Everything is "
		 "verified first, and what the registry has already is not "
		 "sent again. Images get the tags that the layout says, or "
		 "TAG: then that one, or the only one, is pushed. An archive "
		 "is unpacked to $TMPDIR or else beside itself.",
	 .arguments = {ARGUMENT_PATH, ARGUMENT_DESTINATION},
	 FLAGS(import_flags),
	 .run = import_run},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

const struct command *commands_all(size_t *ret_count)
{
	*ret_count = COMMAND_COUNT;
	return commands;
}

const struct command *commands_find(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}
