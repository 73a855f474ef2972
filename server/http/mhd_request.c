/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the library's callbacks to the pipeline.  The library calls the handler
 * once when the header fields are there, then for pieces of the body, then once
 * more; an answer in the first of these calls ends the connection, so it is
 * given there only to refuse a body before it is sent.  A connection that waits
 * is suspended, and the library calls the same step again when it is resumed.
 */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/err.h"
#include "server/http/exchange.h"
#include "server/http/mhd_loop.h"
#include "server/http/tls.h"

#define SWALLOW_MAX                                                            \
	(1u << 20)	       /* bytes of a refused body, to keep the         \
				  connection */
#define LINGER_MAX (16u << 20) /* bytes more, to get the refusal across */
#define LINGER_MS 5000

/* exchange->phase: which of the library's calls comes next. */
enum {
	WIRE_LINE,    /* nothing but the request line was seen */
	WIRE_FIRST,   /* the first call, again after a wait */
	WIRE_BODY,    /* pieces of the body */
	WIRE_SWALLOW, /* the same, for nobody */
	WIRE_FINAL,   /* the last call, again after a wait */
	WIRE_LINGER,  /* answered past the library */
	WIRE_SENT,    /* answered */
	WIRE_CLOSING, /* the connection is gone, a worker cleans up */
};

/* Where the next field must start, if nothing was left out before it. */
struct walk {
	struct exchange *exchange;
	const char *at; /* behind what was seen so far; NULL: doubtful */
};

/* Two NULs stand where the library found CR LF; a bare LF leaves one, and a
 * folded line or a NUL in a value leaves bytes that belong to no field.  A
 * field without a name ends the header for the library: an empty line must do
 * so. */
static const char *behind_line(const char *end)
{
	return end[0] == '\0' && end[1] == '\0' ? end + 2 : NULL;
}

static const char *behind_field(const char *at, const char *name,
				size_t name_len, const char *value,
				size_t value_len)
{
	const char *blank = name + name_len + 1;

	if (at != name || name[name_len] != '\0' || value < blank)
		return NULL;
	while (blank < value && (*blank == ' ' || *blank == '\t'))
		blank++;
	return blank == value ? behind_line(value + value_len) : NULL;
}

static enum MHD_Result on_field(void *context, enum MHD_ValueKind kind,
				const char *name, size_t name_len,
				const char *value, size_t value_len)
{
	struct walk *walk = context;
	struct exchange *exchange = walk->exchange;

	(void)kind;
	if (!value) {
		walk->at = NULL;
		return MHD_NO;
	}
	if (walk->at)
		walk->at = behind_field(walk->at, name, name_len, value,
					value_len);
	if (exchange->field_count == FIELDS_MAX) {
		exchange->overflow = true;
		return MHD_NO;
	}
	exchange->fields[exchange->field_count++] = (struct field){
		.name = span_make(name, name_len),
		.value = span_trim(span_make(value, value_len)),
	};
	return MHD_YES;
}

static enum http_method method_of(const char *name)
{
	for (int i = 0; i < HTTP_METHOD_COUNT; i++)
		if (strcmp(name, http_method_name((enum http_method)i)) == 0)
			return (enum http_method)i;
	return HTTP_METHOD_COUNT;
}

/* Read everything but the body.  False if it can be read in two ways. */
static bool read_head(struct exchange *exchange, struct MHD_Connection *wire,
		      const char *method, const char *version)
{
	struct walk walk = {.exchange = exchange};
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		wire, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	exchange->request.method = method_of(method);
	exchange->header_bytes = info ? info->header_size : SIZE_MAX;
	exchange->http_1_1 = strcmp(version, "HTTP/1.0") != 0;
	if (version == exchange->target_end + 1)
		walk.at = behind_line(version + strlen(version));
	MHD_get_connection_values_n(wire, MHD_HEADER_KIND, on_field, &walk);
	return exchange->overflow ||
	       (walk.at && walk.at + 2 == method + exchange->header_bytes &&
		behind_line(walk.at));
}

