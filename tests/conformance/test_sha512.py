# SPDX-License-Identifier: Apache-2.0
"""sha512 content: no client here makes any, and their stores hold sha256
alone, so it is pushed over HTTP, and skopeo reads its manifests."""

import json

import pytest

from clients.image import CONFIG, LAYER, config_of, manifest_of, rootfs_tar
from clients.registry import OCI_MANIFEST, digest_of


@pytest.fixture
def pushed(registry):
    """Pushes an image of sha512 blobs; manifest, config and layer."""
    def push(name):
        tar = rootfs_tar({"srv/text": b"sha512"})
        config = json.dumps(config_of([tar])).encode()
        raw = manifest_of(
            {"mediaType": CONFIG,
             **registry.push_blob(name, config, "sha512")},
            [{"mediaType": LAYER,
              **registry.push_blob(name, tar, "sha512")}])
        registry.push_manifest(name, "1", raw, OCI_MANIFEST)
        return raw, config, tar
    return push


def test_read_back(registry, pushed):
    raw, config, tar = pushed("sha512/http")
    found = registry.read_back("sha512/http", "1")
    assert (found.raw, found.config, found.layers) == (raw, config, [tar])


def test_manifest_named_by_sha512(registry, skopeo, pushed):
    raw, _, _ = pushed("sha512/manifest")
    digest = digest_of(raw, "sha512")
    registry.push_manifest("sha512/manifest", digest, raw, OCI_MANIFEST)
    assert registry.manifest("sha512/manifest", digest).raw == raw
    place = skopeo.at("sha512/manifest@" + digest)
    assert skopeo.ask("inspect", "--raw", place).raw == raw
