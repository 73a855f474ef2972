# SPDX-License-Identifier: Apache-2.0
"""The berth command: what it lists, shows, deletes and says."""
import json
import os
import pty
import subprocess

import pytest

from berthlib import layout, oci
from berthlib.cli import Berth
from berthlib.server import PASSWORD, program


@pytest.fixture
def berth(server):
    return Berth(server)


def test_repositories_are_listed(berth, repo):
    repo.push_image("one")
    assert repo.name in berth("repositories").splitlines()
    assert repo.name in berth.json("repositories")


def test_lists_of_several_pages(own_server):
    server = own_server("registry.page_max=2")
    repo = oci.Repository(server.client(), "a/b")
    data = repo.push_image("t0")
    for number in range(1, 5):
        repo.push_manifest("t%d" % number, data)
    tags = ["t0", "t1", "t2", "t3", "t4"]
    berth = Berth(server)
    assert berth("tags", "a/b").split() == tags
    assert berth.json("tags", "a/b") == tags
    rows = berth.json("tags", "--list", "a/b")
    assert [row["tag"] for row in rows] == tags
    assert {row["digest"] for row in rows} == {oci.digest(data)}


def test_inspect_shows_an_image(berth, repo):
    data = repo.push_image("one")
    document = json.loads(data)
    said = berth("inspect", repo.name + ":one")
    assert oci.digest(data) in said
    for part in [document["config"]] + document["layers"]:
        assert part["digest"] in said and "%d B" % part["size"] in said
    shown = berth.json("inspect", repo.name + ":one")
    assert shown["manifest"] == document
    assert shown["digest"] == oci.digest(data)
    raw = berth.run("inspect", "--raw",
                    "%s@%s" % (repo.name, oci.digest(data)))
    assert raw.stdout == data


def test_inspect_shows_platforms(berth, repo):
    child = repo.push_image()
    document = json.loads(oci.index([(child, oci.MANIFEST)]))
    document["manifests"][0]["platform"] = {
        "os": "linux", "architecture": "arm64", "variant": "v8"}
    repo.push_manifest("latest", oci.dump(document), oci.INDEX)
    assert "linux/arm64/v8" in berth("inspect", repo.name)


def test_text_of_others_cannot_steer_the_terminal(berth, repo):
    repo.push_blob(b"{}")
    document = json.loads(oci.image(b"{}", []))
    document["config"]["mediaType"] = "x/\x1b[2J"
    document["artifactType"] = "y/\x1b[2J"
    repo.push_manifest("odd", oci.dump(document))
    assert "\x1b" not in berth("inspect", repo.name + ":odd")


def test_delete_by_tag_and_by_digest(berth, repo):
    data = repo.push_image("one")
    repo.push_manifest("two", data)
    berth("delete", "--yes", repo.name + ":one")
    assert berth("tags", repo.name).split() == ["two"]
    berth("delete", "--yes", "%s@%s" % (repo.name, oci.digest(data)))
    repo.get(repo.manifest(oci.digest(data))).expect(404)
    said = berth.fails("delete", "--yes", repo.name + ":two")
    assert "not in the registry" in said


def test_delete_without_a_terminal_wants_yes(berth, repo):
    repo.push_image("one")
    assert "--yes" in berth.fails("delete", repo.name + ":one", typed=b"y\n")
    repo.get(repo.manifest("one")).expect(200)


@pytest.mark.parametrize("answer,status", [(b"n\n", 404), (b"y\n", 200),
                                           (b"\n", 404)])
def test_delete_asks_on_a_terminal(berth, repo, answer, status):
    repo.push_image("one")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
            [program("berth"), "delete", repo.name + ":one"], env=berth.env,
            stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs) as asked:
        os.close(theirs)
        os.write(ours, answer)
        assert asked.wait(60) == (0 if status == 200 else 1)
    os.close(ours)
    repo.get(repo.manifest("one")).expect(404 if status == 200 else 200)


def test_credentials_from_a_file(server, repo, tmp_path):
    repo.push_image("one")
    path = tmp_path / "admin.credentials"
    path.write_text("user=admin\npassword=%s\n" % PASSWORD)
    berth = Berth(server, BERTH_USER=None, BERTH_PASSWORD=None)
    assert "BERTH_USER" in berth.fails("tags", repo.name)
    assert berth("tags", repo.name, "--credentials", path).split() == ["one"]
    assert "user=NAME" in berth.fails("tags", repo.name, "--credentials",
                                      os.devnull)
    assert "cannot be read" in berth.fails("tags", repo.name, "--credentials",
                                           tmp_path / "missing")


