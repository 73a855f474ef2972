# SPDX-License-Identifier: Apache-2.0
"""A9, A10 and A11: numbers, JSON and paths out of bounds."""
import json
import os
import time

import pytest
from berthlib import oci
from berthlib.oci import Repository
from berthlib.wire import Connection

from test_1h_manifest_push import parts  # noqa: F401
from test_1l_limits import refused

NUMBERS = {"-1": 400, "0": 200, "2147483648": 200, "1000000000": 200,
           "abc": 400, "": 400, "9223372036854775808": (200, 400),
           "18446744073709551616": (200, 400), "-9223372036854775809": 400,
           "1" * 2000: (200, 400), "NaN": 400, "1e9": 400, "0x7f": 400,
           "%31%00": 400}


@pytest.mark.parametrize("n", sorted(NUMBERS))
def test_A9_numbers(repo, n):
    data = repo.push_image("one")
    wanted = NUMBERS[n]
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    for target in (repo.tags, "/v2/_catalog"):
        repo.get("%s?n=%s" % (target, n)).expect(*wanted)
    reply = repo.get("%s?n=%s" % (repo.referrers(oci.digest(data)), n))
    assert reply.status in (200, 400), str(reply)


@pytest.mark.parametrize("last", [
    "%00", "a%00b", "../", "..%2F..%2F", "%ff%fe", "%", "%zz", "%e2%80%ae",
    "'%20OR%201=1--", "%27%3B%20DROP%20TABLE%20tags%3B--", "%0d%0aX:%20y",
    "a" * 4000])
def test_A9_last(repo, last):
    """A marker is a value to compare with, nothing more."""
    repo.push_image("one")
    for target in (repo.tags, "/v2/_catalog"):
        got = repo.get("%s?n=1&last=%s" % (target, last)).expect(200, 400)
        assert not got.all("X"), str(got)
        for value in got.all("Link"):
            assert "\r" not in value and '"next"' in value
    assert repo.get(repo.tags).json()["tags"] == ["one"]


def test_A9_ten_megabytes_of_last(api):
    refused(api, "/v2/_catalog?last=" + "a" * (10 << 20))


def test_A9_repeated_parameters(repo):
    repo.push_image("one")
    for query in ("n=1&n=2", "n=1&n=abc", "n=-1&n=1",
                  "&".join("scope=repository:a:pull" for _ in range(100)),
                  "&&&&=&=a&b=&n=1"):
        repo.get(repo.tags + "?" + query).expect(200, 400)


@pytest.mark.parametrize("lines", [
    [("X-%d" % n, "") for n in range(2000)],
    [("Cookie", "a=b") for _ in range(3000)],
    [("X" * 20000, "a")], [("Authorization", "Basic " + "A" * 30000)]])
def test_A9_header_bombs(api, lines):
    refused(api, "/v2/", lines)


def test_A9_thousands_of_small_requests(api):
    """A cheap flood is answered, not hoarded."""
    head = api.head("GET", "/v2/_catalog?n=0")
    with Connection(api.address) as conn:
        for _ in range(20):
            conn.send(head * 50)
            for _ in range(50):
                conn.reply("GET").expect(200)


def image_with(parts, text):
    """The manifest with a member more, given as raw JSON text."""
    data = json.dumps(json.loads(oci.image(*parts))).encode()
    return data[:-1] + b", " + text + b"}"


BAD_JSON = {
    "depth of arrays": b'"x": ' + b"[" * 100000 + b"]" * 100000,
    "depth of objects": b'"x": ' + b'{"a":' * 50000 + b"1" + b"}" * 50000,
    "open arrays": b'"x": ' + b"[" * 100000,
    "duplicate layers": b'"layers": []',
    "duplicate config": b'"config": {}',
    "duplicate member": b'"x": 1, "x": 2',
    "duplicate by escape": b'"\\u006cayers": []',
    "bad UTF-8": b'"x": "\xff\xfe"',
    "overlong UTF-8": b'"x": "\xc0\xaf"',
    "surrogate": b'"x": "\xed\xa0\x80"',
    "lone surrogate escape": b'"x": "\\ud800"',
    "NUL byte": b'"x": "a\x00b"',
    "control byte": b'"x": "a\x01b"',
    "trailing comma": b'"x": 1,',
    "comment": b'/* x */ "x": 1',
    "single quotes": b"'x': 1",
    "NaN": b'"x": NaN',
    "huge number": b'"x": 1' + b"0" * 400,
    "leading zero": b'"x": 01',
}


@pytest.mark.parametrize("kind", sorted(BAD_JSON))
def test_A10_json(repo, parts, kind):
    data = image_with(parts, BAD_JSON[kind])
    repo.put("bad", data).error(400, "MANIFEST_INVALID")
    repo.get(repo.manifest("bad")).error(404, "MANIFEST_UNKNOWN",
                                         "NAME_UNKNOWN")


