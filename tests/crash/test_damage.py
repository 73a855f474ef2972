# SPDX-License-Identifier: Apache-2.0
"""A20: data that were damaged or put back while nobody looked.  What is damaged
is told as such and reported, the rest keeps being served, wrong bytes never are,
and a push puts right what it can.

A bit that flipped within a blob's bytes keeps the file's size: only a scrub that
reads all blobs can find it, not a pull that sends them from the page cache.
"""
import glob
import os
import random
import shutil
import sqlite3

import pytest

from berthlib.oci import Repository, digest, image
from berthlib.server import PASSWORD
from history import Connection, Load, digest_of

FLIPS = int(os.environ.get("BERTH_CRASH_FLIPS", 10))


def database(server):
    return os.path.join(server.data, "berth.db")


def quiet_files(server):
    """The database with its log, as they lie there."""
    return [path for path in glob.glob(database(server) + "*")
            if not path.endswith((".lock", "-shm"))]


def blob_file(server, data):
    name = digest(data).split(":")[1]
    path, = glob.glob(os.path.join(server.data, "blobs", "sha256", name[:2],
                                   name + ".*"))
    return path


def in_pieces(load, address):
    """Nothing is wrong or half visible, though some of it may be gone."""
    for worker in load.workers:
        connection = Connection(address, PASSWORD)
        there = set()
        for kind, table in (("blobs", worker.blobs),
                            ("manifests", worker.manifests)):
            for name in table:
                status, _, body = connection.send(
                    "GET", "%s/%s/%s" % (worker.base, kind, name))
                assert status in (200, 404), (status, body)
                if status == 200:
                    assert digest_of(body) == name
                    there.add(name)
        for name in there & set(worker.images):
            config, layers = worker.images[name]
            assert {digest_of(data) for data in [config] + layers} <= there
        for tag in worker.tags:
            status, headers, _ = connection.send(
                "HEAD", worker.base + "/manifests/" + tag)
            assert status == 404 or headers["Docker-Content-Digest"] in there
        connection.close()


def test_A20_old_database_with_newer_blobs(server):
    load = Load(PASSWORD, "restored")
    server.start()
    load.start(server.address)
    load.work(40)
    load.join()
    server.stop()
    old = load.frozen()
    kept = {path: path + ".kept" for path in quiet_files(server)}
    for path, copy in kept.items():
        shutil.copy(path, copy)
    server.start()
    load.start(server.address)
    load.work(60)
    load.join()
    server.stop()
    for path in quiet_files(server):
        if not path.endswith(".kept"):
            os.unlink(path)
    for path, copy in kept.items():
        os.rename(copy, path)
    server.start()
    # All that the copy knew is there: its blobs were not collected since.
    old.verify(server.address, uploads=False)
    in_pieces(load, server.address)
    repo = Repository(server.client(), "restored/new")
    repo.push_image("new")
    repo.get(repo.manifest("new")).expect(200)


@pytest.mark.parametrize("cut", [1, 3000, 20000, 0.5, 1.0])
def test_A20_truncated_log(server, cut):
    load = Load(PASSWORD, "truncated/%s" % cut, sizes=(0, 1, 100, 5000))
    server.start()
    load.start(server.address)
    load.work(60)
    server.kill()
    load.join()
    log = database(server) + "-wal"
    size = os.path.getsize(log)
    os.truncate(log, max(0, size - (int(cut * size) if isinstance(cut, float)
                                    else cut)))
    server.start()
    in_pieces(load, server.address)
    repo = Repository(server.client(), "truncated/new")
    repo.push_image("new")
    repo.get(repo.manifest("new")).expect(200)


def cut_short(path):
    os.truncate(path, 3)


def made_longer(path):
    with open(path, "ab") as file:
        file.write(b"more")


def replaced(path):
    os.unlink(path)
    os.mkdir(path)


@pytest.mark.parametrize("damage", [os.unlink, cut_short, made_longer,
                                    replaced], ids=lambda f: f.__name__)
def test_A20_damaged_blob_file(server, damage):
    server.start()
    repo = Repository(server.client(), "damaged")
    spoilt, whole = b"spoilt" * 5000, b"whole" * 5000
    kept = image(b"{}", [spoilt, whole])
    for data in (b"{}", spoilt, whole):
        repo.push_blob(data)
    repo.push_manifest("kept", kept)
    server.stop()
    path = blob_file(server, spoilt)
    damage(path)
    server.start()
    repo = Repository(server.client(), "damaged")
    for _ in range(2):
        reply = repo.get(repo.blob(digest(spoilt)))
        reply.error(500, "UNSUPPORTED")
        assert "damaged" in reply.json()["errors"][0]["message"]
    assert repo.get(repo.blob(digest(whole))).expect(200).body == whole
    assert repo.get(repo.manifest("kept")).expect(200).body == kept
    assert "CORRUPT" in server.tail()
    if damage is replaced:
        return
    # Whoever still has it puts it right.
    repo.push_blob(spoilt)
    assert repo.get(repo.blob(digest(spoilt))).expect(200).body == spoilt
    assert "blob_damaged" in server.tail()
    server.restart()
    repo = Repository(server.client(), "damaged")
    assert repo.get(repo.blob(digest(spoilt))).expect(200).body == spoilt


