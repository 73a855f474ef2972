# SPDX-License-Identifier: Apache-2.0
"""A12: requests that two parsers could read in two ways.

Whatever is ambiguous is refused with 400 and the connection closed, so that
bytes which one side takes for a body are never a request to the other.
"""
import re
import time

import pytest
from berthlib import oci, tokens
from berthlib.oci import Repository
from berthlib.wire import Connection, WireError

SMUGGLED = b"GET /v2/smuggled/tags/list HTTP/1.1\r\nHost: a\r\n\r\n"


def lines(api, *extra, method="POST", target=None):
    target = target or "/v2/t/a12/blobs/uploads/"
    return b"".join((
        ("%s %s HTTP/1.1\r\n" % (method, target)).encode(),
        ("Authorization: %s\r\n" % api.credentials()).encode())) + b"".join(
            extra)


STATUS = re.compile(rb"HTTP/1\.[01] (\d+)")
HOST = b"Host: localhost\r\n"
END = b"\r\n"


def ends(conn, timeout=5):
    """The peer closes in time; what it still said is in conn.buffer."""
    conn.sock.settimeout(timeout)
    try:
        while conn._fill():
            pass
    except TimeoutError:
        return False
    return True


def refused(api, data):
    """400, then the end of the connection, and no second reply."""
    with Connection(api.address) as conn:
        conn.send(data)
        reply = conn.reply("POST", data[:600].decode("latin-1"))
        assert reply.status in (400, 413, 501), str(reply)
        assert ends(conn), "not closed\n%s" % reply
        # Whatever else is said is about the same request.
        again = STATUS.findall(reply.body + conn.buffer)
        assert set(again) <= {b"400", b"413"}, "%s\n%s" % (
            conn.buffer[:300], reply)


