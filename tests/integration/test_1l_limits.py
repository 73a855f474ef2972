# SPDX-License-Identifier: Apache-2.0
"""OCI-140 to OCI-144: error codes, limits, warnings, wrong methods."""
import os
import re
import subprocess
import time

import pytest
from berthlib import oci
from berthlib.oci import Repository
from berthlib.wire import Connection, WireError

BODY = b"body"


def provoke(repo):
    """(code, reply) for every code that this server's state can show."""
    client, absent = repo.client, oci.digest(b"absent")
    image = repo.push_image("one")
    config = oci.json.loads(image)["config"]["digest"]
    place = repo.start()
    yield "BLOB_UNKNOWN", repo.get(repo.blob(absent))
    yield "BLOB_UPLOAD_INVALID", client.request(
        "PATCH", place, BODY, {"Content-Range": "nonsense"})
    yield "BLOB_UPLOAD_UNKNOWN", repo.get(
        repo.uploads + "00000000-0000-4000-8000-000000000000")
    yield "DIGEST_INVALID", client.request(
        "PUT", oci.finish(place, absent), BODY)
    yield "MANIFEST_BLOB_UNKNOWN", repo.put("x", oci.image(b"no", []))
    yield "MANIFEST_INVALID", repo.put("x", b"{")
    yield "MANIFEST_UNKNOWN", repo.get(repo.manifest("none"))
    yield "NAME_INVALID", client.get("/v2/UPPER/tags/list")
    yield "NAME_UNKNOWN", client.get("/v2/t/no/such/name/tags/list")
    yield "SIZE_INVALID", repo.put("x", b" " * ((4 << 20) + 1))
    yield "UNAUTHORIZED", client.anonymous().get("/v2/")
    yield "DENIED", repo.delete(repo.blob(config))
    yield "UNSUPPORTED", client.request("POST", repo.tags)


def test_OCI_140_codes(repo, own_server):
    seen = set()
    for code, reply in provoke(repo):
        assert 400 <= reply.status < 500, str(reply)
        assert reply.json()["errors"][0]["code"] == code, str(reply)
        seen.add(code)
    server = own_server("limits.uploads=1")
    other = Repository(server.client(), "busy")
    other.start()
    reply = other.client.request("POST", other.uploads)
    reply.error(429, "TOOMANYREQUESTS")
    seen.add("TOOMANYREQUESTS")
    assert seen == oci.CODES


@pytest.mark.backend
@pytest.mark.parametrize("option", [
    "limits.uploads=3", "limits.uploads_per_repository=3",
    "limits.uploads_per_principal=3"])
def test_OCI_141_too_many_uploads(own_server, option):
    server = own_server(option)
    repo = Repository(server.client(), "busy")
    places = [repo.start() for _ in range(3)]
    for query in ("", "?mount=%s&from=none" % oci.digest(b"")):
        reply = repo.client.request("POST", repo.uploads + query)
        reply.error(429, "TOOMANYREQUESTS")
        assert re.fullmatch("[1-9][0-9]*", reply.get("Retry-After"))
    other = Repository(repo.client, "other")
    status = other.client.request("POST", other.uploads).status
    assert status == (202 if "per_repository" in option else 429)
    # What is open goes on, and room that was made can be used.
    repo.client.request("PUT", oci.finish(
        places[0], oci.digest(BODY)), BODY).expect(201)
    repo.delete(places[1]).expect(204)
    for _ in range(1 if status == 202 else 2):
        repo.start()


def check_warnings(reply):
    """Every Warning has the one form there is; how many there are."""
    warnings = reply.all("Warning")
    assert sum(map(len, warnings)) <= 4096, str(reply)
    for value in warnings:
        assert re.fullmatch(
            r'299 - "([^"\\\x00-\x1f]|\\["\\])*"', value), str(reply)
    return len(warnings)


def test_OCI_142_a_warning(own_server):
    """Who pushes into memory is told that it will not last."""
    server = own_server("storage.blobs=memory")
    repo = Repository(server.client(), "brief")
    data = repo.push_image("one")
    for reply in (repo.client.request("POST", repo.uploads),
                  repo.put("two", data)):
        assert check_warnings(reply) == 1
    assert check_warnings(repo.get(repo.manifest("one"))) == 0


