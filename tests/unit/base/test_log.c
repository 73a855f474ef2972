/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "tests/lib/check.h"

#define TAKEN_SIZE 200000

static char taken[TAKEN_SIZE];

static int log_to_memory(enum log_format format, enum log_level lowest)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	CHECK(fd >= 0);
	log_configure(fd, format, lowest);
	return fd;
}

/* What was written so far, as a string; the file is empty afterwards. */
static const char *take(int fd)
{
	ssize_t len = pread(fd, taken, TAKEN_SIZE - 1, 0);

	CHECK(len >= 0);
	taken[len] = '\0';
	CHECK(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	return taken;
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

/* What stands behind the time and its blank. */
static const char *behind_time(const char *line)
{
	CHECK(strlen(line) > 25 && line[23] == 'Z' && line[24] == ' ');
	return line + 25;
}

static void test_text_lines_are_for_people(void)
{
	int fd = log_to_memory(LOG_FORMAT_TEXT, LOG_DEBUG);

	log_event(LOG_INFO, "listening", LOG_TEXT("address", "[::]:5000"),
		  LOG_NUMBER("n", -42), LOG_BOOL("tls", false), LOG_END);
	CHECK_TEXT(behind_time(take(fd)),
		   "info  listening address=[::]:5000 n=-42 tls=false\n");
	log_event(LOG_ERROR, "x", LOG_TEXT("a", ""), LOG_TEXT("b", "c d"),
		  LOG_TEXT("e", "f=g"), LOG_TEXT("h", "i\"j\\k"), LOG_END);
	CHECK_TEXT(behind_time(take(fd)), "error x a=\"\" b=\"c d\" e=\"f=g\" "
					  "h=\"i\\\"j\\\\k\"\n");
}

static void test_numbers_of_every_size(void)
{
	int fd = log_to_memory(LOG_FORMAT_TEXT, LOG_DEBUG);

	log_event(LOG_DEBUG, "x", LOG_NUMBER("a", INT64_MIN),
		  LOG_NUMBER("b", INT64_MAX), LOG_NUMBER("c", 0), LOG_END);
	CHECK_TEXT(behind_time(take(fd)), "debug x a=-9223372036854775808 "
					  "b=9223372036854775807 c=0\n");
}

static void test_json_lines_are_json(void)
{
	int fd = log_to_memory(LOG_FORMAT_JSON, LOG_DEBUG);

	log_event(LOG_WARN, "request", LOG_TEXT("path", "/v2/\"x\"\n"),
		  LOG_NUMBER("status", 404), LOG_BOOL("tls", true), LOG_END);
	json_t *json = json_loads(take(fd), 0, NULL);
	CHECK(json);
	CHECK(strlen(json_string_value(json_object_get(json, "time"))) == 24);
	CHECK_TEXT(json_string_value(json_object_get(json, "level")), "warn");
	CHECK_TEXT(json_string_value(json_object_get(json, "event")),
		   "request");
	CHECK_TEXT(json_string_value(json_object_get(json, "path")),
		   "/v2/\"x\"\n");
	CHECK(json_integer_value(json_object_get(json, "status")) == 404);
	CHECK(json_is_true(json_object_get(json, "tls")));
	json_decref(json);
}

static void test_the_list_ends_at_its_end(void)
{
	int fd = log_to_memory(LOG_FORMAT_TEXT, LOG_DEBUG);
	const struct log_field fields[] = {LOG_NUMBER("a", 1), LOG_END,
					   LOG_NUMBER("b", 2)};

	log_write(LOG_INFO, "x", fields, 3);
	CHECK_TEXT(behind_time(take(fd)), "info  x a=1\n");
	log_write(LOG_INFO, "x", fields, 0);
	CHECK_TEXT(behind_time(take(fd)), "info  x\n");
}

static void test_no_byte_breaks_a_line(void)
{
	for (int format = LOG_FORMAT_TEXT; format <= LOG_FORMAT_JSON;
	     format++) {
		int fd = log_to_memory((enum log_format)format, LOG_DEBUG);

		for (int byte = 0; byte < 256; byte++) {
			char value[] = {'a', (char)byte, 'b', (char)byte};

			log_event(LOG_INFO, "x",
				  LOG_SPAN("v", span_make(value, 4)), LOG_END);
			const char *line = take(fd);
			CHECK(count_lines(line) == 1);
			for (size_t i = 0; i + 1 < strlen(line); i++)
				CHECK((unsigned char)line[i] >= 0x20 &&
				      line[i] != 0x7f);
			if (format == LOG_FORMAT_TEXT)
				continue;
			json_t *json = json_loads(line, JSON_ALLOW_NUL, NULL);
			CHECK(json);
			json_decref(json);
		}
	}
}

static void test_terminal_controls_in_utf8_are_escaped(void)
{
	int fd = log_to_memory(LOG_FORMAT_TEXT, LOG_DEBUG);

	log_event(LOG_INFO, "x",
		  LOG_TEXT("v", "\xc2\x9b\xc2\xa0\xc3\xa4\xff\033"), LOG_END);
	CHECK_TEXT(
		behind_time(take(fd)),
		"info  x v=\"\\u009b\xc2\xa0\xc3\xa4\xef\xbf\xbd\\u001b\"\n");
}

static void test_levels_below_the_lowest_are_silent(void)
{
	int fd = log_to_memory(LOG_FORMAT_TEXT, LOG_WARN);
	struct err err = ERR_INIT;

	err_set(&err, ERR_INVALID, "x");
	CHECK(!log_wants(LOG_DEBUG) && !log_wants(LOG_INFO));
	CHECK(log_wants(LOG_WARN) && log_wants(LOG_ERROR));
	log_event(LOG_INFO, "x", LOG_END);
	log_failure(LOG_INFO, "x", &err, NULL, 0);
	CHECK_TEXT(take(fd), "");
	log_event(LOG_WARN, "x", LOG_END);
	CHECK(count_lines(take(fd)) == 1);
}

static void test_a_failure_is_one_line_with_all_it_knows(void)
{
	int fd = log_to_memory(LOG_FORMAT_TEXT, LOG_DEBUG);
	const struct log_field fields[] = {LOG_TEXT("id", "r1"), LOG_END};
	struct err err = ERR_INIT;

	err_sys(&err, ENOSPC, "writing");
	log_failure(LOG_ERROR, "request_failed", &err, fields, 2);
	CHECK_TEXT(behind_time(take(fd)),
		   "error request_failed code=NO_SPACE error=\"writing: No "
		   "space left on device\" os=28 id=r1\n");
	err_clear(&err);
	err_set(&err, ERR_INVALID, "bad");
	log_failure(LOG_ERROR, "x", &err, NULL, 0);
	CHECK_TEXT(behind_time(take(fd)), "error x code=INVALID error=bad\n");
}

/* Hostile values of every length: the line stays one valid line, says that it
 * was cut, and keeps the fields that come after the long one. */
static void test_long_values_are_cut(void)
{
	static const char *const fills[] = {"a",    "\"",	"\x01",
					    "\xff", "\xc2\x80", " "};
	static char value[20000];

	for (size_t f = 0; f < sizeof(fills) / sizeof(fills[0]); f++)
		for (size_t len = 100; len < 1300; len += 7) {
			int fd = log_to_memory(LOG_FORMAT_JSON, LOG_DEBUG);

			for (size_t i = 0; i < len; i++)
				value[i] = fills[f][i % strlen(fills[f])];
			log_event(LOG_INFO, "x",
				  LOG_SPAN("v", span_make(value, len)),
				  LOG_NUMBER("after", 7), LOG_END);
			json_t *json = json_loads(take(fd), 0, NULL);
			CHECK(json);
			CHECK(json_object_get(json, "after"));
			CHECK(len < 1100 || json_object_get(json, "cut"));
			CHECK(len > 150 || !json_object_get(json, "cut"));
			json_decref(json);
			close(fd);
		}
}

static void test_lines_have_an_end_however_many_fields(void)
{
	static struct log_field fields[1000];
	static char value[2000];

	memset(value, '"', sizeof(value));
	for (int format = LOG_FORMAT_TEXT; format <= LOG_FORMAT_JSON; format++)
		for (size_t len = 0; len < sizeof(value); len += 37) {
			int fd = log_to_memory((enum log_format)format,
					       LOG_DEBUG);

			for (size_t i = 0; i < 1000; i++)
				fields[i] =
					i % 3 ? LOG_NUMBER("number", i)
					      : LOG_SPAN("text",
							 span_make(value, len));
			log_write(LOG_INFO, "x", fields, 1000);
			const char *line = take(fd);
			CHECK(strlen(line) <= 8192 && count_lines(line) == 1);
			CHECK(strstr(line, "cut"));
			json_t *json = json_loads(line, 0, NULL);
			CHECK((json != NULL) == (format == LOG_FORMAT_JSON));
			json_decref(json);
			close(fd);
		}
}

static void test_a_batch_waits_for_its_flush(void)
{
	int fd = log_to_memory(LOG_FORMAT_TEXT, LOG_DEBUG);

	log_batch_this_thread(true);
	log_batch_this_thread(true);
	log_event(LOG_INFO, "one", LOG_END);
	log_event(LOG_INFO, "two", LOG_END);
	CHECK_TEXT(take(fd), "");
	log_flush();
	const char *text = take(fd);
	CHECK(count_lines(text) == 2 &&
	      strstr(text, "one") < strstr(text, "two"));
	log_flush();
	CHECK_TEXT(take(fd), "");
	log_event(LOG_INFO, "three", LOG_END);
	log_batch_this_thread(false);
	CHECK(count_lines(take(fd)) == 1);
	log_batch_this_thread(false);
	log_event(LOG_INFO, "four", LOG_END);
	CHECK(count_lines(take(fd)) == 1);
}

static void test_warnings_do_not_wait_and_keep_their_place(void)
{
	int fd = log_to_memory(LOG_FORMAT_TEXT, LOG_DEBUG);

	log_batch_this_thread(true);
	log_event(LOG_INFO, "one", LOG_END);
	log_event(LOG_WARN, "two", LOG_END);
	const char *text = take(fd);
	CHECK(count_lines(text) == 2 &&
	      strstr(text, "one") < strstr(text, "two"));
	log_batch_this_thread(false);
}

static void test_a_full_batch_is_written(void)
{
	int fd = log_to_memory(LOG_FORMAT_TEXT, LOG_DEBUG);

	log_batch_this_thread(true);
	for (int i = 0; i < 1000; i++)
		log_event(LOG_INFO, "line", LOG_NUMBER("i", i), LOG_END);
	size_t early = count_lines(take(fd));
	CHECK(early > 100 && early < 1000);
	log_flush();
	CHECK(early + count_lines(take(fd)) == 1000);
	log_batch_this_thread(false);
}

static void *log_and_end(void *unused)
{
	(void)unused;
	log_batch_this_thread(true);
	for (int i = 0; i < 100; i++)
		log_event(LOG_INFO, "line", LOG_NUMBER("i", i), LOG_END);
	return NULL;
}

static void test_threads_write_whole_lines_and_flush_at_their_end(void)
{
	int fd = log_to_memory(LOG_FORMAT_JSON, LOG_DEBUG);
	pthread_t threads[4];
	int lines = 0;

	CHECK(fcntl(fd, F_SETFL, O_APPEND) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&threads[i], NULL, log_and_end, NULL) ==
		      0);
	for (int i = 0; i < 100; i++)
		log_event(LOG_INFO, "main", LOG_NUMBER("i", i), LOG_END);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	const char *line = take(fd);
	for (const char *end; (end = strchr(line, '\n')); line = end + 1) {
		json_t *json = json_loadb(line, (size_t)(end - line), 0, NULL);

		CHECK(json);
		json_decref(json);
		lines++;
	}
	CHECK(lines == 500);
}

static void test_a_descriptor_that_fails_harms_nobody(void)
{
	int ends[2];

	log_configure(-1, LOG_FORMAT_TEXT, LOG_DEBUG);
	errno = 77;
	log_event(LOG_ERROR, "lost", LOG_END);
	CHECK(errno == 77);

	CHECK(pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
	log_configure(ends[1], LOG_FORMAT_TEXT, LOG_DEBUG);
	log_event(LOG_ERROR, "kept", LOG_END);
	CHECK(read(ends[0], taken, TAKEN_SIZE) > 0);
}

static void *read_slowly(void *context)
{
	int fd = *(int *)context;
	ssize_t got, all = 0;
	char piece[1000];

	while ((got = read(fd, piece, sizeof(piece))) > 0)
		all += got;
	return (void *)all;
}

static void test_a_full_pipe_is_waited_for(void)
{
	pthread_t reader;
	int ends[2];
	void *got;

	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	CHECK(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
	log_configure(ends[1], LOG_FORMAT_TEXT, LOG_DEBUG);
	CHECK(pthread_create(&reader, NULL, read_slowly, &ends[0]) == 0);
	for (int i = 0; i < 3000; i++)
		log_event(LOG_INFO, "0123456789", LOG_END);
	close(ends[1]);
	CHECK(pthread_join(reader, &got) == 0);
	CHECK((ssize_t)got == 3000 * 42);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_text_lines_are_for_people),
		CHECK_CASE(test_numbers_of_every_size),
		CHECK_CASE(test_json_lines_are_json),
		CHECK_CASE(test_the_list_ends_at_its_end),
		CHECK_CASE(test_no_byte_breaks_a_line),
		CHECK_CASE(test_terminal_controls_in_utf8_are_escaped),
		CHECK_CASE(test_levels_below_the_lowest_are_silent),
		CHECK_CASE(test_a_failure_is_one_line_with_all_it_knows),
		CHECK_CASE(test_long_values_are_cut),
		CHECK_CASE(test_lines_have_an_end_however_many_fields),
		CHECK_CASE(test_a_batch_waits_for_its_flush),
		CHECK_CASE(test_warnings_do_not_wait_and_keep_their_place),
		CHECK_CASE(test_a_full_batch_is_written),
		CHECK_CASE(
			test_threads_write_whole_lines_and_flush_at_their_end),
		CHECK_CASE(test_a_descriptor_that_fails_harms_nobody),
		CHECK_CASE(test_a_full_pipe_is_waited_for),
	};

	return CHECK_RUN(argc, argv, cases);
}
