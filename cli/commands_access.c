/* SPDX-License-Identifier: Apache-2.0 */
/* The commands about logging in and about credentials. */
#include "cli/api.h"
#include "cli/commands.h"

static const struct flag of_flags[] = {
	{"--of", "KIND/NAME",
	 "Whose: user/NAME or robot/NAME; your own without.",
	 offsetof(struct options, of), false},
};

static const struct flag of_yes_flags[] = {
	{"--of", "KIND/NAME",
	 "Whose: user/NAME or robot/NAME; your own without.",
	 offsetof(struct options, of), false},
	{"--yes", NULL, "Do not ask; needed where there is no terminal.",
	 offsetof(struct options, yes), false},
};

static const struct flag key_create_flags[] = {
	{"--of", "KIND/NAME",
	 "Whose: user/NAME or robot/NAME; your own without.",
	 offsetof(struct options, of), false},
	{"--description", "TEXT", "What it is for, for people.",
	 offsetof(struct options, description), false},
};

static const struct flag token_create_flags[] = {
	{"--of", "KIND/NAME",
	 "Whose: user/NAME or robot/NAME; your own without.",
	 offsetof(struct options, of), false},
	{"--description", "TEXT", "What it is for, for people.",
	 offsetof(struct options, description), false},
	{"--expires", "DURATION",
	 "How long it is good for, such as 90d; for ever without.",
	 offsetof(struct options, expires), false},
	{"--scope", "SCOPE",
	 "What it is limited to, such as repository:team/app:pull; may be "
	 "given several times.",
	 offsetof(struct options, scopes), true},
};

static const struct flag login_flags[] = {
	{"--description", "TEXT", "What it is for, for people.",
	 offsetof(struct options, description), false},
};

static const struct api_call whoami = {
	.method = "GET",
	.path = "/api/v1/whoami",
};

static const struct api_call key_list = {
	.method = "GET",
	.path = "/api/v1/{of}/keys",
	.list = "keys",
	.columns = {{"ID", "id"},
		    {"DISABLED", "disabled"},
		    {"CREATED", "created"},
		    {"USED", "used"},
		    {"DESCRIPTION", "description"}},
};

static const struct api_call key_create = {
	.method = "POST",
	.path = "/api/v1/{of}/keys",
	.body = {{"description", API_TEXT,
		  offsetof(struct options, description)}},
};

static const struct api_call key_disable = {
	.method = "PATCH",
	.path = "/api/v1/{of}/keys/{0}",
	.body = {{"disabled", API_TRUE, 0}},
	.done = "is disabled",
};

static const struct api_call key_enable = {
	.method = "PATCH",
	.path = "/api/v1/{of}/keys/{0}",
	.body = {{"disabled", API_FALSE, 0}},
	.done = "is enabled",
};

static const struct api_call key_rotate = {
	.method = "POST",
	.path = "/api/v1/{of}/keys/{0}/rotate",
};

static const struct api_call key_delete = {
	.method = "DELETE",
	.path = "/api/v1/{of}/keys/{0}",
	.confirm = "Delete key",
	.done = "is deleted",
};

static const struct api_call token_list = {
	.method = "GET",
	.path = "/api/v1/{of}/tokens",
	.list = "tokens",
	.columns = {{"ID", "id"},
		    {"CREATED", "created"},
		    {"EXPIRES", "expires"},
		    {"USED", "used"},
		    {"SCOPE", "scope"},
		    {"DESCRIPTION", "description"}},
};

static const struct api_call token_create = {
	.method = "POST",
	.path = "/api/v1/{of}/tokens",
	.body = {{"description", API_TEXT,
		  offsetof(struct options, description)},
		 {"scope", API_JOINED, offsetof(struct options, scopes)},
		 {"expires_in", API_SECONDS,
		  offsetof(struct options, expires)}},
};

static const struct api_call token_delete = {
	.method = "DELETE",
	.path = "/api/v1/{of}/tokens/{0}",
	.confirm = "Delete token",
	.done = "is deleted",
};

static const struct api_call certificate_list = {
	.method = "GET",
	.path = "/api/v1/{holder 0}/certificates",
	.list = "certificates",
};

static const struct api_call certificate_add = {
	.method = "POST",
	.path = "/api/v1/{holder 0}/certificates",
	.body = {{"name", API_ARGUMENT, 1}},
	.done = "has one name more",
};

static const struct api_call certificate_remove = {
	.method = "DELETE",
	.path = "/api/v1/{holder 0}/certificates",
	.query = {{"name", API_ARGUMENT, 1}},
	.done = "has one name less",
};

