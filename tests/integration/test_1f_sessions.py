# SPDX-License-Identifier: Apache-2.0
"""OCI-061 to OCI-070: the life of an upload session."""
import os
import threading
import time

import pytest
from berthlib import oci
from berthlib.oci import Repository
from berthlib.wire import Connection

from test_1f_uploads import BODY, close, created, patch


def test_OCI_061_status(repo):
    place = repo.start()
    got = repo.get(place).expect(204)
    assert got.get("Range") == "0-0"
    assert got.get("Location").startswith(repo.uploads)
    patch(repo, place, BODY[:1]).expect(202)
    assert repo.get(place).expect(204).get("Range") == "0-0"
    patch(repo, place, BODY[1:77]).expect(202)
    got = repo.get(place).expect(204)
    assert got.get("Range") == "0-76"
    assert got.get("Location") == place


@pytest.mark.backend
@pytest.mark.disk
@pytest.mark.parametrize("hard", [False, True])
def test_OCI_061_resume_after_a_restart(own_server, hard):
    """After a restart the session tells the truth and can be finished."""
    server = own_server()
    repo = Repository(server.client(), "resumed")
    place = repo.start()
    patch(repo, place, BODY[:3000], 0).expect(202)
    server.restart(hard=hard)
    repo = Repository(server.client(), "resumed")
    got = repo.get(place).expect(204)
    have = int(got.get("Range").split("-")[1]) + 1
    assert have <= 3000
    if not hard:
        assert have == 3000
    have = 0 if have == 1 else have
    patch(repo, place, BODY[have:], have).expect(202)
    created(repo, close(repo, place, oci.digest(BODY)), BODY)


@pytest.mark.disk
def test_OCI_061_resume_of_sha512_after_a_restart(own_server):
    server = own_server()
    repo = Repository(server.client(), "resumed")
    place = repo.start("?digest-algorithm=sha512")
    patch(repo, place, BODY[:3000], 0).expect(202)
    server.restart()
    repo = Repository(server.client(), "resumed")
    reply = close(repo, place, oci.digest(BODY, "sha512"), BODY[3000:])
    created(repo, reply, BODY, "sha512")


def test_OCI_062_no_minimum(repo):
    reply = repo.client.request("POST", repo.uploads).expect(202)
    assert reply.get("OCI-Chunk-Min-Length") is None
    place = reply.get("Location")
    for at in range(0, 5 * 1024, 1024):
        patch(repo, place, BODY[at:at + 1024], at).expect(202)
    created(repo, close(repo, place, oci.digest(BODY)), BODY)


def test_OCI_062_chunks_of_one_byte(repo):
    place = repo.start()
    for at in range(20):
        patch(repo, place, BODY[at:at + 1], at).expect(202)
    created(repo, close(repo, place, oci.digest(BODY[:20])), BODY[:20])


def test_OCI_063_cancel(repo):
    place = repo.start()
    patch(repo, place, BODY).expect(202)
    repo.delete(place).expect(204)
    repo.delete(place).error((404, 400), "BLOB_UPLOAD_UNKNOWN")
    repo.get(place).error(404, "BLOB_UPLOAD_UNKNOWN")
    patch(repo, place, BODY).error(404, "BLOB_UPLOAD_UNKNOWN")
    close(repo, place, oci.digest(BODY)).error(404, "BLOB_UPLOAD_UNKNOWN")


def tree_size(folder):
    total = 0
    for base, _, files in os.walk(folder):
        for file in files:
            try:
                total += os.stat(os.path.join(base, file)).st_blocks * 512
            except FileNotFoundError:
                pass
    return total


@pytest.mark.disk
def test_OCI_063_cancel_frees_the_bytes(own_server):
    server = own_server()
    repo = Repository(server.client(), "cancelled")
    place = repo.start()
    size = 16 << 20
    patch(repo, place, bytes(size)).expect(202)
    before = tree_size(server.data)
    assert before > size // 2
    repo.delete(place).expect(204)
    assert tree_size(server.data) < before - size // 2


def test_OCI_064_sessions_expire(own_server):
    server = own_server("registry.upload_expiry=1s")
    repo = Repository(server.client(), "expired")
    place = repo.start()
    patch(repo, place, BODY).expect(202)
    end = time.monotonic() + 8
    while time.monotonic() < end:
        if repo.get(place).status == 404:
            break
        # A status request must not keep a session alive for ever, so the
        # pause is longer than the life of an idle one.
        time.sleep(1.2)
    repo.get(place).error(404, "BLOB_UPLOAD_UNKNOWN")


@pytest.mark.backend
def test_OCI_065_algorithm_of_the_session(repo):
    place = repo.start("?digest-algorithm=sha512")
    patch(repo, place, BODY, 0).expect(202)
    reply = close(repo, place, oci.digest(BODY, "sha512"))
    created(repo, reply, BODY, "sha512")


def test_OCI_065_sha512_without_saying_so(repo):
    place = repo.start()
    patch(repo, place, BODY[:2000], 0).expect(202)
    patch(repo, place, BODY[2000:], 2000).expect(202)
    reply = close(repo, place, oci.digest(BODY, "sha512"))
    created(repo, reply, BODY, "sha512")


def test_OCI_065_another_algorithm_than_said(repo):
    place = repo.start("?digest-algorithm=sha512")
    patch(repo, place, BODY, 0).expect(202)
    close(repo, place, oci.digest(BODY)).expect(201, 400)


