/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/err.h"
#include "conf/args.h"
#include "conf/option.h"
#include "docs/generate.h"

/* Text inside a table's cell: a bar would end the cell. */
static void cell(const char *text, struct buf *out)
{
	for (; *text; text++) {
		if (*text == '|')
			buf_append_char(out, '\\');
		buf_append_char(out, *text);
	}
}

static void option_row(const struct conf_option *option, struct buf *out)
{
	struct buf range = BUF_INIT(1024);

	conf_option_range(option, &range);
	buf_appendf(out, "| `%s` | ", option->name);
	if (option->default_text[0])
		buf_appendf(out, "`%s`", option->default_text);
	else
		buf_append_text(out, "empty");
	buf_appendf(out, " | %s: ", conf_type_name(option->type));
	cell(buf_text(&range), out);
	buf_appendf(out, " | %s | ", option->reload ? "reload" : "restart");
	cell(option->text, out);
	buf_append_text(out, " |\n");
	buf_release(&range);
}

static void flag_rows(struct buf *out)
{
	size_t count;
	const struct conf_flag *flags = conf_flags(&count);

	buf_append_text(out, "\n## Flags\n\n| Flag | What it does |\n"
			     "|---|---|\n");
	for (size_t i = 0; i < count; i++) {
		buf_appendf(out, "| `%s", flags[i].name);
		if (flags[i].argument) {
			buf_append_char(out, ' ');
			cell(flags[i].argument, out);
		}
		buf_append_text(out, "` | ");
		cell(flags[i].text, out);
		buf_append_text(out, " |\n");
	}
}

void generate_options(struct buf *out)
{
	size_t count;
	const struct conf_option *options = conf_options(&count);
	const char *section = "";

	buf_append_text(
		out,
		"# Options of berthd\n\n"
		"Generated from `conf/options.def`.\n\n"
		"The file named by `--config` is YAML: sections, and in them "
		"options. Unknown,\nmalformed and repeated options are errors "
		"that name the file, the line and the\noption. "
		"`--set SECTION.NAME=VALUE` sets any of them on the command "
		"line, which\noverrides the file. `berthd --check-config` "
		"checks without starting, and\n`berthd --example-config` "
		"prints a file of everything below.\n\n"
		"Sizes are written `512`, `16KiB`, `4MiB`, `1GiB` or `1TiB`; "
		"durations `500ms`,\n`10s`, `5m`, `24h` or `30d`. After "
		"`SIGHUP` those marked *reload* take their new\nvalue; the "
		"others are named in the log and wait for a restart.\n");
	flag_rows(out);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(section, options[i].section) != 0) {
			section = options[i].section;
			buf_appendf(out,
				    "\n## %s\n\n| Option | Default | Takes | "
				    "Changes by | What it does |\n"
				    "|---|---|---|---|---|\n",
				    section);
		}
		option_row(&options[i], out);
	}
}

void generate_errors(struct buf *out)
{
	buf_append_text(
		out,
		"# Kinds of failure\n\n"
		"Generated from `base/errors.def`.\n\n"
		"Every call that can fail says which of these it was, with one "
		"line for the log.\nThe log names the kind; the client is told "
		"the text below, or a more exact one.\n\n"
		"| Kind | What the client is told |\n|---|---|\n");
	for (int code = ERR_NONE + 1; code < ERR_CODE_COUNT; code++) {
		buf_appendf(out, "| `%s` | ",
			    err_code_name((enum err_code)code));
		cell(err_code_summary((enum err_code)code), out);
		buf_append_text(out, " |\n");
	}
}
