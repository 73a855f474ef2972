/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/remote.h"
#include "cli/session.h"

int tag_run(struct session *session, struct err *err)
{
	CLEANUP(remote_manifest_release) struct remote_manifest got = {0};
	const struct options *options = session->options;
	struct remote remote = {.client = session->client,
				.repository = options->target.repository};
	struct span tag = span_of(options->names[0]);
	char reference[TARGET_REFERENCE_SIZE];
	char digest[DIGEST_TEXT_SIZE];
	struct err inner = ERR_INIT;

	if (refname_check_tag(tag, &inner) < 0) {
		err_set(err, ERR_INVALID, "bad tag");
		return err_tell(err, "%s: %s", options->names[0],
				err_for_client(&inner));
	}
	target_reference(&options->target, reference);
	if (remote_get_manifest(&remote, reference, &got, err) < 0 ||
	    remote_put_manifest(&remote, &got.content.digest, tag,
				buf_span(&got.media_type), buf_span(&got.body),
				err) < 0)
		return -1;
	digest_format(&got.content.digest, digest);
	if (options->json)
		return print_json(json_pack("{s:s, s:s, s:s}", "repository",
					    remote.repository, "tag",
					    options->names[0], "digest",
					    digest),
				  err);
	if (!options->quiet)
		printf("%s:%s is %s\n", remote.repository, options->names[0],
		       digest);
	return 0;
}
