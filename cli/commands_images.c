/* SPDX-License-Identifier: Apache-2.0 */
/* The commands about images. */
#include "cli/api.h"
#include "cli/commands.h"

static const struct flag tags_flags[] = {
	{"--list", NULL, "Say for each tag which manifest it stands for.",
	 offsetof(struct options, list), false},
};

static const struct flag inspect_flags[] = {
	{"--raw", NULL, "Print the manifest's bytes and nothing else.",
	 offsetof(struct options, raw), false},
};

static const struct flag delete_flags[] = {
	{"--yes", NULL, "Do not ask; needed where there is no terminal.",
	 offsetof(struct options, yes), false},
};

static const struct flag export_flags[] = {
	{"--referrers", NULL,
	 "Export what refers to the image, too, such as signatures.",
	 offsetof(struct options, referrers), false},
};

static const struct flag import_flags[] = {
	{"--max-size", "SIZE",
	 "Refuse an archive that unpacks to more than this (default 256GiB).",
	 offsetof(struct options, max_size), false},
};

static const struct api_call images = {
	.method = "GET",
	.path = "/api/v1/images/{repository}",
	.list = "images",
	.columns = {{"DIGEST", "digest"},
		    {"TAGS", "tags"},
		    {"PUSHED", "pushed"},
		    {"MEDIA TYPE", "media_type"}},
};

static const struct api_call describe = {
	.method = "GET",
	.path = "/api/v1/repositories/{repository}",
};

static const struct command commands[] = {
	{.name = "repositories",
	 .synopsis = "",
	 .summary = "List the repositories",
	 .text = "Lists every repository that you may see, one a line.",
	 .run = browse_repositories},
	{.name = "describe",
	 .synopsis = "REPO",
	 .summary = "Show a repository",
	 .text = "Shows how many tags and images a repository holds, and how "
		 "large they are.",
	 .arguments = {ARGUMENT_REPOSITORY},
	 .run = api_run,
	 .call = &describe},
	{.name = "images",
	 .synopsis = "REPO",
	 .summary = "List the images of a repository",
	 .text = "Lists the images of a repository, those without a tag, too.",
	 .arguments = {ARGUMENT_REPOSITORY},
	 .run = api_run,
	 .call = &images},
	{.name = "tags",
	 .synopsis = "REPO",
	 .summary = "List the tags of a repository",
	 .text = "Lists the tags of a repository, one a line.",
	 .arguments = {ARGUMENT_REPOSITORY},
	 COMMAND_FLAGS(tags_flags),
	 .run = browse_tags},
	{.name = "inspect",
	 .synopsis = "REPO[:TAG|@DIGEST]",
	 .summary = "Show an image",
	 .text = "Shows the manifest of an image, its layers and their sizes, "
		 "or the platforms of one that is for several. Without a tag "
		 "it is the tag latest.",
	 .arguments = {ARGUMENT_REFERENCE},
	 COMMAND_FLAGS(inspect_flags),
	 .run = inspect_run},
	{.name = "delete",
	 .synopsis = "REPO:TAG|REPO@DIGEST",
	 .summary = "Delete a tag or a manifest",
	 .text = "Deletes a tag, or a manifest with all tags that stand for "
		 "it. It asks first.",
	 .arguments = {ARGUMENT_EXACT},
	 COMMAND_FLAGS(delete_flags),
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
	 COMMAND_FLAGS(export_flags),
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
	 COMMAND_FLAGS(import_flags),
	 .run = import_run},
	{.name = "tag",
	 .synopsis = "REPO:TAG|REPO@DIGEST NEWTAG",
	 .summary = "Give an image another tag",
	 .text = "Makes a tag stand for an image of the same repository; where "
		 "the tag exists already it is moved, unless the repository's "
		 "tags are immutable.",
	 .arguments = {ARGUMENT_EXACT, ARGUMENT_NAME},
	 .run = tag_run},
	{.name = "copy",
	 .synopsis = "REPO:TAG|REPO@DIGEST REPO[:TAG]",
	 .summary = "Copy an image to another repository",
	 .text = "Copies an image, with the images of all platforms, to "
		 "another repository of the registry. Layers are mounted "
		 "where that is allowed, so that nothing is transferred.",
	 .arguments = {ARGUMENT_EXACT, ARGUMENT_DESTINATION},
	 .run = copy_run},
};

const struct command_table commands_images = {.title = "Images",
					      .commands = commands,
					      .count = sizeof(commands) /
						       sizeof(commands[0])};
