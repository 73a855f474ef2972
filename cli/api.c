/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/api.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/prompt.h"
#include "cli/session.h"

#define CELL_MAX 4096	    /* bytes of a cell */
#define PATH_MAX_BYTES 8192 /* of a request */
#define BODY_MAX ((size_t)1 << 20)
#define JSON_DEPTH 48
#define PAGES_MAX 1000000 /* a list that is longer never ends */
#define NAME_WIDTH 16	  /* columns of a member's name */

int api_ask(struct session *session, const char *method, const char *path,
	    const json_t *body, json_t **ret_reply, struct err *err)
{
	CLEANUP(client_reply_release) struct client_reply reply = {0};
	CLEANUP(buf_release) struct buf text = BUF_INIT(BODY_MAX);
	struct client_request request = {.method = method, .path = path};

	if (body && jsonx_dump(body, &text, err) < 0)
		return -1;
	if (body) {
		request.content_type = "application/json";
		request.body = buf_span(&text);
	}
	int done = client_ask(session->client, &request, &reply, err);
	if (text.data)
		explicit_bzero(text.data, text.len);
	if (done < 0)
		return -1;
	if (reply.status < 200 || reply.status > 299)
		return client_tell(&reply, &request, err);
	*ret_reply = NULL;
	if (reply.body.len == 0)
		return 0;
	return jsonx_parse(buf_span(&reply.body), JSON_DEPTH, ret_reply, err);
}

/* ---- what is shown ---- */

static bool is_list_of_texts(const json_t *value)
{
	for (size_t i = 0; i < json_array_size(value); i++)
		if (!json_is_string(json_array_get(value, i)))
			return false;
	return json_is_array(value);
}

static void write_texts(const json_t *array, struct buf *out)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		buf_appendf(out, "%s%s", i > 0 ? " " : "",
			    json_string_value(json_array_get(array, i)));
}

/* A value as people read it. */
static void write_value(const json_t *value, struct buf *out)
{
	struct err ignored = ERR_INIT;

	if (json_is_string(value))
		buf_append_text(out, json_string_value(value));
	else if (json_is_boolean(value))
		buf_append_text(out, json_is_true(value) ? "yes" : "no");
	else if (json_is_integer(value))
		buf_appendf(out, "%" PRId64,
			    (int64_t)json_integer_value(value));
	else if (is_list_of_texts(value))
		write_texts(value, out);
	else if (json_is_array(value) || json_is_object(value))
		jsonx_dump(value, out, &ignored);
	else
		buf_append_char(out, '-');
}

static int add_cells(const json_t *entry, const struct api_column *columns,
		     json_t *rows, struct err *err)
{
	json_t *row = json_array();

	for (size_t i = 0; columns[i].title; i++) {
		CLEANUP(buf_release) struct buf cell = BUF_INIT(CELL_MAX);

		write_value(json_object_get(entry, columns[i].member), &cell);
		json_array_append_new(row,
				      json_stringn(buf_text(&cell), cell.len));
	}
	if (json_array_append_new(rows, row) < 0)
		return err_set(err, ERR_NO_MEMORY, "table");
	return 0;
}

static int print_rows(const json_t *entries, const struct api_column *columns,
		      struct err *err)
{
	CLEANUP(jsonx_unref) json_t *rows = json_array();
	json_t *head = json_array();

	for (size_t i = 0; columns[i].title; i++)
		json_array_append_new(head, json_string(columns[i].title));
	if (json_array_append_new(rows, head) < 0)
		return err_set(err, ERR_NO_MEMORY, "table");
	for (size_t i = 0; i < json_array_size(entries); i++)
		if (add_cells(json_array_get(entries, i), columns, rows, err) <
		    0)
			return -1;
	print_table(rows);
	return 0;
}

static void print_lines(const json_t *texts)
{
	for (size_t i = 0; i < json_array_size(texts); i++) {
		const char *text = json_string_value(json_array_get(texts, i));

		print_clean(span_of(text), stdout);
		putchar('\n');
	}
}

