# SPDX-License-Identifier: Apache-2.0
"""IMG-04: berth moves images between the registry and OCI layouts."""
import json
import os
import subprocess
import tarfile

import pytest

from berthlib import layout, oci
from berthlib.cli import Berth
from berthlib.oci import Repository

FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"


@pytest.fixture
def berth(server):
    return Berth(server)


@pytest.fixture
def other(api, name):
    """Where what was exported is imported to."""
    return Repository(api, name + "/other")


def push_list(repo, kind=oci.INDEX, child=oci.MANIFEST):
    """An index of two images; its bytes and its children's."""
    children = [repo.push_image(seed=seed, kind=child) for seed in "ab"]
    data = oci.index([(one, child) for one in children], kind)
    repo.push_manifest("several", data, kind)
    return data, children


def same(repo, other, reference):
    """A manifest is there in both, bytes and media type."""
    got = [one.get(one.manifest(reference)).expect(200)
           for one in (repo, other)]
    assert got[0].body == got[1].body
    assert got[0].get("Content-Type") == got[1].get("Content-Type")
    return got[0].body


def there_and_back(berth, repo, other, reference, path):
    berth("export", "%s:%s" % (repo.name, reference), path)
    berth("import", path, other.name)
    return same(repo, other, reference)


@pytest.mark.parametrize("place", ["layout", "image.tar"])
@pytest.mark.parametrize("kind", [oci.MANIFEST, oci.DOCKER_MANIFEST])
def test_IMG_04_image_there_and_back(berth, repo, other, tmp_path, kind,
                                     place):
    data = repo.push_image("one", kind=kind)
    assert there_and_back(berth, repo, other, "one", tmp_path / place) == data
    document = json.loads(data)
    for part in [document["config"]] + document["layers"]:
        blobs = [one.get(one.blob(part["digest"])).expect(200).body
                 for one in (repo, other)]
        assert blobs[0] == blobs[1]


@pytest.mark.parametrize("kind,child", [
    (oci.INDEX, oci.MANIFEST), (oci.DOCKER_LIST, oci.DOCKER_MANIFEST)])
def test_IMG_04_index_there_and_back(berth, repo, other, tmp_path, kind,
                                     child):
    data, children = push_list(repo, kind, child)
    path = tmp_path / "layout"
    assert there_and_back(berth, repo, other, "several", path) == data
    index, blobs = layout.check(str(path))
    assert [entry["digest"] for entry in index["manifests"]] == \
        [oci.digest(data)]
    for one in children:
        assert blobs[oci.digest(one)] == one
        assert same(repo, other, oci.digest(one)) == one


def test_IMG_04_index_within_an_index(berth, repo, other, tmp_path):
    inner, _ = push_list(repo)
    outer = oci.index([(inner, oci.INDEX)])
    repo.push_manifest("outer", outer, oci.INDEX)
    there_and_back(berth, repo, other, "outer", tmp_path / "layout")
    same(repo, other, oci.digest(inner))


def test_IMG_04_known_by_sha512(berth, repo, other, tmp_path):
    """A manifest and a layer that sha512 names keep that name."""
    layer = b"layer known by sha512"
    repo.push_blob(b"{}")
    repo.push_blob(layer, "sha512")
    document = json.loads(oci.image(b"{}", [layer]))
    document["layers"][0]["digest"] = oci.digest(layer, "sha512")
    data = oci.dump(document)
    name = oci.digest(data, "sha512")
    repo.put(name + "?tag=long", data).expect(201)
    path = tmp_path / "layout"
    there_and_back(berth, repo, other, "long", path)
    _, blobs = layout.check(str(path))
    assert blobs[name] == data and oci.digest(layer, "sha512") in blobs
    got = other.get(other.manifest("long")).expect(200)
    assert got.get("Docker-Content-Digest") == name


def test_IMG_04_artifact_with_a_subject(berth, repo, other, tmp_path):
    """What refers to an image goes with it, also what refers to that."""
    data = repo.push_image("signed")
    first, _ = repo.push_artifact(oci.descriptor(data, oci.MANIFEST))
    second, _ = repo.push_artifact(oci.descriptor(first, oci.MANIFEST))
    path = tmp_path / "layout"
    berth("export", "--referrers", repo.name + ":signed", path)
    berth("import", path, other.name)
    for one in (first, second):
        same(repo, other, oci.digest(one))
    listed = other.get(other.referrers(oci.digest(data))).expect(200).json()
    assert [entry["digest"] for entry in listed["manifests"]] == \
        [oci.digest(first)]


def test_IMG_04_without_referrers_none_goes(berth, repo, tmp_path):
    data = repo.push_image("signed")
    repo.push_artifact(oci.descriptor(data, oci.MANIFEST))
    berth("export", repo.name + ":signed", tmp_path / "layout")
    index, _ = layout.check(str(tmp_path / "layout"))
    assert len(index["manifests"]) == 1


