# SPDX-License-Identifier: Apache-2.0
"""A5, A6 and A8: blob membership, upload sessions, switches."""
import threading
import time

import pytest
from berthlib import oci
from berthlib.oci import Repository
from berthlib.wire import Connection

BODY = b"upload body " * 100


@pytest.fixture
def pair(api, name):
    return (Repository(api, name + "/one"), Repository(api, name + "/two"))


def hidden(repo, digest):
    """No way in this repository leads to the blob."""
    for fetch in (repo.get, repo.head, repo.delete):
        fetch(repo.blob(digest)).error(404, "BLOB_UNKNOWN", "NAME_UNKNOWN")
    for value in ("bytes=0-0", "bytes=-1", "bytes=0-"):
        repo.get(repo.blob(digest), {"Range": value}).error(
            404, "BLOB_UNKNOWN", "NAME_UNKNOWN")
    repo.get(repo.blob(digest), {"If-None-Match": "*"}).expect(404)
    repo.get(repo.blob(digest), {"If-None-Match": '"%s"' % digest}).expect(404)
    repo.get(repo.manifest(digest)).error(
        404, "MANIFEST_UNKNOWN", "NAME_UNKNOWN")


@pytest.mark.backend
def test_A5_known_digest_of_another_repository(pair):
    one, two = pair
    digest = one.push_blob(b"secret of one " + one.name.encode())
    hidden(two, digest)
    two.push_image("exists")
    hidden(two, digest)


@pytest.mark.backend
def test_A5_after_delete_and_a_pull_elsewhere(pair):
    """A pull in one repository must not bring it back in another."""
    one, two = pair
    body = b"shared " + one.name.encode()
    digest = one.push_blob(body)
    two.push_blob(body)
    one.get(one.blob(digest)).expect(200)
    one.delete(one.blob(digest)).expect(202)
    hidden(one, digest)
    assert two.get(two.blob(digest)).expect(200).body == body
    two.head(two.blob(digest)).expect(200)
    hidden(one, digest)
    two.push_blob(body)
    hidden(one, digest)


def test_A5_manifest_as_a_blob(pair):
    """Blob and manifest routes each show their own kind."""
    one, two = pair
    data = one.push_image("one")
    hidden(two, oci.digest(data))
    reply = one.get(one.blob(oci.digest(data)))
    assert reply.status in (200, 404), str(reply)


def test_A5_through_a_manifest(pair):
    """Naming a foreign blob in a manifest does not make it readable."""
    one, two = pair
    body = b"named only " + one.name.encode()
    digest = one.push_blob(body)
    two.push_blob(b"{}")
    two.put("grab", oci.image(b"{}", [body])).error(
        (400, 404), "MANIFEST_BLOB_UNKNOWN")
    artifact = oci.artifact(oci.descriptor(body))
    two.push_manifest("about", artifact)
    hidden(two, digest)
    assert len(two.get(two.referrers(digest)).json()["manifests"]) == 1
    assert one.get(one.referrers(digest)).json()["manifests"] == []


@pytest.mark.backend
def test_A5_mount_after_delete_everywhere(pair):
    one, two = pair
    body = b"short life " + one.name.encode()
    digest = one.push_blob(body)
    one.delete(one.blob(digest)).expect(202)
    for query in ("?mount=%s" % digest,
                  "?mount=%s&from=%s" % (digest, one.name)):
        two.client.request("POST", two.uploads + query).expect(202)
    hidden(two, digest)
    two.push_blob(body)
    hidden(one, digest)
    assert two.get(two.blob(digest)).expect(200).body == body


def test_A6_session_after_its_end(pair):
    one, _ = pair
    place = one.start()
    name = oci.digest(BODY)
    one.client.request("PUT", oci.finish(place, name), BODY).expect(201)
    for method in ("PATCH", "PUT", "GET", "DELETE"):
        target = oci.finish(place, name) if method == "PUT" else place
        body = BODY if method in ("PATCH", "PUT") else None
        one.client.request(method, target, body).error(
            404, "BLOB_UPLOAD_UNKNOWN")
    assert one.get(one.blob(name)).expect(200).body == BODY


