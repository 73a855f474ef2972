/* SPDX-License-Identifier: Apache-2.0 */
/* The commands about policies, issuers and the audit log. */
#include "cli/api.h"
#include "cli/commands.h"

static const struct flag yes_flags[] = {
	{"--yes", NULL, "Do not ask; needed where there is no terminal.",
	 offsetof(struct options, yes), false},
};

static const struct flag document_flags[] = {
	{"--document", "FILE", "The policy document; - for standard input.",
	 offsetof(struct options, policy_file), false},
};

static const struct flag set_repository_flags[] = {
	{"--document", "FILE", "The policy document; - for standard input.",
	 offsetof(struct options, policy_file), false},
	{"--force", NULL, "Although it would keep you from changing it again.",
	 offsetof(struct options, force), false},
};

static const struct flag pattern_flags[] = {
	{"--pattern", "PATTERN",
	 "Of the repositories that a ready-made policy is for (default *).",
	 offsetof(struct options, pattern), false},
};

static const struct flag simulate_flags[] = {
	{"--repository", "REPO", "The repository that it is done to.",
	 offsetof(struct options, pattern), false},
	{"--source", "ADDRESS", "The address that it comes from.",
	 offsetof(struct options, source), false},
};

static const struct flag issuer_put_flags[] = {
	{"--audience", "TEXT",
	 "An audience that its tokens must have; may be given several times.",
	 offsetof(struct options, audiences), true},
	{"--jwks", "URL", "Where its keys are; found by discovery without.",
	 offsetof(struct options, jwks), false},
	{"--issuer-ca", "FILE", "Authorities to trust, a path on the server.",
	 offsetof(struct options, issuer_ca), false},
	{"--private-addresses", NULL, "It may have a private address.",
	 offsetof(struct options, private_addresses), false},
};

static const struct flag audit_flags[] = {
	{"--since", "TIME", "From then on, such as 2026-01-02T03:04:05Z.",
	 offsetof(struct options, since), false},
	{"--until", "TIME", "Before then.", offsetof(struct options, until),
	 false},
	{"--kind", "KIND", "Of that kind; auth. is all that begin so.",
	 offsetof(struct options, kind), false},
	{"--actor", "NAME", "Done by that one.",
	 offsetof(struct options, actor), false},
};

static const struct flag rotate_flags[] = {
	{"--drop-old", NULL,
	 "Trust the old keys no longer: all access tokens end.",
	 offsetof(struct options, drop_old), false},
};

static const struct api_call policy_list = {
	.method = "GET",
	.path = "/api/v1/policies",
	.list = "policies",
	.columns = {{"NAME", "name"},
		    {"READY-MADE", "managed"},
		    {"SUMMARY", "summary"}},
};

static const struct api_call policy_show = {
	.method = "GET",
	.path = "/api/v1/policies/{0}",
	.query = {{"pattern", API_TEXT, offsetof(struct options, pattern)}},
};

static const struct api_call policy_put = {
	.method = "PUT",
	.path = "/api/v1/policies/{0}",
	.body = {{NULL, API_DOCUMENT, offsetof(struct options, policy_file)}},
	.done = "is stored",
};

static const struct api_call policy_delete = {
	.method = "DELETE",
	.path = "/api/v1/policies/{0}",
	.confirm = "Delete policy",
	.done = "is deleted",
};

static const struct api_call policy_attached = {
	.method = "GET",
	.path = "/api/v1/{holder 0}/policies",
	.list = "policies",
	.columns = {{"POLICY", "policy"},
		    {"PATTERN", "pattern"},
		    {"GROUP", "group"}},
};

static const struct api_call policy_attach = {
	.method = "PUT",
	.path = "/api/v1/{holder 1}/policies/{0}",
	.query = {{"pattern", API_TEXT, offsetof(struct options, pattern)}},
	.done = "is attached",
};

