/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/docker_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fsx.h"
#include "base/jsonx.h"
#include "base/span.h"

#define NAME_MAX_BYTES 256
#define OUTPUT_MAX 65536 /* bytes that it may say */

extern char **environ;

/* The helper; what it is told lies in a file, since it may end without reading
 * it, and a pipe would then end us. */
struct helper {
	pid_t pid;
	int out; /* what it says; owned */
};

static bool is_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return len > 0 && len < NAME_MAX_BYTES && name[len] == '\0';
}

static int spawn(const char *program, const char *verb, int in, int out,
		 pid_t *ret_pid, struct err *err)
{
	char *argv[] = {(char *)(uintptr_t)program, (char *)(uintptr_t)verb,
			NULL};
	posix_spawn_file_actions_t actions;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return err_set(err, ERR_NO_MEMORY, "credential helper");
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	int failed =
		posix_spawnp(ret_pid, program, &actions, NULL, argv, environ);

	posix_spawn_file_actions_destroy(&actions);
	if (failed == 0)
		return 0;
	err_sys(err, failed, "running %s", program);
	return err_tell(err,
			"%s, which docker's config.json names, cannot be run: "
			"%s",
			program, strerror(failed));
}

static int write_input(struct span said, int *ret_fd, struct err *err)
{
	CLEANUP(cleanup_close) int fd = memfd_create("helper", MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "memory for a credential helper");
	if (fsx_pwrite_all(fd, said.text, said.len, 0, err) < 0)
		return -1;
	*ret_fd = STEAL_FD(fd);
	return 0;
}

static int start(const char *name, const char *verb, struct span said,
		 struct helper *ret_helper, struct err *err)
{
	CLEANUP(buf_release) struct buf program = BUF_INIT(NAME_MAX_BYTES * 2);
	CLEANUP(cleanup_close) int in = -1;
	int from[2];

	if (!is_name(name))
		return err_set(err, ERR_INVALID, "no name of a helper");
	buf_appendf(&program, "docker-credential-%s", name);
	if (write_input(said, &in, err) < 0)
		return -1;
	if (pipe2(from, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe from a credential helper");
	int done = spawn(buf_text(&program), verb, in, from[1],
			 &ret_helper->pid, err);

	close(from[1]);
	if (done < 0) {
		close(from[0]);
		return -1;
	}
	ret_helper->out = from[0];
	return 0;
}

static void read_all(int fd, struct buf *out)
{
	char piece[4096];
	ssize_t got;

	do {
		got = read(fd, piece, sizeof(piece));
		if (got > 0)
			buf_append(out, piece, (size_t)got);
	} while (got > 0 || (got < 0 && errno == EINTR));
	explicit_bzero(piece, sizeof(piece));
}

/* 1 it ended well, 0 it said no, -1 it could not be run. */
static int run(const char *name, const char *verb, struct span said,
	       struct buf *out, struct err *err)
{
	struct helper helper = {.out = -1};
	int status = 0;

	if (start(name, verb, said, &helper, err) < 0)
		return -1;
	read_all(helper.out, out);
	close(helper.out);
	while (waitpid(helper.pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int docker_helper_get(const char *name, const char *host, struct buf *user,
		      struct buf *password, struct err *err)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(OUTPUT_MAX);
	CLEANUP(jsonx_unref) json_t *tree = NULL;
	struct span value = {0};
	int done = run(name, "get", span_of(host), &out, err);

	if (done <= 0)
		return done;
	if (jsonx_parse(buf_span(&out), 4, &tree, err) < 0 ||
	    jsonx_text(tree, "Username", &value, err) < 0)
		return -1;
	buf_append_span(user, value);
	int found = jsonx_text(tree, "Secret", &value, err);
	buf_append_span(password, value);
	return found;
}

int docker_helper_store(const char *name, const char *host, const char *user,
			const char *password, struct err *err)
{
	CLEANUP(buf_release) struct buf said = BUF_INIT(OUTPUT_MAX);
	CLEANUP(buf_release) struct buf out = BUF_INIT(OUTPUT_MAX);

	buf_append_text(&said, "{\"ServerURL\":");
	jsonx_quote(span_of(host), &said);
	buf_append_text(&said, ",\"Username\":");
	jsonx_quote(span_of(user), &said);
	buf_append_text(&said, ",\"Secret\":");
	jsonx_quote(span_of(password), &said);
	buf_append_char(&said, '}');
	if (buf_check(&said, err) < 0)
		return -1;
	int done = run(name, "store", buf_span(&said), &out, err);

	explicit_bzero(said.data, said.len);
	if (done < 0)
		return -1;
	if (done == 1)
		return 0;
	err_set(err, ERR_UNAVAILABLE, "the helper refused");
	return err_tell(err, "docker-credential-%s did not keep it: %s", name,
			buf_text(&out));
}

int docker_helper_erase(const char *name, const char *host, struct err *err)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(OUTPUT_MAX);

	return run(name, "erase", span_of(host), &out, err);
}
