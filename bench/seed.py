# SPDX-License-Identifier: Apache-2.0
"""Large stores in no time: rows written straight into Berth's schema.

The rows are as a push would leave them, but no blob lies behind them and no
digest is that of its manifest: they are for what counts, lists and starts,
not for what reads content.
"""

import sqlite3

from servers import CONFIG_TYPE, LAYER_TYPE, MANIFEST_TYPE

ACCOUNT, REGION = "000000000000", "local"  # what berthd takes by default
PER_REPOSITORY = 1000  # manifests, each with a tag
NUMBERS = """WITH RECURSIVE numbers(i) AS
    (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < :count) """
DIGEST = "'sha256:' || lower(hex(randomblob(32)))"
NOW = "(SELECT CAST(strftime('%s') AS INTEGER) * 1000)"

BODY = """'{"schemaVersion":2,"mediaType":"' || :type || '","config":'
    || '{"mediaType":"' || :config_type || '","size":1000,"digest":"'
    || config || '"},"layers":[{"mediaType":"' || :layer_type
    || '","size":1000000,"digest":"' || layer || '"}],"annotations":'
    || '{"number":"' || i || '"}}'"""

REPOSITORIES = [
    NUMBERS + """INSERT INTO repositories
        (id, account, region, name, created_ms)
        SELECT :first + i, :account, :region,
        printf(:name, i), """ + NOW + " FROM numbers",
    """UPDATE counters SET value = (SELECT max(id) FROM repositories)
        WHERE name = 'repository'""",
]

# A config and a layer for each repository, which all its manifests name.
MANIFESTS = [
    "CREATE TEMP TABLE content AS SELECT id, " + DIGEST + " AS config, "
    + DIGEST + " AS layer FROM repositories WHERE id > :first",
    """INSERT INTO blobs
        (id, digest, size, state, storage_key, created_ms, state_ms)
        SELECT :blob + 2 * id, config, 1000, 0, 'seeded/' || config,
        """ + NOW + ", " + NOW + """ FROM temp.content UNION ALL
        SELECT :blob + 2 * id + 1, layer, 1000000, 0, 'seeded/' || layer,
        """ + NOW + ", " + NOW + " FROM temp.content",
    "UPDATE counters SET value = (SELECT max(id) FROM blobs)"
    " WHERE name = 'blob'",
    "UPDATE counters SET value = (SELECT count(*) FROM blobs)"
    " WHERE name = 'blobs_stored'",
    "UPDATE counters SET value = (SELECT sum(size) FROM blobs)"
    " WHERE name = 'bytes_stored'",
    "INSERT INTO repository_blobs (repository_id, digest, linked_ms)"
    " SELECT id, config, " + NOW + " FROM temp.content UNION ALL"
    " SELECT id, layer, " + NOW + " FROM temp.content",
    NUMBERS + """INSERT INTO manifests (repository_id, digest, media_type,
        artifact_type, subject, size, pushed_ms, annotations, body)
        SELECT id, """ + DIGEST + ", :type, '', '', length(" + BODY + """),
        """ + NOW + ", '', CAST(" + BODY + """ AS BLOB)
        FROM temp.content CROSS JOIN numbers""",
    """INSERT INTO manifest_references
        (repository_id, manifest, target, kind)
        SELECT repository_id, digest, config, 0 FROM manifests
        JOIN temp.content ON id = repository_id UNION ALL
        SELECT repository_id, digest, layer, 1 FROM manifests
        JOIN temp.content ON id = repository_id""",
]

TAGS = """INSERT INTO tags (repository_id, name, digest, updated_ms)
    SELECT repository_id, printf('v%07d', rowid), digest, pushed_ms
    FROM manifests WHERE repository_id > :first"""

MANY_TAGS = NUMBERS + """INSERT INTO tags
    (repository_id, name, digest, updated_ms)
    SELECT repository_id, printf('v%07d', i), digest, pushed_ms
    FROM (SELECT * FROM manifests WHERE repository_id > :first LIMIT 1),
    numbers"""


def run(connection, statements, **values):
    values.update(account=ACCOUNT, region=REGION, type=MANIFEST_TYPE,
                  config_type=CONFIG_TYPE, layer_type=LAYER_TYPE)
    for statement in statements:
        connection.execute(statement, values)


def newest(connection, table):
    return connection.execute("SELECT coalesce(max(id), 0) FROM "
                              + table).fetchone()[0]


def seeded(path, work):
    """Do the work in one transaction of a database nobody else has open; a
    crash may cost the database, which is the price of the speed."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -200000")
        connection.execute("BEGIN IMMEDIATE")
        work(connection)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def manifests(path, count):
    """That many manifests, each with a tag, in repositories of a thousand."""
    def work(connection):
        first = newest(connection, "repositories")
        run(connection, REPOSITORIES, first=first, name="seed/%06d",
            count=max(1, count // PER_REPOSITORY))
        run(connection, MANIFESTS + [TAGS], first=first,
            blob=newest(connection, "blobs"), count=PER_REPOSITORY)
    seeded(path, work)


def tags(path, name, count):
    """One repository of one manifest with that many tags."""
    def work(connection):
        first = newest(connection, "repositories")
        run(connection, REPOSITORIES, first=first, name=name, count=1)
        run(connection, MANIFESTS, first=first,
            blob=newest(connection, "blobs"), count=1)
        run(connection, [MANY_TAGS], first=first, count=count)
    seeded(path, work)


def repositories(path, count):
    """That many empty repositories."""
    def work(connection):
        run(connection, REPOSITORIES, name="seed/%07d", count=count,
            first=newest(connection, "repositories"))
    seeded(path, work)
