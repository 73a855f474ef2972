# SPDX-License-Identifier: Apache-2.0
"""A11: berth imports no layout and no archive that is not what it says."""
import io
import json
import os
import tarfile

import pytest

from berthlib import layout, oci
from berthlib.cli import Berth

pytestmark = pytest.mark.plain
HEX = "ab" * 32


@pytest.fixture
def berth(server):
    return Berth(server)


@pytest.fixture
def source(tmp_path):
    """A layout that is good so far; its manifest is its last blob."""
    folder = tmp_path / "in"
    folder.mkdir()
    layout.write(str(folder), layer=b"layer of a hostile image")
    return folder


def place(folder, digest):
    return folder.joinpath("blobs", *digest.split(":"))


def entry(folder):
    index = json.loads((folder / "index.json").read_text())
    return index["manifests"][0]


def parts(folder):
    """The manifest, its config and its layer, as paths."""
    top = place(folder, entry(folder)["digest"])
    document = json.loads(top.read_text())
    return [top, place(folder, document["config"]["digest"]),
            place(folder, document["layers"][0]["digest"])]


def nothing_came(repo):
    repo.get(repo.tags).expect(404)


@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize("how", ["other", "longer", "missing", "link",
                                 "folder", "pipe", "holes"])
def test_A11_layout_with_a_bad_blob(berth, repo, source, tmp_path, part, how):
    victim = parts(source)[part]
    good = victim.read_bytes()
    victim.unlink()
    if how == "other":
        victim.write_bytes(good[:-1] + b"?")
    elif how == "longer":
        victim.write_bytes(good + b" ")
    elif how == "link":
        (tmp_path / "outside").write_bytes(good)
        victim.symlink_to(tmp_path / "outside")
    elif how == "folder":
        victim.mkdir()
    elif how == "pipe":
        os.mkfifo(victim)
    elif how == "holes":
        with open(victim, "wb") as file:
            file.truncate(1 << 40)
    berth.fails("import", source, repo.name)
    nothing_came(repo)


@pytest.mark.parametrize("part", ["blobs", "blobs/sha256", "index.json",
                                  "oci-layout"])
def test_A11_layout_through_a_link(berth, repo, source, tmp_path, part):
    os.rename(source / part, tmp_path / "outside")
    (source / part).symlink_to(tmp_path / "outside")
    berth.fails("import", source, repo.name)
    nothing_came(repo)


@pytest.mark.parametrize("change", [
    {"digest": "sha256:../../../../etc/passwd"}, {"digest": "sha256:" + HEX},
    {"digest": 7}, {"digest": "sha1:" + "ab" * 20}, {"size": -1},
    {"size": "12"}, {"size": 1 << 62}, {"mediaType": oci.INDEX}])
def test_A11_layout_with_a_bad_entry(berth, repo, source, change):
    bad = entry(source)
    bad.update(change)
    layout.mark(str(source), {"schemaVersion": 2, "manifests": [bad]})
    berth.fails("import", source, repo.name)
    nothing_came(repo)


@pytest.mark.parametrize("text", [
    "", "[]", "{}", "{\"manifests\": {}}", "{\"manifests\": [7]}", "[" * 9999,
    "{\"manifests\": []}"])
def test_A11_layout_with_a_bad_index(berth, repo, source, text):
    (source / "index.json").write_text(text)
    berth.fails("import", source, repo.name)
    nothing_came(repo)


@pytest.mark.parametrize("text", [
    "", "{}", "{\"imageLayoutVersion\": 1}",
    "{\"imageLayoutVersion\": \"2.0.0\"}"])
def test_A11_layout_of_no_known_version(berth, repo, source, text):
    (source / "oci-layout").write_text(text)
    assert "layout" in berth.fails("import", source, repo.name)
    nothing_came(repo)


def test_A11_index_that_never_ends(berth, repo, source):
    """Indexes within indexes are followed a few levels down."""
    child, kind = b"", oci.MANIFEST
    child = parts(source)[0].read_bytes()
    for _ in range(12):
        child, kind = oci.index([(child, kind)]), oci.INDEX
        layout.put(str(source), child)
    top = oci.descriptor(child, oci.INDEX)
    layout.mark(str(source), {"schemaVersion": 2, "manifests": [top]})
    assert "deep" in berth.fails("import", source, repo.name)
    nothing_came(repo)