static bool has_body(const struct exchange *exchange)
{
	const struct field *fields = exchange->fields;
	size_t count = exchange->field_count;
	struct span length =
		framing_find(fields, count, "Content-Length", NULL);

	return framing_find(fields, count, "Transfer-Encoding", NULL).text ||
	       (length.text && !span_equal(length, SPAN_LIT("0")));
}

static enum MHD_Result wait_for_it(struct exchange *exchange)
{
	struct connection *connection = exchange->connection;

	loop_phase(connection, PHASE_WORK, 0);
	MHD_suspend_connection(connection->wire);
	return MHD_YES;
}

static enum MHD_Result answer(struct exchange *exchange)
{
	struct connection *connection = exchange->connection;
	struct loop *loop = connection->loop;

	if (loop->draining)
		exchange->request.response.close = true;
	if (!mhd_response_fits(exchange)) {
		exchange->phase = WIRE_LINGER;
		mhd_response_raw(exchange);
		return MHD_NO;
	}
	if (mhd_response_queue(exchange) < 0)
		return MHD_NO;
	exchange->phase = WIRE_SENT;
	loop_phase(connection, PHASE_SEND,
		   atomic_load_explicit(&loop->front->body_idle_ms,
					memory_order_relaxed));
	return MHD_YES;
}

/* The client must hear the answer while it still sends: say it, say that no
 * more will follow, and read on for a while so that it is not lost. */
static enum MHD_Result answer_past(struct exchange *exchange)
{
	if (mhd_response_raw(exchange) < 0)
		return MHD_NO;
	exchange->phase = WIRE_LINGER;
	loop_phase(exchange->connection, PHASE_LINGER, LINGER_MS);
	return MHD_YES;
}

/* An answer is there and the body is not. */
static enum MHD_Result answer_before_body(struct exchange *exchange)
{
	const struct request *request = &exchange->request;
	struct connection *connection = exchange->connection;
	struct loop *loop = connection->loop;
	uint64_t left = request->content_length - request->body_bytes;

	exchange->swallowed = 0;
	pipeline_uncount(exchange);
	if (exchange->phase != WIRE_BODY &&
	    (request->response.close || exchange->framing.expect_continue))
		return answer(exchange);
	if (request->has_length && left > SWALLOW_MAX)
		return answer_past(exchange);
	exchange->phase = WIRE_SWALLOW;
	loop_phase(connection, PHASE_BODY,
		   atomic_load(&loop->front->body_idle_ms));
	return MHD_YES;
}

/* Only a new byte gives a body more time, and only up to its total. */
static void body_deadline(struct connection *connection)
{
	struct front *front = connection->loop->front;

	loop_phase(connection, PHASE_BODY,
		   atomic_load_explicit(&front->body_idle_ms,
					memory_order_relaxed));
	if (connection->body_until_ms < connection->deadline_ms)
		connection->deadline_ms = connection->body_until_ms;
}

static enum MHD_Result start_body(struct exchange *exchange)
{
	struct connection *connection = exchange->connection;
	int64_t total_ms = atomic_load(&connection->loop->front->body_ms);

	exchange->phase = WIRE_BODY;
	connection->body_until_ms =
		total_ms > 0 ? connection->loop->now_ms + total_ms : INT64_MAX;
	body_deadline(connection);
	return MHD_YES;
}

static enum MHD_Result follow_first(struct exchange *exchange,
				    enum pipeline_next next)
{
	switch (next) {
	case PIPELINE_BODY:
		return start_body(exchange);
	case PIPELINE_WAIT:
		return wait_for_it(exchange);
	case PIPELINE_ANSWER:
		break;
	}
	return answer_before_body(exchange);
}

static enum MHD_Result follow_final(struct exchange *exchange,
				    enum pipeline_next next)
{
	return next == PIPELINE_WAIT ? wait_for_it(exchange) : answer(exchange);
}

