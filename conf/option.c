/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/option.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"
#include "conf/conf.h"

#define RELOAD true
#define RESTART false

#define OFFSET_TEXT(member) offsetof(struct conf, member)
#define OFFSET_BOOL(member) offsetof(struct conf, member)
#define OFFSET_NUMBER(member) offsetof(struct conf, member)
#define OFFSET_SIZE(member) offsetof(struct conf, member)
#define OFFSET_DURATION(member) offsetof(struct conf, member##_ms)
#define OFFSET_CHOICE(member) offsetof(struct conf, member)

static const struct conf_option options[] = {
#define OPTION(section, name, type, standard, low, high, list, again, words)   \
	{#section,    #name,                                                   \
	 CONF_##type, standard,                                                \
	 low,	      high,                                                    \
	 list,	      again,                                                   \
	 words,	      OFFSET_##type(section##_##name)},
#include "conf/options.def"
#undef OPTION
};

#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

/* The cast is sound: offset is of a member of that type. */
#define MEMBER(conf, option, type)                                             \
	((type *)(void *)((char *)(conf) + (option)->offset))
#define CONST_MEMBER(conf, option, type)                                       \
	((type const *)(const void *)((const char *)(conf) + (option)->offset))

const struct conf_option *conf_options(size_t *ret_count)
{
	*ret_count = OPTION_COUNT;
	return options;
}

const struct conf_option *conf_option_find(struct span section,
					   struct span name)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (span_equal(span_of(options[i].section), section) &&
		    span_equal(span_of(options[i].name), name))
			return &options[i];
	return NULL;
}

bool conf_section_exists(struct span section)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (span_equal(span_of(options[i].section), section))
			return true;
	return false;
}

void conf_option_range(const struct conf_option *option, struct buf *out)
{
	char low[NUM_TEXT_SIZE];
	char high[NUM_TEXT_SIZE];

	switch (option->type) {
	case CONF_TEXT:
		buf_appendf(out, "%" PRId64 " to %" PRId64 " characters",
			    option->min, option->max);
		return;
	case CONF_BOOL:
		buf_append_text(out, "true or false");
		return;
	case CONF_NUMBER:
		buf_appendf(out, "%" PRId64 " to %" PRId64, option->min,
			    option->max);
		return;
	case CONF_SIZE:
		num_format_size((uint64_t)option->min, low);
		num_format_size((uint64_t)option->max, high);
		buf_appendf(out, "%s to %s", low, high);
		return;
	case CONF_DURATION:
		num_format_duration(option->min, low);
		num_format_duration(option->max, high);
		buf_appendf(out, "%s to %s", low, high);
		return;
	case CONF_CHOICE:
		buf_appendf(out, "one of %s", option->choices);
		return;
	}
}

const char *conf_type_name(enum conf_type type)
{
	static const char *const names[] = {
		[CONF_TEXT] = "text",	      [CONF_BOOL] = "boolean",
		[CONF_NUMBER] = "number",     [CONF_SIZE] = "size",
		[CONF_DURATION] = "duration", [CONF_CHOICE] = "choice",
	};

	return names[type];
}

/* What the option would take instead of what it was given. */
static int refuse(const struct conf_option *option, struct err *err)
{
	struct buf range = BUF_INIT(ERR_TEXT_SIZE);

	conf_option_range(option, &range);
	err_set(err, ERR_INVALID, "must be a %s: %s",
		conf_type_name(option->type), buf_text(&range));
	buf_release(&range);
	return -1;
}

static bool has_control(struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.text[i] < 0x20 ||
		    value.text[i] == 0x7f)
			return true;
	return false;
}

static int set_text(struct conf *conf, const struct conf_option *option,
		    struct span value, struct err *err)
{
	char **member = MEMBER(conf, option, char *);

	if (has_control(value))
		return err_set(err, ERR_INVALID,
			       "must be one line without control characters");
	if (value.len < (uint64_t)option->min ||
	    value.len > (uint64_t)option->max)
		return refuse(option, err);

	char *copy = malloc(value.len + 1);
	if (!copy)
		return err_set(err, ERR_NO_MEMORY, "no memory for an option");
	memcpy(copy, value.text ? value.text : "", value.len);
	copy[value.len] = '\0';
	free(*member);
	*member = copy;
	return 0;
}

static int set_bool(struct conf *conf, const struct conf_option *option,
		    struct span value, struct err *err)
{
	bool yes = span_equal(value, SPAN_LIT("true"));

	if (!yes && !span_equal(value, SPAN_LIT("false")))
		return refuse(option, err);
	*MEMBER(conf, option, bool) = yes;
	return 0;
}

/* Numbers and durations: both signed, both checked against their row. */
static int set_signed(struct conf *conf, const struct conf_option *option,
		      struct span value, struct err *err)
{
	struct err ignored = ERR_INIT;
	int64_t number = 0;
	int rc = option->type == CONF_NUMBER
			 ? num_i64(value, &number, &ignored)
			 : num_duration(value, &number, &ignored);

	if (rc < 0 || number < option->min || number > option->max)
		return refuse(option, err);
	*MEMBER(conf, option, int64_t) = number;
	return 0;
}

