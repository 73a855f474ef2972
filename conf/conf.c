/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fsx.h"
#include "conf/check.h"
#include "conf/option.h"
#include "conf/reader.h"

#define SHOWN_NAME_SIZE 40 /* bytes of a name in a message, with its NUL */
#define SHOWN_PATH 80	   /* bytes of a path in a message */

/* The place of each option in the table. */
enum {
#define OPTION(section, name, ...) PLACE_##section##_##name,
#include "conf/options.def"
#undef OPTION
	PLACE_COUNT,
};

#define FROM_DEFAULT 0
#define FROM_FLAG SIZE_MAX

/* A configuration being built, and where each value came from. */
struct builder {
	struct conf *conf;	   /* owned until it is finished */
	const char *path;	   /* of the file, or NULL */
	size_t lines[PLACE_COUNT]; /* line of the file, or FROM_* */
	struct buf sections;	   /* ",server,log," that the file opened */
};

/* The end of a path, which tells most. */
static const char *shown(const char *path)
{
	size_t len = path ? strlen(path) : 0;

	return len > SHOWN_PATH ? path + len - SHOWN_PATH : path;
}

static void builder_release(struct builder *builder)
{
	conf_free(builder->conf);
	buf_release(&builder->sections);
}

void conf_free(struct conf *conf)
{
	size_t count;
	const struct conf_option *options = conf_options(&count);

	if (!conf)
		return;
	for (size_t i = 0; i < count; i++)
		conf_option_release(conf, &options[i]);
	free(conf);
}

static size_t place_of(const struct conf_option *option)
{
	size_t count;

	return (size_t)(option - conf_options(&count));
}

/* A name as it may stand in a message, whatever bytes it is made of. */
static void show(struct span name, char ret_text[SHOWN_NAME_SIZE])
{
	size_t len = 0;

	for (; len < name.len && len < SHOWN_NAME_SIZE - 1; len++) {
		unsigned char c = (unsigned char)name.text[len];

		ret_text[len] = isalnum(c) || c == '_' || c == '-' || c == '.'
					? (char)c
					: '?';
	}
	ret_text[len] = '\0';
}

static int find(struct span section, struct span name,
		const struct conf_option **ret_option, struct err *err)
{
	char shown_section[SHOWN_NAME_SIZE];
	char shown_name[SHOWN_NAME_SIZE];

	*ret_option = conf_option_find(section, name);
	if (*ret_option)
		return 0;
	show(section, shown_section);
	show(name, shown_name);
	if (!conf_section_exists(section))
		return err_set(err, ERR_INVALID, "there is no section %s",
			       shown_section);
	return err_set(err, ERR_INVALID, "there is no option %s.%s",
		       shown_section, shown_name);
}

/* Set one option, naming it if that fails. */
static int set(struct builder *builder, const struct conf_option *option,
	       struct span value, size_t from, struct err *err)
{
	if (conf_option_set(builder->conf, option, value, err) < 0)
		return err_wrap(err, "%s.%s", option->section, option->name);
	builder->lines[place_of(option)] = from;
	return 0;
}

static int set_defaults(struct builder *builder, struct err *err)
{
	size_t count;
	const struct conf_option *options = conf_options(&count);

	for (size_t i = 0; i < count; i++)
		if (set(builder, &options[i], span_of(options[i].default_text),
			FROM_DEFAULT, err) < 0)
			return -1;
	return 0;
}

/* Note that a section opens; a second time is an error. */
static int open_section(struct builder *builder, struct span section,
			struct err *err)
{
	CLEANUP(buf_release) struct buf key = BUF_INIT(SHOWN_NAME_SIZE + 2);
	char name[SHOWN_NAME_SIZE];

	show(section, name);
	if (!conf_section_exists(section))
		return err_set(err, ERR_INVALID, "there is no section %s",
			       name);
	buf_appendf(&key, ",%s,", name);
	if (buf_check(&key, err) < 0)
		return -1;
	if (strstr(buf_text(&builder->sections), buf_text(&key)))
		return err_set(err, ERR_INVALID, "section %s stands twice",
			       name);
	buf_append_span(&builder->sections, buf_span(&key));
	return buf_check(&builder->sections, err);
}