@pytest.mark.disk
def test_OCI_142_none_without_cause(repo):
    data = repo.push_image("one")
    for reply in (repo.client.request("POST", repo.uploads),
                  repo.put("two", data)):
        assert check_warnings(reply) == 0


def test_OCI_142_form(repo):
    repo.push_image("one")
    for reply in (repo.get("/v2/"), repo.get(repo.manifest("one")),
                  repo.put("x", b"{"), repo.get(repo.tags),
                  repo.client.request("POST", repo.uploads)):
        check_warnings(reply)


@pytest.mark.backend
@pytest.mark.disk
def test_OCI_143_low_water(own_server):
    """Below the mark pushes stop; pulls and deletions go on."""
    server = own_server()
    repo = Repository(server.client(), "full")
    data = repo.push_image("one")
    repo.push_manifest("two", data)
    server.stop()
    server.options.append("storage.low_water=1TiB")
    server.start()
    repo = Repository(server.client(), "full")
    for reply in (repo.client.request("POST", repo.uploads),
                  repo.client.request("POST", "%s?digest=%s" % (
                      repo.uploads, oci.digest(BODY)), BODY)):
        reply.expect(507, 503)
        assert reply.json()["errors"][0]["message"], str(reply)
    assert repo.get(repo.manifest("one")).expect(200).body == data
    repo.delete(repo.manifest("two")).expect(202)
    server.stop()
    server.options.remove("storage.low_water=1TiB")
    server.start()
    repo = Repository(server.client(), "full")
    assert repo.get(repo.tags).json()["tags"] == ["one"]
    repo.push_image("three", "3")


def patiently(ask, status):
    """What is refused for want of room must work again soon."""
    end = time.monotonic() + 6
    while time.monotonic() < end:
        reply = ask()
        if reply.status == status:
            return
        reply.expect(507, 503)
        time.sleep(0.1)
    ask().expect(status)


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs",
                    str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.disk
@pytest.mark.root
def test_OCI_143_full_disk(small_disk, own_server):
    server = own_server("storage.low_water=0", "storage.reserve=4MiB",
                        start=False)
    server.data = str(small_disk)
    server.start()
    repo = Repository(server.client(), "full")
    kept = repo.push_image("one")
    body = os.urandom(1 << 20)
    refused = None
    place = repo.start()
    for n in range(64):
        reply = repo.client.request("PATCH", place, body)
        if reply.status != 202:
            refused = reply
            break
    assert refused is not None, "48 MiB took 64"
    refused.expect(507, 503)
    assert refused.json()["errors"], str(refused)
    assert repo.get(repo.manifest("one")).expect(200).body == kept
    # The reserve is given up within a second or two, then this works.
    patiently(lambda: repo.delete(place), 204)
    patiently(lambda: repo.client.request("POST", repo.uploads), 202)
    repo.push_image("two", "after")
    server.restart()
    repo = Repository(server.client(), "full")
    assert repo.get(repo.tags).json()["tags"] == ["one", "two"]
    assert repo.get(repo.manifest("one")).expect(200).body == kept


def allowed(reply):
    return {word.strip() for word in reply.get("Allow").split(",")}


def test_OCI_144_wrong_methods(repo):
    image = repo.push_image("one")
    place = repo.start()
    blob = repo.blob(oci.digest(BODY))
    for target, right in (
            ("/v2/", {"GET", "HEAD"}), ("/v2/_catalog", {"GET"}),
            (repo.tags, {"GET"}), (repo.uploads, {"POST"}),
            (blob, {"GET", "HEAD", "DELETE"}),
            (repo.manifest("one"), {"GET", "HEAD", "PUT", "DELETE"}),
            (repo.manifest(oci.digest(image)),
             {"GET", "HEAD", "PUT", "DELETE"}),
            (repo.referrers(oci.digest(image)), {"GET"}),
            (place, {"GET", "PUT", "PATCH", "DELETE"})):
        for method in ("GET", "PUT", "POST", "PATCH", "DELETE"):
            if method in right:
                continue
            reply = repo.client.request(method, target)
            reply.error(405, "UNSUPPORTED")
            assert right <= allowed(reply), str(reply)
            assert method not in allowed(reply), str(reply)
        for method in ("TRACE", "CONNECT", "PROPFIND", "X"):
            reply = repo.client.clone().request(method, target)
            reply.expect(405, 501, 400)
    assert repo.get(repo.manifest("one")).expect(200).body == image
    repo.get(place).expect(204)


