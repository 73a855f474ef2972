/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/lock.h"
#include "base/utf8.h"

#define LINE_MAX_SIZE 8192 /* bytes of a line, its newline among them */
#define VALUE_MAX 1024	   /* bytes of a value as it is written */
#define ESCAPE_MAX 6	   /* bytes of the longest escape or character */
#define TAIL_SIZE 32	   /* kept free for the end of a line */
#define BATCH_SIZE 16384   /* bytes that a thread collects */
#define WRITE_WAIT_MS 1000 /* for a descriptor that takes no more */

static const struct {
	const char *name;   /* in JSON */
	const char *padded; /* in text */
	const char *colour; /* on a terminal */
} levels[] = {
	[LOG_DEBUG] = {"debug", "debug", "\033[2m"},
	[LOG_INFO] = {"info", "info ", "\033[32m"},
	[LOG_WARN] = {"warn", "warn ", "\033[33m"},
	[LOG_ERROR] = {"error", "error", "\033[31m"},
};

static atomic_int log_fd = STDERR_FILENO;
static atomic_int log_format = LOG_FORMAT_TEXT;
static atomic_int log_lowest = LOG_INFO;
static atomic_bool log_colour;

/* Held while writing, so that no line stands within another's. */
static struct lock write_lock = LOCK_INIT;

struct batch {
	size_t len; /* bytes collected */
	char data[BATCH_SIZE];
};

static _Thread_local struct batch *batch; /* NULL: lines go out at once */
static pthread_key_t batch_key;		  /* writes out at a thread's end */
static bool batch_key_made;
static pthread_once_t batch_key_once = PTHREAD_ONCE_INIT;

/* A line that grows; what does not fit is left out. */
struct line {
	char *start;
	char *at;
	char *end; /* TAIL_SIZE before the end of the memory */
	bool json;
	bool cut; /* something was left out */
};

void log_configure(int fd, enum log_format format, enum log_level lowest)
{
	log_colour = format == LOG_FORMAT_TEXT && isatty(fd) == 1;
	log_format = (int)format;
	log_lowest = (int)lowest;
	log_fd = fd;
}

bool log_wants(enum log_level level)
{
	return (int)level >=
	       atomic_load_explicit(&log_lowest, memory_order_relaxed);
}

static bool may_go_on(int fd)
{
	struct pollfd waiting = {.fd = fd, .events = POLLOUT};

	if (errno == EINTR)
		return true;
	return errno == EAGAIN && poll(&waiting, 1, WRITE_WAIT_MS) == 1;
}

/* Nobody is left to tell of a log that cannot be written. */
static void write_out(const char *data, size_t len)
{
	int fd = log_fd;
	int saved = errno;

	lock_take(&write_lock);
	while (len > 0) {
		ssize_t done = write(fd, data, len);

		if (done < 0 && !may_go_on(fd))
			break;
		if (done > 0) {
			data += done;
			len -= (size_t)done;
		}
	}
	lock_drop(&write_lock);
	errno = saved;
}

static size_t room(const struct line *line)
{
	return (size_t)(line->end - line->at);
}

static void put(struct line *line, const char *text, size_t len)
{
	memcpy(line->at, text, len);
	line->at += len;
}

static void put_text(struct line *line, const char *text)
{
	put(line, text, strlen(text));
}

static void put_number(struct line *line, int64_t number)
{
	uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (number < 0)
		put(line, "-", 1);
	put(line, digits + at, sizeof(digits) - at);
}

/* Control characters, those of Latin-1 that a terminal obeys among them. */
static bool is_control(struct span text)
{
	unsigned char first = (unsigned char)text.text[0];

	return first < 0x20 || first == 0x7f ||
	       (first == 0xc2 && (unsigned char)text.text[1] < 0xa0);
}

static void put_escape(struct line *line, unsigned char byte)
{
	static const char hex[] = "0123456789abcdef";
	char escape[6] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 0xf]};

	put(line, escape, sizeof(escape));
}

/* Write the character at the start of text; returns the bytes it took. */
static size_t put_character(struct line *line, struct span text)
{
	size_t length = utf8_length(text);

	if (length == 0) {
		put_text(line, "\xef\xbf\xbd");
		return 1;
	}
	if (is_control(text)) {
		put_escape(line, (unsigned char)text.text[length - 1]);
		return length;
	}
	if (text.text[0] == '"' || text.text[0] == '\\')
		put(line, "\\", 1);
	put(line, text.text, length);
	return length;
}

/* Stands for itself, with quotes around it. */
static bool is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Bytes from the start of text that stand for themselves. */
static size_t plain_length(struct span text)
{
	size_t at = 0;

	while (at < text.len && is_plain(text.text[at]))
		at++;
	return at;
}

static void put_quoted(struct line *line, struct span text)
{
	const char *stop =
		room(line) > VALUE_MAX ? line->at + VALUE_MAX : line->end;

	put(line, "\"", 1);
	while (text.len > 0) {
		size_t left = (size_t)(stop - line->at);

		if (left < ESCAPE_MAX + 2) {
			line->cut = true;
			break;
		}
		left -= 2;
		size_t took = plain_length(span_make(
			text.text, text.len < left ? text.len : left));
		if (took > 0)
			put(line, text.text, took);
		else
			took = put_character(line, text);
		text = span_make(text.text + took, text.len - took);
	}
	put(line, "\"", 1);
}

