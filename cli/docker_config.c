/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/docker_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/fsx.h"
#include "base/jsonx.h"
#include "cli/docker_helper.h"

#define FILE_NAME "config.json"
#define FILE_MAX ((size_t)1 << 20) /* bytes */
#define PATH_MAX_BYTES 4096
#define SECRET_MAX 8192

/* Where it is, what it says, and which entry is ours. */
struct config {
	struct buf folder; /* its path */
	struct buf host;   /* the registry's name in it */
	json_t *tree;	   /* owned */
	int dir_fd;	   /* owned; -1 if there is no folder */
};

static void config_release(struct config *config)
{
	buf_release(&config->folder);
	buf_release(&config->host);
	json_decref(config->tree);
	cleanup_close(&config->dir_fd);
}

void docker_config_host(const char *url, struct buf *out)
{
	struct span rest = span_of(url);
	struct span host = {0};
	const char *end = strstr(url, "://");

	if (end)
		rest = span_of(end + 3);
	if (!span_cut(rest, '/', &host, &rest))
		host = rest;
	buf_append_span(out, host);
}

static int find_folder(struct buf *out, struct err *err)
{
	const char *said = getenv("DOCKER_CONFIG");
	const char *home = getenv("HOME");

	if (said && said[0]) {
		buf_append_text(out, said);
		return buf_check(out, err);
	}
	if (!home || !home[0]) {
		err_set(err, ERR_INVALID, "no home folder");
		return err_tell(err, "neither DOCKER_CONFIG nor HOME says "
				     "where credentials are kept");
	}
	buf_appendf(out, "%s/.docker", home);
	return buf_check(out, err);
}

static int read_tree(struct config *config, struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(FILE_MAX);
	struct err inner = ERR_INIT;

	if (config->dir_fd < 0 ||
	    faccessat(config->dir_fd, FILE_NAME, F_OK, 0) < 0) {
		config->tree = json_object();
		return config->tree ? 0 : err_set(err, ERR_NO_MEMORY, "config");
	}
	if (fsx_read_file(config->dir_fd, FILE_NAME, &text, &inner) < 0 ||
	    jsonx_parse(buf_span(&text), JSONX_DEPTH_MAX, &config->tree,
			&inner) < 0 ||
	    !json_is_object(config->tree)) {
		err_set(err, ERR_INVALID, "%s", inner.text);
		return err_tell(err, "%s/" FILE_NAME " cannot be read: %s",
				buf_text(&config->folder),
				inner.text[0] ? inner.text : "no object");
	}
	return 0;
}

static int config_open(const char *url, struct config *config, struct err *err)
{
	*config = (struct config){.folder = BUF_INIT(PATH_MAX_BYTES),
				  .host = BUF_INIT(PATH_MAX_BYTES),
				  .dir_fd = -1};
	docker_config_host(url, &config->host);
	if (find_folder(&config->folder, err) < 0 ||
	    buf_check(&config->host, err) < 0)
		return -1;
	config->dir_fd = open(buf_text(&config->folder),
			      O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return read_tree(config, err);
}

/* "credHelpers": {HOST: NAME}, else "credsStore": NAME; or NULL. */
static const char *helper_of(const struct config *config)
{
	const json_t *helpers = json_object_get(config->tree, "credHelpers");
	const char *own = json_string_value(
		json_object_get(helpers, buf_text(&config->host)));
	const char *store =
		json_string_value(json_object_get(config->tree, "credsStore"));

	if (own && own[0])
		return own;
	return store && store[0] ? store : NULL;
}

/* "auth" is base64 of "user:password". */
static int read_auth(const json_t *entry, struct buf *user,
		     struct buf *password)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(SECRET_MAX);
	const char *auth = json_string_value(json_object_get(entry, "auth"));
	struct err ignored = ERR_INIT;
	struct span name = {0};
	struct span rest = {0};

	if (!auth || enc_unbase64(span_of(auth), &text, &ignored) < 0 ||
	    !span_cut(buf_span(&text), ':', &name, &rest) || rest.len == 0)
		return 0;
	buf_append_span(user, name);
	buf_append_span(password, rest);
	explicit_bzero(text.data, text.len);
	return 1;
}

int docker_config_get(const char *url, struct buf *user, struct buf *password,
		      struct err *err)
{
	CLEANUP(config_release) struct config config = {.dir_fd = -1};

	if (config_open(url, &config, err) < 0)
		return -1;
	const json_t *auths = json_object_get(config.tree, "auths");
	const json_t *entry = json_object_get(auths, buf_text(&config.host));
	const char *helper = helper_of(&config);

	if (read_auth(entry, user, password) == 1)
		return 1;
	return helper ? docker_helper_get(helper, buf_text(&config.host), user,
					  password, err)
		      : 0;
}

static int write_tree(struct config *config, struct err *err)
{
	CLEANUP(cleanup_free)
	char *text = json_dumps(config->tree, JSON_INDENT(8));

	if (!text)
		return err_set(err, ERR_NO_MEMORY, "config");
	if (config->dir_fd < 0) {
		const char *path = buf_text(&config->folder);

		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return err_sys(err, errno, "making %s", path);
		config->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (config->dir_fd < 0)
			return err_sys(err, errno, "opening %s", path);
	}
	int done = fsx_replace_file(config->dir_fd, FILE_NAME, text,
				    strlen(text), 0600, err);

	explicit_bzero(text, strlen(text));
	return done;
}

static int set_auth(struct config *config, const char *user,
		    const char *password, struct err *err)
{
	CLEANUP(buf_release) struct buf plain = BUF_INIT(SECRET_MAX);
	CLEANUP(buf_release) struct buf auth = BUF_INIT(SECRET_MAX * 2);
	json_t *auths = json_object_get(config->tree, "auths");

	if (!json_is_object(auths)) {
		auths = json_object();
		json_object_set_new(config->tree, "auths", auths);
	}
	buf_appendf(&plain, "%s:%s", user, password);
	if (buf_check(&plain, err) < 0)
		return -1;
	enc_base64(plain.data, plain.len, &auth);
	explicit_bzero(plain.data, plain.len);
	if (buf_check(&auth, err) < 0 ||
	    json_object_set_new(auths, buf_text(&config->host),
				json_pack("{s:s}", "auth", buf_text(&auth))) <
		    0)
		return err->code ? -1 : err_set(err, ERR_NO_MEMORY, "config");
	return 0;
}

int docker_config_put(const char *url, const char *user, const char *password,
		      struct buf *ret_where, struct err *err)
{
	CLEANUP(config_release) struct config config = {.dir_fd = -1};

	if (config_open(url, &config, err) < 0)
		return -1;
	const char *helper = helper_of(&config);

	if (helper) {
		buf_appendf(ret_where, "docker-credential-%s", helper);
		return docker_helper_store(helper, buf_text(&config.host), user,
					   password, err);
	}
	buf_appendf(ret_where, "%s/" FILE_NAME, buf_text(&config.folder));
	if (set_auth(&config, user, password, err) < 0)
		return -1;
	return write_tree(&config, err);
}

int docker_config_remove(const char *url, struct err *err)
{
	CLEANUP(config_release) struct config config = {.dir_fd = -1};

	if (config_open(url, &config, err) < 0)
		return -1;
	json_t *auths = json_object_get(config.tree, "auths");
	const char *helper = helper_of(&config);
	const char *host = buf_text(&config.host);

	if (json_object_get(auths, host)) {
		json_object_del(auths, host);
		return write_tree(&config, err) < 0 ? -1 : 1;
	}
	return helper ? docker_helper_erase(helper, host, err) : 0;
}
