# SPDX-License-Identifier: Apache-2.0
"""OCI-010 to OCI-015: repository names, tags, digests and paths."""
import pytest
from berthlib import oci
from berthlib.oci import Repository

GOOD = ["a", "0", "a/b", "a-b", "a--b", "a---b", "a.b", "a_b", "a__b",
        "a0/b1/c2/d3/e4/f5", "library/a.b_c__d-e--f"]
BAD = ["A", "a/B", "-a", "a-", ".a", "a.", "_a", "a_", "a..b", "a___b", "a._b",
       "a-_b", "a/-b", "a/b-", "a%20b", "a+b", "a@b", "a:b", "a~b",
       "%C3%A9", "a*", "a/_b"]
BAD_TAGS = ["-a", ".a", "a%20b", "a+b", "a@b", "%C3%A9", "a*",
            "a" * 129, "a%2Fb"]
HEX = "0123456789abcdef" * 4
BAD_DIGESTS = ["sha256:", "sha256:" + HEX[:-1], "sha256:" + HEX + "0",
               "sha256:" + HEX.upper(), "sha256:" + HEX[:-1] + "g",
               "sha512:" + HEX, "SHA256:" + HEX, ":" + HEX, "sha256:" + " ",
               "sha256::" + HEX, "sha256+:" + HEX, "sha256:baddigeststring"]


@pytest.mark.parametrize("good", GOOD)
def test_OCI_010_good_names(api, name, good):
    repo = Repository(api, name + "/" + good)
    blob = repo.push_blob(b"x")
    repo.get(repo.blob(blob)).expect(200)


@pytest.mark.parametrize("bad", BAD)
def test_OCI_010_bad_names(api, bad):
    repo = Repository(api, bad)
    for method, target in (("GET", repo.tags), ("GET", repo.manifest("a")),
                           ("POST", repo.uploads),
                           ("GET", repo.blob(oci.digest(b""))),
                           ("GET", repo.referrers(oci.digest(b"")))):
        reply = api.request(method, target)
        reply.error((400, 404), "NAME_INVALID", "NAME_UNKNOWN")
        assert reply.status == 404 or \
            reply.json()["errors"][0]["code"] == "NAME_INVALID", str(reply)


def test_OCI_011_length_of_names(api, name):
    """A name of 255 characters works, one of 256 does not."""
    stem = name + "/"
    longest = Repository(api, stem + "a" * (255 - len(stem)))
    longest.push_image("one")
    longest.get(longest.tags).expect(200)
    over = Repository(api, longest.name + "a")
    api.request("POST", over.uploads).error(400, "NAME_INVALID")
    over.get(over.tags).error(400, "NAME_INVALID")


def test_OCI_012_good_tags(repo):
    manifest = repo.push_image("first")
    for tag in ("a", "0", "_", "A.b-c_D", "_.-", "latest", "a" * 128,
                "sha256-" + "a" * 64):
        repo.push_manifest(tag, manifest)
        got = repo.get(repo.manifest(tag)).expect(200)
        assert got.body == manifest


@pytest.mark.parametrize("tag", BAD_TAGS)
def test_OCI_012_bad_tags(repo, tag):
    manifest = repo.push_image("first")
    repo.put(tag, manifest).error(
        (400, 404), "MANIFEST_INVALID", "NAME_INVALID", "DIGEST_INVALID",
        "MANIFEST_UNKNOWN", "UNSUPPORTED", "NAME_UNKNOWN")
    repo.get(repo.manifest(tag)).expect(400, 404)
    assert repo.get(repo.tags).json()["tags"] == ["first"]


def test_OCI_012_what_cannot_be_a_tag_is_not_there(repo):
    repo.push_image("first")
    place = repo.manifest(".NOT-A-TAG")
    repo.get(place).error(404, "MANIFEST_UNKNOWN")
    repo.head(place).expect(404)
    repo.delete(place).error(404, "MANIFEST_UNKNOWN")