def test_A6_session_in_another_repository(pair):
    one, two = pair
    two.push_blob(b"exists")
    place = one.start()
    foreign = two.uploads + place.rsplit("/", 1)[1]
    name = oci.digest(BODY)
    two.client.request("PATCH", foreign, BODY).error(
        404, "BLOB_UPLOAD_UNKNOWN")
    two.client.request("PUT", oci.finish(foreign, name), BODY).error(
        404, "BLOB_UPLOAD_UNKNOWN")
    two.delete(foreign).error(404, "BLOB_UPLOAD_UNKNOWN")
    assert one.get(place).expect(204).get("Range") == "0-0"


def test_A6_session_of_another_authority(own_server):
    """Anonymous pushers do not share the administrator's sessions."""
    server = own_server(arguments=["--anonymous", "full"])
    admin = Repository(server.client(), "shared")
    nobody = Repository(admin.client.anonymous(), "shared")
    for owner, other in ((admin, nobody), (nobody, admin)):
        place = owner.start()
        owner.client.request("PATCH", place, BODY).expect(202)
        other.get(place).error(404, "BLOB_UPLOAD_UNKNOWN")
        other.client.request("PATCH", place, BODY).error(
            404, "BLOB_UPLOAD_UNKNOWN")
        other.client.request("PUT", oci.finish(
            place, oci.digest(BODY))).error(404, "BLOB_UPLOAD_UNKNOWN")
        other.delete(place).error(404, "BLOB_UPLOAD_UNKNOWN")
        owner.client.request("PUT", oci.finish(
            place, oci.digest(BODY))).expect(201)


@pytest.mark.parametrize("value", [
    "-1-5", "5-1", "0-", "-", "-5", "a-b", "0-5-9", "0x0-0x5", "0 - 5",
    "9223372036854775808-9223372036854775812",
    "18446744073709551615-18446744073709551619",
    "0-18446744073709551615", "99999999999999999999999-5", "+0-5",
    "bytes 5-1/10", "bytes */10", "0-1,3-4", "0-0", "0-99999999"])
def test_A6_content_range(pair, value):
    """Negative, reversed, huge, and such that the body belies."""
    one, _ = pair
    place = one.start()
    one.client.request("PATCH", place, BODY, {"Content-Range": value}).error(
        (400, 416), "BLOB_UPLOAD_INVALID", "SIZE_INVALID",
        "DIGEST_INVALID")
    assert one.get(place).expect(204).get("Range") == "0-0"
    good = {"Content-Range": "0-%d" % (len(BODY) - 1)}
    one.client.request("PATCH", place, BODY, good).expect(202)
    one.client.request("PUT", oci.finish(place, oci.digest(BODY))).expect(201)


def test_A6_overlaps_and_gaps(pair):
    one, _ = pair
    place = one.start()
    one.client.request("PATCH", place, BODY, {
        "Content-Range": "0-%d" % (len(BODY) - 1)}).expect(202)
    size = len(BODY)
    for first in (0, 1, size - 1, size + 1, size * 2, 1 << 62):
        one.client.request("PATCH", place, BODY, {
            "Content-Range": "%d-%d" % (first, first + size - 1)}
        ).expect(416)
    one.client.request("PUT", oci.finish(place, oci.digest(BODY))).expect(201)


