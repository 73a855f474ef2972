# SPDX-License-Identifier: Apache-2.0
"""DKR-01 to DKR-07: what Docker's clients need beyond the specification."""
import base64
import json
import re
import subprocess

import pytest
from berthlib import oci, tokens
from berthlib.oci import Repository, next_link, pages
from berthlib.server import PASSWORD
from berthlib.wire import Connection, chunk

from test_1h_manifest_push import stored


@pytest.mark.backend
def test_DKR_01_docker_manifest(repo):
    data = repo.push_image("one", kind=oci.DOCKER_MANIFEST)
    stored(repo, "two", data, oci.DOCKER_MANIFEST)


@pytest.mark.backend
def test_DKR_01_docker_list(repo):
    data = repo.push_image("one", kind=oci.DOCKER_MANIFEST)
    entry = oci.descriptor(data, oci.DOCKER_MANIFEST)
    entry["platform"] = {"os": "linux", "architecture": "amd64"}
    stored(repo, "list", oci.dump({
        "schemaVersion": 2, "mediaType": oci.DOCKER_LIST,
        "manifests": [entry]}), oci.DOCKER_LIST)


def test_DKR_01_not_without_media_type(repo):
    """Docker's own documents always name their type; OCI's may not."""
    data = json.loads(repo.push_image("one", kind=oci.DOCKER_MANIFEST))
    del data["mediaType"]
    repo.put("two", oci.dump(data), oci.DOCKER_MANIFEST).expect(201, 400)


@pytest.mark.parametrize("kind", [
    oci.DOCKER_SIGNED, "application/vnd.docker.distribution.manifest.v1+json",
    "application/json"])
def test_DKR_02_schema_1(repo, kind):
    data = oci.dump({
        "schemaVersion": 1, "name": repo.name, "tag": "one",
        "architecture": "amd64", "fsLayers": [
            {"blobSum": repo.push_blob(b"layer")}],
        "history": [{"v1Compatibility": "{}"}], "signatures": []})
    repo.put("one", data, kind).error((400, 415), "MANIFEST_INVALID")
    image = repo.push_image("one", kind=oci.DOCKER_MANIFEST)
    repo.get(repo.manifest("one"), {"Accept": kind}).expect(406)
    got = repo.get(repo.manifest("one"), {
        "Accept": "%s, %s" % (oci.DOCKER_SIGNED, oci.DOCKER_MANIFEST)})
    assert got.expect(200).body == image


NAMES = sorted(["a", "a/b", "a/b/c", "a-b", "a.b", "a0", "aa", "b", "b/a",
                "library/x", "library/xy", "z"])


@pytest.fixture
def catalog(own_server):
    server = own_server("registry.page_max=10")
    client = server.client()
    for name in reversed(NAMES):
        Repository(client, name).push_image("one")
    return client


@pytest.mark.backend
def test_DKR_03_catalog(catalog):
    for n in (1, 2, 3, 5):
        found = pages(catalog, "/v2/_catalog?n=%d" % n, "repositories")
        assert [name for page in found for name in page] == NAMES
        assert all(len(page) == n for page in found[:-1])
    found = pages(catalog, "/v2/_catalog", "repositories")
    assert [len(page) for page in found] == [10, 2]
    got = catalog.get("/v2/_catalog?n=0").expect(200)
    assert got.json() == {"repositories": []}
    assert next_link(got) is None


@pytest.mark.backend
def test_DKR_03_last(catalog):
    for last in ("a", "a/b", "a-b", "aaa", "library/x", "0", "zz"):
        coded = last.replace("/", "%2F")
        got = catalog.get("/v2/_catalog?last=" + coded).expect(200)
        wanted = [name for name in NAMES if name > last]
        assert got.json()["repositories"] == wanted[:10]
        assert (next_link(got) is not None) == (len(wanted) > 10)
    link = next_link(catalog.get("/v2/_catalog?n=2").expect(200))
    assert link.startswith("/v2/_catalog?"), link


def test_DKR_03_garbage(api):
    for n in ("-1", "abc", "1.5", "%00", ""):
        api.get("/v2/_catalog?n=" + n).error(400, "UNSUPPORTED")
    api.anonymous().get("/v2/_catalog").error(401, "UNAUTHORIZED")


