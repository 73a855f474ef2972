/* SPDX-License-Identifier: Apache-2.0 */
/* What a client's first message in TLS asks for. */
#include "server/http/tls_hello.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "tests/lib/check.h"

#define HEAD_SIZE 43 /* bytes before the extensions */

static void add_16(struct buf *out, size_t value)
{
	buf_append_char(out, (char)(value >> 8));
	buf_append_char(out, (char)(value & 0xff));
}

static void add_extension(struct buf *out, unsigned id, const char *data,
			  size_t len)
{
	add_16(out, id);
	add_16(out, len);
	buf_append(out, data, len);
}

static void add_host(struct buf *out, const char *host)
{
	struct buf data = BUF_INIT(1024);

	add_16(&data, strlen(host) + 3);
	buf_append_char(&data, 0);
	add_16(&data, strlen(host));
	buf_append_text(&data, host);
	add_extension(out, 0, data.data, data.len);
	buf_release(&data);
}

/* Version, random, no session, one cipher, no compression; the extensions.  On
 * the heap, so that a step past the end is seen. */
static unsigned char *make(unsigned version, const struct buf *extensions,
			   size_t *ret_size)
{
	struct buf out = BUF_INIT(4096);

	add_16(&out, version);
	for (int i = 0; i < 32; i++)
		buf_append_char(&out, 'r');
	buf_append_char(&out, 0);
	add_16(&out, 2);
	add_16(&out, 0x1301);
	add_16(&out, 0x0100);
	add_16(&out, extensions->len);
	buf_append(&out, extensions->data, extensions->len);
	unsigned char *data = malloc(out.len);

	CHECK(data);
	memcpy(data, out.data, out.len);
	*ret_size = out.len;
	buf_release(&out);
	return data;
}

static struct tls_hello read_with(unsigned version, struct buf *extensions)
{
	struct tls_hello hello;
	size_t size = 0;
	unsigned char *data = make(version, extensions, &size);

	tls_hello_read(data, size, &hello);
	/* Whatever is cut off, nothing beyond is looked at. */
	for (size_t cut = 0; cut < size; cut++) {
		struct tls_hello part;
		unsigned char *less = malloc(cut ? cut : 1);

		CHECK(less);
		memcpy(less, data, cut);
		tls_hello_read(less, cut, &part);
		free(less);
	}
	free(data);
	buf_release(extensions);
	return hello;
}

static struct tls_hello read_host(const char *host)
{
	struct buf extensions = BUF_INIT(4096);

	add_extension(&extensions, 10, "\0\2\0\x1d", 4);
	add_host(&extensions, host);
	return read_with(0x0303, &extensions);
}

static void test_names_the_host(void)
{
	struct tls_hello hello = read_host("registry.example.com");

	CHECK(strcmp(hello.host, "registry.example.com") == 0);
	CHECK(hello.odd_at == 0);
	CHECK(!hello.old && !hello.foreign);
}

static void test_a_port_is_left_out_and_told(void)
{
	static const char *const odd[] = {"host.test:5000", "host.test/x",
					  "host.test_"};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct tls_hello hello = read_host(odd[i]);

		CHECK(strcmp(hello.host, "host.test") == 0);
		CHECK(hello.odd_at == HEAD_SIZE + 8);
	}
}

static void test_a_long_host_is_cut(void)
{
	char host[2 * TLS_HOST_SIZE];

	memset(host, 'a', sizeof(host));
	host[sizeof(host) - 1] = '\0';
	CHECK(strlen(read_host(host).host) == TLS_HOST_SIZE - 1);
}

static void test_a_name_that_is_no_host(void)
{
	struct buf extensions = BUF_INIT(4096);

	add_extension(&extensions, 0, "\0\4\1\0\1a", 6);
	CHECK(read_with(0x0303, &extensions).host[0] == '\0');
}

static bool is_old(unsigned version, const char *list, size_t len)
{
	struct buf extensions = BUF_INIT(4096);

	if (list)
		add_extension(&extensions, 43, list, len);
	else
		add_extension(&extensions, 23, "", 0);
	return read_with(version, &extensions).old;
}

/* The list counts, where there is one. */
static void test_versions(void)
{
	CHECK(!is_old(0x0303, NULL, 0));
	CHECK(is_old(0x0302, NULL, 0));
	CHECK(is_old(0x0301, NULL, 0));
	CHECK(!is_old(0x0303, "\4\x7f\x1c\3\4", 5));
	CHECK(!is_old(0x0301, "\2\3\3", 3));
	CHECK(is_old(0x0303, "\4\3\2\3\1", 5));
	CHECK(is_old(0x0303, "\1\3", 2));
	CHECK(is_old(0x0303, "", 0));
}

static bool is_foreign(const char *list, size_t len)
{
	struct buf extensions = BUF_INIT(4096);

	add_extension(&extensions, 16, list, len);
	return read_with(0x0303, &extensions).foreign;
}

static void test_protocols(void)
{
	CHECK(!is_foreign("\0\x0c\2h2\x08http/1.1", 14));
	CHECK(!is_foreign("\0\x09\x08http/1.0", 11));
	CHECK(is_foreign("\0\3\2h2", 5));
	CHECK(is_foreign("\0\x09\x08http/1.", 10));
	CHECK(is_foreign("\0\1\0", 3));
	CHECK(is_foreign("", 0));
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_names_the_host),
		CHECK_CASE(test_a_port_is_left_out_and_told),
		CHECK_CASE(test_a_long_host_is_cut),
		CHECK_CASE(test_a_name_that_is_no_host),
		CHECK_CASE(test_versions),
		CHECK_CASE(test_protocols),
	};

	return CHECK_RUN(argc, argv, cases);
}