static enum MHD_Result first_call(struct exchange *exchange, const char *method,
				  const char *version)
{
	struct connection *connection = exchange->connection;
	struct err err = ERR_INIT;

	loop_phase(connection, PHASE_WORK, 0);
	if (!read_head(exchange, connection->wire, method, version)) {
		exchange->request.response.close = true;
		exchange->phase = WIRE_FIRST;
		err_set(&err, ERR_INVALID, "the header can be read two ways");
		return follow_first(exchange, pipeline_fail(exchange, &err));
	}
	if (!has_body(exchange)) {
		exchange->phase = WIRE_FINAL;
		return MHD_YES;
	}
	exchange->phase = WIRE_FIRST;
	return follow_first(exchange, pipeline_go(exchange));
}

static enum MHD_Result swallow(struct exchange *exchange, size_t *len)
{
	exchange->swallowed += *len;
	*len = 0;
	if (exchange->phase == WIRE_LINGER)
		return exchange->swallowed > LINGER_MAX ? MHD_NO : MHD_YES;
	if (exchange->swallowed > SWALLOW_MAX)
		return answer_past(exchange);
	return MHD_YES;
}

static enum MHD_Result body_call(struct exchange *exchange, const char *data,
				 size_t *len)
{
	struct connection *connection = exchange->connection;
	size_t taken = 0;

	connection->progress = UINT64_MAX;
	if (exchange->phase != WIRE_BODY)
		return swallow(exchange, len);
	body_deadline(connection);
	switch (pipeline_body(exchange, data, *len, &taken)) {
	case PIPELINE_BODY:
		*len -= taken;
		return MHD_YES;
	case PIPELINE_WAIT:
		*len -= taken;
		return wait_for_it(exchange);
	case PIPELINE_ANSWER:
		break;
	}
	enum MHD_Result result = answer_before_body(exchange);

	return result == MHD_YES ? swallow(exchange, len) : result;
}

static enum MHD_Result final_call(struct exchange *exchange)
{
	if (exchange->phase == WIRE_SWALLOW)
		return answer(exchange);
	if (exchange->phase == WIRE_LINGER)
		return MHD_NO;
	exchange->phase = WIRE_FINAL;
	loop_phase(exchange->connection, PHASE_WORK, 0);
	return follow_final(exchange, pipeline_go(exchange));
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *wire,
				  const char *url, const char *method,
				  const char *version, const char *data,
				  size_t *len, void **request)
{
	struct exchange *exchange = *request;

	(void)context;
	(void)wire;
	(void)url;
	if (!exchange)
		return MHD_NO;
	if (exchange->phase == WIRE_LINE)
		return first_call(exchange, method, version);
	if (exchange->phase == WIRE_FIRST)
		return follow_first(exchange, pipeline_go(exchange));
	if (*len > 0)
		return body_call(exchange, data, len);
	return final_call(exchange);
}

static struct connection *connection_of(struct MHD_Connection *wire)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		wire, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* The request line as it was sent: the library decodes it in place later. */
static void *on_line(void *context, const char *target,
		     struct MHD_Connection *wire)
{
	struct loop *loop = context;
	struct connection *connection = connection_of(wire);
	struct exchange *exchange = connection ? loop_exchange(loop) : NULL;

	if (!exchange)
		return NULL;
	pipeline_begin(&loop->front->pipeline, exchange);
	struct request *request = &exchange->request;
	size_t len = target ? strlen(target) : 0;
	const char *copy =
		arena_copy(&request->arena, target ? target : "", len);

	if (!copy) {
		pipeline_end(exchange);
		loop_exchange_free(loop, exchange);
		return NULL;
	}
	exchange->connection = connection;
	exchange->phase = WIRE_LINE;
	exchange->target_end = target ? target + len : NULL;
	request->target = span_make(copy, len);
	request->peer = span_of(connection->peer);
	request->secure = connection->tls != NULL;
	if (connection->tls)
		request->certificate = tls_link_names(
			connection->tls, &request->certificate_count);
	connection->exchange = exchange;
	loop_phase(connection, PHASE_HEADERS,
		   atomic_load_explicit(&loop->front->header_ms,
					memory_order_relaxed));
	return exchange;
}

