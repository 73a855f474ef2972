# SPDX-License-Identifier: Apache-2.0
"""skopeo: copies in, out and across, byte for byte."""

import hashlib
import json
import os

import pytest

from clients.image import layout_blobs, layout_entry, layout_read
from clients.process import run, tool
from clients.registry import (DOCKER_LIST, DOCKER_MANIFEST, OCI_MANIFEST,
                              digest_of)


def dir_files(path):
    """Name to bytes of a dir: image; blobs are named by their digest."""
    found = {}
    for name in os.listdir(path):
        with open(os.path.join(path, name), "rb") as source:
            found[name] = source.read()
        if len(name) == 64:
            assert hashlib.sha256(found[name]).hexdigest() == name
    return found


def make_keys(work, private, public):
    run([tool("openssl"), "genrsa", "-out", private, "2048"], work.env)
    run([tool("openssl"), "rsa", "-in", private, "-pubout", "-out", public],
        work.env)


@pytest.fixture
def pushed(skopeo, layout_image):
    """Copies the image of three layers to a name; the layout's bytes."""
    def push(name):
        skopeo.copy(f"oci:{layout_image.path}:made", skopeo.at(name))
        return layout_read(layout_image.path, layout_entry(layout_image.path))
    return push


def test_login(skopeo, registry):
    assert "Login Succeeded" in skopeo.login().text
    assert skopeo.run("login", "--get-login", registry.address).out.strip(
        ) == registry.user
    skopeo.run("logout", registry.address)


def test_login_with_a_wrong_password(skopeo, registry):
    said = skopeo.login(registry.password + "x", fails=True).text
    assert "invalid username/password" in said, said


def test_oci_layout_in_and_out(skopeo, registry, work, pushed):
    before = pushed("skopeo/oci:1")
    assert registry.read_back("skopeo/oci", "1").everything() == before
    out = work.fresh("out")
    skopeo.copy(skopeo.at("skopeo/oci:1"), f"oci:{out}:back")
    assert layout_blobs(out) == before


def test_dir_in_and_out(skopeo, registry, work, layout_image):
    source, back = work.fresh("dir"), work.fresh("dir")
    skopeo.copy(f"oci:{layout_image.path}:made", "dir:" + source,
                "--format", "v2s2")
    skopeo.copy("dir:" + source, skopeo.at("skopeo/dir:1"))
    skopeo.copy(skopeo.at("skopeo/dir:1"), "dir:" + back)
    assert dir_files(back) == dir_files(source)
    found = registry.read_back("skopeo/dir", "1")
    assert found.media_type == DOCKER_MANIFEST
    assert found.raw == dir_files(source)["manifest.json"]


def test_across_repositories(skopeo, registry, pushed):
    before = pushed("skopeo/from:1")
    skopeo.copy(skopeo.at("skopeo/from:1"), skopeo.at("skopeo/to:2"))
    assert registry.read_back("skopeo/to", "2").everything() == before


def test_copy_by_digest(skopeo, registry, work, pushed):
    before = pushed("skopeo/by-digest:1")
    digest = registry.manifest("skopeo/by-digest", "1").digest
    out = work.fresh("out")
    skopeo.copy(skopeo.at("skopeo/by-digest@" + digest), f"oci:{out}:back",
                "--preserve-digests")
    assert layout_blobs(out) == before


def test_conversions(skopeo, registry, pushed):
    before = pushed("skopeo/convert:1")
    source = skopeo.at("skopeo/convert:1")
    skopeo.copy(source, skopeo.at("skopeo/convert:v2s2"), "--format", "v2s2")
    skopeo.copy(source, skopeo.at("skopeo/convert:zstd"), "--format", "oci",
                "--dest-compress-format", "zstd")
    docker = registry.read_back("skopeo/convert", "v2s2")
    assert docker.media_type == DOCKER_MANIFEST
    oci = registry.read_back("skopeo/convert", "1")
    assert docker.layers == oci.layers
    assert oci.everything() == before
    assert registry.read_back("skopeo/convert",
                              "zstd").media_type == OCI_MANIFEST


def test_index_with_all_platforms(skopeo, registry, work, layout_index):
    before = layout_read(layout_index.path, layout_entry(layout_index.path))
    skopeo.copy(f"oci:{layout_index.path}:made", skopeo.at("skopeo/all:1"),
                "--all", "--preserve-digests")
    found = registry.read_back("skopeo/all", "1")
    assert found.everything() == before
    assert len(found.children) == 3
    out = work.fresh("out")
    skopeo.copy(skopeo.at("skopeo/all:1"), f"oci:{out}:back", "--all",
                "--preserve-digests")
    assert layout_blobs(out) == before
    one = work.fresh("one")
    skopeo.run("--override-arch", "arm", "--override-variant", "v7", "copy",
               "--src-tls-verify=false", "--src-creds",
               skopeo.registry.credentials, skopeo.at("skopeo/all:1"),
               f"oci:{one}:back")
    assert layout_blobs(one) == found.children[2].everything()