def test_DKR_03_empty(own_server):
    server = own_server()
    got = server.client().get("/v2/_catalog").expect(200)
    assert got.json() == {"repositories": []}


def test_DKR_04_upload_uuid(repo):
    reply = repo.client.request("POST", repo.uploads).expect(202)
    place = reply.get("Location")
    uuid = reply.get("Docker-Upload-UUID")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", uuid)
    assert uuid in place
    for got in (repo.client.request("PATCH", place, b"x").expect(202),
                repo.get(place).expect(204),
                repo.client.request("PATCH", place, b"x", {
                    "Content-Range": "5-5"}).expect(416)):
        assert got.get("Docker-Upload-UUID") == uuid, str(got)


SPOOFED = [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.test"),
           ("X-Forwarded-Port", "444"), ("X-Forwarded-Prefix", "/evil"),
           ("Forwarded", "proto=https;host=evil.test"),
           ("X-Original-URL", "/evil"), ("X-Rewrite-URL", "/evil")]


def places(repo, headers):
    """Every reply that carries an address of ours."""
    client, data = repo.client, repo.push_image("one")
    yield client.request("POST", repo.uploads, b"", headers).expect(202)
    yield client.request("POST", "%s?digest=%s" % (
        repo.uploads, oci.digest(b"x")), b"x", headers).expect(201)
    yield repo.put("two", data, headers=headers).expect(201)
    place = repo.start()
    yield client.request("PATCH", place, b"x", headers).expect(202)
    yield client.request("PUT", oci.finish(place, oci.digest(b"x")), b"",
                         headers).expect(201)
    yield client.request("GET", repo.tags + "?n=1", None, headers)


def test_DKR_05_relative_locations(repo):
    for reply in places(repo, SPOOFED):
        place = reply.get("Location") or next_link(reply)
        assert place.startswith(repo.base + "/"), str(reply)
        assert "evil" not in str(reply).split("--- reply")[1]
    for got in (repo.client.anonymous().get("/v2/", headers=SPOOFED),
                repo.client.get("/v2/", headers=SPOOFED)):
        assert "evil" not in str(got).split("--- reply")[1]


def test_DKR_05_external_url(own_server):
    server = own_server("server.external_url=https://registry.example.com")
    repo = Repository(server.client(), "named")
    base = "https://registry.example.com" + repo.base + "/"
    location = repo.client.request("POST", repo.uploads).expect(202).get(
        "Location")
    assert location.startswith(base), location
    place = location[len("https://registry.example.com"):]
    reply = repo.client.request("PUT", oci.finish(
        place, oci.digest(b"{}")), b"{}", SPOOFED).expect(201)
    assert reply.get("Location").startswith(base), str(reply)
    reply = repo.put("one", oci.image(b"{}", []), headers=SPOOFED)
    assert reply.expect(201).get("Location").startswith(base), str(reply)


def docker(folder, *words, given=""):
    return subprocess.run(
        ["docker", "--config", str(folder), "-H",
         "unix:///nonexistent/docker.sock", *words], input=given, text=True,
        capture_output=True, timeout=60)


def test_DKR_06_docker_login(server, tmp_path):
    """The docker command logs in without a daemon."""
    address = "%s:%d" % server.address
    good = docker(tmp_path, "login", "-u", "admin", "--password-stdin",
                  address, given=PASSWORD)
    assert good.returncode == 0, good.stderr
    assert "Login Succeeded" in good.stdout
    stored_at = json.loads((tmp_path / "config.json").read_text())
    assert address in stored_at["auths"]
    assert "identitytoken" in stored_at["auths"][address]
    assert PASSWORD not in base64.b64decode(
        stored_at["auths"][address]["auth"]).decode()
    bad = docker(tmp_path, "login", "-u", "admin", "--password-stdin",
                 address, given="wrong")
    assert bad.returncode != 0
    assert docker(tmp_path, "logout", address).returncode == 0


def test_DKR_06_what_docker_asks(api):
    got = tokens.ask(api, account="admin", client_id="docker",
                     offline_token="true").expect(200).json()
    tokens.Bearer(api.address, got["token"]).get("/v2/").expect(200)
    again = tokens.post(
        api.anonymous(), grant_type="refresh_token", client_id="docker",
        refresh_token=got["refresh_token"]).expect(200).json()
    tokens.Bearer(api.address, again["access_token"]).get("/v2/").expect(200)