def packed(source, tmp_path, change):
    """The layout as an archive, with whatever change adds to it."""
    path = tmp_path / "image.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        archive.add(source, ".")
        change(archive)
    return path


def add(archive, name, kind=tarfile.REGTYPE, data=b"", target=""):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, len(data), target
    archive.addfile(info, io.BytesIO(data))


BLOB = "blobs/sha256/" + HEX
HOSTILE = {
    "parent": dict(name="../escaped", data=b"x"),
    "parent-within": dict(name="blobs/../../escaped", data=b"x"),
    "parent-alone": dict(name="blobs/sha256/..", kind=tarfile.DIRTYPE),
    "absolute": dict(name="/tmp/escaped", data=b"x"),
    "link": dict(name=BLOB, kind=tarfile.SYMTYPE, target="/etc/passwd"),
    "hard-link": dict(name=BLOB, kind=tarfile.LNKTYPE, target="index.json"),
    "device": dict(name=BLOB, kind=tarfile.CHRTYPE),
    "pipe": dict(name=BLOB, kind=tarfile.FIFOTYPE),
    "twice": dict(name="index.json", data=b"{}"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_A11_archive_with_a_hostile_entry(berth, repo, source, tmp_path, case):
    path = packed(source, tmp_path, lambda a: add(a, **HOSTILE[case]))
    assert "refused" in berth.fails("import", path, repo.name)
    nothing_came(repo)
    assert sorted(os.listdir(tmp_path)) == ["image.tar", "in"]
    assert not os.path.exists("/tmp/escaped")


def test_A11_archive_with_what_is_not_ours(berth, repo, source, tmp_path):
    """What no layout holds is not looked at, wherever it points."""
    def change(archive):
        add(archive, "manifest.json", data=b"[]")
        add(archive, "link", tarfile.SYMTYPE, target="/etc/passwd")
        add(archive, "blobs/sha1/" + "ab" * 20, data=b"x")
        add(archive, "blobs/sha256/" + HEX.upper(), data=b"x")
        add(archive, "blobs/sha256/%s/x" % HEX, data=b"x")
    berth("import", packed(source, tmp_path, change), repo.name)
    repo.get(repo.manifest("latest")).expect(200)


def test_A11_archive_that_unpacks_to_too_much(berth, repo, source, tmp_path):
    path = packed(source, tmp_path,
                  lambda a: add(a, BLOB, data=b"\0" * 3000000))
    said = berth.fails("import", "--max-size", "1MiB", path, repo.name)
    assert "--max-size" in said
    nothing_came(repo)
    assert sorted(os.listdir(tmp_path)) == ["image.tar", "in"]


def test_A11_archive_of_holes(berth, repo, source, tmp_path):
    """A sparse file could be of any size."""
    path = packed(source, tmp_path, lambda a: None)
    info = tarfile.TarInfo(BLOB)
    info.size = 4
    info.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1",
                        "GNU.sparse.numblocks": "1",
                        "GNU.sparse.map": "1099511627776,4",
                        "GNU.sparse.size": "1099511627780",
                        "GNU.sparse.name": BLOB}
    with tarfile.open(path, "a", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info, io.BytesIO(b"holy"))
    assert "holes" in berth.fails("import", path, repo.name)
    nothing_came(repo)


@pytest.mark.parametrize("data", [b"", b"no archive at all" * 100,
                                  b"\x1f\x8b\x08\0junk", b"\0" * 1024])
def test_A11_no_archive(berth, repo, tmp_path, data):
    (tmp_path / "image.tar").write_bytes(data)
    berth.fails("import", tmp_path / "image.tar", repo.name)
    nothing_came(repo)


def test_A11_archive_cut_short(berth, repo, source, tmp_path):
    path = packed(source, tmp_path, lambda a: None)
    whole = path.read_bytes().rstrip(b"\0")
    for at in range(0, len(whole), 251):
        path.write_bytes(whole[:at])
        berth.fails("import", path, repo.name)
    nothing_came(repo)