AMBIGUOUS = {
    "CL and TE": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                 b"0\r\n\r\n",
    "TE and CL": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"
                 b"0\r\n\r\n",
    "CL and TE in odd case": b"content-length: 5\r\n"
                             b"tRANSFER-eNCODING: CHUNKED\r\n\r\n0\r\n\r\n",
    "two CLs": b"Content-Length: 0\r\nContent-Length: 51\r\n\r\n",
    "two equal CLs": b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "CL list": b"Content-Length: 0, 51\r\n\r\n",
    "CL negative": b"Content-Length: -1\r\n\r\n",
    "CL signed": b"Content-Length: +0\r\n\r\n",
    "CL hex": b"Content-Length: 0x0\r\n\r\n",
    "CL with text": b"Content-Length: 0 a\r\n\r\n",
    "CL too large": b"Content-Length: 18446744073709551616\r\n\r\n",
    "CL empty": b"Content-Length:\r\n\r\n",
    "two TEs": b"Transfer-Encoding: chunked\r\n"
               b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "TE twice chunked": b"Transfer-Encoding: chunked, chunked\r\n\r\n"
                        b"0\r\n\r\n",
    "TE unknown": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "TE not last": b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "TE gzip": b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "TE identity": b"Transfer-Encoding: identity\r\n\r\n",
    "TE with vertical tab": b"Transfer-Encoding: \x0bchunked\r\n\r\n"
                            b"0\r\n\r\n",
    "space before colon": b"Content-Length : 0\r\n\r\n",
    "TE space before colon": b"Transfer-Encoding : chunked\r\n\r\n"
                             b"0\r\n\r\n",
    "tab before colon": b"X-Any\t: a\r\nContent-Length: 0\r\n\r\n",
    "obs-fold": b"X-Any: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "folded TE": b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "folded first line": b" X: a\r\nContent-Length: 0\r\n\r\n",
    "no colon": b"X-Any\r\nContent-Length: 0\r\n\r\n",
    "empty name": b": a\r\nContent-Length: 0\r\n\r\n",
    "NUL in name": b"X\x00Y: a\r\nContent-Length: 0\r\n\r\n",
    "NUL in value": b"X: a\x00b\r\nContent-Length: 0\r\n\r\n",
    "CR in value": b"X: a\rb\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("kind", sorted(AMBIGUOUS))
def test_A12_ambiguous_framing(api, kind):
    refused(api, lines(api, HOST, AMBIGUOUS[kind]) + SMUGGLED)
    api.get("/v2/").expect(200)


BAD_CHUNKS = {
    "overflow": b"ffffffffffffffff1\r\nabc\r\n0\r\n\r\n",
    "64 bits": b"ffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    "negative": b"-1\r\nabc\r\n0\r\n\r\n",
    "hex prefix": b"0x3\r\nabc\r\n0\r\n\r\n",
    "no digits": b"\r\nabc\r\n0\r\n\r\n",
    "text": b"xyz\r\nabc\r\n0\r\n\r\n",
    "wrong end": b"3\r\nabcde0\r\n\r\n",
    "space first": b" 3\r\nabc\r\n0\r\n\r\n",
    "sign": b"+3\r\nabc\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("kind", sorted(BAD_CHUNKS))
def test_A12_bad_chunks(own_server, kind):
    """400, 408 or a close; never 201, and nothing after it is obeyed."""
    server = own_server("limits.body_idle_timeout=300ms")
    api = server.client()
    repo = Repository(api, "chunks")
    name = oci.digest(b"abc")
    head = api.head("POST", "%s?digest=%s" % (repo.uploads, name), [
        ("Transfer-Encoding", "chunked")])
    with Connection(api.address) as conn:
        conn.send(head + BAD_CHUNKS[kind] + SMUGGLED)
        try:
            conn.sock.settimeout(5)
            reply = conn.reply("POST")
            assert reply.status in (400, 408, 413), str(reply)
        except WireError as error:
            assert "closed after b''" in str(error), error
        assert not conn.buffer, conn.buffer[:300]
    repo.get(repo.blob(name)).expect(404)
    api.get("/v2/").expect(200)


@pytest.mark.parametrize("body", [
    b"3;ext=1\r\nabc\r\n0\r\n\r\n", b"3;a=\"b;c\"\r\nabc\r\n0;z\r\n\r\n",
    b"0003\r\nabc\r\n000\r\n\r\n", b"3\r\nabc\r\n0\r\nX-Trailer: y\r\n\r\n"])
def test_A12_extensions_and_trailers(api, repo, body):
    """Ignored, or refused; never taken for content or for a header."""
    name = oci.digest(b"abc")
    head = api.head("POST", "%s?digest=%s" % (repo.uploads, name), [
        ("Transfer-Encoding", "chunked")])
    with Connection(api.address) as conn:
        conn.send(head + body)
        reply = conn.reply("POST").expect(201, 400)
        if reply.status == 201:
            conn.send(api.head("GET", repo.blob(name)))
            assert conn.reply("GET").body == b"abc"


def test_A12_trailer_is_no_header(api, repo):
    """An Authorization in the trailer opens nothing."""
    plain = api.anonymous()
    head = plain.head("POST", repo.uploads, [
        ("Transfer-Encoding", "chunked"), ("Trailer", "Authorization")])
    with Connection(api.address) as conn:
        conn.send(head + b"0\r\nAuthorization: %s\r\n\r\n" %
                  api.credentials().encode())
        conn.reply("POST").error(401, "UNAUTHORIZED")


def test_A12_long_chunk_extension(own_server):
    """It neither fills the memory nor keeps the loop busy."""
    server = own_server("limits.header_timeout=500ms")
    api = server.client()
    repo = Repository(api, "extension")
    head = api.head("POST", "%s?digest=%s" % (
        repo.uploads, oci.digest(b"abc")), [("Transfer-Encoding", "chunked")])
    with Connection(api.address) as conn:
        conn.send(head + b"3;" + b"x" * (1 << 20))
        conn.send(b"\r\nabc\r\n0\r\n\r\n")
        try:
            conn.sock.settimeout(5)
            conn.reply("POST").expect(400)
        except WireError as error:
            assert "closed after b''" in str(error), error
    api.get("/v2/").expect(200)


def test_A12_slow_bodies_are_no_stuck_ones(own_server):
    """A body that trickles, with short extensions, goes on to its end."""
    server = own_server("limits.header_timeout=200ms")
    api = server.client()
    repo = Repository(api, "trickle")
    body = b"trickle " * 30
    head = api.head("POST", "%s?digest=%s" % (
        repo.uploads, oci.digest(body)), [("Transfer-Encoding", "chunked")])
    with Connection(api.address) as conn:
        conn.send(head)
        for at in range(0, len(body), 8):
            conn.send(b"8;" + b"x" * 500 + b"\r\n" + body[at:at + 8] + END)
            time.sleep(0.03)
        conn.send(b"0\r\n\r\n")
        assert conn.reply("POST").status == 201


def test_A12_bare_line_feeds(api):
    """Either read as line ends throughout or refused, and only one way."""
    data = (lines(api, HOST) + END).replace(b"\r\n", b"\n").replace(
        b"POST", b"GET").replace(b"/v2/t/a12/blobs/uploads/", b"/v2/")
    with Connection(api.address) as conn:
        conn.send(data)
        assert conn.reply("GET").status in (200, 400)
    mixed = lines(api, HOST, b"X: a\nTransfer-Encoding: chunked\r\n"
                  b"Content-Length: 0\r\n\r\n0\r\n\r\n")
    refused(api, mixed + SMUGGLED)


@pytest.mark.parametrize("line", [
    b"GET /v2/ HTTP/9.9\r\n", b"GET /v2/ HTTP/1.1 x\r\n", b"GET  HTTP/1.1\r\n",
    b"GET /v2/ http/1.1\r\n", b"GET /v2/\x00 HTTP/1.1\r\n", b"GET /v2/\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n",
    b"PRI * HTTP/2.0\r\n", b"GET /v2/ a HTTP/1.1\r\n"])
def test_A12_request_lines(api, line):
    data = line + HOST + ("Authorization: %s\r\n\r\n" % (
        api.credentials())).encode()
    with Connection(api.address) as conn:
        conn.send(data)
        conn.sock.settimeout(3)
        try:
            reply = conn.reply("GET")
            assert reply.status in (400, 404, 405, 501, 505), str(reply)
        except WireError as error:
            assert "closed after b''" in str(error), error
    api.get("/v2/").expect(200)


def test_A12_leading_blank_lines(api):
    data = b"\r\n\r\n" + api.head("GET", "/v2/")
    assert api.raw(data).status in (200, 400)


def test_A12_body_on_get(api, repo):
    """A body where none is wanted is taken off the wire, or ends it."""
    repo.push_image("one")
    head = api.head("GET", repo.manifest("one"), [
        ("Content-Length", str(len(SMUGGLED)))])
    with Connection(api.address) as conn:
        conn.send(head + SMUGGLED)
        reply = conn.reply("GET").expect(200, 400, 413)
        if reply.status == 200:
            conn.send(api.head("GET", "/v2/"))
            again = conn.reply("GET").expect(200)
            assert again.body == b"{}", str(again)


def test_A12_refused_upload_is_not_parsed(api, repo):
    """The body of a refused request never becomes the next request."""
    plain = api.anonymous()
    body = SMUGGLED * 2000
    with Connection(api.address) as conn:
        conn.send(plain.head("PATCH", repo.uploads + "x", [], len(body)))
        conn.send(body)
        conn.reply("PATCH").error(401, "UNAUTHORIZED")
        conn.sock.settimeout(0.5)
        try:
            second = conn.reply("GET")
            raise AssertionError("a second reply\n%s" % second)
        except WireError as error:
            assert "closed after b''" in str(error) or \
                "no reply in time" in str(error), error


@pytest.mark.parametrize("host", [
    "evil.test", "evil.test:80", "127.0.0.1@evil.test", "a b", "",
    "evil.test/path", "[::1]", "x" * 3000])
def test_A12_host_poisons_nothing(api, repo, host):
    """Locations and links come from us alone.  A challenge must name a host:
    whoever asks for one is told it again, and no cache may tell others."""
    headers = [("Host", host)]
    data = repo.push_image("one")
    repo.push_manifest("two", data)
    client = api.clone()
    for got in (client.request("POST", repo.uploads, b"", headers),
                client.request("GET", repo.tags + "?n=1", None, headers)):
        assert got.status in (200, 202, 400), str(got)
        said = "".join(value for _, value in got.headers)
        assert "evil" not in said and "xxx" not in said, str(got)
    got = client.anonymous().request("GET", "/v2/", None, headers)
    if got.status != 400:
        realm = tokens.challenge(got)[1]["realm"].split("/")
        assert realm[2] == (host if re.fullmatch(r"[a-z0-9.:\[\]]{1,255}", host)
                            else "localhost"), str(got)
        assert got.get("Cache-Control") == "no-store", str(got)


def test_A12_absolute_form(api, repo):
    """Absolute targets are served as the path they hold, or refused."""
    repo.push_image("one")
    for stem in ("http://evil.test", "http://%s:%d" % api.address):
        got = api.clone().get(stem + repo.tags)
        assert got.status in (200, 400, 404), str(got)
        got = api.clone().request("POST", stem + repo.uploads)
        assert got.status in (202, 400, 404), str(got)
        assert "evil" not in (got.get("Location") or "")
    api.clone().anonymous().get("http://evil.test/v2/").expect(400, 401, 404)


@pytest.mark.parametrize("name", [
    "X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-Host",
    "X-Forwarded-User", "X-Remote-User", "X-Auth-Request-User"])
def test_A12_headers_of_proxies_grant_nothing(api, name):
    for value in ("127.0.0.1", "for=127.0.0.1", "admin"):
        api.anonymous().get("/v2/", headers={name: value}).error(
            401, "UNAUTHORIZED")


def test_A12_response_splitting(api, repo):
    """Nothing that a client names comes back as a header of its own."""
    for target in (repo.base + "%0d%0aX-Evil:%20y/tags/list",
                   repo.tags + "?n=1&last=%0d%0aX-Evil:%20y",
                   repo.manifest("%0d%0aX-Evil:y"),
                   repo.referrers(oci.digest(b"")) +
                   "?artifactType=%0d%0aX-Evil:%20y"):
        got = api.get(target)
        assert got.status in (200, 400, 404), str(got)
        assert not got.all("X-Evil"), str(got)
    data = oci.artifact({"mediaType": "a/b", "size": 1,
                         "digest": "x:y\r\nX-Evil: y"})
    repo.push_blob(b"{}")
    got = repo.put("one", data).expect(400)
    assert not got.all("X-Evil")
