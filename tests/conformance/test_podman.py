# SPDX-License-Identifier: Apache-2.0
"""podman, with a store of its own for every test."""

import json

import pytest

from clients.image import noise, rootfs_tar, tar_digests, tree_digests
from clients.registry import DOCKER_MANIFEST, OCI_MANIFEST, digest_of

RUN = ("run", "--rm", "--network", "none")


@pytest.fixture
def imported(podman, work):
    """Imports a root file system; gives back its tar and its name."""
    def make(extra):
        tar = rootfs_tar(extra)
        path = work.fresh("import") + "/rootfs.tar"
        with open(path, "wb") as sink:
            sink.write(tar)
        podman.run("import", "-q", path, "localhost/made")
        return tar, "localhost/made"
    return make


def test_login(podman, registry):
    assert "Login Succeeded" in podman.login().text
    assert podman.run("login", "--get-login", registry.address).out.strip(
        ) == registry.user
    podman.run("logout", registry.address)
    podman.run("login", "--get-login", registry.address, fails=True)


def test_login_with_a_wrong_password(podman, registry):
    podman.run("logout", registry.address)
    said = podman.login(registry.password + "x", fails=True).text
    assert "invalid username/password" in said, said


def test_no_login_no_push_no_pull(podman, registry, imported):
    _, image = imported({})
    podman.push(image, "podman/closed:1")
    podman.run("logout", registry.address)
    podman.forget_all()
    podman.pull("podman/closed:1", fails=True)
    _, image = imported({})
    podman.run("push", "--tls-verify=false", image,
               "docker://" + registry.reference("podman/closed:2"),
               fails=True)
    assert not registry.has("podman/closed", "2")


@pytest.mark.parametrize("form, media_type", [
    ("oci", OCI_MANIFEST), ("v2s2", DOCKER_MANIFEST)],
    ids=("oci", "docker"))
def test_push_pull_run(podman, registry, imported, form, media_type):
    data = noise(2_000_000, 11)
    tar, image = imported({"srv/noise": data})
    name = f"podman/{form}"
    digest = podman.push(image, name + ":1", "--format", form)
    found = registry.read_back(name, "1")
    assert found.digest == digest
    assert found.media_type == media_type
    podman.forget_all()
    podman.pull(name + ":1")
    reference = registry.reference(name + ":1")
    pulled = podman.inspect(reference)
    assert pulled["Digest"] == digest
    assert "sha256:" + pulled["Id"] == digest_of(found.config)
    assert tree_digests(podman.mount(reference)) == tar_digests([tar])
    said = podman.run(*RUN, reference, "/bin/sha256sum", "/srv/noise").out
    assert said.split()[0] == digest_of(data).partition(":")[2]


def test_pull_by_digest(podman, registry, imported):
    tar, image = imported({"srv/text": b"by digest"})
    digest = podman.push(image, "podman/by-digest:1")
    podman.forget_all()
    podman.pull("podman/by-digest@" + digest)
    exact = registry.reference("podman/by-digest@" + digest)
    assert exact in podman.inspect(exact)["RepoDigests"]
    assert tree_digests(podman.mount(exact)) == tar_digests([tar])


def test_push_again_keeps_every_byte(podman, registry, imported):
    _, image = imported({"srv/text": b"again"})
    first = podman.push(image, "podman/again:1")
    before = registry.read_back("podman/again", "1").everything()
    assert podman.push(image, "podman/again:1") == first
    assert registry.read_back("podman/again", "1").everything() == before
    podman.pull("podman/again:1")
    assert podman.push(registry.reference("podman/again:1"),
                       "podman/other/place:1") == first
    assert registry.read_back("podman/other/place",
                              "1").everything() == before


def test_search_lists_tags(podman, registry, imported):
    _, image = imported({"srv/text": b"search"})
    for tag in ("b", "a"):
        podman.push(image, "podman/search:" + tag)
    said = podman.run("search", "--list-tags", "--tls-verify=false",
                      "--format", "json",
                      registry.reference("podman/search")).out
    assert json.loads(said)[0]["Tags"] == ["a", "b"]
