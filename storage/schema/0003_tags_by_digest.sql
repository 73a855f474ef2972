-- SPDX-License-Identifier: Apache-2.0
-- The tags of an image, in their order and without a look at the rows.
DROP INDEX tags_by_digest;
CREATE INDEX tags_by_digest ON tags (repository_id, digest, name);
