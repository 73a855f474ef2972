/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fsx.h"
#include "base/jsonx.h"

#define HEADER_MAX 8192
#define REPLY_MAX_DEFAULT ((uint64_t)8 << 20)
#define TRANSFER_BYTES 262144L /* moved at once */
#define STILL_SECONDS 60L      /* without a byte: the server is given up */

struct client {
	CURL *curl;	       /* owned */
	char *url;	       /* without a slash at its end; owned */
	char *user_password;   /* or NULL; owned */
	char *ca_file;	       /* or NULL; owned */
	bool (*stopped)(void); /* or NULL */
};

DEFINE_CLEANUP(slist_free, struct curl_slist *, curl_slist_free_all)

/* One transfer under way. */
struct transfer {
	CURL *curl;
	const struct client_request *request;
	struct client_reply *reply;
	bool (*stopped)(void); /* or NULL */
	uint64_t sent;	       /* bytes of the request's body */
	uint64_t received;     /* bytes of the reply's body */
	struct err *err;       /* set when a callback gave up */
};

int client_new(const struct client_config *config, struct client **ret_client,
	       struct err *err)
{
	CLEANUP(buf_release) struct buf credentials = BUF_INIT(2048);
	struct client *client = calloc(1, sizeof(*client));
	size_t len = strlen(config->url);

	if (!client)
		return err_set(err, ERR_NO_MEMORY, "client");
	while (len > 0 && config->url[len - 1] == '/')
		len--;
	client->url = strndup(config->url, len);
	client->curl = curl_easy_init();
	client->stopped = config->stopped;
	if (config->user) {
		buf_appendf(&credentials, "%s:%s", config->user,
			    config->password ? config->password : "");
		client->user_password = strdup(buf_text(&credentials));
	}
	if (config->ca_file)
		client->ca_file = strdup(config->ca_file);
	if (!client->url || !client->curl || credentials.failed != ERR_NONE) {
		client_free(client);
		return err_set(err, ERR_NO_MEMORY, "client");
	}
	*ret_client = client;
	return 0;
}

void client_free(struct client *client)
{
	if (!client)
		return;
	curl_easy_cleanup(client->curl);
	free(client->url);
	free(client->user_password);
	free(client->ca_file);
	free(client);
}

static void reply_init(struct client_reply *reply, uint64_t max)
{
	*reply = (struct client_reply){.body = BUF_INIT((size_t)max),
				       .content_type = BUF_INIT(HEADER_MAX),
				       .location = BUF_INIT(HEADER_MAX),
				       .digest = BUF_INIT(HEADER_MAX),
				       .link = BUF_INIT(HEADER_MAX)};
}

void client_reply_release(struct client_reply *reply)
{
	buf_release(&reply->body);
	buf_release(&reply->content_type);
	buf_release(&reply->location);
	buf_release(&reply->digest);
	buf_release(&reply->link);
}

/* ---- libcurl's callbacks ---- */

/* A redirect and a 100 come before the reply that counts. */
static void forget_reply(struct transfer *transfer)
{
	struct client_reply *reply = transfer->reply;

	transfer->received = 0;
	buf_clear(&reply->body);
	buf_clear(&reply->content_type);
	buf_clear(&reply->location);
	buf_clear(&reply->digest);
	buf_clear(&reply->link);
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	struct client_reply *reply = transfer->reply;
	const struct {
		struct span name;
		struct buf *value;
	} wanted[] = {{SPAN_LIT("Content-Type"), &reply->content_type},
		      {SPAN_LIT("Location"), &reply->location},
		      {SPAN_LIT("Docker-Content-Digest"), &reply->digest},
		      {SPAN_LIT("Link"), &reply->link}};
	struct span name = {0};
	struct span value = {0};
	size_t len = size * count;

	if (span_starts(span_make(line, len), SPAN_LIT("HTTP/")))
		forget_reply(transfer);
	if (!span_cut(span_make(line, len), ':', &name, &value))
		return len;
	while (value.len > 0 && (value.text[value.len - 1] == '\n' ||
				 value.text[value.len - 1] == '\r'))
		value.len--;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		if (!span_equal_nocase(name, wanted[i].name))
			continue;
		buf_clear(wanted[i].value);
		buf_append_span(wanted[i].value, span_trim(value));
	}
	return len;
}

static bool is_good(const struct transfer *transfer)
{
	long status = 0;

	curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200 && status < 300;
}