static void end(struct loop *loop, struct exchange *exchange)
{
	if (pipeline_end(exchange) == PIPELINE_WAIT) {
		exchange->phase = WIRE_CLOSING;
		loop->closing++;
		return;
	}
	loop_exchange_free(loop, exchange);
}

/* The library answered by itself, or nobody did. */
static void note_half_request(struct exchange *exchange)
{
	struct response *response = &exchange->request.response;

	if (exchange->phase != WIRE_LINE || response->status != 0)
		return;
	response->status = 400;
	response->error = ERR_INVALID;
	snprintf(response->error_text, sizeof(response->error_text),
		 "the header did not come whole or could not be read");
}

static void on_completed(void *context, struct MHD_Connection *wire,
			 void **request, enum MHD_RequestTerminationCode code)
{
	struct loop *loop = context;
	struct exchange *exchange = *request;
	struct connection *connection = connection_of(wire);

	if (!exchange)
		return;
	*request = NULL;
	if (connection && connection->tls &&
	    tls_link_uncork(connection->tls) < 0)
		loop_shut(connection);
	exchange->aborted = code != MHD_REQUEST_TERMINATED_COMPLETED_OK &&
			    exchange->phase != WIRE_LINGER;
	note_half_request(exchange);
	end(loop, exchange);
	if (!connection)
		return;
	connection->exchange = NULL;
	if (connection->phase != PHASE_DEAD)
		loop_phase(connection, PHASE_IDLE,
			   atomic_load_explicit(&loop->front->idle_ms,
						memory_order_relaxed));
}

static void on_connection(void *context, struct MHD_Connection *wire,
			  void **socket_context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct loop *loop = context;
	struct connection *connection = *socket_context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		connection = loop->adding;
		loop->adding = NULL;
		connection->wire = wire;
		*socket_context = connection;
		loop->connections++;
		connection->lane->connections++;
		if (loop->front->tls)
			mhd_hello_tls(loop, connection);
		return;
	}
	/* A line whose parameters alone fill the library's memory ends the
	 * connection without a call of ours in between. */
	if (connection->exchange) {
		connection->exchange->aborted = true;
		end(loop, connection->exchange);
	}
	mhd_hello_gone(connection);
	loop->connections--;
	connection->lane->connections--;
	list_remove(&connection->place);
	list_remove(&connection->shaking);
	front_forget(loop->front, connection);
}

void mhd_request_woken(struct loop *loop, struct exchange *exchange)
{
	struct connection *connection = exchange->connection;
	unsigned bits = atomic_load(&exchange->woken) & exchange->waits_for;

	if (!bits)
		return;
	atomic_fetch_and(&exchange->woken, ~bits);
	exchange->waits_for = 0;
	if (exchange->phase == WIRE_CLOSING) {
		pipeline_end(exchange);
		loop->closing--;
		loop_exchange_free(loop, exchange);
		return;
	}
	if (exchange->phase == WIRE_BODY)
		body_deadline(connection);
	MHD_resume_connection(connection->wire);
}

/* The target is decoded by us, so the library need not. */
static size_t leave_escapes(void *context, struct MHD_Connection *wire,
			    char *text)
{
	(void)context;
	(void)wire;
	return strlen(text);
}

int mhd_request_daemon(struct loop *loop, size_t pool_bytes,
		       struct MHD_Daemon **ret_daemon)
{
	bool tls = loop->front->tls != NULL;
	struct MHD_OptionItem of_tls[] = {
		{MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, tls_certificate_source()},
		{MHD_OPTION_END, 0, NULL}};
	struct MHD_Daemon *daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET |
			MHD_ALLOW_SUSPEND_RESUME | (tls ? MHD_USE_TLS : 0u),
		0, NULL, NULL, on_request, loop,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, pool_bytes,
		MHD_OPTION_CONNECTION_LIMIT, UINT32_MAX / 2,
		MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_URI_LOG_CALLBACK,
		on_line, loop, MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes,
		NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, loop,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, loop,
		MHD_OPTION_ARRAY, tls ? of_tls : of_tls + 1, MHD_OPTION_END);

	if (!daemon)
		return -1;
	*ret_daemon = daemon;
	return 0;
}
