/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_POLICY_CONTEXT_H
#define AUTH_POLICY_CONTEXT_H

/*
 * One evaluation: values of keys, texts with their variables filled in, and
 * patterns.  For auth/policy*.c and condition.c alone.  One thread.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"

struct policy_question;

/* A text of a policy. */
struct policy_text {
	struct span text; /* as it was written */
	bool variables;	  /* it holds ${...} */
};

struct policy_texts {
	const struct policy_text *list; /* in the policy's arena */
	size_t count;			/* of list */
};

struct policy_context {
	const struct policy_question *question; /* borrowed */
	bool contextual;     /* look_up was asked for something */
	bool failed;	     /* no memory: nothing may be allowed */
	struct buf value;    /* of the key that a condition is about */
	struct buf variable; /* of a variable */
	struct buf expanded; /* a text with its variables filled in */
};

/* One for that question; release it. */
struct policy_context
policy_context_init(const struct policy_question *question);

/* Free what it holds; the flags stay. */
void policy_context_release(struct policy_context *context);

/* The index'th value of a key: true, with *ret_value borrowed from the question
 * or from context->value. */
bool policy_context_value(struct policy_context *context, struct span key,
			  size_t index, struct span *ret_value);

/*
 * The text with its variables filled in: false if one has no value.  As a
 * pattern, what a variable brings stands for itself, stars included.  Borrowed
 * until the next call.
 */
bool policy_context_expand(struct policy_context *context,
			   const struct policy_text *text, bool pattern,
			   struct span *ret_text);

/* policy_matches(), also without regard to case.  A NUL in the pattern makes
 * the byte behind it stand for itself. */
bool policy_glob(struct span pattern, struct span text, bool fold);

#endif
