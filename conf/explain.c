/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/explain.h"

#include <string.h>

#include "conf/args.h"
#include "conf/option.h"

void conf_wrap(const char *text, const char *prefix, size_t width,
	       struct buf *out)
{
	size_t room = width - strlen(prefix);

	while (*text) {
		size_t take = strlen(text);

		if (take > room) {
			take = room;
			while (take > 0 && text[take] != ' ')
				take--;
			if (take == 0)
				take = strcspn(text, " ");
		}
		buf_append_text(out, prefix);
		buf_append(out, text, take);
		buf_append_char(out, '\n');
		text += take;
		text += strspn(text, " ");
	}
}

static void help_flags(struct buf *out)
{
	size_t count;
	const struct conf_flag *flags = conf_flags(&count);

	for (size_t i = 0; i < count; i++) {
		buf_appendf(out, "  %s%s%s\n", flags[i].name,
			    flags[i].argument ? " " : "",
			    flags[i].argument ? flags[i].argument : "");
		conf_wrap(flags[i].text, "        ", 79, out);
	}
}

static void help_option(const struct conf_option *option, struct buf *out)
{
	buf_appendf(out, "  %s.%s (%s: ", option->section, option->name,
		    conf_type_name(option->type));
	conf_option_range(option, out);
	buf_appendf(out, "; default %s)\n",
		    option->default_text[0] ? option->default_text : "empty");
	conf_wrap(option->text, "        ", 79, out);
}

void conf_help(struct buf *out)
{
	size_t count;
	const struct conf_option *options = conf_options(&count);

	buf_append_text(out, "usage: berthd [FLAG...]\n\n"
			     "The Berth registry server. Flags override the "
			     "configuration file.\n\n");
	help_flags(out);
	buf_append_text(out, "\nOptions of the file and of --set. Sizes are "
			     "written 4MiB, durations 10s or 5m.\n\n");
	for (size_t i = 0; i < count; i++)
		help_option(&options[i], out);
	buf_append_text(out,
			"\nBERTH_ADMIN_PASSWORD sets the password of user "
			"admin, BERTH_ADMIN_ACCESS_KEY_ID and\n"
			"BERTH_ADMIN_SECRET_ACCESS_KEY an access key of his. "
			"Without a password the first\nstart makes random "
			"ones and writes them to DATA/admin.credentials.\n");
}

static void example_option(const struct conf_option *option, struct buf *out)
{
	buf_append_char(out, '\n');
	conf_wrap(option->text, "  # ", 79, out);
	buf_append_text(out, "  # It is a ");
	buf_append_text(out, conf_type_name(option->type));
	buf_append_text(out, ": ");
	conf_option_range(option, out);
	buf_appendf(out, ".\n  #%s: ", option->name);
	if (option->type == CONF_TEXT)
		buf_appendf(out, "\"%s\"\n", option->default_text);
	else
		buf_appendf(out, "%s\n", option->default_text);
}

void conf_example(struct buf *out)
{
	size_t count;
	const struct conf_option *options = conf_options(&count);
	const char *section = "";

	buf_append_text(out, "# SPDX-License-Identifier: Apache-2.0\n"
			     "# Every option of berthd with its default. Take "
			     "away the # of what you change.\n");
	for (size_t i = 0; i < count; i++) {
		if (strcmp(section, options[i].section) != 0) {
			section = options[i].section;
			buf_appendf(out, "\n%s:", section);
			buf_append_char(out, '\n');
		}
		example_option(&options[i], out);
	}
}