def test_IMG_04_layer_that_is_kept_elsewhere(berth, repo, other, tmp_path):
    repo.push_blob(b"{}")
    document = json.loads(oci.image(b"{}", [b"not here"],
                                    oci.DOCKER_MANIFEST))
    document["layers"][0].update(mediaType=FOREIGN, urls=["http://x.invalid"])
    repo.push_manifest("foreign", oci.dump(document), oci.DOCKER_MANIFEST)
    there_and_back(berth, repo, other, "foreign", tmp_path / "layout")


def test_IMG_04_skopeo_reads_what_is_exported(berth, repo, tmp_path):
    data = repo.push_image("one")
    berth("export", repo.name + ":one", tmp_path / "layout")
    berth("export", repo.name + ":one", tmp_path / "image.tar")
    for place in ("oci:%s:one" % (tmp_path / "layout"),
                  "oci-archive:%s:one" % (tmp_path / "image.tar")):
        got = subprocess.run(["skopeo", "inspect", "--raw", place],
                             check=True, capture_output=True, timeout=60)
        assert got.stdout == data


def test_IMG_04_several_images_in_one_layout(berth, repo, other, tmp_path):
    path = tmp_path / "layout"
    for tag in ("one", "two"):
        repo.push_image(tag, seed=tag)
        berth("export", "%s:%s" % (repo.name, tag), path)
    assert "none has the tag" in berth.fails("import", path,
                                             other.name + ":three")
    berth("import", path, other.name + ":two")
    assert other.get(other.tags).expect(200).json()["tags"] == ["two"]
    berth("import", path, other.name)
    for tag in ("one", "two"):
        same(repo, other, tag)


def test_IMG_04_the_only_image_takes_any_tag(berth, repo, tmp_path):
    (tmp_path / "in").mkdir()
    data = layout.write(str(tmp_path / "in"), tag="docker.io/library/x:1.2")
    berth("import", tmp_path / "in", repo.name)
    berth("import", tmp_path / "in", repo.name + ":other")
    for tag in ("1.2", "other"):
        assert repo.get(repo.manifest(tag)).expect(200).body == data


@pytest.mark.parametrize("packer", [("gzip", "-n"), ("zstd", "-q")])
def test_IMG_04_compressed_archive(berth, repo, tmp_path, packer):
    (tmp_path / "in").mkdir()
    data = layout.write(str(tmp_path / "in"), layer=b"\0" * 5000000)
    (tmp_path / "in" / "manifest.json").write_text("another format's")
    plain = tmp_path / "image.tar"
    with tarfile.open(plain, "w") as archive:
        archive.add(tmp_path / "in", ".")
    with open(tmp_path / "packed", "wb") as packed:
        subprocess.run([*packer, "-c", plain], check=True, stdout=packed)
    berth("import", tmp_path / "packed", repo.name)
    assert repo.get(repo.manifest("latest")).expect(200).body == data
    assert sorted(os.listdir(tmp_path)) == ["image.tar", "in", "packed"]


def test_IMG_04_export_fetches_what_is_missing(berth, repo, tmp_path):
    """A blob that is damaged or missing is fetched again, no other."""
    path = tmp_path / "layout"
    document = json.loads(repo.push_image("one"))
    name = repo.name + ":one"
    said = berth.run("export", name, path).stderr.decode()
    assert said.count("fetched") == 2
    config = document["config"]["digest"].split(":")
    (path / "blobs" / config[0] / config[1]).write_bytes(b"damaged")
    said = berth.run("export", name, path).stderr.decode()
    assert said.count("fetched") == 1 and said.count("there already") == 1
    layout.check(str(path))


def test_IMG_04_import_sends_what_is_missing(berth, repo, tmp_path):
    """Importing goes on where it stopped."""
    (tmp_path / "in").mkdir()
    data = layout.write(str(tmp_path / "in"), layer=b"the layer")
    repo.push_blob(b"the layer")
    said = berth.run("import", tmp_path / "in", repo.name).stderr.decode()
    assert said.count("there already") == 1 and said.count("pushed") == 1
    assert repo.get(repo.manifest("latest")).expect(200).body == data


def test_IMG_04_export_to_archive_goes_on(berth, repo, tmp_path):
    """What an interrupted export left is used, and nothing else of it."""
    repo.push_image("one")
    repo.push_image("two", seed="two")
    path = tmp_path / "image.tar"
    for tag in ("one", "two"):
        berth("export", "%s:%s" % (repo.name, tag),
              str(path) + ".partial")
    done = berth.run("export", repo.name + ":one", path)
    assert done.stderr.decode().count("there already") == 2
    assert os.listdir(tmp_path) == ["image.tar"]
    with tarfile.open(path) as archive:
        assert len(archive.getnames()) == 5
        index = json.load(archive.extractfile("index.json"))
    assert len(index["manifests"]) == 1


def test_IMG_04_same_image_same_archive(berth, repo, tmp_path):
    push_list(repo)
    for name in ("a.tar", "b.tar"):
        berth("export", repo.name + ":several", tmp_path / name)
    assert (tmp_path / "a.tar").read_bytes() == \
        (tmp_path / "b.tar").read_bytes()
