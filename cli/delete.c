/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/remote.h"
#include "cli/session.h"

/* 1 go on, 0 they said no, -1 nobody can be asked. */
static int ask(const struct session *session, const char *reference,
	       struct err *err)
{
	const struct target *target = &session->options->target;
	char answer[16] = "";

	if (session->options->yes)
		return 1;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		err_set(err, ERR_INVALID, "nobody to ask");
		return err_tell(err, "this deletes for good, and there is no "
				     "terminal to ask on: give --yes");
	}
	fprintf(stderr, "Delete %s%s%s from %s? [y/N] ", target->repository,
		target->has_digest ? "@" : ":", reference,
		session->options->registry);
	fflush(stderr);
	return fgets(answer, sizeof(answer), stdin) &&
	       (strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0);
}

int delete_run(struct session *session, struct err *err)
{
	const struct options *options = session->options;
	struct remote remote = {.client = session->client,
				.repository = options->target.repository};
	char reference[TARGET_REFERENCE_SIZE];
	int go;

	target_reference(&options->target, reference);
	go = ask(session, reference, err);
	if (go < 0)
		return -1;
	if (go == 0) {
		err_set(err, ERR_INVALID, "not confirmed");
		return err_tell(err, "nothing was deleted");
	}
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