static uint64_t reply_max(const struct client_request *request)
{
	return request->reply_max ? request->reply_max : REPLY_MAX_DEFAULT;
}

/* What a failure says is kept to be told, also where a success would go to a
 * file. */
static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	const struct client_request *request = transfer->request;
	size_t len = size * count;
	bool good = is_good(transfer);
	int done = 0;

	transfer->received += len;
	if (transfer->received >
	    (good ? reply_max(request) : REPLY_MAX_DEFAULT)) {
		err_set(transfer->err, ERR_TOO_LARGE,
			"the reply is longer than it may be");
		return 0;
	}
	if (good && request->has_sink_fd) {
		done = fsx_write_all(request->sink_fd, data, len,
				     transfer->err);
	} else {
		buf_append(&transfer->reply->body, data, len);
		done = buf_check(&transfer->reply->body, transfer->err);
	}
	return done < 0 ? 0 : len;
}

static size_t read_file(struct transfer *transfer, char *data, size_t room)
{
	ssize_t got;

	do
		got = pread(transfer->request->body_fd, data, room,
			    (off_t)transfer->sent);
	while (got < 0 && errno == EINTR);
	if (got < 0) {
		err_sys(transfer->err, errno, "reading what is to be sent");
		return CURL_READFUNC_ABORT;
	}
	return (size_t)got;
}

static size_t on_read(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	const struct client_request *request = transfer->request;
	size_t room = size * count;
	size_t len = 0;

	if (request->has_body_fd) {
		len = read_file(transfer, data, room);
		if (len == CURL_READFUNC_ABORT)
			return len;
	} else {
		len = request->body.len - (size_t)transfer->sent;
		len = len < room ? len : room;
		if (len > 0)
			memcpy(data, request->body.text + transfer->sent, len);
	}
	transfer->sent += len;
	return len;
}

/* libcurl goes back to the start when a connection that was kept alive turns
 * out to be dead. */
static int on_seek(void *context, curl_off_t offset, int origin)
{
	struct transfer *transfer = context;

	if (origin != SEEK_SET || offset < 0)
		return CURL_SEEKFUNC_FAIL;
	transfer->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static int on_progress(void *context, curl_off_t down_total, curl_off_t down,
		       curl_off_t up_total, curl_off_t up)
{
	struct transfer *transfer = context;
	const struct client_request *request = transfer->request;
	bool sending = request->has_body_fd || request->body.len > 0;

	if (transfer->err->code != ERR_NONE)
		return 1;
	if (request->progress)
		request->progress(request->context,
				  (uint64_t)(sending ? up : down),
				  (uint64_t)(sending ? up_total : down_total));
	if (!transfer->stopped || !transfer->stopped())
		return 0;
	err_set(transfer->err, ERR_UNAVAILABLE, "interrupted");
	err_tell(transfer->err, "interrupted; the same command goes on where "
				"this one stopped");
	return 1;
}

/* ---- sending ---- */

static int add_header(struct curl_slist **list, const char *name,
		      const char *value, struct err *err)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT(HEADER_MAX);

	if (!value)
		return 0;
	buf_appendf(&line, "%s: %s", name, value);
	struct curl_slist *longer = curl_slist_append(*list, buf_text(&line));
	if (!longer || line.failed != ERR_NONE)
		return err_set(err, ERR_NO_MEMORY, "request header");
	*list = longer;
	return 0;
}

/* A registry may name any place for an upload; the password is not for all. */
static bool is_own_address(const struct client *client, const char *path)
{
	size_t len = strlen(client->url);

	return path[0] == '/' ||
	       (strncmp(path, client->url, len) == 0 && path[len] == '/');
}

static void set_common(const struct client *client, struct transfer *transfer)
{
	const char *path = transfer->request->path;
	CURL *curl = client->curl;

	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, TRANSFER_BYTES);
	curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, TRANSFER_BYTES);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "berth/" BERTH_VERSION);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, STILL_SECONDS);
	if (client->user_password && is_own_address(client, path)) {
		curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		curl_easy_setopt(curl, CURLOPT_USERPWD, client->user_password);
	}
	if (client->ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, client->ca_file);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

