# SPDX-License-Identifier: Apache-2.0
"""umoci works on layouts that skopeo takes from and puts into the
registry."""

import os

import pytest

from clients.image import (layout_blobs, layout_entry, tar_digests,
                           tree_digests)
from clients.process import run, tool


@pytest.fixture
def pulled(skopeo, layout_image, work):
    """Pushes the image of three layers to a name and pulls it again."""
    def pull(name):
        skopeo.copy(f"oci:{layout_image.path}:made", skopeo.at(name))
        out = work.fresh("pulled")
        skopeo.copy(skopeo.at(name), f"oci:{out}:back")
        assert layout_entry(out) == layout_entry(layout_image.path)
        return out
    return pull


def umoci(work, *words):
    return run([tool("umoci"), *words], work.env)


def unpacked(work, layout, tag):
    bundle = work.fresh("bundle")
    umoci(work, "unpack", "--image", f"{layout}:{tag}", bundle)
    return os.path.join(bundle, "rootfs")


def test_unpack(work, pulled, tars):
    layout = pulled("umoci/unpack:1")
    assert tree_digests(unpacked(work, layout, "back")) == tar_digests(tars)


def test_insert_and_push_back(work, skopeo, registry, pulled):
    layout = pulled("umoci/insert:1")
    added = work.fresh("added") + "/added"
    with open(added, "wb") as sink:
        sink.write(b"one file more\n" * 1000)
    umoci(work, "insert", "--image", layout + ":back", added, "/srv/added")
    skopeo.copy(f"oci:{layout}:back", skopeo.at("umoci/insert:2"))
    base = registry.read_back("umoci/insert", "1")
    found = registry.read_back("umoci/insert", "2")
    assert found.layers[:3] == base.layers
    assert len(found.layers) == 4
    local = layout_blobs(layout)
    for name, data in found.everything().items():
        assert local[name] == data
    back = work.fresh("back")
    skopeo.copy(skopeo.at("umoci/insert:2"), f"oci:{back}:two")
    with open(added, "rb") as source, open(
            os.path.join(unpacked(work, back, "two"), "srv/added"),
            "rb") as copy:
        assert copy.read() == source.read()


def test_repack_with_a_removed_file(work, skopeo, registry, pulled, tars):
    layout = pulled("umoci/repack:1")
    bundle = work.fresh("bundle")
    umoci(work, "unpack", "--image", layout + ":back", bundle)
    os.unlink(os.path.join(bundle, "rootfs", "srv", "text"))
    umoci(work, "repack", "--image", layout + ":less", bundle)
    skopeo.copy(f"oci:{layout}:less", skopeo.at("umoci/repack:2"))
    registry.read_back("umoci/repack", "2")
    back = work.fresh("back")
    skopeo.copy(skopeo.at("umoci/repack:2"), f"oci:{back}:two")
    wanted = tar_digests(tars)
    del wanted["srv/text"]
    assert tree_digests(unpacked(work, back, "two")) == wanted


def test_config_only(work, skopeo, registry, pulled):
    layout = pulled("umoci/config:1")
    umoci(work, "config", "--image", layout + ":back",
          "--config.label", "key=value", "--author", "nobody")
    skopeo.copy(f"oci:{layout}:back", skopeo.at("umoci/config:2"))
    base = registry.read_back("umoci/config", "1")
    found = registry.read_back("umoci/config", "2")
    assert found.layers == base.layers
    assert found.config != base.config
    assert found.digest == layout_entry(layout)


def test_image_without_layers(work, skopeo, registry):
    layout = work.fresh("new") + "/layout"
    umoci(work, "init", "--layout", layout)
    umoci(work, "new", "--image", layout + ":none")
    skopeo.copy(f"oci:{layout}:none", skopeo.at("umoci/none:1"))
    found = registry.read_back("umoci/none", "1")
    assert found.layers == []
    assert found.everything() == layout_blobs(layout)
