/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log, whole: as much of it at a time as the server gives. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "cli/api.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/session.h"

#define PATH_MAX_BYTES 4096
#define DEPTH 16

/* The number of the last line, where the next page starts; 0 if there was no
 * line. */
static int last_number(struct span lines, int64_t *ret_number, struct err *err)
{
	CLEANUP(jsonx_unref) json_t *tree = NULL;
	struct span line = lines;
	struct span before = {0};

	*ret_number = 0;
	while (line.len > 0 && line.text[line.len - 1] == '\n')
		line.len--;
	if (line.len == 0)
		return 0;
	span_cut_last(line, '\n', &before, &line);
	if (jsonx_parse(line, DEPTH, &tree, err) < 0)
		return -1;
	return jsonx_i64(tree, "number", ret_number, err) == 1 ? 0 : -1;
}

int audit_export_run(struct session *session, struct err *err)
{
	const struct api_call *call = session->options->command->call;
	CLEANUP(buf_release) struct buf first = BUF_INIT(PATH_MAX_BYTES);
	int64_t after = 0;

	if (api_path(session->options, call, &first, err) < 0)
		return -1;
	do {
		CLEANUP(buf_release) struct buf path = BUF_INIT(PATH_MAX_BYTES);
		CLEANUP(client_reply_release) struct client_reply reply = {0};
		struct client_request request = {.method = "GET"};

		buf_appendf(&path, "%s%cafter=%" PRId64, buf_text(&first),
			    strchr(buf_text(&first), '?') ? '&' : '?', after);
		request.path = buf_text(&path);
		if (client_expect(session->client, &request, 200, &reply, err) <
		    0)
			return -1;
		fwrite(reply.body.data, 1, reply.body.len, stdout);
		if (last_number(buf_span(&reply.body), &after, err) < 0)
			return -1;
	} while (after > 0);
	return 0;
}

/* What the next call goes on from: what the last one said. */
static json_t *go_on(const json_t *check)
{
	if (!check)
		return json_object();
	return json_pack("{s:O, s:O, s:O}", "number",
			 json_object_get(check, "number"), "hash",
			 json_object_get(check, "hash"), "rows",
			 json_object_get(check, "rows"));
}

static int tell_broken(const json_t *check, struct err *err)
{
	const char *why = json_string_value(json_object_get(check, "why"));

	err_set(err, ERR_CORRUPT, "the audit log was altered");
	return err_tell(
		err, "the audit log was altered at entry %" PRId64 ": %s",
		(int64_t)json_integer_value(json_object_get(check, "broken")),
		why ? why : "");
}

int audit_verify_run(struct session *session, struct err *err)
{
	CLEANUP(jsonx_unref) json_t *check = NULL;

	do {
		CLEANUP(jsonx_unref) json_t *body = go_on(check);
		json_t *next = NULL;

		if (!body)
			return err_set(err, ERR_NO_MEMORY, "check");
		if (api_ask(session, "POST", "/api/v1/audit/verify", body,
			    &next, err) < 0)
			return -1;
		json_decref(check);
		check = next;
		if (json_is_integer(json_object_get(check, "broken")))
			return tell_broken(check, err);
	} while (json_is_false(json_object_get(check, "done")));
	if (session->options->json)
		return print_json(json_incref(check), err);
	printf("%" PRId64 " entries are as they were written\n",
	       (int64_t)json_integer_value(json_object_get(check, "rows")));
	api_print_object(check);
	return 0;
}
