# SPDX-License-Identifier: Apache-2.0
"""OCI-130 to OCI-134: deletion."""
import json

import pytest
from berthlib import oci
from berthlib.oci import Repository


def gone(repo, ref):
    for fetch in (repo.get, repo.head, repo.delete):
        fetch(repo.manifest(ref)).error(404, "MANIFEST_UNKNOWN")


@pytest.mark.backend
def test_OCI_130_tag(repo):
    data = repo.push_image("one")
    repo.push_manifest("two", data)
    reply = repo.delete(repo.manifest("one")).expect(202)
    assert reply.body == b""
    gone(repo, "one")
    for ref in ("two", oci.digest(data)):
        assert repo.get(repo.manifest(ref)).expect(200).body == data
    assert repo.get(repo.tags).json()["tags"] == ["two"]


def test_OCI_130_last_tag_keeps_the_manifest(repo):
    data = repo.push_image("one")
    repo.delete(repo.manifest("one")).expect(202)
    assert repo.get(repo.manifest(oci.digest(data))).expect(200).body == data
    repo.push_manifest("one", data)
    repo.get(repo.manifest("one")).expect(200)


@pytest.mark.backend
def test_OCI_131_digest_and_every_tag(repo):
    data = repo.push_image("one")
    other = repo.push_image("other", "other")
    for tag in ("two", "three"):
        repo.push_manifest(tag, data)
    repo.delete(repo.manifest(oci.digest(data))).expect(202)
    for ref in ("one", "two", "three", oci.digest(data)):
        gone(repo, ref)
    assert repo.get(repo.tags).json()["tags"] == ["other"]
    assert repo.get(repo.manifest("other")).expect(200).body == other


@pytest.mark.backend
def test_OCI_131_by_sha512(repo):
    data = repo.push_image("kept", "kept")
    data = oci.dump(dict(json.loads(data), annotations={"x": "y"}))
    name = oci.digest(data, "sha512")
    repo.put(name + "?tag=long", data).expect(201)
    repo.delete(repo.manifest(name)).expect(202)
    gone(repo, name)
    gone(repo, "long")


def test_OCI_131_again_after_a_new_push(repo):
    data = repo.push_image("one")
    for _ in range(2):
        repo.delete(repo.manifest(oci.digest(data))).expect(202)
        gone(repo, "one")
        repo.push_manifest("one", data)
        assert repo.get(repo.manifest("one")).expect(200).body == data


def test_OCI_131_unknown_repository(repo):
    for ref in ("latest", oci.digest(b"no")):
        repo.delete(repo.manifest(ref)).error(404, "NAME_UNKNOWN")


def test_OCI_131_child_of_an_index(repo):
    """This door obeys the specification: the child goes."""
    child = repo.push_image("child")
    index = oci.index([(child, oci.MANIFEST)])
    repo.push_manifest("index", index, oci.INDEX)
    repo.delete(repo.manifest(oci.digest(child))).expect(202)
    gone(repo, oci.digest(child))
    assert repo.get(repo.manifest("index")).expect(200).body == index


@pytest.mark.backend
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_OCI_132_blob(repo, algorithm):
    name = repo.push_blob(b"to go", algorithm)
    repo.delete(repo.blob(name)).expect(202)
    for fetch in (repo.get, repo.head, repo.delete):
        fetch(repo.blob(name)).error(404, "BLOB_UNKNOWN")
    # A push brings it back.
    repo.push_blob(b"to go", algorithm)
    assert repo.get(repo.blob(name)).expect(200).body == b"to go"


def test_OCI_132_absent(repo):
    absent = oci.digest(b"absent")
    repo.delete(repo.blob(absent)).error(404, "BLOB_UNKNOWN", "NAME_UNKNOWN")
    repo.push_blob(b"makes the repository")
    repo.delete(repo.blob(absent)).error(404, "BLOB_UNKNOWN")


@pytest.mark.backend
@pytest.mark.disk
def test_OCI_132_deletions_outlive_a_kill(own_server):
    server = own_server()
    repo = Repository(server.client(), "gone")
    data = repo.push_image("one")
    other = repo.push_image("two", "2")
    name = repo.push_blob(b"loose")
    repo.delete(repo.manifest("two")).expect(202)
    repo.delete(repo.manifest(oci.digest(data))).expect(202)
    repo.delete(repo.blob(name)).expect(202)
    server.restart(hard=True)
    repo = Repository(server.client(), "gone")
    gone(repo, oci.digest(data))
    gone(repo, "one")
    gone(repo, "two")
    repo.get(repo.blob(name)).error(404, "BLOB_UNKNOWN")
    repo.get(repo.manifest(oci.digest(other))).expect(200)


def test_OCI_133_switched_off(own_server):
    server = own_server("registry.delete=false")
    repo = Repository(server.client(), "kept")
    data = repo.push_image("one")
    name = repo.push_blob(b"loose")
    targets = (repo.manifest("one"), repo.manifest(oci.digest(data)),
               repo.blob(name))
    for target in targets:
        reply = repo.delete(target).error((405, 400), "UNSUPPORTED")
        if reply.status == 405:
            assert "DELETE" not in reply.get("Allow"), str(reply)
            assert "GET" in reply.get("Allow"), str(reply)
        repo.get(target).expect(200)
    # What does not exist is no way to find out either.
    for target in (repo.manifest("none"), repo.blob(oci.digest(b"no"))):
        repo.delete(target).error((405, 400), "UNSUPPORTED")
    # Giving up an upload destroys nothing that was acknowledged.
    repo.delete(repo.start()).expect(204)


@pytest.mark.backend
def test_OCI_134_referenced_blob(repo):
    data = repo.push_image("one")
    document = json.loads(data)
    parts = [document["config"]] + document["layers"]
    for entry in parts:
        repo.delete(repo.blob(entry["digest"])).error(409, "DENIED")
        repo.get(repo.blob(entry["digest"])).expect(200)
    repo.delete(repo.manifest(oci.digest(data))).expect(202)
    for entry in parts:
        repo.delete(repo.blob(entry["digest"])).expect(202)
        repo.get(repo.blob(entry["digest"])).error(404, "BLOB_UNKNOWN")


def test_OCI_134_referenced_elsewhere_only(repo, api, name):
    """Another repository's manifest does not hold a membership here."""
    other = Repository(api, name + "/other")
    document = json.loads(other.push_image("one"))
    layer = document["layers"][0]["digest"]
    repo.client.request("POST", repo.uploads + "?mount=%s&from=%s" % (
        layer, other.name)).expect(201)
    repo.delete(repo.blob(layer)).expect(202)
    repo.get(repo.blob(layer)).error(404, "BLOB_UNKNOWN")
    other.get(other.blob(layer)).expect(200)
