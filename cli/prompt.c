/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prompt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"

#define LINE_MAX_BYTES 4096
#define SECRET_MAX 1024

DEFINE_CLEANUP(file_close, FILE *, fclose)

static int open_terminal(FILE **ret_terminal, struct err *err)
{
	FILE *terminal = fopen("/dev/tty", "r+e");

	if (!terminal) {
		err_set(err, ERR_INVALID, "no terminal");
		return err_tell(err, "there is no terminal to ask on: give "
				     "--user with --password-stdin, or "
				     "--credentials FILE");
	}
	*ret_terminal = terminal;
	return 0;
}

int prompt_read(FILE *in, struct buf *out, struct err *err)
{
	char line[LINE_MAX_BYTES];

	if (!fgets(line, sizeof(line), in))
		return err_set(err, ERR_INVALID, "nothing was typed");
	line[strcspn(line, "\r\n")] = '\0';
	buf_append_text(out, line);
	explicit_bzero(line, sizeof(line));
	return buf_check(out, err);
}

int prompt_line(const char *question, struct buf *out, struct err *err)
{
	CLEANUP(file_close) FILE *terminal = NULL;

	if (open_terminal(&terminal, err) < 0)
		return -1;
	fputs(question, terminal);
	fflush(terminal);
	return prompt_read(terminal, out, err);
}

int prompt_secret(const char *question, struct buf *out, struct err *err)
{
	CLEANUP(file_close) FILE *terminal = NULL;
	struct termios before;
	struct termios silent;

	if (open_terminal(&terminal, err) < 0)
		return -1;
	if (tcgetattr(fileno(terminal), &before) < 0)
		return err_sys(err, errno, "the terminal");
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	/* First, since it throws away what was typed before. */
	tcsetattr(fileno(terminal), TCSAFLUSH, &silent);
	fputs(question, terminal);
	fflush(terminal);
	int done = prompt_read(terminal, out, err);

	tcsetattr(fileno(terminal), TCSAFLUSH, &before);
	fputc('\n', terminal);
	return done;
}

int prompt_new_secret(const char *question, struct buf *out, struct err *err)
{
	CLEANUP(buf_release) struct buf again = BUF_INIT(SECRET_MAX);

	if (prompt_secret(question, out, err) < 0 ||
	    prompt_secret("Again: ", &again, err) < 0)
		return -1;
	bool same = span_equal(buf_span(out), buf_span(&again));

	explicit_bzero(again.data, again.cap);
	if (same)
		return 0;
	err_set(err, ERR_INVALID, "typed differently");
	return err_tell(err, "the two were not the same");
}

int prompt_delete(bool yes, const char *question, struct err *err)
{
	char answer[16] = "";

	if (yes)
		return 0;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		err_set(err, ERR_INVALID, "nobody to ask");
		return err_tell(err, "this deletes for good, and there is no "
				     "terminal to ask on: give --yes");
	}
	fprintf(stderr, "%s? [y/N] ", question);
	fflush(stderr);
	if (fgets(answer, sizeof(answer), stdin) &&
	    (strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0))
		return 0;
	err_set(err, ERR_INVALID, "not confirmed");
	return err_tell(err, "nothing was deleted");
}