void api_print_object(const json_t *object)
{
	void *at = json_object_iter((json_t *)(uintptr_t)object);

	for (; at;
	     at = json_object_iter_next((json_t *)(uintptr_t)object, at)) {
		CLEANUP(buf_release) struct buf text = BUF_INIT(BODY_MAX);
		const json_t *value = json_object_iter_value(at);

		/* What lies within stands for itself. */
		if (json_is_object(value)) {
			api_print_object(value);
			continue;
		}
		write_value(value, &text);
		printf("%-*s", NAME_WIDTH, json_object_iter_key(at));
		print_clean(buf_span(&text), stdout);
		putchar('\n');
	}
}

/* ---- lists ---- */

/* Where the next page starts: its "next", a text or a number; 1 / 0 / -1. */
static int next_page(const json_t *reply, const struct buf *first,
		     struct buf *path, struct err *err)
{
	CLEANUP(buf_release) struct buf after = BUF_INIT(CELL_MAX);
	const json_t *next = json_object_get(reply, "next");

	if (!next || json_is_null(next))
		return 0;
	write_value(next, &after);
	buf_clear(path);
	buf_append_span(path, buf_span(first));
	buf_appendf(path, "%cafter=", strchr(buf_text(first), '?') ? '&' : '?');
	enc_percent(buf_span(&after), 0, path);
	return buf_check(path, err) < 0 ? -1 : 1;
}

static int fetch_list(struct session *session, const struct api_call *call,
		      const struct buf *first, json_t *all, struct err *err)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT(PATH_MAX_BYTES);
	int more = 1;

	buf_append_span(&path, buf_span(first));
	for (int i = 0; more == 1 && i < PAGES_MAX; i++) {
		CLEANUP(jsonx_unref) json_t *reply = NULL;

		if (api_ask(session, call->method, buf_text(&path), NULL,
			    &reply, err) < 0)
			return -1;
		if (json_array_extend(all, json_object_get(reply, call->list)) <
		    0)
			return err_set(err, ERR_INVALID,
				       "the registry sent no list");
		more = next_page(reply, first, &path, err);
	}
	return more < 0 ? -1 : 0;
}

static int run_list(struct session *session, const struct api_call *call,
		    const struct buf *path, struct err *err)
{
	CLEANUP(jsonx_unref) json_t *all = json_array();

	if (!all)
		return err_set(err, ERR_NO_MEMORY, "list");
	if (fetch_list(session, call, path, all, err) < 0)
		return -1;
	if (session->options->json)
		return print_json(json_incref(all), err);
	if (call->columns[0].title)
		return print_rows(all, call->columns, err);
	print_lines(all);
	return 0;
}

/* ---- one request ---- */

/* What the command is about, for what is said to people. */
static const char *subject(const struct options *options)
{
	return options->names[0] ? options->names[0]
				 : options->target.repository;
}

static int confirm(const struct session *session, const char *question,
		   struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(CELL_MAX);

	buf_appendf(&text, "%s %s", question, subject(session->options));
	return prompt_delete(session->options->yes, buf_text(&text), err);
}

static int show(const struct session *session, const struct api_call *call,
		json_t *reply, struct err *err)
{
	const struct options *options = session->options;

	if (options->json && reply)
		return print_json(json_incref(reply), err);
	if (!call->done && reply) {
		api_print_object(reply);
		return 0;
	}
	if (call->done && !options->quiet && !options->json)
		printf("%s %s\n", subject(options), call->done);
	return 0;
}

int api_run(struct session *session, struct err *err)
{
	const struct options *options = session->options;
	const struct api_call *call = options->command->call;
	CLEANUP(buf_release) struct buf path = BUF_INIT(PATH_MAX_BYTES);
	CLEANUP(jsonx_unref) json_t *body = NULL;
	CLEANUP(jsonx_unref) json_t *reply = NULL;

	if (api_path(options, call, &path, err) < 0 ||
	    api_body(options, call->body, &body, err) < 0)
		return -1;
	/* The server takes what a page of another site could send for nothing:
	 * so every POST has a type. */
	if (!body && strcmp(call->method, "POST") == 0)
		body = json_object();
	if (call->confirm && confirm(session, call->confirm, err) < 0)
		return -1;
	if (call->list)
		return run_list(session, call, &path, err);
	if (api_ask(session, call->method, buf_text(&path), body, &reply, err) <
	    0)
		return -1;
	return show(session, call, reply, err);
}
