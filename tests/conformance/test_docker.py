# SPDX-License-Identifier: Apache-2.0
"""docker with a real dockerd."""

import gzip
import os

import pytest

from clients.image import (MIB, busybox_files, noise, rootfs_tar, tree_tar)
from clients.registry import DOCKER_MANIFEST, digest_of

RUN = ("run", "--rm", "--network", "none")


def check_pushed(registry, docker, pushed, name, tag):
    """What docker said, what it keeps, and what is served are one."""
    found = registry.read_back(name, tag)
    image = docker.inspect(f"{registry.reference(name)}:{tag}")
    assert found.media_type == DOCKER_MANIFEST
    assert found.digest == pushed.digest
    assert len(found.raw) == pushed.size
    assert digest_of(found.config) == image["Id"]
    assert [digest_of(gzip.decompress(layer)) for layer in found.layers] == (
        image["RootFS"]["Layers"])
    return found


@pytest.fixture
def simple(docker, registry):
    """Makes and pushes an image of one layer; reference and push."""
    def make(name, tag="1", text=b"text"):
        reference = f"{registry.reference(name)}:{tag}"
        docker.import_tar(rootfs_tar({"srv/text": text}), reference)
        return reference, docker.push(reference)
    return make


def test_login(registry, stranger):
    assert "Login Succeeded" in stranger.login(registry).out
    assert registry.address in stranger.logins()
    stranger.run("logout", registry.address)
    assert registry.address not in stranger.logins()


def test_login_with_a_wrong_password(registry, stranger):
    said = stranger.login(registry, registry.password + "x", fails=True)
    assert "unauthorized" in said.text or "401" in said.text


def test_no_login_no_push_no_pull(registry, stranger, simple):
    reference, _ = simple("docker/closed")
    said = stranger.run("pull", reference, fails=True).text
    assert "denied" in said or "no basic auth" in said or (
        "unauthorized" in said), said
    again = reference + "-stranger"
    stranger.run("tag", reference, again)
    said = stranger.push(again, fails=True).text
    assert "denied" in said or "no basic auth" in said or (
        "unauthorized" in said), said
    assert not registry.has("docker/closed", "1-stranger")


def test_push(registry, docker, simple):
    _, pushed = simple("docker/push")
    check_pushed(registry, docker, pushed, "docker/push", "1")


def test_pull_by_tag(docker, simple):
    reference, pushed = simple("docker/by-tag", text=b"by tag")
    before = docker.inspect(reference)
    kept = docker.saved(reference)
    docker.forget(reference)
    said = docker.run("pull", reference).out
    assert "Pull complete" in said and pushed.digest in said
    after = docker.inspect(reference)
    assert after["Id"] == before["Id"]
    assert docker.saved(reference) == kept


def test_pull_by_digest(registry, docker, simple):
    reference, pushed = simple("docker/by-digest", text=b"by digest")
    kept = docker.saved(reference)
    docker.forget(reference)
    exact = f"{registry.reference('docker/by-digest')}@{pushed.digest}"
    docker.run("pull", exact)
    assert exact in docker.inspect(exact)["RepoDigests"]
    assert docker.saved(exact) == kept


def test_pull_of_what_is_absent(registry, docker, simple):
    simple("docker/absent")
    name = registry.reference("docker/absent")
    said = docker.run("pull", name + ":other", fails=True).text
    assert "manifest unknown" in said or "not found" in said, said
    docker.run("pull", f"{name}@sha256:{'0' * 64}", fails=True)
    docker.run("pull", registry.reference("docker/no/such"), fails=True)


def test_push_again(registry, docker, simple):
    reference, first = simple("docker/again")
    before = registry.read_back("docker/again", "1")
    second = docker.push(reference)
    assert second.digest == first.digest
    assert second.count("Layer already exists") == 1
    assert second.count("Pushed") == 0
    after = registry.read_back("docker/again", "1")
    assert after.everything() == before.everything()


def test_push_to_another_repository(registry, docker, simple):
    reference, first = simple("docker/mount/from", text=os.urandom(16))
    other = registry.reference("docker/mount/to") + ":1"
    docker.run("tag", reference, other)
    second = docker.push(other)
    assert second.count("Mounted from docker/mount/from") == 1
    assert second.digest == first.digest
    check_pushed(registry, docker, second, "docker/mount/to", "1")


def test_tag_moves(registry, docker, simple):
    reference, first = simple("docker/moves", text=b"first")
    docker.forget(reference)
    _, second = simple("docker/moves", text=b"second")
    assert second.digest != first.digest
    assert registry.read_back("docker/moves", "1").digest == second.digest
    registry.read_back("docker/moves", first.digest)


def test_many_layers(registry, docker):
    layers = [busybox_files()]
    layers += [{f"srv/{number}": noise(40_000, number)}
               for number in range(9)]
    reference = registry.reference("docker/many") + ":1"
    docker.build(reference, layers)
    pushed = docker.push(reference)
    found = check_pushed(registry, docker, pushed, "docker/many", "1")
    assert len(found.layers) == 10
    kept = docker.saved(reference)
    docker.forget(reference)
    docker.run("pull", reference)
    assert docker.saved(reference) == kept


def test_big_layer_is_pulled_and_runs(registry, docker):
    data = noise(48 * MIB, 48)
    reference = registry.reference("docker/big") + ":1"
    docker.import_tar(rootfs_tar({"srv/big": data}), reference)
    pushed = docker.push(reference)
    found = check_pushed(registry, docker, pushed, "docker/big", "1")
    assert len(found.layers[0]) >= len(data)
    docker.forget(reference)
    docker.run("pull", reference)
    said = docker.run(*RUN, reference, "/bin/sha256sum", "/srv/big").out
    assert said.split()[0] == digest_of(data).partition(":")[2]


def test_shared_layer_is_pushed_once(registry, docker):
    base = {**busybox_files(), "srv/base": noise(100_000, 1)}
    name = registry.reference("docker/shared")
    docker.build(name + ":1", [base, {"srv/own": b"one"}])
    docker.push(name + ":1")
    docker.build(name + ":2", [base, {"srv/own": b"two"}])
    assert docker.push(name + ":2").count("Layer already exists") == 1
    one = registry.read_back("docker/shared", "1")
    two = registry.read_back("docker/shared", "2")
    assert one.layers[0] == two.layers[0]
    assert one.layers[1] != two.layers[1]


def test_every_tag_of_a_repository(registry, docker, simple):
    name = registry.reference("docker/tags")
    reference, _ = simple("docker/tags", "1", b"all tags")
    for tag in ("2", "v1.0", "latest"):
        docker.run("tag", reference, f"{name}:{tag}")
    docker.run("push", "--all-tags", name)
    docker.forget(*(f"{name}:{tag}" for tag in ("1", "2", "v1.0", "latest")))
    docker.run("pull", "--all-tags", name)
    tags = docker.inspect(name + ":v1.0")["RepoTags"]
    assert sorted(tags) == [f"{name}:{tag}"
                            for tag in ("1", "2", "latest", "v1.0")]


def test_manifest_inspect(registry, docker, simple):
    reference, pushed = simple("docker/inspect")
    said = docker.run("manifest", "inspect", "--insecure", reference).out
    document = registry.read_back("docker/inspect", pushed.digest).document
    for layer in document["layers"]:
        assert layer["digest"] in said


def test_empty_layer(registry, docker):
    reference = registry.reference("docker/empty") + ":1"
    docker.import_tar(tree_tar({}), reference)
    pushed = docker.push(reference)
    check_pushed(registry, docker, pushed, "docker/empty", "1")
    docker.forget(reference)
    docker.run("pull", reference)