@pytest.mark.parametrize("bad", BAD_DIGESTS)
def test_OCI_013_bad_digests(repo, bad):
    repo.push_image("first")
    place = bad.replace(" ", "%20")
    repo.get(repo.blob(place)).error(400, "DIGEST_INVALID")
    repo.get(repo.referrers(place)).error(400, "DIGEST_INVALID")
    repo.delete(repo.blob(place)).error(400, "DIGEST_INVALID")
    start = repo.start()
    repo.client.request("PUT", oci.finish(start, place), b"x").error(
        400, "DIGEST_INVALID")


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_OCI_013_both_algorithms(repo, algorithm):
    body = b"named by " + algorithm.encode()
    name = repo.push_blob(body, algorithm)
    assert repo.get(repo.blob(name)).expect(200).body == body
    repo.head(repo.blob(name)).expect(200)
    repo.delete(repo.blob(name)).expect(202)
    repo.get(repo.blob(name)).error(404, "BLOB_UNKNOWN")


def test_OCI_014_bad_digest_as_a_reference(repo):
    manifest = repo.push_image("first")
    bad = "sha256:baddigeststring"
    repo.put(bad, manifest).error(400, "DIGEST_INVALID", "MANIFEST_INVALID")
    repo.get(repo.manifest(bad)).error(
        (400, 404), "DIGEST_INVALID", "MANIFEST_UNKNOWN")
    repo.head(repo.manifest(bad)).expect(400, 404)
    repo.delete(repo.manifest(bad)).expect(400, 404)


WORDS = ["blobs", "manifests", "tags", "uploads", "referrers", "list",
         "blobs/uploads", "manifests/blobs", "tags/list", "v2",
         "blobs/uploads/manifests/tags/list/referrers"]


@pytest.mark.parametrize("word", WORDS)
def test_OCI_015_names_of_route_words(api, name, word):
    for full in (name + "/" + word, name + "/" + word + "/x"):
        repo = Repository(api, full)
        manifest = repo.push_image("latest")
        got = repo.get(repo.manifest("latest")).expect(200)
        assert got.body == manifest
        assert repo.get(repo.tags).json() == {
            "name": full, "tags": ["latest"]}
        repo.push_artifact(oci.descriptor(manifest, oci.MANIFEST))
        found = repo.get(repo.referrers(oci.digest(manifest))).json()
        assert len(found["manifests"]) == 1
        place = repo.start()
        repo.get(place).expect(204)
        repo.delete(place).expect(204)
        repo.delete(repo.manifest("latest")).expect(202)


def test_OCI_015_percent_encoding_is_decoded_once(repo):
    blob = repo.push_blob(b"percent")
    coded = blob.replace(":", "%3A").replace("sha", "%73ha")
    assert repo.get(repo.blob(coded)).expect(200).body == b"percent"
    twice = blob.replace(":", "%253A")
    repo.get(repo.blob(twice)).error(400, "DIGEST_INVALID")
    slash = repo.name.replace("/", "%2F")
    other = Repository(repo.client, slash)
    got = other.get(other.blob(blob))
    # %2F is either the slash it stands for or refused, never a new name.
    assert got.status in (200, 400, 404), str(got)
    twice = Repository(repo.client, repo.name.replace("/", "%252F"))
    twice.get(twice.tags).expect(400, 404)


@pytest.mark.parametrize("path", [
    "/v2//tags/list", "/v2/a//b/tags/list", "/v2/./tags/list",
    "/v2/../tags/list", "/v2/a/../b/tags/list", "/v2/a/./b/tags/list",
    "/v2/%2e%2e/%2e%2e/etc/tags/list", "/v2/a/%2e%2e/b/tags/list",
    "/v2/a%00/tags/list", "/v2/a/tags/list%00", "/v2/a/%/tags/list",
    "/v2/a/%zz/tags/list", "/v2/a/%2/tags/list", "/v2/a/tags/list/",
    "/v2/a/manifests/", "/v2/a/manifests/../../../x", "/v2/a/blobs/",
    "/v2/a/blobs/uploads/../../x", "/v2/a\\b/tags/list", "/v2/tags/list"])
def test_OCI_015_hostile_paths(api, path):
    reply = api.get(path)
    assert reply.status in (400, 404, 405), str(reply)


def test_OCI_015_odd_request_targets(api):
    api.get("/v2").expect(200, 404)
    for target in ("//v2/", "/v2/..", "/", "/..", "/%2e%2e/", "*"):
        reply = api.clone().get(target)
        assert reply.status in (301, 307, 308, 400, 404, 405), str(reply)


@pytest.mark.parametrize("tail", ["manifests/%zz", "manifests/a%00",
                                  "blobs/%", "tags/list%2"])
def test_OCI_006_undecodable_targets_answered_as_json(repo, tail):
    repo.get(f"/v2/{repo.name}/{tail}").error(400, "UNSUPPORTED")