static int on_item(void *context, const struct reader_item *item,
		   struct err *err)
{
	struct builder *builder = context;
	const struct conf_option *option;

	if (item->name.len == 0)
		return open_section(builder, item->section, err);
	if (find(item->section, item->name, &option, err) < 0)
		return -1;
	if (builder->lines[place_of(option)] != FROM_DEFAULT)
		return err_set(err, ERR_INVALID, "%s.%s stands twice",
			       option->section, option->name);
	return set(builder, option, item->value, item->line, err);
}

static int read_file(struct builder *builder, struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(READER_BYTES_MAX);

	if (fsx_read_file(AT_FDCWD, builder->path, &text, err) < 0 ||
	    reader_parse(buf_span(&text), on_item, builder, err) < 0)
		return err_wrap(err, "%s", shown(builder->path));
	return 0;
}

static int set_overrides(struct builder *builder, const struct conf_args *args,
			 struct err *err)
{
	for (size_t i = 0; i < args->override_count; i++) {
		const struct conf_override *given = &args->overrides[i];
		const struct conf_option *option;

		if (find(given->section, given->name, &option, err) < 0 ||
		    set(builder, option, given->value, FROM_FLAG, err) < 0)
			return err_wrap(err, "command line");
	}
	return 0;
}

/* Put before a failed check which option it was and where that was set. */
static int blame(const struct builder *builder,
		 const struct conf_option *option, struct err *err)
{
	size_t from = builder->lines[place_of(option)];

	err_wrap(err, "%s.%s", option->section, option->name);
	if (from == FROM_FLAG)
		return err_wrap(err, "command line");
	if (from == FROM_DEFAULT)
		return -1;
	err_wrap(err, "line %zu", from);
	return err_wrap(err, "%s", shown(builder->path));
}

static int run_checks(struct builder *builder, struct err *err)
{
	size_t count;
	const struct conf_check *checks = conf_checks(&count);

	for (size_t i = 0; i < count; i++)
		if (checks[i].check(builder->conf, err) < 0)
			return blame(
				builder,
				conf_option_find(span_of(checks[i].section),
						 span_of(checks[i].name)),
				err);
	return 0;
}

int conf_load(const struct conf_args *args, struct conf **ret_conf,
	      struct err *err)
{
	CLEANUP(builder_release)
	struct builder builder = {
		.path = args->config,
		.sections = BUF_INIT(READER_BYTES_MAX),
	};

	builder.conf = calloc(1, sizeof(*builder.conf));
	if (!builder.conf)
		return err_set(err, ERR_NO_MEMORY,
			       "no memory for the configuration");
	if (set_defaults(&builder, err) < 0 ||
	    (builder.path && read_file(&builder, err) < 0) ||
	    set_overrides(&builder, args, err) < 0 ||
	    run_checks(&builder, err) < 0)
		return -1;
	*ret_conf = STEAL(builder.conf);
	return 0;
}

static int keep_current(struct conf *conf, const struct conf *current,
			const struct conf_option *option, struct buf *restart,
			struct err *err)
{
	if (option->reload || conf_option_equal(conf, current, option))
		return 0;
	buf_appendf(restart, "%s%s.%s", restart->len > 0 ? ", " : "",
		    option->section, option->name);
	return conf_option_copy(conf, current, option, err);
}

int conf_reload(const struct conf_args *args, const struct conf *current,
		struct conf **ret_conf, struct buf *restart, struct err *err)
{
	CLEANUP(conf_free_at) struct conf *conf = NULL;
	size_t count;
	const struct conf_option *options = conf_options(&count);

	if (conf_load(args, &conf, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (keep_current(conf, current, &options[i], restart, err) < 0)
			return -1;
	memcpy(conf->listen_host, current->listen_host,
	       sizeof(conf->listen_host));
	conf->listen_port = current->listen_port;
	conf->listen_ipv6 = current->listen_ipv6;
	if (buf_check(restart, err) < 0)
		return -1;
	*ret_conf = STEAL(conf);
	return 0;
}