def test_OCI_065_unknown_algorithm(repo):
    reply = repo.client.request(
        "POST", repo.uploads + "?digest-algorithm=md5")
    reply.error(400, "DIGEST_INVALID", "UNSUPPORTED")


@pytest.mark.backend
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("body", [b"", b"{}"])
def test_OCI_066_small_blobs(repo, body, algorithm):
    name = oci.digest(body, algorithm)
    created(repo, close(repo, repo.start(), name, body), body, algorithm)
    place = repo.start()
    patch(repo, place, body).expect(202)
    created(repo, close(repo, place, name), body, algorithm)
    reply = repo.client.request(
        "POST", repo.uploads + "?digest=" + name, body)
    created(repo, reply, body, algorithm)
    repo.delete(repo.blob(name)).expect(202)
    repo.get(repo.blob(name)).error(404, "BLOB_UNKNOWN")


@pytest.mark.parametrize("wrong", [
    "00000000-0000-4000-8000-000000000000", "1", "x" * 36, "x" * 300,
    "..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "-" * 36])
def test_OCI_067_unknown_session(repo, wrong):
    repo.push_blob(b"makes the repository")
    place = repo.uploads + wrong
    for reply in (repo.get(place), patch(repo, place, b"x"),
                  close(repo, place, oci.digest(b"x"), b"x"),
                  repo.delete(place)):
        assert reply.status in (400, 404), str(reply)
        if reply.status == 404:
            reply.error(404, "BLOB_UPLOAD_UNKNOWN", "NAME_UNKNOWN",
                        "NAME_INVALID", "MANIFEST_UNKNOWN")


def test_OCI_067_session_of_another_repository(repo, api, name):
    place = repo.start()
    other = Repository(api, name + "/other")
    other.push_blob(b"makes the repository")
    foreign = other.uploads + place.rsplit("/", 1)[1]
    for reply in (other.get(foreign), patch(other, foreign, BODY),
                  close(other, foreign, oci.digest(BODY), BODY),
                  other.delete(foreign)):
        reply.error(404, "BLOB_UPLOAD_UNKNOWN")
    assert repo.get(place).expect(204).get("Range") == "0-0"
    created(repo, close(repo, place, oci.digest(BODY), BODY), BODY)


def run(*functions):
    """Run all at once; their results, or the first failure."""
    results, failures = {}, []

    def call(at, function):
        try:
            results[at] = function()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=call, args=pair)
               for pair in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return [results[at] for at in range(len(functions))]


def test_OCI_068_two_patches_at_once(repo):
    """While one PATCH is in flight another is refused, whatever it says."""
    place = repo.start()
    body = b"A" * 200000
    with Connection(repo.client.address) as conn:
        conn.send(repo.client.head("PATCH", place, [
            ("Content-Range", "0-%d" % (len(body) - 1))], len(body)))
        conn.send(body[:100000])
        time.sleep(0.1)
        reply = patch(repo, place, b"B" * 100, 0)
        reply.expect(416, 409)
        patch(repo, place, b"B" * 100).expect(416, 409)
        conn.send(body[100000:])
        conn.reply("PATCH").expect(202)
    assert repo.get(place).get("Range") == "0-199999"
    created(repo, close(repo, place, oci.digest(body)), body)


def test_OCI_068_never_interleaved(repo):
    """Of racing PATCHes of one range exactly one wins, whole."""
    for _ in range(3):
        place = repo.start()
        bodies = [bytes([65 + n]) * 300000 for n in range(3)]
        clients = [repo.client.clone() for _ in bodies]
        replies = run(*(
            lambda c=c, b=b: c.request("PATCH", place, b, [
                ("Content-Range", "0-%d" % (len(b) - 1))])
            for c, b in zip(clients, bodies)))
        for client in clients:
            client.close()
        won = [n for n, r in enumerate(replies) if r.status == 202]
        assert len(won) == 1, "\n".join(map(str, replies))
        for reply in replies:
            reply.expect(202, 409, 416)
        body = bodies[won[0]]
        created(repo, close(repo, place, oci.digest(body)), body)


@pytest.mark.backend
def test_OCI_069_same_digest_at_once(repo):
    body = os.urandom(500000)
    name = oci.digest(body)

    def push():
        client = repo.client.clone()
        mine = Repository(client, repo.name)
        reply = close(mine, mine.start(), name, body)
        client.close()
        return reply

    for reply in run(push, push, push, push):
        reply.expect(201)
    assert repo.get(repo.blob(name)).expect(200).body == body


@pytest.mark.disk
def test_OCI_069_one_copy(own_server):
    server = own_server("storage.reserve=0")
    body = os.urandom(8 << 20)
    for name in ("one", "two", "three"):
        Repository(server.client(), name).push_blob(body)
    server.stop()
    assert tree_size(server.data) < 2 * len(body) + (4 << 20)


def test_OCI_070_authorised_at_the_start(repo):
    """A long push needs its authority once, when it begins."""
    place = repo.start()
    with Connection(repo.client.address) as conn:
        conn.send(repo.client.head(
            "PUT", oci.finish(place, oci.digest(BODY)), [], len(BODY)))
        for at in range(0, len(BODY), 1024):
            conn.send(BODY[at:at + 1024])
            time.sleep(0.02)
        created(repo, conn.reply("PUT"), BODY)
