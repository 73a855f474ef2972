/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TARGET_H
#define CLI_TARGET_H

/*
 * What a person names on the command line: REPO, REPO:TAG or REPO@DIGEST.  The
 * registry is not part of it (--registry says which).  A plain value; any
 * thread.
 */

#include <stdbool.h>

#include "base/digest.h"
#include "base/span.h"
#include "storage/refname.h"

struct err;

struct target {
	char repository[REFNAME_REPOSITORY_MAX + 1]; /* "team/app" */
	bool has_digest;			     /* @DIGEST was given; or */
	struct digest digest;			     /* if has_digest */
	char tag[REFNAME_TAG_MAX + 1];		     /* "" if none was given */
};

#define TARGET_REFERENCE_SIZE DIGEST_TEXT_SIZE /* the longer of the two */

/* Read one: ERR_INVALID, with what is wrong to tell. */
int target_parse(struct span text, struct target *ret_target, struct err *err);

/* The tag, the digest, or "latest", as it stands in an address. */
void target_reference(const struct target *target,
		      char ret_text[TARGET_REFERENCE_SIZE]);

/* Take the tag out of a name as others write it: a tag alone, or a whole
 * reference with a host.  False if there is none in it. */
bool target_tag_of(struct span name, struct span *ret_tag);

#endif
