# SPDX-License-Identifier: Apache-2.0
"""OCI-001 to OCI-007: HTTP in general, and finding out what is supported."""
import re

from berthlib import oci

VERSION = "Docker-Distribution-API-Version"


def test_OCI_001_every_end_point_answers(repo):
    """Pull, push, discovery and management: no end point is missing."""
    manifest = repo.push_image("one")
    layer = repo.push_blob(b"to be deleted")
    subject = oci.digest(manifest)
    get, head, delete = repo.get, repo.head, repo.delete
    get("/v2/").expect(200)
    for fetch in (get, head):
        fetch(repo.blob(layer)).expect(200)
        fetch(repo.manifest("one")).expect(200)
        fetch(repo.manifest(subject)).expect(200)
    get(repo.tags).expect(200)
    get(repo.tags + "?n=1&last=0").expect(200)
    get(repo.referrers(subject)).expect(200)
    get(repo.referrers(subject) + "?artifactType=a/b").expect(200)
    delete(repo.manifest("one")).expect(202)
    delete(repo.manifest(subject)).expect(202)
    delete(repo.blob(layer)).expect(202)


def test_OCI_001_every_upload_end_point_answers(repo):
    post = repo.client.request
    body, name = b"five steps", oci.digest(b"five steps")
    post("POST", "%s?digest=%s" % (repo.uploads, name), body).expect(201)
    post("POST", "%s?mount=%s&from=%s" % (repo.uploads, name, repo.name)
         ).expect(201, 202)
    place = repo.start()
    post("PATCH", place, body).expect(202)
    post("GET", place).expect(204)
    post("PUT", oci.finish(place, name)).expect(201)
    post("DELETE", repo.start()).expect(204)


def test_OCI_002_supported_and_authorised(api):
    reply = api.get("/v2/").expect(200)
    assert reply.get("Content-Type").startswith("application/json")
    assert reply.json() == {}
    api.request("HEAD", "/v2/").expect(200)


def test_OCI_002_challenge(api):
    for client in (api.anonymous(), api.clone(password="wrong"),
                   api.clone(user="nobody"), api.clone(password="")):
        reply = client.get("/v2/").error(401, "UNAUTHORIZED")
        assert re.fullmatch(r'Bearer realm="[^"]+/token",service="berth"',
                            reply.get("WWW-Authenticate")), str(reply)


def test_OCI_002_no_redirect(api):
    for client in (api, api.anonymous()):
        reply = client.get("/v2/").expect(200, 401)
        assert reply.get("Location") is None


def test_OCI_002_bad_authorization_headers(api):
    plain = api.anonymous()
    for value in ("Basic", "Basic ", "Basic !!!!", "Basic YWRtaW4=", "Basic :",
                  "Bearer", "Bearer abc", "Digest username=admin", "x" * 4000,
                  "Basic " + "QUFB" * 900):
        plain.get("/v2/", headers={"Authorization": value}).error(
            401, "UNAUTHORIZED")


def test_OCI_002_every_route_wants_credentials(api, repo):
    manifest = repo.push_image("private")
    name = oci.digest(manifest)
    place = repo.start()
    plain = api.anonymous()
    for method, target in (
            ("GET", repo.manifest("private")), ("HEAD", repo.manifest(name)),
            ("PUT", repo.manifest("x")), ("DELETE", repo.manifest("x")),
            ("GET", repo.blob(name)), ("DELETE", repo.blob(name)),
            ("POST", repo.uploads), ("PATCH", place), ("PUT", place),
            ("GET", place), ("DELETE", place), ("GET", repo.tags),
            ("GET", repo.referrers(name)), ("GET", "/v2/_catalog"),
            ("GET", "/v2/absent/tags/list")):
        reply = plain.request(method, target, b"" if method in (
            "PUT", "POST", "PATCH") else None)
        reply.error(401, "UNAUTHORIZED")
        assert reply.get("WWW-Authenticate"), str(reply)
    repo.get(place).expect(204)
    repo.get(repo.manifest("private")).expect(200)