def test_A20_damage_below_a_running_server(server):
    """A descriptor that is kept open does not hide it."""
    server.start()
    repo = Repository(server.client(), "below")
    data = b"below" * 50000
    repo.push_blob(data)
    assert repo.get(repo.blob(digest(data))).expect(200).body == data
    os.chmod(blob_file(server, data), 0o600)
    os.truncate(blob_file(server, data), 1000)
    repo.get(repo.blob(digest(data))).error(500, "UNSUPPORTED")
    repo.push_blob(data)
    assert repo.get(repo.blob(digest(data))).expect(200).body == data


def test_A20_flipped_bit_in_a_manifest(server):
    server.start()
    repo = Repository(server.client(), "flipped")
    spoilt = repo.push_image("spoilt", "one")
    whole = repo.push_image("whole", "two")
    server.stop()
    with sqlite3.connect(database(server)) as db:
        bytes_ = bytearray(spoilt)
        bytes_[len(bytes_) // 2] ^= 4
        changed = db.execute("UPDATE manifests SET body = ? WHERE body = ?",
                             (bytes(bytes_), spoilt)).rowcount
        assert changed == 1
    db.close()
    server.start()
    repo = Repository(server.client(), "flipped")
    for ref in ("spoilt", digest(spoilt)):
        repo.get(repo.manifest(ref)).error(500, "UNSUPPORTED")
        repo.head(repo.manifest(ref)).expect(500)
    assert "damaged" in server.tail()
    assert repo.get(repo.manifest("whole")).expect(200).body == whole
    repo.push_manifest("spoilt", spoilt)
    assert repo.get(repo.manifest("spoilt")).expect(200).body == spoilt


def flip(path, chosen):
    """One bit of a byte in use."""
    with open(path, "r+b") as file:
        data = file.read()
        at = chosen.randrange(len(data))
        while data[at] == 0:
            at = chosen.randrange(len(data))
        file.seek(at)
        file.write(bytes([data[at] ^ 1 << chosen.randrange(8)]))
    return at


def look(server, images):
    """Right bytes or an error, for each; how many are right."""
    right = 0
    client = server.client()
    for repo, manifest, layer in images:
        repo = Repository(client, repo)
        for target, want in ((repo.manifest(digest(manifest)), manifest),
                             (repo.blob(digest(layer)), layer)):
            reply = repo.get(target)
            if reply.status == 200:
                assert reply.body == want
                right += 1
            else:
                # What a lost key takes with it cannot be told from absence,
                # nor a password that no longer fits from a wrong one.
                reply.error((401, 404, 500, 503), "MANIFEST_UNKNOWN",
                            "BLOB_UNKNOWN", "NAME_UNKNOWN", "UNSUPPORTED",
                            "UNAUTHORIZED", "TOOMANYREQUESTS")
    return right


def test_A20_flipped_bits_in_the_database(server):
    """Anywhere: never wrong bytes, never an end of the daemon but at its start
    with a word about why; the most of it goes on being served."""
    images = []
    server.start()
    for number in range(8):
        repo = Repository(server.client(), "bits/%d" % number)
        config, layer = b"{}", b"layer %d" % number
        repo.push_blob(config)
        repo.push_blob(layer)
        manifest = image(config, [layer])
        repo.push_manifest("t", manifest)
        images.append((repo.name, manifest, layer))
    server.stop()
    assert not os.path.exists(database(server) + "-wal")
    shutil.copy(database(server), database(server) + ".kept")
    chosen = random.Random("bits")
    rights = []
    for _ in range(FLIPS):
        at = flip(database(server), chosen)
        try:
            server.start()
        except AssertionError as refused:
            assert "left with 1" in str(refused), (at, refused)
            assert "SQLite" in str(refused) or "schema" in str(refused), at
        else:
            rights.append(look(server, images))
            assert server.running(), (at, server.tail())
            assert server.stop() == 0, (at, server.tail())
        for path in quiet_files(server):
            if not path.endswith(".kept"):
                os.unlink(path)
        shutil.copy(database(server) + ".kept", database(server))
    assert sum(rights) > len(rights) * len(images), rights
    server.start()
    assert look(server, images) == 2 * len(images)


def test_A20_page_of_noise(server):
    """A page of a table is noise: its content is told as damaged."""
    server.start()
    repo = Repository(server.client(), "noise")
    kept = [repo.push_image("t%d" % n, "%d" % n) for n in range(40)]
    server.stop()
    noise = random.Random("noise")
    with open(database(server), "r+b") as file:
        pages = len(file.read()) // 4096
        for page in range(3, pages, 2):
            file.seek(page * 4096)
            file.write(noise.randbytes(4096))
    try:
        server.start()
    except AssertionError as refused:
        assert "left with 1" in str(refused)
        assert "malformed" in str(refused) or "not a database" in str(refused)
        return
    repo = Repository(server.client(), "noise")
    statuses = [repo.get(repo.manifest(digest(one))).status for one in kept]
    assert 500 in statuses or 503 in statuses, statuses
    assert repo.client.get("/healthz").status == 200
    assert "CORRUPT" in server.tail() or "malformed" in server.tail()
