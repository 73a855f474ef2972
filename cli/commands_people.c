/* SPDX-License-Identifier: Apache-2.0 */
/* The commands about those who may be known. */
#include "cli/api.h"
#include "cli/commands.h"

static const struct flag describe_flags[] = {
	{"--description", "TEXT", "What it is for, for people.",
	 offsetof(struct options, description), false},
};

static const struct flag yes_flags[] = {
	{"--yes", NULL, "Do not ask; needed where there is no terminal.",
	 offsetof(struct options, yes), false},
};

static const struct flag robot_create_flags[] = {
	{"--description", "TEXT", "What it is for, for people.",
	 offsetof(struct options, description), false},
	{"--expires", "DURATION",
	 "How long it is good for, such as 90d; for ever without.",
	 offsetof(struct options, expires), false},
	{"--policy", "POLICY[:PATTERN]",
	 "A policy for the repositories of a pattern, such as "
	 "push-pull:team/*; may be given several times.",
	 offsetof(struct options, scopes), true},
};

static const struct flag robot_update_flags[] = {
	{"--description", "TEXT", "What it is for, for people.",
	 offsetof(struct options, description), false},
	{"--expires", "DURATION",
	 "How long it is good for, such as 90d; for ever without.",
	 offsetof(struct options, expires), false},
};

static const struct flag role_create_flags[] = {
	{"--description", "TEXT", "What it is for, for people.",
	 offsetof(struct options, description), false},
	{"--trust", "FILE",
	 "Who may assume it: a policy document, - for standard input.",
	 offsetof(struct options, policy_file), false},
	{"--session-max", "DURATION", "The longest session (default 1h).",
	 offsetof(struct options, session_max), false},
};

static const struct flag role_update_flags[] = {
	{"--description", "TEXT", "What it is for, for people.",
	 offsetof(struct options, description), false},
	{"--session-max", "DURATION", "The longest session.",
	 offsetof(struct options, session_max), false},
};

static const struct flag trust_flags[] = {
	{"--document", "FILE", "The policy document; - for standard input.",
	 offsetof(struct options, policy_file), false},
};

static const struct api_call user_list = {
	.method = "GET",
	.path = "/api/v1/users",
	.list = "users",
	.columns = {{"NAME", "name"},
		    {"DISABLED", "disabled"},
		    {"CREATED", "created"},
		    {"DESCRIPTION", "description"}},
};

static const struct api_call user_show = {
	.method = "GET",
	.path = "/api/v1/users/{0}",
};

static const struct api_call user_create = {
	.method = "POST",
	.path = "/api/v1/users",
	.body = {{"name", API_ARGUMENT, 0},
		 {"password", API_NEW_SECRET, 0},
		 {"description", API_TEXT,
		  offsetof(struct options, description)}},
	.done = "is created",
};

static const struct api_call user_update = {
	.method = "PATCH",
	.path = "/api/v1/users/{0}",
	.body = {{"description", API_TEXT,
		  offsetof(struct options, description)}},
	.done = "is changed",
};

static const struct api_call user_password = {
	.method = "PUT",
	.path = "/api/v1/users/{0}/password",
	.body = {{"password", API_NEW_SECRET, 0}},
	.done = "has another password",
};

static const struct api_call user_disable = {
	.method = "PATCH",
	.path = "/api/v1/users/{0}",
	.body = {{"disabled", API_TRUE, 0}},
	.done = "is disabled",
};

static const struct api_call user_enable = {
	.method = "PATCH",
	.path = "/api/v1/users/{0}",
	.body = {{"disabled", API_FALSE, 0}},
	.done = "is enabled",
};

static const struct api_call user_delete = {
	.method = "DELETE",
	.path = "/api/v1/users/{0}",
	.confirm = "Delete user",
	.done = "is deleted",
};

static const struct api_call robot_list = {
	.method = "GET",
	.path = "/api/v1/robots",
	.list = "robots",
	.columns = {{"NAME", "name"},
		    {"DISABLED", "disabled"},
		    {"EXPIRES", "expires"},
		    {"DESCRIPTION", "description"}},
};

static const struct api_call robot_show = {
	.method = "GET",
	.path = "/api/v1/robots/{0}",
};

static const struct api_call robot_create = {
	.method = "POST",
	.path = "/api/v1/robots",
	.body = {{"name", API_ARGUMENT, 0},
		 {"description", API_TEXT,
		  offsetof(struct options, description)},
		 {"expires_in", API_SECONDS, offsetof(struct options, expires)},
		 {"policies", API_GRANTS, offsetof(struct options, scopes)}},
};

