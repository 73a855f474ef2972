/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_REFNAME_H
#define STORAGE_REFNAME_H

/*
 * The names that clients choose: repositories, tags, and references (a tag or a
 * digest).  Grammar of the OCI distribution specification.  Pure; any thread.
 */

#include <stdbool.h>

#include "base/digest.h"
#include "base/span.h"

struct err;

#define REFNAME_REPOSITORY_MAX 255 /* bytes of a repository name */
#define REFNAME_TAG_MAX 128	   /* bytes of a tag */

/* 0, or -1 with ERR_NAME_INVALID. */
int refname_check_repository(struct span name, struct err *err);

/* 0, or -1 with ERR_TAG_INVALID. */
int refname_check_tag(struct span tag, struct err *err);

/* A manifest by tag or by digest. */
struct reference {
	bool is_digest;	      /* else a tag */
	struct digest digest; /* if is_digest */
	struct span tag;      /* else; borrowed from the text */
};

/* Read one: what has a colon must be a digest (ERR_DIGEST_INVALID), what has
 * none a tag (ERR_TAG_INVALID). */
int refname_parse_reference(struct span text, struct reference *ret_reference,
			    struct err *err);

/* Read a digest out of a path or query: ERR_DIGEST_INVALID for every fault. */
int refname_parse_digest(struct span text, struct digest *ret_digest,
			 struct err *err);

#endif
