/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/mhd_sendfile.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lib/check.h"
#include "tests/lib/tmpdir.h"

#define FILE_SIZE (3 << 20)
#define LIBRARY_STEP (128 << 10) /* what the library asks for */

struct files {
	int in;	 /* FILE_SIZE bytes of nothing */
	int out; /* stands for a socket */
};

static int open_in(const char *dir, const char *name)
{
	char path[TMPDIR_SIZE + 8];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	return fd;
}

static void open_files(struct files *files)
{
	char dir[TMPDIR_SIZE];

	tmpdir_make(dir);
	files->in = open_in(dir, "in");
	files->out = open_in(dir, "out");
	CHECK(ftruncate(files->in, FILE_SIZE) == 0);
}

static void close_files(struct files *files)
{
	close(files->in);
	close(files->out);
}

static void test_sends_up_to_the_end(void)
{
	static const struct {
		uint64_t end; /* as said by sendfile_until() */
		int64_t offset;
		size_t count;
		ssize_t sent;
	} cases[] = {
		{300000, 0, LIBRARY_STEP, 300000},
		{300000, 1000, LIBRARY_STEP, 299000},
		{FILE_SIZE, 0, LIBRARY_STEP, 1 << 20},
		{LIBRARY_STEP + 1, 0, LIBRARY_STEP, LIBRARY_STEP + 1},
		{300000, 0, 100, 100},
		{300000, 0, 299999, 299999},
		{0, 0, LIBRARY_STEP, LIBRARY_STEP},
		{1000, 5000, LIBRARY_STEP, LIBRARY_STEP},
		{FILE_SIZE * 2, FILE_SIZE - 10, LIBRARY_STEP, 10},
		{FILE_SIZE * 2, FILE_SIZE, LIBRARY_STEP, 0},
	};
	struct files files;

	open_files(&files);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t offset = cases[i].offset;

		sendfile_until(files.in, cases[i].end);
		CHECK(sendfile64(files.out, files.in, &offset,
				 cases[i].count) == cases[i].sent);
		CHECK(offset == cases[i].offset + cases[i].sent);
	}
	close_files(&files);
}

static void test_fails_as_the_system_call_does(void)
{
	struct files files;
	int64_t offset = 0;

	open_files(&files);
	sendfile_until(files.in, FILE_SIZE);
	CHECK(sendfile64(-1, files.in, &offset, LIBRARY_STEP) == -1);
	CHECK(sendfile64(files.out, -1, &offset, LIBRARY_STEP) == -1);
	CHECK(offset == 0);
	sendfile_until(-1, FILE_SIZE);
	close_files(&files);
}

/* Two ends of a connection that has room for a step. */
static void connect_pair(int ret_ends[2])
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(0x7f000001)};
	socklen_t len = sizeof(address);
	int room = 4 * LIBRARY_STEP;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ret_ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(listener >= 0 && ret_ends[0] >= 0);
	CHECK(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &room,
			 sizeof(room)) == 0);
	CHECK(bind(listener, (struct sockaddr *)&address, len) == 0);
	CHECK(listen(listener, 1) == 0);
	CHECK(getsockname(listener, (struct sockaddr *)&address, &len) == 0);
	CHECK(connect(ret_ends[0], (struct sockaddr *)&address, len) == 0);
	ret_ends[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	CHECK(ret_ends[1] >= 0);
	close(listener);
}

static void test_holds_nothing_back_at_the_end(void)
{
	struct files files;
	int ends[2];
	int64_t offset = 0;
	int one = 1;
	int held = -1;

	open_files(&files);
	connect_pair(ends);
	CHECK(setsockopt(ends[0], IPPROTO_TCP, TCP_CORK, &one, sizeof(one)) ==
	      0);
	sendfile_until(files.in, LIBRARY_STEP + 1);
	CHECK(sendfile64(ends[0], files.in, &offset, LIBRARY_STEP) ==
	      LIBRARY_STEP + 1);
	CHECK(ioctl(ends[0], SIOCOUTQNSD, &held) == 0 && held == 0);
	close(ends[0]);
	close(ends[1]);
	close_files(&files);
}

/* Else the HTTP library would go on with the C library's. */
static void test_stands_before_the_c_library(void)
{
	void *found = dlsym(RTLD_DEFAULT, "sendfile64");

	CHECK((uintptr_t)found == (uintptr_t)sendfile64);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_sends_up_to_the_end),
		CHECK_CASE(test_fails_as_the_system_call_does),
		CHECK_CASE(test_holds_nothing_back_at_the_end),
		CHECK_CASE(test_stands_before_the_c_library),
	};

	return CHECK_RUN(argc, argv, cases);
}