static const struct api_call robot_update = {
	.method = "PATCH",
	.path = "/api/v1/robots/{0}",
	.body = {{"description", API_TEXT,
		  offsetof(struct options, description)},
		 {"expires_in", API_SECONDS,
		  offsetof(struct options, expires)}},
	.done = "is changed",
};

static const struct api_call robot_disable = {
	.method = "PATCH",
	.path = "/api/v1/robots/{0}",
	.body = {{"disabled", API_TRUE, 0}},
	.done = "is disabled",
};

static const struct api_call robot_enable = {
	.method = "PATCH",
	.path = "/api/v1/robots/{0}",
	.body = {{"disabled", API_FALSE, 0}},
	.done = "is enabled",
};

static const struct api_call robot_delete = {
	.method = "DELETE",
	.path = "/api/v1/robots/{0}",
	.confirm = "Delete robot",
	.done = "is deleted",
};

static const struct api_call role_list = {
	.method = "GET",
	.path = "/api/v1/roles",
	.list = "roles",
	.columns = {{"NAME", "name"},
		    {"DISABLED", "disabled"},
		    {"SESSION", "session_max"},
		    {"DESCRIPTION", "description"}},
};

static const struct api_call role_show = {
	.method = "GET",
	.path = "/api/v1/roles/{0}",
};

static const struct api_call role_create = {
	.method = "POST",
	.path = "/api/v1/roles",
	.body = {{"name", API_ARGUMENT, 0},
		 {"description", API_TEXT,
		  offsetof(struct options, description)},
		 {"session_max", API_SECONDS,
		  offsetof(struct options, session_max)},
		 {"trust", API_DOCUMENT,
		  offsetof(struct options, policy_file)}},
	.done = "is created",
};

static const struct api_call role_update = {
	.method = "PATCH",
	.path = "/api/v1/roles/{0}",
	.body = {{"description", API_TEXT,
		  offsetof(struct options, description)},
		 {"session_max", API_SECONDS,
		  offsetof(struct options, session_max)}},
	.done = "is changed",
};

static const struct api_call role_trust = {
	.method = "GET",
	.path = "/api/v1/roles/{0}/trust",
};

static const struct api_call role_set_trust = {
	.method = "PUT",
	.path = "/api/v1/roles/{0}/trust",
	.body = {{NULL, API_DOCUMENT, offsetof(struct options, policy_file)}},
	.done = "has another trust document",
};

static const struct api_call role_disable = {
	.method = "PATCH",
	.path = "/api/v1/roles/{0}",
	.body = {{"disabled", API_TRUE, 0}},
	.done = "is disabled",
};

static const struct api_call role_enable = {
	.method = "PATCH",
	.path = "/api/v1/roles/{0}",
	.body = {{"disabled", API_FALSE, 0}},
	.done = "is enabled",
};

static const struct api_call role_delete = {
	.method = "DELETE",
	.path = "/api/v1/roles/{0}",
	.confirm = "Delete role",
	.done = "is deleted",
};

static const struct api_call group_list = {
	.method = "GET",
	.path = "/api/v1/groups",
	.list = "groups",
	.columns = {{"NAME", "name"},
		    {"CREATED", "created"},
		    {"DESCRIPTION", "description"}},
};

static const struct api_call group_show = {
	.method = "GET",
	.path = "/api/v1/groups/{0}",
};

static const struct api_call group_members = {
	.method = "GET",
	.path = "/api/v1/groups/{0}/members",
	.list = "members",
};

static const struct api_call group_create = {
	.method = "POST",
	.path = "/api/v1/groups",
	.body = {{"name", API_ARGUMENT, 0},
		 {"description", API_TEXT,
		  offsetof(struct options, description)}},
	.done = "is created",
};

static const struct api_call group_add = {
	.method = "PUT",
	.path = "/api/v1/groups/{0}/members/{1}",
	.done = "has one member more",
};

static const struct api_call group_remove = {
	.method = "DELETE",
	.path = "/api/v1/groups/{0}/members/{1}",
	.done = "has one member less",
};

static const struct api_call group_delete = {
	.method = "DELETE",
	.path = "/api/v1/groups/{0}",
	.confirm = "Delete group",
	.done = "is deleted",
};

