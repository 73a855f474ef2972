/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/reader.h"

#include <stdbool.h>
#include <stdlib.h>
#include <yaml.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"

/* What may come next.  One state per place in the two-level mapping. */
enum place {
	BEFORE_DOCUMENT,
	BEFORE_ROOT,
	IN_ROOT,	/* a section's name, or the end */
	AFTER_SECTION,	/* its mapping, or nothing at all */
	IN_SECTION,	/* an option's name, or the end */
	AFTER_NAME,	/* its value */
	AFTER_ROOT,	/* the end of the document */
	AFTER_DOCUMENT, /* the end of the file */
	DONE,
};

struct reader {
	enum place place;
	struct buf section; /* name of the section being read */
	struct buf name;    /* name of the option being read */
	size_t line;	    /* of that name */
	reader_item_fn *on_item;
	void *context;
};

static void reader_release(struct reader *reader)
{
	buf_release(&reader->section);
	buf_release(&reader->name);
}

static int refuse(const yaml_event_t *event, struct err *err, const char *what)
{
	return err_set(err, ERR_INVALID, "line %zu: %s",
		       (size_t)event->start_mark.line + 1, what);
}

static struct span scalar_span(const yaml_event_t *event)
{
	return span_make((const char *)event->data.scalar.value,
			 event->data.scalar.length);
}

/* Keep a name beyond the event that brought it. */
static int keep(struct buf *kept, const yaml_event_t *event, struct err *err)
{
	buf_clear(kept);
	buf_append_span(kept, scalar_span(event));
	return buf_check(kept, err);
}

static int tell(struct reader *reader, struct span name, struct span value,
		struct err *err)
{
	struct reader_item item = {
		.section = buf_span(&reader->section),
		.name = name,
		.value = value,
		.line = reader->line,
	};

	if (reader->on_item(reader->context, &item, err) < 0)
		return err_wrap(err, "line %zu", reader->line);
	return 0;
}

static bool is_null(const yaml_event_t *event)
{
	return event->data.scalar.length == 0 &&
	       event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static int on_scalar(struct reader *reader, const yaml_event_t *event,
		     struct err *err)
{
	size_t line = (size_t)event->start_mark.line + 1;

	if (event->data.scalar.anchor || event->data.scalar.tag)
		return refuse(event, err, "anchors and tags are not allowed");
	switch (reader->place) {
	case BEFORE_ROOT:
		/* A file of comments alone holds one empty scalar or none. */
		if (!is_null(event))
			break;
		reader->place = AFTER_ROOT;
		return 0;
	case IN_ROOT:
		reader->place = AFTER_SECTION;
		reader->line = line;
		if (keep(&reader->section, event, err) < 0)
			return -1;
		return tell(reader, span_make(NULL, 0), span_make(NULL, 0),
			    err);
	case AFTER_SECTION:
		if (!is_null(event))
			break;
		reader->place = IN_ROOT;
		return 0;
	case IN_SECTION:
		if (event->data.scalar.length == 0)
			return refuse(event, err, "an option has no name");
		reader->place = AFTER_NAME;
		reader->line = line;
		return keep(&reader->name, event, err);
	case AFTER_NAME:
		if (is_null(event))
			return refuse(event, err,
				      "an option has no value; write \"\" for "
				      "an empty one");
		reader->place = IN_SECTION;
		return tell(reader, buf_span(&reader->name), scalar_span(event),
			    err);
	case BEFORE_DOCUMENT:
	case AFTER_ROOT:
	case AFTER_DOCUMENT:
	case DONE:
		break;
	}
	return refuse(event, err,
		      "there must be a section holding \"option: value\" "
		      "lines here");
}

static int on_mapping_start(struct reader *reader, const yaml_event_t *event,
			    struct err *err)
{
	if (event->data.mapping_start.anchor || event->data.mapping_start.tag)
		return refuse(event, err, "anchors and tags are not allowed");
	if (reader->place == BEFORE_ROOT)
		reader->place = IN_ROOT;
	else if (reader->place == AFTER_SECTION)
		reader->place = IN_SECTION;
	else
		return refuse(event, err, "there is one level too many here");
	return 0;
}

static int on_mapping_end(struct reader *reader)
{
	reader->place = reader->place == IN_SECTION ? IN_ROOT : AFTER_ROOT;
	return 0;
}

static int on_document_start(struct reader *reader, const yaml_event_t *event,
			     struct err *err)
{
	if (reader->place != BEFORE_DOCUMENT)
		return refuse(event, err, "a second document starts here");
	reader->place = BEFORE_ROOT;
	return 0;
}

static int on_event(struct reader *reader, const yaml_event_t *event,
		    struct err *err)
{
	switch (event->type) {
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
		return 0;
	case YAML_STREAM_END_EVENT:
		reader->place = DONE;
		return 0;
	case YAML_DOCUMENT_START_EVENT:
		return on_document_start(reader, event, err);
	case YAML_DOCUMENT_END_EVENT:
		reader->place = AFTER_DOCUMENT;
		return 0;
	case YAML_SCALAR_EVENT:
		return on_scalar(reader, event, err);
	case YAML_MAPPING_START_EVENT:
		return on_mapping_start(reader, event, err);
	case YAML_MAPPING_END_EVENT:
		return on_mapping_end(reader);
	case YAML_ALIAS_EVENT:
		return refuse(event, err, "aliases are not allowed");
	case YAML_SEQUENCE_START_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		return refuse(event, err,
			      "lists are not used; write values separated by "
			      "commas");
	}
	return refuse(event, err, "this is not understood");
}

/* libyaml's words are literals, so they hold nothing from the file. */
static int fail_parser(const yaml_parser_t *parser, struct err *err)
{
	if (parser->error == YAML_MEMORY_ERROR)
		return err_set(err, ERR_NO_MEMORY, "no memory to read YAML");
	return err_set(err, ERR_INVALID, "line %zu: %s",
		       (size_t)parser->problem_mark.line + 1,
		       parser->problem ? parser->problem : "this is no YAML");
}

static int run(struct reader *reader, yaml_parser_t *parser, struct err *err)
{
	while (reader->place != DONE) {
		yaml_event_t event;

		if (!yaml_parser_parse(parser, &event))
			return fail_parser(parser, err);
		int rc = on_event(reader, &event, err);

		yaml_event_delete(&event);
		if (rc < 0)
			return -1;
	}
	return 0;
}

int reader_parse(struct span text, reader_item_fn *on_item, void *context,
		 struct err *err)
{
	CLEANUP(reader_release)
	struct reader reader = {
		.section = BUF_INIT(READER_BYTES_MAX),
		.name = BUF_INIT(READER_BYTES_MAX),
		.on_item = on_item,
		.context = context,
	};
	yaml_parser_t parser;

	if (text.len > READER_BYTES_MAX)
		return err_set(err, ERR_TOO_LARGE, "the file is over %zu bytes",
			       READER_BYTES_MAX);
	if (!yaml_parser_initialize(&parser))
		return err_set(err, ERR_NO_MEMORY, "no memory to read YAML");
	yaml_parser_set_input_string(
		&parser, (const unsigned char *)(text.text ? text.text : ""),
		text.len);
	int rc = run(&reader, &parser, err);

	yaml_parser_delete(&parser);
	return rc;
}