def test_password_from_standard_input(server, repo):
    repo.push_image("one")
    berth = Berth(server, BERTH_USER=None, BERTH_PASSWORD="wrong")
    words = ("tags", repo.name, "--user", "admin", "--password-stdin")
    assert berth(*words, typed=PASSWORD.encode() + b"\n").split() == ["one"]
    berth.fails(*words, typed=b"")
    assert "user and password" in berth.fails(*words, typed=b"wrong\n")


def test_wrong_usage_ends_with_2(berth):
    for words in ((), ("frobnicate",), ("tags",), ("tags", "A"),
                  ("delete", "a"), ("tags", "a", "--raw"),
                  ("inspect", "http://127.0.0.1/a:b")):
        assert "--help" in berth.fails(*words, status=2)


def test_help_and_version(berth):
    assert "export" in berth("--help")
    assert "--referrers" in berth("export", "--help")
    assert berth("--version").startswith("berth ")


def test_what_is_not_there(berth, repo, tmp_path):
    for words in (("tags", repo.name), ("inspect", repo.name),
                  ("export", repo.name, tmp_path / "out"),
                  ("export", repo.name, tmp_path / "out.tar"),
                  ("import", tmp_path / "missing", repo.name)):
        berth.fails(*words)
    assert os.listdir(tmp_path) == []


def test_registry_that_is_not_there(server, tmp_path):
    berth = Berth(server, BERTH_REGISTRY="http://127.0.0.1:1")
    assert "--registry" in berth.fails("repositories")
    berth = Berth(server, BERTH_REGISTRY="file:///etc/passwd")
    berth.fails("repositories")


def test_full_output_is_a_failure(berth, repo):
    """A result that could not be written is no success."""
    repo.push_image("one")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([program("berth"), "tags", repo.name],
                              env=berth.env, stdout=full, timeout=60,
                              stderr=subprocess.DEVNULL)
    assert done.returncode == 1


def test_import_says_what_it_pushed(berth, repo, tmp_path):
    (tmp_path / "in").mkdir()
    data = layout.write(str(tmp_path / "in"))
    done = berth.run("import", "--quiet", tmp_path / "in", repo.name)
    assert done.stderr == b""
    assert done.stdout.decode() == "%s:latest %s\n" % (repo.name,
                                                       oci.digest(data))
    rows = berth.json("import", tmp_path / "in", repo.name + ":two")
    assert rows == [{"repository": repo.name, "tag": "two",
                     "digest": oci.digest(data), "mediaType": oci.MANIFEST}]


def test_export_says_what_it_wrote(berth, repo, tmp_path):
    data = repo.push_image("one")
    name = repo.name + ":one"
    assert berth("export", name, tmp_path / "out") == oci.digest(data) + "\n"
    got = berth.json("export", name, tmp_path / "out.tar")
    assert got["digest"] == oci.digest(data)
    assert got["path"] == str(tmp_path / "out.tar")


def test_export_to_where_it_cannot(berth, repo, tmp_path):
    repo.push_image("one")
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "no" / "such", tmp_path / "file",
                 "/proc/nowhere"):
        berth.fails("export", repo.name + ":one", path)


def test_paths_relative_to_the_folder(berth, repo, tmp_path):
    repo.push_image("one")
    berth("export", repo.name + ":one", "image.tar", folder=tmp_path)
    berth("import", "image.tar", repo.name + ":two", folder=tmp_path)
    assert os.listdir(tmp_path) == ["image.tar"]


def test_archives_are_unpacked_where_TMPDIR_says(server, repo, tmp_path):
    repo.push_image("one")
    Berth(server)("export", repo.name + ":one", tmp_path / "image.tar")
    (tmp_path / "tmp").mkdir()
    Berth(server, TMPDIR=str(tmp_path / "tmp"))(
        "import", tmp_path / "image.tar", repo.name + ":two")
    assert os.listdir(tmp_path / "tmp") == []
    said = Berth(server, TMPDIR="/no/such").fails(
        "import", tmp_path / "image.tar", repo.name)
    assert "TMPDIR" in said