def test_docker_list_with_all_platforms(skopeo, registry, layout_index):
    skopeo.copy(f"oci:{layout_index.path}:made", skopeo.at("skopeo/list:1"),
                "--all", "--format", "v2s2")
    found = registry.read_back("skopeo/list", "1")
    assert found.media_type == DOCKER_LIST
    skopeo.copy(skopeo.at("skopeo/list:1"), skopeo.at("skopeo/list/copy:1"),
                "--all", "--preserve-digests")
    assert registry.read_back("skopeo/list/copy",
                              "1").everything() == found.everything()


def test_sync_out_and_in(skopeo, registry, work, pushed):
    before = pushed("skopeo/sync/app:1")
    pushed("skopeo/sync/app:2")
    out = work.fresh("sync")
    creds = registry.credentials
    skopeo.run("sync", "--src", "docker", "--dest", "dir",
               "--src-tls-verify=false", "--src-creds", creds,
               registry.reference("skopeo/sync/app"), out)
    for tag in ("1", "2"):
        files = dir_files(os.path.join(out, "app:" + tag))
        del files["version"]
        raw = files.pop("manifest.json")
        assert {digest_of(raw): raw,
                **{"sha256:" + name: data
                   for name, data in files.items()}} == before
    skopeo.run("sync", "--src", "dir", "--dest", "docker",
               "--dest-tls-verify=false", "--dest-creds", creds, out,
               registry.reference("skopeo/synced"))
    for tag in ("1", "2"):
        assert registry.read_back("skopeo/synced/app",
                                  tag).everything() == before


def test_list_tags(skopeo, pushed):
    for tag in ("v1.2", "a", "v1", "Z"):
        pushed("skopeo/tags:" + tag)
    said = skopeo.ask("list-tags", skopeo.at("skopeo/tags")).out
    assert json.loads(said)["Tags"] == ["Z", "a", "v1", "v1.2"]
    skopeo.ask("list-tags", skopeo.at("skopeo/no/such"), fails=True)


def test_inspect(skopeo, registry, pushed):
    pushed("skopeo/inspect:1")
    found = registry.read_back("skopeo/inspect", "1")
    place = skopeo.at("skopeo/inspect:1")
    assert skopeo.ask("inspect", "--raw", place).raw == found.raw
    assert skopeo.ask("inspect", "--config", "--raw",
                      place).raw == found.config
    said = json.loads(skopeo.ask("inspect", place).out)
    assert said["Digest"] == found.digest
    assert said["RepoTags"] == ["1"]
    assert said["Layers"] == [layer["digest"]
                              for layer in found.document["layers"]]


def test_delete(skopeo, registry, pushed):
    pushed("skopeo/delete:1")
    pushed("skopeo/delete/kept:1")
    digest = registry.manifest("skopeo/delete", "1").digest
    skopeo.ask("delete", skopeo.at("skopeo/delete:1"))
    assert not registry.has("skopeo/delete", "1")
    assert not registry.has("skopeo/delete", digest)
    skopeo.ask("delete", skopeo.at("skopeo/delete:1"), fails=True)
    before = registry.read_back("skopeo/delete/kept", "1")
    assert pushed("skopeo/delete:1") == before.everything()
    assert registry.read_back("skopeo/delete",
                              "1").everything() == before.everything()


def test_encrypted_layers(skopeo, registry, work, pushed):
    """Media types that nobody listed are bytes like any others."""
    before = pushed("skopeo/plain:1")
    folder = work.fresh("keys")
    private, public = folder + "/private.pem", folder + "/public.pem"
    make_keys(work, private, public)
    skopeo.copy(skopeo.at("skopeo/plain:1"), skopeo.at("skopeo/secret:1"),
                "--encryption-key", "jwe:" + public)
    found = registry.read_back("skopeo/secret", "1")
    assert all(kind.endswith("+encrypted") for kind in found.layer_types)
    out = work.fresh("out")
    skopeo.copy(skopeo.at("skopeo/secret:1"), f"oci:{out}:back",
                "--decryption-key", private)
    assert set(layout_blobs(out)) & set(before) == set(before) - {
        registry.manifest("skopeo/plain", "1").digest}