static int set_size(struct conf *conf, const struct conf_option *option,
		    struct span value, struct err *err)
{
	struct err ignored = ERR_INIT;
	uint64_t bytes = 0;

	if (num_size(value, &bytes, &ignored) < 0 ||
	    bytes < (uint64_t)option->min || bytes > (uint64_t)option->max)
		return refuse(option, err);
	*MEMBER(conf, option, uint64_t) = bytes;
	return 0;
}

/* The place-th choice; false past the last. */
static bool choice_at(const struct conf_option *option, int place,
		      struct span *ret_choice)
{
	struct span rest = span_of(option->choices);

	for (int i = 0; rest.len > 0; i++) {
		struct span first = rest;

		if (!span_cut(rest, '|', &first, &rest))
			rest = span_make(NULL, 0);
		if (i == place) {
			*ret_choice = first;
			return true;
		}
	}
	return false;
}

static int set_choice(struct conf *conf, const struct conf_option *option,
		      struct span value, struct err *err)
{
	struct span choice = {0};

	for (int i = 0; choice_at(option, i, &choice); i++)
		if (span_equal(choice, value)) {
			*MEMBER(conf, option, int) = i;
			return 0;
		}
	return refuse(option, err);
}

int conf_option_set(struct conf *conf, const struct conf_option *option,
		    struct span value, struct err *err)
{
	switch (option->type) {
	case CONF_TEXT:
		return set_text(conf, option, value, err);
	case CONF_BOOL:
		return set_bool(conf, option, value, err);
	case CONF_NUMBER:
	case CONF_DURATION:
		return set_signed(conf, option, value, err);
	case CONF_SIZE:
		return set_size(conf, option, value, err);
	case CONF_CHOICE:
		return set_choice(conf, option, value, err);
	}
	return err_set(err, ERR_INTERNAL, "an option has no type");
}

void conf_option_format(const struct conf *conf,
			const struct conf_option *option, struct buf *out)
{
	char text[NUM_TEXT_SIZE];
	struct span choice = {0};

	switch (option->type) {
	case CONF_TEXT:
		buf_append_text(out, *CONST_MEMBER(conf, option, char *));
		return;
	case CONF_BOOL:
		buf_append_text(out, *CONST_MEMBER(conf, option, bool)
					     ? "true"
					     : "false");
		return;
	case CONF_NUMBER:
		buf_appendf(out, "%" PRId64,
			    *CONST_MEMBER(conf, option, int64_t));
		return;
	case CONF_SIZE:
		num_format_size(*CONST_MEMBER(conf, option, uint64_t), text);
		buf_append_text(out, text);
		return;
	case CONF_DURATION:
		num_format_duration(*CONST_MEMBER(conf, option, int64_t), text);
		buf_append_text(out, text);
		return;
	case CONF_CHOICE:
		if (choice_at(option, *CONST_MEMBER(conf, option, int),
			      &choice))
			buf_append_span(out, choice);
		return;
	}
}

bool conf_option_equal(const struct conf *a, const struct conf *b,
		       const struct conf_option *option)
{
	switch (option->type) {
	case CONF_TEXT:
		return strcmp(*CONST_MEMBER(a, option, char *),
			      *CONST_MEMBER(b, option, char *)) == 0;
	case CONF_BOOL:
		return *CONST_MEMBER(a, option, bool) ==
		       *CONST_MEMBER(b, option, bool);
	case CONF_NUMBER:
	case CONF_DURATION:
		return *CONST_MEMBER(a, option, int64_t) ==
		       *CONST_MEMBER(b, option, int64_t);
	case CONF_SIZE:
		return *CONST_MEMBER(a, option, uint64_t) ==
		       *CONST_MEMBER(b, option, uint64_t);
	case CONF_CHOICE:
		return *CONST_MEMBER(a, option, int) ==
		       *CONST_MEMBER(b, option, int);
	}
	return false;
}

int conf_option_copy(struct conf *to, const struct conf *from,
		     const struct conf_option *option, struct err *err)
{
	switch (option->type) {
	case CONF_TEXT:
		return set_text(to, option,
				span_of(*CONST_MEMBER(from, option, char *)),
				err);
	case CONF_BOOL:
		*MEMBER(to, option, bool) = *CONST_MEMBER(from, option, bool);
		return 0;
	case CONF_NUMBER:
	case CONF_DURATION:
		*MEMBER(to, option, int64_t) =
			*CONST_MEMBER(from, option, int64_t);
		return 0;
	case CONF_SIZE:
		*MEMBER(to, option, uint64_t) =
			*CONST_MEMBER(from, option, uint64_t);
		return 0;
	case CONF_CHOICE:
		*MEMBER(to, option, int) = *CONST_MEMBER(from, option, int);
		return 0;
	}
	return err_set(err, ERR_INTERNAL, "an option has no type");
}

void conf_option_release(struct conf *conf, const struct conf_option *option)
{
	if (option->type != CONF_TEXT)
		return;
	char **member = MEMBER(conf, option, char *);

	free(*member);
	*member = NULL;
}