def test_DKR_07_keep_alive(repo):
    data = repo.push_image("one")
    head = repo.client.head("GET", repo.manifest("one"))
    with Connection(repo.client.address) as conn:
        for _ in range(50):
            conn.send(head)
            assert conn.reply("GET").body == data


def test_DKR_07_keep_alive_after_errors(repo):
    client = repo.client
    repo.push_image("one")
    with Connection(client.address) as conn:
        for method, target, body, status in (
                ("GET", repo.manifest("none"), b"", 404),
                ("PUT", repo.manifest("bad"), b"{", 400),
                ("GET", repo.manifest("one"), b"", 200),
                ("POST", repo.tags, b"", 405),
                ("HEAD", repo.manifest("none"), b"", 404),
                ("GET", repo.tags, b"", 200)):
            length = len(body) if method in ("PUT", "POST") else None
            conn.send(client.head(method, target, [], length) + body)
            assert conn.reply(method).status == status, (method, target)


def test_DKR_07_pipelined(repo):
    data = repo.push_image("one")
    client = repo.client
    wire = b"".join((
        client.head("GET", repo.manifest("one")),
        client.head("HEAD", repo.manifest("one")),
        client.head("POST", "%s?digest=%s" % (
            repo.uploads, oci.digest(b"first")), [], 5), b"first",
        client.head("POST", "%s?digest=%s" % (
            repo.uploads, oci.digest(b"second")),
            [("Transfer-Encoding", "chunked")]), chunk(b"second", 2),
        client.head("GET", repo.blob(oci.digest(b"first"))),
        client.head("GET", repo.blob(oci.digest(b"second")))))
    with Connection(client.address) as conn:
        conn.send(wire)
        assert conn.reply("GET").body == data
        assert conn.reply("HEAD").status == 200
        assert conn.reply("POST").status == 201
        assert conn.reply("POST").status == 201
        assert conn.reply("GET").body == b"first"
        assert conn.reply("GET").body == b"second"


def test_DKR_07_expect_continue(repo):
    client, body = repo.client, b"waits for permission"
    place = repo.start()
    with Connection(client.address) as conn:
        conn.send(client.head("PATCH", place, [
            ("Expect", "100-continue")], len(body)))
        assert conn._until(b"\r\n\r\n", "").startswith(b"HTTP/1.1 100")
        conn.send(body)
        assert conn.reply("PATCH").status == 202
    assert repo.get(place).get("Range") == "0-%d" % (len(body) - 1)


def test_DKR_07_expect_continue_is_refused_early(repo):
    """Who may not push is told before the body is sent."""
    client = repo.client.anonymous()
    with Connection(client.address) as conn:
        conn.send(client.head("PUT", repo.manifest("x"), [
            ("Expect", "100-continue")], 1 << 20))
        reply = conn.reply("PUT")
        reply.error(401, "UNAUTHORIZED")
        assert 100 not in reply.interim


def test_DKR_07_body_arrives_in_pieces(repo):
    client, body = repo.client, bytes(range(256)) * 8
    name = oci.digest(body)
    wire = client.head("POST", "%s?digest=%s" % (repo.uploads, name), [
        ("Transfer-Encoding", "chunked")]) + chunk(body, 100)
    with Connection(client.address) as conn:
        for at in range(0, len(wire), 37):
            assert conn.send(wire[at:at + 37])
        assert conn.reply("POST").status == 201
    assert repo.get(repo.blob(name)).expect(200).body == body


def test_DKR_07_upgrade_to_h2c_is_ignored(api):
    reply = api.get("/v2/", headers=[
        ("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"),
        ("HTTP2-Settings", "AAMAAABkAAQAAP__")])
    assert reply.expect(200).interim == []


def test_DKR_07_connection_close(api):
    with Connection(api.address) as conn:
        conn.send(api.head("GET", "/v2/", [("Connection", "close")]))
        reply = conn.reply("GET").expect(200)
        assert reply.get("Connection", "").lower() == "close"
        assert conn.closed(5)
