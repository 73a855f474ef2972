# SPDX-License-Identifier: Apache-2.0
"""One registry, one containerd and one dockerd for the whole run; stores
that are cheap to make are new for every test."""

import os
import re

import pytest

from clients.containerd import Containerd, Ctr
from clients.docker import Docker, DockerUser
from clients.image import Layout, noise, rootfs_tar, tree_tar
from clients.process import Workspace
from clients.registry import start_https, start_registry
from clients.storage import Buildah, Podman, Skopeo


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: waits for a token to end")


@pytest.fixture(scope="session")
def work():
    if os.geteuid() != 0:
        pytest.fail("container engines need root", pytrace=False)
    space = Workspace()
    try:
        yield space
    finally:
        statuses = space.close()
    left = [name for name, status in statuses.items() if status != 0]
    assert not left, f"did not end with status 0: {statuses}"
    assert not os.path.exists(space.path), "the workspace is still there"


@pytest.fixture(scope="session")
def registry(work):
    return start_registry(work)


@pytest.fixture(scope="session")
def https(work):
    """Another registry, which speaks HTTPS."""
    return start_https(work)


@pytest.fixture(scope="session")
def containerd(work):
    return Containerd(work)


@pytest.fixture(scope="session")
def dockerd(work, containerd):
    return Docker(work, containerd)


@pytest.fixture(scope="session")
def docker(dockerd, registry):
    """The docker client of a user who is logged in."""
    user = DockerUser(dockerd, "admin")
    user.login(registry)
    return user


@pytest.fixture
def stranger(dockerd, request):
    """The docker client of somebody who is not logged in."""
    return DockerUser(dockerd, request.node.name)


@pytest.fixture
def ctr(containerd, registry, request):
    space = re.sub("[^a-z0-9]+", "-", request.node.name).strip("-")
    return Ctr(containerd, registry, space)


@pytest.fixture
def podman(work, registry):
    client = Podman(work, registry)
    client.login()
    return client


@pytest.fixture
def buildah(work, registry):
    client = Buildah(work, registry)
    client.login()
    return client


@pytest.fixture
def skopeo(work, registry):
    return Skopeo(work, registry)


@pytest.fixture(scope="session")
def tars():
    """Three layers: a root file system that runs, text, and noise."""
    return [
        rootfs_tar({"etc/hello": b"hello from the first layer\n"}),
        tree_tar({"srv/text": b"the same line again\n" * 5000}),
        tree_tar({"srv/noise": noise(300_000, 7)}),
    ]


@pytest.fixture
def layout(work):
    return Layout(work.fresh("layout"))


@pytest.fixture
def layout_image(layout, tars):
    """A layout with one image of three layers, tagged `made`."""
    layout.tag(layout.image(tars), "made")
    return layout


@pytest.fixture
def layout_index(layout, tars):
    """A layout with an index over three platforms, tagged `made`."""
    text = tars[1]
    entries = [
        layout.image(tars),
        layout.image([text], "arm64"),
        layout.image([text, tree_tar({"srv/arm": b"arm"})], "arm", "v7"),
    ]
    layout.tag(layout.index(entries), "made")
    return layout