static const struct api_call policy_detach = {
	.method = "DELETE",
	.path = "/api/v1/{holder 1}/policies/{0}",
	.query = {{"pattern", API_TEXT, offsetof(struct options, pattern)}},
	.done = "is detached",
};

static const struct api_call policy_simulate = {
	.method = "POST",
	.path = "/api/v1/policies/simulate",
	.body = {{"principal", API_ARGUMENT, 0},
		 {"action", API_ARGUMENT, 1},
		 {"repository", API_TEXT, offsetof(struct options, pattern)},
		 {"source", API_TEXT, offsetof(struct options, source)}},
};

static const struct api_call repository_policy_show = {
	.method = "GET",
	.path = "/api/v1/repository-policies/{repository}",
};

static const struct api_call repository_policy_set = {
	.method = "PUT",
	.path = "/api/v1/repository-policies/{repository}",
	.body = {{NULL, API_DOCUMENT, offsetof(struct options, policy_file)}},
	.query = {{"force", API_SWITCH, offsetof(struct options, force)}},
	.done = "has a policy",
};

static const struct api_call repository_policy_delete = {
	.method = "DELETE",
	.path = "/api/v1/repository-policies/{repository}",
	.confirm = "Remove the policy of",
	.done = "has no policy any more",
};

static const struct api_call registry_policy_show = {
	.method = "GET",
	.path = "/api/v1/registry/policy",
};

static const struct api_call registry_policy_set = {
	.method = "PUT",
	.path = "/api/v1/registry/policy",
	.body = {{NULL, API_DOCUMENT, offsetof(struct options, policy_file)}},
	.done = "The registry has a policy",
};

static const struct api_call registry_policy_delete = {
	.method = "DELETE",
	.path = "/api/v1/registry/policy",
	.confirm = "Remove the policy of the registry",
	.done = "The registry has no policy any more",
};

static const struct api_call issuer_list = {
	.method = "GET",
	.path = "/api/v1/issuers",
	.list = "issuers",
	.columns = {{"URL", "url"},
		    {"AUDIENCES", "audiences"},
		    {"CREATED", "created"}},
};

static const struct api_call issuer_put = {
	.method = "PUT",
	.path = "/api/v1/issuers",
	.body = {{"url", API_ARGUMENT, 0},
		 {"audiences", API_WORDS, offsetof(struct options, audiences)},
		 {"jwks_url", API_TEXT, offsetof(struct options, jwks)},
		 {"ca_file", API_TEXT, offsetof(struct options, issuer_ca)},
		 {"private_addresses", API_SWITCH,
		  offsetof(struct options, private_addresses)}},
	.done = "is trusted",
};

static const struct api_call issuer_delete = {
	.method = "DELETE",
	.path = "/api/v1/issuers",
	.query = {{"url", API_ARGUMENT, 0}},
	.confirm = "Delete issuer",
	.done = "is deleted",
};

static const struct api_call audit_list = {
	.method = "GET",
	.path = "/api/v1/audit",
	.query = {{"since", API_TEXT, offsetof(struct options, since)},
		  {"until", API_TEXT, offsetof(struct options, until)},
		  {"kind", API_TEXT, offsetof(struct options, kind)},
		  {"actor", API_TEXT, offsetof(struct options, actor)}},
	.list = "entries",
	.columns = {{"NUMBER", "number"},
		    {"AT", "at"},
		    {"KIND", "kind"},
		    {"OUTCOME", "outcome"},
		    {"ACTOR", "actor"},
		    {"SOURCE", "source"},
		    {"TARGET", "target"}},
};

static const struct api_call audit_export = {
	.method = "GET",
	.path = "/api/v1/audit/export",
	.query = {{"since", API_TEXT, offsetof(struct options, since)},
		  {"until", API_TEXT, offsetof(struct options, until)},
		  {"kind", API_TEXT, offsetof(struct options, kind)},
		  {"actor", API_TEXT, offsetof(struct options, actor)}},
};

