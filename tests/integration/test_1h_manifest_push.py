# SPDX-License-Identifier: Apache-2.0
"""OCI-090 to OCI-096: what a manifest push accepts and keeps."""
import json

import pytest
from berthlib import oci

FOREIGN = [
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"]


def stored(repo, ref, data, kind=oci.MANIFEST):
    """Push under ref; what comes back is the same in every respect."""
    reply = repo.put(ref, data, kind).expect(201)
    assert reply.get("Docker-Content-Digest") == oci.digest(data)
    for target in (reply.get("Location"), repo.manifest(ref),
                   repo.manifest(oci.digest(data))):
        got = repo.get(target).expect(200)
        assert got.body == data
        assert got.get("Content-Type") == kind
        assert got.get("Content-Length") == str(len(data))
    return reply


@pytest.fixture
def parts(repo):
    """A config and a layer that are there."""
    config, layer = b'{"os":"linux"}', b"layer"
    repo.push_blob(config)
    repo.push_blob(layer)
    return config, [layer]


@pytest.mark.backend
def test_OCI_090_location(repo, parts):
    data = oci.image(*parts)
    reply = stored(repo, "one", data)
    assert reply.get("Location").startswith(repo.base + "/manifests/")
    stored(repo, oci.digest(data), data)


def test_OCI_090_needs_no_content_type_guessing(repo, parts):
    """Without mediaType in the body the Content-Type says what it is."""
    document = json.loads(oci.image(*parts))
    del document["mediaType"]
    stored(repo, "one", oci.dump(document))


@pytest.mark.backend
def test_OCI_091_exact_bytes(repo, parts):
    document = json.loads(oci.image(*parts))
    for at, data in enumerate((
            json.dumps(document).encode(),
            json.dumps(document, separators=(",", ":")).encode(),
            json.dumps(document, sort_keys=True, indent=1).encode() + b"\n",
            b"\r\n\t " + json.dumps(document).encode() + b" ",
            oci.dump(document).replace(b"2", b"2.0", 1).replace(
                b"2.0", b"2"))):
        stored(repo, "form-%d" % at, data)


@pytest.mark.backend
def test_OCI_092_digest_of_the_client(repo, parts):
    data = oci.image(*parts)
    for algorithm in ("sha256", "sha512"):
        name = oci.digest(data, algorithm)
        reply = repo.put(name, data).expect(201)
        assert reply.get("Docker-Content-Digest") == name
        assert reply.get("Location") == repo.manifest(name)
        got = repo.get(repo.manifest(name)).expect(200)
        assert got.body == data


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_OCI_092_other_bytes(repo, parts, algorithm):
    data = oci.image(*parts)
    name = oci.digest(b"other bytes", algorithm)
    repo.put(name, data).error(400, "DIGEST_INVALID")
    repo.get(repo.manifest(name)).error(404, "MANIFEST_UNKNOWN")
    repo.get(repo.manifest(oci.digest(data))).error(404, "MANIFEST_UNKNOWN")


@pytest.mark.backend
def test_OCI_093_subject_that_does_not_exist_yet(repo):
    later = oci.image(b"{}", [b"{}"])
    subject = oci.descriptor(later, oci.MANIFEST)
    data, reply = repo.push_artifact(subject)
    assert reply.get("OCI-Subject") == oci.digest(later)
    repo.get(repo.manifest(oci.digest(later))).error(404, "MANIFEST_UNKNOWN")
    found = repo.get(repo.referrers(oci.digest(later))).json()["manifests"]
    assert [entry["digest"] for entry in found] == [oci.digest(data)]
    stored(repo, "later", later)


def test_OCI_093_subject_of_sha512(repo):
    later = oci.image(b"{}", [b"{}"])
    subject = oci.descriptor(later, oci.MANIFEST, "sha512")
    data, reply = repo.push_artifact(subject)
    assert reply.get("OCI-Subject") == subject["digest"]
    found = repo.get(repo.referrers(subject["digest"])).json()["manifests"]
    assert [entry["digest"] for entry in found] == [oci.digest(data)]


@pytest.mark.backend
@pytest.mark.parametrize("missing", ["config", "layer", "child"])
def test_OCI_094_missing_references(repo, parts, missing):
    config, layers = parts
    kind = oci.MANIFEST
    if missing == "config":
        data = oci.image(b"missing", layers)
    elif missing == "layer":
        data = oci.image(config, layers + [b"missing"])
    else:
        kind = oci.INDEX
        data = oci.index([(b"missing", oci.MANIFEST)])
    repo.put("one", data, kind).error((400, 404), "MANIFEST_BLOB_UNKNOWN")
    repo.get(repo.manifest("one")).error(404, "MANIFEST_UNKNOWN")
    repo.get(repo.manifest(oci.digest(data))).error(404, "MANIFEST_UNKNOWN")


def test_OCI_094_blob_of_another_repository(repo, parts, api, name):
    other = oci.Repository(api, name + "/other")
    elsewhere = b"elsewhere " + name.encode()
    other.push_blob(elsewhere)
    data = oci.image(parts[0], [elsewhere])
    repo.put("one", data).error((400, 404), "MANIFEST_BLOB_UNKNOWN")


def test_OCI_094_deleted_blob(repo, parts):
    repo.delete(repo.blob(oci.digest(parts[1][0]))).expect(202)
    repo.put("one", oci.image(*parts)).error(
        (400, 404), "MANIFEST_BLOB_UNKNOWN")


@pytest.mark.parametrize("kind", FOREIGN)
def test_OCI_095_foreign_layers_may_be_missing(repo, parts, kind):
    config, layers = parts
    foreign = oci.descriptor(b"only at its vendor", kind, urls=[
        "https://vendor.example/layer"])
    docker = "docker" in kind
    whole = oci.DOCKER_MANIFEST if docker else oci.MANIFEST
    document = json.loads(oci.image(config, layers, whole))
    document["layers"].insert(0, foreign)
    stored(repo, "foreign", oci.dump(document), whole)


def test_OCI_095_without_urls_it_is_missing(repo, parts):
    document = json.loads(oci.image(*parts))
    document["layers"].append(oci.descriptor(b"gone", oci.LAYER))
    repo.put("one", oci.dump(document)).error(
        (400, 404), "MANIFEST_BLOB_UNKNOWN")
    document["layers"][-1]["urls"] = ["https://vendor.example/layer"]
    repo.put("one", oci.dump(document)).expect(201, 400, 404)


@pytest.mark.backend
def test_OCI_096_no_layers(repo, parts):
    stored(repo, "empty", oci.image(parts[0], []))


def test_OCI_096_empty_index(repo):
    stored(repo, "empty", oci.index([]), oci.INDEX)


@pytest.mark.backend
def test_OCI_096_nested_index(repo):
    child = repo.push_image("child")
    inner = oci.index([(child, oci.MANIFEST)])
    stored(repo, "inner", inner, oci.INDEX)
    outer = oci.index([(inner, oci.INDEX), (child, oci.MANIFEST)])
    stored(repo, "outer", outer, oci.INDEX)


def test_OCI_096_index_that_lists_a_blob(repo, parts):
    """Some tools list what is no manifest at all; present is enough."""
    child = repo.push_image("child")
    document = json.loads(oci.index([(child, oci.MANIFEST)]))
    document["manifests"].append(oci.descriptor(
        parts[1][0], "application/vnd.buildkit.cacheconfig.v0"))
    repo.put("cache", oci.dump(document), oci.INDEX).expect(201)


def test_OCI_096_unknown_fields_and_data(repo):
    config = b"{}"
    repo.push_blob(config)
    data = oci.dump({
        "schemaVersion": 2, "mediaType": oci.MANIFEST,
        "artifactType": "application/vnd.example+type",
        "config": oci.descriptor(config, oci.EMPTY, data="e30="),
        "layers": [oci.descriptor(config, oci.EMPTY, data="e30=")],
        "annotations": {"org.example.ü": "\U0001f433", "": ""},
        "com.example.unknown": {"deep": [1, 2.5, None, {"a": True}]}})
    stored(repo, "odd", data)


def test_OCI_096_child_of_sha512(repo):
    child = repo.push_image("child")
    repo.put(oci.digest(child, "sha512"), child).expect(201)
    document = json.loads(oci.index([]))
    document["manifests"].append(
        oci.descriptor(child, oci.MANIFEST, "sha512"))
    stored(repo, "index", oci.dump(document), oci.INDEX)


def test_OCI_096_sparse_indexes(own_server):
    """An option lets an index stand whose children are elsewhere."""
    server = own_server("registry.sparse_indexes=true")
    repo = oci.Repository(server.client(), "sparse")
    stored(repo, "one", oci.index([(b"elsewhere", oci.MANIFEST)]), oci.INDEX)
    repo.push_blob(b"{}")
    repo.put("two", oci.image(b"{}", [b"missing"])).error(
        (400, 404), "MANIFEST_BLOB_UNKNOWN")
