# SPDX-License-Identifier: Apache-2.0
"""What one client pushed, every other client pulls."""

import gzip
import os

import pytest

from clients.image import (layout_blobs, rootfs_tar, tar_digests,
                           tree_digests)
from clients.registry import digest_of

EXTRA = {"srv/text": b"from one to all the others"}


@pytest.fixture
def pushers(request, registry, work, layout, dockerd):
    """Client to a function that pushes an image of the same files."""
    fixture = request.getfixturevalue

    def rootfs():
        path = work.fresh("rootfs") + "/rootfs.tar"
        with open(path, "wb") as sink:
            sink.write(rootfs_tar(EXTRA))
        return path

    def docker(name):
        client = fixture("docker")
        client.import_tar(rootfs_tar(EXTRA), registry.reference(name))
        client.push(registry.reference(name))
        client.forget(registry.reference(name))

    def podman(name):
        client = fixture("podman")
        client.run("import", "-q", rootfs(), "localhost/made")
        client.push("localhost/made", name)
        client.forget_all()

    def buildah(name):
        client = fixture("buildah")
        made = client.run("from", "scratch").out.strip()
        client.run("add", made, rootfs(), "/")
        image = client.run("commit", "-q", "--rm", made).out.strip()
        client.push(image, name)
        client.forget_all()

    def skopeo(name):
        layout.tag(layout.image([rootfs_tar(EXTRA)]), "made")
        client = fixture("skopeo")
        client.copy(f"oci:{layout.path}:made", client.at(name))

    def ctr(name):
        skopeo(name + "-source")
        client = fixture("ctr")
        client.pull(name + "-source")
        client.run("images", "tag", registry.reference(name + "-source"),
                   registry.reference(name))
        client.push(name)
        client.forget(name)
        client.forget(name + "-source")

    return {"docker": docker, "podman": podman, "buildah": buildah,
            "skopeo": skopeo, "ctr": ctr}


@pytest.mark.parametrize("pusher", [
    "docker", "podman", "buildah", "skopeo", "ctr"])
def test_everybody_pulls(pushers, registry, work, docker, podman, buildah,
                         skopeo, ctr, pusher):
    name = f"across/{pusher}:1"
    reference = registry.reference(name)
    pushers[pusher](name)
    found = registry.read_back(f"across/{pusher}", "1")
    tree = tar_digests([rootfs_tar(EXTRA)])
    assert tar_digests(gzip.decompress(layer)
                       for layer in found.layers) == tree

    docker.run("pull", reference)
    assert docker.inspect(reference)["Id"] == digest_of(found.config)
    docker.forget(reference)
    podman.pull(name)
    assert podman.inspect(reference)["Digest"] == found.digest
    assert tree_digests(podman.mount(reference)) == tree
    buildah.pull(name)
    assert tree_digests(buildah.mounted(reference)) == tree
    ctr.pull(name)
    for digest, data in found.everything().items():
        assert ctr.content(digest) == data
    out = work.fresh("out")
    skopeo.copy("docker://" + reference, "dir:" + out)
    with open(out + "/manifest.json", "rb") as source:
        assert source.read() == found.raw


def test_docker_and_podman_take_their_platform(registry, docker, podman,
                                               skopeo, layout_index):
    """An OCI index from skopeo, of which each takes what it can run."""
    skopeo.copy(f"oci:{layout_index.path}:made", skopeo.at("across/all:1"),
                "--all", "--preserve-digests")
    found = registry.read_back("across/all", "1")
    reference = registry.reference("across/all:1")
    docker.run("pull", reference)
    image = docker.inspect(reference)
    assert image["Id"] == digest_of(found.children[0].config)
    assert image["RepoDigests"] == [
        registry.reference("across/all@" + found.digest)]
    docker.forget(reference)
    docker.run("pull", "--platform", "linux/arm64", reference)
    assert docker.inspect(reference)["Id"] == digest_of(
        found.children[1].config)
    podman.pull("across/all:1", "--platform", "linux/arm/v7")
    assert "sha256:" + podman.inspect(reference)["Id"] == digest_of(
        found.children[2].config)


def test_zstd_goes_everywhere_but_docker(registry, work, buildah, podman,
                                         skopeo, ctr):
    name = "across/zstd:1"
    image = buildah.commit({"srv/text": b"zstd\n" * 4000,
                            "srv/salt": os.urandom(16)})
    digest = buildah.push(image, name, "--compression-format", "zstd")
    found = registry.read_back("across/zstd", "1")
    podman.pull(name)
    assert podman.inspect(registry.reference(name))["Digest"] == digest
    ctr.pull(name)
    assert ctr.digest(name) == digest
    out = work.fresh("out")
    skopeo.copy(skopeo.at(name), f"oci:{out}:back")
    assert layout_blobs(out) == found.everything()