def test_OCI_003_rfc_9110_semantics(repo):
    repo.push_image("one")
    reply = repo.get(repo.manifest("one")).expect(200)
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT",
                        reply.get("Date")), str(reply)
    assert reply.version == "HTTP/1.1"
    # A method in lower case is another, unknown method.
    repo.client.request("get", repo.manifest("one")).expect(405, 501)
    # Scheme names are case-insensitive.
    basic = repo.client.credentials().replace("Basic", "bASIC")
    repo.client.anonymous().get(
        "/v2/", headers={"Authorization": basic}).expect(200)


def test_OCI_003_missing_or_double_host_is_refused(api):
    head = "GET /v2/ HTTP/1.1\r\n%sAuthorization: " + api.credentials()
    for hosts in ("", "Host: a\r\nHost: b\r\n"):
        data = (head % hosts + "\r\n\r\n").encode()
        assert api.raw(data).status == 400


def test_OCI_003_http_10_closes(api):
    data = "GET /v2/ HTTP/1.0\r\nAuthorization: %s\r\n\r\n"
    reply = api.raw((data % api.credentials()).encode()).expect(200)
    assert reply.body == b"{}"
    assert not reply.all("Transfer-Encoding")


def test_OCI_004_disk_pulls_are_not_redirected(repo):
    """A redirect may be sent; without a store to go to, none is."""
    name = repo.push_blob(b"here")
    repo.get(repo.blob(name)).expect(200)
    manifest = repo.push_image("one")
    repo.get(repo.manifest(oci.digest(manifest))).expect(200)


def test_OCI_005_version_header(api):
    assert api.get("/v2/").expect(200).get(VERSION) == "registry/2.0"
    refused = api.anonymous().get("/v2/").expect(401)
    assert refused.get(VERSION) == "registry/2.0"


def test_OCI_006_error_documents(repo):
    """Every kind of refusal carries the one document with a known code."""
    repo.push_image("one")
    absent = oci.digest(b"absent")
    client = repo.client
    for method, target, body in (
            ("GET", repo.manifest("none"), None),
            ("GET", repo.blob(absent), None),
            ("GET", repo.blob("sha256:bad"), None),
            ("PUT", repo.manifest("bad"), b"{"),
            ("GET", repo.base + "/blobs/uploads/none", None),
            ("GET", "/v2/UPPER/tags/list", None),
            ("GET", "/v2/absent/name/tags/list", None),
            ("GET", repo.tags + "?n=-1", None),
            ("POST", repo.manifest("one"), b""),
            ("GET", "/v2/", None)):
        anonymous = target == "/v2/"
        asker = client.anonymous() if anonymous else client
        reply = asker.request(method, target, body)
        assert 400 <= reply.status < 500, str(reply)
        assert reply.get("Content-Type").startswith("application/json")
        errors = reply.json()["errors"]
        assert errors, str(reply)
        for entry in errors:
            assert re.fullmatch("[A-Z_]+", entry["code"]), str(reply)
            assert entry["code"] in oci.CODES, str(reply)
            assert isinstance(entry.get("message", ""), str)


def test_OCI_007_head_like_get_without_body(repo):
    manifest = repo.push_image("one")
    blob = repo.push_blob(b"some blob bytes")
    for target in (repo.manifest("one"), repo.manifest(oci.digest(manifest)),
                   repo.blob(blob), "/v2/", repo.manifest("none"),
                   repo.blob(oci.digest(b"no")), repo.tags):
        got, head = repo.get(target), repo.head(target)
        assert head.status == got.status, str(head)
        assert head.body == b""
        # Another request on the connection shows that no body followed.
        repo.get("/v2/").expect(200)
        keep = {n.lower(): v for n, v in got.headers if n.lower() not in (
            "date", "x-request-id")}
        same = {n.lower(): v for n, v in head.headers if n.lower() not in (
            "date", "x-request-id")}
        assert same == keep, "%s\n%s" % (got, head)
