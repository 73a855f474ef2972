/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From our answers to the library's.  One object per entity serves every
 * connection at once while it lies in memory; a file's is made per request,
 * since the library holds a lock on it while it sends.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "server/http/entity_impl.h"
#include "server/http/exchange.h"
#include "server/http/mhd_loop.h"
#include "server/http/mhd_sendfile.h"
#include "server/http/tls.h"

#define RAW_MAX (64u << 10) /* bytes of an answer sent past the library */
#define PIECE_BYTES ((size_t)128 << 10) /* of a file, at a time in TLS */
#define SMALL_BYTES 8192 /* of an answer that goes out with its head */
#define FIELD_MAX 64	 /* bytes of a value formatted here */
#define HEAD_BYTES 1024	 /* of the fields that an entity and the library add */
#define NOTE_BYTES 80	 /* that the library keeps per field and parameter */

static void unref_body(void *body)
{
	entity_body_unref(body);
}

/* Never called: HEAD asks for no body, and 304 has none. */
static ssize_t no_bytes(void *context, uint64_t at, char *out, size_t len)
{
	(void)context;
	(void)at;
	(void)out;
	(void)len;
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

static bool add(struct MHD_Response *wire, const char *name, const char *value)
{
	return MHD_add_response_header(wire, name, value) == MHD_YES;
}

/* The fields that every answer about the entity carries. */
static bool add_validators(struct MHD_Response *wire,
			   const struct entity *entity)
{
	return (!entity->digest[0] ||
		(add(wire, "Docker-Content-Digest", entity->digest) &&
		 add(wire, "ETag", entity->etag))) &&
	       add(wire, "Cache-Control", entity_cache_control(entity));
}

static bool add_content(struct MHD_Response *wire, const struct entity *entity)
{
	return (!entity->content_type[0] ||
		add(wire, "Content-Type", entity->content_type)) &&
	       (entity->fd < 0 || add(wire, "Accept-Ranges", "bytes")) &&
	       add_validators(wire, entity);
}

/* The length of an entity and no byte of it. */
static struct MHD_Response *make_length(const struct entity *entity)
{
	return MHD_create_response_from_callback(entity->size, 1024, no_bytes,
						 NULL, NULL);
}

/* A whole entity without its file: the bytes, or none but the length. */
static struct MHD_Response *make_whole(const struct entity *entity)
{
	if (!entity->body)
		return make_length(entity);
	if (entity->size == 0)
		return MHD_create_response_from_buffer(0, NULL,
						       MHD_RESPMEM_PERSISTENT);
	struct MHD_Response *wire =
		MHD_create_response_from_buffer_with_free_callback_cls(
			entity->size, entity->body->bytes, unref_body,
			entity->body);

	if (wire)
		entity_body_ref(entity->body);
	return wire;
}

void entity_wire_free(void *wire)
{
	MHD_destroy_response(wire);
}

/* The object that all connections share, or NULL. */
static struct MHD_Response *shared_wire(struct entity *entity)
{
	void *known = atomic_load_explicit(&entity->wire, memory_order_acquire);

	if (known)
		return known;
	struct MHD_Response *made = make_whole(entity);

	if (!made)
		return NULL;
	if (!add_content(made, entity)) {
		MHD_destroy_response(made);
		return NULL;
	}
	if (atomic_compare_exchange_strong(&entity->wire, &known, made))
		return made;
	MHD_destroy_response(made);
	return known;
}

/* A part of a file that is read piece by piece. */
struct reader {
	struct entity *entity; /* a reference */
	uint64_t first;	       /* byte of the file */
};

static ssize_t read_piece(void *context, uint64_t at, char *out, size_t len)
{
	const struct reader *reader = context;
	ssize_t got = pread(reader->entity->fd, out, len,
			    (off_t)(reader->first + at));

	return got > 0 ? got : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void free_reader(void *context)
{
	struct reader *reader = context;

	entity_unref(reader->entity);
	free(reader);
}

/* In TLS the library would read a file by 4 KiB. */
static struct MHD_Response *make_pieces(struct entity *entity, uint64_t first,
					uint64_t length)
{
	struct reader *reader = malloc(sizeof(*reader));

	if (!reader)
		return NULL;
	*reader = (struct reader){.entity = entity_ref(entity), .first = first};
	struct MHD_Response *wire = MHD_create_response_from_callback(
		length, length < PIECE_BYTES ? (size_t)length + 1 : PIECE_BYTES,
		read_piece, reader, free_reader);

	if (!wire)
		free_reader(reader);
	return wire;
}

static struct MHD_Response *make_sendfile(const struct entity *entity,
					  uint64_t first, uint64_t length,
					  struct err *err)
{
	int fd = fcntl(entity->fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0) {
		err_set(err, ERR_UNAVAILABLE, "no descriptor for an answer");
		return NULL;
	}
	struct MHD_Response *wire =
		MHD_create_response_from_fd_at_offset64(length, fd, first);

	if (!wire)
		close(fd);
	else
		sendfile_until(fd, first + length);
	return wire;
}

/* A part of a file.  A file that lost its end would leave the client waiting
 * for bytes that never come. */
static struct MHD_Response *make_file(struct request *request, struct err *err)
{
	const struct response *response = &request->response;
	const struct connection *connection = exchange_of(request)->connection;
	struct entity *entity = response->entity;
	struct stat info;

	if (fstat(entity->fd, &info) < 0 ||
	    (uint64_t)info.st_size < entity->size) {
		err_set(err, ERR_CORRUPT, "an open file lost its end");
		return NULL;
	}
	return connection->tls
		       ? make_pieces(entity, response->first, response->length)
		       : make_sendfile(entity, response->first,
				       response->length, err);
}

static struct MHD_Response *make_entity(struct request *request,
					struct err *err)
{
	const struct response *response = &request->response;
	const struct entity *entity = response->entity;

	if (response->status == 304)
		return make_length(entity);
	if (entity->fd < 0 || request->method == HTTP_HEAD)
		return make_whole(entity);
	return make_file(request, err);
}

static bool add_entity_fields(struct MHD_Response *wire,
			      const struct response *response)
{
	const struct entity *entity = response->entity;
	char range[FIELD_MAX];

	if (response->status == 304)
		return add_validators(wire, entity);
	if (response->status == 206) {
		snprintf(range, sizeof(range),
			 "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
			 response->first,
			 response->first + response->length - 1, entity->size);
		if (!add(wire, "Content-Range", range))
			return false;
	}
	return add_content(wire, entity);
}

static struct MHD_Response *make_bytes(struct response *response)
{
	size_t len = response->body.len;

	if (len == 0)
		return MHD_create_response_from_buffer(0, NULL,
						       MHD_RESPMEM_PERSISTENT);
	/* The library takes the bytes, also if it fails. */
	return MHD_create_response_from_buffer_with_free_callback(
		len, buf_steal(&response->body), free);
}

static bool add_fields(struct MHD_Response *wire,
		       const struct response *response)
{
	for (size_t i = 0; i < response->header_count; i++)
		if (!add(wire, response->headers[i].name,
			 response->headers[i].value))
			return false;
	if (response->entity && !add_entity_fields(wire, response))
		return false;
	return !response->close || add(wire, "Connection", "close");
}

/* An object for this answer alone, or NULL with err set. */
static struct MHD_Response *own_wire(struct request *request, struct err *err)
{
	struct response *response = &request->response;
	struct MHD_Response *wire = response->entity ? make_entity(request, err)
						     : make_bytes(response);

	if (wire && !add_fields(wire, response)) {
		MHD_destroy_response(wire);
		wire = NULL;
	}
	if (!wire && err->code == ERR_NONE)
		err_set(err, ERR_NO_MEMORY, "no memory for an answer");
	return wire;
}

static bool may_share(const struct request *request)
{
	const struct response *response = &request->response;

	return response->entity && response->status == 200 &&
	       response->header_count == 0 && !response->close &&
	       (response->entity->body || request->method == HTTP_HEAD);
}

static uint64_t bytes_to_send(const struct request *request)
{
	const struct response *response = &request->response;

	if (request->method == HTTP_HEAD || response->status == 304 ||
	    response->status == 204)
		return 0;
	return response->entity ? response->length : response->body.len;
}

/* The library builds the header fields in what the request left of the
 * connection's memory, and drops the connection where that is too little. */
bool mhd_response_fits(const struct exchange *exchange)
{
	const struct request *request = &exchange->request;
	const struct response *response = &request->response;
	const struct connection *connection = exchange->connection;
	size_t notes = exchange->field_count + 1;
	size_t needed = HEAD_BYTES;

	for (size_t i = 0; i < request->query.len; i++)
		notes += request->query.text[i] == '&';
	for (size_t i = 0; i < response->header_count; i++)
		needed += strlen(response->headers[i].name) +
			  strlen(response->headers[i].value) + 4;
	return needed + notes * NOTE_BYTES + exchange->header_bytes <
	       connection->lane->pool_bytes;
}

static int queue(struct exchange *exchange, struct MHD_Response *wire)
{
	const struct connection *connection = exchange->connection;

	if (connection->tls && exchange->sent_bytes <= SMALL_BYTES)
		tls_link_cork(connection->tls);
	return MHD_queue_response(connection->wire,
				  (unsigned)exchange->request.response.status,
				  wire) == MHD_YES
		       ? 0
		       : -1;
}

int mhd_response_queue(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	struct err err = ERR_INIT;

	exchange->sent_bytes = bytes_to_send(request);
	if (may_share(request)) {
		struct MHD_Response *shared =
			shared_wire(request->response.entity);

		return shared ? queue(exchange, shared) : -1;
	}
	struct MHD_Response *wire = own_wire(request, &err);

	if (!wire && request->response.entity) {
		response_error(request, &err);
		exchange->sent_bytes = bytes_to_send(request);
		err_clear(&err);
		wire = own_wire(request, &err);
	}
	if (!wire)
		return -1;
	int rc = queue(exchange, wire);

	MHD_destroy_response(wire);
	return rc;
}

int mhd_response_raw(struct exchange *exchange)
{
	struct connection *connection = exchange->connection;
	const struct response *response = &exchange->request.response;
	struct buf out = BUF_INIT(RAW_MAX);
	int rc = -1;

	if (response->entity)
		return -1;
	buf_appendf(&out, "HTTP/1.1 %d %s\r\nConnection: close\r\n",
		    response->status,
		    MHD_get_reason_phrase_for((unsigned)response->status));
	for (size_t i = 0; i < response->header_count; i++)
		buf_appendf(&out, "%s: %s\r\n", response->headers[i].name,
			    response->headers[i].value);
	buf_appendf(&out, "Content-Length: %zu\r\n\r\n", response->body.len);
	if (exchange->request.method != HTTP_HEAD)
		buf_append_span(&out, buf_span(&response->body));
	exchange->sent_bytes = bytes_to_send(&exchange->request);
	if (out.failed == ERR_NONE &&
	    mhd_past_send(connection, out.data, out.len) &&
	    mhd_past_end(connection))
		rc = 0;
	buf_release(&out);
	return rc;
}