def test_A6_content_length_lies(pair):
    """A body that ends early adds at most what came, and is told so."""
    one, _ = pair
    place = one.start()
    with Connection(one.client.address) as conn:
        conn.send(one.client.head("PATCH", place, [], len(BODY) * 2) + BODY)
        conn.sock.shutdown(1)
        conn.closed(5)
    end = time.monotonic() + 5
    while time.monotonic() < end:
        have = one.get(place).expect(204).get("Range")
        status = one.client.request("PATCH", place, b"").status
        if status != 409:
            break
        time.sleep(0.02)
    have = int(one.get(place).get("Range").split("-")[1]) + 1
    have = 0 if have == 1 else have
    assert have <= len(BODY)
    rest = BODY[have:]
    one.client.request("PATCH", place, rest, {
        "Content-Range": "%d-%d" % (have, len(BODY) - 1)} if rest else ()
    ).expect(202)
    one.client.request("PUT", oci.finish(place, oci.digest(BODY))).expect(201)


def test_A6_patch_during_put(pair):
    """While the closing PUT takes its body nothing else may be added."""
    one, _ = pair
    place = one.start()
    with Connection(one.client.address) as conn:
        conn.send(one.client.head("PUT", oci.finish(
            place, oci.digest(BODY)), [], len(BODY)) + BODY[:100])
        time.sleep(0.1)
        one.client.request("PATCH", place, b"intruder").expect(409, 416)
        one.delete(place).expect(409, 204, 416)
        conn.send(BODY[100:])
        conn.reply("PUT").expect(201, 404, 409)


@pytest.mark.disk
def test_A6_blob_limit(own_server):
    server = own_server("registry.blob_max=1MiB")
    repo = Repository(server.client(), "limited")
    fits, over = bytes(1 << 20), bytes((1 << 20) + 1)
    repo.push_blob(fits)
    for chunked in (None, 65536):
        repo.client.request("PATCH", repo.start(), over,
                            chunked=chunked).error(413, "SIZE_INVALID")
        repo.client.request(
            "POST", "%s?digest=%s" % (repo.uploads, oci.digest(over)), over,
            chunked=chunked).error(413, "SIZE_INVALID")
    place = repo.start()
    repo.client.request("PATCH", place, fits).expect(202)
    repo.client.request("PUT", oci.finish(place, oci.digest(over)),
                        b"\0").error(413, "SIZE_INVALID")
    repo.get(repo.blob(oci.digest(over))).error(404, "BLOB_UNKNOWN")


def test_A6_many_sessions_do_not_block_pulls(own_server):
    server = own_server("limits.uploads=200")
    repo = Repository(server.client(), "many")
    data = repo.push_image("one")
    for _ in range(200):
        repo.client.request("PATCH", repo.start(), b"x").expect(202)
    repo.client.request("POST", repo.uploads).error(429, "TOOMANYREQUESTS")
    assert repo.get(repo.manifest("one")).expect(200).body == data
    repo.put("two", data).expect(201)


def test_A6_stalled_bodies_do_not_block_others(repo):
    """Many clients that stop in the middle of a body cost nobody else."""
    stalled = []
    for _ in range(64):
        conn = Connection(repo.client.address)
        conn.send(repo.client.head("PATCH", repo.start(), [], 1000) + b"x")
        stalled.append(conn)
    since = time.monotonic()
    repo.push_image("one")
    repo.get(repo.manifest("one")).expect(200)
    assert time.monotonic() - since < 5
    for conn in stalled:
        conn.close()


def changes(repo, digest, config):
    """Every request that changes something: (method, target, body, type)."""
    data = oci.image(config, [])
    place = repo.uploads + "00000000-0000-4000-8000-000000000000"
    return [
        ("PUT", repo.manifest("new"), data, oci.MANIFEST),
        ("PUT", repo.manifest("one"), data, oci.MANIFEST),
        ("PUT", repo.manifest(oci.digest(data)), data, oci.MANIFEST),
        ("PUT", repo.manifest(oci.digest(data)) + "?tag=x", data,
         oci.MANIFEST),
        ("DELETE", repo.manifest("one"), None, None),
        ("DELETE", repo.manifest(digest), None, None),
        ("DELETE", repo.blob(oci.digest(config)), None, None),
        ("POST", repo.uploads, b"", None),
        ("POST", "%s?digest=%s" % (repo.uploads, oci.digest(b"n")), b"n",
         None),
        ("POST", "%s?mount=%s&from=%s" % (
            repo.uploads, oci.digest(config), repo.name), b"", None),
        ("PATCH", place, b"x", None),
        ("PUT", oci.finish(place, oci.digest(b"x")), b"x", None),
        ("DELETE", place, None, None)]