/* A PUT, POST or PATCH has a body, be it an empty one. */
static void set_method(CURL *curl, struct transfer *transfer)
{
	const struct client_request *request = transfer->request;
	const char *method = request->method;

	if (strcmp(method, "HEAD") == 0) {
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
		return;
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	if (method[0] != 'P')
		return;
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE,
			 (curl_off_t)(request->has_body_fd
					      ? request->body_size
					      : request->body.len));
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(curl, CURLOPT_READDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(curl, CURLOPT_SEEKDATA, transfer);
}

static int set_address(struct client *client, const char *path, struct err *err)
{
	CLEANUP(buf_release) struct buf url = BUF_INIT(HEADER_MAX);

	if (path[0] == '/')
		buf_append_text(&url, client->url);
	buf_append_text(&url, path);
	if (buf_check(&url, err) < 0)
		return -1;
	if (curl_easy_setopt(client->curl, CURLOPT_URL, buf_text(&url)) !=
	    CURLE_OK)
		return err_set(err, ERR_NO_MEMORY, "request address");
	return 0;
}

static int perform(struct client *client, struct transfer *transfer,
		   struct err *err)
{
	CURLcode code = curl_easy_perform(client->curl);

	if (transfer->err->code != ERR_NONE)
		return -1;
	if (code != CURLE_OK) {
		err_set(err, ERR_UNAVAILABLE, "%s: %s", client->url,
			curl_easy_strerror(code));
		return err_tell(err,
				"%s cannot be reached: %s.  Is berthd running, "
				"and is --registry right?",
				client->url, curl_easy_strerror(code));
	}
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE,
			  &transfer->reply->status);
	return 0;
}

int client_ask(struct client *client, const struct client_request *request,
	       struct client_reply *ret_reply, struct err *err)
{
	CLEANUP(slist_free) struct curl_slist *headers = NULL;
	CLEANUP(client_reply_release) struct client_reply reply = {0};
	struct transfer transfer = {.curl = client->curl,
				    .request = request,
				    .stopped = client->stopped,
				    .reply = &reply,
				    .err = err};

	reply_init(&reply, reply_max(request) > REPLY_MAX_DEFAULT
				   ? reply_max(request)
				   : REPLY_MAX_DEFAULT);
	set_common(client, &transfer);
	set_method(client->curl, &transfer);
	if (set_address(client, request->path, err) < 0 ||
	    add_header(&headers, "Accept", request->accept, err) < 0 ||
	    add_header(&headers, "Content-Type", request->content_type, err) <
		    0)
		return -1;
	curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
	if (perform(client, &transfer, err) < 0)
		return -1;
	*ret_reply = reply;
	reply_init(&reply, 0);
	return 0;
}

/* The message of the specification's error document, or of the
 * administration's, or "". */
static struct span message_of(const json_t *tree)
{
	struct err ignored = ERR_INIT;
	struct span text = {0};
	json_t *errors = NULL;

	if (jsonx_array(tree, "errors", &errors, &ignored) == 1)
		jsonx_text(json_array_get(errors, 0), "message", &text,
			   &ignored);
	else
		jsonx_text(json_object_get(tree, "error"), "message", &text,
			   &ignored);
	return text;
}

int client_tell(const struct client_reply *reply,
		const struct client_request *request, struct err *err)
{
	CLEANUP(jsonx_unref) json_t *tree = NULL;
	struct err ignored = ERR_INIT;
	struct span message = {0};

	if (jsonx_parse(buf_span(&reply->body), 8, &tree, &ignored) == 0 &&
	    json_is_object(tree))
		message = message_of(tree);
	err_set(err, reply->status == 404 ? ERR_NOT_FOUND : ERR_INVALID,
		"%s answered with %ld", request->method, reply->status);
	if (reply->status == 401)
		return err_tell(err,
				"the registry does not take this user and "
				"password: give --credentials FILE, or set "
				"BERTH_USER and BERTH_PASSWORD");
	if (message.len > 0)
		return err_tell(err, "%.*s", SPAN_ARG(message));

	return err_tell(err, "the registry answered with status %ld",
			reply->status);
}

int client_expect(struct client *client, const struct client_request *request,
		  long want, struct client_reply *ret_reply, struct err *err)
{
	CLEANUP(client_reply_release) struct client_reply reply = {0};

	if (client_ask(client, request, &reply, err) < 0)
		return -1;
	if (reply.status != want)
		return client_tell(&reply, request, err);
	*ret_reply = reply;
	reply_init(&reply, 0);
	return 0;
}
