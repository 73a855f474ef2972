# SPDX-License-Identifier: Apache-2.0
"""Every client over HTTPS, with a certificate that it has to be told of."""

import os
import shutil

import pytest

from clients.containerd import Ctr
from clients.docker import DockerUser
from clients.image import layout_blobs, layout_entry, layout_read, noise
from clients.image import rootfs_tar
from clients.registry import digest_of
from clients.storage import Buildah, Podman, Skopeo


@pytest.fixture
def filled(work, https, layout_image):
    """Puts the layout's image under a name; its bytes by digest."""
    def fill(name):
        skopeo(work, https).run(
            "copy", "--dest-cert-dir", https.certificates, "--dest-creds",
            https.credentials, f"oci:{layout_image.path}:made",
            "docker://" + https.reference(name))
        return layout_read(layout_image.path, layout_entry(layout_image.path))
    return fill


def skopeo(work, https):
    return Skopeo(work, https)


def hosts(work, https, *lines):
    """What makes containerd speak HTTPS to a loopback address."""
    folder = work.fresh("hosts")
    own = os.path.join(folder, https.address.replace(":", "_") + "_")
    os.makedirs(own)
    with open(os.path.join(own, "hosts.toml"), "w",
              encoding="utf-8") as sink:
        sink.write("\n".join((f'[host."https://{https.address}"]',
                              'capabilities = ["pull", "resolve", "push"]',
                              *lines)))
    return "--hosts-dir", folder


def test_skopeo(work, https, filled):
    before = filled("https/skopeo:1")
    assert https.read_back("https/skopeo", "1").everything() == before
    out = work.fresh("out")
    skopeo(work, https).run(
        "copy", "--src-cert-dir", https.certificates, "--src-creds",
        https.credentials, "docker://" + https.reference("https/skopeo:1"),
        f"oci:{out}:back")
    assert layout_blobs(out) == before


def test_who_is_not_told_refuses(work, https, filled, containerd):
    """That the others were told is what lets them in."""
    filled("https/unknown:1")
    place = https.reference("https/unknown:1")
    said = skopeo(work, https).run("inspect", "--creds", https.credentials,
                                   "docker://" + place, fails=True).text
    assert "certificate" in said, said
    said = Ctr(containerd, https, "unknown").run(
        "images", "pull", *hosts(work, https), "--user", https.credentials,
        place, fails=True).text
    assert "certificate" in said, said


@pytest.mark.parametrize("engine", [Podman, Buildah])
def test_engines(work, https, filled, engine):
    before = filled(f"https/{engine.program}:1")
    client = engine(work, https)
    told = ("--cert-dir", https.certificates)
    client.run("login", *told, "-u", https.user, "--password-stdin",
               https.address, stdin=https.password.encode())
    old = https.reference(f"https/{engine.program}:1")
    new = https.reference(f"https/{engine.program}/copy:1")
    client.run("pull", "-q", *told, old)
    client.run("push", *told, old, "docker://" + new)
    found = https.read_back(f"https/{engine.program}/copy", "1")
    assert digest_of(found.config) in before
    client.run("logout", https.address)


def test_ctr(work, https, filled, containerd):
    before = filled("https/ctr:1")
    client = Ctr(containerd, https, "https")
    authority = os.path.join(https.certificates, "ca.crt")
    told = (*hosts(work, https, f'ca = "{authority}"'), "--user",
            https.credentials)
    old = https.reference("https/ctr:1")
    new = https.reference("https/ctr/copy:1")
    client.run("images", "pull", *told, old)
    client.run("images", "tag", old, new)
    client.run("images", "push", *told, new)
    assert https.read_back("https/ctr/copy", "1").everything() == before


@pytest.fixture
def told_docker(https, dockerd):
    """dockerd reads certificates where the system keeps them."""
    folder = os.path.join("/etc/docker/certs.d", https.address)
    shutil.copytree(https.certificates, folder)
    yield DockerUser(dockerd, "https")
    shutil.rmtree(folder)


def test_docker(https, told_docker):
    assert "Login Succeeded" in told_docker.login(https).out
    reference = https.reference("https/docker:1")
    told_docker.import_tar(rootfs_tar({"srv/n": noise(900_000, 5)}),
                           reference)
    pushed = told_docker.push(reference)
    found = https.read_back("https/docker", "1")
    assert found.digest == pushed.digest
    told_docker.forget(reference)
    told_docker.run("pull", reference)
    assert told_docker.inspect(reference)["Id"] == digest_of(found.config)
