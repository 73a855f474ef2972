/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "conf/args.h"
#include "conf/option.h"
#include "docs/generate.h"

void generate_roff(const char *text, struct buf *out)
{
	if (*text == '.' || *text == '\'')
		buf_append_text(out, "\\&");
	for (; *text; text++) {
		if (*text == '\\')
			buf_append_text(out, "\\e");
		else if (*text == '-')
			buf_append_text(out, "\\-");
		else
			buf_append_char(out, *text);
	}
}

static void flags_section(struct buf *out)
{
	size_t count;
	const struct conf_flag *flags = conf_flags(&count);

	buf_append_text(out, ".SH OPTIONS\n"
			     "Flags override the configuration file.\n");
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

static void option_entry(const struct conf_option *option, struct buf *out)
{
	struct buf range = BUF_INIT(1024);

	conf_option_range(option, &range);
	buf_appendf(out, ".TP\n.B %s.%s\n", option->section, option->name);
	generate_roff(option->text, out);
	buf_appendf(out, "\nIt is a %s: ", conf_type_name(option->type));
	generate_roff(buf_text(&range), out);
	buf_append_text(out, ". Default: ");
	generate_roff(option->default_text[0] ? option->default_text : "empty",
		      out);
	buf_append_text(out, option->reload ? ". Takes a reload.\n"
					    : ". Takes a restart.\n");
	buf_release(&range);
}

static void configuration_section(struct buf *out)
{
	size_t count;
	const struct conf_option *options = conf_options(&count);

	buf_append_text(
		out,
		".SH CONFIGURATION\n"
		"The file is YAML: sections, and in them options. An option "
		"SECTION.NAME below stands as NAME under SECTION. Sizes are "
		"written 16KiB, 4MiB or 1GiB, durations 500ms, 10s, 5m, 24h or "
		"30d.\nUnknown, malformed and repeated options are errors that "
		"name the file, the line and the option.\n");
	for (size_t i = 0; i < count; i++)
		option_entry(&options[i], out);
}

void generate_berthd(struct buf *out)
{
	buf_append_text(
		out, ".\\\" SPDX-License-Identifier: Apache-2.0\n"
		     ".\\\" Generated from conf/options.def.\n"
		     ".TH BERTHD 8 \"\" \"Berth\" \"System administration\"\n"
		     ".SH NAME\nberthd \\- container image registry\n"
		     ".SH SYNOPSIS\n.B berthd\n.RI [ FLAG ...]\n"
		     ".SH DESCRIPTION\n"
		     "Serves container images to clients that speak the OCI "
		     "distribution protocol, such as docker, podman and "
		     "containerd.\nEverything it keeps lies in one folder. "
		     "On its first start it makes a user\n.BR admin .\n");
	flags_section(out);
	configuration_section(out);
	buf_append_text(
		out,
		".SH SIGNALS\n"
		".TP\n.BR SIGTERM \", \" SIGINT\n"
		"Accept no new connections, finish the requests under way and "
		"exit with status 0.\n"
		".TP\n.B SIGHUP\n"
		"Read the configuration again. Options that take a restart "
		"keep their value and are named in the log; a file with a "
		"mistake changes nothing.\n"
		".SH ENVIRONMENT\n"
		".TP\n.B BERTH_ADMIN_PASSWORD\n"
		"The password of user admin. Without it the first start makes "
		"a random one, and an access key, and writes both to DATA/"
		"admin.credentials.\n"
		".TP\n.BR BERTH_ADMIN_ACCESS_KEY_ID \", \" "
		"BERTH_ADMIN_SECRET_ACCESS_KEY\n"
		"An access key of user admin for the AWS API, such as "
		"AKIA0123456789ABCDEF, and its secret.\n"
		".SH FILES\n"
		".TP\n.I DATA/admin.credentials\n"
		"User, password and access key made on the first start, "
		"readable by the owner alone.\n"
		".TP\n.I DATA/server.key\n"
		"The key that seals secrets in the database, made at the first "
		"start. Keep it apart from backups of the data.\n"
		".SH \"EXIT STATUS\"\n"
		"0 if all went well, 1 if the server failed, 2 for wrong usage "
		"or configuration.\n"
		".SH \"SEE ALSO\"\n.BR berth (1)\n");
}
