-- SPDX-License-Identifier: Apache-2.0
-- Identities: who may be known, what they show, what they may do, what they
-- did.  Names never change, so that rows may repeat them: that keeps listings
-- in the order of an index.

-- kind: 1 user, 2 robot, 3 role.  trust: who may assume a role.
CREATE TABLE principals (
	id BIGINT NOT NULL PRIMARY KEY,
	account TEXT NOT NULL,
	name TEXT NOT NULL,
	kind BIGINT NOT NULL,
	password_hash TEXT NOT NULL,
	description TEXT NOT NULL,
	disabled BIGINT NOT NULL,
	created_ms BIGINT NOT NULL,
	expires_ms BIGINT NOT NULL,
	session_max_s BIGINT NOT NULL,
	trust TEXT NOT NULL,
	UNIQUE (account, name)
);
CREATE INDEX principals_by_kind ON principals (account, kind, name);

CREATE TABLE certificates (
	account TEXT NOT NULL,
	name TEXT NOT NULL,
	principal_id BIGINT NOT NULL,
	PRIMARY KEY (account, name)
);
CREATE INDEX certificates_by_principal ON certificates (principal_id, name);

CREATE TABLE principal_groups (
	id BIGINT NOT NULL PRIMARY KEY,
	account TEXT NOT NULL,
	name TEXT NOT NULL,
	description TEXT NOT NULL,
	created_ms BIGINT NOT NULL,
	UNIQUE (account, name)
);

CREATE TABLE memberships (
	group_id BIGINT NOT NULL,
	principal_name TEXT NOT NULL,
	principal_id BIGINT NOT NULL,
	group_name TEXT NOT NULL,
	PRIMARY KEY (group_id, principal_name),
	UNIQUE (principal_id, group_name)
);

CREATE TABLE policies (
	account TEXT NOT NULL,
	name TEXT NOT NULL,
	updated_ms BIGINT NOT NULL,
	document TEXT NOT NULL,
	PRIMARY KEY (account, name)
);

-- holder_kind: 1 a principal's id, 2 a group's.
CREATE TABLE attachments (
	holder_kind BIGINT NOT NULL,
	holder_id BIGINT NOT NULL,
	policy TEXT NOT NULL,
	pattern TEXT NOT NULL,
	account TEXT NOT NULL,
	PRIMARY KEY (holder_kind, holder_id, policy, pattern)
);
CREATE INDEX attachments_by_policy ON attachments (account, policy);

CREATE TABLE repository_policies (
	repository_id BIGINT NOT NULL PRIMARY KEY,
	updated_ms BIGINT NOT NULL,
	document TEXT NOT NULL
);

CREATE TABLE registry_policies (
	account TEXT NOT NULL,
	region TEXT NOT NULL,
	updated_ms BIGINT NOT NULL,
	document TEXT NOT NULL,
	PRIMARY KEY (account, region)
);

CREATE TABLE access_keys (
	id TEXT NOT NULL PRIMARY KEY,
	principal_id BIGINT NOT NULL,
	disabled BIGINT NOT NULL,
	created_ms BIGINT NOT NULL,
	used_ms BIGINT NOT NULL,
	description TEXT NOT NULL,
	sealed TEXT NOT NULL
);
CREATE INDEX access_keys_by_principal
	ON access_keys (principal_id, created_ms, id);

-- kind: 1 API token, 2 refresh token.
CREATE TABLE tokens (
	id TEXT NOT NULL PRIMARY KEY,
	kind BIGINT NOT NULL,
	principal_id BIGINT NOT NULL,
	hash TEXT NOT NULL,
	created_ms BIGINT NOT NULL,
	expires_ms BIGINT NOT NULL,
	used_ms BIGINT NOT NULL,
	description TEXT NOT NULL,
	scope TEXT NOT NULL
);
CREATE INDEX tokens_by_principal ON tokens (principal_id, kind, created_ms, id);
CREATE INDEX tokens_by_expiry ON tokens (expires_ms, id) WHERE expires_ms > 0;

CREATE TABLE signing_keys (
	kid TEXT NOT NULL PRIMARY KEY,
	created_ms BIGINT NOT NULL,
	retired_ms BIGINT NOT NULL,
	sealed TEXT NOT NULL
);
CREATE INDEX signing_keys_by_age ON signing_keys (created_ms, kid);

CREATE TABLE issuers (
	account TEXT NOT NULL,
	url TEXT NOT NULL,
	audiences TEXT NOT NULL,
	jwks_url TEXT NOT NULL,
	ca_file TEXT NOT NULL,
	private_addresses BIGINT NOT NULL,
	created_ms BIGINT NOT NULL,
	PRIMARY KEY (account, url)
);

-- touched_ms: the later of the two before it.
CREATE TABLE logins (
	subject TEXT NOT NULL PRIMARY KEY,
	failures BIGINT NOT NULL,
	failed_ms BIGINT NOT NULL,
	succeeded_ms BIGINT NOT NULL,
	touched_ms BIGINT NOT NULL
);
CREATE INDEX logins_by_age ON logins (touched_ms, subject);

-- latest_ms is for searching: the latest time up to this row, which unlike at_ms
-- never goes back.
CREATE TABLE audit (
	account TEXT NOT NULL,
	number BIGINT NOT NULL,
	at_ms BIGINT NOT NULL,
	latest_ms BIGINT NOT NULL,
	kind TEXT NOT NULL,
	outcome TEXT NOT NULL,
	actor TEXT NOT NULL,
	source TEXT NOT NULL,
	request_id TEXT NOT NULL,
	target TEXT NOT NULL,
	before_digest TEXT NOT NULL,
	after_digest TEXT NOT NULL,
	detail TEXT NOT NULL,
	hash TEXT NOT NULL,
	PRIMARY KEY (account, number)
);

-- Which blocks of 256 numbers hold a kind ("k" and the kind up to its first
-- dot), an actor ("a...") or a target ("t" and what stands before its last
-- colon).  An index of every row would cost each push several pages; most find
-- their block told of already.
CREATE TABLE audit_terms (
	account TEXT NOT NULL,
	term TEXT NOT NULL,
	block BIGINT NOT NULL,
	PRIMARY KEY (account, term, block)
);
CREATE INDEX audit_terms_by_block ON audit_terms (account, block);

-- The last row of each account's log, and the last that retention removed.
CREATE TABLE audit_heads (
	account TEXT NOT NULL PRIMARY KEY,
	number BIGINT NOT NULL,
	latest_ms BIGINT NOT NULL,
	hash TEXT NOT NULL,
	base_number BIGINT NOT NULL,
	base_hash TEXT NOT NULL
);

-- Users become principals under the same ids; administrators keep their rights
-- through the ready-made policy.
INSERT INTO principals (id, account, name, kind, password_hash, description,
		disabled, created_ms, expires_ms, session_max_s, trust)
	SELECT id, account, name, 1, password_hash, '', disabled, created_ms,
		0, 0, ''
	FROM users;
INSERT INTO attachments (holder_kind, holder_id, policy, pattern, account)
	SELECT 1, id, 'administrator', '*', account
	FROM users WHERE administrator <> 0;
DROP TABLE users;
UPDATE counters SET name = 'principal' WHERE name = 'user';
INSERT INTO counters (name, value) VALUES ('group', 0), ('identity', 0);
