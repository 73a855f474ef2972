/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/target.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"

#define TAG_DEFAULT "latest"

static int refuse(struct err *err, const char *why)
{
	err_set(err, ERR_INVALID, "%s", why);
	return err_tell(err, "%s", why);
}

static int take_repository(struct span name, struct target *target,
			   struct err *err)
{
	struct err inner = ERR_INIT;

	if (refname_check_repository(name, &inner) < 0)
		return refuse(err,
			      "no valid repository name: lower-case letters, "
			      "digits and . _ - in parts between slashes, "
			      "without the registry's address (that is "
			      "--registry)");
	memcpy(target->repository, name.text, name.len);
	target->repository[name.len] = '\0';
	return 0;
}

static int take_tag(struct span tag, struct target *target, struct err *err)
{
	struct err inner = ERR_INIT;

	if (refname_check_tag(tag, &inner) < 0)
		return refuse(err, "no valid tag: letters, digits, _ . - and "
				   "at most 128 of them");
	memcpy(target->tag, tag.text, tag.len);
	target->tag[tag.len] = '\0';
	return 0;
}

int target_parse(struct span text, struct target *ret_target, struct err *err)
{
	struct target target = {0};
	struct err inner = ERR_INIT;
	struct span repository = text;
	struct span rest = {0};

	if (span_cut(text, '@', &repository, &rest)) {
		if (digest_parse(rest.text, rest.len, &target.digest, &inner) <
		    0)
			return refuse(err, "no valid digest: sha256: and 64 "
					   "lower-case hexadecimal digits, or "
					   "sha512: and 128");
		target.has_digest = true;
	} else if (span_cut_last(text, ':', &repository, &rest)) {
		/* A slash behind the colon: what stood before it is a port. */
		if (rest.len > 0 && memchr(rest.text, '/', rest.len))
			repository = text;
		else if (take_tag(rest, &target, err) < 0)
			return -1;
	}
	if (take_repository(repository, &target, err) < 0)
		return -1;
	*ret_target = target;
	return 0;
}

void target_reference(const struct target *target,
		      char ret_text[TARGET_REFERENCE_SIZE])
{
	if (target->has_digest)
		digest_format(&target->digest, ret_text);
	else
		snprintf(ret_text, TARGET_REFERENCE_SIZE, "%s",
			 target->tag[0] ? target->tag : TAG_DEFAULT);
}

bool target_tag_of(struct span name, struct span *ret_tag)
{
	struct err ignored = ERR_INIT;
	struct span path = name;
	struct span before = {0};

	if (refname_check_tag(name, &ignored) == 0) {
		*ret_tag = name;
		return true;
	}
	/* What follows the colon of a digest is no tag. */
	if (span_cut(name, '@', &before, &path))
		return false;
	span_cut_last(name, '/', &before, &path);
	err_clear(&ignored);
	if (!span_cut_last(path, ':', &before, &path) ||
	    refname_check_tag(path, &ignored) < 0)
		return false;
	*ret_tag = path;
	return true;
}