static const struct api_call signing_key_rotate = {
	.method = "POST",
	.path = "/api/v1/signing-keys/rotate",
	.body = {{"drop_old", API_SWITCH, offsetof(struct options, drop_old)}},
};

static const struct command commands[] = {
	{.group = "policy",
	 .name = "list",
	 .synopsis = "",
	 .summary = "List the policies",
	 .text = "Lists the policies there are, the ready-made ones first.",
	 .run = api_run,
	 .call = &policy_list},
	{.group = "policy",
	 .name = "show",
	 .synopsis = "POLICY",
	 .summary = "Show a policy",
	 .text = "Shows the document of a policy.",
	 .arguments = {ARGUMENT_NAME},
	 COMMAND_FLAGS(pattern_flags),
	 .run = api_run,
	 .call = &policy_show},
	{.group = "policy",
	 .name = "put",
	 .synopsis = "POLICY --document FILE",
	 .summary = "Make or replace a policy",
	 .text = "Makes a policy of a document with the semantics of IAM, or "
		 "replaces it for all who have it.",
	 .arguments = {ARGUMENT_NAME},
	 COMMAND_FLAGS(document_flags),
	 .run = api_run,
	 .call = &policy_put},
	{.group = "policy",
	 .name = "delete",
	 .synopsis = "POLICY",
	 .summary = "Delete a policy",
	 .text = "Deletes a policy that nobody has. It asks first.",
	 .arguments = {ARGUMENT_NAME},
	 COMMAND_FLAGS(yes_flags),
	 .run = api_run,
	 .call = &policy_delete},
	{.group = "policy",
	 .name = "attached",
	 .synopsis = "KIND/NAME",
	 .summary = "List the policies of somebody",
	 .text = "Lists the policies of a user, robot, role or group.",
	 .arguments = {ARGUMENT_NAME},
	 .run = api_run,
	 .call = &policy_attached},
	{.group = "policy",
	 .name = "attach",
	 .synopsis = "POLICY KIND/NAME",
	 .summary = "Give somebody a policy",
	 .text = "Attaches a policy to a user, robot, role or group.",
	 .arguments = {ARGUMENT_NAME, ARGUMENT_NAME},
	 COMMAND_FLAGS(pattern_flags),
	 .run = api_run,
	 .call = &policy_attach},
	{.group = "policy",
	 .name = "detach",
	 .synopsis = "POLICY KIND/NAME",
	 .summary = "Take a policy from somebody",
	 .text = "Detaches a policy from a user, robot, role or group.",
	 .arguments = {ARGUMENT_NAME, ARGUMENT_NAME},
	 COMMAND_FLAGS(pattern_flags),
	 .run = api_run,
	 .call = &policy_detach},
	{.group = "policy",
	 .name = "simulate",
	 .synopsis = "NAME ACTION",
	 .summary = "Say whether somebody may do something, and why",
	 .text = "Explains a decision: which statement of which policy allows "
		 "or denies an action such as ecr:PutImage to a user, robot or "
		 "role.",
	 .arguments = {ARGUMENT_NAME, ARGUMENT_NAME},
	 COMMAND_FLAGS(simulate_flags),
	 .run = api_run,
	 .call = &policy_simulate},
	{.group = "repository-policy",
	 .name = "show",
	 .synopsis = "REPO",
	 .summary = "Show the policy of a repository",
	 .text = "Shows the policy document of a repository.",
	 .arguments = {ARGUMENT_REPOSITORY},
	 .run = api_run,
	 .call = &repository_policy_show},
	{.group = "repository-policy",
	 .name = "set",
	 .synopsis = "REPO --document FILE",
	 .summary = "Set the policy of a repository",
	 .text = "Sets who may do what to a repository, besides what the "
		 "policies of users say.",
	 .arguments = {ARGUMENT_REPOSITORY},
	 COMMAND_FLAGS(set_repository_flags),
	 .run = api_run,
	 .call = &repository_policy_set},
	{.group = "repository-policy",
	 .name = "delete",
	 .synopsis = "REPO",
	 .summary = "Remove the policy of a repository",
	 .text = "Removes the policy of a repository. It asks first.",
	 .arguments = {ARGUMENT_REPOSITORY},
	 COMMAND_FLAGS(yes_flags),
	 .run = api_run,
	 .call = &repository_policy_delete},
	{.group = "registry-policy",
	 .name = "show",
	 .synopsis = "",
	 .summary = "Show the policy of the registry",
	 .text = "Shows the policy document of the registry.",
	 .run = api_run,
	 .call = &registry_policy_show},
	{.group = "registry-policy",
	 .name = "set",
	 .synopsis = "--document FILE",
	 .summary = "Set the policy of the registry",
	 .text = "Sets what other accounts may do to the registry as a whole.",
	 COMMAND_FLAGS(document_flags),
	 .run = api_run,
	 .call = &registry_policy_set},
	{.group = "registry-policy",
	 .name = "delete",
	 .synopsis = "",
	 .summary = "Remove the policy of the registry",
	 .text = "Removes the policy of the registry. It asks first.",
	 COMMAND_FLAGS(yes_flags),
	 .run = api_run,
	 .call = &registry_policy_delete},
	{.group = "issuer",
	 .name = "list",
	 .synopsis = "",
	 .summary = "List the issuers of tokens",
	 .text = "Lists the OpenID Connect issuers whose tokens are exchanged "
		 "for sessions of roles.",
	 .run = api_run,
	 .call = &issuer_list},
	{.group = "issuer",
	 .name = "put",
	 .synopsis = "URL",
	 .summary = "Trust an issuer of tokens",
	 .text = "Trusts the tokens of an OpenID Connect issuer, such as a CI "
		 "service or a cluster, for roles whose trust document names "
		 "it.",
	 .arguments = {ARGUMENT_NAME},
	 COMMAND_FLAGS(issuer_put_flags),
	 .run = api_run,
	 .call = &issuer_put},
	{.group = "issuer",
	 .name = "delete",
	 .synopsis = "URL",
	 .summary = "Trust an issuer no longer",
	 .text = "Trusts an issuer no longer. It asks first.",
	 .arguments = {ARGUMENT_NAME},
	 COMMAND_FLAGS(yes_flags),
	 .run = api_run,
	 .call = &issuer_delete},
	{.group = "audit",
	 .name = "list",
	 .synopsis = "",
	 .summary = "List what happened",
	 .text = "Lists the entries of the audit log, the oldest first: failed "
		 "logins, what was denied, and every change.",
	 COMMAND_FLAGS(audit_flags),
	 .run = api_run,
	 .call = &audit_list},
	{.group = "audit",
	 .name = "export",
	 .synopsis = "",
	 .summary = "Write the audit log as JSON lines",
	 .text = "Writes the entries of the audit log to standard output, one "
		 "JSON object a line.",
	 COMMAND_FLAGS(audit_flags),
	 .run = audit_export_run,
	 .call = &audit_export},
	{.group = "audit",
	 .name = "verify",
	 .synopsis = "",
	 .summary = "Check that nothing was altered in the audit log",
	 .text = "Checks the chain of hashes over the whole audit log, and "
		 "says where it is broken. Keep the number and the hash that "
		 "it prints: they show later that nothing up to there was "
		 "changed.",
	 .run = audit_verify_run},
	{.group = "signing-key",
	 .name = "rotate",
	 .synopsis = "",
	 .summary = "Sign access tokens with another key",
	 .text = "Makes another key to sign access tokens with. Tokens of the "
		 "old one stay good until they end.",
	 COMMAND_FLAGS(rotate_flags),
	 .run = api_run,
	 .call = &signing_key_rotate},
};

const struct command_table commands_policies = {.title = "Policies and audit",
						.commands = commands,
						.count = sizeof(commands) /
							 sizeof(commands[0])};
