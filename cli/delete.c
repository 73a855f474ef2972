/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/prompt.h"
#include "cli/remote.h"
#include "cli/session.h"

#define QUESTION_MAX 4096 /* bytes */

static int confirm(const struct session *session, const char *reference,
		   struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(QUESTION_MAX);
	const struct target *target = &session->options->target;

	buf_appendf(&text, "Delete %s%s%s from %s", target->repository,
		    target->has_digest ? "@" : ":", reference,
		    session->options->registry);
	return prompt_delete(session->options->yes, buf_text(&text), err);
}

int delete_run(struct session *session, struct err *err)
{
	const struct options *options = session->options;
	struct remote remote = {.client = session->client,
				.repository = options->target.repository};
	char reference[TARGET_REFERENCE_SIZE];

	target_reference(&options->target, reference);
	if (confirm(session, reference, err) < 0)
		return -1;
	if (remote_delete_manifest(&remote, reference, err) < 0)
		return -1;
	if (options->json)
		return print_json(json_pack("{s:s, s:s}", "repository",
					    options->target.repository,
					    "deleted", reference),
				  err);
	if (!options->quiet)
		printf("deleted %s%s%s\n", options->target.repository,
		       options->target.has_digest ? "@" : ":", reference);
	return 0;
}