def refused(api, target, headers=()):
    """Far over the limit a close may overtake the answer."""
    try:
        api.clone().get(target, headers=headers).expect(414, 431)
    except WireError as error:
        assert "closed after b''" in str(error), error
    api.get("/v2/").expect(200)


def test_OCI_144_long_target(api):
    for size in (8300, 9000, 15000):
        api.clone().get("/v2/" + "a" * size + "/tags/list").expect(414)
        api.clone().get("/v2/_catalog?last=" + "a" * size).expect(414)
    refused(api, "/v2/" + "a" * 100000)
    api.get("/v2/_catalog?n=1&last=" + "a" * 2000).expect(200, 400)


def test_OCI_144_large_headers(api):
    for pairs in ([("X-Large", "a" * 17000)],
                  [("X-%d" % n, "a" * 100) for n in range(160)]):
        api.clone().get("/v2/", headers=pairs).expect(431)
    for pairs in ([("X-Large", "a" * 200000)],
                  [("X-%d" % n, "a" * 100) for n in range(3000)]):
        refused(api, "/v2/", pairs)
    api.get("/v2/", headers={"X-Fair": "a" * 4000}).expect(200)


def test_OCI_144_limits_are_options(own_server):
    server = own_server("limits.target_bytes=1KiB", "limits.header_bytes=4KiB")
    client = server.client()
    client.get("/v2/_catalog?last=" + "a" * 1100).expect(414)
    client.clone().get("/v2/", headers={"X": "a" * 5000}).expect(431)
    client.clone().get("/v2/", headers={"X": "a" * 1000}).expect(200)


@pytest.fixture
def hasty(own_server):
    return own_server("limits.header_timeout=300ms",
                      "limits.body_idle_timeout=400ms",
                      "limits.idle_timeout=1s")


@pytest.mark.parametrize("sent", [
    b"G", b"GET /v2/ HT", b"GET /v2/ HTTP/1.1\r\n",
    b"GET /v2/ HTTP/1.1\r\nHost: a\r\nX-Slow: "])
def test_OCI_144_slow_headers(hasty, sent):
    with Connection(hasty.address) as conn:
        conn.send(sent)
        since = time.monotonic()
        assert conn.reply("GET").status == 408
        assert time.monotonic() - since < 5
        assert conn.closed(5)


def test_OCI_144_headers_that_trickle(hasty):
    """The deadline is absolute: a byte now and then does not move it."""
    with Connection(hasty.address) as conn:
        since = time.monotonic()
        conn.sock.settimeout(0.05)
        got = b""
        for byte in b"GET /v2/ HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 300:
            try:
                conn.sock.send(bytes([byte]))
                got += conn.sock.recv(4096)
            except TimeoutError:
                continue
            except OSError:
                break
            break
        assert time.monotonic() - since < 5
        assert got == b"" or got.startswith(b"HTTP/1.1 408"), got


def test_OCI_144_slow_body(hasty):
    repo = Repository(hasty.client(), "slow")
    place = repo.start()
    with Connection(hasty.address) as conn:
        conn.send(repo.client.head("PATCH", place, [], 1000) + b"part")
        since = time.monotonic()
        try:
            reply = conn.reply("PATCH")
            assert reply.status == 408, str(reply)
            assert conn.closed(5)
        except AssertionError as error:
            # Closing without a word is the other right answer.
            assert "closed after b''" in str(error), error
        assert time.monotonic() - since < 8
    assert repo.get("/v2/").status == 200
    with Connection(hasty.address) as conn:
        conn.send(repo.client.head("PUT", repo.manifest("x"), [
            ("Content-Type", oci.MANIFEST)], 1000) + b"{")
        assert conn.reply("PUT").status == 408


def test_OCI_144_idle_connection_is_closed(hasty):
    client = hasty.client()
    client.get("/v2/").expect(200)
    since = time.monotonic()
    assert client.conn.closed(8)
    assert time.monotonic() - since > 0.5
