# SPDX-License-Identifier: Apache-2.0
"""buildah: compressions, formats, and indexes over several platforms."""

import hashlib
import os

import pytest

from clients.image import LAYER, noise, tree_digests
from clients.registry import (DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX,
                              OCI_MANIFEST, digest_of)

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
FILES = {"srv/noise": noise(400_000, 21),
         "srv/text": b"the same line again\n" * 9000}
PLATFORMS = ("linux/amd64", "linux/arm64", "linux/arm/v7")


def digests_of(files):
    return {path: hashlib.sha256(data).hexdigest()
            for path, data in files.items()}


@pytest.mark.parametrize("case, options, magic, kind", [
    ("gzip", (), GZIP, LAYER + "+gzip"),
    ("gzip-9", ("--compression-level", "9"), GZIP, LAYER + "+gzip"),
    ("zstd", ("--compression-format", "zstd"), ZSTD, LAYER + "+zstd"),
    ("chunked", ("--compression-format", "zstd:chunked"), ZSTD,
     LAYER + "+zstd"),
], ids=("gzip", "gzip-9", "zstd", "chunked"))
def test_oci_push(buildah, registry, case, options, magic, kind):
    name = f"buildah/{case}"
    # buildah sends what it knows of a layer from earlier pushes, in
    # whatever compression that was; so these layers are all new.
    files = {**FILES, "srv/salt": os.urandom(16)}
    image = buildah.commit(files)
    digest = buildah.push(image, name + ":1", *options)
    found = registry.read_back(name, "1")
    assert found.digest == digest
    assert found.media_type == OCI_MANIFEST
    assert found.layer_types == [kind]
    assert found.layers[0].startswith(magic)
    notes = found.document["layers"][0].get("annotations", {})
    assert any("zstd-chunked" in key for key in notes) == (case == "chunked")
    buildah.forget_all()
    buildah.pull(name + ":1")
    tree = buildah.mounted(registry.reference(name + ":1"))
    assert tree_digests(tree) == digests_of(files)


def test_docker_format(buildah, registry):
    image = buildah.commit(FILES)
    digest = buildah.push(image, "buildah/v2s2:1", "--format", "v2s2")
    found = registry.read_back("buildah/v2s2", "1")
    assert found.digest == digest
    assert found.media_type == DOCKER_MANIFEST
    assert found.layer_types == [
        "application/vnd.docker.image.rootfs.diff.tar.gzip"]
    buildah.forget_all()
    said = buildah.pull("buildah/v2s2:1").out
    assert "sha256:" + said.strip() == digest_of(found.config)


@pytest.mark.parametrize("form, index_type, child_type", [
    ("oci", OCI_INDEX, OCI_MANIFEST),
    ("v2s2", DOCKER_LIST, DOCKER_MANIFEST)], ids=("oci", "docker"))
def test_three_platforms(buildah, registry, form, index_type, child_type):
    name = f"buildah/index/{form}"
    contents = {}
    buildah.run("manifest", "create", "list")
    for platform in PLATFORMS:
        contents[platform] = {"srv/platform": platform.encode() * 99}
        image = buildah.commit(contents[platform], platform=platform)
        buildah.run("manifest", "add", "list", image)
    digest = buildah.push("list", name + ":1", "--all", "--format", form,
                          verb=("manifest", "push"))
    found = registry.read_back(name, "1")
    assert found.digest == digest
    assert found.media_type == index_type
    assert [child.media_type for child in found.children] == [child_type] * 3
    for platform in PLATFORMS:
        buildah.run("rmi", "-a", "-f")
        buildah.pull(name + ":1", "--platform", platform)
        tree = buildah.mounted(registry.reference(name + ":1"))
        assert tree_digests(tree) == digests_of(contents[platform])
        buildah.run("rm", "-a")


def test_index_refers_to_what_was_pushed_before(buildah, registry):
    """The list is put together from images that are in the registry."""
    name = "buildah/assembled"
    buildah.run("manifest", "create", "list")
    pushed = []
    for number, platform in enumerate(PLATFORMS):
        image = buildah.commit({"srv/n": str(number).encode()},
                               platform=platform)
        reference = f"{name}:{number}"
        pushed.append(buildah.push(image, reference))
        buildah.run("manifest", "add", "--tls-verify=false", "list",
                    "docker://" + registry.reference(reference))
    digest = buildah.push("list", name + ":all", "--all",
                          verb=("manifest", "push"))
    found = registry.read_back(name, "all")
    assert found.digest == digest
    assert [child.digest for child in found.children] == pushed


def test_build_on_a_pulled_base(buildah, registry):
    base = buildah.commit(FILES)
    buildah.push(base, "buildah/base:1")
    buildah.forget_all()
    reference = registry.reference("buildah/base:1")
    made = buildah.run("from", "--tls-verify=false", reference).out.strip()
    buildah.run("config", "--label", "level=2", made)
    image = buildah.run("commit", "-q", "--rm", made).out.strip()
    digest = buildah.push(image, "buildah/derived:1")
    derived = registry.read_back("buildah/derived", "1")
    assert derived.digest == digest
    assert derived.layers[0] == registry.read_back("buildah/base",
                                                   "1").layers[0]
    assert b'"level":"2"' in derived.config
