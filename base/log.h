/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

/*
 * Structured lines on a descriptor: an event name and fields, as text for
 * people or as JSON for machines.  Values are escaped, so that no client byte
 * can forge a line.  One log per program; every function may be called from any
 * thread.  Lines are collected per thread and written in batches at
 * log_flush(), when a buffer is full, or at once for warnings and errors.
 *
 *   log_event(LOG_INFO, "listening", LOG_TEXT("address", a), LOG_END);
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct err;

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };
enum log_type { LOG_TYPE_END, LOG_TYPE_TEXT, LOG_TYPE_NUMBER, LOG_TYPE_BOOL };

struct log_field {
	const char *name;   /* a literal; NULL ends the list */
	enum log_type type; /* which of the two below counts */
	struct span text;   /* for LOG_TYPE_TEXT; borrowed for the call */
	int64_t number;	    /* for LOG_TYPE_NUMBER, LOG_TYPE_BOOL */
};

#define LOG_SPAN(field, value)                                                 \
	((struct log_field){                                                   \
		.name = (field), .type = LOG_TYPE_TEXT, .text = (value)})
#define LOG_TEXT(field, value) LOG_SPAN(field, span_of(value))
#define LOG_NUMBER(field, value)                                               \
	((struct log_field){.name = (field),                                   \
			    .type = LOG_TYPE_NUMBER,                           \
			    .number = (int64_t)(value)})
#define LOG_BOOL(field, value)                                                 \
	((struct log_field){                                                   \
		.name = (field), .type = LOG_TYPE_BOOL, .number = (value)})

/* Ends a list of fields. */
#define LOG_END ((struct log_field){.type = LOG_TYPE_END})

/* Where and how lines go from now on; fd is borrowed.  Before the first call
 * they go to standard error as text from LOG_INFO up. */
void log_configure(int fd, enum log_format format, enum log_level lowest);

/* True if a line of that level would be written. */
bool log_wants(enum log_level level);

/* Write one line.  fields has count entries. */
void log_write(enum log_level level, const char *event,
	       const struct log_field *fields, size_t count);

#define log_event(level, event, ...)                                           \
	do {                                                                   \
		const struct log_field log_fields_[] = {__VA_ARGS__};          \
		log_write(level, event, log_fields_,                           \
			  sizeof(log_fields_) / sizeof(log_fields_[0]));       \
	} while (0)

/* One line for a failure: event, code, os error, text, then the fields. */
void log_failure(enum log_level level, const char *event, const struct err *err,
		 const struct log_field *fields, size_t count);

/* Write out what the calling thread has collected.  Event loops call it once a
 * turn; other threads' lines are written at once. */
void log_flush(void);

/* From now on the calling thread collects lines until log_flush(). */
void log_batch_this_thread(bool batch);

#endif