static const struct command commands[] = {
	{.group = "user",
	 .name = "list",
	 .synopsis = "",
	 .summary = "List the users",
	 .text = "Lists the users of the account.",
	 .run = api_run,
	 .call = &user_list},
	{.group = "user",
	 .name = "show",
	 .synopsis = "NAME",
	 .summary = "Show a user",
	 .text = "Shows a user.",
	 .arguments = {ARGUMENT_NAME},
	 .run = api_run,
	 .call = &user_show},
	{.group = "user",
	 .name = "create",
	 .synopsis = "NAME",
	 .summary = "Create a user",
	 .text = "Creates a user, who may do nothing yet: attach a policy, or "
		 "put him into a group. His password is asked for, or read "
		 "from standard input.",
	 .arguments = {ARGUMENT_NAME},
	 COMMAND_FLAGS(describe_flags),
	 .run = api_run,
	 .call = &user_create},
	{.group = "user",
	 .name = "update",
	 .synopsis = "NAME",
	 .summary = "Change the description of a user",
	 .text = "Changes what is said about a user.",
	 .arguments = {ARGUMENT_NAME},
	 COMMAND_FLAGS(describe_flags),
	 .run = api_run,
	 .call = &user_update},
	{.group = "user",
	 .name = "password",
	 .synopsis = "NAME",
	 .summary = "Set the password of a user",
	 .text = "Gives a user another password, which is asked for or read "
		 "from standard input. His logins by refresh tokens end.",
	 .arguments = {ARGUMENT_NAME},
	 .run = api_run,
	 .call = &user_password},
	{.group = "user",
	 .name = "disable",
	 .synopsis = "NAME",
	 .summary = "Disable a user",
	 .text = "Refuses all credentials of a user from now on, without "
		 "deleting anything.",
	 .arguments = {ARGUMENT_NAME},
	 .run = api_run,
	 .call = &user_disable},
	{.group = "user",
	 .name = "enable",
	 .synopsis = "NAME",
	 .summary = "Enable a user",
	 .text = "Takes the credentials of a user again.",
	 .arguments = {ARGUMENT_NAME},
	 .run = api_run,
	 .call = &user_enable},
	{.group = "user",
	 .name = "delete",
	 .synopsis = "NAME",
	 .summary = "Delete a user",
	 .text = "Deletes a user with his keys and tokens. It asks first.",
	 .arguments = {ARGUMENT_NAME},
	 COMMAND_FLAGS(yes_flags),
	 .run = api_run,
	 .call = &user_delete},
	{.group = "robot",
	 .name = "list",
	 .synopsis = "",
	 .summary = "List the robots",
	 .text = "Lists the robots of the account.",
	 .run = api_run,
	 .call = &robot_list},
	{.group = "robot",
	 .name = "show",
	 .synopsis = "NAME",
	 .summary = "Show a robot",
	 .text = "Shows a robot.",
	 .arguments = {ARGUMENT_NAME},
	 .run = api_run,
	 .call = &robot_show},
	{.group = "robot",
	 .name = "create",
	 .synopsis = "NAME",
	 .summary = "Create a robot",
	 .text = "Creates a robot, an identity for a program, and shows its "
		 "token once: it is the password for docker login, with the "
		 "name of the robot.",
	 .arguments = {ARGUMENT_NAME},
	 COMMAND_FLAGS(robot_create_flags),
	 .run = api_run,
	 .call = &robot_create},
	{.group = "robot",
	 .name = "update",
	 .synopsis = "NAME",
	 .summary = "Change a robot",
	 .text = "Changes what is said about a robot, or until when it is good "
		 "from now on.",
	 .arguments = {ARGUMENT_NAME},
	 COMMAND_FLAGS(robot_update_flags),
	 .run = api_run,
	 .call = &robot_update},
	{.group = "robot",
	 .name = "disable",
	 .synopsis = "NAME",
	 .summary = "Disable a robot",
	 .text = "Refuses all credentials of a robot from now on, without "
		 "deleting anything.",
	 .arguments = {ARGUMENT_NAME},
	 .run = api_run,
	 .call = &robot_disable},
	{.group = "robot",
	 .name = "enable",
	 .synopsis = "NAME",
	 .summary = "Enable a robot",
	 .text = "Takes the credentials of a robot again.",
	 .arguments = {ARGUMENT_NAME},
	 .run = api_run,
	 .call = &robot_enable},
	{.group = "robot",
	 .name = "delete",
	 .synopsis = "NAME",
	 .summary = "Delete a robot",
	 .text = "Deletes a robot with its keys and tokens. It asks first.",
	 .arguments = {ARGUMENT_NAME},
	 COMMAND_FLAGS(yes_flags),
	 .run = api_run,
	 .call = &robot_delete},
	{.group = "role",
	 .name = "list",
	 .synopsis = "",
	 .summary = "List the roles",
	 .text = "Lists the roles of the account.",
	 .run = api_run,
	 .call = &role_list},
	{.group = "role",
	 .name = "show",
	 .synopsis = "NAME",
	 .summary = "Show a role",
	 .text = "Shows a role.",
	 .arguments = {ARGUMENT_NAME},
	 .run = api_run,
	 .call = &role_show},
	{.group = "role",
	 .name = "create",
	 .synopsis = "NAME",
	 .summary = "Create a role",
	 .text = "Creates a role, which others assume for a while: those whom "
		 "its trust document names.",
	 .arguments = {ARGUMENT_NAME},
	 COMMAND_FLAGS(role_create_flags),
	 .run = api_run,
	 .call = &role_create},
	{.group = "role",
	 .name = "update",
	 .synopsis = "NAME",
	 .summary = "Change a role",
	 .text = "Changes what is said about a role, or how long its sessions "
		 "may be.",
	 .arguments = {ARGUMENT_NAME},
	 COMMAND_FLAGS(role_update_flags),
	 .run = api_run,
	 .call = &role_update},
	{.group = "role",
	 .name = "trust",
	 .synopsis = "NAME",
	 .summary = "Show who may assume a role",
	 .text = "Shows the trust document of a role.",
	 .arguments = {ARGUMENT_NAME},
	 .run = api_run,
	 .call = &role_trust},
	{.group = "role",
	 .name = "set-trust",
	 .synopsis = "NAME --document FILE",
	 .summary = "Set who may assume a role",
	 .text = "Replaces the trust document of a role.",
	 .arguments = {ARGUMENT_NAME},
	 COMMAND_FLAGS(trust_flags),
	 .run = api_run,
	 .call = &role_set_trust},
	{.group = "role",
	 .name = "disable",
	 .synopsis = "NAME",
	 .summary = "Disable a role",
	 .text = "Refuses all credentials of a role from now on, without "
		 "deleting anything.",
	 .arguments = {ARGUMENT_NAME},
	 .run = api_run,
	 .call = &role_disable},
	{.group = "role",
	 .name = "enable",
	 .synopsis = "NAME",
	 .summary = "Enable a role",
	 .text = "Takes the credentials of a role again.",
	 .arguments = {ARGUMENT_NAME},
	 .run = api_run,
	 .call = &role_enable},
	{.group = "role",
	 .name = "delete",
	 .synopsis = "NAME",
	 .summary = "Delete a role",
	 .text = "Deletes a role; its sessions end. It asks first.",
	 .arguments = {ARGUMENT_NAME},
	 COMMAND_FLAGS(yes_flags),
	 .run = api_run,
	 .call = &role_delete},
	{.group = "group",
	 .name = "list",
	 .synopsis = "",
	 .summary = "List the groups",
	 .text = "Lists the groups of the account.",
	 .run = api_run,
	 .call = &group_list},
	{.group = "group",
	 .name = "show",
	 .synopsis = "NAME",
	 .summary = "Show a group",
	 .text = "Shows a group.",
	 .arguments = {ARGUMENT_NAME},
	 .run = api_run,
	 .call = &group_show},
	{.group = "group",
	 .name = "members",
	 .synopsis = "NAME",
	 .summary = "List the members of a group",
	 .text = "Lists the users and robots in a group.",
	 .arguments = {ARGUMENT_NAME},
	 .run = api_run,
	 .call = &group_members},
	{.group = "group",
	 .name = "create",
	 .synopsis = "NAME",
	 .summary = "Create a group",
	 .text = "Creates a group: what is attached to it holds for its "
		 "members.",
	 .arguments = {ARGUMENT_NAME},
	 COMMAND_FLAGS(describe_flags),
	 .run = api_run,
	 .call = &group_create},
	{.group = "group",
	 .name = "add",
	 .synopsis = "GROUP MEMBER",
	 .summary = "Put somebody into a group",
	 .text = "Puts a user or a robot into a group.",
	 .arguments = {ARGUMENT_NAME, ARGUMENT_NAME},
	 .run = api_run,
	 .call = &group_add},
	{.group = "group",
	 .name = "remove",
	 .synopsis = "GROUP MEMBER",
	 .summary = "Take somebody out of a group",
	 .text = "Takes a user or a robot out of a group.",
	 .arguments = {ARGUMENT_NAME, ARGUMENT_NAME},
	 .run = api_run,
	 .call = &group_remove},
	{.group = "group",
	 .name = "delete",
	 .synopsis = "NAME",
	 .summary = "Delete a group",
	 .text = "Deletes a group, not its members. It asks first.",
	 .arguments = {ARGUMENT_NAME},
	 COMMAND_FLAGS(yes_flags),
	 .run = api_run,
	 .call = &group_delete},
};

const struct command_table commands_people = {
	.title = "Users, robots, roles and groups",
	.commands = commands,
	.count = sizeof(commands) / sizeof(commands[0])};
