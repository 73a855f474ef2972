# SPDX-License-Identifier: Apache-2.0
"""IMG-01 to IMG-06: what the image specification asks of a registry."""
import json

import pytest
from berthlib import oci

from test_1h_manifest_push import parts, stored  # noqa: F401

BLAKE3 = "blake3:" + "ab" * 32
OTHER = "other+sum.v1:AbC_d=-9"


@pytest.mark.backend
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_IMG_01_verified(repo, algorithm):
    body = b"verified"
    wrong = oci.digest(b"Verified", algorithm)
    place = repo.start()
    repo.client.request("PUT", oci.finish(place, wrong), body).error(
        400, "DIGEST_INVALID")
    repo.get(repo.blob(wrong)).expect(404)
    name = repo.push_blob(body, algorithm)
    assert repo.get(repo.blob(name)).expect(200).body == body


def test_IMG_01_third_algorithm(repo):
    """A registered algorithm that is not served yet is refused as such."""
    repo.push_blob(b"makes the repository")
    repo.get(repo.blob(BLAKE3)).error(
        (400, 404), "DIGEST_INVALID", "BLOB_UNKNOWN", "UNSUPPORTED")
    repo.get(repo.manifest(BLAKE3)).error(
        (400, 404), "DIGEST_INVALID", "MANIFEST_UNKNOWN", "UNSUPPORTED")
    repo.client.request(
        "PUT", oci.finish(repo.start(), BLAKE3), b"x").error(
            400, "DIGEST_INVALID", "UNSUPPORTED")


@pytest.mark.parametrize("digest", [BLAKE3, OTHER])
def test_IMG_02_unknown_algorithm_inside(repo, parts, digest):
    """It passes where the content need not be here."""
    document = json.loads(oci.image(*parts))
    document["layers"].append({
        "mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "digest": digest, "size": 5, "urls": ["https://vendor.example/x"]})
    document["subject"] = {"mediaType": oci.MANIFEST, "digest": digest,
                           "size": 7}
    reply = stored(repo, "one", oci.dump(document))
    assert reply.get("OCI-Subject") == digest


@pytest.mark.parametrize("digest", [BLAKE3, OTHER])
def test_IMG_02_unknown_algorithm_of_a_layer(repo, parts, digest):
    """Content that must be here and cannot be is missing, not malformed."""
    document = json.loads(oci.image(*parts))
    document["layers"].append({
        "mediaType": oci.LAYER, "digest": digest, "size": 5})
    reply = repo.put("one", oci.dump(document)).expect(201, 400, 404)
    if reply.status != 201:
        reply.error((400, 404), "MANIFEST_BLOB_UNKNOWN")


@pytest.mark.parametrize("digest", [
    "sha256:" + "a" * 63, "sha256:" + "A" * 64, "sha512:" + "a" * 64,
    "sha256", "", "SHA256:" + "a" * 64, "a b:cd", "x:", ":x", 7, None])
def test_IMG_02_bad_grammar_inside(repo, parts, digest):
    for field in ("layers", "config", "subject"):
        document = json.loads(oci.image(*parts))
        entry = {"mediaType": oci.LAYER, "digest": digest, "size": 5}
        if field == "layers":
            document["layers"].append(entry)
        else:
            document[field] = entry
        repo.put("one", oci.dump(document)).error(
            400, "MANIFEST_INVALID", "DIGEST_INVALID")


def test_IMG_03_data_is_left_alone(repo):
    """Small content is neither inlined nor the given one checked away."""
    repo.push_blob(b"{}")
    plain = oci.image(b"{}", [])
    stored(repo, "plain", plain)
    assert b'"data"' not in repo.get(repo.manifest("plain")).body
    document = json.loads(plain)
    document["config"]["data"] = "e30="
    stored(repo, "data", oci.dump(document))


def test_IMG_03_data_of_a_referrer_is_not_added(repo):
    image = repo.push_image("image")
    repo.push_artifact(oci.descriptor(image, oci.MANIFEST))
    entry, = repo.get(repo.referrers(oci.digest(image))).json()["manifests"]
    assert "data" not in entry


@pytest.mark.backend
@pytest.mark.parametrize("change", [1, -1, 1000000, "zero"])
@pytest.mark.parametrize("field", ["config", "layer", "child"])
def test_IMG_05_size_is_checked(repo, parts, field, change):
    kind = oci.MANIFEST
    document = json.loads(oci.image(*parts))
    entry = document["config"]
    if field == "layer":
        entry = document["layers"][0]
    elif field == "child":
        kind = oci.INDEX
        child = repo.push_image("child")
        document = json.loads(oci.index([(child, oci.MANIFEST)]))
        entry = document["manifests"][0]
    entry["size"] = 0 if change == "zero" else entry["size"] + change
    repo.put("one", oci.dump(document), kind).error(
        400, "MANIFEST_INVALID", "SIZE_INVALID")
    repo.get(repo.manifest("one")).error(404, "MANIFEST_UNKNOWN",
                                         "NAME_UNKNOWN")


CONTENT = {
    "tar": (oci.CONFIG, "application/vnd.oci.image.layer.v1.tar"),
    "zstd": (oci.CONFIG, "application/vnd.oci.image.layer.v1.tar+zstd"),
    "helm": ("application/vnd.cncf.helm.config.v1+json",
             "application/vnd.cncf.helm.chart.content.v1.tar+gzip"),
    "cosign": (oci.CONFIG, "application/vnd.dev.cosign.simplesigning.v1+json"),
    "in-toto": (oci.CONFIG, "application/vnd.in-toto+json"),
    "wasm": ("application/vnd.wasm.config.v0+json", "application/wasm"),
    "soci": ("application/vnd.amazon.soci.index.v1+json",
             "application/octet-stream"),
    "odd": ("x/y", "application/vnd.a.b-c_d+e")}


@pytest.mark.parametrize("kind", sorted(CONTENT))
def test_IMG_06_content_types(repo, parts, kind):
    config, layers = parts
    config_type, layer_type = CONTENT[kind]
    document = json.loads(oci.image(config, layers))
    document["config"]["mediaType"] = config_type
    document["layers"][0]["mediaType"] = layer_type
    stored(repo, kind, oci.dump(document))


@pytest.mark.parametrize("kind", [
    "application/vnd.cncf.helm.config.v1+json", "application/spdx+json",
    "application/vnd.dev.sigstore.bundle.v0.3+json", "a/b",
    "application/vnd." + "x" * 110])
def test_IMG_06_artifact_types(repo, kind):
    image = repo.push_image("image")
    subject = oci.descriptor(image, oci.MANIFEST)
    data, _ = repo.push_artifact(subject, "artifact", kind=kind)
    got = repo.get(repo.manifest("artifact")).expect(200)
    assert got.body == data
    entry, = repo.get(repo.referrers(oci.digest(image))).json()["manifests"]
    assert entry["artifactType"] == kind


def test_IMG_06_index_of_everything(repo):
    image = repo.push_image("image")
    docker = repo.push_image("docker", "d", kind=oci.DOCKER_MANIFEST)
    inner = oci.index([])
    stored(repo, "inner", inner, oci.INDEX)
    stored(repo, "all", oci.index([
        (image, oci.MANIFEST), (docker, oci.DOCKER_MANIFEST),
        (inner, oci.INDEX)]), oci.INDEX)