static const struct command commands[] = {
	{.name = "login",
	 .synopsis = "",
	 .summary = "Log in, and stay so",
	 .text = "Asks for a user and a password unless they are given, makes "
		 "a token of its own with them, and keeps that where docker "
		 "keeps its own: berth, docker and podman are logged in from "
		 "then on.",
	 COMMAND_FLAGS(login_flags),
	 .run = login_run},
	{.name = "logout",
	 .synopsis = "",
	 .summary = "Log out",
	 .text = "Deletes the token of berth login, on the server and here.",
	 .run = logout_run},
	{.name = "whoami",
	 .synopsis = "",
	 .summary = "Show who you are",
	 .text = "Shows who the server takes you for, and your policies.",
	 .run = api_run,
	 .call = &whoami},
	{.name = "password",
	 .synopsis = "",
	 .summary = "Change your own password",
	 .text = "Asks for your password and a new one.",
	 .run = password_run},
	{.group = "key",
	 .name = "list",
	 .synopsis = "",
	 .summary = "List access keys",
	 .text = "Lists access keys, for AWS clients.",
	 COMMAND_FLAGS(of_flags),
	 .run = api_run,
	 .call = &key_list},
	{.group = "key",
	 .name = "create",
	 .synopsis = "",
	 .summary = "Create an access key",
	 .text = "Creates an access key, for AWS clients, and shows its secret "
		 "once.",
	 COMMAND_FLAGS(key_create_flags),
	 .run = api_run,
	 .call = &key_create},
	{.group = "key",
	 .name = "disable",
	 .synopsis = "ID",
	 .summary = "Disable an access key",
	 .text = "Refuses an access key, at once.",
	 .arguments = {ARGUMENT_NAME},
	 COMMAND_FLAGS(of_flags),
	 .run = api_run,
	 .call = &key_disable},
	{.group = "key",
	 .name = "enable",
	 .synopsis = "ID",
	 .summary = "Enable an access key",
	 .text = "Takes an access key, at once.",
	 .arguments = {ARGUMENT_NAME},
	 COMMAND_FLAGS(of_flags),
	 .run = api_run,
	 .call = &key_enable},
	{.group = "key",
	 .name = "rotate",
	 .synopsis = "ID",
	 .summary = "Replace an access key",
	 .text = "Creates another key, shows its secret once, and disables the "
		 "old one.",
	 .arguments = {ARGUMENT_NAME},
	 COMMAND_FLAGS(of_flags),
	 .run = api_run,
	 .call = &key_rotate},
	{.group = "key",
	 .name = "delete",
	 .synopsis = "ID",
	 .summary = "Delete an access key",
	 .text = "Deletes an access key. It asks first.",
	 .arguments = {ARGUMENT_NAME},
	 COMMAND_FLAGS(of_yes_flags),
	 .run = api_run,
	 .call = &key_delete},
	{.group = "token",
	 .name = "list",
	 .synopsis = "",
	 .summary = "List API tokens",
	 .text = "Lists API tokens; tokens of berth login are among them.",
	 COMMAND_FLAGS(of_flags),
	 .run = api_run,
	 .call = &token_list},
	{.group = "token",
	 .name = "create",
	 .synopsis = "",
	 .summary = "Create an API token",
	 .text = "Creates an API token, which is good as a password, and shows "
		 "it once.",
	 COMMAND_FLAGS(token_create_flags),
	 .run = api_run,
	 .call = &token_create},
	{.group = "token",
	 .name = "delete",
	 .synopsis = "ID",
	 .summary = "Delete an API token",
	 .text = "Deletes an API token: it ends at once. It asks first.",
	 .arguments = {ARGUMENT_NAME},
	 COMMAND_FLAGS(of_yes_flags),
	 .run = api_run,
	 .call = &token_delete},
	{.group = "certificate",
	 .name = "list",
	 .synopsis = "KIND/NAME",
	 .summary = "List names in client certificates",
	 .text = "Lists the names in client certificates that stand for a user "
		 "or a robot.",
	 .arguments = {ARGUMENT_NAME},
	 .run = api_run,
	 .call = &certificate_list},
	{.group = "certificate",
	 .name = "add",
	 .synopsis = "KIND/NAME SAN",
	 .summary = "Let a client certificate stand for somebody",
	 .text = "Takes client certificates with that name for a user or a "
		 "robot: DNS:build.example, URI:spiffe://example/ci, "
		 "email:ci@example.",
	 .arguments = {ARGUMENT_NAME, ARGUMENT_NAME},
	 .run = api_run,
	 .call = &certificate_add},
	{.group = "certificate",
	 .name = "remove",
	 .synopsis = "KIND/NAME SAN",
	 .summary = "End that",
	 .text = "Takes client certificates with that name no longer.",
	 .arguments = {ARGUMENT_NAME, ARGUMENT_NAME},
	 .run = api_run,
	 .call = &certificate_remove},
};

const struct command_table commands_access = {.title = "Access",
					      .commands = commands,
					      .count = sizeof(commands) /
						       sizeof(commands[0])};