def test_A10_nul_escape(repo, parts):
    """U+0000 in a string is legal JSON; it is kept, or refused whole."""
    data = image_with(parts, b'"annotations": {"a\\u0000b": "c\\u0000d"}')
    reply = repo.put("nul", data).expect(201, 400)
    if reply.status == 201:
        assert repo.get(repo.manifest("nul")).expect(200).body == data
    else:
        reply.error(400, "MANIFEST_INVALID")


def test_A10_byte_order_mark_and_trailing_text(repo, parts):
    data = oci.image(*parts)
    for bad in (b"\xef\xbb\xbf" + data, data + b"x", data + data,
                data.decode().encode("utf-16"), data[:-1], b"\x1f\x8b" + data):
        repo.put("bad", bad).error(400, "MANIFEST_INVALID")


@pytest.mark.parametrize("size", [
    "-1", "18446744073709551616", "9223372036854775808", "1.5", "1e3", '"5"',
    "null", "true", "[]", "1" + "0" * 100])
def test_A10_sizes(repo, parts, size):
    text = oci.image(*parts).decode()
    own = '"size": %d' % len(parts[0])
    assert own in text
    repo.put("bad", text.replace(own, '"size": ' + size, 1).encode()).error(
        400, "MANIFEST_INVALID", "SIZE_INVALID")


def test_A10_missing_members(repo, parts):
    for path in (("config",), ("schemaVersion",),
                 ("config", "digest"), ("config", "size"),
                 ("config", "mediaType")):
        document = json.loads(oci.image(*parts))
        del document["mediaType"]
        holder = document
        for step in path[:-1]:
            holder = holder[step]
        del holder[path[-1]]
        repo.put("bad", oci.dump(document)).error(400, "MANIFEST_INVALID")


@pytest.mark.parametrize("wrong", [None, 1, "x", [], {}, [1], [[]], ["x"]])
def test_A10_members_of_wrong_types(repo, parts, wrong):
    for name in ("config", "layers", "schemaVersion", "mediaType", "subject",
                 "annotations", "artifactType"):
        document = json.loads(oci.image(*parts))
        if wrong == [] and name == "layers" or \
                wrong == "x" and name == "artifactType" or \
                wrong == {} and name == "annotations":
            continue
        if wrong is None and name not in ("config", "schemaVersion"):
            continue
        document[name] = wrong
        repo.put("bad", oci.dump(document)).error(400, "MANIFEST_INVALID")


def test_A10_many_descriptors(repo, parts):
    """More than the limit is refused, quickly, and the limit is obeyed."""
    entry = oci.descriptor(parts[1][0])
    document = json.loads(oci.image(*parts))
    document["layers"] = [entry] * 5000
    repo.put("many", json.dumps(document).encode()).expect(201)
    small = json.dumps({"mediaType": "a/b", "digest": "a:b", "size": 0})
    data = json.dumps(document).replace(
        json.dumps([entry] * 5000), "[%s]" % ",".join([small] * 70000))
    since = time.monotonic()
    repo.put("bad", data.encode()).error(
        (400, 413), "MANIFEST_INVALID", "SIZE_INVALID")
    assert time.monotonic() - since < 10
    repo.get(repo.manifest("bad")).error(404, "MANIFEST_UNKNOWN")


def test_A10_deep_index_nesting(repo):
    """Each index lists the one before; no request walks the whole chain."""
    data, kind = repo.push_image("image"), oci.MANIFEST
    for n in range(100):
        data, kind = oci.index([(data, kind)]), oci.INDEX
        repo.put(oci.digest(data), data, kind).expect(201)
    repo.push_manifest("deep", data, oci.INDEX)
    since = time.monotonic()
    assert repo.get(repo.manifest("deep")).expect(200).body == data
    repo.delete(repo.manifest(oci.digest(data))).expect(202)
    assert time.monotonic() - since < 5


def test_A10_index_about_its_own_children(repo):
    """Subject and children may point in a circle as far as hashes allow."""
    image = repo.push_image("image")
    entry = oci.descriptor(image, oci.MANIFEST)
    index = oci.index([(image, oci.MANIFEST)], subject=entry)
    repo.push_manifest("index", index, oci.INDEX)
    document = json.loads(oci.index([(index, oci.INDEX)]))
    document["manifests"] *= 3
    document["subject"] = oci.descriptor(index, oci.INDEX)
    data = oci.dump(document)
    repo.push_manifest("outer", data, oci.INDEX)
    for target in (oci.digest(image), oci.digest(index)):
        found = repo.get(repo.referrers(target)).expect(200).json()
        assert len(found["manifests"]) == 1
    repo.delete(repo.manifest(oci.digest(index))).expect(202)
    repo.get(repo.manifest("outer")).expect(200)