@pytest.mark.backend
@pytest.mark.disk
def test_A8_read_only_covers_every_change(own_server):
    server = own_server()
    repo = Repository(server.client(), "frozen")
    digest = oci.digest(repo.push_image("one"))
    config = b"{}"
    repo.push_blob(config)
    place = repo.start()
    server.stop()
    server.options.append("registry.read_only=true")
    server.start()
    repo = Repository(server.client(), "frozen")
    asked = changes(repo, digest, config)
    asked += [("PATCH", place, b"x", None), ("DELETE", place, None, None),
              ("PUT", oci.finish(place, oci.digest(b"")), b"", None),
              ("POST", "/v2/another/blobs/uploads/", b"", None)]
    for method, target, body, kind in asked:
        repo.client.request(method, target, body, {
            "Content-Type": kind} if kind else ()).error(403, "DENIED")
    assert repo.get(repo.tags).expect(200).json()["tags"] == ["one"]
    repo.get(repo.manifest("one")).expect(200)
    repo.get(repo.blob(oci.digest(config))).expect(200)
    repo.get(repo.referrers(digest)).expect(200)
    assert repo.get("/v2/_catalog").json()["repositories"] == ["frozen"]


def test_A8_anonymous_pull_changes_nothing(own_server):
    server = own_server(arguments=["--anonymous", "pull"])
    repo = Repository(server.client(), "public")
    digest = oci.digest(repo.push_image("one"))
    repo.push_blob(b"{}")
    nobody = Repository(repo.client.anonymous(), "public")
    nobody.get(nobody.manifest("one")).expect(200)
    nobody.get(nobody.blob(oci.digest(b"{}"))).expect(200)
    nobody.get(nobody.tags).expect(200)
    for method, target, body, kind in changes(nobody, digest, b"{}"):
        nobody.client.request(method, target, body, {
            "Content-Type": kind} if kind else ()).error(401, "UNAUTHORIZED")
    # Wrong credentials never fall through to the anonymous door.
    wrong = repo.client.clone(password="wrong")
    wrong.get(repo.manifest("one")).error(401, "UNAUTHORIZED")


def test_A8_create_on_push_never(own_server):
    server = own_server("registry.create_on_push=never")
    repo = Repository(server.client(), "unmade")
    for method, target, body, kind in (
            ("POST", repo.uploads, b"", None),
            ("POST", "%s?digest=%s" % (repo.uploads, oci.digest(b"x")), b"x",
             None),
            ("PUT", repo.manifest("one"), oci.index([]), oci.INDEX)):
        repo.client.request(method, target, body, {
            "Content-Type": kind} if kind else ()).error(404, "NAME_UNKNOWN")
    assert repo.get("/v2/_catalog").json() == {"repositories": []}


def test_A8_delete_switch_holds_under_races(own_server):
    server = own_server("registry.delete=false")
    repo = Repository(server.client(), "kept")
    data = repo.push_image("one")
    failures = []

    def erase():
        mine = Repository(repo.client.clone(), "kept")
        try:
            for _ in range(20):
                mine.delete(mine.manifest("one")).expect(405, 400)
                mine.delete(mine.manifest(oci.digest(data))).expect(405, 400)
        except AssertionError as error:
            failures.append(error)
        mine.client.close()

    threads = [threading.Thread(target=erase) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]
    assert repo.get(repo.manifest("one")).expect(200).body == data
