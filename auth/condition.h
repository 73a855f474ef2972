/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_CONDITION_H
#define AUTH_CONDITION_H

/*
 * The Condition element of a statement: operators, keys, values.  For
 * auth/policy*.c alone.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/policy_context.h"
#include "base/span.h"

struct json_t;
struct policy_parser;

/* What two values are compared as. */
enum condition_type {
	CONDITION_TEXT,
	CONDITION_TEXT_NOCASE,
	CONDITION_LIKE,
	CONDITION_ARN, /* each part between colons is a pattern */
	CONDITION_ADDRESS,
	CONDITION_BOOL,
	CONDITION_NULL, /* whether there is a value */
	CONDITION_DATE,
	CONDITION_NUMBER,
};

enum condition_order {
	CONDITION_EQUAL,
	CONDITION_LESS,
	CONDITION_LESS_EQUAL,
	CONDITION_GREATER,
	CONDITION_GREATER_EQUAL,
};

/* How several values of a key count. */
enum condition_set {
	CONDITION_ONE, /* any may match */
	CONDITION_FOR_ALL,
	CONDITION_FOR_ANY,
};

/* A block of addresses; IPv4 as its mapped IPv6. */
struct condition_block {
	uint8_t bytes[16]; /* network order */
	unsigned bits;	   /* of the prefix */
};

/* One value, read as its type asks. */
struct condition_value {
	struct policy_text text;      /* of texts and patterns */
	double number;		      /* of numbers; milliseconds; 0 or 1 */
	struct condition_block block; /* of addresses */
};

/* One operator on one key. */
struct condition {
	enum condition_type type;	      /* of the values */
	enum condition_order order;	      /* of dates and numbers */
	enum condition_set set;		      /* how several values count */
	bool negated;			      /* ...Not... */
	bool if_exists;			      /* holds without the key */
	struct span key;		      /* "aws:SourceIp" */
	const struct condition_value *values; /* any may match */
	size_t value_count;		      /* of values */
};

/* Read the element; what is made lies in the parser's arena. */
int condition_read(const struct policy_parser *parser,
		   const struct json_t *value,
		   const struct condition **ret_conditions, size_t *ret_count);

/* Whether it holds. */
bool condition_holds(const struct condition *condition,
		     struct policy_context *context);

/* Read the text of a value as its type: false if it is none. */
bool condition_value_read(enum condition_type type, struct span text,
			  struct condition_value *ret_value);

#endif