def test_A10_large_annotations_in_referrers(repo):
    """What referrers carry along is bounded by what was accepted."""
    image = repo.push_image("image")
    subject = oci.descriptor(image, oci.MANIFEST)
    for n in range(6):
        repo.push_artifact(subject, annotations={"n": str(n) * 300000})
    target = repo.referrers(oci.digest(image))
    found = oci.pages(repo.client, target, "manifests")
    assert sum(map(len, found)) == 6


NAMES = ["con", "nul", "aux", "com1", "lpt1", "prn", "blobs/uploads",
         "index.html", "index.json", "a" * 200, "x/" * 60 + "x",
         "etc/passwd", "proc/self/environ", "dev/null"]


@pytest.mark.parametrize("odd", NAMES)
def test_A11_names_are_only_names(api, name, odd):
    repo = Repository(api, "%s/%s" % (name, odd))
    if len(repo.name) > 255:
        repo.name = repo.name[:250].rstrip("/")
        repo.base = "/v2/" + repo.name
    data = repo.push_image("con")
    assert repo.get(repo.manifest("con")).expect(200).body == data


def test_A11_long_names(api):
    for stem in ("a" * 256, "a/" * 128 + "a", "a" * 4000):
        repo = Repository(api, stem)
        for method, target in (("GET", repo.tags), ("POST", repo.uploads)):
            api.request(method, target).error(400, "NAME_INVALID")


@pytest.mark.parametrize("path", [
    "/v2/../../../../etc/passwd", "/v2/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "/v2/a/blobs/../../../etc/passwd", "/v2/a/blobs/%2e%2e%2fx",
    "/v2/a/manifests/..%2f..%2fetc%2fpasswd", "/v2/a/manifests/..",
    "/v2/a/blobs/uploads/..%2f..%2f..%2fetc%2fpasswd",
    "/v2/a/blobs/uploads/%2e%2e", "/v2/a//manifests/b",
    "/v2//etc/passwd/tags/list", "/v2/C:%5cwindows/tags/list",
    "/v2/file:%2f%2f%2fetc/tags/list", "//etc/passwd", "/../etc/passwd",
    "/v2/a/referrers/..%2f..%2fx", "/console/../../etc/passwd",
    "/v2/a/tags/list/../../../../etc/passwd", "/v2/a%0a/tags/list",
    "/v2/a%0d%0aSet-Cookie:%20x/tags/list"])
def test_A11_paths_out_of_the_tree(api, path):
    for method in ("GET", "DELETE", "PUT", "POST", "PATCH"):
        got = api.clone().request(method, path)
        assert got.status in (400, 404, 405), str(got)
        assert b"root:" not in got.body
        assert not got.all("Set-Cookie"), str(got)


def stored_file(server, digest):
    """The file of a blob in the data folder."""
    encoded = digest.split(":")[1]
    for base, _, files in os.walk(os.path.join(server.data, "blobs")):
        for file in files:
            if file.startswith(encoded):
                return os.path.join(base, file)
    raise AssertionError("no file holds " + digest)


@pytest.mark.disk
def test_A11_symlink_in_place_of_a_blob(own_server, tmp_path):
    """A planted link is damage, not a way to read the rest of the disk."""
    server = own_server()
    repo = Repository(server.client(), "planted")
    body = b"b" * 100
    name = repo.push_blob(body)
    secret = tmp_path / "secret"
    secret.write_bytes(b"s" * 100)
    server.stop()
    path = stored_file(server, name)
    os.unlink(path)
    os.symlink(secret, path)
    server.start()
    repo = Repository(server.client(), "planted")
    got = repo.get(repo.blob(name))
    assert got.status >= 400 and secret.read_bytes() not in got.body, str(got)
    repo.push_blob(b"the rest goes on")
    assert secret.read_bytes() == b"s" * 100


@pytest.mark.disk
def test_A11_symlinked_folder_of_blobs(own_server, tmp_path):
    """Writes do not leave the data folder through a planted folder."""
    server = own_server()
    repo = Repository(server.client(), "planted")
    name = repo.push_blob(b"where do they lie")
    folder = os.path.dirname(stored_file(server, name))
    server.stop()
    outside = tmp_path / "outside"
    outside.mkdir()
    os.rename(folder, folder + ".moved")
    os.symlink(outside, folder)
    server.start()
    repo = Repository(server.client(), "planted")
    two = os.path.basename(folder)
    body = next(b"try %d" % n for n in range(100000) if oci.digest(
        b"try %d" % n).split(":")[1].startswith(two))
    repo.client.request("PUT", oci.finish(
        repo.start(), oci.digest(body)), body).expect(500, 503, 507)
    assert list(outside.iterdir()) == []
