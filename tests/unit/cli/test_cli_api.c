/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the commands that speak to the administration's API, against the
 * description of that API. */
#include "cli/api.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "tests/lib/check.h"

#define TEXT_MAX 4096

static json_t *read_description(void)
{
	static const char here[] = __FILE__;
	char path[TEXT_MAX];
	json_error_t error;
	const char *tests = strstr(here, "tests/unit/");

	CHECK(tests);
	snprintf(path, sizeof(path), "%.*sdocs/openapi.json",
		 (int)(tests - here), here);
	json_t *tree = json_load_file(path, 0, &error);
	CHECK(tree);
	return tree;
}

/* What a command line of the command could be. */
static void fill(const struct command *command, struct options *options)
{
	*options = (struct options){.command = command};
	for (size_t i = 0; i < OPTIONS_NAMES_MAX; i++)
		options->names[i] =
			strstr(command->synopsis, "KIND/NAME") ? "user/x" : "x";
	memcpy(options->target.repository, "a/b", sizeof("a/b"));
}

/* True if a path is one that the description's template describes. */
static bool fits(const char *path, const char *template)
{
	while (*template) {
		if (*template == '{') {
			size_t len = strcspn(template, "}");
			bool slashes = strncmp(template, "{name}", 6) == 0;

			template += len + 1;
			path += strcspn(path, slashes ? "?" : "/?");
			continue;
		}
		if (*template ++ != *path++)
			return false;
	}
	return *path == '\0' || *path == '?';
}

static const json_t *operation_of(const json_t *paths, const char *method,
				  const char *path)
{
	const char *template;
	json_t *item;
	char lower[16];
	size_t len = strlen(method);

	for (size_t i = 0; i <= len; i++)
		lower[i] = method[i] ? (char)(method[i] | 0x20) : '\0';
	json_object_foreach((json_t *)(uintptr_t)paths, template, item)
	{
		const json_t *operation = json_object_get(item, lower);

		if (operation && fits(path, template))
			return operation;
	}
	return NULL;
}

static const json_t *schema_of(const json_t *operation)
{
	const json_t *content = json_object_get(
		json_object_get(operation, "requestBody"), "content");

	return json_object_get(json_object_get(content, "application/json"),
			       "schema");
}

static void check_body(const struct api_call *call, const json_t *operation)
{
	const json_t *schema = schema_of(operation);
	const json_t *properties = json_object_get(schema, "properties");

	for (size_t i = 0; call->body[i].kind != API_END; i++) {
		CHECK(schema);
		if (call->body[i].name)
			CHECK(json_object_get(properties, call->body[i].name));
	}
}

static void every_call_is_one_that_the_server_knows(void)
{
	json_t *description = read_description();
	const json_t *paths = json_object_get(description, "paths");
	const struct command *command;
	size_t seen = 0;

	for (size_t i = 0; (command = commands_at(i)); i++) {
		struct buf path = BUF_INIT(TEXT_MAX);
		struct options options;
		struct err err = ERR_INIT;

		if (!command->call)
			continue;
		seen++;
		fill(command, &options);
		CHECK(api_path(&options, command->call, &path, &err) == 0);
		const json_t *operation = operation_of(
			paths, command->call->method, buf_text(&path));
		CHECK(operation);
		check_body(command->call, operation);
		buf_release(&path);
	}
	CHECK(seen > 50);
	json_decref(description);
}

static const struct command *command_of(const char *group, const char *name)
{
	const struct command *command = commands_find(group, name);

	CHECK(command);
	return command;
}

static void check_path(const struct options *options, const char *want)
{
	struct buf path = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;

	CHECK(api_path(options, options->command->call, &path, &err) == 0);
	CHECK_TEXT(buf_text(&path), want);
	buf_release(&path);
}

static void addresses_are_encoded(void)
{
	struct options options = {.command = command_of("user", "show"),
				  .names = {"a/b?c d"}};

	check_path(&options, "/api/v1/users/a%2Fb%3Fc%20d");
	options = (struct options){.command = command_of("key", "list")};
	check_path(&options, "/api/v1/me/keys");
	options.of = "robot/ci";
	check_path(&options, "/api/v1/robots/ci/keys");
	options = (struct options){.command = command_of("policy", "attach"),
				   .names = {"push-pull", "group/devs"},
				   .pattern = "team/*"};
	check_path(&options, "/api/v1/groups/devs/policies/push-pull"
			     "?pattern=team%2F%2A");
	options = (struct options){
		.command = command_of("repository-policy", "set"),
		.target = {.repository = "a/b"},
		.force = true};
	check_path(&options, "/api/v1/repository-policies/a/b?force=true");
}

static void a_holder_without_a_kind_is_refused(void)
{
	struct options options = {.command = command_of("key", "list")};
	static const char *const wrong[] = {"alice", "user/", "users/a", "/a"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct buf path = BUF_INIT(TEXT_MAX);
		struct err err = ERR_INIT;

		options.of = wrong[i];
		CHECK(api_path(&options, options.command->call, &path, &err) <
		      0);
		CHECK(strstr(err_for_client(&err), "user/NAME"));
		buf_release(&path);
	}
}

static void check_body_text(const struct options *options, const char *want)
{
	struct buf text = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;
	json_t *body = NULL;

	CHECK(api_body(options, options->command->call->body, &body, &err) ==
	      0);
	CHECK(jsonx_dump(body, &text, &err) == 0);
	CHECK_TEXT(buf_text(&text), want);
	json_decref(body);
	buf_release(&text);
}

static void bodies_hold_what_was_given(void)
{
	struct options options = {
		.command = command_of("robot", "create"),
		.names = {"ci"},
		.expires = "90d",
		.scopes = {.at = {"push-pull:team/*", "read-only"}, .count = 2},
	};

	check_body_text(&options,
			"{\"name\":\"ci\",\"expires_in\":7776000,\"policies\":"
			"[{\"policy\":\"push-pull\",\"pattern\":\"team/*\"},"
			"{\"policy\":\"read-only\",\"pattern\":\"*\"}]}");
	options = (struct options){
		.command = command_of("token", "create"),
		.scopes = {.at = {"repository:a:pull", "repository:b:pull"},
			   .count = 2}};
	check_body_text(&options, "{\"scope\":\"repository:a:pull "
				  "repository:b:pull\"}");
	options = (struct options){.command = command_of("user", "disable"),
				   .names = {"eve"}};
	check_body_text(&options, "{\"disabled\":true}");
}

static void what_is_no_duration_is_refused(void)
{
	struct options options = {.command = command_of("token", "create"),
				  .expires = "soon"};
	struct err err = ERR_INIT;
	json_t *body = NULL;

	CHECK(api_body(&options, options.command->call->body, &body, &err) < 0);
	CHECK(!body);
	CHECK(strstr(err_for_client(&err), "soon"));
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(every_call_is_one_that_the_server_knows),
		CHECK_CASE(addresses_are_encoded),
		CHECK_CASE(a_holder_without_a_kind_is_refused),
		CHECK_CASE(bodies_hold_what_was_given),
		CHECK_CASE(what_is_no_duration_is_refused),
	};

	return CHECK_RUN(argc, argv, cases);
}
