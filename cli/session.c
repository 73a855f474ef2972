/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fsx.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/docker_config.h"
#include "cli/prompt.h"

#define CREDENTIALS_MAX 4096 /* bytes of a file or of what is typed */

/* Who asks, as found; the texts are owned. */
struct credentials {
	struct buf user;     /* "" if nobody */
	struct buf password; /* may be "" */
};

static void credentials_release(struct credentials *found)
{
	buf_release(&found->user);
	buf_release(&found->password);
}

static void take_line(struct span line, struct credentials *found)
{
	struct span name = {0};
	struct span value = {0};

	if (!span_cut(line, '=', &name, &value))
		return;
	if (span_equal(name, SPAN_LIT("user")))
		buf_append_span(&found->user, value);
	if (span_equal(name, SPAN_LIT("password")))
		buf_append_span(&found->password, value);
}

static int read_file(const char *path, struct credentials *found,
		     struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(CREDENTIALS_MAX);
	struct span line = {0};

	if (fsx_read_file(AT_FDCWD, path, &text, err) < 0)
		return err_tell(err, "%s cannot be read: %s", path, err->text);
	struct span rest = buf_span(&text);
	while (span_cut(rest, '\n', &line, &rest))
		take_line(line, found);
	take_line(rest, found);
	if (found->user.len > 0 && found->password.len > 0)
		return 0;
	err_set(err, ERR_INVALID, "no credentials in the file");
	return err_tell(err, "%s has no lines user=NAME and password=TEXT",
			path);
}

static int read_stdin(struct credentials *found, struct err *err)
{
	if (prompt_read(stdin, &found->password, err) == 0)
		return 0;
	return err_tell(err, "--password-stdin: standard input has no line");
}

static int ask_both(struct credentials *found, struct err *err)
{
	if (prompt_line("User: ", &found->user, err) < 0)
		return -1;
	return prompt_secret("Password: ", &found->password, err);
}

/* Who has logged in before; nobody is fine. */
static int find_login(const struct options *options, struct credentials *found,
		      struct err *err)
{
	return docker_config_get(options->registry, &found->user,
				 &found->password, err) < 0
		       ? -1
		       : 0;
}

static int find_credentials(const struct options *options,
			    struct credentials *found, struct err *err)
{
	const char *password = getenv("BERTH_PASSWORD");

	if (options->credentials)
		return read_file(options->credentials, found, err);
	if (!options->user)
		return options->command->run == login_run
			       ? ask_both(found, err)
			       : find_login(options, found, err);
	buf_append_text(&found->user, options->user);
	if (options->password_stdin)
		return read_stdin(found, err);
	if (!password && isatty(STDIN_FILENO))
		return prompt_secret("Password: ", &found->password, err);
	buf_append_text(&found->password, password ? password : "");
	return 0;
}

int session_init(const struct options *options, struct session *ret_session,
		 struct err *err)
{
	CLEANUP(credentials_release)
	struct credentials found = {.user = BUF_INIT(CREDENTIALS_MAX),
				    .password = BUF_INIT(CREDENTIALS_MAX)};
	struct session session = {.options = options};

	if (find_credentials(options, &found, err) < 0 ||
	    buf_check(&found.user, err) < 0 ||
	    buf_check(&found.password, err) < 0)
		return -1;
	struct client_config config = {
		.url = options->registry,
		.user = found.user.len > 0 ? buf_text(&found.user) : NULL,
		.password = buf_text(&found.password),
		.ca_file = options->ca,
		.stopped = progress_interrupted,
	};
	if (client_new(&config, &session.client, err) < 0)
		return -1;
	session.terminal = isatty(STDOUT_FILENO);
	progress_init(&session.progress, options->quiet, isatty(STDERR_FILENO));
	*ret_session = session;
	return 0;
}

void session_release(struct session *session)
{
	client_free(session->client);
	session->client = NULL;
}
