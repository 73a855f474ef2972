/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/managed.h"

#include "base/buf.h"
#include "base/err.h"
#include "storage/refname.h"

#define PULL                                                                   \
	"\"ecr:BatchCheckLayerAvailability\",\"ecr:BatchGetImage\","           \
	"\"ecr:GetDownloadUrlForLayer\""
#define LOOK                                                                   \
	"\"ecr:DescribeImages\",\"ecr:DescribeImageScanFindings\","            \
	"\"ecr:DescribeRepositories\",\"ecr:GetLifecyclePolicy\","             \
	"\"ecr:GetLifecyclePolicyPreview\",\"ecr:GetRepositoryPolicy\","       \
	"\"ecr:ListImages\",\"ecr:ListTagsForResource\""
#define LIST                                                                   \
	"\"ecr:DescribeImages\",\"ecr:DescribeRepositories\","                 \
	"\"ecr:ListImages\""
#define PUSH                                                                   \
	"\"ecr:CompleteLayerUpload\",\"ecr:CreateRepository\","                \
	"\"ecr:InitiateLayerUpload\",\"ecr:PutImage\","                        \
	"\"ecr:UploadLayerPart\""

static const struct managed list[] = {
	{"administrator", "everything"},
	{"power-user", "pull, push and look at all of it; not delete, nor "
		       "change policies"},
	{"read-only", "pull, and look at all of it"},
	{"pull-only", "pull"},
	{"push-pull", "pull and push, which may make the repository"},
};

/* What each but the first allows on repositories. */
static const char *const actions[] = {
	NULL, PULL "," LOOK "," PUSH, PULL "," LOOK,
	PULL, PULL "," LIST "," PUSH,
};

#define COUNT (sizeof(list) / sizeof(list[0]))
_Static_assert(COUNT == sizeof(actions) / sizeof(actions[0]),
	       "each ready-made policy needs its actions");

const struct managed *managed_all(size_t *ret_count)
{
	*ret_count = COUNT;
	return list;
}

/* What names of repositories are made of, and * and ?. */
static int check_pattern(struct span pattern, struct err *err)
{
	bool fine = pattern.len > 0 && pattern.len <= REFNAME_REPOSITORY_MAX;

	for (size_t i = 0; fine && i < pattern.len; i++) {
		char c = pattern.text[i];

		fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		       (c != '\0' && strchr("*?./_-", c));
	}
	if (fine)
		return 0;
	err_set(err, ERR_INVALID, "pattern of repositories");
	return err_tell(err, "a pattern of repositories is made of lower-case "
			     "letters, digits and . _ - / * ?");
}

static int administrator(struct span pattern, struct buf *out, struct err *err)
{
	if (!span_equal(pattern, SPAN_LIT("*"))) {
		err_set(err, ERR_INVALID, "administrator with a pattern");
		return err_tell(err, "administrator is for all repositories: "
				     "its pattern is *");
	}
	buf_append_text(out, "{\"Version\":\"2012-10-17\",\"Statement\":["
			     "{\"Effect\":\"Allow\",\"Action\":\"*\","
			     "\"Resource\":\"*\"}]}");
	return 1;
}

int managed_document(struct span name, struct span account, struct span pattern,
		     struct buf *out, struct err *err)
{
	size_t at = 0;

	while (at < COUNT && !span_equal(name, span_of(list[at].name)))
		at++;
	if (at == COUNT)
		return 0;
	if (at == 0)
		return administrator(pattern, out, err);
	if (check_pattern(pattern, err) < 0)
		return -1;
	buf_appendf(out,
		    "{\"Version\":\"2012-10-17\",\"Statement\":["
		    "{\"Effect\":\"Allow\","
		    "\"Action\":\"ecr:GetAuthorizationToken\","
		    "\"Resource\":\"*\"},"
		    "{\"Effect\":\"Allow\",\"Action\":[%s],"
		    "\"Resource\":\"arn:aws:ecr:*:%.*s:repository/%.*s\"}]}",
		    actions[at], SPAN_ARG(account), SPAN_ARG(pattern));
	return 1;
}
