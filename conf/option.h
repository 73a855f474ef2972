/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_OPTION_H
#define CONF_OPTION_H

/*
 * The rows of options.def at run time, and the one place that reads a value
 * out of text and puts it into its member of struct conf.  The table is
 * constant; a struct conf is changed by one thread, before others see it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

struct conf;

enum conf_type {
	CONF_TEXT,     /* char *, owned, never NULL in a built conf */
	CONF_BOOL,     /* bool */
	CONF_NUMBER,   /* int64_t */
	CONF_SIZE,     /* uint64_t, bytes */
	CONF_DURATION, /* int64_t, milliseconds */
	CONF_CHOICE,   /* int, the place in choices, from 0 */
};

struct conf_option {
	const char *section;	  /* "server" */
	const char *name;	  /* "listen" */
	enum conf_type type;	  /* says what the member is */
	const char *default_text; /* as it would stand in the file */
	int64_t min;		  /* of the number, or of a text's length */
	int64_t max;		  /* the same */
	const char *choices;	  /* "a|b|c", else "" */
	bool reload;		  /* in force after SIGHUP, no restart needed */
	const char *text;	  /* what it does, in sentences */
	size_t offset;		  /* of its member in struct conf */
};

/* Every option, in the order of the table. */
const struct conf_option *conf_options(size_t *ret_count);

/* The option of that section and name, or NULL. */
const struct conf_option *conf_option_find(struct span section,
					   struct span name);

/* Whether there is a section of that name. */
bool conf_section_exists(struct span section);

/*
 * Read value and put it into the option's member, releasing what was there.
 * The member is untouched on failure: ERR_INVALID, with a text that says what
 * would be accepted but neither the option nor the value, or ERR_NO_MEMORY.
 */
int conf_option_set(struct conf *conf, const struct conf_option *option,
		    struct span value, struct err *err);

/* Append the member's value as it would stand in the file. */
void conf_option_format(const struct conf *conf,
			const struct conf_option *option, struct buf *out);

/* Whether two configurations hold the same value. */
bool conf_option_equal(const struct conf *a, const struct conf *b,
		       const struct conf_option *option);

/* Copy one member's value over; fails with ERR_NO_MEMORY only. */
int conf_option_copy(struct conf *to, const struct conf *from,
		     const struct conf_option *option, struct err *err);

/* Free the member, if it owns anything. */
void conf_option_release(struct conf *conf, const struct conf_option *option);

/* Append what a value may be: "true or false", "1 to 64", ... */
void conf_option_range(const struct conf_option *option, struct buf *out);

/* "text", "number", ...; never NULL. */
const char *conf_type_name(enum conf_type type);

#endif