/* Text for people needs quotes only where a value could be misread. */
static bool is_bare(struct span text)
{
	if (text.len == 0 || text.len > VALUE_MAX / 2)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!is_plain(text.text[i]) || text.text[i] == ' ' ||
		    text.text[i] == '=')
			return false;
	return true;
}

static void put_value(struct line *line, const struct log_field *field)
{
	switch (field->type) {
	case LOG_TYPE_TEXT:
		if (!line->json && is_bare(field->text))
			put(line, field->text.text, field->text.len);
		else
			put_quoted(line, field->text);
		return;
	case LOG_TYPE_NUMBER:
		put_number(line, field->number);
		return;
	case LOG_TYPE_BOOL:
		put_text(line, field->number ? "true" : "false");
		return;
	case LOG_TYPE_END:
		return;
	}
}

/* The most that the name and the start of the value take. */
static bool has_room(const struct line *line, const struct log_field *field)
{
	size_t value = 32;

	if (field->type == LOG_TYPE_TEXT && field->text.len > 16)
		value = field->text.len < VALUE_MAX / 2 ? field->text.len + 16
							: VALUE_MAX / 2 + 16;
	return room(line) > strlen(field->name) + 8 + value;
}

static void put_field(struct line *line, const struct log_field *field)
{
	if (!has_room(line, field)) {
		line->cut = true;
		return;
	}
	put_text(line, line->json ? ",\"" : " ");
	put_text(line, field->name);
	put_text(line, line->json ? "\":" : "=");
	put_value(line, field);
}

static void put_fields(struct line *line, const struct log_field *fields,
		       size_t count)
{
	for (size_t i = 0; i < count && fields[i].name; i++)
		put_field(line, &fields[i]);
}

static void put_head(struct line *line, enum log_level level, const char *event)
{
	char time[CLOCK_TEXT_SIZE];
	bool colour = log_colour;

	clock_format(clock_wall_ms(&clock_system), time);
	if (line->json) {
		put_text(line, "{\"time\":\"");
		put_text(line, time);
		put_text(line, "\",\"level\":\"");
		put_text(line, levels[level].name);
		put_text(line, "\",\"event\":");
		put_quoted(line, span_of(event));
		return;
	}
	put_text(line, time);
	put_text(line, " ");
	put_text(line, colour ? levels[level].colour : "");
	put_text(line, levels[level].padded);
	put_text(line, colour ? "\033[0m " : " ");
	put(line, event, strnlen(event, VALUE_MAX));
}

static void put_tail(struct line *line)
{
	if (line->cut)
		put_text(line, line->json ? ",\"cut\":true" : " cut=true");
	put_text(line, line->json ? "}\n" : "\n");
}

static struct line line_start(char *memory)
{
	return (struct line){
		.start = memory,
		.at = memory,
		.end = memory + LINE_MAX_SIZE - TAIL_SIZE,
		.json = log_format == LOG_FORMAT_JSON,
	};
}

/* Two runs of fields, so that log_failure() need not copy the caller's. */
static size_t format_line(char memory[LINE_MAX_SIZE], enum log_level level,
			  const char *event, const struct log_field *own,
			  const struct log_field *fields, size_t count)
{
	struct line line = line_start(memory);

	put_head(&line, level, event);
	if (own)
		put_fields(&line, own, SIZE_MAX);
	put_fields(&line, fields, count);
	put_tail(&line);
	return (size_t)(line.at - line.start);
}

static void write_line(enum log_level level, const char *event,
		       const struct log_field *own,
		       const struct log_field *fields, size_t count)
{
	if (!batch) {
		char memory[LINE_MAX_SIZE];

		write_out(memory, format_line(memory, level, event, own, fields,
					      count));
		return;
	}
	if (BATCH_SIZE - batch->len < LINE_MAX_SIZE)
		log_flush();
	batch->len += format_line(batch->data + batch->len, level, event, own,
				  fields, count);
	if (level >= LOG_WARN)
		log_flush();
}

void log_write(enum log_level level, const char *event,
	       const struct log_field *fields, size_t count)
{
	if (log_wants(level))
		write_line(level, event, NULL, fields, count);
}

void log_failure(enum log_level level, const char *event, const struct err *err,
		 const struct log_field *fields, size_t count)
{
	const struct log_field own[] = {
		LOG_TEXT("code", err_code_name(err->code)),
		LOG_TEXT("error", err->text),
		err->os ? LOG_NUMBER("os", err->os) : LOG_END,
		LOG_END,
	};

	if (log_wants(level))
		write_line(level, event, own, fields, count);
}

void log_flush(void)
{
	if (!batch || batch->len == 0)
		return;
	write_out(batch->data, batch->len);
	batch->len = 0;
}

static void batch_end(void *unused)
{
	(void)unused;
	log_flush();
	free(batch);
	batch = NULL;
}

static void batch_key_make(void)
{
	batch_key_made = pthread_key_create(&batch_key, batch_end) == 0;
}

/* Without memory the lines just are not batched. */
void log_batch_this_thread(bool wanted)
{
	pthread_once(&batch_key_once, batch_key_make);
	if (wanted && !batch && batch_key_made) {
		batch = malloc(sizeof(*batch));
		if (!batch)
			return;
		batch->len = 0;
		pthread_setspecific(batch_key, batch);
	} else if (!wanted && batch) {
		pthread_setspecific(batch_key, NULL);
		batch_end(NULL);
	}
}
