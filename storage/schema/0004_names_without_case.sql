-- SPDX-License-Identifier: Apache-2.0
-- "Admin" must not be somebody else than "admin" in the eyes of who reads it.
CREATE UNIQUE INDEX principals_without_case
	ON principals (account, lower(name));
CREATE UNIQUE INDEX principal_groups_without_case
	ON principal_groups (account, lower(name));
