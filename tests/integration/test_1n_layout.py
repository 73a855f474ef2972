# SPDX-License-Identifier: Apache-2.0
"""IMG-04: images move between the registry and OCI layouts on disk."""
import json
import subprocess

from berthlib import layout, oci
from berthlib.server import PASSWORD


def skopeo(*words):
    subprocess.run(["skopeo", "--insecure-policy", "copy", *words],
                   check=True, capture_output=True, timeout=60)


def test_IMG_04_layout_there_and_back(server, repo, tmp_path):
    """What went in from a layout comes out the same, blob by blob."""
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    data = layout.write(str(source), layer=b"\0" * 10240)
    (source / "unknown-file").write_text("is nobody's business")
    remote = "docker://%s:%d/%s:moved" % (*server.address, repo.name)
    creds = "admin:" + PASSWORD
    skopeo("--dest-tls-verify=false", "--dest-creds", creds,
           "oci:%s:latest" % source, remote)
    got = repo.get(repo.manifest("moved")).expect(200)
    assert json.loads(got.body)["layers"]
    skopeo("--src-tls-verify=false", "--src-creds", creds, remote,
           "oci:%s:back" % target)
    index, blobs = layout.check(str(target))
    assert index["manifests"][0]["digest"] == oci.digest(got.body)
    assert blobs[oci.digest(got.body)] == got.body
    assert json.loads(data)["config"]["digest"] in blobs
