-- SPDX-License-Identifier: Apache-2.0
-- The registry's core.  Every integer is BIGINT; text compares by bytes; ids
-- come from counters inside the transaction, so that both engines number alike.

CREATE TABLE counters (
	name TEXT NOT NULL PRIMARY KEY,
	value BIGINT NOT NULL
);

-- The last id given out, and running totals that would cost a scan to count.
INSERT INTO counters (name, value) VALUES
	('repository', 0),
	('blob', 0),
	('user', 0),
	('event', 0),
	('blobs_stored', 0),
	('bytes_stored', 0),
	('uploads_open', 0);

CREATE TABLE repositories (
	id BIGINT NOT NULL PRIMARY KEY,
	account TEXT NOT NULL,
	region TEXT NOT NULL,
	name TEXT NOT NULL,
	created_ms BIGINT NOT NULL,
	UNIQUE (account, region, name)
);

-- state: 0 live, 1 condemned, 2 deleting.
CREATE TABLE blobs (
	id BIGINT NOT NULL PRIMARY KEY,
	digest TEXT NOT NULL,
	size BIGINT NOT NULL,
	state BIGINT NOT NULL,
	storage_key TEXT NOT NULL UNIQUE,
	created_ms BIGINT NOT NULL,
	state_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX blobs_by_digest ON blobs (digest) WHERE state < 2;
CREATE INDEX blobs_leaving ON blobs (state, state_ms, id) WHERE state > 0;

CREATE TABLE repository_blobs (
	repository_id BIGINT NOT NULL,
	digest TEXT NOT NULL,
	linked_ms BIGINT NOT NULL,
	PRIMARY KEY (repository_id, digest)
);
CREATE INDEX repository_blobs_by_digest
	ON repository_blobs (digest, repository_id);

-- The body comes last: a row's other columns are then read without it.
CREATE TABLE manifests (
	repository_id BIGINT NOT NULL,
	digest TEXT NOT NULL,
	media_type TEXT NOT NULL,
	artifact_type TEXT NOT NULL,
	subject TEXT NOT NULL,
	size BIGINT NOT NULL,
	pushed_ms BIGINT NOT NULL,
	annotations TEXT NOT NULL,
	body BYTEA NOT NULL,
	PRIMARY KEY (repository_id, digest)
);
CREATE INDEX manifests_by_subject
	ON manifests (repository_id, subject, digest) WHERE subject <> '';
CREATE INDEX manifests_by_subject_and_type
	ON manifests (repository_id, subject, artifact_type, digest)
	WHERE subject <> '';

-- kind: 0 config, 1 layer, 2 child of an index, 3 any other content.
CREATE TABLE manifest_references (
	repository_id BIGINT NOT NULL,
	manifest TEXT NOT NULL,
	target TEXT NOT NULL,
	kind BIGINT NOT NULL,
	PRIMARY KEY (repository_id, manifest, target, kind)
);
CREATE INDEX manifest_references_to
	ON manifest_references (target, repository_id);

CREATE TABLE tags (
	repository_id BIGINT NOT NULL,
	name TEXT NOT NULL,
	digest TEXT NOT NULL,
	updated_ms BIGINT NOT NULL,
	PRIMARY KEY (repository_id, name)
);
CREATE INDEX tags_by_digest ON tags (repository_id, digest);

CREATE TABLE uploads (
	id TEXT NOT NULL PRIMARY KEY,
	account TEXT NOT NULL,
	region TEXT NOT NULL,
	repository TEXT NOT NULL,
	principal TEXT NOT NULL,
	algo TEXT NOT NULL,
	started_ms BIGINT NOT NULL,
	touched_ms BIGINT NOT NULL
);
CREATE INDEX uploads_by_repository ON uploads (account, region, repository);
CREATE INDEX uploads_by_principal ON uploads (account, region, principal);
CREATE INDEX uploads_by_age ON uploads (touched_ms, id);

CREATE TABLE events (
	account TEXT NOT NULL,
	region TEXT NOT NULL,
	number BIGINT NOT NULL,
	at_ms BIGINT NOT NULL,
	kind TEXT NOT NULL,
	repository TEXT NOT NULL,
	digest TEXT NOT NULL,
	tag TEXT NOT NULL,
	actor TEXT NOT NULL,
	detail TEXT NOT NULL,
	PRIMARY KEY (account, region, number)
);

CREATE TABLE users (
	id BIGINT NOT NULL PRIMARY KEY,
	account TEXT NOT NULL,
	name TEXT NOT NULL,
	password_hash TEXT NOT NULL,
	administrator BIGINT NOT NULL,
	disabled BIGINT NOT NULL,
	created_ms BIGINT NOT NULL,
	UNIQUE (account, name)
);
